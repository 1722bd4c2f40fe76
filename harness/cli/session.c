// SPDX-License-Identifier: GPL-2.0-only
#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/intake.h"
#include "vm/disk.h"
#include "vm/image.h"
#include "vm/kernels.h"
#include "wire/event.h"

/* The guest ends an experiment at its own limit; the host waits this much longer before it
 * takes the whole guest for hung. */
#define GUEST_GRACE_MS	10000
#define BOOT_TIMEOUT_MS 60000

struct session {
	const struct session_opts *o;
	struct intake_opts intake;
	struct guest_info guest;
	struct vm *vm;
	unsigned int disk_mb; /* the largest that an experiment of the plan asks for */
	struct fresh_state state;
	bool said_disk; /* that a guest with a disk is booted */
	unsigned int boots;
	bool booted;  /* at least once */
	bool no_boot; /* the first boot failed: the others are not tried */
	enum status worst;

	/* of the experiment that is running */
	const struct plan_item *item;
	struct intake *in;
	size_t first;	  /* program of an object to begin with */
	bool dirty;	  /* the kernel has had a splat: not to be used again */
	bool out_of_time; /* of the whole run, seen between programs of an object */
};

/* --- one experiment -------------------------------------------------------------------------- */

static uint64_t within_deadline(const struct session *s, uint64_t ms);

/* The time limit is for each program of an object. */
static int on_event(void *ctx, const json_t *event)
{
	struct session *s = ctx;
	int ret = intake__event(s->in, event);

	if (ret || strcmp(wire_type(event), "program") != 0)
		return ret;
	s->out_of_time = !within_deadline(s, 1);
	return s->out_of_time ? 1 : 2;
}

/* What a conversation that did not end by itself says of the experiment. */
static void blame(struct session *s, const struct vm_outcome *o)
{
	static const enum status by_end[] = {
		[VM_DONE] = STATUS_OK,
		[VM_TIMEOUT] = STATUS_TIMEOUT,
		[VM_PANIC] = STATUS_CRASHED,
		[VM_SPLAT] = STATUS_CRASHED,
		[VM_DIED] = STATUS_HARNESS,
		[VM_CANCELLED] = STATUS_HARNESS,
		[VM_BAD_STREAM] = STATUS_HARNESS,
		[VM_FAILED] = STATUS_HARNESS,
	};

	if (o->end == VM_DONE)
		return;
	s->dirty = true;
	intake__fail(s->in, by_end[o->end], o->detail ? o->detail : vm_end__name(o->end));
	if (o->excerpt && store__add_text(s->o->store, s->o->run, s->guest.kernel,
					  s->item->experiment, intake__text_name(s->item),
					  "console-excerpt", o->excerpt, strlen(o->excerpt), true))
		log_err("%s on %s: the console's excerpt could not be kept", s->item->experiment,
			s->guest.kernel);
}

static void stop_vm(struct session *s)
{
	vm__stop(s->vm);
	s->vm = NULL;
}

/* ms, cut to what is left of the whole run; 0 when nothing is left. */
static uint64_t within_deadline(const struct session *s, uint64_t ms)
{
	uint64_t now = clock_ns(), left;

	if (!s->o->deadline_ns)
		return ms;
	if (now >= s->o->deadline_ns)
		return 0;
	left = (s->o->deadline_ns - now) / 1000000 + 1;
	return left < ms ? left : ms;
}

static int next_console(void *ctx, char **path)
{
	struct session *s = ctx;
	char *name = s->boots ? str_fmt("boot-%u", s->boots + 1) : strdup("");
	int err = name ? store__text_path(s->o->store, s->o->run, s->guest.kernel, "", name,
					  "console", path)
		       : -ENOMEM;

	s->boots += !err;
	free(name);
	return err;
}

/* MB. A guest for one experiment has the disk that this one asks for. */
static unsigned int disk_size(const struct session *s)
{
	return s->o->fresh == FRESH_KERNEL ? s->disk_mb : s->item->disk_mb;
}

/* A disk is made anew for every guest, and a saved state has read from another one. */
static bool is_restored(struct session *s)
{
	if (s->o->fresh != FRESH_EXPERIMENT)
		return false;
	if (!s->item->disk_mb)
		return true;
	if (!s->said_disk)
		log_info("kernel %s: guests with a disk are booted (%s, for one): a saved state "
			 "would know another disk",
			 s->guest.kernel, s->item->experiment);
	s->said_disk = true;
	return false;
}

static int start_vm(struct session *s, struct vm_outcome *o)
{
	struct vm_opts opts = *s->o->vm;
	const char *drives[2] = { NULL };
	char *disk = NULL;
	int disk_fd = -1, err = 0;

	opts.boot_timeout_ms = (int)within_deadline(s, BOOT_TIMEOUT_MS);
	/* A fresh one for every boot. */
	if (disk_size(s))
		err = disk__make(disk_size(s), &disk_fd, &disk);
	drives[0] = disk;
	opts.drives = drives;
	if (!err)
		err = (is_restored(s) ? fresh_state__start : fresh__boot)(&s->state, &opts, &s->vm,
									  o);
	if (s->vm && !s->guest.cpu_model)
		s->guest.cpu_model = strdup(vm__cpu_model(s->vm));
	s->booted |= s->vm != NULL;
	if (disk_fd >= 0)
		close(disk_fd);
	free(disk);
	return err;
}

/* Limits are the host's time. A guest that counts its instructions has no idea of that: it gets no
 * limit, and the host ends it. */
static uint64_t grace(const struct session *s)
{
	return s->o->vm->timing == TIMING_ICOUNT ? 0 : GUEST_GRACE_MS;
}

static json_t *run_job(const struct session *s, uint64_t timeout_ms)
{
	const struct image *img = s->o->image;
	const struct plan_item *item = s->item;
	json_t *features = json_array();
	size_t i;

	if (!grace(s))
		timeout_ms = 0;
	for (i = 0; i < img->features.n; i++)
		json_array_append_new(features, json_string(img->features.v[i]));
	return json_pack("{s:s, s:s, s:O, s:i, s:o, s:s, s:s, s:I, s:s*, s:O*, s:O*, s:I, s:f}",
			 "job", "run", "experiment", item->experiment, "params", item->params,
			 "repeats", (int)s->o->repeats, "features", features, "release",
			 img->release, "build_id", img->build_id, "timeout_ms",
			 (json_int_t)timeout_ms, "object", item->object, "globals", item->globals,
			 "programs", item->programs, "first", (json_int_t)s->first, "precision",
			 s->o->precision);
}

/* The limit of an experiment, cut to what is left of the whole run; 0 when nothing is left. */
static uint64_t time_limit(const struct session *s)
{
	return within_deadline(s,
			       s->o->timeout_ms ? s->o->timeout_ms : s->item->timeout_s * 1000ull);
}

static void out_of_time(struct session *s, struct session_result *res)
{
	res->cut_off = true;
	res->reason = OUT_OF_TIME;
	intake__fail(s->in, STATUS_TIMEOUT, res->reason);
}

/* Boots the guest if need be. 0, or not: then *o or the experiment's reason says why. */
static int need_vm(struct session *s, struct session_result *res, struct vm_outcome *o)
{
	int err;

	if (s->vm)
		return 0;
	if (s->no_boot) {
		intake__fail(s->in, s->o->must_boot ? STATUS_HARNESS : STATUS_SKIPPED,
			     "the kernel did not boot for the experiment before");
		intake__excuse(s->in);
		return -ENXIO;
	}
	err = start_vm(s, o);
	if (err)
		intake__fail(s->in, STATUS_HARNESS, "the guest could not be started");
	if (!err && o->end == VM_DONE)
		return 0;
	/* A QEMU that died may have been killed: that says nothing about the kernel. */
	s->no_boot = !s->booted && (o->end == VM_TIMEOUT || o->end == VM_PANIC);
	if (o->end == VM_TIMEOUT && !within_deadline(s, BOOT_TIMEOUT_MS))
		out_of_time(s, res);
	else if (s->o->must_boot)
		intake__fail(s->in, STATUS_HARNESS, o->detail ? o->detail : vm_end__name(o->end));
	return err ? err : -ENXIO;
}

static void converse(struct session *s, struct session_result *res)
{
	struct vm_outcome o = { 0 };
	uint64_t limit;
	int err;

	if (time_limit(s) && need_vm(s, res, &o))
		goto out;
	limit = time_limit(s);
	if (!limit) {
		out_of_time(s, res);
		return;
	}
	err = vm__send(s->vm, run_job(s, limit));
	if (err) {
		o.end = VM_FAILED;
		o.detail = str_fmt("the job could not be sent to the guest: %s", strerror(-err));
		goto out;
	}
	vm__pump(s->vm, (int)(limit + grace(s)), on_event, s, &o);
	if (s->out_of_time) {
		out_of_time(s, res);
		s->dirty = true;
	}
	/* Also after one that the experiment declares: a WARN_ONCE would not come a second time,
	 * lockdep is off from then on. */
	s->dirty |= o.splat != SPLAT_NONE;
out:
	intake__close(s->in);
	blame(s, &o);
	if (o.err == -ENOSPC)
		intake__store_failed(s->in, o.err);
	if (o.end == VM_CANCELLED) {
		res->cut_off = true;
		res->reason = "interrupted";
	}
	vm_outcome__release(&o);
}

static int run_item(struct session *s, const struct plan_item *item, struct session_result *res)
{
	s->item = item;
	s->first = 0;
	s->dirty = s->out_of_time = false;
	s->in = intake__begin(&s->intake, item);
	if (!s->in)
		return -ENOMEM;
	if (item->blocked) {
		intake__fail(s->in, STATUS_HARNESS, item->blocked);
		intake__excuse(s->in);
		return intake__finish(s->in, &s->worst);
	}
	/* An object goes on behind a program that brought the guest down. */
	do {
		s->dirty = false;
		converse(s, res);
		if (s->dirty || intake__dirty(s->in))
			stop_vm(s);
	} while (!res->cut_off && intake__next_program(s->in, &s->first));
	if (s->o->fresh != FRESH_KERNEL) {
		vm__kill(s->vm);
		s->vm = NULL;
	}
	return intake__finish(s->in, &s->worst);
}

/* --- the whole ------------------------------------------------------------------------------- */

static int set_guest(struct session *s)
{
	const struct image *img = s->o->image;
	struct guest_info *g = &s->guest;

	*g = (struct guest_info){
		.kernel = strdup(img->name),
		.release = strdup(img->release),
		.build_id = strdup(img->build_id),
		.image_key = strdup(img->key),
		.accel = strdup(accel__name(s->o->vm->accel)),
		.timing = strdup(timing__name(s->o->vm->timing)),
		.cpus = s->o->vm->cpus,
		.mem_mb = s->o->vm->mem_mb,
	};
	return g->kernel && g->release && g->build_id && g->image_key && g->accel && g->timing
		       ? 0
		       : -ENOMEM;
}

int session__run(const struct session_opts *o, const struct plan *plan, const struct kernel *kernel,
		 struct session_result *out)
{
	struct session s = { .o = o, .boots = o->boots };
	size_t i;
	int err = set_guest(&s);

	*out = (struct session_result){ 0 };
	for (i = 0; i < plan->nr_items; i++)
		if (plan__wants(plan, i, kernel) && plan->items[i].disk_mb > s.disk_mb)
			s.disk_mb = plan->items[i].disk_mb;
	s.state = (struct fresh_state){
		.cache = o->cache,
		.image = o->image,
		.console = next_console,
		.ctx = &s,
	};
	s.intake = (struct intake_opts){
		.objects = o->objects,
		.store = o->store,
		.run = o->run,
		.guest = &s.guest,
		.version = o->image->version,
		.features = &o->image->features,
		.on_record = o->on_record,
		.watch = o->watch,
		.keep_machine = o->precision > 0,
		.ctx = o->ctx,
	};
	for (i = 0; !err && i < plan->nr_items && !out->cut_off; i++)
		if (plan__wants(plan, i, kernel))
			err = run_item(&s, &plan->items[i], out);
	out->worst = s.worst;
	out->boots = s.boots;
	/* The last one may have been given less than its own limit. */
	if (!err && s.worst >= STATUS_TIMEOUT && !within_deadline(&s, 1) && !out->cut_off) {
		out->cut_off = true;
		out->reason = OUT_OF_TIME;
	}
	stop_vm(&s);
	fresh_state__release(&s.state);
	guest_info__release(&s.guest);
	return err;
}

int session__no_kernel(const struct session_opts *o, const struct plan *plan,
		       const struct kernel *kernel, const char *reason)
{
	struct guest_info g = { .kernel = kernel->name };
	size_t i;
	int err = 0;

	for (i = 0; !err && i < plan->nr_items; i++)
		if (plan__wants(plan, i, kernel))
			err = store__add_experiment(o->store, o->run, &g, plan->items[i].experiment,
						    "{}", STATUS_HARNESS, reason, 0);
	return err;
}
