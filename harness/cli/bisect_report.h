/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BISECT_REPORT_H
#define ASSAY_CLI_BISECT_REPORT_H

#include <stdio.h>

#include "cli/bisect_line.h"

struct bisect_report {
	FILE *out;
	const struct line_opts *opts;
	const struct line *line;
	/* How a step is said: "between 5.10.218 and 5.10.223" when NULL. Caller of it frees. */
	char *(*step)(void *ctx, size_t before, size_t after);
	/* Lines to be known of a step, "" for none; NULL: there are none. Caller of it frees. */
	char *(*notes)(void *ctx, size_t before, size_t after);
	void *ctx;
};

/* A table of what each tried point said, then a sentence for each change, or that there is none. */
void bisect_report__print(const struct bisect_report *r);
/* The table alone: what each point of `names` said (NULL: not asked) of the line's records that
 * changed. */
void bisect_report__table(FILE *out, const char *what, const struct strv *names,
			  struct answers *const *answers, const struct line *line);
/* Was every change located without a point missing inside? */
bool bisect_report__is_exact(const struct line *l);

#endif
