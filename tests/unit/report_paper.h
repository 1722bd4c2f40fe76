/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the pieces of a report print to in tests. */
#ifndef TESTS_UNIT_REPORT_PAPER_H
#define TESTS_UNIT_REPORT_PAPER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct paper {
	char *text;
	size_t len;
	FILE *out;
};

static inline FILE *paper_new(struct paper *p)
{
	*p = (struct paper){ 0 };
	p->out = open_memstream(&p->text, &p->len);
	assert_non_null(p->out);
	return p->out;
}

/* Closes it; what was printed must be this. */
static inline void expect_paper(struct paper *p, const char *should)
{
	assert_int_equal(fclose(p->out), 0);
	if (strcmp(p->text, should) != 0) {
		printf("printed:\n%s\nand should print:\n%s\n", p->text, should);
		fail();
	}
	free(p->text);
}

#endif
