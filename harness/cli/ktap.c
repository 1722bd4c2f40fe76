// SPDX-License-Identifier: GPL-2.0-only
#include "cli/ktap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/report_text.h"
#include "cli/suites.h"

/* One line, without what a reader takes for more: a '#' ends a description. */
static void put_line(FILE *out, const char *s, bool description)
{
	char *clean = report_text__clean(s);

	for (const char *p = clean; p && *p; p++)
		fputc(*p == '#' && description ? '_' : *p, out);
	free(clean);
}

static void put_diagnostic(FILE *out, const char *indent, const char *word, const char *text)
{
	fprintf(out, "%s# %s: ", indent, word);
	put_line(out, text, false);
	fputc('\n', out);
}

static void put_details(FILE *out, const char *indent, const char *details)
{
	struct strv lines = { 0 };

	if (!strv__split(&lines, details, "\n"))
		for (size_t i = 0; i < lines.n; i++)
			put_diagnostic(out, indent, "detail", lines.v[i]);
	strv__free(&lines);
}

static void put_case(FILE *out, const struct suite_case *c, size_t number)
{
	static const char indent[] = "  ";
	bool skipped = c->end == CASE_SKIPPED;

	if (c->reason && !skipped)
		put_diagnostic(out, indent, c->type, c->reason);
	if (c->details && !skipped && c->end != CASE_PASSED)
		put_details(out, indent, c->details);
	if (c->source && c->line)
		fprintf(out, "%s# source: %s:%ld\n", indent, c->source, c->line);
	if (c->log)
		fprintf(out, "%s# %s: %s\n", indent, c->log_title, c->log);
	fprintf(out, "%s%s %zu ", indent,
		c->end == CASE_FAILED || c->end == CASE_ERROR ? "not ok" : "ok", number);
	put_line(out, c->name, true);
	if (skipped) {
		fputs(" # SKIP ", out);
		put_line(out, c->reason ? c->reason : "", true);
	}
	fputc('\n', out);
}

static void put_suite(FILE *out, const struct suite *s, size_t number)
{
	size_t skipped = suite__count(s, CASE_SKIPPED);
	bool bad = suite__count(s, CASE_FAILED) || suite__count(s, CASE_ERROR);

	fputs("  KTAP version 1\n  # Subtest: ", out);
	put_line(out, s->name, true);
	fprintf(out, "\n  1..%zu\n", s->n);
	for (size_t i = 0; i < s->n; i++)
		put_case(out, &s->cases[i], i + 1);
	fprintf(out, "%s %zu ", bad ? "not ok" : "ok", number);
	put_line(out, s->name, true);
	if (skipped == s->n)
		fputs(" # SKIP all of it", out);
	fputc('\n', out);
}

int ktap__print(const struct suites *s, FILE *out)
{
	fprintf(out, "KTAP version 1\n1..%zu\n", s->n);
	for (size_t i = 0; i < s->n; i++)
		put_suite(out, &s->v[i], i + 1);
	return ferror(out) ? -EIO : 0;
}
