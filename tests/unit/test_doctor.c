// SPDX-License-Identifier: GPL-2.0-only
/* What `assay doctor` says of a host: tools through a PATH of our own, folders of our own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "cli/cmd_doctor.h"
#include "cli/cli.h"
#include "model/kver.h"
#include "store_fixture.h"

static const struct finding *find(const struct doctor *d, const char *what)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (strcmp(d->v[i].what, what) == 0)
			return &d->v[i];
	return NULL;
}

static void assert_finding(const struct doctor *d, const char *what, enum mark mark,
			   const char *found, const char *mend)
{
	const struct finding *f = find(d, what);

	assert_non_null(f);
	if (f->mark != mark || !strstr(f->found, found))
		fail_msg("%s is %s: %s", what, mark__name(f->mark), f->found);
	if (!mend)
		assert_null(f->mend);
	else if (!f->mend || !strstr(f->mend, mend))
		fail_msg("%s is mended by: %s", what, f->mend ? f->mend : "nothing");
}

static void versions_are_read(void **state)
{
	static const struct {
		const char *text, *version; /* NULL: none */
	} cases[] = {
		{ "v1.24\n", "1.24" },
		{ "Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu\n", "14.0.6" },
		{ "clang version 11.0.1-2", "11.0.1" },
		{ "gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "12.2.0" },
		{ "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)", "7.2.22" },
		{ "GNU ld (GNU Binutils for Debian) 2.40", "2.40" },
		{ "bc 1.07.1\nCopyright 1991-1994, 1997", "1.07.1" },
		{ "\nThis is perl 5, version 36, subversion 0 (v5.36.0) built", "5.36.0" },
		{ "bpftool v7.1.0\nusing libbpf v1.1", "7.1.0" },
		{ "", NULL },
		{ "no number", NULL },
		{ "version 5", NULL },
		{ "x86_64", NULL },
		{ "12.", NULL },
		{ ".5", NULL },
		{ "99999999999999999999.1", NULL },
	};
	struct kver v;
	char buf[24];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int err = doctor__parse_version(cases[i].text, &v, buf);

		assert_int_equal(err, cases[i].version ? 0 : -EINVAL);
		if (!err)
			assert_string_equal(buf, cases[i].version);
	}
}

static void nothing_is_installed(void **state)
{
	static const struct {
		const char *tool, *package;
		enum mark mark;
	} cases[] = {
		{ "qemu-system-x86_64", "qemu-system-x86", MARK_FAIL },
		{ "gcc", "gcc", MARK_FAIL },
		{ "clang", "clang", MARK_FAIL },
		{ "llvm-objdump", "llvm", MARK_FAIL },
		{ "pahole", "dwarves", MARK_FAIL },
		{ "xz", "xz-utils", MARK_FAIL },
		{ "ccache", "ccache", MARK_WARN },
		{ "busybox", "busybox-static", MARK_WARN },
	};
	struct fixture *f = *state;
	struct doctor d = { 0 };
	size_t i;

	assert_int_equal(setenv("PATH", f->dir, 1), 0);
	doctor__check_tools(&d);
	doctor__check_headers(&d);
	assert_int_equal(d.err, 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_finding(&d, cases[i].tool, cases[i].mark, "not found", cases[i].package);
	assert_finding(&d, "headers", MARK_WARN, "without gcc", "gcc");
	assert_true(d.nr_failed >= 5);
	doctor__release(&d);
}

static void install(struct fixture *f, const char *name, const char *script)
{
	char *path = str_fmt("%s/%s", f->dir, name), *text = str_fmt("#!/bin/sh\n%s\n", script);

	assert_int_equal(file_write(path, text, strlen(text)), 0);
	assert_int_equal(chmod(path, 0755), 0);
	free(text);
	free(path);
}

static void old_and_broken_tools(void **state)
{
	struct fixture *f = *state;
	struct doctor d = { 0 };

	assert_int_equal(setenv("PATH", f->dir, 1), 0);
	install(f, "pahole", "echo v1.9");
	install(f, "clang", "echo 'Debian clang version 11.0.1-2'");
	install(f, "gcc", "echo 'gcc (Debian 12.2.0-14) 12.2.0'");
	install(f, "make", "echo 'GNU Make, made by hand'");
	install(f, "bison", "exit 1");
	install(f, "flex", "kill -9 $$");
	install(f, "xz", "echo 'xz 5.4.1' >&2");
	install(f, "bc", ":");
	install(f, "ccache", "exit 3");
	install(f, "busybox", "echo BusyBox");
	doctor__check_tools(&d);
	/* 1.9 is older than 1.16, not newer. */
	assert_finding(&d, "pahole", MARK_FAIL, "1.9 is too old", "1.16 or later");
	assert_finding(&d, "clang", MARK_FAIL, "11.0.1 is too old", "14.0 or later");
	assert_finding(&d, "gcc", MARK_OK, "12.2.0", NULL);
	assert_finding(&d, "make", MARK_WARN, "unknown version", "new enough");
	assert_finding(&d, "bison", MARK_FAIL, "fails on --version", "reinstall package bison");
	assert_finding(&d, "flex", MARK_FAIL, "does not run", "reinstall package flex");
	assert_finding(&d, "xz", MARK_OK, "5.4.1", NULL);
	assert_finding(&d, "bc", MARK_OK, "unknown version", NULL);
	assert_finding(&d, "ccache", MARK_WARN, "fails on --version", "reinstall");
	assert_finding(&d, "busybox", MARK_WARN, "can't be read as a program", "busybox-static");
	doctor__release(&d);

	install(f, "pahole", "echo v1.16");
	install(f, "clang", "echo 'clang version 14.0.0'");
	doctor__check_tools(&d);
	assert_finding(&d, "pahole", MARK_OK, "1.16", NULL);
	assert_finding(&d, "clang", MARK_OK, "14.0.0", NULL);
	doctor__release(&d);
}

static void a_dynamic_busybox_is_said(void **state)
{
	struct fixture *f = *state;
	struct doctor d = { 0 };
	char *to = str_fmt("%s/busybox", f->dir);

	/* This test program itself needs shared libraries. */
	assert_int_equal(file_copy("/proc/self/exe", to), 0);
	chmod(to, 0755);
	assert_int_equal(setenv("PATH", f->dir, 1), 0);
	doctor__check_tools(&d);
	assert_finding(&d, "busybox", MARK_WARN, "shared libraries", "busybox-static");
	doctor__release(&d);
	assert_int_equal(file_write(to, "\177ELF\2", 5), 0);
	doctor__check_tools(&d);
	assert_finding(&d, "busybox", MARK_WARN, "can't be read as a program", "busybox-static");
	doctor__release(&d);
	free(to);
}

static void missing_headers_are_named(void **state)
{
	struct fixture *f = *state;
	struct doctor d = { 0 };

	/* A compiler that has just one of them. */
	install(f, "gcc", "case \"$*\" in *zlib.h*) exit 0;; esac; exit 1");
	assert_int_equal(setenv("PATH", f->dir, 1), 0);
	doctor__check_headers(&d);
	assert_finding(&d, "gelf.h", MARK_FAIL, "not found", "libelf-dev");
	assert_finding(&d, "jansson.h", MARK_WARN, "not found", "libjansson-dev");
	assert_finding(&d, "headers", MARK_OK, "zlib.h", NULL);
	assert_null(find(&d, "zlib.h"));
	doctor__release(&d);
}

static void results_are_looked_at(void **state)
{
	struct fixture *f = *state;
	struct doctor d = { 0 };
	char *deep = str_fmt("%s/not/made/yet", f->dir);

	doctor__check_results(&d, deep);
	assert_finding(&d, "results", MARK_OK, "no runs yet", NULL);
	doctor__release(&d);
	store__close(open_store(f));
	doctor__check_results(&d, f->results);
	assert_finding(&d, "results", MARK_OK, "sound", NULL);
	doctor__release(&d);
	assert_int_equal(file_write(f->db, "rubbish", 7), 0);
	doctor__check_results(&d, f->results);
	assert_finding(&d, "results", MARK_FAIL, "damaged", "move assay.db away");
	doctor__release(&d);
	free(deep);
}

static void the_cache_is_looked_at(void **state)
{
	struct fixture *f = *state;
	struct doctor d = { 0 };
	char *deep = str_fmt("%s/not/made/yet", f->dir);

	doctor__check_cache(&d, deep);
	assert_int_equal(d.n, 1);
	assert_non_null(strstr(d.v[0].found, deep));
	assert_true((d.v[0].mark == MARK_OK) == !d.v[0].mend);
	assert_false(file_exists(deep));
	doctor__release(&d);
	/* A file where a folder should be, and a file system with nothing in it. */
	doctor__check_cache(&d, "/proc/sys");
	assert_int_equal(d.v[0].mark, MARK_FAIL);
	assert_non_null(d.v[0].mend);
	doctor__release(&d);
	free(deep);
}

static void the_host_is_looked_at(void **state)
{
	struct fixture *f = *state;
	struct cli cli = { .guest = "/nonexistent/guest", .cancel_fd = -1 };
	struct doctor d = { 0 };

	doctor__check_memory(&d);
	doctor__check_kvm(&d, f->dir);
	doctor__check_guest(&d, &cli);
	assert_non_null(find(&d, "memory"));
	assert_non_null(find(&d, "KVM"));
	assert_finding(&d, "guest program", MARK_FAIL, "not there", "make");
	assert_int_equal(d.n, 3);
	assert_int_equal(d.nr_failed >= 1, 1);
	doctor__release(&d);
}

static int keep_path(void **state)
{
	int err = fixture_setup(state);

	if (!err)
		setenv("SAVED_PATH", getenv("PATH"), 1);
	return err;
}

static int restore_path(void **state)
{
	setenv("PATH", getenv("SAVED_PATH"), 1);
	return fixture_teardown(state);
}

#define T(name) cmocka_unit_test_setup_teardown(name, keep_path, restore_path)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_read),
		T(nothing_is_installed),
		T(old_and_broken_tools),
		T(a_dynamic_busybox_is_said),
		T(missing_headers_are_named),
		T(results_are_looked_at),
		T(the_cache_is_looked_at),
		T(the_host_is_looked_at),
	};

	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
