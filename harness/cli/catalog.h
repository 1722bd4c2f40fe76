/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_CATALOG_H
#define ASSAY_CLI_CATALOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The experiments that the guest program carries, as `assay-guest list --json` tells them:
 *
 * [{"name": "override", "summary": "…", "rows": "X11 X12", "timeout_s": 60,
 *   "needs": [{"kind": "config", "name": "CONFIG_X", "why": "…"}],
 *   "params": [{"name": "reads", "type": "uint"|"bool"|"string"|"sizes", "value": "default",
 *               "min": 0, "max": 9, "choices": ["a", "b"], "help": "…"}],
 *   "programs": ["kprobe_copyout"]}]
 */
struct catalog;

struct catalog_param {
	const char *name, *type, *value, *help;
	uint64_t min, max;     /* uint, sizes */
	const json_t *choices; /* array of strings, or NULL */
};

/* Runs the guest program on the host (no root needed) and reads its list. 0 or -errno, logged. */
int catalog__load(const char *guest, struct catalog **out);
void catalog__free(struct catalog *c);
size_t catalog__count(const struct catalog *c);
const char *catalog__name(const struct catalog *c, size_t i);
const char *catalog__summary(const struct catalog *c, size_t i);
const char *catalog__rows(const struct catalog *c, size_t i);
unsigned int catalog__disk_mb(const struct catalog *c, size_t i); /* 0: needs no disk */
unsigned int catalog__timeout_s(const struct catalog *c, size_t i);
const json_t *catalog__json(const struct catalog *c, size_t i);
/* Index of an experiment, or -ENOENT; *nearest (may be NULL): a name to suggest, or NULL. */
int catalog__find(const struct catalog *c, const char *name, const char **nearest);
size_t catalog__nr_params(const struct catalog *c, size_t i);
void catalog__param(const struct catalog *c, size_t i, size_t p, struct catalog_param *out);
/* Names of the BTF functions that any experiment needs, NULL-terminated, borrowed. */
const char *const *catalog__btf_funcs(const struct catalog *c);

#endif
