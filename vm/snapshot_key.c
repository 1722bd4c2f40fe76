// SPDX-License-Identifier: GPL-2.0-only
#include "vm/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cpuinfo.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "vm/qemu.h"
#include "vm/vm.h"

/* Another number: states of before are not taken any more. */
#define KEY_FORMAT "assay snapshot 1"

static void add_number(struct hash *h, long long n)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", n);
	hash__add_str(h, text);
}

/* A program that was replaced is another one, whatever version it says it is. */
static int add_qemu(struct hash *h, const char *name)
{
	char *program = qemu__find(name), *real, *version = NULL;
	struct stat st;
	int status = 0, err;

	if (!program)
		return -ENOENT;
	real = realpath(program, NULL);
	err = real ? proc_output((const char *const[]){ real, "--version", NULL }, &version,
				 &status)
		   : -errno;
	if (!err && (status || stat(real, &st)))
		err = -EIO;
	if (err) {
		log_err("%s --version: %s", program, strerror(-err));
	} else {
		hash__add_str(h, real);
		hash__add_str(h, version);
		add_number(h, (long long)st.st_size);
		add_number(h, (long long)st.st_mtim.tv_sec);
		add_number(h, (long long)st.st_mtim.tv_nsec);
		add_number(h, (long long)st.st_ino);
	}
	free(version);
	free(real);
	free(program);
	return err;
}

/* The guest sees the CPU that it runs on, and clocks that the host's kernel gives it. */
static int add_host(struct hash *h)
{
	char *model = cpuinfo__model();
	struct utsname u;

	if (uname(&u))
		return -errno;
	hash__add_str(h, model);
	hash__add_str(h, u.release);
	hash__add_str(h, u.version);
	free(model);
	return 0;
}

/* The command line with names in place of what changes from start to start. What the names stand
 * for comes apart. */
static int add_machine(struct hash *h, const struct vm_opts *o)
{
	struct vm_opts machine = *o;
	struct strv argv = { 0 };
	int err;

	machine.vmlinux = "kernel";
	machine.initramfs = "initramfs";
	machine.console = "console";
	machine.console_before = NULL;
	err = vm_argv(&machine, "qemu", 3, 4, &argv);
	for (size_t i = 0; !err && i < argv.n; i++)
		hash__add_str(h, argv.v[i]);
	strv__free(&argv);
	return err;
}

int snapshot__key(const struct snapshot_of *of, char key[HASH_HEX])
{
	const struct vm_opts *o = of->vm;
	struct hash *h = hash__new();
	struct stat st;
	int err = h ? 0 : -ENOMEM;

	if (err)
		return err;
	hash__add_str(h, KEY_FORMAT);
	hash__add_str(h, of->build_id);
	hash__add_str(h, of->image_key);
	if (stat(o->vmlinux, &st))
		err = -errno;
	else
		add_number(h, (long long)st.st_size);
	if (err)
		log_err("%s: %s", o->vmlinux, strerror(-err));
	if (!err)
		err = hash__add_file(h, o->initramfs);
	if (!err)
		err = add_machine(h, o);
	if (!err)
		err = add_qemu(h, o->qemu);
	if (!err && o->accel == ACCEL_KVM)
		err = add_host(h);
	hash__end(h, key);
	return err ? err : *key ? 0 : -EIO;
}
