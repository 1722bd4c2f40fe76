// SPDX-License-Identifier: GPL-2.0-only
#include "cli/bisect_try.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "cli/bisect_answers.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/drive.h"
#include "cli/host.h"
#include "cli/programs.h"
#include "vm/qemu.h"

/* Less than that is left: a failed build need not be the kernel's fault. */
#define DISK_LEAST (64ll << 20)
/* Of a program of a user's object, as `assay verify` has it. */
#define PROGRAM_TIMEOUT_S 120

static int check_items(const struct plan *p)
{
	for (size_t i = 0; i < p->nr_items; i++) {
		if (!p->items[i].on_host)
			continue;
		log_err("experiment '%s' runs on the host: there is no kernel to bisect",
			p->items[i].experiment);
		return -EINVAL;
	}
	return 0;
}

/* All that the answers depend on beside the kernel. Times are no answers: how busy the host is does
 * not count. */
static int hash_question(struct trial *t)
{
	struct hash *h = hash__new();
	char machine[128];
	int err = h ? hash__add_file(h, t->cli->guest) : -ENOMEM;

	for (size_t i = 0; !err && i < t->plan.nr_items; i++) {
		char *params = json_dumps(t->plan.items[i].params, JSON_SORT_KEYS | JSON_COMPACT);

		hash__add_str(h, t->plan.items[i].experiment);
		hash__add_str(h, params);
		free(params);
		params = json_dumps(t->plan.items[i].globals, JSON_SORT_KEYS | JSON_ENCODE_ANY);
		hash__add_str(h, params);
		free(params);
	}
	for (size_t i = 0; !err && i < t->objects.files.n; i++)
		err = hash__add_file(h, t->objects.files.v[i]);
	snprintf(machine, sizeof(machine), "%d %u %u %u", (int)t->vm->accel, t->vm->cpus,
		 t->vm->threads, t->vm->mem_mb);
	if (h) {
		hash__add_str(h, machine);
		hash__add_str(h, t->vm->append);
		hash__end(h, t->question);
	}
	if (err)
		log_err("%s: %s", t->cli->guest, strerror(-err));
	return err;
}

/* The objects' items behind those of the experiments: all of them in one guest. */
static int add_objects(struct trial *t, const struct trial_request *rq)
{
	const struct verify_request vr = { .files = rq->objects,
					   .globals = rq->globals,
					   .patterns = &(const struct strv){ 0 },
					   .timeout_s = PROGRAM_TIMEOUT_S,
					   .batch_max = UINT64_MAX };
	struct plan *all = &t->objects.all, *plan = &t->plan;
	struct plan_item *items;
	int err;

	if (!rq->objects->n)
		return 0;
	err = verify_plan__make(&vr, &t->objects);
	if (err)
		return err;
	items = reallocarray(plan->items, plan->nr_items + all->nr_items, sizeof(*items));
	if (!items)
		return -ENOMEM;
	memcpy(items + plan->nr_items, all->items, all->nr_items * sizeof(*items));
	plan->items = items;
	plan->nr_items += all->nr_items;
	free(all->items);
	all->items = NULL;
	all->nr_items = 0;
	return 0;
}

/* No experiment named would mean all of them. */
static int make_plan(struct trial *t, const struct trial_request *rq, const struct catalog *catalog,
		     const struct kernels *ks)
{
	const struct plan_request pr = { .names = rq->experiments,
					 .rows = &(const struct strv){ 0 },
					 .params = rq->params };
	int err = 0;

	if (rq->experiments->n) {
		err = plan__make(catalog, ks, &pr, &t->plan);
	} else if (rq->params->n) {
		log_err("-p %s: there is no experiment that could have it", rq->params->v[0]);
		err = -EINVAL;
	}
	t->plan.named = true;
	return err ? err : add_objects(t, rq);
}

int trial__open(struct trial *t, const struct trial_request *rq)
{
	const struct catalog *catalog;
	const struct kernels *ks;
	char *qemu = qemu__find(NULL);
	int err = 0;

	if (!qemu) {
		log_err("there is no QEMU: `assay doctor` says what to install");
		return -ENOENT;
	}
	free(qemu);
	err = cli__catalog(t->cli, &catalog);
	if (!err)
		err = cli__kernels(t->cli, &ks);
	if (!err)
		err = make_plan(t, rq, catalog, ks);
	if (!err)
		err = check_items(&t->plan);
	if (!err)
		err = programs__prepare(t->cli, catalog, &t->plan, &t->programs);
	if (!err)
		err = cli__store(t->cli, true, &t->store);
	return err ? err : hash_question(t);
}

/* --- what is remembered ------------------------------------------------------------------------
 */

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int hash_modules(struct hash *h, const char *dir)
{
	struct dirent **v = NULL;
	int n = scandir(dir, &v, NULL, compare_names), err = n < 0 ? -errno : 0;

	for (int i = 0; i < n; i++) {
		char *path = str_fmt("%s/%s", dir, v[i]->d_name);

		if (!err && str_ends(v[i]->d_name, ".ko")) {
			hash__add_str(h, v[i]->d_name);
			err = path ? hash__add_file(h, path) : -ENOMEM;
		}
		free(path);
		free(v[i]);
	}
	free(v);
	return err;
}

/* Of what a guest gets to run: equal ones behave alike. */
static int hash_binary(const struct image *img, char hex[HASH_HEX])
{
	struct hash *h = hash__new();
	int err = h ? hash__add_file(h, img->vmlinux) : -ENOMEM;

	if (!err && img->btf)
		err = hash__add_file(h, img->btf);
	if (!err && img->modules)
		err = hash_modules(h, img->modules);
	if (h)
		hash__end(h, hex);
	if (err)
		log_err("kernel %s: %s cannot be read: %s", img->name, img->dir, strerror(-err));
	return err;
}

char *trial__memo(const struct trial *t, const char *key)
{
	char hex[HASH_HEX], *dir = str_fmt("%s/bisect", t->cli->results), *path = NULL;
	struct hash *h = hash__new();

	if (h) {
		hash__add_str(h, t->question);
		hash__add_str(h, key);
		hash__end(h, hex);
	}
	if (h && dir && !dir_make(dir))
		path = str_fmt("%s/%.32s.json", dir, hex);
	free(dir);
	return path;
}

static bool recall(const struct trial *t, const char *memo, struct answers **out)
{
	if ((t->rerun && !strv__has(&t->fresh, memo)) || answers__load(memo, out))
		return false;
	(*out)->reused = true;
	return true;
}

static int keep(struct trial *t, const char *memo, const struct answers *a)
{
	int err = answers__are_final(a) ? answers__save(a, memo) : 0;

	if (err)
		log_err("%s: cannot be written: %s", memo, strerror(-err));
	return err ? err : strv__add(&t->fresh, memo);
}

/* --- asking ------------------------------------------------------------------------------------
 */

static int begin_run(struct trial *t)
{
	char *host;
	int err;

	if (t->begun)
		return 0;
	host = host__describe_files(t->cli, &t->objects.files);
	err = store__begin_run(t->store, t->cli->command, host ? host : "{}", &t->run);
	t->begun = !err;
	free(host);
	return err;
}

static int run_on(struct trial *t, const struct kernel *k, struct answers **out)
{
	struct cli_vm vm = *t->vm;
	const struct drive_opts o = {
		.cli = t->cli,
		.vm = &vm,
		.store = t->store,
		.run = t->run.id,
		.repeats = 1, /* of verdicts one is enough */
		.timeout_ms = t->timeout_ms,
		.programs = &t->programs,
		.files = t->objects.files.n ? &t->objects.files : NULL,
	};
	const struct kernel *kernels[] = { k };
	bool exact[] = { true };
	struct plan plan = t->plan;
	struct drive_result res;
	char *why = NULL;
	int err;

	/* Which accelerator it is was said with the first kernel. */
	if (vm.accel == ACCEL_AUTO && t->announced)
		accel__remembered(NULL, t->cli->paths.cache, &vm.accel, &why);
	t->announced = true;
	free(why);
	plan.kernels = kernels;
	plan.exact = exact;
	plan.nr_kernels = 1;
	err = drive__plan(&o, &plan, &res);
	if (!err && res.cut_off)
		err = -EINTR;
	if (!err)
		err = answers__of_run(t->store, t->run.id, k->name, out);
	if (!err) {
		(*out)->run = str_fmt("%lld", (long long)t->run.id);
		if (!(*out)->run) {
			answers__free(*out);
			err = -ENOMEM;
		}
	}
	return err;
}

static int ask(struct trial *t, const struct kernel *k, const char *binary, struct answers **out)
{
	char *memo = trial__memo(t, binary);
	int err = memo ? 0 : -ENOMEM;

	if (!err && !recall(t, memo, out)) {
		err = begin_run(t);
		if (!err)
			err = run_on(t, k, out);
		if (!err) {
			err = keep(t, memo, *out);
			if (err)
				answers__free(*out);
		}
	}
	free(memo);
	return err;
}

/* A build that failed says something of the kernel only when nothing else was amiss. */
static int not_built(const struct trial *t, int err, const char *reason, struct answers **out)
{
	char *why;

	int64_t left = disk_free(t->cli->paths.cache);

	if (err == -EINTR || cancel_pending(t->cli->cancel_fd))
		return -EINTR;
	if (err == -ENOSPC || err == -ENOMEM)
		return err;
	if (left >= 0 && left < DISK_LEAST)
		return -ENOSPC;
	why = str_fmt("the kernel could not be built%s%s", reason ? ": " : "",
		      reason ? reason : "");
	*out = why ? answers__none(why) : NULL;
	free(why);
	return *out ? 0 : -ENOMEM;
}

int trial__ask(struct trial *t, const struct kernel *k, char *binary, struct answers **out)
{
	struct image *img = NULL;
	char hex[HASH_HEX] = "", *why = NULL;
	int err = cli__image_why(t->cli, k, &img, &why);

	if (err) {
		err = not_built(t, err, why, out);
	} else {
		err = hash_binary(img, hex);
		if (!err)
			err = ask(t, k, hex, out);
	}
	if (binary)
		memcpy(binary, hex, sizeof(hex));
	image__free(img);
	free(why);
	return err;
}

int trial__end(struct trial *t, const char *reason, int exit_status)
{
	if (!t->begun || t->ended)
		return 0;
	t->ended = true;
	return store__end_run(t->store, t->run.id, reason ? RUN_CUT_OFF : RUN_COMPLETE, reason,
			      exit_status);
}

void trial__close(struct trial *t)
{
	run_info__release(&t->run);
	store__close(t->store);
	strv__free(&t->programs);
	strv__free(&t->fresh);
	plan__release(&t->plan);
	verify_plan__release(&t->objects);
}
