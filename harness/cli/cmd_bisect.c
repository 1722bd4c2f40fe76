// SPDX-License-Identifier: GPL-2.0-only
/* `assay bisect`: where along kernels, commits or patches a verdict changes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "cli/bisect.h"
#include "cli/bisect_commit.h"
#include "cli/bisect_line.h"
#include "cli/bisect_report.h"
#include "cli/catalog.h"

enum {
	OPT_BY = 0x300,
	OPT_RERUN,
	OPT_BUILT,
	OPT_SET_GLOBAL,
	OPT_TIMEOUT,
	OPT_SERIES,
	OPT_NO_SERIES,
	OPT_FROM,
	OPT_TO,
	OPT_STEP,
	OPT_GOOD,
	OPT_BAD,
	OPT_ANSWERS,
};

static const struct argp_option options[] = {
	{ "param", 'p', "[EXPERIMENT.]NAME=VALUE", 0,
	  "set a parameter of the experiments that have it", 1 },
	{ "set-global", OPT_SET_GLOBAL, "NAME=VALUE", 0,
	  "set a global variable of the objects, as `assay verify` does", 1 },
	{ "by", OPT_BY, "verdict|message|status", 0,
	  "what counts as a change (default verdict; of measurements the status)", 1 },
	{ "rerun", OPT_RERUN, NULL, 0, "try also what earlier bisections have tried", 1 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0,
	  "limit for each experiment, such as 90s or 5m (default: its own)", 1 },
	{ "built", OPT_BUILT, NULL, 0, "over kernels: only those that are built already", 2 },
	{ "series", OPT_SERIES, NULL, 0,
	  "over the patches of a kernel's series: KERNEL (default: the default one) stands where "
	  "GOOD and BAD do",
	  3 },
	{ "from", OPT_FROM, "PATCH", 0,
	  "with --series: begin with this patch and those before it applied (default: none)", 3 },
	{ "to", OPT_TO, "PATCH", 0, "with --series: end with this patch (default: the last)", 3 },
	{ "no-series", OPT_NO_SERIES, NULL, 0,
	  "with --kernel-source: apply none of the entry's patches to the commits", 4 },
	{ "step", OPT_STEP, NULL, 0,
	  "try the source in --kernel-source (default: the current folder) and end as `git bisect "
	  "run` wants it: 0 good, 1 bad, 125 can't be told, above 127 stop",
	  5 },
	{ "good", OPT_GOOD, "ANSWER", 0, "with --step: what the record says when good", 5 },
	{ "bad", OPT_BAD, "ANSWER", 0,
	  "with --step: what it says when bad (default: anything else that is an answer)", 5 },
	{ "answers", OPT_ANSWERS, "FOLDER", 0,
	  "with --step: keep there what commits said, and use what is there", 5 },
	{ 0 },
};

static error_t parse_by(struct bisect_args *a, const char *arg, struct argp_state *state)
{
	static const char *const names[] = { "verdict", "message", "status" };

	for (unsigned int i = 0; i < 3; i++) {
		if (strcmp(arg, names[i]) != 0)
			continue;
		a->by = (enum bisect_by)i;
		return 0;
	}
	argp_error(state, "--by: '%s' is none of verdict, message, status", arg);
	return EINVAL;
}

static bool is_step(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--step"))
			return true;
	return false;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct bisect_args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->vm;
		/* git would take 2 for "bad". */
		if (is_step(state->argc, state->argv))
			argp_err_exit_status = STEP_USAGE;
		return 0;
	case 'p':
		return strv__add(&a->params, arg) ? ENOMEM : 0;
	case OPT_BY:
		return parse_by(a, arg, state);
	case OPT_RERUN:
		a->rerun = true;
		return 0;
	case OPT_BUILT:
		a->built = true;
		return 0;
	case OPT_TIMEOUT:
		return cli__parse_timeout(state, arg, &a->timeout_ms);
	case OPT_SET_GLOBAL:
		return strv__add(&a->globals, arg) ? ENOMEM : 0;
	case OPT_SERIES:
		a->series = true;
		return 0;
	case OPT_NO_SERIES:
		a->no_series = true;
		return 0;
	case OPT_FROM:
		a->from = arg;
		return 0;
	case OPT_TO:
		a->to = arg;
		return 0;
	case OPT_STEP:
		a->step = true;
		return 0;
	case OPT_GOOD:
		a->good = arg;
		return 0;
	case OPT_BAD:
		a->bad = arg;
		return 0;
	case OPT_ANSWERS:
		a->answers = arg;
		return 0;
	case ARGP_KEY_ARG:
		return strv__add(&a->names, arg) ? ENOMEM : 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = { { &cli_vm_argp, 0, "Guest:", 6 }, { 0 } };
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "GOOD BAD EXPERIMENT[:RECORD]...\n"
		    "--kernel-source GITTREE GOOD BAD EXPERIMENT[:RECORD]...\n"
		    "--series [KERNEL] EXPERIMENT[:RECORD]...\n"
		    "--step --good ANSWER EXPERIMENT:RECORD",
	.doc = "Finds where the answer of a program or a measurement changes: over the kernels of "
	       "the list, over the commits of a git tree, or over the patches of a series. Without "
	       "RECORD all that differ between the ends are followed at once; a row of the "
	       "catalogue, such as E2, stands for the records that show it. A "
	       "BPF object FILE.o stands where an experiment does, as `assay verify` takes it.\v"
	       "GOOD and BAD are just two ends: either may be the older one. -k restricts the "
	       "kernels between them (names and globs); with --kernel-source it names the entry "
	       "whose configuration and series are used.\n\n"
	       "Exit status: 0 found, 1 found up to what could not be tried, 2 wrong use or the ends "
	       "do not differ, 3 assay failed or was cut off. docs/bisect.md says more.",
	.children = children,
};

static int add_experiment(struct bisect_args *a, const char *name)
{
	return strv__has(&a->experiments, name) ? 0 : strv__add(&a->experiments, name);
}

/* The records that show a row, of each experiment that has it. */
static int add_row(struct bisect_args *a, const struct catalog *c, const char *id)
{
	int err = 0;

	for (size_t i = 0; !err && i < catalog__count(c); i++) {
		for (size_t r = 0; !err && r < catalog__nr_rows(c, i); r++) {
			struct strv shows = { 0 };
			struct catalog_row row;

			catalog__row_at(c, i, r, &row);
			if (strcasecmp(row.id, id) != 0 || catalog__on_host(c, i))
				continue;
			err = add_experiment(a, catalog__name(c, i));
			if (!err)
				err = strv__split(&shows, row.shows, " ");
			for (size_t w = 0; !err && w < shows.n; w++) {
				char *name = str_fmt("%s:%s", catalog__name(c, i), shows.v[w]);

				err = name ? strv__add(&a->also, name) : -ENOMEM;
				free(name);
			}
			strv__free(&shows);
		}
	}
	return err;
}

/* FILE.o or FILE.o:PROGRAM: its records are called like the file. */
static int add_object(struct bisect_args *a, const char *path, const char *rest)
{
	char *real = realpath(path, NULL);
	const char *slash = strrchr(path, '/');
	char *wanted = str_fmt("%s%s", slash ? slash + 1 : path, rest);
	int err = wanted ? strv__add(&a->wanted, wanted) : -ENOMEM;

	/* One that is not there is told of by its own name. */
	if (!err && !strv__has(&a->objects, real ? real : path))
		err = strv__add(&a->objects, real ? real : path);
	free(real);
	free(wanted);
	return err;
}

static bool is_row(const struct catalog *c, const char *name)
{
	for (size_t i = 0; i < catalog__count(c); i++)
		if (catalog__row(c, i, name))
			return true;
	return false;
}

/* The names behind the ends are records, and bring their experiments; or rows of the catalogue. */
static int split_names(struct cli *cli, struct bisect_args *a)
{
	const struct catalog *c;
	int err = cli__catalog(cli, &c);

	for (size_t i = a->nr_ends; !err && i < a->names.n; i++) {
		const char *name = a->names.v[i];
		char *experiment = strndup(name, strcspn(name, ":"));

		if (!experiment) {
			err = -ENOMEM;
		} else if (str_ends(experiment, ".o")) {
			err = add_object(a, experiment, name + strlen(experiment));
		} else if (catalog__find(c, name, NULL) < 0 && is_row(c, name)) {
			err = add_row(a, c, name);
		} else {
			err = strv__add(&a->wanted, name);
			if (!err)
				err = add_experiment(a, experiment);
		}
		free(experiment);
	}
	if (!err && !a->experiments.n && !a->objects.n) {
		log_err("bisect: no experiment named; `assay list experiments` shows all");
		err = -EINVAL;
	}
	return err;
}

/* With --series a kernel may stand first. */
static size_t nr_ends(struct cli *cli, const struct bisect_args *a)
{
	const struct kernels *ks;

	if (a->step)
		return 0;
	if (!a->series)
		return 2;
	if (a->names.n < 2 || strchr(a->names.v[0], ':') || cli__kernels(cli, &ks))
		return 0;
	return kernels__find(ks, a->names.v[0], NULL) ? 1 : 0;
}

static int refuse(const char *option, const char *with)
{
	log_err("bisect: %s goes with %s", option, with);
	return -EINVAL;
}

static int check(const struct bisect_args *a)
{
	if ((a->from || a->to) && !a->series)
		return refuse("--from and --to", "--series");
	if (a->no_series && !a->vm.kernel_source && !a->step)
		return refuse("--no-series", "--kernel-source or --step");
	if ((a->good || a->bad || a->answers) && !a->step)
		return refuse("--good, --bad and --answers", "--step");
	if (a->step && a->series)
		return refuse("--step", "the source of one commit, not --series");
	if (a->built && (a->step || a->series || a->vm.kernel_source))
		return refuse("--built", "a bisection over kernels");
	return 0;
}

static int run(struct cli *cli, struct bisect_args *a)
{
	int err = check(a);

	a->nr_ends = nr_ends(cli, a);
	if (!err && a->names.n < a->nr_ends) {
		log_err("bisect: it takes GOOD, BAD and an experiment; `assay bisect --help`");
		err = -EINVAL;
	}
	if (!err)
		err = split_names(cli, a);
	if (err)
		return a->step ? STEP_USAGE : cli__exit_status(err);
	if (a->step)
		return bisect__step(cli, a);
	if (a->series)
		return bisect__series(cli, a);
	return a->vm.kernel_source ? bisect__commits(cli, a) : bisect__kernels(cli, a);
}

int bisect__open_trial(struct cli *cli, const struct bisect_args *a, struct trial *t)
{
	*t = (struct trial){
		.cli = cli, .vm = &a->vm, .timeout_ms = a->timeout_ms, .rerun = a->rerun
	};
	return trial__open(t, &(const struct trial_request){
				      .experiments = &a->experiments,
				      .params = &a->params,
				      .objects = &a->objects,
				      .globals = &a->globals,
			      });
}

static const char *reason_of(int err)
{
	return err == -EINTR ? "interrupted" : strerror(-err);
}

int bisect__finish(struct trial *t, const struct line *l, int err)
{
	int status = EXIT_HARNESS;

	if (!err && l->end == LINE_FOUND)
		status = bisect_report__is_exact(l) ? EXIT_AS_EXPECTED : EXIT_UNEXPECTED;
	else if (!err && (l->end == LINE_SAME || l->end == LINE_UNKNOWN))
		status = EXIT_USAGE;
	if (!err && l->end == LINE_NO_END)
		log_err("bisect: both ends must say something, and one does not");
	if (trial__end(t, err ? reason_of(err) : NULL, status))
		status = EXIT_HARNESS;
	if (err)
		log_err("bisect: cut off: %s; the same command goes on with what is known by now",
			reason_of(err));
	return status;
}

int cmd_bisect(struct cli *cli, int argc, char **argv)
{
	struct bisect_args a = { 0 };
	int status;

	cli_vm__init(&a.vm);
	if (cli__parse(&argp, "bisect", argc, argv, &a, &status))
		status = run(cli, &a);
	else if (status && is_step(argc, argv))
		status = STEP_USAGE;
	strv__free(&a.names);
	strv__free(&a.experiments);
	strv__free(&a.wanted);
	strv__free(&a.also);
	strv__free(&a.objects);
	strv__free(&a.globals);
	strv__free(&a.params);
	return status;
}
