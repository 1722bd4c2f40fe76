/* SPDX-License-Identifier: GPL-2.0-only */
/* What the measurements of override-cure share: probes, reads while they are on, and the wait for
 * the optimiser. */
#ifndef ASSAY_OVERRIDE_CURE_H
#define ASSAY_OVERRIDE_CURE_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/pass.h"
#include "seen.h"

#define CURE_PLAIN  "copyout_bpf"
#define CURE_FTRACE "copyout_ftrace"

struct cure {
	const struct context *ctx;
	struct cure_seen *seen;
	struct bpf_program *observe, *enter; /* enter: NULL where fentry is not to be had */
	struct input in;
	bool kept; /* the kernel says that it keeps overriding kprobes effective */
};

/* A program on a kprobe of its own, as a perf event: what each step took. */
struct cure_probe {
	int fd;
	double open_us, set_us, close_us; /* perf_event_open; PERF_EVENT_IOC_SET_BPF; close */
};

#define CURE_PROBE_INIT  \
	{                \
		.fd = -1 \
	}

/* p is CURE_PROBE_INIT before; goes to cure_probe__close also after a failure. 0 or -errno. */
int cure_probe__open(struct cure_probe *p, const char *symbol, const struct bpf_program *prog);
void cure_probe__close(struct cure_probe *p);

/* A stretch of reads under the overriding program. */
struct stretch {
	struct tally t;
	double ms;	/* that it lasted, with what is looked up between the reads */
	double lost_ms; /* from its beginning to the end of the first batch with a read that
			 * was not overridden; NAN: none */
	uint64_t kept;	/* reads that were overridden by then */
	bool flagged;	/* [OPTIMIZED] was seen in kprobes/list */
};

/* Reads for so long, or until the override is lost if that comes first. s adds up: stretches may
 * follow each other. 0 or -errno. */
int cure__read(struct cure *c, uint64_t ms, struct stretch *s);
/* As long as it takes: param hold_ms where it is to be kept, else until it is lost, param limit_ms
 * at most. */
int cure__read_to_the_end(struct cure *c, struct stretch *s);
/* Metrics, and the checks that all measurements share: kept or lost, by what the kernel says. */
void cure__judge(struct cure *c, struct record *r, const struct stretch *s);

/* Reads until the observing program finds a jump, limit_ms at most; *ms is the time that it took.
 * 0, -ETIMEDOUT or -errno. */
int cure__until_jump(struct cure *c, double *ms);

/* The measurements. 0 or -errno. */
int cure_held__measure(struct cure *c);
int cure_others__measure(struct cure *c);
int cure_shared__measure(struct cure *c);

#endif
