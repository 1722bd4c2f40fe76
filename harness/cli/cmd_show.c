// SPDX-License-Identifier: GPL-2.0-only
/* `assay show`: a run's tables again, its records, its texts. */
#include "cli/cmd_show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/formats.h"
#include "cli/report.h"
#include "cli/stat_columns.h"
#include "cli/suites.h"
#include "model/record.h"

enum { OPT_MATRIX = 0x400, OPT_LINES, OPT_SORT, OPT_KIND };

enum form { FORM_FORMAT, FORM_MATRIX, FORM_TEXTS, FORM_LINES };

struct show_args {
	struct strv words;
	const char *kernel;
	enum form form;
	struct format_choice format;
	unsigned int kinds;  /* bits: index in show_kinds */
	const char *sort_by; /* as it was given; what it means depends on the form */
	const struct stat_column *sort;
	struct show_lines lines;
	bool reverse;
};

/* --- what the run holds -------------------------------------------------------------------- */

/* Names that occur in a run. */
struct contents {
	struct strv kernels, experiments, programs;
	const char *kernel, *experiment; /* programs: of these only */
};

static int add_name(struct strv *sv, const char *name)
{
	return strv__has(sv, name) ? 0 : strv__add(sv, name);
}

static int see_experiment(void *ctx, const struct stored_experiment *e)
{
	struct contents *c = ctx;
	int err = add_name(&c->kernels, e->kernel);

	return err ? err : add_name(&c->experiments, e->experiment);
}

static int see_record(void *ctx, const struct stored_record *sr)
{
	struct contents *c = ctx;
	int err = add_name(&c->kernels, sr->guest.kernel);

	if (!err)
		err = add_name(&c->experiments, sr->record->experiment);
	if (!err && (!c->experiment || strcmp(c->experiment, sr->record->experiment) == 0) &&
	    (!c->kernel || strcmp(c->kernel, sr->guest.kernel) == 0))
		err = add_name(&c->programs, sr->record->name);
	return err;
}

static int read_contents(struct store *s, int64_t run, struct contents *c)
{
	int err = store__experiments(s, run, NULL, NULL, see_experiment, c);

	return err ? err : store__records(s, run, NULL, NULL, see_record, c);
}

static void release_contents(struct contents *c)
{
	strv__free(&c->kernels);
	strv__free(&c->experiments);
	strv__free(&c->programs);
}

/* --- which run ----------------------------------------------------------------------------- */

struct search {
	struct store *store;
	const char *experiment;
	int64_t id; /* of the newest run that has it; 0: none */
	struct strv names;
};

static int found_one(void *ctx, const struct stored_experiment *e)
{
	(void)ctx;
	(void)e;
	return 1;
}

static int found_record(void *ctx, const struct stored_record *r)
{
	(void)ctx;
	(void)r;
	return 1;
}

static int search_run(void *ctx, const struct run_info *r)
{
	struct search *s = ctx;
	int err = strv__add(&s->names, r->name);

	if (!err)
		err = store__experiments(s->store, r->id, NULL, s->experiment, found_one, NULL);
	if (!err)
		err = store__records(s->store, r->id, NULL, s->experiment, found_record, NULL);
	if (err > 0)
		s->id = r->id;
	return err < 0 ? err : 0;
}

static int unknown_word(struct store *s, const char *word, const struct strv *runs)
{
	struct contents c = { 0 };
	struct run_info latest;
	struct strv known = { 0 };
	const char *nearest = NULL;
	size_t i;
	int err = store__find_run(s, NULL, &latest);

	if (!err)
		err = read_contents(s, latest.id, &c);
	for (i = 0; i < c.experiments.n && !err; i++)
		err = strv__add(&known, c.experiments.v[i]);
	for (i = 0; i < runs->n && !err; i++)
		err = strv__add(&known, runs->v[i]);
	if (!err)
		nearest = str_nearest(word, (const char *const *)known.v, known.n);
	log_err("'%s' is neither a run nor an experiment of one%s%s%s; `assay list runs` shows the "
		"runs",
		word, nearest ? ": did you mean '" : "", nearest ? nearest : "",
		nearest ? "'?" : "");
	run_info__release(&latest);
	release_contents(&c);
	strv__free(&known);
	return -EINVAL;
}

/* The first word is a run, or else an experiment of the newest run that has it. *words: how many
 * words named the run, 0 or 1. */
static int choose_run(struct store *s, const struct strv *args, struct run_info *out, size_t *words)
{
	struct search search = { .store = s };
	char id[24];
	int err;

	*words = 0;
	err = store__find_run(s, args->n ? args->v[0] : NULL, out);
	if (!args->n) {
		if (err == -ENOENT)
			log_err("no runs are recorded yet; `assay run` makes one");
		return err;
	}
	if (err != -ENOENT) {
		*words = 1;
		return err == -ENOTUNIQ ? -EINVAL : err;
	}
	search.experiment = args->v[0];
	err = store__runs(s, search_run, &search);
	if (!err && !search.id)
		err = unknown_word(s, args->v[0], &search.names);
	if (!err) {
		snprintf(id, sizeof(id), "%lld", (long long)search.id);
		err = store__find_run(s, id, out);
	}
	if (!err && search.names.n && strcmp(out->name, search.names.v[search.names.n - 1]) != 0)
		log_info("from run %s, the last one with %s", out->name, args->v[0]);
	strv__free(&search.names);
	return err;
}

/* --- what of it ---------------------------------------------------------------------------- */

static int must_be_in(const struct strv *known, const char *name, const char *what, const char *run)
{
	const char *nearest;

	if (!name || strv__has(known, name))
		return 0;
	nearest = str_nearest(name, (const char *const *)known->v, known->n);
	log_err("run %s has no %s '%s'%s%s%s", run, what, name, nearest ? ": did you mean '" : "",
		nearest ? nearest : "", nearest ? "'?" : "");
	return -EINVAL;
}

/* A branch such as 5.10 stands for the kernel of it that the run has, if that is one. */
static const char *kernel_of(const struct strv *kernels, const char *name)
{
	const char *found = NULL;
	size_t len = strlen(name), i;

	if (strv__has(kernels, name))
		return name;
	for (i = 0; i < kernels->n; i++) {
		if (strncmp(kernels->v[i], name, len) != 0 || kernels->v[i][len] != '.')
			continue;
		if (found)
			return name;
		found = kernels->v[i];
	}
	return found ? found : name;
}

/* *kernel (caller frees) is what w->kernel then points to. */
static int check_names(struct show_what *w, char **kernel)
{
	struct contents c = { 0 };
	int err = read_contents(w->store, w->run->id, &c);

	if (!err && w->kernel) {
		*kernel = strdup(kernel_of(&c.kernels, w->kernel));
		if (!*kernel)
			err = -ENOMEM;
		else
			w->kernel = *kernel;
	}
	/* Once more for the programs of just that kernel and experiment. */
	release_contents(&c);
	c = (struct contents){ .kernel = w->kernel, .experiment = w->experiment };
	if (!err)
		err = read_contents(w->store, w->run->id, &c);
	if (!err)
		err = must_be_in(&c.kernels, w->kernel, "kernel", w->run->name);
	if (!err)
		err = must_be_in(&c.experiments, w->experiment, "experiment", w->run->name);
	if (!err)
		err = must_be_in(&c.programs, w->program, "program or measurement", w->run->name);
	release_contents(&c);
	return err;
}

static const char *summary(void *ctx, const char *experiment)
{
	const struct catalog *c = ctx;
	int i = c ? catalog__find(c, experiment, NULL) : -ENOENT;

	return i < 0 ? NULL : catalog__summary(c, (size_t)i);
}

static int show_table(const struct cli *cli, const struct show_what *w, const struct show_args *a)
{
	struct report_opts opts = {
		.out = stdout,
		.kernel = w->kernel,
		.experiment = w->experiment,
		.program = w->program,
		.sort = a->sort,
		.reverse = a->reverse,
		.summary = summary,
	};
	struct catalog *c = NULL;
	int err;

	/* A run can be shown where no guest program is: only the summaries are missing then. */
	if (file_exists(cli->guest))
		catalog__load(cli->guest, &c);
	opts.ctx = c;
	err = report__print(w->store, w->run, &opts);
	catalog__free(c);
	return err;
}

static int show_format(const struct cli *cli, const struct show_what *w, const struct show_args *a)
{
	const struct suites_of of = {
		.store = w->store,
		.run = w->run,
		.kernel = w->kernel,
		.experiment = w->experiment,
		.program = w->program,
	};

	return format__is_table(a->format.format) ? show_table(cli, w, a)
						  : format__run(a->format.format, &of, stdout);
}

static void say_nothing(const struct show_what *w, const char *what)
{
	log_err("run %s holds no %s%s%s%s%s%s%s", w->run->name, what,
		w->program	? " of "
		: w->experiment ? " of "
				: "",
		w->experiment ? w->experiment : "", w->program ? " " : "",
		w->program ? w->program : "", w->kernel ? " on " : "", w->kernel ? w->kernel : "");
}

/* Exit status, or -errno. */
static int show_pieces(const struct show_what *w, const struct show_args *a)
{
	int status = EXIT_AS_EXPECTED, n, printed = 0;
	size_t i;

	if (a->form == FORM_MATRIX) {
		n = show__matrices(w);
		if (!n)
			say_nothing(w, "matrix");
		return n < 0 ? n : n ? EXIT_AS_EXPECTED : EXIT_UNEXPECTED;
	}
	if (a->form == FORM_LINES) {
		n = show__lines(w, &a->lines);
		if (!n)
			say_nothing(w, "verifier log");
		return n < 0 ? n : n ? EXIT_AS_EXPECTED : EXIT_UNEXPECTED;
	}
	for (i = 0; i < nr_show_kinds; i++) {
		if (!(a->kinds & 1u << i))
			continue;
		if (printed)
			fputc('\n', stdout);
		/* Several kinds: even a text that is alone must say which it is. */
		n = show__texts(w, &show_kinds[i], a->kinds & (a->kinds - 1));
		if (n < 0)
			return n;
		printed += n;
		if (!n) {
			say_nothing(w, show_kinds[i].title);
			status = EXIT_UNEXPECTED;
		}
	}
	return status;
}

static int show(const struct cli *cli, const struct show_what *w, const struct show_args *a)
{
	int err = a->form == FORM_FORMAT ? show_format(cli, w, a) : show_pieces(w, a);

	return err < 0 ? cli__exit_status(err) : err;
}

/* --- the command --------------------------------------------------------------------------- */

static int set_form(struct show_args *a, enum form form, struct argp_state *state)
{
	if (a->form != FORM_FORMAT && a->form != form) {
		argp_error(state, "--matrix, --lines and the texts can't be had in one");
		return EINVAL;
	}
	a->form = form;
	return 0;
}

static int check_form(const struct show_args *a, struct argp_state *state)
{
	if (a->form == FORM_FORMAT || !a->format.format)
		return 0;
	if (a->form == FORM_LINES &&
	    (format__is_table(a->format.format) || !strcmp(a->format.format->name, "json")))
		return 0;
	if (a->form == FORM_LINES) {
		argp_error(state, "%s: --lines is a table or --json", a->format.option);
		return EINVAL;
	}
	argp_error(state, "%s, --matrix and the texts can't be had in one", a->format.option);
	return EINVAL;
}

static int check_sort(struct show_args *a, struct argp_state *state)
{
	const char *name = a->sort_by, *nearest = NULL;
	bool known;

	if (!name)
		return 0;
	a->reverse = *name == '-';
	name += a->reverse;
	if (a->form == FORM_LINES) {
		known = show_lines__order(name, &a->lines.order, &nearest);
	} else {
		a->sort = stat_column__find(name, &nearest);
		known = a->sort;
	}
	if (known)
		return 0;
	argp_error(state, "--sort: no column is called '%s'%s%s%s", name,
		   nearest ? ": did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return EINVAL;
}

static int check_args(struct show_args *a, struct argp_state *state)
{
	int err = check_form(a, state);

	err = err ? err : check_sort(a, state);
	a->lines.reverse = a->reverse;
	a->lines.json = !format__is_table(a->format.format);
	return err;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct show_args *a = state->input;

	if (key >= OPT_KIND && (size_t)(key - OPT_KIND) < nr_show_kinds) {
		a->kinds |= 1u << (key - OPT_KIND);
		return set_form(a, FORM_TEXTS, state);
	}
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->format;
		return 0;
	case ARGP_KEY_END:
		return check_args(a, state);
	case 'k':
		a->kernel = arg;
		return 0;
	case OPT_MATRIX:
		return set_form(a, FORM_MATRIX, state);
	case OPT_LINES:
		return set_form(a, FORM_LINES, state);
	case OPT_SORT:
		a->sort_by = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (a->words.n == 3) {
			argp_error(state,
				   "'%s' is too much: at most a run, an experiment and a "
				   "program",
				   arg);
			return EINVAL;
		}
		return strv__add(&a->words, arg) ? ENOMEM : 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option fixed_options[] = {
	{ "kernel", 'k', "KERNEL", 0, "only what was seen on this kernel", 0 },
	{ "sort", OPT_SORT, "COLUMN", 0,
	  "order programs by a column such as insns, states, duration, stack or status; "
	  "-COLUMN turns the order round. With --lines: visits (the default), insns, first",
	  0 },
	{ "lines", OPT_LINES, NULL, 0,
	  "what verifying cost, by source line: how often the verifier came by its instructions, "
	  "counted in the full log",
	  0 },
	{ "matrix", OPT_MATRIX, NULL, 0, "matrices, drawn whole", 0 },
};
#define NR_FIXED (sizeof(fixed_options) / sizeof(fixed_options[0]))

/* Options from both tables. NULL on ENOMEM; caller frees. */
static struct argp_option *make_options(void)
{
	struct argp_option *o = calloc(NR_FIXED + nr_show_kinds + 1, sizeof(*o));
	size_t i;

	if (!o)
		return NULL;
	memcpy(o, fixed_options, sizeof(fixed_options));
	for (i = 0; i < nr_show_kinds; i++)
		o[NR_FIXED + i] = (struct argp_option){
			show_kinds[i].option, OPT_KIND + (int)i, NULL, 0, show_kinds[i].help, 0
		};
	return o;
}

static int run_show(struct cli *cli, const struct show_args *a)
{
	struct show_what what = { .kernel = a->kernel };
	struct run_info run = { 0 };
	char *kernel = NULL;
	size_t words = 0;
	int err, status;

	err = cli__store(cli, false, &what.store);
	if (!err)
		err = choose_run(what.store, &a->words, &run, &words);
	if (!err && a->words.n > words + 2) {
		log_err("'%s' is too much: '%s' is no run, so it is an experiment and '%s' a "
			"program",
			a->words.v[2], a->words.v[0], a->words.v[1]);
		err = -EINVAL;
	}
	if (!err) {
		what.run = &run;
		what.experiment = a->words.n > words ? a->words.v[words] : NULL;
		what.program = a->words.n > words + 1 ? a->words.v[words + 1] : NULL;
		err = check_names(&what, &kernel);
	}
	status = err ? cli__exit_status(err) : show(cli, &what, a);
	free(kernel);
	run_info__release(&run);
	store__close(what.store);
	return status;
}

int cmd_show(struct cli *cli, int argc, char **argv)
{
	struct argp_option *options = make_options();
	const struct argp_child children[] = { { &format_argp, 0, NULL, 0 }, { 0 } };
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = "[RUN] [EXPERIMENT [PROGRAM]]",
		.doc = "Shows a run again: its tables, or the texts that it kept. RUN is a name, the "
		       "beginning of one, an id of `assay list runs`, or latest (the default); a "
		       "first word that is no run is an experiment of the last run that has it.",
	};
	struct show_args a = { 0 };
	int status = EXIT_HARNESS;

	if (options && cli__parse(&argp, "show", argc, argv, &a, &status))
		status = run_show(cli, &a);
	strv__free(&a.words);
	free(options);
	return status;
}
