// SPDX-License-Identifier: GPL-2.0-only
/* `assay verify`: every program of any BPF object on kernels. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/drive.h"
#include "cli/formats.h"
#include "cli/fresh.h"
#include "cli/host.h"
#include "cli/stat_columns.h"
#include "cli/suites.h"
#include "cli/verify_plan.h"
#include "cli/verify_report.h"
#include "store/store.h"

#define DEFAULT_TIMEOUT_S 120
/* The part of a guest's memory that objects may take: they lie in its initramfs, and one of them
 * once more, twice, while it is worked on. */
#define MEM_PART 8

struct verify_args {
	struct cli_vm vm;
	enum fresh fresh;
	struct strv files, globals, patterns;
	unsigned int repeats;
	uint64_t timeout_ms, run_timeout_ms;
	struct format_choice output;
	struct verify_report_opts report;
};

enum { OPT_SORT = 0x500, OPT_REPEATS, OPT_TIMEOUT, OPT_RUN_TIMEOUT };

static const struct argp_option options[] = {
	{ "filter", 'f', "PATTERN", 0,
	  "only programs of FILE/PROGRAM, or either, with * and ?; !PATTERN leaves out; may be "
	  "given several times",
	  0 },
	{ "set-global", 'G', "NAME=VALUE[,VALUE...]", 0,
	  "set a global variable (.rodata, .data, .bss) before loading; with several values every "
	  "program is loaded with each",
	  0 },
	{ "set-global-vars", 'G', NULL, OPTION_ALIAS, NULL, 0 },
	{ "sort", OPT_SORT, "COLUMN", 0,
	  "order of programs: a name of the CSV's columns, or veristat's; -COLUMN for the reverse",
	  0 },
	{ "repeats", OPT_REPEATS, "N", 0, "timed loads of each program, 1 to 1000 (default 1)", 0 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0, "limit for each program, such as 90s (default 2m)",
	  0 },
	{ "run-timeout", OPT_RUN_TIMEOUT, "TIME", 0,
	  "limit for the whole run once kernels are built", 0 },
	{ 0 },
};

static error_t parse_sort(struct verify_args *a, const char *arg, struct argp_state *state)
{
	const char *nearest = NULL;

	a->report.reverse = *arg == '-';
	a->report.sort = stat_column__find(arg + a->report.reverse, &nearest);
	if (!a->report.sort)
		argp_error(state, "--sort: no column '%s'%s%s", arg,
			   nearest ? "; did you mean " : "", nearest ? nearest : "");
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct verify_args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[2] = &a->vm;
		state->child_inputs[1] = &a->output;
		state->child_inputs[3] = &a->fresh;
		return 0;
	case 'f':
		return strv__add(&a->patterns, arg) ? ENOMEM : 0;
	case 'G':
		return strv__add(&a->globals, arg) ? ENOMEM : 0;
	case OPT_SORT:
		return parse_sort(a, arg, state);
	case OPT_REPEATS:
		return cli__parse_repeats(state, arg, &a->repeats);
	case OPT_TIMEOUT:
		return cli__parse_timeout(state, arg, &a->timeout_ms);
	case OPT_RUN_TIMEOUT:
		return cli__parse_run_timeout(state, arg, &a->run_timeout_ms);
	case ARGP_KEY_ARG:
		return strv__add(&a->files, arg) ? ENOMEM : 0;
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
	.args_doc = "FILE.bpf.o...",
	.doc = "Loads every program of BPF objects on kernels (default: the default one), each by "
	       "itself, keeps verdicts, statistics and logs in the results and prints them. What a "
	       "kernel lacks of a program's needs is told apart from what its verifier says.\v"
	       "Exit status: 0 every program has a verdict or lacks something that is named, 1 an "
	       "object could not be opened, a program crashed its kernel or ran out of time, or tags "
	       "beside a program are contradicted, 2 wrong use, 3 assay failed or was cut off.",
	.children = children,
};

struct verify_run {
	struct cli *cli;
	const struct verify_args *args;
	struct store *store;
	struct run_info info;
	struct format_stream stream;
};

static int csv_of_one(FILE *out, const char *run, const struct stored_record *r)
{
	(void)run;
	csv__veristat_record(out, r, false);
	return 0;
}

static int csv_of_many(FILE *out, const char *run, const struct stored_record *r)
{
	(void)run;
	csv__veristat_record(out, r, true);
	return 0;
}

/* What --csv means here: what veristat reads. `assay show` has all columns. */
static const struct format veristat_csv[] = {
	{ .name = "csv", .head = csv__veristat_header, .record = csv_of_one },
	{ .name = "csv", .head = csv__veristat_header, .record = csv_of_many },
};

static const struct format *format_of(const struct format *chosen, bool many_kernels)
{
	if (!chosen || strcmp(chosen->name, veristat_csv[0].name) != 0)
		return chosen;
	return &veristat_csv[many_kernels];
}

static void on_record(void *ctx, const struct stored_record *r)
{
	struct verify_run *run = ctx;

	format_stream__record(&run->stream, run->info.name, r);
}

static int print_run(void *ctx, const struct run_info *ended)
{
	struct verify_run *run = ctx;
	const struct suites_of of = { .store = run->store, .run = ended };

	return format__is_table(run->args->output.format)
		       ? verify_report__print(run->store, ended, &run->args->report)
		       : format_stream__end(&run->stream, &of);
}

static void add_result(struct drive_result *sum, const struct drive_result *res)
{
	sum->worst = status__worse(sum->worst, res->worst);
	sum->cut_off |= res->cut_off;
	if (res->cut_off)
		sum->reason = res->reason;
}

/* One batch of objects after the other, each on all kernels. */
static int execute(struct verify_run *run, struct verify_plan *vp, struct plan *plan)
{
	const struct verify_args *a = run->args;
	struct strv files = { 0 };
	struct drive_opts o = {
		.cli = run->cli,
		.vm = &a->vm,
		.store = run->store,
		.run = run->info.id,
		.repeats = a->repeats,
		.timeout_ms = a->timeout_ms,
		.run_timeout_ms = a->run_timeout_ms,
		.fresh = a->fresh,
		.files = &files,
		.on_record = on_record,
		.show = print_run,
		.ctx = run,
	};
	struct drive_result sum = { .worst = STATUS_OK }, res;
	uint64_t start = clock_ns();
	int err, more;

	run->stream = (struct format_stream){
		.format = format_of(a->output.format, plan->nr_kernels > 1),
		.out = stdout,
	};
	while ((more = verify_plan__next(vp, plan, &files)) > 0) {
		err = drive__plan(&o, plan, &res);
		add_result(&sum, &res);
		if (err || sum.cut_off)
			break;
		if (o.run_timeout_ms) {
			uint64_t spent = (clock_ns() - start) / 1000000;

			o.run_timeout_ms =
				spent < a->run_timeout_ms ? a->run_timeout_ms - spent : 1;
		}
	}
	err = more < 0 ? more : more > 0 ? err : 0;
	strv__free(&files);
	return drive__end(&o, run->info.name, &sum, err);
}

int cmd_verify(struct cli *cli, int argc, char **argv)
{
	struct verify_args a = { .fresh = FRESH_DEFAULT, .repeats = 1, .report.out = stdout };
	struct verify_run run = { .cli = cli, .args = &a };
	struct verify_plan vp = { 0 };
	const struct kernels *ks;
	struct plan plan = { .named = true };
	char *host = NULL;
	int err, status;

	cli_vm__init(&a.vm);
	if (!cli__parse(&argp, "verify", argc, argv, &a, &status))
		goto out;
	cli->kernel_source = a.vm.kernel_source;
	err = verify_plan__make(
		&(struct verify_request){
			.files = &a.files,
			.globals = &a.globals,
			.patterns = &a.patterns,
			.timeout_s = DEFAULT_TIMEOUT_S,
			.batch_max = ((uint64_t)a.vm.mem_mb << 20) / MEM_PART,
		},
		&vp);
	if (!err)
		err = cli__kernels(cli, &ks);
	if (!err) {
		/* Of all items, for the moment. */
		plan.items = vp.all.items;
		plan.nr_items = vp.all.nr_items;
		err = plan__choose_kernels(&plan, ks, a.vm.kernels_arg);
	}
	if (!err && a.vm.kernel_source && plan.nr_kernels > 1) {
		log_err("--kernel-source goes with one kernel; -k names %zu", plan.nr_kernels);
		err = -EINVAL;
	}
	if (!err)
		err = cli__store(cli, true, &run.store);
	if (!err) {
		host = host__describe_files(cli, &vp.files);
		err = store__begin_run(run.store, cli->command, host ? host : "{}", &run.info);
	}
	status = err ? cli__exit_status(err) : execute(&run, &vp, &plan);
out:
	plan.items = NULL; /* they are vp's */
	plan.nr_items = 0;
	plan__release(&plan);
	verify_plan__release(&vp);
	free(host);
	run_info__release(&run.info);
	store__close(run.store);
	strv__free(&a.files);
	strv__free(&a.globals);
	strv__free(&a.patterns);
	return status;
}
