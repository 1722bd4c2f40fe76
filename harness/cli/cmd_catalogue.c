// SPDX-License-Identifier: GPL-2.0-only
/* `assay catalogue`: the document of all rows, from a run, and what is missing in it. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/catalog.h"
#include "cli/catalogue.h"
#include "cli/cli.h"
#include "cli/dead_tags.h"
#include "cli/document.h"
#include "store/store.h"

struct args {
	const char *run, *output;
};

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "write there instead of to standard output", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'o':
		a->output = arg;
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
	.doc = "Writes the catalogue as Markdown: each row with its messages per kernel, its cause and "
	       "its mend, as a run (default: the latest) showed them.\v"
	       "Exit status: 1 when rows are missing or failed, or when an expectation is for none of "
	       "the run's kernels; they are named on standard error. Status 3, and FILE as it was, when "
	       "the run was cut off or goes on. `assay run -k all` makes a run that has everything.",
};

static int print(const void *of, FILE *out)
{
	return catalogue__print(of, out);
}

/* A document of a part of a run looks like a whole one. */
static int check_complete(const struct run_info *run, const char *path)
{
	const char *reason = run->cut_off_reason ? run->cut_off_reason : "no reason is known";

	if (run->state == RUN_COMPLETE)
		return 0;
	if (run->state == RUN_RUNNING)
		log_err("run %s goes on%s%s%s", run->name, path ? ": " : "", path ? path : "",
			path ? " stays as it was; wait for its end" : "");
	else
		log_err("run %s was cut off (%s)%s%s%s", run->name, reason, path ? ": " : "",
			path ? path : "", path ? " stays as it was" : "");
	return path ? -ECANCELED : 0;
}

/* Says what is wrong; the number of problems, or -errno. */
static int check(struct cli *cli, const struct catalogue *c, struct store *s, int64_t run)
{
	const struct kernels *ks;
	struct strv problems = { 0 };
	int err = cli__kernels(cli, &ks);

	err = err ? err : catalogue__problems(c, &problems);
	err = err ? err : dead_tags__find(s, run, ks, &problems);
	for (size_t i = 0; !err && i < problems.n; i++)
		log_err("%s", problems.v[i]);
	err = err ? err : (int)problems.n;
	strv__free(&problems);
	return err;
}

int cmd_catalogue(struct cli *cli, int argc, char **argv)
{
	struct args a = { 0 };
	const struct catalog *catalog = NULL;
	struct catalogue c = { 0 };
	struct run_info run = { 0 };
	struct store *s = NULL;
	int status, err;

	if (!cli__parse(&argp, "catalogue", argc, argv, &a, &status))
		return status;
	err = cli__catalog(cli, &catalog);
	err = err ? err : cli__store(cli, false, &s);
	if (!err) {
		err = store__find_run(s, a.run, &run);
		if (err == -ENOENT) {
			log_err("there is no run '%s'; `assay list runs` shows all",
				a.run ? a.run : "latest");
			err = -EINVAL;
		}
	}
	err = err ? err : check_complete(&run, a.output);
	err = err ? err : catalogue__read(catalog, s, &run, &c);
	err = err ? err : document__write(a.output, print, &c);
	if (!err)
		err = check(cli, &c, s, run.id);
	status = err < 0 ? cli__exit_status(err) : err ? EXIT_UNEXPECTED : EXIT_AS_EXPECTED;
	catalogue__release(&c);
	run_info__release(&run);
	store__close(s);
	return status;
}
