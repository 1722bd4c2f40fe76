// SPDX-License-Identifier: GPL-2.0-only
/* `assay study`: many points of one experiment by a design, in a run that can be interrupted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/study_open.h"
#include "cli/study_run.h"
#include "cli/study_table.h"
#include "cli/study_world.h"
#include "store/store.h"
#include "study/data.h"
#include "study/design.h"

struct study_args {
	const char *name, *run, *file, *output;
	bool full, fresh, list, report, accel_given;
	struct strv only;
	enum accel accel;
};

enum { OPT_FULL = 0x300, OPT_NEW, OPT_LIST, OPT_ONLY, OPT_DESIGN, OPT_ACCEL, OPT_REPORT };

static const struct argp_option options[] = {
	{ "full", OPT_FULL, NULL, 0, "all of the design; else the quick form", 0 },
	{ "new", OPT_NEW, NULL, 0, "begin a new run, also where one was cut off", 0 },
	{ "list", OPT_LIST, NULL, 0, "show the points, and measure nothing", 0 },
	{ "only", OPT_ONLY, "BLOCK", 0, "these blocks of the design; several with commas", 0 },
	{ "design", OPT_DESIGN, "FILE", 0,
	  "take the design from here; without STUDY the study has the file's name", 0 },
	{ "report", OPT_REPORT, NULL, 0,
	  "write the document of a run (default: the study's newest), and measure nothing", 0 },
	{ "output", 'o', "FILE", 0, "write the document there (default: standard output)", 0 },
	{ "accel", OPT_ACCEL, "auto|kvm|tcg", 0, "accelerator (default auto, as `assay run`)", 0 },
	{ 0 },
};

/* What goes together. */
static void check(const struct study_args *a, struct argp_state *state)
{
	if (a->run && !a->report)
		argp_error(state, "one study at a time: '%s' and '%s'", a->name, a->run);
	if (a->output && !a->report)
		argp_error(state, "--output goes with --report");
	if (a->report && !a->name)
		argp_error(state, "--report: of which study?");
	if (a->report && (a->full || a->fresh || a->list || a->only.n || a->file || a->accel_given))
		argp_error(state, "--report goes with --output alone: it measures nothing");
	if (a->name || a->file)
		return;
	if (a->full || a->fresh || a->only.n)
		argp_error(state, "%s: of which study?",
			   a->full    ? "--full"
			   : a->fresh ? "--new"
				      : "--only");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct study_args *a = state->input;

	switch (key) {
	case OPT_FULL:
		a->full = true;
		return 0;
	case OPT_NEW:
		a->fresh = true;
		return 0;
	case OPT_LIST:
		a->list = true;
		return 0;
	case OPT_ONLY:
		if (!arg[strspn(arg, ", \t")])
			argp_error(state, "--only: no block named");
		return strv__split(&a->only, arg, ",") ? ENOMEM : 0;
	case OPT_DESIGN:
		a->file = arg;
		return 0;
	case OPT_ACCEL:
		a->accel_given = true;
		if (accel__parse(arg, &a->accel))
			argp_error(state, "--accel: '%s' is none of auto, kvm, tcg", arg);
		return 0;
	case OPT_REPORT:
		a->report = true;
		return 0;
	case 'o':
		a->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!a->name)
			a->name = arg;
		else if (!a->run)
			a->run = arg;
		else
			argp_error(state, "'%s' is too much", arg);
		return 0;
	case ARGP_KEY_END:
		check(a, state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[STUDY]\nSTUDY --report [RUN]",
	.doc = "Measures the points of a study's design (docs/studies.md), keeps them in a run and "
	       "prints how its blocks went. A run that was cut off goes on where it was when the "
	       "same command is given again. Without a name: the studies there are.\v"
	       "Exit status: 0 all as expected, 1 something unexpected, 2 wrong use, 3 assay failed "
	       "or was cut off.",
};

/* "97 on 8": points and boots. */
static char *size_text(const struct design *d, const struct study_world *w, bool full)
{
	static const struct strv all;
	struct study_points points;
	char *text;

	if (points__make(d, w, full, &all, &points))
		return NULL;
	text = str_fmt("%zu on %zu", points.n, points.nr_boots);
	points__release(&points);
	return text;
}

static int add_study(struct table *t, const struct study_world *w, const char *path)
{
	struct design *d = NULL;
	char *quick = NULL, *full = NULL;
	int err = design__read(path, &d);

	if (!err) {
		quick = size_text(d, w, false);
		full = size_text(d, w, true);
		err = quick && full ? table__row(t, (const char *const[]){ d->name, quick, full,
									   d->question })
				    : -EINVAL;
	}
	free(quick);
	free(full);
	design__free(d);
	return err;
}

/* A design with mistakes, which were logged, does not keep the others from being shown. */
static int list_studies(struct cli *cli, const struct study_world *w)
{
	static const struct column columns[] = {
		{ "study", ALIGN_LEFT, 0 },
		{ "quick", ALIGN_LEFT, 0 },
		{ "full", ALIGN_LEFT, 0 },
		{ "question", ALIGN_LEFT, 0 },
	};
	struct table *t = table__new(columns, 4);
	struct strv paths = { 0 };
	int err = t ? studies__list(cli, &paths) : -ENOMEM;

	for (size_t i = 0; i < paths.n && err != -ENOMEM; i++) {
		int bad = add_study(t, w, paths.v[i]);

		err = err ? err : bad;
	}
	if (paths.n) {
		table__print(t, stdout, term_color(stdout));
		printf("\nquick, full: points on boots\n");
	} else if (!err) {
		printf("There are no studies below %s.\n", cli->experiments);
	}
	strv__free(&paths);
	table__free(t);
	return cli__exit_status(err);
}

/* With a design from elsewhere it is still the study that was named, not one called as the file. */
static int take_name(struct design *d, const char *name)
{
	char *own = strdup(name);

	if (!own)
		return -ENOMEM;
	free(d->name);
	d->name = own;
	return 0;
}

static int one_study(struct cli *cli, const struct study_place *place, const struct study_args *a)
{
	char *path = NULL;
	struct design *d = NULL;
	struct study_points points = { 0 };
	int status, err = 0;

	if (a->file)
		path = strdup(a->file);
	else
		err = studies__find(cli, a->name, &path);
	if (!err)
		err = path ? design__read(path, &d) : -ENOMEM;
	/* A file that was named, and is none that can be read, is wrong use. */
	if (a->file && (err == -ENOENT || err == -ENOTDIR || err == -EISDIR || err == -EACCES))
		err = -EINVAL;
	if (!err && a->name)
		err = take_name(d, a->name);
	if (!err)
		err = points__make(d, &place->world, a->full, &a->only, &points);
	if (err)
		status = cli__exit_status(err);
	else if (a->list)
		status = cli__exit_status(study_table__points(d, &points, stdout));
	else
		status = study_run(&(struct study_opts){
			.cli = cli,
			.place = place,
			.design = d,
			.points = &points,
			.full = a->full,
			.fresh = a->fresh,
			.accel = a->accel,
		});
	points__release(&points);
	design__free(d);
	free(path);
	return status;
}

static int print_document(const void *of, FILE *out)
{
	return study__document(of, out);
}

static int report(struct cli *cli, const struct study_args *a)
{
	struct run_info run = { 0 };
	struct study_data *d = NULL;
	struct store *s = NULL;
	int err = cli__store(cli, false, &s);

	if (!err)
		err = study__open(s, a->run, a->name, &run, &d);
	if (!err && strcmp(d->study, a->name) != 0) {
		log_err("run %s is of the study '%s', not of '%s'", run.name, d->study, a->name);
		err = -EINVAL;
	}
	if (!err && !d->complete)
		log_warn("run %s is not complete: not all points of its plan are measured",
			 run.name);
	if (!err)
		err = document__write(a->output, print_document, d);
	study_data__free(d);
	run_info__release(&run);
	store__close(s);
	return cli__exit_status(err);
}

int cmd_study(struct cli *cli, int argc, char **argv)
{
	struct study_args a = { .accel = ACCEL_AUTO };
	struct study_place place;
	int err, status;

	if (!cli__parse(&argp, "study", argc, argv, &a, &status))
		goto out;
	if (a.report) {
		status = report(cli, &a);
		goto out;
	}
	err = study_place__init(cli, &place);
	if (err)
		status = cli__exit_status(err);
	else if (a.name || a.file)
		status = one_study(cli, &place, &a);
	else
		status = list_studies(cli, &place.world);
out:
	strv__free(&a.only);
	return status;
}
