// SPDX-License-Identifier: GPL-2.0-only
#include "cli/catalogue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hostrun.h"
#include "store/store.h"

/* --- reading ------------------------------------------------------------------------------- */

static int on_experiment(void *ctx, const struct stored_experiment *e)
{
	struct catalogue *c = ctx;
	struct catalogue_kernel *v;
	size_t i;

	for (i = 0; i < c->nr_kernels; i++)
		if (strcmp(c->kernels[i].name, e->kernel) == 0)
			return 0;
	v = realloc(c->kernels, (c->nr_kernels + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	c->kernels = v;
	v += c->nr_kernels++;
	*v = (struct catalogue_kernel){
		.name = strdup(e->kernel),
		.release = strdup(e->guest.release ? e->guest.release : ""),
		.accel = strdup(e->guest.accel ? e->guest.accel : ""),
	};
	return v->name && v->release && v->accel ? 0 : -ENOMEM;
}

int catalogue__read(const struct catalog *c, struct store *s, const struct run_info *run,
		    struct catalogue *out)
{
	int err;

	*out = (struct catalogue){ .catalog = c };
	err = rows__new(c, &out->rows);
	if (!err)
		err = store__experiments(s, run->id, NULL, NULL, on_experiment, out);
	if (!err)
		err = rows__read(&out->rows, s, run->id);
	if (err)
		catalogue__release(out);
	return err;
}

void catalogue__release(struct catalogue *c)
{
	size_t i;

	for (i = 0; i < c->nr_kernels; i++) {
		free(c->kernels[i].name);
		free(c->kernels[i].release);
		free(c->kernels[i].accel);
	}
	free(c->kernels);
	rows__release(&c->rows);
	*c = (struct catalogue){ 0 };
}

/* --- Markdown ------------------------------------------------------------------------------ */

/* Text in a table's cell, or running text: what Markdown would take for its own is escaped. */
static void put_text(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			fputs("<br>", out);
		else if ((unsigned char)*s < ' ')
			fputc(' ', out);
		else if (*s == '<')
			fputs("&lt;", out);
		else if (*s == '&')
			fputs("&amp;", out);
		else if (strchr("|*_`\\[]~$", *s))
			fprintf(out, "\\%c", *s);
		else
			fputc(*s, out);
	}
}

/* One line as code: the fence is longer than any row of backticks in it. */
static void put_code_line(FILE *out, const char *s, size_t len)
{
	size_t run = 0, longest = 0, i;
	bool pad;

	for (i = 0; i < len; i++) {
		run = s[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	/* Markdown takes a blank on either side away again when both are there. */
	pad = *s == '`' || s[len - 1] == '`' || (*s == ' ' && s[len - 1] == ' ');
	for (i = 0; i <= longest; i++)
		fputc('`', out);
	fputs(pad ? " " : "", out);
	for (i = 0; i < len; i++) {
		if (s[i] == '|')
			fputs("\\|", out);
		else
			fputc((unsigned char)s[i] < ' ' ? ' ' : s[i], out);
	}
	fputs(pad ? " " : "", out);
	for (i = 0; i <= longest; i++)
		fputc('`', out);
}

/* A message, as code. */
static void put_code(FILE *out, const char *s)
{
	bool more = false;

	while (*s) {
		size_t len = strcspn(s, "\n");

		if (len) {
			fputs(more ? "<br>" : "", out);
			put_code_line(out, s, len);
			more = true;
		}
		s += len + (s[len] == '\n');
	}
}

/* Several experiments may cover a row, and one of them several parts of it. */
static void put_anchor(FILE *out, const struct catalogue *c, size_t i)
{
	const struct row_entry *e = &c->rows.v[i];
	size_t nth = 1;

	for (size_t j = 0; j < i; j++)
		nth += !strcmp(c->rows.v[j].row.id, e->row.id) &&
		       !strcmp(c->rows.v[j].name, e->name);
	fprintf(out, "%s-%s", e->row.id, e->name);
	if (nth > 1)
		fprintf(out, "-%zu", nth);
}

static void put_state(FILE *out, enum row_state s)
{
	static const char *const words[] = {
		[ROW_NEVER] = "", [ROW_ABSENT] = "–",	       [ROW_SKIPPED] = "skipped",
		[ROW_OK] = "ok",  [ROW_FAILED] = "**FAILED**",
	};

	fputs(words[s], out);
}

static void print_overview(const struct catalogue *c, FILE *out)
{
	size_t i, j;

	fputs("| row | what | experiment |", out);
	for (j = 0; j < c->nr_kernels; j++)
		fprintf(out, " %s |", c->kernels[j].name);
	fputs("\n|---|---|---|", out);
	for (j = 0; j < c->nr_kernels; j++)
		fputs("---|", out);
	fputc('\n', out);
	for (i = 0; i < c->rows.n; i++) {
		const struct row_entry *e = &c->rows.v[i];

		fprintf(out, "| [%s](#", e->row.id);
		put_anchor(out, c, i);
		fputs(") | ", out);
		put_text(out, e->row.title);
		fprintf(out, " | [%s](../experiments/%s/README.md) |", e->name, e->name);
		for (j = 0; j < c->nr_kernels; j++) {
			fputc(' ', out);
			put_state(out, row_entry__state(e, c->kernels[j].name, NULL));
			fputs(" |", out);
		}
		fputc('\n', out);
	}
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Was the same seen, on another kernel? */
static bool same_sight(const struct sighting *a, const struct sighting *b)
{
	size_t i;

	if (a->verdict != b->verdict || a->err != b->err || a->status != b->status ||
	    a->program != b->program || a->checks.n != b->checks.n ||
	    !same_text(a->name, b->name) || !same_text(a->message, b->message) ||
	    !same_text(a->labels, b->labels))
		return false;
	for (i = 0; i < a->checks.n; i++)
		if (strcmp(a->checks.v[i], b->checks.v[i]) != 0)
			return false;
	return true;
}

static void put_outcome(FILE *out, const struct sighting *s)
{
	if (s->status != STATUS_OK)
		fprintf(out, "**%s** ", status__name(s->status));
	if (s->program && s->verdict == VERDICT_NONE)
		fputs(s->err ? "not loaded" : "", out); /* libbpf gave up before */
	else if (s->program)
		fputs(verdict__name(s->verdict), out);
	else if (s->status == STATUS_OK)
		fputs(s->err ? "fails" : "ok", out);
	if (s->err)
		fprintf(out, " %s", errno__name(s->err));
}

static void put_evidence(FILE *out, const struct sighting *s)
{
	bool any = s->message && *s->message;
	size_t i;

	if (any)
		put_code(out, s->message);
	if (s->status != STATUS_OK && s->reason) {
		fputs(any ? "<br>" : "", out);
		put_text(out, s->reason);
		any = true;
	}
	for (i = 0; i < s->checks.n; i++) {
		fputs(any ? "<br>" : "", out);
		put_text(out, s->checks.v[i]);
		any = true;
	}
}

/* The kernels on which the same was seen, from the i-th sighting on. */
static void put_kernels(FILE *out, const struct row_entry *e, size_t i)
{
	bool more = false;

	for (size_t j = i; j < e->nr_seen; j++) {
		if (e->seen[j].passes != e->seen[i].passes || !same_sight(&e->seen[i], &e->seen[j]))
			continue;
		fprintf(out, "%s%s", more ? ", " : "", e->seen[j].kernel);
		more = true;
	}
}

static bool seen_before(const struct row_entry *e, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (e->seen[j].passes == e->seen[i].passes && same_sight(&e->seen[j], &e->seen[i]))
			return true;
	return false;
}

static void print_sighting(const struct row_entry *e, size_t i, FILE *out)
{
	const struct sighting *s = &e->seen[i];

	fprintf(out, "| `%s`", s->name);
	if (*s->labels && !s->program) {
		fputs("<br>", out);
		put_text(out, s->labels);
	}
	fputs(" | ", out);
	put_kernels(out, e, i);
	fputs(" | ", out);
	put_outcome(out, s);
	fputs(" | ", out);
	put_evidence(out, s);
	fputs(" |\n", out);
}

static bool named_before(const struct row_entry *e, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (e->seen[j].passes == e->seen[i].passes &&
		    !strcmp(e->seen[j].name, e->seen[i].name))
			return true;
	return false;
}

/* What different kernels say of one record stands together. */
static void print_sightings(const struct row_entry *e, bool passes, const char *title, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < e->nr_seen; i++) {
		if (e->seen[i].passes != passes || named_before(e, i))
			continue;
		if (!any)
			fprintf(out,
				"\n| %s | kernel | outcome | message, or what was checked |\n"
				"|---|---|---|---|\n",
				title);
		any = true;
		for (size_t j = i; j < e->nr_seen; j++)
			if (e->seen[j].passes == passes &&
			    !strcmp(e->seen[j].name, e->seen[i].name) && !seen_before(e, j))
				print_sighting(e, j, out);
	}
}

static void print_skips(const struct catalogue *c, const struct row_entry *e, FILE *out)
{
	const char *why;

	for (size_t j = 0; j < c->nr_kernels; j++) {
		if (row_entry__state(e, c->kernels[j].name, &why) != ROW_SKIPPED)
			continue;
		fprintf(out, "\nSkipped on %s: ", c->kernels[j].name);
		put_text(out, why ? why : "no reason given");
		fputs("\n", out);
	}
}

/* A sentence that may lack its full stop. */
static void put_paragraph(FILE *out, const char *label, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	if (!n)
		return;
	fprintf(out, "\n\n*%s*: ", label);
	put_text(out, text);
	fputs(strchr(".!?", text[n - 1]) ? "" : ".", out);
}

static void print_entry(const struct catalogue *c, size_t i, FILE *out)
{
	const struct row_entry *e = &c->rows.v[i];
	bool error = *e->row.id == 'E';

	fputs("\n<a id=\"", out);
	put_anchor(out, c, i);
	fprintf(out, "\"></a>\n\n## %s: ", e->row.id);
	put_text(out, e->row.title);
	fprintf(out,
		"\n\nExperiment [%s](../experiments/%s/README.md), [source](../experiments/%s/%s.%s), "
		"by `assay run --row %s`.",
		e->name, e->name, e->name, e->name,
		catalog__has_programs(c->catalog, e->experiment) ? "bpf.c" : "c", e->row.id);
	put_paragraph(out, "From", e->row.origin);
	put_paragraph(out, error ? "Cause" : "Answer", e->row.cause);
	put_paragraph(out, "Fix", e->row.fix);
	fputc('\n', out);
	print_sightings(e, false, error ? "shows it" : "record", out);
	print_sightings(e, true, "the nearest that passes", out);
	print_skips(c, e, out);
}

int catalogue__print(const struct catalogue *c, FILE *out)
{
	size_t i;

	fputs("<!-- Made by `make catalogue`. Do not edit: the texts are in the experiments. -->\n"
	      "# The catalogue\n\n"
	      "Every row with what a run showed of it: messages are as the kernel, a library or a "
	      "tool printed them.\n\n"
	      "| kernel | release | accelerator |\n|---|---|---|\n",
	      out);
	for (i = 0; i < c->nr_kernels; i++)
		fprintf(out, "| %s | %s | %s |\n", c->kernels[i].name,
			strcmp(c->kernels[i].name, HOSTRUN_KERNEL) ? c->kernels[i].release : "",
			c->kernels[i].accel);
	fputs("\nEach row has its records: programs, by what the verifier said of them (accept, or "
	      "reject and the errno), and measurements, by the errno that was met (fails) or by "
	      "their checks, all of which hold (ok). Kernels on which the same was seen share a "
	      "line.\n\n"
	      "In the overview an empty cell means that the experiment does not run there; –, that "
	      "it does, and the row does not apply.\n\n",
	      out);
	print_overview(c, out);
	for (i = 0; i < c->rows.n; i++)
		print_entry(c, i, out);
	return ferror(out) ? -EIO : 0;
}

/* --- problems -------------------------------------------------------------------------------- */

static int complain(struct strv *out, char *sentence)
{
	int err = sentence ? strv__add(out, sentence) : -ENOMEM;

	free(sentence);
	return err;
}

/* Each name that a row gives must be one that some kernel saw. */
static int check_names(const struct row_entry *e, const char *list, bool passes, struct strv *out)
{
	struct strv names = { 0 };
	int err = list ? strv__split(&names, list, " ") : 0;

	for (size_t i = 0; !err && i < names.n; i++) {
		bool found = false;

		for (size_t j = 0; j < e->nr_seen; j++)
			found |= e->seen[j].passes == passes &&
				 rows__names(names.v[i], e->seen[j].name);
		if (!found)
			err = complain(out, str_fmt("%s (%s): no kernel has a record '%s'",
						    e->row.id, e->name, names.v[i]));
	}
	strv__free(&names);
	return err;
}

static int check_entry(const struct catalogue *c, const struct row_entry *e, struct strv *out)
{
	bool shown = false;
	int err = 0;

	for (size_t j = 0; !err && j < c->nr_kernels; j++) {
		const char *kernel = c->kernels[j].name, *why;
		enum row_state s = row_entry__state(e, kernel, &why);

		shown |= s == ROW_OK;
		if (s == ROW_FAILED)
			err = complain(out, str_fmt("%s (%s) on %s: %s", e->row.id, e->name, kernel,
						    why ? why : "failed"));
	}
	if (!err && !shown)
		err = complain(out, str_fmt("%s (%s): no kernel shows it", e->row.id, e->name));
	if (!err && shown)
		err = check_names(e, e->row.shows, false, out);
	if (!err && shown)
		err = check_names(e, e->row.passes, true, out);
	return err;
}

int catalogue__problems(const struct catalogue *c, struct strv *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->rows.n; i++)
		err = check_entry(c, &c->rows.v[i], out);
	return err;
}
