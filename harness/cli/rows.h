/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_ROWS_H
#define ASSAY_CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "cli/catalog.h"
#include "model/verdict.h"

struct record;
struct store;

/* A record that belongs to a row, on one kernel. */
struct sighting {
	char *kernel, *name;
	char *labels; /* "hook=int3 size=4096", or "" */
	bool passes;  /* one of the nearest that pass */
	bool program;
	enum verdict verdict;
	int err;       /* positive errno, or 0 */
	char *message; /* as the kernel, a library or a tool printed it; or NULL */
	enum status status;
	char *reason;	    /* why not ok, or NULL */
	struct strv checks; /* what was checked; a failed one with what was found */
};

/* How the experiment ended on a kernel. */
struct row_end {
	char *kernel, *reason;
	enum status status;
	int64_t run;
};

/* A row as one experiment covers it. */
struct row_entry {
	struct catalog_row row;
	size_t experiment; /* index in the catalogue */
	const char *name;  /* of the experiment */
	struct row_end *ends;
	size_t nr_ends;
	struct sighting *seen; /* in the order of the records */
	size_t nr_seen;
};

/* Rows of the catalogue, in their order (E1 … E45, K…, T, X…), with what runs showed of them. */
struct rows {
	struct row_entry *v;
	size_t n;
};

int rows__new(const struct catalog *c, struct rows *out); /* borrows the catalogue; 0 or -ENOMEM */
void rows__release(struct rows *rows);
/* Adds what a run showed, for each pair of experiment and kernel that nothing is known of yet:
 * begin with the newest run. 0 or -errno. */
int rows__read(struct rows *rows, struct store *s, int64_t run);

enum row_state {
	ROW_NEVER,  /* the experiment was not run there */
	ROW_ABSENT, /* it was, and the row has no record there: it does not apply */
	ROW_SKIPPED,
	ROW_OK,
	ROW_FAILED,
};
const char *row_state__name(enum row_state s); /* "", "-", "skipped", "ok", "FAILED" */
/* *reason (may be NULL): why skipped or failed; borrowed, or NULL. */
enum row_state row_entry__state(const struct row_entry *e, const char *kernel, const char **reason);
/* Is the record's name among those of a list such as "sum_* kstrtol_right"? */
bool rows__names(const char *list, const char *name);

#endif
