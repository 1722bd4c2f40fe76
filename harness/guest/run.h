/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_RUN_H
#define ASSAY_GUEST_RUN_H

#include <jansson.h>

#include "base/str.h"
#include "guest/sink.h"
#include "guest/supervise.h"

struct experiment;

/* One experiment to run. */
struct run_request {
	const struct experiment *ex; /* of an object of the user's only the name is set */
	const json_t *params;	     /* object name -> value, or NULL; borrowed */
	struct strv features;	     /* what the kernel's patches provide */
	unsigned int repeats;	     /* timed loads of each program; 0: 5 */
	double precision;	     /* of their median, in per cent; 0: none is asked for */
	unsigned int timeout_ms;     /* 0: none */

	/* A BPF object of the user's, in place of the experiment's: each of its programs is loaded,
	 * and the time limit is for each. */
	const char *object;	/* path, or NULL */
	const json_t *globals;	/* object variable -> value as text; or NULL; borrowed */
	const json_t *programs; /* array of patterns (model/progfilter.h); or NULL; borrowed */
	size_t first;		/* index of the program to begin with */
};

/* Runs it in a child process and sends all of its events to the sink, closing with exactly one
 * `end`, whatever the child does: it may hang, crash, exhaust memory or upset the kernel.
 * Returns 0, or -errno of the sink. *cancelled (may be NULL) tells that the supervisor's cancel_fd
 * ended it. */
int run__supervise(const struct run_request *rq, const struct supervisor *s,
		   const struct sink *sink, bool *cancelled);

/* Sends an `end` for an experiment that was never started. */
int run__refuse(const struct sink *sink, const char *experiment, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
