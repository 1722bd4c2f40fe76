/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_WIRE_RECORD_JSON_H
#define ASSAY_WIRE_RECORD_JSON_H

#include <jansson.h>
#include <stddef.h>

struct record;

/* A record as JSON and back; the field names are documented in docs/records.md and are the same
 * on the wire, in `assay run --json` and in the store's JSON columns. */
json_t *record_json__pack(const struct record *r); /* new reference; NULL on ENOMEM */
/* Returns 0, -ENOMEM, or -EINVAL with a sentence that names the field in err. */
int record_json__unpack(const json_t *json, struct record **out, char *err, size_t err_len);

#endif
