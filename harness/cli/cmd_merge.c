// SPDX-License-Identifier: GPL-2.0-only
/* `assay merge`: runs of other results, such as those of parallel jobs, into these. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/hostrun.h"
#include "store/merge.h"
#include "store/store.h"

enum { OPT_AS_ONE = 0x700 };

struct merge_args {
	struct strv sources;
	const char *into;
	bool as_one;
};

static const struct argp_option options[] = {
	{ "into", 'o', "DIR", 0, "the folder of results to add to (default: that of --results)",
	  0 },
	{ "as-one", OPT_AS_ONE, NULL, 0,
	  "join runs of one command, each on its own kernels, to one run; it is complete only when "
	  "all are",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct merge_args *a = state->input;

	switch (key) {
	case 'o':
		if (!*arg)
			argp_error(state, "--into: no folder named");
		a->into = arg;
		return 0;
	case OPT_AS_ONE:
		a->as_one = true;
		return 0;
	case ARGP_KEY_ARG:
		return strv__add(&a->sources, arg) ? ENOMEM : 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no results named: each DB is an assay.db or its folder");
		return EINVAL;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "DB...",
	.doc = "Adds the runs of other results to these, with all their records and texts. Each DB is "
	       "the path of an assay.db or of its folder, which are only read. A run that is there "
	       "already is not added again; one whose name another run has gets a new one.\vExit "
	       "status: 0 all is merged, 2 wrong use, 3 something could not be: the others are.",
};

static void on_run(void *ctx, const char *source, const char *name, enum merge_end end,
		   const char *here)
{
	size_t *known = ctx;

	(void)source;
	switch (end) {
	case MERGE_ADDED:
		printf("added %s\n", here);
		break;
	case MERGE_RENAMED:
		printf("added %s as %s: another run has its name\n", name, here);
		break;
	case MERGE_KNOWN:
		printf("known %s%s%s\n", name, strcmp(name, here) ? " as " : "",
		       strcmp(name, here) ? here : "");
		++*known;
		break;
	case MERGE_REFUSED:
		break;
	}
}

static int merge(struct cli *cli, const struct merge_args *a)
{
	size_t known = 0;
	const struct merge_opts opts = {
		.as_one = a->as_one,
		.host = HOSTRUN_KERNEL,
		.cancel_fd = cli->cancel_fd,
		.on_run = on_run,
		.ctx = &known,
	};
	struct merge_result res = { 0 };
	struct store *store = NULL;
	int err;

	if (a->into)
		cli->results = a->into;
	err = cli__store(cli, true, &store);
	if (err)
		return EXIT_HARNESS;
	err = store__merge(store, &a->sources, &opts, &res);
	store__close(store);
	if (err == -EINTR)
		log_err("interrupted: of what was being merged then nothing was added");
	else if (err)
		log_err("merging stopped: %s", strerror(-err));
	printf("%zu run%s added, %zu known already, %zu not merged\n", res.runs,
	       res.runs == 1 ? "" : "s", known, res.refused);
	return err || res.refused ? EXIT_HARNESS : EXIT_AS_EXPECTED;
}

int cmd_merge(struct cli *cli, int argc, char **argv)
{
	struct merge_args a = { 0 };
	int status;

	if (cli__parse(&argp, "merge", argc, argv, &a, &status))
		status = merge(cli, &a);
	strv__free(&a.sources);
	return status;
}
