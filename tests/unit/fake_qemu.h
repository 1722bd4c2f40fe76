/* SPDX-License-Identifier: GPL-2.0-only */
/* A program that stands in for QEMU: it is started as QEMU is, has the wire's socket and the
 * console's file, and does what a few lines of bash say. */
#ifndef ASSAY_TEST_FAKE_QEMU_H
#define ASSAY_TEST_FAKE_QEMU_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "vm/vm.h"

struct fake {
	char dir[64];
	char *qemu, *console, *kernel;
	struct vm_opts opts;
};

/* $wire and $tty are descriptors, $console and $dir are paths; say TEXT prints on the console. */
#define FAKE_PRELUDE                                                         \
	"#!/bin/bash\n"                                                      \
	"for arg; do case $arg in\n"                                         \
	"  socket,id=wire,fd=*) wire=${arg##*=};;\n"                         \
	"  socket,id=tty,fd=*) tty=${arg##*=};;\n"                           \
	"  file,id=console,path=*) console=${arg#*path=};;\n"                \
	"  --version) echo 'QEMU emulator version 1.2.3 (fake)'; exit 0;;\n" \
	"esac; done\n"                                                       \
	"dir=${0%/*}; echo $$ > $dir/pid; echo x >> $dir/starts\n"           \
	"say() { printf '%s\\r\\n' \"$*\" >> $console; }\n"                  \
	"hello() { echo '{\"ev\":\"hello\",\"proto\":1,\"release\":\"1.2.3\"}' >&$wire; }\n"

static int fake__set_up(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/assay-test-qemu.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->qemu = str_fmt("%s/qemu-system-fake", f->dir);
	f->console = str_fmt("%s/console", f->dir);
	f->kernel = str_fmt("%s/vmlinux", f->dir);
	f->opts = (struct vm_opts){
		.qemu = f->qemu,
		.vmlinux = f->kernel,
		.initramfs = f->kernel,
		.console = f->console,
		.accel = ACCEL_TCG,
		.boot_timeout_ms = 20000,
		.cancel_fd = -1,
	};
	*state = f;
	return file_write(f->kernel, "x", 1);
}

static int fake__tear_down(void **state)
{
	struct fake *f = *state;

	dir_remove(f->dir);
	free(f->qemu);
	free(f->console);
	free(f->kernel);
	free(f);
	return 0;
}

static void fake__does(const struct fake *f, const char *script)
{
	char *text = str_fmt("%s%s\n", FAKE_PRELUDE, script);

	assert_non_null(text);
	assert_int_equal(file_write(f->qemu, text, strlen(text)), 0);
	assert_int_equal(chmod(f->qemu, 0755), 0);
	free(text);
}

/* Number of times it was started. */
static int fake__starts(const struct fake *f)
{
	char *path = str_fmt("%s/starts", f->dir);
	int64_t size = file_size(path);

	free(path);
	return size < 0 ? 0 : (int)(size / 2);
}

#endif
