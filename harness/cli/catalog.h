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
 *   "programs": ["kprobe_copyout"], "on_host": false,
 *   "catalogue": [{"id": "X11", "title": "…", "origin": "…", "cause": "…", "fix": "…",
 *                  "shows": "kprobe_copyout", "passes": "…"}]}]
 */
struct catalog;

/* A row of the catalogue as an experiment declares it (guest/experiment.h, struct row). */
struct catalog_row {
	const char *id, *title, *origin, *cause, *shows;
	const char *fix, *passes; /* or NULL */
};

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
/* Does it have a BPF object of its own? */
bool catalog__has_programs(const struct catalog *c, size_t i);
bool catalog__on_host(const struct catalog *c, size_t i);
size_t catalog__nr_rows(const struct catalog *c, size_t i);
void catalog__row_at(const struct catalog *c, size_t i, size_t r, struct catalog_row *out);
/* Does the experiment cover the row? Letters of an id may be small. */
bool catalog__row(const struct catalog *c, size_t i, const char *id);
const char *catalog__nearest_row(const struct catalog *c, const char *id); /* or NULL */
/* Orders ids by letter and number: E2 before E10. For qsort's purposes. */
int catalog__compare_ids(const char *a, const char *b);
/* Index of an experiment, or -ENOENT; *nearest (may be NULL): a name to suggest, or NULL. */
int catalog__find(const struct catalog *c, const char *name, const char **nearest);
size_t catalog__nr_params(const struct catalog *c, size_t i);
void catalog__param(const struct catalog *c, size_t i, size_t p, struct catalog_param *out);
/* Names of the BTF functions that any experiment needs, NULL-terminated, borrowed. */
const char *const *catalog__btf_funcs(const struct catalog *c);

#endif
