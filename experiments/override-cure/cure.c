// SPDX-License-Identifier: GPL-2.0-only
#include "cure.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/record.h"

#define KPROBE_PMU "/sys/bus/event_source/devices/kprobe/type"
#define BATCH	   20 /* reads between two looks at the kprobe */

static double us_since(uint64_t ns)
{
	return (double)(exp__now_ns() - ns) / 1e3;
}

/* Not through libbpf: from 5.15 on it makes a link, and the ioctl is another way through the
 * kernel, which every kernel has. */
int cure_probe__open(struct cure_probe *p, const char *symbol, const struct bpf_program *prog)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.sample_period = 1,
					.wakeup_events = 1,
					.kprobe_func = (uint64_t)(unsigned long)symbol };
	uint64_t type, start;
	int err = exp__read_u64(KPROBE_PMU, &type);

	if (err)
		return err;
	attr.type = (uint32_t)type;
	start = exp__now_ns();
	p->fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (p->fd < 0)
		return -errno;
	p->open_us = us_since(start);
	start = exp__now_ns();
	if (ioctl(p->fd, PERF_EVENT_IOC_SET_BPF, bpf_program__fd(prog)))
		return -errno;
	p->set_us = us_since(start);
	return 0;
}

void cure_probe__close(struct cure_probe *p)
{
	uint64_t start = exp__now_ns();

	if (p->fd < 0)
		return;
	close(p->fd);
	p->fd = -1;
	p->close_us = us_since(start);
}

int cure__read(struct cure *c, uint64_t ms, struct stretch *s)
{
	uint64_t start = exp__now_ns(), until = start + ms * 1000000ull;
	bool lost = false;
	int err = 0;

	if (!s->t.attempted)
		s->lost_ms = NAN;
	while (!err && !lost && exp__now_ns() < until) {
		uint64_t untouched = s->t.outcomes[READ_UNTOUCHED];
		char *flags;

		err = pass__run(c->ctx, &c->in, BATCH, NULL, &s->t);
		lost = s->t.outcomes[READ_UNTOUCHED] - untouched < BATCH;
		if (lost && isnan(s->lost_ms)) {
			s->lost_ms = s->ms + us_since(start) / 1e3;
			s->kept = s->t.outcomes[READ_UNTOUCHED];
		}
		flags = exp__kprobe_flags(CURE_PLAIN);
		s->flagged |= hook__optimised(flags);
		free(flags);
	}
	s->ms += us_since(start) / 1e3;
	return err;
}

int cure__read_to_the_end(struct cure *c, struct stretch *s)
{
	return cure__read(c, exp__param_u64(c->ctx->e, c->kept ? "hold_ms" : "limit_ms"), s);
}

void cure__judge(struct cure *c, struct record *r, const struct stretch *s)
{
	const struct tally *t = &s->t;
	bool lost = !isnan(s->lost_ms);

	tally__metrics(r, t);
	record__metric(r, "read_for", "ms", s->ms);
	record__metric(r, "hits_jump", "runs", (double)t->hits_jump);
	record__metric(r, "time_per_read", "ns", (double)t->ns / (double)t->attempted);
	if (lost) {
		record__metric(r, "lost_after", "ms", s->lost_ms);
		record__metric(r, "overridden_before", "reads", (double)s->kept);
	}
	exp__check(r, t->hits == t->requests && t->hits == c->in.calls * t->attempted,
		   "the program runs, and overrides, for every call",
		   "%" PRIu64 " runs, %" PRIu64 " overrides, %" PRIu64 " calls", t->hits,
		   t->requests, c->in.calls * t->attempted);
	if (!c->kept) {
		exp__check(r, lost, "optimised, the kprobe loses its override",
			   "not in %.0f ms and %" PRIu64 " reads", s->ms, t->attempted);
		return;
	}
	exp__check(r, t->outcomes[READ_UNTOUCHED] == t->attempted && !t->body,
		   "every read is overridden, however long it goes on",
		   "%" PRIu64 " of %" PRIu64 ", copyout's body ran %" PRIu64 " times",
		   t->outcomes[READ_UNTOUCHED], t->attempted, t->body);
	exp__check(r, !s->flagged && !t->hits_jump, "the kprobe is never optimised",
		   "[OPTIMIZED] %s, %" PRIu64 " runs found a jump",
		   s->flagged ? "seen" : "not seen", t->hits_jump);
}

int cure__until_jump(struct cure *c, double *ms)
{
	uint64_t start = exp__now_ns(), jumps = c->seen->jump,
		 until = start + exp__param_u64(c->ctx->e, "limit_ms") * 1000000ull;
	struct tally t = { 0 };
	int err = 0;

	while (!err && c->seen->jump == jumps)
		err = exp__now_ns() > until ? -ETIMEDOUT : pass__run(c->ctx, &c->in, 1, NULL, &t);
	*ms = us_since(start) / 1e3;
	return err;
}
