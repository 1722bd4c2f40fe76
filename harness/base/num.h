/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_NUM_H
#define ASSAY_BASE_NUM_H

#include <stdint.h>

/* Parsers for numbers from outside: the whole string must be the number and lie in [min, max].
 * Return 0, -EINVAL (not a number) or -ERANGE; *out is untouched on failure. */
int num_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out); /* decimal or 0x */
int num_i64(const char *s, int64_t min, int64_t max, int64_t *out);
int num_double(const char *s, double min, double max, double *out);
int num_size(const char *s, uint64_t min, uint64_t max, uint64_t *out); /* 4096, 64K, 2M, 1G */
int num_duration_ms(const char *s, uint64_t min, uint64_t max,
		    uint64_t *out);    /* 500ms 30s 2m 1h; bare = s */
int num_bool(const char *s, int *out); /* yes/no on/off true/false 1/0 */

#endif
