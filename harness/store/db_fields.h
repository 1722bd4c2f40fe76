/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STORE_DB_FIELDS_H
#define ASSAY_STORE_DB_FIELDS_H

#include <stddef.h>

/* The plain fields of struct record and their columns in table records: one row here writes and
 * reads each. What needs more than a copy (kind, verdict, status, tags, stacks of subprograms) is
 * handled beside the table. */
enum field_type {
	FIELD_STR,    /* char *, may be NULL */
	FIELD_NAME,   /* char *, never NULL */
	FIELD_INT,    /* int */
	FIELD_INT64,  /* int64_t, negative: unknown */
	FIELD_LONG,   /* long, negative: unknown */
	FIELD_DOUBLE, /* double, negative: unknown */
};

struct record_field {
	const char *column;
	enum field_type type;
	size_t offset;
};

extern const struct record_field db_record_fields[];
extern const size_t db_nr_record_fields;

#endif
