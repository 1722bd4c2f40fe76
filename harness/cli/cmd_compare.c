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
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/compare.h"
#include "cli/formats.h"
#include "cli/report_text.h"
#include "cli/sides.h"
#include "cli/suites.h"
#include "diff/attribute.h"
#include "diff/changes.h"
#include "diff/filter.h"
#include "diff/side.h"
#include "diff/stat.h"
#include "diff/threshold.h"

enum { OPT_THRESHOLD = 0x400, OPT_FULL };

struct compare_args {
	const char *words[2];
	int nr_words;
	struct thresholds *thresholds;
	struct filters *filters;
	struct order *order;
	struct strv columns;
	struct format_choice format;
	bool full;
};

static const struct argp_option options[] = {
	{ "threshold", OPT_THRESHOLD, "NAME=VALUE", 0,
	  "how much a figure must move: insns=5%, read=100, counts=50%, stats=off; several with "
	  "commas",
	  0 },
	{ "filter", 'f', "FILTER", 0,
	  "only what matches: insns_diff>10, verdict_a!=verdict_b, a glob for experiments and "
	  "programs, EXPERIMENT/PROGRAM; !FILTER: what does not; @FILE: filters from a file; can be "
	  "repeated",
	  0 },
	{ "sort", 's', "SPEC", 0,
	  "order within each kind, as insns_pct,prog or insns_diff^ (from small to large)", 0 },
	{ "emit", 'e', "SPEC", 0, "with --csv: only these statistics", 0 },
	{ "full", OPT_FULL, NULL, 0, "all changes, and where the logs part for each", 0 },
	{ 0 },
};

static int parse_columns(struct compare_args *a, char *arg, char **why)
{
	size_t before = a->columns.n;
	int err = strv__split(&a->columns, arg, ",");

	for (size_t i = before; !err && i < a->columns.n; i++) {
		if (stat__find(a->columns.v[i], strlen(a->columns.v[i])))
			continue;
		*why = str_fmt("no statistic is called '%s'", a->columns.v[i]);
		err = *why ? -EINVAL : -ENOMEM;
	}
	return err;
}

static error_t parse_words(struct compare_args *a, int key, char *arg, struct argp_state *state)
{
	if (key == ARGP_KEY_ARG && a->nr_words < 2) {
		a->words[a->nr_words++] = arg;
		return 0;
	}
	if (key == ARGP_KEY_END && a->nr_words == 2)
		return 0;
	if (key == ARGP_KEY_ARG)
		argp_error(state, "two sides are compared; '%s' is too much", arg);
	else
		argp_error(state, "two sides are compared: name runs or kernels, such as 5.10.218 "
				  "5.10.262");
	return EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct compare_args *a = state->input;
	const char *option;
	char *why = NULL;
	int err;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->format;
		return 0;
	case OPT_THRESHOLD:
		option = "--threshold";
		err = thresholds__parse(a->thresholds, arg, &why);
		break;
	case 'f':
		option = "--filter";
		err = filters__parse(a->filters, arg, &why);
		break;
	case 's':
		option = "--sort";
		err = order__parse(a->order, arg, &why);
		break;
	case 'e':
		option = "--emit";
		err = parse_columns(a, arg, &why);
		break;
	case OPT_FULL:
		a->full = true;
		return 0;
	case ARGP_KEY_ARG:
	case ARGP_KEY_END:
		return parse_words(a, key, arg, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (err == -EINVAL)
		argp_error(state, "%s: %s", option, why);
	free(why);
	return -err;
}

static const struct argp_child children[] = { { &format_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "A B",
	.doc = "Shows what changed from A to B: verdicts first, then what became of programs, "
	       "messages, statistics and measurements. A and B are each a run (id, name, the "
	       "beginning of one, latest), RUN:KERNEL, a kernel (of the newest run that has it), "
	       "baseline, baseline:KERNEL, or the file of a baseline.\vExit status: 0 nothing "
	       "changed, 1 something changed, 2 wrong use or nothing in common, 3 assay failed or not all "
	       "could be compared.",
	.children = children,
};

/* --- thresholds that nothing answers to ------------------------------------------------------ */

static int add_name(struct strv *sv, const char *name)
{
	return strv__has(sv, name) ? 0 : strv__add(sv, name);
}

static int see_side(const struct side *s, struct strv *known)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->n; i++) {
		const struct record *r = s->cells[i].record;

		for (size_t j = 0; !err && r && j < r->nr_series; j++)
			err = add_name(known, r->series[j].name);
		for (size_t j = 0; !err && r && j < r->nr_metrics; j++)
			err = add_name(known, r->metrics[j].name);
	}
	return err;
}

/* A misspelt name would leave the default in force, unseen. */
static int check_thresholds(const struct compare_args *a, const struct sides *sides)
{
	struct strv names = { 0 }, known = { 0 };
	int err = thresholds__names(a->thresholds, &names);

	for (size_t i = 0; !err && names.n && i < sides->n; i++) {
		err = see_side(sides->v[i].a, &known);
		err = err ? err : see_side(sides->v[i].b, &known);
	}
	for (size_t i = 0; !err && i < nr_diff_stats; i++) {
		err = strv__add(&known, diff_stats[i].name);
		if (!err && diff_stats[i].aliases[0])
			err = strv__add(&known, diff_stats[i].aliases[0]);
	}
	for (size_t i = 0; !err && i < names.n; i++)
		if (!strv__has(&known, names.v[i]))
			err = cli__unknown(
				"figure", names.v[i],
				str_nearest(names.v[i], (const char *const *)known.v, known.n),
				"--threshold takes a statistic, a series or metric of "
				"what is compared, or a class (stats, series, shares, "
				"fits, counts, times, all)");
	strv__free(&names);
	strv__free(&known);
	return err;
}

/* --- names that nothing answers to ----------------------------------------------------------- */

static bool has_names(const struct filters *f, const struct side *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (filters__names(f, &s->cells[i], NULL))
			return true;
	return false;
}

/* A misspelt name would make every comparison one in which nothing changed. */
static int check_filters(const struct compare_args *a, const struct sides *sides)
{
	bool any = !filters__any(a->filters);

	for (size_t i = 0; !any && i < sides->n; i++)
		any = has_names(a->filters, sides->v[i].a) || has_names(a->filters, sides->v[i].b);
	if (any)
		return 0;
	log_err("--filter: no experiment or program of what is compared is called so; `assay show "
		"RUN` names them");
	return -EINVAL;
}

/* --- the command ----------------------------------------------------------------------------- */

static int find_changes(const struct compare_args *a, const struct sides *sides, struct compared *v)
{
	const struct changes_opts o = { .thresholds = a->thresholds, .cause = attribute__cell };
	int err = 0;

	for (size_t i = 0; !err && i < sides->n; i++) {
		v[i].a = sides->v[i].a;
		v[i].b = sides->v[i].b;
		err = changes__find(v[i].a, v[i].b, &o, &v[i].changes);
		if (err)
			break;
		filters__apply(a->filters, v[i].changes);
		err = order__apply(a->order, v[i].changes);
	}
	if (err)
		log_err("compare: %s", strerror(-err));
	return err;
}

static int print_suites(const struct compare_args *a, const struct compared *v, size_t n)
{
	struct suites *suites = NULL;
	int err = compare_suites__make(v, n, a->filters, &suites);

	if (!err)
		err = a->format.format->suites(suites, stdout);
	suites__free(suites);
	return err;
}

static int print_table(const struct cli *cli, const struct compare_args *a,
		       const struct compared *v, size_t n)
{
	struct compare_style st = {
		.out = stdout,
		.width = report_text__width(stdout),
		.color = term_color(stdout),
		.full = a->full,
	};
	struct catalog *c = NULL;

	/* Runs can be compared where no guest program is: only the rows are missing then. */
	if (file_exists(cli->guest))
		catalog__load(cli->guest, &c);
	st.catalog = c;
	compare_table__print(&st, v, n);
	catalog__free(c);
	return 0;
}

static int print(const struct cli *cli, const struct compare_args *a, const struct compared *v,
		 size_t n)
{
	const char *format = format__is_table(a->format.format) ? "table" : a->format.format->name;

	if (strcmp(format, "table") == 0)
		return print_table(cli, a, v, n);
	if (strcmp(format, "json") == 0)
		return compare_json__print(v, n, stdout);
	if (strcmp(format, "csv") == 0)
		return compare_csv__print(v, n, a->filters, a->order, &a->columns, stdout);
	return print_suites(a, v, n);
}

/* The exit status. That nothing changed is said only when it is known. */
static int answer(const struct compared *v, size_t n)
{
	size_t compared = 0;
	bool partial = false;

	for (size_t i = 0; i < n; i++) {
		if (v[i].changes->n)
			return EXIT_UNEXPECTED;
		compared += v[i].changes->compared;
		partial |= v[i].changes->partial;
	}
	if (partial) {
		log_err("not all could be compared: a run was cut off, or something failed on both "
			"sides; nothing changed in the rest");
		return EXIT_HARNESS;
	}
	if (!compared) {
		log_err("nothing was compared: the two sides have no program and no measurement in "
			"common");
		return EXIT_USAGE;
	}
	return EXIT_AS_EXPECTED;
}

static int compare(const struct cli *cli, const struct compare_args *a, const struct sides *sides)
{
	struct compared *v = calloc(sides->n + 1, sizeof(*v));
	int err = v ? check_thresholds(a, sides) : -ENOMEM, status = EXIT_AS_EXPECTED;

	if (!err)
		err = check_filters(a, sides);
	if (!err)
		err = find_changes(a, sides, v);
	if (!err)
		err = print(cli, a, v, sides->n);
	for (size_t i = 0; !err && i < sides->notes.n; i++)
		log_info("%s", sides->notes.v[i]);
	if (!err)
		status = answer(v, sides->n);
	for (size_t i = 0; v && i < sides->n; i++)
		changes__free(v[i].changes);
	free(v);
	return err ? cli__exit_status(err) : status;
}

int cmd_compare(struct cli *cli, int argc, char **argv)
{
	struct compare_args a = {
		.thresholds = thresholds__new(),
		.filters = filters__new(),
		.order = order__new(),
	};
	struct sides sides = { 0 };
	struct store *s = NULL;
	int err = 0, status = EXIT_HARNESS;

	if (!a.thresholds || !a.filters || !a.order ||
	    !cli__parse(&argp, "compare", argc, argv, &a, &status))
		goto out;
	if (!sides__is_baseline(a.words[0]) || !sides__is_baseline(a.words[1]))
		err = cli__store(cli, false, &s);
	if (!err)
		err = sides__open(cli, s, a.words[0], a.words[1], &sides);
	status = err ? cli__exit_status(err) : compare(cli, &a, &sides);
out:
	sides__release(&sides);
	store__close(s);
	thresholds__free(a.thresholds);
	filters__free(a.filters);
	order__free(a.order);
	strv__free(&a.columns);
	return status;
}
