// SPDX-License-Identifier: GPL-2.0-only
/* `assay run`: plan, kernels, guests, records, table. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/drive.h"
#include "cli/formats.h"
#include "cli/fresh.h"
#include "cli/host.h"
#include "cli/plan.h"
#include "cli/programs.h"
#include "cli/report.h"
#include "cli/row_summary.h"
#include "cli/suites.h"
#include "store/store.h"

#define BRIEF_FROM 7 /* fewer are short enough in full */

struct run_args {
	struct cli_vm vm;
	enum fresh fresh;
	struct strv experiments, rows, params;
	unsigned int repeats;
	uint64_t timeout_ms, run_timeout_ms;
	struct format_choice output;
	bool full;
};

enum { OPT_ROW = 0x300, OPT_FULL, OPT_REPEATS, OPT_TIMEOUT, OPT_RUN_TIMEOUT };

static const struct argp_option options[] = {
	{ "param", 'p', "[EXPERIMENT.]NAME=VALUE", 0,
	  "set a parameter of the experiments that have it", 0 },
	{ "row", OPT_ROW, "ROW", 0,
	  "run what covers a row of the catalogue, such as E13; several with commas; without -k on all "
	  "kernels",
	  0 },
	{ "repeats", OPT_REPEATS, "N", 0, "timed loads of each program, 1 to 1000 (default 5)", 0 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0,
	  "limit for each experiment, such as 90s or 5m (default: its own)", 0 },
	{ "run-timeout", OPT_RUN_TIMEOUT, "TIME", 0,
	  "limit for the whole run once kernels are built", 0 },
	{ "full", OPT_FULL, NULL, 0,
	  "print all tables, also of more than six experiments and of rows; else a line for each",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[2] = &a->vm;
		state->child_inputs[1] = &a->output;
		state->child_inputs[3] = &a->fresh;
		return 0;
	case 'p':
		return strv__add(&a->params, arg) ? ENOMEM : 0;
	case OPT_FULL:
		a->full = true;
		return 0;
	case OPT_ROW:
		if (!arg[strspn(arg, ", \t\n\v\f\r")])
			argp_error(state, "--row: no row named; `assay list rows` shows all");
		return strv__split(&a->rows, arg, ",") ? ENOMEM : 0;
	case OPT_REPEATS:
		return cli__parse_repeats(state, arg, &a->repeats);
	case OPT_TIMEOUT:
		return cli__parse_timeout(state, arg, &a->timeout_ms);
	case OPT_RUN_TIMEOUT:
		return cli__parse_run_timeout(state, arg, &a->run_timeout_ms);
	case ARGP_KEY_ARG:
		return strv__add(&a->experiments, arg) ? ENOMEM : 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = { { &cli_vm_argp, 0, "Guest:", 1 },
					      { &format_argp, 0, NULL, 0 },
					      { &cli_timing_argp, 0, "", 1 },
					      { &fresh_argp, 0, NULL, 1 },
					      { 0 } };
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[EXPERIMENT...]",
	.doc = "Runs experiments (default: all) on kernels (default: the default one), keeps what they "
	       "show in the results and prints it.\vExit status: 0 all as expected, 1 something "
	       "unexpected, 2 wrong use, 3 assay failed or was cut off.",
	.children = children,
};

struct run {
	struct cli *cli;
	const struct run_args *args;
	const struct catalog *catalog;
	struct store *store;
	struct run_info info;
	struct strv programs; /* for the guests, on the host */
	struct format_stream stream;
};

static void on_record(void *ctx, const struct stored_record *r)
{
	struct run *run = ctx;

	format_stream__record(&run->stream, run->info.name, r);
}

static const char *summary(void *ctx, const char *experiment)
{
	const struct catalog *c = ctx;
	int i = catalog__find(c, experiment, NULL);

	return i < 0 ? NULL : catalog__summary(c, (size_t)i);
}

static int print_table(struct run *run, const struct run_info *ended)
{
	struct report_opts opts = {
		.out = stdout,
		.summary = summary,
		.brief_from = run->args->full	  ? 0
			      : run->args->rows.n ? 1
						  : BRIEF_FROM,
		.ctx = (void *)run->catalog,
	};
	int err = report__print(run->store, ended, &opts);

	if (!err && run->args->rows.n)
		err = row_summary__print(run->catalog, run->store, ended, &run->args->rows, stdout);
	return err;
}

static int print_run(void *ctx, const struct run_info *ended)
{
	struct run *run = ctx;
	const struct suites_of of = { .store = run->store, .run = ended };

	return format__is_table(run->args->output.format) ? print_table(run, ended)
							  : format_stream__end(&run->stream, &of);
}

static int execute(struct run *run, const struct plan *plan)
{
	const struct run_args *a = run->args;
	const struct drive_opts o = {
		.cli = run->cli,
		.vm = &a->vm,
		.store = run->store,
		.run = run->info.id,
		.repeats = a->repeats,
		.timeout_ms = a->timeout_ms,
		.run_timeout_ms = a->run_timeout_ms,
		.fresh = a->fresh,
		.programs = &run->programs,
		.on_record = on_record,
		.show = print_run,
		.ctx = run,
	};

	run->stream = (struct format_stream){ .format = a->output.format, .out = stdout };
	return drive__run(&o, plan, run->info.name);
}

int cmd_run(struct cli *cli, int argc, char **argv)
{
	struct run_args a = { .fresh = FRESH_DEFAULT, .repeats = 5 };
	struct run run = { .cli = cli, .args = &a };
	const struct catalog *catalog = NULL;
	const struct kernels *ks;
	struct plan plan = { 0 };
	char *host = NULL;
	int err, status;

	cli_vm__init(&a.vm);
	if (!cli__parse(&argp, "run", argc, argv, &a, &status))
		goto out;
	cli->kernel_source = a.vm.kernel_source;
	err = cli__catalog(cli, &catalog);
	if (!err)
		err = cli__kernels(cli, &ks);
	if (!err)
		err = plan__make(catalog, ks,
				 &(struct plan_request){
					 .names = &a.experiments,
					 .rows = &a.rows,
					 .kernels = a.vm.kernels_arg,
					 .params = &a.params,
				 },
				 &plan);
	if (!err && a.vm.kernel_source && plan.nr_kernels > 1) {
		log_err("--kernel-source goes with one kernel; -k names %zu", plan.nr_kernels);
		err = -EINVAL;
	}
	if (!err)
		err = programs__prepare(cli, catalog, &plan, &run.programs);
	if (!err)
		err = cli__store(cli, true, &run.store);
	if (!err) {
		host = host__describe(cli);
		err = store__begin_run(run.store, cli->command, host ? host : "{}", &run.info);
	}
	run.catalog = catalog;
	status = err ? cli__exit_status(err) : execute(&run, &plan);
out:
	free(host);
	run_info__release(&run.info);
	store__close(run.store);
	strv__free(&run.programs);
	plan__release(&plan);
	strv__free(&a.experiments);
	strv__free(&a.rows);
	strv__free(&a.params);
	return status;
}
