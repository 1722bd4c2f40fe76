// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stddef.h>

#include "guest/experiment.h"
#include "guest/usdt.h"
#include "memcached.skel.h"
#include "probe.h"
#include "server.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct usdt_notes notes;
	int err = usdt_notes__read(SERVER_PATH, &notes);

	(void)obj;
	if (err)
		return exp__fail(e, err, "read the ELF notes of " SERVER_PATH);
	err = mc_notes__measure(e, &notes);
	if (!err)
		err = mc_arguments__measure(e, &notes);
	if (!err)
		err = mc_keys__measure(e);
	if (!err)
		err = mc_commands__measure(e);
	if (!err)
		err = mc_events__measure(e, &notes);
	usdt_notes__release(&notes);
	return err;
}

static const struct row rows[] = {
	{ .id = "X2",
	  .title = "keys garbled or duplicated: a memcached's keys read whole, as strings and by "
		   "length",
	  .origin = "notes on porting mctop to libbpf",
	  .cause = "the probe gives address and length of a key; memcached 1.6.18 leaves one "
		   "byte behind the key of an item and never writes it. Read whole, what lies "
		   "behind the key counts as part of it: the same printed key comes twice or "
		   "more as soon as its value or a neighbour changes. Read as a string, a key is "
		   "right while that byte is zero, as in memory that was never used, and runs on "
		   "into the value in the memory of a deleted item with a longer key; the "
		   "longest key of 250 bytes loses its last one to the NUL. With the length "
		   "beside the whole buffer user space can merge the entries. By length, masked "
		   "with 0xff or held to 250 by a comparison, all 13 keys and 182 gets are right "
		   "on 5.10.218 and 6.1.192. A mask of 0x7f is accepted as well, and counts a "
		   "key of 134 bytes as its first 6",
	  .fix = "the length that the probe passes: masked with 0xff, in a buffer of 256 bytes, "
		 "or compared with 250",
	  .shows = "keys_whole keys_str keys_mask_7f length_signed length_unsigned",
	  .passes = "keys_mask_ff keys_clamp keys_merged mask_ff clamp" },
	{ .id = "X3",
	  .title = "USDT: ELF notes, types of the arguments, command__get with several signatures",
	  .origin = "notes on porting mctop to libbpf",
	  .cause = "command__get has five locations and five signatures: the key's length is "
		   "1@%dil or 1@%sil for a key that is found, eight bytes in a register or on "
		   "the stack for one that is not, whose size is the constant -1. libbpf reads "
		   "length and size as notes and client say. memcached never asks its "
		   "semaphores; the kernel counts the locations in them while a program is "
		   "attached",
	  .shows = "command__get usdt_arguments semaphore command__* process__command__*" },
	{ .id = "X4",
	  .title = "uprobe on memcached's process_command: count by command string; through "
		   "/proc/PID/root",
	  .origin = "notes on probing memcached with bpftrace",
	  .cause = "in 1.6.18 the function is process_command_ascii; at its entry the command is "
		   "a whole line with a NUL behind it, and every text has its true count. Of a "
		   "server in a mount namespace of its own, /proc/PID/root leads to the file "
		   "that it runs, as /proc/PID/exe does",
	  .shows = "commands commands_proc_root commands_proc_exe" },
	{ .id = "E8",
	  .title = "(b) probe attaches, count stays 0: a USDT probe's arguments taken for a "
		   "function's",
	  .origin = "notes on BPF for tracing a database, 2016",
	  .cause = "at the probe's location the arguments are where the compiler had them, as "
		   "the ELF note says (the key in %rax), and not where the calling convention "
		   "has those of a function: the program runs for each hit, reads what is not a "
		   "key and counts none",
	  .fix = "the places that the ELF note names, as bpf_usdt_arg reads them",
	  .shows = "declared_arguments",
	  .passes = "usdt_arguments" },
	{ .id = "E8",
	  .title = "(c) probe attaches, count stays 0: the server runs in another mount namespace",
	  .origin = "notes on BPF for tracing a database, 2016",
	  .cause = "a uprobe belongs to an inode and an offset: what lies at the same path in "
		   "the server's mount namespace is another inode, if an identical copy",
	  .fix = "the path through /proc/PID/root, or /proc/PID/exe",
	  .shows = "commands_other_inode",
	  .passes = "commands_proc_root commands_proc_exe" },
	{ .id = "E44",
	  .title = "uprobe: Device or resource busy, duplicate probe address",
	  .origin = "reports on tools built on bcc (its issues 872 and 3060)",
	  .cause = "until 5.3 a second location under the same event name replaced the first, "
		   "which is EBUSY while that is in use (register_trace_uprobe in "
		   "kernel/trace/trace_uprobe.c). Since 5.4 it is added to the event; EEXIST for "
		   "the same address; EBUSY is left for who removes an event that is enabled or "
		   "that perf holds. One that perf holds can't be enabled in tracefs: EINTR. A "
		   "location added to an event that is enabled is never hit. What is like it "
		   "today: libbpf without BPF cookies (before 5.15) refuses a second program of "
		   "the same object at the same addresses (EEXIST, 'IP collision detected'), and "
		   "a uprobe without a semaphore where a USDT probe has one is EINVAL",
	  .fix = "an event name for each location, or perf_event_open as libbpf does; an object "
		 "for each program",
	  .shows = "event_busy_enabled event_busy_perf event_same_address "
		   "event_second_location_late usdt_two_programs uprobe_on_usdt",
	  .passes = "event_distinct_names event_second_location keys_clamp" },
	{ 0 },
};

static const struct need needs[] = {
	{ NEED_PROGRAM, "memcached", "the server whose keys are counted" },
	{ NEED_CONFIG, "CONFIG_UPROBE_EVENTS", "uprobes with BPF programs" },
	{ NEED_CONFIG, "CONFIG_INET", "memcached listens on the loopback interface" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "rounds",
	  .type = PARAM_UINT,
	  .value = "1",
	  .min = 1,
	  .max = 1000,
	  .help = "how often the set of reads is repeated" },
	{ 0 },
};

const struct experiment experiment_memcached = {
	.name = "memcached",
	.summary = "keys of a real memcached through its probes: read whole, as strings, by length",
	.rows = rows,
	.needs = needs,
	.params = params,
	.elf_bytes = memcached_bpf__elf_bytes,
	.measure = measure,
};
