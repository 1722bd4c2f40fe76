// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

/* Each test has a fresh folder as its working directory. */
static int setup(void **state)
{
	char *dir = strdup("/tmp/assay-test-file.XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) && !chdir(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	int err = chdir("/") < 0 ? -errno : dir_remove(*state);

	free(*state);
	return err;
}

static void expect_contents(const char *path, const char *want, size_t want_len)
{
	char *data = NULL;
	size_t len = 0;

	assert_int_equal(file_read(path, 0, &data, &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(data, want, want_len);
	assert_int_equal(data[len], 0);
	free(data);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static int entries_here(void)
{
	DIR *d = opendir(".");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2; /* . and .. */
}

static void reads_and_writes(void **state)
{
	(void)state;
	assert_int_equal(file_write("f", "a\0b", 3), 0);
	expect_contents("f", "a\0b", 3);
	assert_int_equal(file_write("f", "", 0), 0);
	expect_contents("f", "", 0);
	assert_int_equal(file_append("f", "one", 3), 0);
	assert_int_equal(file_append("f", "two", 3), 0);
	expect_contents("f", "onetwo", 6);
	assert_int_equal(file_append("new", "x", 1), 0);
	expect_contents("new", "x", 1);
	assert_int_equal(entries_here(), 2); /* no temporary file is left */
}

static void reads_to_the_limit(void **state)
{
	char *data = (char *)"untouched";

	(void)state;
	assert_int_equal(file_write("f", "12345", 5), 0);
	assert_int_equal(file_read("f", 4, &data, NULL), -EFBIG);
	assert_string_equal(data, "untouched");
	assert_int_equal(file_read("f", 5, &data, NULL), 0);
	assert_string_equal(data, "12345");
	free(data);
}

static void reads_large_files(void **state)
{
	size_t size = 3 * 1000 * 1000 + 7;
	char *big = malloc(size), *data;
	size_t len;

	(void)state;
	for (size_t i = 0; i < size; i++)
		big[i] = (char)(i * 31 + i / 1000);
	assert_int_equal(file_write("f", big, size), 0);
	assert_int_equal(file_read("f", 0, &data, &len), 0);
	assert_int_equal(len, size);
	assert_memory_equal(data, big, size);
	free(data);
	assert_int_equal(file_copy("f", "g"), 0);
	assert_int_equal(file_read("g", size, &data, &len), 0);
	assert_int_equal(len, size);
	assert_memory_equal(data, big, size);
	free(data);
	free(big);
}

static void reads_proc(void **state)
{
	char *data = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(file_read("/proc/self/status", 0, &data, &len), 0);
	assert_true(len > 100 && strlen(data) == len);
	assert_int_equal(strncmp(data, "Name:", 5), 0);
	free(data);
}

static void reports_failures(void **state)
{
	char *data = NULL;

	(void)state;
	assert_int_equal(file_read("missing", 0, &data, NULL), -ENOENT);
	assert_int_equal(file_read(".", 0, &data, NULL), -EISDIR);
	assert_null(data);
	assert_int_equal(file_write("missing/f", "x", 1), -ENOENT);
	assert_int_equal(file_write(".", "x", 1), -EISDIR);
	assert_int_equal(file_append("missing/f", "x", 1), -ENOENT);
	assert_int_equal(file_poke("missing", "x"), -ENOENT);
	assert_false(file_exists("missing"));
	assert_int_equal(file_copy("missing", "to"), -ENOENT);
	assert_int_equal(file_copy(".", "to"), -EISDIR);
	assert_int_equal(file_size("missing"), -ENOENT);
	assert_int_equal(dir_size("missing"), -ENOENT);
	assert_int_equal(disk_free("missing"), -ENOENT);
	assert_int_equal(file_lock("missing/lock", false), -ENOENT);
	assert_int_equal(entries_here(), 0);
}

static void write_keeps_the_mode(void **state)
{
	mode_t old = umask(027);

	(void)state;
	assert_int_equal(file_write("f", "x", 1), 0);
	assert_int_equal(mode_of("f"), 0640);
	assert_int_equal(chmod("f", 0755), 0);
	assert_int_equal(file_write("f", "y", 1), 0);
	assert_int_equal(mode_of("f"), 0755);
	umask(old);
}

static void write_follows_links_and_spares_devices(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(file_write("target", "old", 3), 0);
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(file_write("link", "new", 3), 0);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_contents("target", "new", 3);
	assert_int_equal(file_write("/dev/null", "x", 1), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void write_replaces_as_a_whole(void **state)
{
	char buf[8] = { 0 };
	int fd;

	(void)state;
	assert_int_equal(file_write("f", "old", 3), 0);
	fd = open("f", O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(file_write("f", "new", 3), 0);
	/* Who had it open goes on reading what was there. */
	assert_int_equal(read(fd, buf, sizeof(buf)), 3);
	assert_string_equal(buf, "old");
	close(fd);
}

static void names_of_greatest_length(void **state)
{
	char name[256];

	(void)state;
	memset(name, 'n', 255);
	name[255] = 0;
	assert_int_equal(file_write(name, "x", 1), 0);
	expect_contents(name, "x", 1);
}

static void poke_only_writes(void **state)
{
	(void)state;
	assert_int_equal(file_write("f", "12345", 5), 0);
	assert_int_equal(file_poke("f", "ab"), 0);
	expect_contents("f", "ab345", 5);
}

static void copy_keeps_the_mode(void **state)
{
	(void)state;
	assert_int_equal(file_write("f", "x", 1), 0);
	assert_int_equal(chmod("f", 0751), 0);
	assert_int_equal(file_copy("f", "g"), 0);
	assert_int_equal(mode_of("g"), 0751);
	assert_int_equal(file_copy("g", "g"), 0); /* to itself */
	expect_contents("g", "x", 1);
	assert_int_equal(file_write("empty", "", 0), 0);
	assert_int_equal(file_copy("empty", "g"), 0);
	expect_contents("g", "", 0);
	assert_int_equal(file_copy("f", "missing/g"), -ENOENT);
	/* A file of /proc says that it is empty. */
	assert_int_equal(file_copy("/proc/self/status", "status"), 0);
	assert_true(file_size("status") > 100);
}

static void sizes(void **state)
{
	char block[4096] = { 1 };

	(void)state;
	assert_int_equal(file_write("f", "12345", 5), 0);
	assert_int_equal(file_size("f"), 5);
	assert_true(disk_free(".") > 0);
	assert_int_equal(dir_make("d/e"), 0);
	int64_t before = dir_size("d");
	for (int i = 0; i < 4; i++) {
		char *path = str_fmt("d/e/%d", i);

		assert_int_equal(file_write(path, block, sizeof(block)), 0);
		free(path);
	}
	int64_t after = dir_size("d");
	assert_true(before >= 0 && after >= before + 4 * 4096);
	/* Neither a second name nor a link to elsewhere adds anything. */
	assert_int_equal(link("d/e/0", "d/e/again"), 0);
	assert_int_equal(symlink("/", "d/e/root"), 0);
	assert_true(dir_size("d") >= after && dir_size("d") < after + 3 * 4096);
	assert_true(dir_size("d/e/0") >= 2048);
}

static void folders(void **state)
{
	(void)state;
	assert_int_equal(dir_make("a/b/c"), 0);
	assert_int_equal(dir_make("a/b/c"), 0);
	assert_int_equal(dir_make("a//b/./d/"), 0);
	assert_true(file_exists("a/b/d"));
	assert_int_equal(dir_make("/"), 0);
	assert_int_equal(dir_make(""), -ENOENT);
	assert_int_equal(file_write("f", "x", 1), 0);
	assert_int_equal(dir_make("f"), -ENOTDIR);
	assert_int_equal(dir_make("f/g"), -ENOTDIR);
	assert_int_equal(symlink("a", "link"), 0);
	assert_int_equal(dir_make("link/z"), 0);
	assert_true(file_exists("a/z"));
}

static void removes_trees(void **state)
{
	(void)state;
	assert_int_equal(dir_make("outside"), 0);
	assert_int_equal(file_write("outside/keep", "x", 1), 0);
	assert_int_equal(dir_make("t/a/b"), 0);
	for (int i = 0; i < 300; i++) {
		char *path = str_fmt("t/a/b/%d", i);

		assert_int_equal(file_write(path, "", 0), 0);
		free(path);
	}
	assert_int_equal(symlink("../../outside", "t/a/link"), 0);
	assert_int_equal(symlink("nowhere", "t/dangling"), 0);
	assert_int_equal(dir_remove("t/"), 0);
	assert_false(file_exists("t"));
	expect_contents("outside/keep", "x", 1);

	assert_int_equal(dir_remove("t"), 0);
	assert_int_equal(dir_remove("outside/keep"), 0);
	assert_false(file_exists("outside/keep"));
	assert_int_equal(symlink("outside", "link"), 0);
	assert_int_equal(dir_remove("link"), 0);
	assert_true(file_exists("outside"));
	assert_int_equal(dir_remove(""), -EINVAL);
	assert_int_equal(dir_remove("/"), -EINVAL);
	assert_int_equal(dir_remove("///"), -EINVAL);
}

static void locks_exclude(void **state)
{
	int a, b, ws;
	pid_t pid;

	(void)state;
	a = file_lock("lock", false);
	assert_true(a >= 0);
	assert_int_equal(file_lock("lock", false), -EWOULDBLOCK);
	pid = fork();
	if (!pid)
		_exit(file_lock("lock", false) == -EWOULDBLOCK ? 0 : 1);
	assert_int_equal(waitpid(pid, &ws, 0), pid);
	assert_int_equal(ws, 0);
	close(a);
	b = file_lock("lock", true);
	assert_true(b >= 0);
	close(b);
}

static void lock_waits_for_the_file_that_is_there(void **state)
{
	int ready[2], held, ws;
	char c;
	pid_t pid;

	(void)state;
	held = file_lock("lock", false);
	assert_true(held >= 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		int fd;

		close(held);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		/* Whether it waits on the old file or comes after its removal: what it holds in
		 * the end must be the one that has the name. */
		fd = file_lock("lock", true);
		_exit(fd >= 0 && file_lock("lock", false) == -EWOULDBLOCK ? 0 : 2);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	usleep(50000);
	assert_int_equal(unlink("lock"), 0);
	close(held);
	assert_int_equal(waitpid(pid, &ws, 0), pid);
	assert_int_equal(ws, 0);
	close(ready[0]);
	close(ready[1]);
}

static void write_all_to_a_full_pipe(void **state)
{
	size_t size = 1 << 20, got = 0;
	char *data = calloc(1, size), buf[65536];
	int fds[2], ws;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		close(fds[0]);
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
		_exit(write_all(fds[1], data, size) ? 1 : 0);
	}
	close(fds[1]);
	for (ssize_t n; (n = read(fds[0], buf, sizeof(buf))) > 0;)
		got += n;
	assert_int_equal(waitpid(pid, &ws, 0), pid);
	assert_int_equal(ws, 0);
	assert_int_equal(got, size);
	close(fds[0]);
	assert_int_equal(write_all(fds[0], "x", 1), -EBADF);
	assert_int_equal(write_all(-1, "", 0), 0);
	free(data);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_and_writes),
		TEST(reads_to_the_limit),
		TEST(reads_large_files),
		TEST(reads_proc),
		TEST(reports_failures),
		TEST(write_keeps_the_mode),
		TEST(write_follows_links_and_spares_devices),
		TEST(write_replaces_as_a_whole),
		TEST(names_of_greatest_length),
		TEST(poke_only_writes),
		TEST(copy_keeps_the_mode),
		TEST(sizes),
		TEST(folders),
		TEST(removes_trees),
		TEST(locks_exclude),
		TEST(lock_waits_for_the_file_that_is_there),
		TEST(write_all_to_a_full_pipe),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
