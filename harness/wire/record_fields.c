// SPDX-License-Identifier: GPL-2.0-only
#include "wire/record_fields.h"

#include "model/record.h"

const struct record_field record_strings[] = {
	{ "prog_type", offsetof(struct record, prog_type) },
	{ "section", offsetof(struct record, section) },
	{ "message", offsetof(struct record, message) },
	{ "failure", offsetof(struct record, failure) },
	{ "expected", offsetof(struct record, expected) },
	{ "reason", offsetof(struct record, reason) },
	{ NULL, 0 },
};

const struct record_field record_stats[] = {
	{ "verification_time_us", offsetof(struct vlog_stats, verification_time_us) },
	{ "insns", offsetof(struct vlog_stats, insns) },
	{ "max_states_per_insn", offsetof(struct vlog_stats, max_states_per_insn) },
	{ "total_states", offsetof(struct vlog_stats, total_states) },
	{ "peak_states", offsetof(struct vlog_stats, peak_states) },
	{ "mark_read", offsetof(struct vlog_stats, mark_read) },
	{ "stack_depth", offsetof(struct vlog_stats, stack_depth) },
	{ NULL, 0 },
};

const struct record_field record_sizes[] = {
	{ "xlated_size", offsetof(struct record, xlated_size) },
	{ "jited_size", offsetof(struct record, jited_size) },
	{ NULL, 0 },
};

const char *const record_kinds[2] = {
	[RECORD_PROGRAM] = "program",
	[RECORD_MEASUREMENT] = "measurement",
};
