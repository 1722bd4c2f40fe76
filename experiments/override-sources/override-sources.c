// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/version.h>
#include <stdio.h>
#include <sys/mman.h>

#include "by_source.h"
#include "cache.h"
#include "guest/experiment.h"
#include "guest/hook.h"
#include "model/record.h"
#include "negative.h"
#include "stamped.h"
#include "stamps.h"
#include "override-sources.skel.h"
#include "guest/pass.h"
#include "guest/source.h"

static int measure_copyout(const struct context *ctx, struct stamps *stamps)
{
	int err, disks;

	if (!exp__has(ctx->e, NEED_FILE, EXP_COPYOUT_DIR "body_calls"))
		return pass__no_copyout(ctx, "source");
	disks = places__set_up(ctx->e);
	if (disks && disks != -ENODEV)
		return disks;
	err = by_source__measure(ctx, !disks);
	if (!err && !disks)
		err = cache__measure(ctx);
	places__clear();
	/* 7.3 ends such a read after two calls and warns in copy_page_to_iter, which spoils what
	 * comes after. */
	if (!err && exp__kernel_version(ctx->e) < KERNEL_VERSION(7, 0, 0))
		err = negative__measure(ctx);
	if (!err)
		err = stamped__measure(ctx, stamps);
	exp__copyout_variant("plain");
	return err;
}

static int measure_with(struct context *ctx, void *globals)
{
	struct override_sources_bpf__bss *g = globals;

	ctx->state = &g->override_state;
	return measure_copyout(ctx, &g->stamps);
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	return pass__frame(e, obj, sizeof(struct override_sources_bpf__bss), measure_with);
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_KPROBE_OVERRIDE", "the kernel offers bpf_override_return" },
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS_ON_NOTRACE",
	  "copyout_bpf lies in lib/, which is compiled without ftrace" },
	{ NEED_CONFIG, "CONFIG_OPTPROBES", "kprobes are optimised, or kept from it" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "reads",
	  .type = PARAM_UINT,
	  .value = "50",
	  .min = 1,
	  .max = 10000000,
	  .help = "reads for each source and hook" },
	{ .name = "size",
	  .type = PARAM_UINT,
	  .value = "4096",
	  .min = 512,
	  .max = 1048576,
	  .help = "bytes of a read; O_DIRECT wants a multiple of 512" },
	{ .name = "big_mb",
	  .type = PARAM_UINT,
	  .value = "2",
	  .min = 1,
	  .max = 8,
	  .help = "MB of the file that is read at once" },
	{ .name = "cold_reads",
	  .type = PARAM_UINT,
	  .value = "5",
	  .min = 1,
	  .max = 100000,
	  .help = "reads for each state of the page cache and hook" },
	{ .name = "cold_size",
	  .type = PARAM_UINT,
	  .value = "65536",
	  .min = 4096,
	  .max = 1048576,
	  .help = "bytes of each of them" },
	{ .name = "limit_s",
	  .type = PARAM_UINT,
	  .value = "10",
	  .min = 1,
	  .max = 3600,
	  .help = "how long to wait for an optimised kprobe to lose its override" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "X14",
	  .title = "override success by page cache: cold, warm, drop_caches, readahead, advice, "
		   "fsync, vfs_cache_pressure, memory cgroup",
	  .origin = "activity log of a thesis, 24 to 26 April, 1 and 10 July 2020",
	  .cause = "The state of the page cache does not matter. With an int3 and with "
		   "ftrace every read is overridden in every state, with an optimised "
		   "kprobe none is. A cold read only takes longer, so that fewer of them "
		   "fit in before the kprobe is optimised. Seen on 5.10.218, 5.10.262 "
		   "and 6.1.192.",
	  .shows = "cache" },
	{ .id = "X15",
	  .title = "override success by file: ext4, tmpfs, RAM disk, proc file, character device, "
		   "mmap, O_DIRECT, one read of a big file",
	  .origin = "activity log of a thesis, 2 to 5 May, 5, 9 and 11 July 2020",
	  .cause = "The file decides whether a read passes copyout at all: O_DIRECT, "
		   "mappings, /dev/zero and files that use copy_to_user do not. Where it "
		   "does, int3 and ftrace override every call and an optimised kprobe "
		   "none. The proc file never failed because its own function was "
		   "hooked, which has an ftrace entry. Seen on 5.10.218, 5.10.262 and "
		   "6.1.192.",
	  .shows = "source device" },
	{ .id = "X19",
	  .title = "I/O throughput beside the success rate",
	  .origin = "activity log of a thesis, 24 and 26 April 2020",
	  .cause = "Throughput and the disk's sectors are in every record. Success does "
		   "not go with them: reads that the disk serves and reads that it never "
		   "sees are overridden alike. Seen on 5.10.218, 5.10.262 and 6.1.192.",
	  .shows = "throughput" },
	{ .id = "X21",
	  .title = "what happens when a kprobe's override and trampolines meet on one function",
	  .origin = "activity log of a thesis, 27 May, 17 to 21 June 2020",
	  .cause = "With fexit on the function the override is lost: the ftrace kprobe "
		   "runs, bpf_override_return says that it was done, and the function "
		   "runs all the same. With fentry alone the function is skipped, and "
		   "its result is what the trampoline left in the register. ftrace goes "
		   "to the trampoline whatever the kprobe wants, as a kprobe says that "
		   "it changes the instruction pointer only if it has a post_handler "
		   "(arm_kprobe_ftrace). Seen on 5.10.218 and 6.1.192.",
	  .shows = "return" },
	{ .id = "X27",
	  .title = "planned and never done: /dev/null and /dev/urandom as sources, return "
		   "timestamps, negative results, direct access to the buffer, a new program type",
	  .origin = "activity log of a thesis, 5, 23 and 25 April, 3 and 5 May 2020",
	  .cause = "/dev/null copies nothing; /dev/urandom passes copyout once for every "
		   "64 bytes. A kretprobe or fexit sees copyout return, also when it is "
		   "overridden, unless the override was attached later. A negative "
		   "result is taken for bytes left: read(2) returns more than it was "
		   "asked for, 5.10.218 goes on past the end of the buffer, 6.1.192 "
		   "loops in copy_page_to_iter as long as the result stays negative. The "
		   "buffer itself stays out of reach of kprobe and tracing programs: "
		   "void has no type, a struct's fields can be read, not written. "
		   "A program type for it was not built; the README says what it takes, "
		   "and what kernels offer in its place.",
	  .shows = "device negative return direct_kprobe direct_void direct_char "
		   "direct_struct_write",
	  .passes = "copied_kprobe direct_struct copied_user direct_packet" },
	{ 0 },
};

const struct experiment experiment_override_sources = {
	.name = "override-sources",
	.summary = "whether the override of copyout depends on what is read, and how",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 120,
	.disk_mb = 16,
	.elf_bytes = override_sources_bpf__elf_bytes,
	.measure = measure,
};
