// SPDX-License-Identifier: GPL-2.0-only
#include "read.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/trail.h"
#include "guest/experiment.h"
#include "guest/trail.h"
#include "model/record.h"

#define KPROBE_TYPE "/sys/bus/event_source/devices/kprobe/type"

enum read_event { EVENT_READ, EVENT_BEGUN, EVENT_ENDED, EVENT_RETURNED, NR_EVENTS };

static const char *const names[NR_EVENTS] = {
	[EVENT_READ] = "read",
	[EVENT_BEGUN] = "program begins",
	[EVENT_ENDED] = "program ends",
	[EVENT_RETURNED] = "returned",
};

/* A kprobe with that program: the descriptor of its event, or -errno. */
static int attach(int prog, const char *symbol)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .kprobe_func = (uintptr_t)symbol };
	uint64_t type = 0;
	int err = exp__read_u64(KPROBE_TYPE, &type), fd;

	if (err)
		return err;
	attr.type = (__u32)type;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) && !ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* What the program noted goes between what user space did. */
static void read_once(struct trail *t, const struct page_env *env, int file,
		      struct page_result *found)
{
	unsigned char page[BIG_STACK_PAGE];
	__u32 zero = 0;
	long n;

	/* Once before: in emulation new code is translated when it first runs. */
	n = pread(file, page, sizeof(page), 0);
	trail__open(t);
	trail__add(t, EVENT_READ, sizeof(page));
	n = pread(file, page, sizeof(page), 0);
	if (n < 0)
		n = -errno;
	trail__add(t, EVENT_RETURNED, n);
	trail__close(t);
	if (bpf_map_lookup_elem(env->results, &zero, found) || !found->runs)
		return;
	t->events[3] = t->events[1];
	t->events[1] = (struct trail_event){ found->begun, 0, EVENT_BEGUN, (__u32)found->cpu };
	t->events[2] = (struct trail_event){ found->ended, 0, EVENT_ENDED, (__u32)found->cpu };
	t->n = 4;
}

static int measure_way(struct exp *e, const struct page_env *env, const char *copyout, int file,
		       uint64_t sum, const struct way *way)
{
	struct bpf_insn insns[BIG_STACK_MAX_INSNS];
	size_t n = big_stack__program(insns, way, env, true);
	struct page_result found = { 0 };
	struct trail t = { 0 };
	struct record *r;
	__u32 zero = 0;
	int prog, link, err;
	char name[48];

	prog = bpf_prog_load(BPF_PROG_TYPE_KPROBE, way->name, "GPL", insns, n, NULL);
	if (prog < 0)
		return exp__fail(e, -errno, "load %s for %s", way->name, copyout);
	err = bpf_map_update_elem(env->results, &zero, &found, BPF_ANY) ? -errno : 0;
	link = err ? err : attach(prog, copyout);
	if (link >= 0) {
		read_once(&t, env, file, &found);
		close(link);
	}
	close(prog);
	if (link < 0)
		return exp__fail(e, link, "attach %s to %s", way->name, copyout);
	snprintf(name, sizeof(name), "events_%s", way->name);
	r = trail__measurement(e, name, &t, names, NR_EVENTS,
			       "read, program begins, program ends, returned");
	record__metric(r, "reads", "reads", way->reads);
	record__metric(r, "program", "ns", (double)found.ended - (double)found.begun);
	exp__check(r, found.runs == 2, "the program runs once for each of two reads", "%" PRIu64,
		   found.runs);
	exp__check(r, found.sum == sum,
		   "what it read is what the reader gets: the sums of all words are equal",
		   "%#" PRIx64 ", the page's %#" PRIx64, found.sum, sum);
	return exp__emit(e, r);
}

int big_stack__read(struct exp *e, const struct page_env *env, int file, uint64_t sum,
		    const struct way *const *ways, size_t nr_ways)
{
	const char *copyout = exp__copyout_symbol(e);
	struct page_env at_copyout = *env;
	int err = 0;

	at_copyout.hook = AT_COPYOUT;
	if (!copyout) {
		struct record *r = exp__measurement(e, "events");

		record__fail(r, STATUS_SKIPPED,
			     "copyout is inlined in this kernel, or can't be probed");
		return exp__emit(e, r);
	}
	for (size_t i = 0; !err && i < nr_ways; i++)
		if (ways[i]->reads)
			err = measure_way(e, &at_copyout, copyout, file, sum, ways[i]);
	return err;
}
