// SPDX-License-Identifier: GPL-2.0-only
#include "cli/row_summary.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/term.h"
#include "cli/catalogue.h"
#include "cli/report_text.h"
#include "model/verdict.h"

struct page {
	FILE *out;
	size_t width;
	bool color;
};

static void put(const struct page *p, const char *first, const char *text)
{
	if (text && *text)
		report_text__wrap(p->out, NULL, first, text, p->width);
}

/* "5.10.218: mask_7f_buf_126: reject EACCES: invalid indirect read …" */
static void put_sighting(const struct page *p, const struct sighting *s)
{
	char *message = s->message && *s->message ? report_text__clean(s->message) : NULL;
	char *first = str_fmt("    %-15s ", s->kernel);
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s%s: %s", s->name, s->passes ? " (passes)" : "",
		     s->program		      ? verdict__name(s->verdict)
		     : s->status == STATUS_OK ? "ok"
					      : status__name(s->status));
	if (s->err)
		strbuf__addf(&sb, " %s", errno__name(s->err));
	if (message)
		strbuf__addf(&sb, ": %s", message);
	if (s->status != STATUS_OK && s->reason)
		strbuf__addf(&sb, " [%s]", s->reason);
	if (first)
		report_text__wrap(p->out, p->color ? report_text__status_ink(s->status) : NULL,
				  first, strbuf__str(&sb), p->width);
	strbuf__free(&sb);
	free(first);
	free(message);
}

static void put_entry(const struct page *p, const struct row_entry *e)
{
	size_t i;

	fputc('\n', p->out);
	report_text__put(p->out, p->color ? INK_BOLD : NULL, e->row.id);
	fprintf(p->out, "  %s (%s)\n", e->row.title, e->name);
	put(p, *e->row.id == 'E' ? "    cause: " : "    answer: ", e->row.cause);
	put(p, "    fix: ", e->row.fix);
	for (i = 0; i < e->nr_seen; i++)
		put_sighting(p, &e->seen[i]);
	for (i = 0; i < e->nr_ends; i++) {
		const char *kernel = e->ends[i].kernel, *why = NULL;
		enum row_state s = row_entry__state(e, kernel, &why);

		if (s == ROW_ABSENT)
			fprintf(p->out, "    %-15s does not apply\n", kernel);
		else if (s == ROW_SKIPPED)
			fprintf(p->out, "    %-15s skipped: %s\n", kernel, why ? why : "");
	}
}

static bool wanted(const struct strv *ids, const char *id)
{
	size_t i;

	for (i = 0; i < ids->n; i++)
		if (strcasecmp(ids->v[i], id) == 0)
			return true;
	return false;
}

int row_summary__print(const struct catalog *c, struct store *s, const struct run_info *run,
		       const struct strv *ids, FILE *out)
{
	const struct page p = { out, report_text__width(out), term_color(out) };
	struct catalogue all;
	size_t i;
	int err = catalogue__read(c, s, run, &all);

	if (err)
		return err;
	for (i = 0; i < all.rows.n; i++)
		if (wanted(ids, all.rows.v[i].row.id))
			put_entry(&p, &all.rows.v[i]);
	catalogue__release(&all);
	return 0;
}
