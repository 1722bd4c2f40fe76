// SPDX-License-Identifier: GPL-2.0-only
#include "cli/study_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/host.h"
#include "cli/kernel_facts.h"
#include "cli/plan.h"
#include "cli/programs.h"
#include "cli/session.h"
#include "cli/study_home.h"
#include "cli/study_open.h"
#include "cli/study_past.h"
#include "cli/study_table.h"
#include "cli/study_watch.h"
#include "cli/study_world.h"
#include "store/store.h"
#include "study/check.h"
#include "study/data.h"
#include "study/design.h"
#include "study/points.h"
#include "vm/qemu.h"

#define KEY_LEN	 16
#define GUEST_MB 512

struct run {
	const struct study_opts *o;
	const struct study_points *points;
	struct store *store;
	struct run_info info;
	struct study_state *states; /* of each point */
	struct study_homes homes;
	struct study_watch watch;
	struct strv programs; /* for the guests, on the host */
	struct strv blocked;  /* experiments whose programs can't be had */
	enum accel accel;     /* settled, or ACCEL_AUTO */
	char *past_accel;     /* of the points that are measured; or NULL */
	bool cut_off;
	const char *reason;
};

/* --- a boot ---------------------------------------------------------------------------------- */

/* The parameters that the experiment has, of all factors. */
static json_t *job_params(const struct run *run, const struct study_point *p, json_t *factors)
{
	const struct study_world *w = &run->o->place->world;
	json_t *params = json_object(), *value;
	const char *name, *standard;

	for (size_t i = 0; w->param(w->ctx, p->experiment, i, &name, &standard); i++)
		if ((value = json_object_get(factors, name)))
			json_object_set(params, name, value);
	return params;
}

static int fill_item(const struct run *run, const struct study_point *p, struct plan_item *item)
{
	const struct catalog *c = run->o->place->catalog;
	size_t e = (size_t)catalog__find(c, p->experiment, NULL);
	json_t *factors = json_copy(p->params);

	*item = (struct plan_item){
		.experiment = catalog__name(c, e),
		.timeout_s = catalog__timeout_s(c, e),
		.disk_mb = catalog__disk_mb(c, e),
		.point = p->id,
	};
	if (!factors || json_object_set_new(factors, STUDY_POINT_PARAM, json_string(p->id))) {
		json_decref(factors);
		return -ENOMEM;
	}
	item->factors = factors;
	item->params = job_params(run, p, factors);
	if (strv__has(&run->blocked, p->experiment))
		item->blocked = "a program that it needs in the guest could not be built";
	return item->params ? 0 : -ENOMEM;
}

static void release_items(struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_items; i++) {
		json_decref(plan->items[i].factors);
		json_decref(plan->items[i].params);
	}
	free(plan->items);
}

/* Those of a boot's points that are still to be measured. */
static int list_items(const struct run *run, const struct study_boot *b, struct plan *plan)
{
	int err = 0;

	plan->items = calloc(b->n, sizeof(*plan->items));
	if (!plan->items)
		return -ENOMEM;
	for (size_t i = b->first; !err && i < b->first + b->n; i++) {
		if (run->states[i].measured)
			continue;
		err = fill_item(run, &run->points->v[i], &plan->items[plan->nr_items++]);
	}
	return err;
}

static int settle_accel(struct run *run, const struct vm_opts *probe)
{
	const char *cache = run->o->cli->paths.cache;
	char *why = NULL;
	int err = 0;

	if (run->accel != ACCEL_AUTO)
		return 0;
	if (run->o->accel == ACCEL_AUTO && accel__remembered(NULL, cache, &run->accel, &why))
		accel__announce(run->accel, why);
	else
		err = accel__settle(run->o->accel, probe, cache, &run->accel, &why);
	free(why);
	if (err)
		run->reason = "the accelerator that was asked for can't be had";
	if (err || !run->past_accel || !strcmp(run->past_accel, accel__name(run->accel)))
		return err;
	run->reason = "its points were measured with another accelerator";
	log_err("run %s was measured with %s so far, this would go on with %s: --accel %s, or "
		"--new for a run of its own",
		run->info.name, run->past_accel, accel__name(run->accel), run->past_accel);
	return -EINVAL;
}

static int measure(struct run *run, const struct study_boot *b, struct study_home *h,
		   struct plan *plan)
{
	struct vm_opts vm = {
		.vmlinux = h->image->vmlinux,
		.initramfs = h->initramfs,
		.append = *b->append ? b->append : NULL,
		.cpus = b->cpus,
		.threads = b->threads,
		.mem_mb = GUEST_MB,
		.cancel_fd = run->o->cli->cancel_fd,
	};
	struct session_opts so = {
		.objects = run->o->cli->objects,
		.store = run->store,
		.run = run->info.id,
		.image = h->image,
		.vm = &vm,
		.repeats = 1,
		.boots = h->boots,
		.must_boot = true,
		.watch = &run->watch.intake,
	};
	struct session_result res;
	bool exact = true;
	int err = settle_accel(run, &vm);

	if (err)
		return err;
	vm.accel = run->accel;
	plan->named = true;
	plan->kernels = &h->kernel;
	plan->exact = &exact;
	plan->nr_kernels = 1;
	if (!h->boots)
		err = kernel_facts__keep(run->store, run->info.id, h->kernel, h->image,
					 &run->o->cli->paths);
	if (err)
		return err;
	study_watch__boot(&run->watch, b);
	err = session__run(&so, plan, h->kernel, &res);
	h->boots = res.boots;
	run->cut_off |= res.cut_off;
	if (res.cut_off)
		run->reason = res.reason;
	return err;
}

/* Boots of a kernel follow each other: what the others hold in memory is not needed now. */
static int run_boot(struct run *run, const struct study_boot *b)
{
	struct study_home *h = study_homes__find(&run->homes, b->kernel);
	struct plan plan = { 0 };
	int err = list_items(run, b, &plan);

	study_homes__rest(&run->homes, h);
	if (!err && plan.nr_items) {
		err = study_home__open(&run->homes, h, &run->programs);
		if (!err)
			err = measure(run, b, h, &plan);
		else if (err == -ENOENT && h->failed) /* the others go on */
			err = 0;
	}
	release_items(&plan);
	if (err == -EINTR) {
		run->cut_off = true;
		run->reason = "interrupted";
		err = 0;
	}
	return err;
}

/* --- the run --------------------------------------------------------------------------------- */

/* What a run is made of: it can only be taken up again by the same. */
static int make_key(const struct study_opts *o, char *key)
{
	struct hash *h = hash__new();
	char hex[HASH_HEX];
	int err = h ? hash__add_file(h, o->design->path) : -ENOMEM;

	if (!err)
		err = hash__add_file(h, o->cli->guest);
	if (h) {
		hash__add_str(h, o->full ? "full" : "quick");
		/* A kernel's name in the design may stand for another one by now. */
		for (size_t i = 0; i < o->points->n; i++)
			hash__add_str(h, o->points->v[i].id);
		hash__end(h, hex);
		snprintf(key, KEY_LEN + 1, "%.*s", KEY_LEN, hex);
	}
	if (err)
		log_err("%s: %s", o->design->path, strerror(-err));
	return err;
}

static int check_guest(void *ctx, const struct guest_info *g)
{
	struct run *run = ctx;
	struct study_home *h = study_homes__find(&run->homes, g->kernel);
	int err = h ? study_home__image(&run->homes, h) : -ESTALE;

	if (err && err != -ENOENT)
		return err;
	if (!run->past_accel && g->accel)
		run->past_accel = strdup(g->accel);
	/* One that can't be had any more does not take back what it measured. */
	return !err && g->image_key && strcmp(g->image_key, h->image->key) ? -ESTALE : 0;
}

/* Takes the run up again if it is the same study: 1, or 0 when a new one is to be begun (said
 * why), or -errno. */
static int resume(struct run *run, struct study_past *past, const char *key)
{
	struct strv keep = { 0 }, again = { 0 };
	int err;

	if (past->run.state == RUN_RUNNING) {
		log_err("run %s of this study is under way; --new begins another beside it",
			past->run.name);
		return -EBUSY;
	}
	if (past->run.state == RUN_COMPLETE)
		return 0;
	if (strcmp(past->key, key) != 0) {
		log_info("run %s of this study was cut off, and the design or the guest program "
			 "has changed since: a new run begins",
			 past->run.name);
		return 0;
	}
	err = study_states__read(run->store, past->run.id, run->points, run->states, check_guest,
				 run);
	if (err == -ESTALE) {
		log_info("run %s of this study was cut off, and a kernel has changed since: a new "
			 "run begins",
			 past->run.name);
		memset(run->states, 0, run->points->n * sizeof(*run->states));
		free(run->past_accel);
		run->past_accel = NULL;
		return 0;
	}
	for (size_t i = 0; !err && i < run->points->n; i++)
		err = strv__add(run->states[i].measured ? &keep : &again, run->points->v[i].id);
	if (!err)
		err = store__resume_run(run->store, past->run.id, &keep, &again, &run->info);
	if (!err)
		log_info("run %s goes on: %zu of %zu points are measured", run->info.name, keep.n,
			 run->points->n);
	strv__free(&keep);
	strv__free(&again);
	return err ? err : 1;
}

static int begin_new(struct run *run, const json_t *plan)
{
	char *host = host__describe(run->o->cli), *text = json_dumps(plan, JSON_INDENT(1));
	int err = text ? store__begin_run(run->store, run->o->cli->command, host ? host : "{}",
					  &run->info)
		       : -ENOMEM;

	if (!err)
		err = store__add_text(run->store, run->info.id, "", "", run->o->design->name,
				      STUDY_TEXT_KIND, text, strlen(text), true);
	free(text);
	free(host);
	return err;
}

static int begin(struct run *run)
{
	const struct study_opts *o = run->o;
	struct study_past past = { 0 };
	char key[KEY_LEN + 1] = "";
	json_t *plan = NULL;
	int err = make_key(o, key), resumed = 0;

	if (!err)
		plan = points__json(run->points, o->design, o->full, key);
	if (!err && !plan)
		err = -ENOMEM;
	if (!err && !o->fresh)
		err = study_past__find(run->store, plan, &past);
	if (!err && past.run.name)
		resumed = resume(run, &past, key);
	if (resumed < 0)
		err = resumed;
	else if (!err && !resumed)
		err = begin_new(run, plan);
	study_past__release(&past);
	json_decref(plan);
	return err;
}

static int count_boot(void *ctx, const struct stored_text *t)
{
	struct run *run = ctx;
	struct study_home *h = study_homes__find(&run->homes, t->kernel);

	if (h)
		h->boots++;
	return 0;
}

static int count_todo(struct run *run)
{
	struct study_watch *w = &run->watch;

	for (size_t i = 0; i < run->points->nr_boots; i++) {
		const struct study_boot *b = &run->points->boots[i];
		size_t before = w->points_todo;

		for (size_t k = b->first; k < b->first + b->n; k++)
			w->points_todo += !run->states[k].measured;
		w->boots_todo += w->points_todo > before;
	}
	return store__texts(run->store, run->info.id, NULL, "", NULL, "console", count_boot, run);
}

/* Programs that experiments of the study need in the guest. */
static int prepare_programs(struct run *run)
{
	struct plan plan = { .items = calloc(run->points->n, sizeof(*plan.items)) };
	int err;

	if (!plan.items)
		return -ENOMEM;
	for (size_t i = 0; i < run->points->n; i++) {
		const char *name = run->points->v[i].experiment;
		size_t k;

		for (k = 0; k < plan.nr_items && strcmp(plan.items[k].experiment, name); k++)
			;
		if (k == plan.nr_items)
			plan.items[plan.nr_items++].experiment = name;
	}
	err = programs__prepare(run->o->cli, run->o->place->catalog, &plan, &run->programs);
	for (size_t k = 0; !err && k < plan.nr_items; k++)
		if (plan.items[k].blocked)
			err = strv__add(&run->blocked, plan.items[k].experiment);
	free(plan.items);
	return err;
}

static int run_boots(struct run *run)
{
	int err = study_watch__start(&run->watch);

	for (size_t i = 0; !err && i < run->points->nr_boots && !run->cut_off; i++)
		err = run_boot(run, &run->points->boots[i]);
	return err;
}

static int exit_status(const struct run *run, size_t missing)
{
	enum status worst = STATUS_OK;

	if (missing || run->cut_off)
		return EXIT_HARNESS;
	for (size_t i = 0; i < run->points->n; i++)
		worst = status__worse(worst, run->states[i].status);
	return worst > STATUS_SKIPPED ? EXIT_UNEXPECTED : EXIT_AS_EXPECTED;
}

/* The table of blocks, and what the study answers: both from what was kept. */
static int print(struct run *run)
{
	struct study_data *d = NULL;
	struct run_info info = { 0 };
	int err = study_table__print(run->store, run->o->design, run->points, run->states,
				     &run->info, stdout);

	if (!err)
		err = study__open(run->store, run->info.name, NULL, &info, &d);
	if (!err)
		err = study__summary(d, stdout);
	study_data__free(d);
	run_info__release(&info);
	return err;
}

/* Ends the run as what it is: complete when every point is measured. */
static int end(struct run *run, int err, int *status)
{
	char *reason = NULL;
	bool cut_off;
	size_t missing = 0;
	int err2 =
		study_states__read(run->store, run->info.id, run->points, run->states, NULL, NULL);

	for (size_t i = 0; i < run->points->n; i++)
		missing += !run->states[i].measured;
	if (run->reason)
		reason = strdup(run->reason);
	else if (err)
		reason = strdup(strerror(-err));
	else if (missing)
		reason =
			str_fmt("%zu of %zu points could not be measured", missing, run->points->n);
	cut_off = err || err2 || missing || run->reason;
	*status = err || err2 ? EXIT_HARNESS : exit_status(run, missing);
	err = store__end_run(run->store, run->info.id, cut_off ? RUN_CUT_OFF : RUN_COMPLETE, reason,
			     *status);
	study_watch__done(&run->watch, cut_off ? "cut off" : "complete");
	if (!err && !err2)
		err = print(run);
	if (cut_off)
		log_err("run %s was cut off: %s; what was measured until then is kept, and the "
			"same command goes on with the rest",
			run->info.name, reason ? reason : "no memory");
	free(reason);
	return err ? err : err2;
}

static void release(struct run *run)
{
	study_watch__done(&run->watch, NULL);
	study_homes__release(&run->homes);
	free(run->states);
	free(run->past_accel);
	strv__free(&run->programs);
	strv__free(&run->blocked);
	run_info__release(&run->info);
	store__close(run->store);
}

int study_run(const struct study_opts *o)
{
	struct run run = { .o = o, .points = o->points };
	char *qemu = qemu__find(NULL);
	int err, status = EXIT_HARNESS;

	study_watch__init(&run.watch, o->design, o->points, o->cli->cancel_fd);
	run.states = calloc(o->points->n + 1, sizeof(*run.states));
	err = !qemu	   ? -ENOENT
	      : run.states ? study_homes__init(&run.homes, o->cli, o->place->kernels, o->points)
			   : -ENOMEM;
	free(qemu);
	if (!err)
		err = prepare_programs(&run);
	if (!err)
		err = cli__store(o->cli, true, &run.store);
	if (!err)
		err = begin(&run);
	if (!err) {
		err = count_todo(&run);
		if (!err)
			err = run_boots(&run);
		if (end(&run, err, &status))
			status = EXIT_HARNESS;
	} else if (err == -EBUSY) {
		status = EXIT_USAGE;
	}
	release(&run);
	return status;
}
