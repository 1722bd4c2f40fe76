// SPDX-License-Identifier: GPL-2.0-only
#include "study/override_report.h"

#include <errno.h>

#include "study/override_answers.h"
#include "study/override_text.h"

/* --- in short ------------------------------------------------------------------------------ */

struct short_answer {
	const char *title;
	const struct finding *finding;
};

#define NR_SHORT 5

static void collect(const struct answers *a, struct short_answer out[NR_SHORT])
{
	out[0] = (struct short_answer){ "Does optimisation explain the loss?", &a->cause.finding };
	out[1] =
		(struct short_answer){ "What is left when optimisation is off?", &a->rest.finding };
	out[2] = (struct short_answer){ "Do the suspects act only through time?",
					&a->suspicions_finding };
	out[3] = (struct short_answer){ "Which hook should one use?", &a->choice.finding };
	out[4] = (struct short_answer){ "Does the cure hold?", &a->cure.finding };
}

static void put_missing(struct strbuf *sb, const struct finding *f, size_t most)
{
	for (size_t i = 0; i < f->missing.n && i < most; i++)
		strbuf__addf(sb, "%s%s", i ? "; " : " Missing: ", f->missing.v[i]);
	if (f->missing.n > most)
		strbuf__addf(sb, "; and %zu more", f->missing.n - most);
	if (f->missing.n)
		strbuf__addf(sb, ".");
}

static void in_short(struct strbuf *sb, const struct answers *a)
{
	struct short_answer answers[NR_SHORT];

	collect(a, answers);
	strbuf__addf(sb, "## In short\n\n");
	for (int i = 0; i < NR_SHORT; i++) {
		if (i < 4)
			strbuf__addf(sb, "%d. ", i + 1);
		else
			strbuf__addf(sb, "\n");
		strbuf__addf(sb, "**%s** *%s.* %s", answers[i].title,
			     conclusion__name(answers[i].finding->conclusion),
			     answers[i].finding->text);
		if (answers[i].finding->conclusion == NOT_DECIDED)
			put_missing(sb, answers[i].finding, 3);
		strbuf__addf(sb, "\n");
	}
	strbuf__addf(sb, "\n");
}

/* --- the whole ----------------------------------------------------------------------------- */

static int write_out(struct strbuf *sb, FILE *out)
{
	int err = sb->failed ? -ENOMEM : 0;

	if (!err && (fputs(strbuf__str(sb), out) == EOF || ferror(out)))
		err = -EIO;
	strbuf__free(sb);
	return err;
}

int study_report__document(const struct study_data *d, FILE *out)
{
	struct strbuf sb = STRBUF_INIT;
	struct answers a;
	int err = override_answers__make(d, &a);

	if (!err) {
		strbuf__addf(
			&sb,
			"# The override study\n\n"
			"<!-- Written by `assay study override --report`. Do not edit: a rerun "
			"writes it anew. -->\n\n"
			"**Question.** ");
		text__escaped(&sb, d->question);
		strbuf__addf(&sb, "\n\n");
		in_short(&sb, &a);
		override_report__design(&sb, &a);
		override_report__taxonomy(&sb, &a);
		override_report__cause(&sb, &a);
		override_report__rest(&sb, &a);
		override_report__suspicions(&sb, &a);
		override_report__choice(&sb, &a);
		override_report__cure(&sb, &a);
		override_report__pictures(&sb, &a);
		override_report__limits(&sb, &a);
		override_report__repeat(&sb, &a);
		err = write_out(&sb, out);
	}
	override_answers__release(&a);
	return err;
}

/* Without Markdown's marks: the texts have backticks and escapes only. */
static void put_plain(struct strbuf *sb, const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == '`')
			continue;
		strbuf__add(sb, s, 1);
	}
}

int study_report__summary(const struct study_data *d, FILE *out)
{
	struct short_answer answers[NR_SHORT];
	struct strbuf sb = STRBUF_INIT;
	struct answers a;
	int err = override_answers__make(d, &a);

	if (!err) {
		collect(&a, answers);
		for (int i = 0; i < NR_SHORT; i++) {
			strbuf__addf(&sb, "%s %s\n  ", answers[i].title,
				     conclusion__name(answers[i].finding->conclusion));
			put_plain(&sb, answers[i].finding->text);
			if (answers[i].finding->conclusion == NOT_DECIDED)
				put_missing(&sb, answers[i].finding, 2);
			strbuf__addf(&sb, "\n");
		}
		err = write_out(&sb, out);
	}
	override_answers__release(&a);
	return err;
}
