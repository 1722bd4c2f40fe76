// SPDX-License-Identifier: GPL-2.0-only
#include "cli/drive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/hostrun.h"
#include "cli/kernel_build.h"
#include "cli/kernel_facts.h"
#include "cli/plan.h"
#include "cli/session.h"
#include "store/store.h"
#include "vm/guestfs.h"
#include "vm/qemu.h"

struct drive {
	const struct drive_opts *o;
	const struct plan *plan;
	struct drive_result *res;
	uint64_t deadline_ns;
	bool announced; /* the accelerator */
};

static void add_result(struct drive *d, const struct session_result *res)
{
	d->res->worst = status__worse(d->res->worst, res->worst);
	d->res->cut_off |= res->cut_off;
	if (res->cut_off)
		d->res->reason = res->reason;
}

/* A fresh trial says so itself; what is remembered is said once. */
static int settle_accel(struct drive *d, struct vm_opts *vm)
{
	const char *cache = d->o->cli->paths.cache;
	const enum accel asked = d->o->vm->accel;
	char *why = NULL;
	int err;

	if (asked == ACCEL_AUTO && !d->announced &&
	    accel__remembered(NULL, cache, &vm->accel, &why))
		accel__announce(vm->accel, why);
	d->announced = true;
	free(why);
	why = NULL;
	err = accel__settle(asked, vm, cache, &vm->accel, &why);
	free(why);
	return err;
}

/* Boots one kernel and runs the plan there. Returns 0 or -errno; *started: the failure is one of
 * keeping results, and the run can't go on. */
static int run_on_image(struct drive *d, const struct kernel *k, const struct image *img,
			bool *started)
{
	const struct drive_opts *o = d->o;
	const struct guestfs_opts fs = {
		.guest = o->cli->guest,
		.modules = img->modules,
		.programs = o->programs,
		.files = o->files,
	};
	char *initramfs = NULL;
	struct vm_opts vm = {
		.vmlinux = img->vmlinux,
		.append = o->vm->append,
		.accel = o->vm->accel,
		.timing = o->vm->timing,
		.cpus = o->vm->cpus,
		.threads = o->vm->threads,
		.mem_mb = o->vm->mem_mb,
		.cancel_fd = o->cli->cancel_fd,
	};
	struct session_opts so = {
		.objects = o->cli->objects,
		.store = o->store,
		.run = o->run,
		.image = img,
		.vm = &vm,
		.repeats = o->repeats,
		.precision = o->vm->precision,
		.timeout_ms = o->timeout_ms,
		.deadline_ns = d->deadline_ns,
		.fresh = o->fresh,
		.cache = o->cli->paths.cache,
		.on_record = o->on_record,
		.ctx = o->ctx,
	};
	struct session_result res;
	int fd = -1, err;

	err = guestfs__memory(&fs, &fd, &initramfs);
	if (err)
		goto out;
	vm.initramfs = initramfs;
	err = settle_accel(d, &vm);
	if (err)
		goto out;
	*started = true;
	err = kernel_facts__keep(o->store, o->run, k, img, &o->cli->paths);
	if (err)
		goto out;
	err = session__run(&so, d->plan, k, &res);
	add_result(d, &res);
out:
	free(initramfs);
	if (fd >= 0)
		close(fd);
	return err;
}

/* The kernel has nothing to show, and its column says why; the others go on. */
static int no_kernel(struct drive *d, const struct kernel *k, const char *what, const char *why)
{
	struct session_opts so = { .store = d->o->store, .run = d->o->run };
	char *reason = str_fmt("%s%s%s", what, why ? ": " : "", why ? why : "");
	int err = reason ? session__no_kernel(&so, d->plan, k, reason) : -ENOMEM;

	d->res->worst = STATUS_HARNESS;
	free(reason);
	return err;
}

static void interrupted(struct drive *d)
{
	d->res->cut_off = true;
	d->res->reason = "interrupted";
}

static int run_on_kernel(struct drive *d, const struct kernel *k, const struct kernel_built *b)
{
	struct log_catch said;
	bool started = false;
	char *why;
	int err;

	if (!b->image)
		return no_kernel(d, k,
				 k->prebuilt ? "the kernel cannot be had"
					     : "the kernel could not be built",
				 b->why);
	log_catch__begin(&said);
	err = run_on_image(d, k, b->image, &started);
	why = log_catch__end(&said);
	if (err == -EINTR || cancel_pending(d->o->cli->cancel_fd)) {
		interrupted(d);
		err = 0;
	} else if (err && err != -ENOSPC && !started) {
		err = no_kernel(d, k, "the guest could not be prepared", why);
	}
	free(why);
	return err;
}

static int run_on_host(struct drive *d)
{
	const struct drive_opts *o = d->o;
	const struct hostrun_opts ho = {
		.guest = o->cli->guest,
		.experiments = o->cli->experiments,
		.objects = o->cli->objects,
		.store = o->store,
		.run = o->run,
		.timeout_ms = o->timeout_ms,
		.deadline_ns = d->deadline_ns,
		.cancel_fd = o->cli->cancel_fd,
		.on_record = o->on_record,
		.ctx = o->ctx,
	};
	struct session_result res;
	int err = hostrun__run(&ho, d->plan, &res);

	add_result(d, &res);
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

/* All that are not built yet come first, so that the rest needs nobody's patience. */
static int run_on_kernels(struct drive *d, const struct kernel *const *ks, size_t n)
{
	struct kernel_built *b = calloc(n + 1, sizeof(*b));
	uint64_t start = clock_ns();
	int err;

	if (!b)
		return -ENOMEM;
	err = kernel_build__all(d->o->cli, ks, n, b);
	/* The limit is for what comes once the kernels are built. */
	if (d->deadline_ns)
		d->deadline_ns += clock_ns() - start;
	if (err == -EINTR || cancel_pending(d->o->cli->cancel_fd)) {
		interrupted(d);
		err = 0;
	}
	for (size_t i = 0; !err && i < n && !d->res->cut_off; i++)
		err = run_on_kernel(d, ks[i], &b[i]);
	kernel_built__release(b, n);
	free(b);
	return err;
}

static int run_on_guests(struct drive *d)
{
	const struct kernel **ks = calloc(d->plan->nr_kernels + 1, sizeof(*ks));
	/* Looked for first: building a kernel takes minutes. */
	char *qemu = qemu__find(NULL);
	size_t n = 0;
	int err = ks ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < d->plan->nr_kernels; i++)
		if (is_wanted(d->plan, d->plan->kernels[i]))
			ks[n++] = d->plan->kernels[i];
	for (size_t i = 0; !err && !qemu && i < n; i++)
		err = no_kernel(d, ks[i], "there is no QEMU", NULL);
	if (!err && qemu && n)
		err = run_on_kernels(d, ks, n);
	free(qemu);
	free(ks);
	return err;
}

int drive__plan(const struct drive_opts *o, const struct plan *plan, struct drive_result *out)
{
	struct drive d = { .o = o, .plan = plan, .res = out };
	int err;

	*out = (struct drive_result){ .worst = STATUS_OK };
	if (o->run_timeout_ms)
		d.deadline_ns = clock_ns() + o->run_timeout_ms * 1000000ull;
	err = run_on_host(&d);
	if (!err && !out->cut_off)
		err = run_on_guests(&d);
	return err;
}

static int exit_status(const struct drive_result *r, int err)
{
	if (err || r->cut_off || r->worst == STATUS_HARNESS)
		return EXIT_HARNESS;
	return r->worst > STATUS_SKIPPED ? EXIT_UNEXPECTED : EXIT_AS_EXPECTED;
}

/* From the store: what is shown is what was kept. */
static int show(const struct drive_opts *o)
{
	struct run_info ended = { 0 };
	char id[24];
	int err;

	snprintf(id, sizeof(id), "%lld", (long long)o->run);
	err = store__find_run(o->store, id, &ended);
	if (!err)
		err = o->show(o->ctx, &ended);
	run_info__release(&ended);
	return err;
}

int drive__end(const struct drive_opts *o, const char *name, struct drive_result *res, int err)
{
	int status = exit_status(res, err);

	if (err && !res->cut_off) {
		res->cut_off = true;
		res->reason = strerror(-err);
	}
	err = store__end_run(o->store, o->run, res->cut_off ? RUN_CUT_OFF : RUN_COMPLETE,
			     res->reason, status);
	if (!err && o->show)
		err = show(o);
	if (res->cut_off)
		log_err("run %s was cut off: %s; what was recorded until then is kept", name,
			res->reason);
	return err ? EXIT_HARNESS : status;
}

int drive__run(const struct drive_opts *o, const struct plan *plan, const char *name)
{
	struct drive_result res;
	int err = drive__plan(o, plan, &res);

	return drive__end(o, name, &res, err);
}
