// SPDX-License-Identifier: GPL-2.0-only
/* The overriding program on copyout_bpf while kprobes may be optimised. */
#include <bpf/libbpf.h>
#include <errno.h>

#include "cure.h"
#include "guest/experiment.h"
#include "model/record.h"

/* An overriding program, attached in one of the two ways. */
struct overrider {
	struct bpf_link *link;
	struct cure_probe probe;
};

static int overrider__attach(struct overrider *o, const struct cure *c, bool by_ioctl)
{
	return by_ioctl ? cure_probe__open(&o->probe, CURE_PLAIN, c->ctx->override)
			: hook__attach(c->ctx->override, CURE_PLAIN, &o->link);
}

static void overrider__detach(struct overrider *o)
{
	hook__detach(&o->link);
	cure_probe__close(&o->probe);
}

/* Optimisation is allowed from before the program is attached. */
static int measure_held(struct cure *c, bool by_ioctl)
{
	struct record *r = exp__measurement(c->ctx->e, "held");
	struct overrider o = { .probe = CURE_PROBE_INIT };
	struct stretch s = { 0 };
	int err;

	record__label(r, "attached", by_ioctl ? "kprobe by ioctl" : "event by libbpf");
	hook__reset(c->ctx->state, 0);
	err = overrider__attach(&o, c, by_ioctl);
	if (!err)
		err = cure__read_to_the_end(c, &s);
	overrider__detach(&o);
	if (!err)
		cure__judge(c, r, &s);
	return exp__emit(c->ctx->e, r) ?: err;
}

/* Another probe has made a jump of it before the program comes. */
static int measure_jumped(struct cure *c, bool by_ioctl)
{
	struct record *r = exp__measurement(c->ctx->e, "jumped");
	struct cure_probe observer = CURE_PROBE_INIT;
	struct overrider o = { .probe = CURE_PROBE_INIT };
	struct stretch s = { 0 };
	uint64_t start = 0;
	double ms;
	int err;

	record__label(r, "attached", by_ioctl ? "kprobe by ioctl" : "event by libbpf");
	hook__reset(c->ctx->state, 0);
	err = cure_probe__open(&observer, CURE_PLAIN, c->observe);
	if (!err)
		err = cure__until_jump(c, &ms);
	exp__check(r, !err, "the probe that does not override is optimised first", "%s",
		   exp__err_name(err));
	if (!err) {
		start = exp__now_ns();
		err = overrider__attach(&o, c, by_ioctl);
		record__metric(r, "attach", "ms", (double)(exp__now_ns() - start) / 1e6);
	}
	if (!err)
		err = cure__read_to_the_end(c, &s);
	if (!err)
		cure__judge(c, r, &s);
	if (!err && !c->kept)
		exp__check(r, !s.kept, "the override is lost from the first read on",
			   "%.0f reads were overridden", (double)s.kept);
	overrider__detach(&o);
	cure_probe__close(&observer);
	return exp__emit(c->ctx->e, r) ?: err == -ETIMEDOUT ? 0 : err;
}

/* The administrator turns optimisation off and on under the program. */
static int measure_sysctl(struct cure *c)
{
	static const char *const values[] = { "0", "1", "0", "1" };
	struct record *r = exp__measurement(c->ctx->e, "sysctl");
	uint64_t step_ms = exp__param_u64(c->ctx->e, "hold_ms") / 8;
	struct overrider o = { .probe = CURE_PROBE_INIT };
	struct stretch off = { 0 }, on = { 0 };
	int err;

	hook__reset(c->ctx->state, 0);
	err = overrider__attach(&o, c, true);
	for (size_t i = 0; !err && i < sizeof(values) / sizeof(values[0]); i++) {
		struct stretch *s = values[i][0] == '0' ? &off : &on;

		err = exp__write_str(HOOK_OPTIMISATION, values[i]);
		if (!err)
			err = cure__read(c, step_ms, s);
	}
	/* Optimisation is allowed now. */
	if (!err)
		err = cure__read_to_the_end(c, &on);
	overrider__detach(&o);
	if (!err) {
		cure__judge(c, r, &on);
		exp__check(r, off.t.outcomes[READ_UNTOUCHED] == off.t.attempted,
			   "while optimisation is off, every read is overridden", "%.0f of %.0f",
			   (double)off.t.outcomes[READ_UNTOUCHED], (double)off.t.attempted);
	}
	return exp__emit(c->ctx->e, r) ?: err;
}

int cure_held__measure(struct cure *c)
{
	int err = 0;

	for (int by_ioctl = 0; !err && by_ioctl < 2; by_ioctl++) {
		err = measure_held(c, by_ioctl);
		if (!err)
			err = measure_jumped(c, by_ioctl);
	}
	if (!err)
		err = measure_sysctl(c);
	exp__write_str(HOOK_OPTIMISATION, "1");
	return err;
}
