// SPDX-License-Identifier: GPL-2.0-only
/* `assay regress`: the matrix of experiments and kernels, against the baselines. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/baselines.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/drive.h"
#include "cli/formats.h"
#include "cli/host.h"
#include "cli/plan.h"
#include "cli/programs.h"
#include "diff/side.h"
#include "store/store.h"
#include "vm/kernels.h"

struct args {
	struct cli_vm vm;
	struct format_choice format;
	unsigned int repeats;
	bool full;
};

enum { OPT_REPEATS = 0x300, OPT_FULL };

static const struct argp_option options[] = {
	{ "repeats", OPT_REPEATS, "N", 0,
	  "timed loads of each program, 1 to 1000 (default 1: times are not compared)", 0 },
	{ "full", OPT_FULL, NULL, 0, "all changes, and where the logs part for each", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[2] = &a->vm;
		state->child_inputs[1] = &a->format;
		return 0;
	case OPT_FULL:
		a->full = true;
		return 0;
	case OPT_REPEATS:
		return cli__parse_repeats(state, arg, &a->repeats);
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is too many: all experiments are run", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = { { &cli_vm_argp, 0, "Guest:", 1 },
					      { &format_argp, 0, NULL, 0 },
					      { &cli_timing_argp, 0, "", 1 },
					      { 0 } };
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "",
	.doc = "Runs all experiments, with their own parameters, on the kernels that have a baseline "
	       "(-k: on these of them), and compares what they show with it, as `assay compare "
	       "baseline RUN` does.\vExit status: 0 all as in the baselines, 1 something changed, 2 "
	       "wrong use, 3 assay failed or was cut off.",
	.children = children,
};

/* The kernels' names for a plan; every one must have a baseline. Caller frees *out. */
static int choose(const struct cli *cli, char **out)
{
	struct strbuf names = STRBUF_INIT;
	struct strv have = { 0 };
	int err = baselines__list(cli, &have);

	for (size_t i = 0; i < have.n; i++)
		strbuf__addf(&names, "%s%s", i ? "," : "", have.v[i]);
	if (!err && !have.n) {
		log_err("%s: no kernel has a baseline; `assay baseline update RUN -k KERNEL` makes "
			"one",
			cli->baseline);
		err = -EINVAL;
	}
	strv__free(&have);
	*out = err ? NULL : strbuf__detach(&names);
	if (err)
		strbuf__free(&names);
	return err ? err : *out ? 0 : -ENOMEM;
}

/* A kernel that came in by a glob and has no baseline is left out; one that was named must have
 * one. */
static int keep_kernels(const struct cli *cli, struct plan *plan)
{
	struct strbuf without = STRBUF_INIT;
	struct strv have = { 0 };
	size_t kept = 0;
	int err = baselines__list(cli, &have);

	for (size_t i = 0; !err && i < plan->nr_kernels; i++) {
		const char *name = plan->kernels[i]->name;

		if (strv__has(&have, name)) {
			plan->exact[kept] = plan->exact[i];
			plan->kernels[kept++] = plan->kernels[i];
		} else if (plan->exact[i]) {
			log_err("kernel %s has no baseline; `assay baseline update RUN -k %s` makes one",
				name, name);
			err = -EINVAL;
		} else {
			strbuf__addf(&without, "%s%s", without.len ? ", " : "", name);
		}
	}
	plan->nr_kernels = kept;
	if (!err && !kept) {
		log_err("-k: none of these kernels has a baseline; `assay baseline` shows those that "
			"have one");
		err = -EINVAL;
	}
	if (!err && without.len)
		log_info("left out, for they have no baseline: %s", strbuf__str(&without));
	strbuf__free(&without);
	strv__free(&have);
	return err;
}

/* What runs on the host says nothing about a kernel. */
static int drop_host(struct plan *plan)
{
	struct strbuf names = STRBUF_INIT;
	size_t kept = 0;

	for (size_t i = 0; i < plan->nr_items; i++) {
		if (!plan->items[i].on_host) {
			plan->items[kept++] = plan->items[i];
			continue;
		}
		strbuf__addf(&names, "%s%s", names.len ? ", " : "", plan->items[i].experiment);
		json_decref(plan->items[i].params);
	}
	plan->nr_items = kept;
	if (names.len)
		log_info("left out, for they run on the host: %s", strbuf__str(&names));
	strbuf__free(&names);
	return names.failed ? -ENOMEM : 0;
}

static int make_plan(struct cli *cli, const struct args *a, struct plan *plan)
{
	static const struct strv none;
	const struct catalog *catalog;
	const struct kernels *ks;
	char *names = NULL;
	int err = cli__catalog(cli, &catalog);

	err = err ? err : cli__kernels(cli, &ks);
	if (!err && !a->vm.kernels_arg)
		err = choose(cli, &names);
	if (!err)
		err = plan__make(catalog, ks,
				 &(struct plan_request){
					 .names = &none,
					 .rows = &none,
					 .kernels = names ? names : a->vm.kernels_arg,
					 .params = &none,
				 },
				 plan);
	free(names);
	err = err ? err : keep_kernels(cli, plan);
	if (!err && a->vm.kernel_source && plan->nr_kernels > 1) {
		log_err("--kernel-source goes with one kernel; these are %zu", plan->nr_kernels);
		err = -EINVAL;
	}
	return err ? err : drop_host(plan);
}

/* Every baseline is read before minutes are spent on a run that could not be compared. */
static int check_baselines(const struct cli *cli, const struct plan *plan)
{
	int err = 0;

	for (size_t i = 0; !err && i < plan->nr_kernels; i++) {
		struct side *s = NULL;

		err = baselines__read(cli, plan->kernels[i]->name, &s);
		side__free(s);
	}
	return err;
}

/* Each kernel against its baseline, as the command does it. */
static int compare(struct cli *cli, const struct args *a, const char *run)
{
	const char *argv[8] = { "compare", "baseline", run };
	int argc = 3;

	if (a->full)
		argv[argc++] = "--full";
	if (a->format.format) {
		argv[argc++] = "--format";
		argv[argc++] = a->format.format->name;
	}
	return cmd_compare(cli, argc, (char **)argv);
}

/* What attaches and detaches waits for RCU's grace periods, a third of the time on 6.12.117 (27.6
 * against 18.6 s for the six longest experiments, TCG). They need not be gentle where figures are
 * not compared. What the kprobes' optimiser waits for (synchronize_rcu_tasks) is not among them. */
#define QUICK_GRACE "rcupdate.rcu_expedited=1"

static int run_and_compare(struct cli *cli, const struct args *a, const struct plan *plan,
			   const struct strv *programs)
{
	char *append = str_fmt("%s%s" QUICK_GRACE, a->vm.append ? a->vm.append : "",
			       a->vm.append ? " " : "");
	struct cli_vm vm = a->vm;
	struct drive_opts o = {
		.cli = cli,
		.vm = &vm,
		.repeats = a->repeats,
		.programs = programs,
	};
	struct run_info run = { 0 };
	char *host = host__describe(cli);
	int status = EXIT_HARNESS, compared;
	int err = append ? cli__store(cli, true, &o.store) : -ENOMEM;

	vm.append = append;
	if (!err)
		err = store__begin_run(o.store, cli->command, host ? host : "{}", &run);
	if (!err) {
		o.run = run.id;
		status = drive__run(&o, plan, run.name);
	}
	store__close(o.store);
	if (!err) {
		compared = compare(cli, a, run.name);
		/* What is unexpected is so in the baseline as well, or it is a change. */
		if (status != EXIT_HARNESS)
			status = compared;
	}
	run_info__release(&run);
	free(host);
	free(append);
	return err ? cli__exit_status(err) : status;
}

int cmd_regress(struct cli *cli, int argc, char **argv)
{
	struct args a = { .repeats = 1 };
	const struct catalog *catalog;
	struct strv programs = { 0 };
	struct plan plan = { 0 };
	int err, status;

	cli_vm__init(&a.vm);
	if (!cli__parse(&argp, "regress", argc, argv, &a, &status))
		return status;
	cli->kernel_source = a.vm.kernel_source;
	err = make_plan(cli, &a, &plan);
	err = err ? err : check_baselines(cli, &plan);
	err = err ? err : cli__catalog(cli, &catalog);
	err = err ? err : programs__prepare(cli, catalog, &plan, &programs);
	status = err ? cli__exit_status(err) : run_and_compare(cli, &a, &plan, &programs);
	strv__free(&programs);
	plan__release(&plan);
	return status;
}
