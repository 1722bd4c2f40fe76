// SPDX-License-Identifier: GPL-2.0-only
#include "store/db_fields.h"

#include "model/record.h"

#define FIELD(column_, type_, member)                                                        \
	{                                                                                    \
		.column = column_, .type = type_, .offset = offsetof(struct record, member), \
	}

const struct record_field db_record_fields[] = {
	FIELD("experiment", FIELD_NAME, experiment),
	FIELD("name", FIELD_NAME, name),
	FIELD("prog_type", FIELD_STR, prog_type),
	FIELD("section", FIELD_STR, section),
	FIELD("err", FIELD_INT, err),
	FIELD("message", FIELD_STR, message),
	FIELD("failure", FIELD_STR, failure),
	FIELD("expected", FIELD_STR, expected),
	FIELD("reason", FIELD_STR, reason),
	FIELD("verification_time_us", FIELD_INT64, stats.verification_time_us),
	FIELD("insns", FIELD_INT64, stats.insns),
	FIELD("max_states_per_insn", FIELD_INT64, stats.max_states_per_insn),
	FIELD("total_states", FIELD_INT64, stats.total_states),
	FIELD("peak_states", FIELD_INT64, stats.peak_states),
	FIELD("mark_read", FIELD_INT64, stats.mark_read),
	FIELD("stack_depth", FIELD_INT64, stats.stack_depth),
	FIELD("load_time_us", FIELD_DOUBLE, load_time_us),
	FIELD("xlated_size", FIELD_LONG, xlated_size),
	FIELD("jited_size", FIELD_LONG, jited_size),
};

const size_t db_nr_record_fields = sizeof(db_record_fields) / sizeof(db_record_fields[0]);
