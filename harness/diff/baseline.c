// SPDX-License-Identifier: GPL-2.0-only
#include "diff/baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diff/baseline_text.h"
#include "diff/logdiff.h"
#include "diff/side.h"

/* --- writing -----------------------------------------------------------------------------------
 */

static void put_value(struct strbuf *sb, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	strbuf__addf(sb, "# %s ", key);
	baseline_text__escape(sb, value, "");
	strbuf__addf(sb, "\n");
}

static void put_word(struct strbuf *sb, const char *before, const char *word)
{
	strbuf__addf(sb, "%s", before);
	baseline_text__escape(sb, word ? word : "-", " ");
}

static void put_head(struct strbuf *sb, const struct side *s)
{
	const struct facts *f = &s->facts;

	strbuf__addf(sb, BASELINE_FIRST_LINE "\n");
	put_value(sb, "kernel", s->kernel);
	put_value(sb, "release", f->release ? f->release : s->guest.release);
	put_value(sb, "image-key", f->image_key ? f->image_key : s->guest.image_key);
	put_value(sb, "source", f->source);
	put_value(sb, "source-sha256", f->source_hash);
	put_value(sb, "damage", f->damage);
	put_value(sb, "compiler", f->compiler);
	put_value(sb, "linker", f->linker);
	put_value(sb, "pahole", f->pahole);
	put_value(sb, "config-sha256", f->config_hash);
	if (f->has_asked) {
		strbuf__addf(sb, "# asked");
		for (size_t i = 0; i < f->asked.n; i++)
			put_word(sb, " ", f->asked.v[i]);
		strbuf__addf(sb, "\n");
	}
	if (f->has_patches)
		strbuf__addf(sb, "# patches %zu\n", f->nr_patches);
	for (size_t i = 0; i < f->nr_patches; i++) {
		put_word(sb, "# patch ", f->patches[i].name);
		put_word(sb, " ", f->patches[i].hash);
		put_word(sb, " ", f->patches[i].change);
		strbuf__addf(sb, "\n");
	}
	put_value(sb, "assay", f->assay);
	put_value(sb, "clang", f->clang);
	put_value(sb, "libbpf", f->libbpf);
	put_value(sb, "guest-program", f->guest);
	for (size_t i = 0; i < f->nr_objects; i++) {
		put_word(sb, "# object ", f->objects[i].experiment);
		put_word(sb, " ", f->objects[i].value);
		strbuf__addf(sb, "\n");
	}
}

/* "accept", "reject EACCES", "none ENOENT failure:kfunc skipped", and of measurements the status:
 * "ok", "unexpected". */
static void put_outcome(struct strbuf *sb, const struct cell *c)
{
	static const char *const verdicts[] = {
		[VERDICT_NONE] = "none",
		[VERDICT_ACCEPT] = "accept",
		[VERDICT_REJECT] = "reject",
	};
	bool program = c->kind == RECORD_PROGRAM;

	strbuf__addf(sb, "%s", program ? verdicts[c->verdict] : status__name(c->status));
	if (c->err)
		strbuf__addf(sb, " %s", errno__name(c->err));
	if (c->failure && *c->failure)
		strbuf__addf(sb, " failure:%s", c->failure);
	if (program && c->status != STATUS_OK)
		strbuf__addf(sb, " %s", status__name(c->status));
}

static void put_rest(struct strbuf *sb, const char *message, const char *reason)
{
	if (*message || (reason && *reason)) {
		strbuf__addf(sb, "\t");
		baseline_text__escape(sb, message, "");
	}
	if (reason && *reason) {
		strbuf__addf(sb, "\t");
		baseline_text__escape(sb, reason, "");
	}
	strbuf__addf(sb, "\n");
}

static int put_cell(struct strbuf *sb, const struct cell *c)
{
	char *message = logdiff__message(c->kind == RECORD_PROGRAM ? c->message : NULL);
	char *reason = logdiff__message(c->status != STATUS_OK ? c->reason : NULL);

	if (message && reason) {
		baseline_text__escape(sb, c->experiment, "");
		strbuf__addf(sb, "\t");
		baseline_text__escape(sb, c->name, "[");
		if (*c->labels) {
			strbuf__addf(sb, "[");
			baseline_text__escape(sb, c->labels, "");
			strbuf__addf(sb, "]");
		}
		strbuf__addf(sb, "\t");
		put_outcome(sb, c);
		put_rest(sb, message, reason);
	}
	free(reason);
	free(message);
	return message && reason ? 0 : -ENOMEM;
}

/* Of an experiment whose cells don't tell all. */
static int put_whole(struct strbuf *sb, const struct whole *w)
{
	char *reason = logdiff__message(w->reason);

	if (!reason)
		return -ENOMEM;
	baseline_text__escape(sb, w->experiment, "");
	strbuf__addf(sb, "\t\t%s", status__name(w->status));
	put_rest(sb, "", reason);
	free(reason);
	return 0;
}

static bool has_cells(const struct side *s, const char *experiment)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->cells[i].experiment, experiment))
			return true;
	return false;
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines are sorted as text: what reads them sorts them by its own order. */
static int sorted_lines(const struct side *s, struct strv *lines)
{
	struct strbuf sb = STRBUF_INIT;
	int err = 0;

	for (size_t i = 0; !err && i < s->n; i++)
		err = put_cell(&sb, &s->cells[i]);
	for (size_t i = 0; !err && i < s->nr_wholes; i++) {
		const struct whole *w = &s->wholes[i];

		if (w->status != STATUS_OK || !has_cells(s, w->experiment))
			err = put_whole(&sb, w);
	}
	if (!err)
		err = sb.failed ? -ENOMEM : baseline_text__lines(strbuf__str(&sb), lines);
	if (!err && lines->n)
		qsort(lines->v, lines->n, sizeof(*lines->v), by_line);
	strbuf__free(&sb);
	return err;
}

int baseline__print(const struct side *s, char **text)
{
	struct strbuf sb = STRBUF_INIT;
	struct strv lines = { 0 };
	int err = sorted_lines(s, &lines);

	if (!err)
		put_head(&sb, s);
	for (size_t i = 0; !err && i < lines.n; i++)
		strbuf__addf(&sb, "%s\n", lines.v[i]);
	strv__free(&lines);
	*text = err || sb.failed ? NULL : strbuf__detach(&sb);
	if (!*text)
		strbuf__free(&sb);
	return *text ? 0 : -ENOMEM;
}

/* --- what is no baseline -----------------------------------------------------------------------
 */

static int say(struct strv *why, char *sentence)
{
	int err = sentence ? 0 : -ENOMEM;

	if (!err && !strv__has(why, sentence))
		err = strv__add(why, sentence);
	free(sentence);
	return err;
}

static int refuse_whole(const struct whole *w, struct strv *why)
{
	int err = 0;

	if (w->status >= STATUS_TIMEOUT)
		err = say(why, str_fmt("%s: %s%s%s", w->experiment, status__name(w->status),
				       w->reason ? ": " : "", w->reason ? w->reason : ""));
	if (!err && w->params && *w->params && strcmp(w->params, "{}"))
		err = say(why, str_fmt("%s ran with other parameters than its own: %s",
				       w->experiment, w->params));
	return err;
}

static int refuse_cell(const struct cell *c, struct strv *why)
{
	if (c->status < STATUS_TIMEOUT)
		return 0;
	return say(why, str_fmt("%s %s: %s%s%s", c->experiment, c->name, status__name(c->status),
				c->reason ? ": " : "", c->reason ? c->reason : ""));
}

int baseline__refusals(const struct side *s, struct strv *why)
{
	const struct guest_info *g = &s->guest;
	int err = 0;

	if (s->cut_off)
		err = say(why, strdup("the run was cut off, or is still running"));
	if (!err && !s->n)
		err = say(why, strdup("the run shows nothing of it"));
	if (!err && (g->cpus != BASELINE_CPUS || g->mem_mb != BASELINE_MEM_MB))
		err = say(why, str_fmt("its guest had %u CPUs and %u MB, not %u and %u", g->cpus,
				       g->mem_mb, BASELINE_CPUS, BASELINE_MEM_MB));
	for (size_t i = 0; !err && i < s->nr_wholes; i++)
		err = refuse_whole(&s->wholes[i], why);
	for (size_t i = 0; !err && i < s->n; i++)
		err = refuse_cell(&s->cells[i], why);
	/* One line is one verdict. */
	for (size_t i = 1; !err && i < s->n; i++)
		if (!cell__cmp(&s->cells[i - 1], &s->cells[i]))
			err = say(why, str_fmt("%s %s: there are two of that name",
					       s->cells[i].experiment, s->cells[i].name));
	return err;
}
