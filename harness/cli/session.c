// SPDX-License-Identifier: GPL-2.0-only
#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/disasm.h"
#include "cli/evidence.h"
#include "model/expect.h"
#include "vm/disk.h"
#include "vm/image.h"
#include "wire/event.h"
#include "wire/record_json.h"

/* The guest ends an experiment at its own limit; the host waits this much longer before it
 * takes the whole guest for hung. */
#define GUEST_GRACE_MS	10000
#define BOOT_TIMEOUT_MS 60000

#define OUT_OF_TIME "the time limit of the whole run was reached"

struct session {
	const struct session_opts *o;
	struct guest_info guest;
	struct vm *vm;
	unsigned int disk_mb; /* the largest that an experiment of the plan asks for */
	unsigned int boots;
	bool booted;  /* at least once */
	bool no_boot; /* the first boot failed: the others are not tried */
	enum status worst;

	/* of the experiment that is running */
	const struct plan_item *item;
	struct evidence *evidence; /* texts that the judge needs */
	struct record *pending;	   /* a program whose log may still come */
	struct disasm *disasm;
	struct progress *progress;
	enum status status;
	char *reason;
	bool ended;
	bool dirty; /* the kernel has had a splat: not to be used again */
	int store_err;
};

static void fail(struct session *s, enum status status, const char *reason)
{
	if (status__worse(s->status, status) == status)
		record__set(&s->reason, reason);
	s->status = status__worse(s->status, status);
}

/* --- events -------------------------------------------------------------------------------- */

static int judge(struct session *s, struct record *r)
{
	const struct image *img = s->o->image;
	struct judgement j = { 0 };
	int err;

	if (r->kind != RECORD_PROGRAM || r->status == STATUS_HARNESS || r->status == STATUS_SKIPPED)
		return 0;
	err = expect__judge((const char *const *)r->tags.v, r->tags.n, img->version,
			    (const char *const *)img->features.v, img->features.n, r->verdict,
			    r->err, evidence__text(s->evidence, r->name), &j);
	if (err)
		return err;
	err = record__set(&r->expected, j.expected);
	if (!err && j.status != STATUS_OK)
		err = record__fail(r, j.status, "%s", j.reason);
	judgement__release(&j);
	return err;
}

static int keep_disasm(struct session *s, const struct record *r)
{
	const char *text;
	size_t len;

	if (r->kind != RECORD_PROGRAM || !disasm__find(s->disasm, r->name, &text, &len))
		return 0;
	return store__add_text(s->o->store, s->o->run, s->guest.kernel, s->item->experiment,
			       r->name, "disasm", text, len, true);
}

static int finish_record(struct session *s, struct record *r)
{
	struct stored_record sr = { .guest = s->guest, .record = r };
	int err = judge(s, r);

	if (!err)
		err = store__add_record(s->o->store, s->o->run, &s->guest, r, &sr.id);
	if (!err)
		err = keep_disasm(s, r);
	s->status = status__worse(s->status, r->status);
	s->worst = status__worse(s->worst, r->status);
	if (!err && s->o->on_record)
		s->o->on_record(s->o->ctx, &sr);
	evidence__drop(s->evidence, r->name);
	record__free(r);
	return err;
}

static int finish_pending(struct session *s)
{
	struct record *r = s->pending;

	s->pending = NULL;
	return r ? finish_record(s, r) : 0;
}

static int on_record(struct session *s, const json_t *event)
{
	struct record *r = NULL;
	char why[256] = "";
	int err = finish_pending(s);

	if (err)
		return err;
	err = record_json__unpack(json_object_get(event, "record"), &r, why, sizeof(why));
	if (err) {
		log_err("%s on %s: the guest sent a damaged record: %s", s->item->experiment,
			s->guest.kernel, why);
		return -EBADMSG;
	}
	if (r->kind != RECORD_PROGRAM)
		return finish_record(s, r);
	s->pending = r;
	return 0;
}

static int on_text(struct session *s, const json_t *event)
{
	const char *name = "", *kind, *data;
	int64_t part;

	wire_str(event, "name", &name);
	if (wire_str(event, "kind", &kind) || wire_str(event, "data", &data) ||
	    wire_int(event, "part", &part))
		return -EBADMSG;
	if (strcmp(kind, "log") == 0 || strcmp(kind, "libbpf") == 0) {
		int err = evidence__add(s->evidence, name, data);

		if (err)
			return err;
	}
	return store__add_text(s->o->store, s->o->run, s->guest.kernel, s->item->experiment, name,
			       kind, data, strlen(data), part == 0);
}

static void on_progress(struct session *s, const json_t *event)
{
	int64_t done = 0, total = 0;
	const char *what = NULL;

	wire_int(event, "done", &done);
	wire_int(event, "total", &total);
	wire_str(event, "what", &what);
	progress__update(s->progress, total > 0 ? (double)done / (double)total : -1, what);
}

static int on_end(struct session *s, const json_t *event)
{
	const char *word, *reason = NULL, *splat = NULL;
	enum status status;
	int err = finish_pending(s);

	if (err)
		return err;
	if (wire_str(event, "status", &word) || status__parse(word, &status))
		return -EBADMSG;
	wire_str(event, "reason", &reason);
	if (status__worse(s->status, status) == status && reason && *reason)
		err = record__set(&s->reason, reason);
	s->status = status__worse(s->status, status);
	s->dirty = !wire_str(event, "splat", &splat) || status >= STATUS_TIMEOUT;
	s->ended = true;
	return err;
}

/* An error is about the job itself: it was not understood, and no end will come. */
static void on_log(struct session *s, const json_t *event)
{
	const char *level = "", *text;

	if (wire_str(event, "text", &text))
		return;
	log_debug("guest: %s", text);
	if (wire_str(event, "level", &level) || strcmp(level, "error") != 0)
		return;
	fail(s, STATUS_HARNESS, text);
	s->dirty = s->ended = true;
}

static int on_event(void *ctx, const json_t *event)
{
	struct session *s = ctx;
	const char *type = wire_type(event);
	int err = 0;

	if (strcmp(type, "record") == 0)
		err = on_record(s, event);
	else if (strcmp(type, "text") == 0)
		err = on_text(s, event);
	else if (strcmp(type, "progress") == 0)
		on_progress(s, event);
	else if (strcmp(type, "end") == 0)
		err = on_end(s, event);
	else if (strcmp(type, "log") == 0)
		on_log(s, event);
	if (err)
		s->store_err = err;
	return err ? err : s->ended;
}

/* --- one experiment -------------------------------------------------------------------------- */

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
	fail(s, by_end[o->end], o->detail ? o->detail : vm_end__name(o->end));
	if (o->excerpt &&
	    store__add_text(s->o->store, s->o->run, s->guest.kernel, s->item->experiment, "",
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

static int start_vm(struct session *s, struct vm_outcome *o)
{
	struct vm_opts opts = *s->o->vm;
	const char *drives[2] = { NULL };
	char *disk = NULL;
	const json_t *hello;
	int disk_fd = -1;
	char *name = s->boots ? str_fmt("boot-%u", s->boots + 1) : strdup(""), *path = NULL;
	int err = name ? store__text_path(s->o->store, s->o->run, s->guest.kernel, "", name,
					  "console", &path)
		       : -ENOMEM;

	if (err)
		goto out;
	s->boots++;
	opts.console = path;
	opts.boot_timeout_ms = (int)within_deadline(s, BOOT_TIMEOUT_MS);
	/* A fresh one for every boot. */
	if (s->disk_mb)
		err = disk__make(s->disk_mb, &disk_fd, &disk);
	if (err)
		goto out;
	drives[0] = disk;
	opts.drives = drives;
	err = vm__start(&opts, &s->vm);
	if (err)
		goto out;
	err = vm__wait_hello(s->vm, &hello, o);
	if (!err && !s->guest.cpu_model)
		s->guest.cpu_model = strdup(vm__cpu_model(s->vm));
	s->booted |= !err && o->end == VM_DONE;
	if (err || o->end != VM_DONE)
		stop_vm(s);
out:
	if (disk_fd >= 0)
		close(disk_fd);
	free(disk);
	free(name);
	free(path);
	return err;
}

static json_t *run_job(const struct session *s, uint64_t timeout_ms)
{
	const struct image *img = s->o->image;
	json_t *features = json_array();
	size_t i;

	for (i = 0; i < img->features.n; i++)
		json_array_append_new(features, json_string(img->features.v[i]));
	return json_pack("{s:s, s:s, s:O, s:i, s:o, s:s, s:s, s:I}", "job", "run", "experiment",
			 s->item->experiment, "params", s->item->params, "repeats",
			 (int)s->o->repeats, "features", features, "release", img->release,
			 "build_id", img->build_id, "timeout_ms", (json_int_t)timeout_ms);
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
	fail(s, STATUS_TIMEOUT, res->reason);
}

/* Boots the guest if need be. 0, or not: then *o or the experiment's reason says why. */
static int need_vm(struct session *s, struct session_result *res, struct vm_outcome *o)
{
	int err;

	if (s->vm)
		return 0;
	if (s->no_boot) {
		fail(s, STATUS_SKIPPED, "the kernel did not boot for the experiment before");
		s->ended = true;
		return -ENXIO;
	}
	err = start_vm(s, o);
	if (err)
		fail(s, STATUS_HARNESS, "the guest could not be started");
	if (!err && o->end == VM_DONE)
		return 0;
	/* A QEMU that died may have been killed: that says nothing about the kernel. */
	s->no_boot = !s->booted && (o->end == VM_TIMEOUT || o->end == VM_PANIC);
	if (o->end == VM_TIMEOUT && !within_deadline(s, BOOT_TIMEOUT_MS))
		out_of_time(s, res);
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
	vm__pump(s->vm, (int)(limit + GUEST_GRACE_MS), on_event, s, &o);
	/* Also after one that the experiment declares: a WARN_ONCE would not come a second time,
	 * lockdep is off from then on. */
	s->dirty |= o.splat != SPLAT_NONE;
out:
	/* A record whose log was still to come is kept with what there is. */
	if (finish_pending(s))
		s->store_err = -EIO;
	blame(s, &o);
	if (o.err == -ENOSPC)
		s->store_err = o.err;
	if (o.end == VM_CANCELLED) {
		res->cut_off = true;
		res->reason = "interrupted";
	}
	vm_outcome__release(&o);
}

static int run_item(struct session *s, const struct plan_item *item, struct session_result *res)
{
	char *label = str_fmt("%s on %s", item->experiment, s->guest.kernel);
	uint64_t start = clock_ns();
	char *params = json_dumps(item->params, JSON_COMPACT | JSON_SORT_KEYS);
	int err;

	s->item = item;
	s->status = STATUS_OK;
	s->ended = s->dirty = false;
	s->store_err = 0;
	s->evidence = evidence__new();
	s->disasm = disasm__open(s->o->objects, item->experiment);
	s->progress = progress__new(label ? label : item->experiment, true);
	if (!s->evidence || !s->progress || !params)
		fail(s, STATUS_HARNESS, "out of memory");
	else
		converse(s, res);
	if (s->store_err && s->status < STATUS_HARNESS)
		fail(s, STATUS_HARNESS,
		     s->store_err == -EBADMSG ? "the guest's events could not be understood"
					      : "the results could not be stored");
	if (s->status == STATUS_OK && !s->ended)
		fail(s, STATUS_HARNESS, "the experiment did not end");
	err = store__add_experiment(s->o->store, s->o->run, &s->guest, item->experiment,
				    params ? params : "{}", s->status, s->reason,
				    (double)(clock_ns() - start) / 1e9);
	s->worst = status__worse(s->worst, s->status);
	progress__done(s->progress, status__name(s->status));
	if (s->dirty)
		stop_vm(s);
	record__set(&s->reason, NULL);
	disasm__close(s->disasm);
	evidence__free(s->evidence);
	free(params);
	free(label);
	return err ? err : (s->store_err == -EBADMSG ? 0 : s->store_err);
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
		.timing = strdup("wall"),
		.cpus = s->o->vm->cpus,
		.mem_mb = s->o->vm->mem_mb,
	};
	return g->kernel && g->release && g->build_id && g->image_key && g->accel && g->timing
		       ? 0
		       : -ENOMEM;
}

int session__run(const struct session_opts *o, const struct plan *plan, struct session_result *out)
{
	struct session s = { .o = o };
	size_t i;
	int err = set_guest(&s);

	*out = (struct session_result){ 0 };
	for (i = 0; i < plan->nr_items; i++)
		if (plan->items[i].disk_mb > s.disk_mb)
			s.disk_mb = plan->items[i].disk_mb;
	for (i = 0; !err && i < plan->nr_items && !out->cut_off; i++)
		err = run_item(&s, &plan->items[i], out);
	out->worst = s.worst;
	/* The last one may have been given less than its own limit. */
	if (!err && s.worst >= STATUS_TIMEOUT && !within_deadline(&s, 1) && !out->cut_off) {
		out->cut_off = true;
		out->reason = OUT_OF_TIME;
	}
	stop_vm(&s);
	guest_info__release(&s.guest);
	return err;
}

int session__no_kernel(const struct session_opts *o, const struct plan *plan, const char *kernel,
		       const char *reason)
{
	struct guest_info g = { .kernel = (char *)kernel };
	size_t i;
	int err = 0;

	for (i = 0; !err && i < plan->nr_items; i++)
		err = store__add_experiment(o->store, o->run, &g, plan->items[i].experiment, "{}",
					    STATUS_HARNESS, reason, 0);
	return err;
}
