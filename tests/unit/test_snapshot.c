// SPDX-License-Identifier: GPL-2.0-only
/* Saved states: their keys, and what is taken back from the cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "vm/snapshot.h"
#include "vm/snapshot_prune.h"
#include "vm/vm.h"

struct log assay_log = { .prog = "test_snapshot", .level = LOG_LEVEL_ERROR };

#define KEY_A	   "aaaa"
#define KEY_B	   "bbbb"
#define STATE_SIZE (3u << 20)

static char dir[64];

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/assay-test-snapshot.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return dir_remove(dir);
}

static void make_state(struct snapshot *s)
{
	char *data = malloc(STATE_SIZE);

	assert_non_null(data);
	snapshot__init(s);
	for (size_t i = 0; i < STATE_SIZE; i++)
		data[i] = (char)(i * 7 + i / 1000);
	s->fd = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(write_all(s->fd, data, STATE_SIZE), 0);
	free(data);
	s->hello = json_pack("{s:s, s:i}", "ev", "hello", "proto", 1);
	s->console = strdup("[ 0.0] Linux\n");
	s->console_len = strlen(s->console);
}

static void keep(const char *key)
{
	struct snapshot s;

	make_state(&s);
	assert_int_equal(snapshot__keep(dir, key, &s, &snapshot_limits), 0);
	snapshot__release(&s);
}

static char *file(const char *key, const char *name)
{
	char *path = str_fmt("%s/snapshots/%s%s%s", dir, key, name ? "/" : "", name ? name : "");

	assert_non_null(path);
	return path;
}

static bool is_kept(const char *key)
{
	char *path = file(key, NULL);
	bool there = file_exists(path);

	free(path);
	return there;
}

static int load(const char *key, struct snapshot *s, char **why)
{
	return snapshot__load(dir, key, s, why);
}

static void test_round_trip(void **state)
{
	struct snapshot s;
	char *why, a, b;
	int one, two;

	(void)state;
	assert_int_equal(load(KEY_A, &s, &why), -ENOENT);
	keep(KEY_A);
	assert_int_equal(load(KEY_A, &s, &why), 0);
	assert_null(why);
	assert_string_equal(s.console, "[ 0.0] Linux\n");
	assert_string_equal(json_string_value(json_object_get(s.hello, "ev")), "hello");
	assert_int_equal(lseek(s.fd, 0, SEEK_END), STATE_SIZE);
	/* Two QEMUs read it at once, each from its beginning. */
	one = snapshot__open(&s);
	two = snapshot__open(&s);
	assert_int_equal(lseek(one, 100, SEEK_SET), 100);
	assert_int_equal(lseek(two, 0, SEEK_CUR), 0);
	assert_int_equal(pread(one, &a, 1, 2000), 1);
	b = (char)(2000 * 7 + 2);
	assert_int_equal(a, b);
	close(one);
	close(two);
	/* It is in memory: the file may go. */
	snapshot__discard(dir, KEY_A);
	assert_false(is_kept(KEY_A));
	assert_int_equal(pread(s.fd, &a, 1, 3000), 1);
	snapshot__release(&s);
}

static void assert_damaged(const char *part)
{
	struct snapshot s;
	char *why;

	assert_int_equal(load(KEY_A, &s, &why), -EBADMSG);
	assert_non_null(why);
	if (!strstr(why, part))
		fail_msg("'%s' lacks '%s'", why, part);
	assert_int_equal(s.fd, -1);
	free(why);
	/* It is thrown away, and another one can take its place. */
	assert_false(is_kept(KEY_A));
	keep(KEY_A);
	assert_int_equal(load(KEY_A, &s, &why), 0);
	snapshot__release(&s);
}

static void flip(const char *name, off_t at)
{
	char *path = file(KEY_A, name), c;
	int fd = open(path, O_RDWR);

	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
	free(path);
}

static void resize(off_t size)
{
	char *path = file(KEY_A, "state");

	assert_int_equal(truncate(path, size), 0);
	free(path);
}

static void test_damage(void **state)
{
	char *path, *text;
	char *other;

	(void)state;
	keep(KEY_A);
	flip("state", 0);
	assert_damaged("checksum");
	flip("state", STATE_SIZE - 1);
	assert_damaged("checksum");
	flip("console", 3);
	assert_damaged("checksum");
	resize(STATE_SIZE - 1);
	assert_damaged("cut short");
	resize(0);
	assert_damaged("cut short");
	resize(STATE_SIZE + 1);
	assert_damaged("too long");
	path = file(KEY_A, "state");
	assert_int_equal(unlink(path), 0);
	free(path);
	assert_damaged("missing");
	path = file(KEY_A, "meta.json");
	assert_int_equal(file_write(path, "{", 1), 0);
	assert_damaged("no JSON");
	assert_int_equal(file_read(path, 0, &text, NULL), 0);
	other = strstr(text, "\"proto\": 1");
	assert_non_null(other);
	other[strlen("\"proto\": ")] = '2';
	assert_int_equal(file_write(path, text, strlen(text)), 0);
	assert_damaged("checksum");
	free(text);
	free(path);
}

/* A whole one, of another guest. */
static void test_foreign(void **state)
{
	char *a = file(KEY_A, NULL), *b = file(KEY_B, NULL);

	(void)state;
	keep(KEY_B);
	assert_int_equal(rename(b, a), 0);
	assert_damaged("another guest's");
	free(a);
	free(b);
}

/* A removal that was interrupted, and a writer that was killed. */
static void test_remains(void **state)
{
	char *meta = file(KEY_A, "meta.json"), *fresh = file(SNAPSHOT_NEW KEY_A, NULL);
	char *half = str_fmt("%s/state", fresh);
	struct snapshot s;
	char *why;

	(void)state;
	keep(KEY_A);
	assert_int_equal(unlink(meta), 0);
	assert_int_equal(dir_make(fresh), 0);
	assert_int_equal(file_write(half, "x", 1), 0);
	assert_int_equal(load(KEY_A, &s, &why), -ENOENT);
	keep(KEY_A);
	assert_int_equal(load(KEY_A, &s, &why), 0);
	snapshot__release(&s);
	assert_false(file_exists(fresh));
	free(half);
	free(fresh);
	free(meta);
}

static void used(const char *key, time_t when)
{
	char *path = file(key, "meta.json");
	struct timespec t[2] = { { .tv_sec = when }, { .tv_sec = when } };

	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
	free(path);
}

static void test_limits(void **state)
{
	const struct snapshot_limits three = { .number = 3, .bytes = 1ll << 40 },
				     small = { .number = 9, .bytes = 2 * STATE_SIZE + 100000 };
	struct snapshot s;
	char *why;

	(void)state;
	keep("one");
	keep("two");
	keep("three");
	used("one", 1000);
	used("two", 2000);
	used("three", 3000);
	/* Use makes young. */
	assert_int_equal(load("one", &s, &why), 0);
	assert_int_equal(snapshot__keep(dir, "four", &s, &three), 0);
	assert_true(is_kept("one"));
	assert_false(is_kept("two"));
	assert_true(is_kept("three"));
	assert_true(is_kept("four"));
	/* By size; the one that was just made stays, whatever it takes. */
	used("one", 5000);
	used("three", 4000);
	used("four", 3000);
	assert_int_equal(snapshot__keep(dir, "five", &s, &small), 0);
	assert_true(is_kept("five"));
	assert_true(is_kept("one"));
	assert_false(is_kept("three"));
	assert_false(is_kept("four"));
	snapshot__release(&s);
}

static void key_of(const struct snapshot_of *of, char key[HASH_HEX])
{
	assert_int_equal(snapshot__key(of, key), 0);
	assert_int_equal(strlen(key), HASH_HEX - 1);
}

static void assert_other(const struct snapshot_of *of, const char *key)
{
	char its[HASH_HEX];

	key_of(of, its);
	assert_string_not_equal(its, key);
}

static void write_text(const char *path, const char *text)
{
	assert_int_equal(file_write(path, text, strlen(text)), 0);
}

static void test_key(void **state)
{
	char *qemu = str_fmt("%s/qemu-system-fake", dir), *initramfs = str_fmt("%s/cpio", dir);
	struct vm_opts vm = { .qemu = qemu,
			      .vmlinux = initramfs,
			      .initramfs = initramfs,
			      .accel = ACCEL_TCG,
			      .cpus = 1,
			      .mem_mb = 512 },
		       same = vm;
	struct snapshot_of of = { "id", "image", &vm };
	char key[HASH_HEX], again[HASH_HEX];

	(void)state;
	write_text(qemu, "#!/bin/sh\necho version 1\n");
	assert_int_equal(chmod(qemu, 0755), 0);
	write_text(initramfs, "one");
	key_of(&of, key);
	same.console = "elsewhere";
	same.boot_timeout_ms = 5;
	same.qmp = true;
	same.state_fd = 7;
	of.vm = &same;
	key_of(&of, again);
	assert_string_equal(key, again);
	assert_other(&(struct snapshot_of){ "other", "image", &vm }, key);
	assert_other(&(struct snapshot_of){ "id", "other", &vm }, key);
#define OTHER(field, value)             \
	do {                            \
		same = vm;              \
		same.field = (value);   \
		assert_other(&of, key); \
	} while (0)
	OTHER(cpus, 2);
	OTHER(mem_mb, 256);
	OTHER(append, "quiet");
	OTHER(accel, ACCEL_KVM);
	OTHER(drives, ((const char *const[]){ "disk", NULL }));
	OTHER(tty, true);
	same = vm;
	same.cpus = same.threads = 2;
	assert_other(&of, key);
	of.vm = &vm;
	write_text(initramfs, "two"); /* as long, other contents */
	assert_other(&of, key);
	write_text(initramfs, "one");
	key_of(&of, again);
	assert_string_equal(key, again);
	write_text(qemu, "#!/bin/sh\necho version 2\n");
	assert_other(&of, key);
	free(initramfs);
	free(qemu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_remains, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_key, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
