// SPDX-License-Identifier: GPL-2.0-only
/* `assay run`: plan, kernels, guests, records, table. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/host.h"
#include "cli/hostrun.h"
#include "cli/json_out.h"
#include "cli/csv.h"
#include "cli/plan.h"
#include "cli/programs.h"
#include "cli/report.h"
#include "cli/row_summary.h"
#include "cli/session.h"
#include "store/store.h"
#include "vm/guestfs.h"
#include "vm/qemu.h"

enum output { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };

#define BRIEF_FROM 7 /* fewer are short enough in full */

struct run_args {
	struct cli_vm vm;
	struct strv experiments, rows, params;
	unsigned int repeats;
	uint64_t timeout_ms, run_timeout_ms;
	enum output output;
	bool full;
};

enum { OPT_JSON = 0x300, OPT_CSV, OPT_ROW, OPT_FULL, OPT_REPEATS, OPT_TIMEOUT, OPT_RUN_TIMEOUT };

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
	{ "json", OPT_JSON, NULL, 0, "print one JSON record a line instead of tables", 0 },
	{ "csv", OPT_CSV, NULL, 0, "print programs as CSV with veristat's columns", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_args *a = state->input;
	uint64_t n;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->vm;
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
		if (num_u64(arg, 1, 1000, &n))
			argp_error(state, "--repeats: '%s' is no number from 1 to 1000", arg);
		else
			a->repeats = (unsigned int)n;
		return 0;
	case OPT_TIMEOUT:
		if (num_duration_ms(arg, 100, 86400000, &a->timeout_ms))
			argp_error(state, "--timeout: '%s' is no time from 100ms to 24h", arg);
		return 0;
	case OPT_RUN_TIMEOUT:
		if (num_duration_ms(arg, 100, 7ull * 86400000, &a->run_timeout_ms))
			argp_error(state, "--run-timeout: '%s' is no time from 100ms to 7 days",
				   arg);
		return 0;
	case OPT_JSON:
	case OPT_CSV:
		if (a->output != OUTPUT_TABLE)
			argp_error(state, "only one of --json and --csv at a time");
		a->output = key == OPT_JSON ? OUTPUT_JSON : OUTPUT_CSV;
		return 0;
	case ARGP_KEY_ARG:
		return strv__add(&a->experiments, arg) ? ENOMEM : 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = { { &cli_vm_argp, 0, "Guest:", 1 }, { 0 } };
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
	enum status worst;
	bool cut_off;
	const char *reason;
	uint64_t deadline_ns;
	bool csv_started;
	bool announced; /* the accelerator */
};

static void on_record(void *ctx, const struct stored_record *r)
{
	struct run *run = ctx;

	if (run->args->output == OUTPUT_JSON)
		json_out__record(stdout, run->info.name, r);
	else if (run->args->output == OUTPUT_CSV && r->record->kind == RECORD_PROGRAM) {
		if (!run->csv_started)
			csv__header(stdout);
		run->csv_started = true;
		csv__record(stdout, r);
	} else {
		return;
	}
	fflush(stdout);
}

/* Boots one kernel and runs the plan there. Returns 0 or -errno; *started: the failure is one of
 * keeping results, and the run can't go on. */
static int run_on_image(struct run *run, const struct plan *plan, const struct kernel *k,
			const struct image *img, bool *started)
{
	const struct run_args *a = run->args;
	const struct guestfs_opts fs = {
		.guest = run->cli->guest,
		.modules = img->modules,
		.programs = &run->programs,
	};
	char *initramfs = NULL, *why = NULL;
	struct vm_opts vm = {
		.vmlinux = img->vmlinux,
		.append = a->vm.append,
		.accel = a->vm.accel,
		.cpus = a->vm.cpus,
		.threads = a->vm.threads,
		.mem_mb = a->vm.mem_mb,
		.cancel_fd = run->cli->cancel_fd,
	};
	struct session_opts so = {
		.objects = run->cli->objects,
		.store = run->store,
		.run = run->info.id,
		.image = img,
		.vm = &vm,
		.repeats = a->repeats,
		.timeout_ms = a->timeout_ms,
		.deadline_ns = run->deadline_ns,
		.on_record = on_record,
		.ctx = run,
	};
	struct session_result res;
	int fd = -1, err;

	err = guestfs__memory(&fs, &fd, &initramfs);
	if (err)
		goto out;
	vm.initramfs = initramfs;
	/* A fresh trial says so itself; what is remembered is said once a run. */
	if (a->vm.accel == ACCEL_AUTO && !run->announced &&
	    accel__remembered(NULL, run->cli->paths.cache, &vm.accel, &why))
		accel__announce(vm.accel, why);
	run->announced = true;
	free(why);
	why = NULL;
	err = accel__settle(a->vm.accel, &vm, run->cli->paths.cache, &vm.accel, &why);
	if (err)
		goto out;
	*started = true;
	err = session__run(&so, plan, k, &res);
	run->worst = status__worse(run->worst, res.worst);
	run->cut_off |= res.cut_off;
	if (res.cut_off)
		run->reason = res.reason;
out:
	free(why);
	free(initramfs);
	if (fd >= 0)
		close(fd);
	return err;
}

static int run_on_kernel(struct run *run, const struct plan *plan, const struct kernel *k)
{
	struct session_opts so = { .store = run->store, .run = run->info.id };
	struct image *img = NULL;
	bool started = false;
	uint64_t start = clock_ns();
	/* Looked for first: building a kernel takes minutes. */
	char *qemu = qemu__find(NULL);
	bool can_boot = qemu;
	int err = qemu ? cli__image(run->cli, k, &img) : -ENOENT;

	/* The limit is for what comes once the kernel is built. */
	if (run->deadline_ns)
		run->deadline_ns += clock_ns() - start;
	if (!err)
		err = run_on_image(run, plan, k, img, &started);
	free(qemu);
	image__free(img);
	if (err == -EINTR || cancel_pending(run->cli->cancel_fd)) {
		run->cut_off = true;
		run->reason = "interrupted";
		return 0;
	}
	if (err == -ENOSPC || started)
		return err;
	/* The other kernels go on; the messages of the failure are on stderr. */
	run->worst = STATUS_HARNESS;
	return session__no_kernel(&so, plan, k,
				  !can_boot ? "there is no QEMU"
				  : img	    ? "the guest could not be prepared"
					    : "the kernel could not be built");
}

static int run_on_host(struct run *run, const struct plan *plan)
{
	const struct hostrun_opts o = {
		.guest = run->cli->guest,
		.experiments = run->cli->experiments,
		.objects = run->cli->objects,
		.store = run->store,
		.run = run->info.id,
		.timeout_ms = run->args->timeout_ms,
		.deadline_ns = run->deadline_ns,
		.cancel_fd = run->cli->cancel_fd,
		.on_record = on_record,
		.ctx = run,
	};
	struct session_result res;
	int err = hostrun__run(&o, plan, &res);

	run->worst = status__worse(run->worst, res.worst);
	run->cut_off |= res.cut_off;
	if (res.cut_off)
		run->reason = res.reason;
	return err;
}

static int exit_status(const struct run *run, int err)
{
	if (err || run->cut_off || run->worst == STATUS_HARNESS)
		return EXIT_HARNESS;
	return run->worst > STATUS_SKIPPED ? EXIT_UNEXPECTED : EXIT_AS_EXPECTED;
}

static const char *summary(void *ctx, const char *experiment)
{
	const struct catalog *c = ctx;
	int i = catalog__find(c, experiment, NULL);

	return i < 0 ? NULL : catalog__summary(c, (size_t)i);
}

/* The table, from the store: what is shown is what was kept. */
static int print_report(struct run *run)
{
	struct report_opts opts = {
		.out = stdout,
		.summary = summary,
		.brief_from = run->args->full	  ? 0
			      : run->args->rows.n ? 1
						  : BRIEF_FROM,
		.ctx = (void *)run->catalog,
	};
	char id[24];
	int err;

	snprintf(id, sizeof(id), "%lld", (long long)run->info.id);
	run_info__release(&run->info);
	err = store__find_run(run->store, id, &run->info);
	err = err ? err : report__print(run->store, &run->info, &opts);
	if (!err && run->args->rows.n)
		err = row_summary__print(run->catalog, run->store, &run->info, &run->args->rows,
					 stdout);
	return err;
}

/* Nothing is built for a kernel that is there for other experiments. */
static bool is_wanted(const struct plan *plan, const struct kernel *k)
{
	for (size_t i = 0; i < plan->nr_items; i++)
		if (plan__wants(plan, i, k))
			return true;
	return false;
}

static int execute(struct run *run, const struct plan *plan)
{
	int err = 0, status;
	size_t i;

	if (run->args->run_timeout_ms)
		run->deadline_ns = clock_ns() + run->args->run_timeout_ms * 1000000ull;
	err = run_on_host(run, plan);
	for (i = 0; !err && i < plan->nr_kernels && !run->cut_off; i++)
		if (is_wanted(plan, plan->kernels[i]))
			err = run_on_kernel(run, plan, plan->kernels[i]);
	status = exit_status(run, err);
	if (err && !run->cut_off) {
		run->cut_off = true;
		run->reason = strerror(-err);
	}
	err = store__end_run(run->store, run->info.id, run->cut_off ? RUN_CUT_OFF : RUN_COMPLETE,
			     run->reason, status);
	if (run->args->output == OUTPUT_TABLE && !err)
		err = print_report(run);
	if (run->cut_off)
		log_err("run %s was cut off: %s; what was recorded until then is kept",
			run->info.name, run->reason);
	return err ? EXIT_HARNESS : status;
}

int cmd_run(struct cli *cli, int argc, char **argv)
{
	struct run_args a = { .repeats = 5 };
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
