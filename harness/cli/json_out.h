/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_JSON_OUT_H
#define ASSAY_CLI_JSON_OUT_H

#include <stdio.h>

struct stored_record;

/* One record as one line of JSON: run and guest, then the fields of wire/record_json.h, all named
 * in docs/records.md. Returns 0 or -errno. */
int json_out__record(FILE *out, const char *run_name, const struct stored_record *r);

#endif
