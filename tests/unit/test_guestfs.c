// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "vm/guestfs.h"

struct log assay_log = { .prog = "test_guestfs", .level = LOG_LEVEL_ERROR };

struct fixture {
	char dir[64];
	char *guest, *busybox, *keep;
	struct strv files;
	struct guestfs_opts opts;
};

static char *put(const struct fixture *f, const char *name, const char *text)
{
	char *path = str_fmt("%s/%s", f->dir, name);

	assert_int_equal(file_write(path, text, strlen(text)), 0);
	return path;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/assay-test-guestfs.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->guest = put(f, "assay-guest", "not ELF, so not dynamic");
	/* lists applets as busybox does */
	f->busybox = put(f, "busybox", "#!/bin/sh\nprintf '[\\nash\\nbusybox\\nsh\\n'\n");
	if (chmod(f->busybox, 0755))
		return -1;
	f->keep = str_fmt("%s/cache/deep", f->dir);
	f->opts = (struct guestfs_opts){ .guest = f->guest, .files = &f->files, .dir = f->keep };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	dir_remove(f->dir);
	strv__free(&f->files);
	free(f->guest);
	free(f->busybox);
	free(f->keep);
	free(f);
	return 0;
}

static bool holds(const char *archive, const char *what)
{
	char *data = NULL;
	size_t len;
	bool has;

	assert_int_equal(file_read(archive, 0, &data, &len), 0);
	has = memmem(data, len, what, strlen(what)) != NULL;
	free(data);
	return has;
}

static char *build(const struct fixture *f)
{
	char *path = NULL;

	assert_int_equal(guestfs__build(&f->opts, &path), 0);
	assert_non_null(path);
	assert_true(str_starts(path, f->keep));
	return path;
}

static void test_plain(void **state)
{
	struct fixture *f = *state;
	char *path = build(f);

	assert_true(holds(path, "not ELF, so not dynamic"));
	assert_true(holds(path, "dev/console"));
	assert_false(holds(path, "busybox"));
	free(path);
}

static void test_busybox(void **state)
{
	struct fixture *f = *state;
	char *path;

	f->opts.busybox = f->busybox;
	path = build(f);
	assert_true(holds(path, "bin/busybox"));
	assert_true(holds(path, "bin/sh"));
	assert_true(holds(path, "bin/ash"));
	assert_true(holds(path, "bin/["));
	free(path);
}

static void test_files(void **state)
{
	struct fixture *f = *state;
	char *one = put(f, "one", "first file"), *path;

	assert_int_equal(strv__add(&f->files, one), 0);
	path = build(f);
	assert_true(holds(path, "files/one"));
	assert_true(holds(path, "first file"));
	free(path);
	free(one);
}

static void test_modules(void **state)
{
	struct fixture *f = *state;
	char *dir = str_fmt("%s/modules", f->dir), *ko, *other, *list, *config, *path;

	assert_int_equal(dir_make(dir), 0);
	ko = put(f, "modules/binfmt_misc.ko", "a module");
	other = put(f, "modules/modules.dep", "a list");
	list = put(f, "modules/boot.list", "-binfmt_misc.ko a=1");
	config = put(f, "modules/config-6.1.0-1-amd64", "CONFIG_A=y");
	path = build(f);
	assert_false(holds(path, "lib/modules"));
	free(path);
	f->opts.modules = dir;
	path = build(f);
	assert_true(holds(path, "lib/modules/binfmt_misc.ko"));
	assert_true(holds(path, "a module"));
	assert_false(holds(path, "modules.dep"));
	assert_true(holds(path, "lib/modules/boot.list"));
	assert_true(holds(path, "boot/config-6.1.0-1-amd64"));
	free(path);
	free(list);
	free(config);
	free(other);
	free(ko);
	free(dir);
}

/* What experiments need, under the name that they look for. */
static void test_programs(void **state)
{
	struct fixture *f = *state;
	char *program = put(f, "memcached", "a server"), *path;
	struct strv programs = { 0 };

	assert_int_equal(strv__add(&programs, program), 0);
	f->opts.programs = &programs;
	path = build(f);
	assert_true(holds(path, "usr/lib/assay/memcached"));
	assert_true(holds(path, "a server"));
	free(path);
	free(program);
	strv__free(&programs);
}

/* Equal contents have one name; what is not used for an hour goes, what is no initramfs stays. */
static void test_names_and_tidying(void **state)
{
	struct fixture *f = *state;
	char *first = build(f), *again = build(f), *other, *stranger, *guest;
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	assert_string_equal(first, again);
	guest = put(f, "assay-guest", "a newer one");
	other = build(f);
	assert_string_not_equal(first, other);
	assert_true(file_exists(first)); /* used a moment ago */
	stranger = str_fmt("%s/results", f->keep);
	assert_int_equal(file_write(stranger, "x", 1), 0);
	assert_int_equal(utimensat(AT_FDCWD, first, old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, stranger, old, 0), 0);
	/* using the same again makes it new */
	assert_int_equal(utimensat(AT_FDCWD, other, old, 0), 0);
	free(again);
	again = build(f);
	assert_string_equal(other, again);
	assert_false(file_exists(first));
	assert_true(file_exists(other));
	assert_true(file_exists(stranger));
	free(guest);
	free(stranger);
	free(other);
	free(again);
	free(first);
}

static void test_memory(void **state)
{
	struct fixture *f = *state;
	char *path = NULL, *on_disk = build(f), *a = NULL, *b = NULL;
	size_t a_len, b_len;
	int fd = -1;

	assert_int_equal(guestfs__memory(&f->opts, &fd, &path), 0);
	assert_true(fd >= 0);
	assert_int_equal(file_read(path, 0, &a, &a_len), 0);
	assert_int_equal(file_read(on_disk, 0, &b, &b_len), 0);
	assert_int_equal(a_len, b_len);
	assert_memory_equal(a, b, a_len);
	close(fd);
	assert_false(file_exists(path));
	free(a);
	free(b);
	free(path);
	free(on_disk);
}

static void refused(const struct fixture *f, int err)
{
	char *path = NULL;
	int fd;

	assert_int_equal(guestfs__build(&f->opts, &path), err);
	assert_null(path);
	assert_int_equal(guestfs__memory(&f->opts, &fd, &path), err);
	assert_null(path);
	assert_int_equal(fd, -1);
	assert_int_equal(guestfs__check(&f->opts), err);
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;
	char *one = put(f, "one", "x"), *folder = str_fmt("%s/sub", f->dir), *same;

	f->opts.guest = "/nonexistent/assay-guest";
	refused(f, -ENOENT);
	f->opts.guest = "/proc/self/exe"; /* this test is linked dynamically */
	refused(f, -ENOEXEC);
	f->opts.guest = f->guest;
	f->opts.busybox = "/proc/self/exe";
	refused(f, -ENOEXEC);
	f->opts.busybox = NULL;
	assert_int_equal(strv__add(&f->files, "/nonexistent/file"), 0);
	refused(f, -EINVAL);
	strv__free(&f->files);
	assert_int_equal(strv__add(&f->files, f->dir), 0);
	refused(f, -EINVAL);
	strv__free(&f->files);
	/* two files of one name */
	assert_int_equal(dir_make(folder), 0);
	same = put(f, "sub/one", "y");
	assert_int_equal(strv__add(&f->files, one), 0);
	assert_int_equal(strv__add(&f->files, same), 0);
	refused(f, -EINVAL);
	strv__free(&f->files);
	f->opts.modules = "/nonexistent/modules";
	refused(f, -ENOENT);
	f->opts.modules = NULL;
	assert_int_equal(guestfs__check(&f->opts), 0);
	/* a busybox that does not work */
	assert_int_equal(file_write(f->busybox, "#!/bin/sh\nexit 1\n", 17), 0);
	f->opts.busybox = f->busybox;
	refused(f, -EIO);
	free(same);
	free(folder);
	free(one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain),	TEST(busybox),		 TEST(files),  TEST(modules),
		TEST(programs), TEST(names_and_tidying), TEST(memory), TEST(refusals),
	};

	return cmocka_run_group_tests_name("guestfs", tests, NULL, NULL);
}
