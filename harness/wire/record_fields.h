/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_WIRE_RECORD_FIELDS_H
#define ASSAY_WIRE_RECORD_FIELDS_H

#include <stddef.h>

/* The plain fields of a record, for packing and unpacking alike. */
struct record_field {
	const char *key;
	size_t offset;
};

extern const struct record_field record_strings[]; /* char * in struct record; NULL: absent */
extern const struct record_field record_stats[];   /* int64_t in struct vlog_stats */
extern const struct record_field record_sizes[];   /* long in struct record; negative: absent */
extern const char *const record_kinds[2];	   /* by enum record_kind */

#endif
