/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads while copyout, or another function on their way, is overridden, and what became of them. */
#ifndef ASSAY_GUEST_PASS_H
#define ASSAY_GUEST_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/hook.h"
#include "guest/reader.h"

struct bpf_object;
struct exp;
struct record;
struct trail;

/* What the measurements of an experiment work with. */
struct context {
	struct exp *e;
	struct bpf_object *obj;
	struct bpf_program *override;
	struct override_state *state;
	struct trail *trail; /* of override's events; or NULL */
};

/* Something to read. */
struct input {
	struct reader reader;
	long expected;	  /* what a read returns, copied or not */
	const char *disk; /* its name in /proc/diskstats, or NULL */
	uint64_t calls;	  /* of copyout for a read, as counted without a hook */
};

/* Counts of a batch of reads. */
struct tally {
	uint64_t attempted, outcomes[NR_READ_OUTCOMES];
	uint64_t hits, requests; /* runs of the program, and its overrides */
	uint64_t hits_jump;	 /* runs that found a jump at the function's entry */
	uint64_t body;		 /* runs of copyout's body */
	uint64_t odd;		 /* reads that returned something else than expected */
	long returned;		 /* by the last read */
	uint64_t ns, bytes;	 /* of the reads alone */
	double sectors;		 /* that the disk read; -1: not known */
};

/* Something to be done before each read, while nothing is overridden. 0 or -errno. */
struct before {
	int (*fn)(void *arg);
	void *arg;
};

/* Reads `reads` times and adds to t; before may be NULL. Once the hook's program is attached, what
 * is read is overridden. copyout's counters are to be watched (exp__copyout_watch). 0 or -errno. */
int pass__run(const struct context *ctx, struct input *in, uint64_t reads,
	      const struct before *before, struct tally *t);
/* Reads until one is not overridden and the program has found a jump; -ETIMEDOUT when that does not
 * come within limit_s. */
int pass__until_lost(const struct context *ctx, struct input *in, uint64_t limit_s,
		     const struct before *before, struct tally *t);

/* Sets counters and result to 0, chooses the hook's copyout, turns the optimisation of kprobes off
 * and attaches the program. The link goes to hook__detach. 0 or -errno, said. */
int pass__attach(const struct context *ctx, const struct hook *hook, struct bpf_link **link);

/* Skips a measurement for want of the patches of copyout. 0 or -errno. */
int pass__no_copyout(const struct context *ctx, const char *measurement);
/* The frame of measure() for an object with the program of bpf/override.bpf.h: maps its zero-
 * initialised globals of so many bytes, calls fn, which sets ctx->state (and trail) from them and
 * measures, and puts the optimisation of kprobes back as it was. 0 or -errno, said. */
int pass__frame(struct exp *e, struct bpf_object *obj, size_t size,
		int (*fn)(struct context *ctx, void *globals));

void tally__metrics(struct record *r, const struct tally *t);
/* What is expected of all reads of a batch, and that the counts fit each other. calls: of copyout,
 * or of the hooked function, for a read. */
void tally__check_all(struct record *r, const struct tally *t, uint64_t calls);	 /* overridden */
void tally__check_lost(struct record *r, const struct tally *t, uint64_t calls); /* copied */
void tally__check_apart(struct record *r, const struct tally *t, bool empty);	 /* no copyout */

/* A whole measurement into r, while the hook is attached: reads and checks that all are overridden;
 * under one that loses its override, reads before optimisation is allowed, until it has taken
 * effect and then again, and checks that none is overridden any more. 0 or -errno. */
int pass__measure(const struct context *ctx, const struct hook *hook, struct input *in,
		  uint64_t reads, uint64_t limit_s, const struct before *before, struct record *r);

#endif
