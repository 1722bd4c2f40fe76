// SPDX-License-Identifier: GPL-2.0-only
/* `assay plot`: the pictures of a study's run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/study_open.h"
#include "store/store.h"
#include "study/data.h"
#include "study/plot.h"

struct args {
	const char *run, *dir;
	struct strv formats;
};

static const struct argp_option options[] = {
	{ "output", 'o', "DIR", 0, "folder for the pictures (default: the run's own)", 0 },
	{ "format", 'f', "svg,png", 0, "what to draw (default: both)", 0 },
	{ 0 },
};

static void parse_formats(struct args *a, const char *arg, struct argp_state *state)
{
	strv__free(&a->formats);
	a->formats = (struct strv){ 0 };
	if (strv__split(&a->formats, arg, ","))
		argp_failure(state, 0, ENOMEM, "--format");
	for (size_t i = 0; i < a->formats.n; i++)
		if (strcmp(a->formats.v[i], "svg") != 0 && strcmp(a->formats.v[i], "png") != 0)
			argp_error(state, "--format: '%s' is neither svg nor png", a->formats.v[i]);
	if (!a->formats.n)
		argp_error(state, "--format: svg, png or both");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'o':
		a->dir = arg;
		return 0;
	case 'f':
		parse_formats(a, arg, state);
		return 0;
	case ARGP_KEY_ARG:
		if (a->run)
			argp_error(state, "one run at a time; '%s' is too many", arg);
		a->run = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[RUN]",
	.doc = "Draws the pictures of a study's run (default: the newest run of a study) with gnuplot: "
	       "success by number of the read and by factor, time to the loss by CPUs, times of "
	       "reads, order of probe and return. Each has its gnuplot script beside it.\v"
	       "A picture for which the run has no data is not drawn, and that is said. Exit status: "
	       "2 when the run is no study, 3 when nothing could be drawn.",
};

/* --- drawing ------------------------------------------------------------------------------- */

static int draw(const struct cli *cli, const struct study_data *d, const struct plot_kind *kind,
		const char *dir, const struct strv *formats, size_t *drawn)
{
	char *script = NULL, *why = NULL;
	int err = kind->script(d, &script, &why);

	if (err == -ENODATA) {
		log_info("%s is not drawn: %s", kind->name, why);
		err = 0;
	} else if (!err) {
		err = plot__draw(dir, kind->name, script, formats, cli->cancel_fd);
		for (size_t i = 0; !err && i < formats->n; i++)
			printf("%s/%s.%s\n", dir, kind->name, formats->v[i]);
		*drawn += !err;
	}
	free(script);
	free(why);
	return err;
}

static int draw_all(const struct cli *cli, const struct study_data *d, const char *dir,
		    const struct strv *formats)
{
	size_t drawn = 0;
	int err = dir_make(dir);

	if (err)
		log_err("%s: cannot be made: %s", dir, strerror(-err));
	if (!err && !d->complete)
		log_warn("run %s has %zu of %zu points", d->run, d->nr_obs, d->nr_planned);
	for (size_t i = 0; !err && i < nr_plot_kinds; i++)
		err = draw(cli, d, &plot_kinds[i], dir, formats, &drawn);
	return err ?: drawn ? 0 : -ENODATA;
}

int cmd_plot(struct cli *cli, int argc, char **argv)
{
	struct args a = { 0 };
	struct run_info run = { 0 };
	struct study_data *d = NULL;
	struct store *s = NULL;
	char *own = NULL;
	int status, err;

	if (!cli__parse(&argp, "plot", argc, argv, &a, &status)) {
		strv__free(&a.formats);
		return status;
	}
	err = a.formats.n ? 0 : strv__split(&a.formats, "svg,png", ",");
	err = err ?: cli__store(cli, false, &s);
	err = err ?: study__open(s, a.run, NULL, &run, &d);
	if (!err && !a.dir) {
		own = store__run_dir(s, run.name);
		err = own ? 0 : -ENOMEM;
	}
	err = err ?: draw_all(cli, d, a.dir ? a.dir : own, &a.formats);
	status = cli__exit_status(err);
	free(own);
	strv__free(&a.formats);
	study_data__free(d);
	run_info__release(&run);
	store__close(s);
	return status;
}
