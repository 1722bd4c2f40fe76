/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_VLOG_H
#define ASSAY_MODEL_VLOG_H

#include <stddef.h>
#include <stdint.h>

#define VLOG_UNKNOWN	  (-1) /* the log does not say */
#define VLOG_MAX_SUBPROGS 256

/* The statistics that the verifier prints at the end of a log of level BPF_LOG_STATS (4). */
struct vlog_stats {
	int64_t verification_time_us; /* "verification time N usec" */
	int64_t insns;		      /* "processed N insns" */
	int64_t max_states_per_insn, total_states, peak_states, mark_read;
	int64_t stack_depth; /* sum over subprograms of "stack depth a+b+c"; 7.3 prints "stack
			      * depth max N" and a line per subprogram */
	int nr_subprogs;
	int subprog_stack[VLOG_MAX_SUBPROGS];
};

struct vlog {
	struct vlog_stats stats;
	char *message; /* why the program was rejected: the last line before the statistics that is
			* not a state or an instruction; NULL for an accepted one */
	int64_t message_insn; /* instruction the message is about, or VLOG_UNKNOWN */
};

/* Reads a verifier log of any kernel from 5.4 on (any level). Never fails on odd text: what is
 * not found is VLOG_UNKNOWN or NULL. `rejected` says whether to look for a message. Returns 0 or
 * -ENOMEM; release with vlog__release. */
int vlog__parse(const char *log, int rejected, struct vlog *out);
void vlog__release(struct vlog *v);
void vlog_stats__init(struct vlog_stats *s); /* everything unknown */

#endif
