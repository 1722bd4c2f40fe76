// SPDX-License-Identifier: GPL-2.0-only
/* `assay compare`: what changed between two runs, two kernels, or a run and the baseline. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/cli.h"
#include "cli/compare_table.h"
#include "cli/report_text.h"
#include "cli/sides.h"
#include "diff/attribute.h"
#include "diff/changes.h"
#include "diff/side.h"
#include "diff/threshold.h"

enum { OPT_THRESHOLD = 0x400, OPT_FULL };

struct compare_args {
	const char *words[2];
	int nr_words;
	struct thresholds *thresholds;
	bool full;
};

static const struct argp_option options[] = {
	{ "threshold", OPT_THRESHOLD, "NAME=VALUE", 0,
	  "how much a figure must move: insns=5%, read=100, times=50%, stats=off; several with "
	  "commas",
	  0 },
	{ "full", OPT_FULL, NULL, 0, "all changes, and where the logs part for each", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct compare_args *a = state->input;
	char *why = NULL;
	int err;

	switch (key) {
	case OPT_THRESHOLD:
		err = thresholds__parse(a->thresholds, arg, &why);
		if (err == -EINVAL)
			argp_error(state, "--threshold: %s", why);
		free(why);
		return err ? -err : 0;
	case OPT_FULL:
		a->full = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->nr_words == 2) {
			argp_error(state, "two sides are compared; '%s' is too much", arg);
			return EINVAL;
		}
		a->words[a->nr_words++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->nr_words < 2) {
			argp_error(state, "two sides are compared: name runs or kernels, such as "
					  "5.10.218 5.10.262");
			return EINVAL;
		}
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "A B",
	.doc = "Shows what changed from A to B: verdicts first, then what became of programs, "
	       "messages, statistics and measurements. A and B are each a run (id, name, the "
	       "beginning of one, latest), RUN:KERNEL, a kernel (of the newest run that has it), "
	       "baseline, baseline:KERNEL, or the file of a baseline.\vExit status: 0 nothing "
	       "changed, 1 something changed, 2 wrong use, 3 assay failed.",
};

struct totals {
	size_t counts[NR_CHANGE_KINDS];
	size_t n;
};

static int compare_pair(const struct compare_args *a, const struct compare_style *st,
			const struct sides_pair *p, struct totals *t)
{
	const struct changes_opts o = {
		.thresholds = a->thresholds,
		.cause = attribute__cell,
	};
	struct changes *c = NULL;
	int err = changes__find(p->a, p->b, &o, &c);

	if (err) {
		log_err("%s against %s: %s", p->a->title, p->b->title, strerror(-err));
		return err;
	}
	compare_table__print(st, p->a, p->b, c);
	for (size_t i = 0; i < NR_CHANGE_KINDS; i++)
		t->counts[i] += c->counts[i];
	t->n += c->n;
	changes__free(c);
	return 0;
}

static int compare(const struct compare_args *a, const struct sides *sides)
{
	const struct compare_style st = {
		.out = stdout,
		.width = report_text__width(stdout),
		.color = term_color(stdout),
		.full = a->full,
	};
	struct totals t = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < sides->n; i++) {
		if (i)
			fputc('\n', stdout);
		err = compare_pair(a, &st, &sides->v[i], &t);
	}
	if (!err && sides->n > 1)
		compare_table__sum(&st, t.counts, sides->n);
	for (size_t i = 0; !err && i < sides->notes.n; i++)
		log_info("%s", sides->notes.v[i]);
	return err ? cli__exit_status(err) : t.n ? EXIT_UNEXPECTED : EXIT_AS_EXPECTED;
}

int cmd_compare(struct cli *cli, int argc, char **argv)
{
	struct compare_args a = { .thresholds = thresholds__new() };
	struct sides sides = { 0 };
	struct store *s = NULL;
	int err, status = EXIT_HARNESS;

	if (!a.thresholds || !cli__parse(&argp, "compare", argc, argv, &a, &status))
		goto out;
	err = cli__store(cli, false, &s);
	if (!err)
		err = sides__open(cli, s, a.words[0], a.words[1], &sides);
	status = err ? cli__exit_status(err) : compare(&a, &sides);
out:
	sides__release(&sides);
	store__close(s);
	thresholds__free(a.thresholds);
	return status;
}
