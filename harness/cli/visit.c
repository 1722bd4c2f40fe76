// SPDX-License-Identifier: GPL-2.0-only
#include "cli/visit.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/proc.h"
#include "vm/guestfs.h"
#include "vm/vm.h"
#include "wire/event.h"

struct visit {
	struct image *image;
	struct vm *vm;
	const char *console_arg; /* the user's, or NULL */
	char *initramfs, *console;
	int initramfs_fd, console_fd;
};

enum { OPT_CONSOLE = 0x400 };

static const struct argp_option options[] = {
	{ "file", 'f', "FILE", 0, "put this file into the guest's folder /files; can be repeated",
	  0 },
	{ "console", OPT_CONSOLE, "FILE", 0, "keep the kernel's messages in this file", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct visit_opts *o = state->input;

	switch (key) {
	case 'f':
		return strv__add(&o->files, arg) ? ENOMEM : 0;
	case OPT_CONSOLE:
		o->console = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp visit_argp = { .options = options, .parser = parse };

void visit_opts__release(struct visit_opts *o)
{
	strv__free(&o->files);
	strv__free(&o->programs);
}

/* Before there is an image it is only checked: a mistyped --file is said at once. */
static int make_guestfs(struct visit *v, const struct cli *cli, const struct visit_opts *o)
{
	struct guestfs_opts gfs = { .guest = cli->guest,
				    .files = &o->files,
				    .files_not_run = o->files_not_run,
				    .programs = &o->programs };
	char *busybox = proc_which("busybox");
	int err;

	if (!busybox) {
		log_err("busybox: not found; install it (package busybox-static)");
		return -ENOENT;
	}
	gfs.busybox = busybox;
	if (v->image) {
		gfs.modules = v->image->modules;
		err = guestfs__memory(&gfs, &v->initramfs_fd, &v->initramfs);
	} else {
		err = guestfs__check(&gfs);
	}
	free(busybox);
	return err;
}

/* A file in memory: it goes away with us, whatever ends us. */
static int make_console(struct visit *v, const struct visit_opts *o)
{
	v->console_arg = o->console;
	if (o->console) {
		v->console = strdup(o->console);
		return v->console ? 0 : -ENOMEM;
	}
	v->console_fd = memfd_create("assay-console", MFD_CLOEXEC);
	if (v->console_fd < 0)
		return -errno;
	v->console = str_fmt("/proc/%d/fd/%d", (int)getpid(), v->console_fd);
	return v->console ? 0 : -ENOMEM;
}

/* The guest must be the kernel that was asked for. */
static int check_kernel(const struct visit *v, const json_t *hello)
{
	const char *release = "", *build_id = "";

	wire_str(hello, "release", &release);
	wire_str(hello, "build_id", &build_id);
	if (!strcmp(release, v->image->release) && !strcasecmp(build_id, v->image->build_id))
		return 0;
	log_err("the guest runs kernel %s (build id %s), and not %s (build id %s): remove %s, and "
		"the kernel is built again",
		release, *build_id ? build_id : "none", v->image->release, v->image->build_id,
		v->image->dir);
	return -EINVAL;
}

static int boot(struct visit *v, const struct vm_opts *vm)
{
	struct vm_outcome o = { 0 };
	const json_t *hello;
	int err;

	err = vm__start(vm, &v->vm);
	if (!err)
		err = vm__wait_hello(v->vm, &hello, &o);
	if (err)
		return err;
	if (o.end == VM_DONE) {
		err = check_kernel(v, hello) ? -EIO : 0;
	} else {
		visit__complain(&o);
		err = o.end == VM_CANCELLED ? -EINTR : -EIO;
	}
	vm_outcome__release(&o);
	return err;
}

static int start(struct visit *v, struct cli *cli, const struct visit_opts *o)
{
	struct vm_opts vm = {
		.vmlinux = v->image->vmlinux,
		.append = o->vm.append,
		.cpus = o->vm.cpus,
		.threads = o->vm.threads,
		.mem_mb = o->vm.mem_mb,
		.tty = o->tty,
		.cancel_fd = cli->cancel_fd,
	};
	char *why = NULL;
	int err;

	err = make_console(v, o);
	if (err) {
		log_err("the console's text: %s", strerror(-err));
		return err;
	}
	vm.initramfs = v->initramfs;
	vm.console = v->console;
	err = accel__settle(o->vm.accel, &vm, cli->paths.cache, &vm.accel, &why);
	free(why);
	return err ?: boot(v, &vm);
}

int visit__open(struct cli *cli, const struct visit_opts *o, struct visit **out)
{
	struct visit *v = calloc(1, sizeof(*v));
	const struct kernel *k;
	int err;

	if (!v)
		return -ENOMEM;
	v->initramfs_fd = v->console_fd = -1;
	cli->kernel_source = o->vm.kernel_source;
	err = cli__kernel(cli, o->vm.kernels_arg, &k);
	if (!err)
		err = make_guestfs(v, cli, o);
	if (!err)
		err = cli__image(cli, k, &v->image);
	if (!err)
		err = make_guestfs(v, cli, o);
	if (!err)
		err = start(v, cli, o);
	if (err)
		visit__close(v);
	else
		*out = v;
	return err;
}

void visit__close(struct visit *v)
{
	if (!v)
		return;
	vm__stop(v->vm);
	image__free(v->image);
	if (v->initramfs_fd >= 0)
		close(v->initramfs_fd);
	if (v->console_fd >= 0)
		close(v->console_fd);
	free(v->initramfs);
	free(v->console);
	free(v);
}

const struct image *visit__image(const struct visit *v)
{
	return v->image;
}

struct vm *visit__vm(const struct visit *v)
{
	return v->vm;
}

void visit__complain(const struct vm_outcome *o)
{
	log_err("%s", o->detail ? o->detail : vm_end__name(o->end));
	if (o->end != VM_CANCELLED && o->excerpt && *o->excerpt)
		log_err("the kernel's messages:\n%s", o->excerpt);
}

void visit__warn(const struct visit *v, const struct vm_outcome *o)
{
	if (o->splat == SPLAT_NONE)
		return;
	if (v->console_arg)
		log_warn("the kernel printed trouble meanwhile (%s): see %s", splat__name(o->splat),
			 v->console_arg);
	else
		log_warn(
			"the kernel printed trouble meanwhile (%s); with --console FILE its messages "
			"are kept",
			splat__name(o->splat));
}
