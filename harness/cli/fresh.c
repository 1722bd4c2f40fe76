// SPDX-License-Identifier: GPL-2.0-only
#include "cli/fresh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "vm/image.h"
#include "vm/restore.h"
#include "vm/vm.h"

/* --- the option ------------------------------------------------------------------------------ */

static const char *const names[] = {
	[FRESH_KERNEL] = "kernel",
	[FRESH_EXPERIMENT] = "experiment",
	[FRESH_BOOT] = "boot",
};

int fresh__parse(const char *s, enum fresh *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(s, names[i]) != 0)
			continue;
		*out = (enum fresh)i;
		return 0;
	}
	return -EINVAL;
}

enum { OPT_FRESH = 0x500 };

static const struct argp_option options[] = {
	{ "fresh", OPT_FRESH, "experiment|kernel|boot", 0,
	  "what gets a kernel that nothing ran on: each experiment, from a saved state; each kernel, "
	  "one boot for all experiments (the default); or each experiment by a boot of its own",
	  2 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key != OPT_FRESH)
		return ARGP_ERR_UNKNOWN;
	if (fresh__parse(arg, state->input))
		argp_error(state, "--fresh: '%s' is none of experiment, kernel, boot", arg);
	return 0;
}

const struct argp fresh_argp = { .options = options, .parser = parse };

/* --- guests ---------------------------------------------------------------------------------- */

static void drop(struct fresh_state *f)
{
	if (f->here)
		snapshot__release(&f->snapshot);
	f->here = false;
}

void fresh_state__release(struct fresh_state *f)
{
	drop(f);
}

int fresh__boot(struct fresh_state *f, const struct vm_opts *opts, struct vm **out,
		struct vm_outcome *o)
{
	struct vm_opts booted = *opts;
	const json_t *hello;
	char *path = NULL;
	int err = f->console(f->ctx, &path);

	*out = NULL;
	memset(o, 0, sizeof(*o));
	booted.console = path;
	if (!err)
		err = vm__start(&booted, out);
	if (!err)
		err = vm__wait_hello(*out, &hello, o);
	if (*out && (err || o->end != VM_DONE)) {
		vm__stop(*out);
		*out = NULL;
	}
	free(path);
	return err;
}

/* Everything is booted from now on. */
static void give_up(struct fresh_state *f, const char *what, const char *why)
{
	log_warn("kernel %s: %s: %s; every guest is booted instead", f->image->name, what, why);
	f->given_up = true;
	drop(f);
}

/* Not being able to keep it costs the next run a boot. */
static void keep(struct fresh_state *f)
{
	int err = snapshot__keep(f->cache, f->key, &f->snapshot, &snapshot_limits);

	if (err)
		log_warn("kernel %s: the saved state can't be kept in %s/snapshots: %s; it serves "
			 "this run alone",
			 f->image->name, f->cache, strerror(-err));
}

/* Boots a guest and saves it. 0 with here unset: it could not be saved; then *o says how the boot
 * ended. */
static int make(struct fresh_state *f, const struct vm_opts *opts, struct vm_outcome *o)
{
	struct vm_opts saved = *opts;
	struct vm *vm = NULL;
	char *why = NULL;
	int err;

	saved.qmp = true;
	err = fresh__boot(f, &saved, &vm, o);
	if (err || !vm)
		return err;
	f->made = true;
	if (o->splat != SPLAT_NONE) {
		give_up(f, "its state after the boot is not saved", "trouble on its console");
	} else if (snapshot__take(vm, opts->cancel_fd, &f->snapshot, &why)) {
		if (cancel_pending(opts->cancel_fd))
			*o = (struct vm_outcome){ .end = VM_CANCELLED,
						  .detail = strdup("interrupted") };
		else
			give_up(f, "its state after the boot can't be saved",
				why ? why : "no memory");
	} else {
		f->here = true;
		keep(f);
	}
	free(why);
	vm__kill(vm);
	return 0;
}

/* Looks in the cache, once. */
static void look(struct fresh_state *f, const struct vm_opts *opts)
{
	const struct snapshot_of of = {
		.build_id = f->image->build_id,
		.image_key = f->image->key,
		.vm = opts,
	};
	char *why = NULL;
	int err;

	if (f->looked)
		return;
	f->looked = true;
	err = snapshot__key(&of, f->key);
	if (err) {
		give_up(f, "its saved state can't be named", strerror(-err));
		return;
	}
	err = snapshot__load(f->cache, f->key, &f->snapshot, &why);
	f->here = !err;
	if (err == -EBADMSG)
		log_warn("kernel %s: its saved state is damaged (%s): it is made again",
			 f->image->name, why ? why : "?");
	else if (err && err != -ENOENT)
		log_warn("kernel %s: its saved state can't be read: %s: it is made again",
			 f->image->name, strerror(-err));
	free(why);
}

static int restore(struct fresh_state *f, const struct vm_opts *opts, struct vm **out,
		   struct vm_outcome *o)
{
	struct vm_opts restored = *opts;
	char *path = NULL;
	int err = f->console(f->ctx, &path);

	restored.console = path;
	if (!err)
		err = snapshot__restore(&f->snapshot, &restored, out, o);
	free(path);
	return err;
}

static const char *detail(const struct vm_outcome *o)
{
	return o->detail ? o->detail : vm_end__name(o->end);
}

/* It was whole, and still is no use. */
static void refuse(struct fresh_state *f, const struct vm_outcome *o)
{
	snapshot__discard(f->cache, f->key);
	if (f->made) {
		give_up(f, "its saved state can't be restored", detail(o));
		return;
	}
	log_warn("kernel %s: its saved state can't be restored (%s): it is made again",
		 f->image->name, detail(o));
	drop(f);
}

/* Not the state's fault: there was less time than a restored guest is given. */
static bool is_out_of_time(const struct vm_opts *opts, const struct vm_outcome *o)
{
	return o->end == VM_TIMEOUT && opts->boot_timeout_ms > 0 &&
	       opts->boot_timeout_ms < RESTORE_MS;
}

int fresh_state__start(struct fresh_state *f, const struct vm_opts *opts, struct vm **out,
		       struct vm_outcome *o)
{
	int err;

	*out = NULL;
	memset(o, 0, sizeof(*o));
	look(f, opts);
	while (!f->given_up) {
		if (!f->here) {
			err = make(f, opts, o);
			if (err || o->end != VM_DONE)
				return err;
			vm_outcome__release(o);
			continue;
		}
		err = restore(f, opts, out, o);
		if (err || *out || o->end == VM_CANCELLED || is_out_of_time(opts, o))
			return err;
		refuse(f, o);
		vm_outcome__release(o);
	}
	return fresh__boot(f, opts, out, o);
}
