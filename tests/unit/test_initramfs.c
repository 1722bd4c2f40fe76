// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "vm/initramfs.h"

struct log assay_log = { .prog = "test_initramfs", .level = LOG_LEVEL_ERROR };

struct fixture {
	char dir[64];
	struct initramfs *fs;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/assay-test-initramfs.XXXXXX");
	f->fs = initramfs__new();
	*state = f;
	return mkdtemp(f->dir) && f->fs ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	initramfs__free(f->fs);
	dir_remove(f->dir);
	free(f);
	return 0;
}

static char *in_dir(const struct fixture *f, const char *name)
{
	char *path = str_fmt("%s/%s", f->dir, name);

	assert_non_null(path);
	return path;
}

/* Runs cpio (GNU's, or busybox's where that is not installed) on an archive; its output, caller
 * frees. */
static char *cpio(const struct fixture *f, const char *archive, const char *mode)
{
	char *command =
		str_fmt("cd %s && $(command -v cpio || echo busybox cpio) --quiet %s < %s 2>&1",
			f->dir, mode, archive);
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	char *out = NULL;
	int status = -1;

	assert_int_equal(proc_output(argv, &out, &status), 0);
	if (status)
		print_error("cpio %s: %s\n", mode, out);
	assert_int_equal(status, 0);
	free(command);
	return out;
}

static char *write_archive(const struct fixture *f, struct initramfs *fs, const char *name)
{
	char *path = in_dir(f, name);

	assert_int_equal(initramfs__write(fs, path), 0);
	return path;
}

/* --- what was written ----------------------------------------------------------------------- */

/* A reader of its own, by the format's description: checks every header on the way. */
struct entry {
	uint32_t ino, mode, uid, gid, nlink, mtime, size, rmajor, rminor;
	char name[PATH_MAX];
	const char *data;
};

static uint32_t field(const char *header, int i)
{
	char hex[9] = "";

	memcpy(hex, header + 6 + 8 * i, 8);
	for (int k = 0; k < 8; k++)
		assert_non_null(strchr("0123456789ABCDEF", hex[k]));
	return (uint32_t)strtoul(hex, NULL, 16);
}

/* The entry at *pos; moves *pos behind it. Returns 0 at the trailer. */
static int next_entry(const char *archive, size_t len, size_t *pos, struct entry *e)
{
	const char *h = archive + *pos;
	uint32_t name_size;

	assert_int_equal(*pos % 4, 0);
	assert_true(*pos + 110 <= len);
	assert_memory_equal(h, "070701", 6);
	e->ino = field(h, 0);
	e->mode = field(h, 1);
	e->uid = field(h, 2);
	e->gid = field(h, 3);
	e->nlink = field(h, 4);
	e->mtime = field(h, 5);
	e->size = field(h, 6);
	assert_int_equal(field(h, 7), 0);
	assert_int_equal(field(h, 8), 0);
	e->rmajor = field(h, 9);
	e->rminor = field(h, 10);
	name_size = field(h, 11);
	assert_int_equal(field(h, 12), 0);
	assert_in_range(name_size, 2, PATH_MAX);
	*pos += 110;
	assert_true(*pos + name_size <= len);
	memcpy(e->name, archive + *pos, name_size);
	assert_int_equal(strlen(e->name), name_size - 1);
	*pos += name_size;
	for (; *pos % 4; ++*pos)
		assert_int_equal(archive[*pos], 0);
	e->data = archive + *pos;
	*pos += e->size;
	assert_true(*pos <= len);
	for (; *pos % 4; ++*pos)
		assert_int_equal(archive[*pos], 0);
	return strcmp(e->name, "TRAILER!!!") != 0;
}

/* Finds one entry of a written archive; 0 when it is not there. Walks all of it. */
static int find_entry(const char *path, const char *name, struct entry *out, char **archive)
{
	struct entry e;
	size_t len, pos = 0;
	int found = 0;

	assert_int_equal(file_read(path, 0, archive, &len), 0);
	assert_int_equal(len % 512, 0);
	while (next_entry(*archive, len, &pos, &e)) {
		if (!strcmp(e.name, name)) {
			*out = e;
			found++;
		}
	}
	/* the trailer, and nothing but zeros behind it */
	assert_int_equal(e.size, 0);
	for (; pos < len; pos++)
		assert_int_equal((*archive)[pos], 0);
	return found;
}

static void check_mode(const char *path, const char *name, mode_t mode, uint32_t nlink)
{
	char *archive;
	struct entry e = { 0 };

	assert_int_equal(find_entry(path, name, &e, &archive), 1);
	assert_int_equal(e.mode, mode);
	assert_int_equal(e.nlink, nlink);
	assert_int_equal(e.uid, 0);
	assert_int_equal(e.gid, 0);
	assert_int_equal(e.mtime, 0);
	free(archive);
}

static void test_empty(void **state)
{
	struct fixture *f = *state;
	char *path = write_archive(f, f->fs, "a"), *list = cpio(f, path, "-t");

	assert_string_equal(list, "");
	assert_int_equal(file_size(path), 512);
	free(list);
	free(path);
}

static void test_headers(void **state)
{
	struct fixture *f = *state;
	char *path, *archive;
	struct entry e;

	assert_int_equal(initramfs__dir(f->fs, "tmp", 01777), 0);
	assert_int_equal(initramfs__data(f->fs, "etc/x", 04711, "xyz", 3), 0);
	assert_int_equal(initramfs__symlink(f->fs, "bin/sh", "busybox"), 0);
	assert_int_equal(initramfs__node(f->fs, "dev/console", S_IFCHR | 0600, 5, 1), 0);
	assert_int_equal(initramfs__node(f->fs, "dev/sda", S_IFBLK | 0660, 259, 65537), 0);
	assert_int_equal(initramfs__node(f->fs, "fifo", S_IFIFO | 0600, 0, 0), 0);
	path = write_archive(f, f->fs, "a");
	check_mode(path, "tmp", S_IFDIR | 01777, 2);
	check_mode(path, "etc", S_IFDIR | 0755, 2);
	check_mode(path, "etc/x", S_IFREG | 04711, 1);
	check_mode(path, "bin/sh", S_IFLNK | 0777, 1);
	check_mode(path, "fifo", S_IFIFO | 0600, 1);
	check_mode(path, "dev/console", S_IFCHR | 0600, 1);
	assert_int_equal(find_entry(path, "dev/console", &e, &archive), 1);
	assert_int_equal(e.rmajor, 5);
	assert_int_equal(e.rminor, 1);
	free(archive);
	assert_int_equal(find_entry(path, "dev/sda", &e, &archive), 1);
	assert_int_equal(e.rmajor, 259);
	assert_int_equal(e.rminor, 65537);
	free(archive);
	assert_int_equal(find_entry(path, "bin/sh", &e, &archive), 1);
	assert_int_equal(e.size, 7);
	assert_memory_equal(e.data, "busybox", 7);
	free(archive);
	free(path);
}

/* The kernel makes what it reads in order: a folder must come before what is in it. */
static void test_parents_first(void **state)
{
	struct fixture *f = *state;
	char *path, *list;

	assert_int_equal(initramfs__data(f->fs, "a/b/c", 0644, "", 0), 0);
	assert_int_equal(initramfs__data(f->fs, "a-b", 0644, "", 0), 0);
	assert_int_equal(initramfs__data(f->fs, "a/b-c", 0644, "", 0), 0);
	assert_int_equal(initramfs__dir(f->fs, "a", 0700), 0); /* known as a parent: now by name */
	path = write_archive(f, f->fs, "a");
	list = cpio(f, path, "-t");
	assert_string_equal(list, "a\na-b\na/b\na/b-c\na/b/c\n");
	check_mode(path, "a", S_IFDIR | 0700, 2);
	check_mode(path, "a/b", S_IFDIR | 0755, 2);
	free(list);
	free(path);
}

/* Lengths about the alignment and the writer's buffer. */
static void test_lengths(void **state)
{
	static const size_t lengths[] = {
		0, 1, 2, 3, 4, 5, 511, 512, 65535, 65536, 65537, 3000001
	};
	struct fixture *f = *state;
	size_t n = sizeof(lengths) / sizeof(lengths[0]), max = lengths[n - 1];
	char *data = malloc(max), *path, *archive, name[32];
	struct entry e;

	assert_non_null(data);
	for (size_t i = 0; i < max; i++)
		data[i] = (char)(i * 31 + i / 251);
	for (size_t i = 0; i < n; i++) {
		/* names of different lengths too */
		snprintf(name, sizeof(name), "%.*s%zu", (int)(i % 5), "xxxxx", i);
		assert_int_equal(initramfs__data(f->fs, name, 0644, data, lengths[i]), 0);
	}
	path = write_archive(f, f->fs, "a");
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%.*s%zu", (int)(i % 5), "xxxxx", i);
		assert_int_equal(find_entry(path, name, &e, &archive), 1);
		assert_int_equal(e.size, lengths[i]);
		assert_memory_equal(e.data, data, lengths[i]);
		free(archive);
	}
	free(path);
	free(data);
}

static void test_unpack(void **state)
{
	struct fixture *f = *state;
	char *host = in_dir(f, "host"), *path, *out, *text = NULL, *where;
	char target[64] = "";
	struct stat st;
	size_t len;

	assert_int_equal(file_write(host, "of the host\n", 12), 0);
	assert_int_equal(initramfs__file(f->fs, "u/from host", 0750, host), 0);
	assert_int_equal(initramfs__data(f->fs, "u/with\nnewline", 0640, "a\0b", 3), 0);
	assert_int_equal(initramfs__symlink(f->fs, "u/link", "from host"), 0);
	path = write_archive(f, f->fs, "a");
	out = cpio(f, path, "-id");
	free(out);
	where = in_dir(f, "u/from host");
	assert_int_equal(file_read(where, 0, &text, NULL), 0);
	assert_string_equal(text, "of the host\n");
	assert_int_equal(stat(where, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0750);
	free(text);
	free(where);
	where = in_dir(f, "u/with\nnewline");
	assert_int_equal(file_read(where, 0, &text, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "a\0b", 3);
	free(text);
	free(where);
	where = in_dir(f, "u/link");
	assert_int_equal(readlink(where, target, sizeof(target) - 1), 9);
	assert_string_equal(target, "from host");
	free(where);
	free(path);
	free(host);
}

static void add_in_order(struct initramfs *fs, const int *order, const char *host)
{
	for (int i = 0; i < 4; i++) {
		switch (order[i]) {
		case 0:
			assert_int_equal(initramfs__data(fs, "x/data", 0600, "d", 1), 0);
			break;
		case 1:
			assert_int_equal(initramfs__file(fs, "x/y/host", 0755, host), 0);
			break;
		case 2:
			assert_int_equal(initramfs__symlink(fs, "link", "x"), 0);
			break;
		case 3:
			assert_int_equal(initramfs__dir(fs, "x", 0711), 0);
			break;
		}
	}
}

static void test_equal_bytes(void **state)
{
	static const int orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 } };
	struct fixture *f = *state;
	char *host = in_dir(f, "host"), *first = NULL, *data, *path;
	size_t first_len = 0, len;

	assert_int_equal(file_write(host, "contents", 8), 0);
	for (int i = 0; i < 3; i++) {
		struct initramfs *fs = initramfs__new();
		/* neither the file's time nor its mode get in */
		struct timespec times[2] = { { .tv_sec = 1000 * i }, { .tv_sec = 1000 * i } };

		assert_int_equal(utimensat(AT_FDCWD, host, times, 0), 0);
		assert_int_equal(chmod(host, i ? 0600 : 0644), 0);
		add_in_order(fs, orders[i], host);
		path = write_archive(f, fs, "a");
		assert_int_equal(file_read(path, 0, &data, &len), 0);
		if (first) {
			assert_int_equal(len, first_len);
			assert_memory_equal(data, first, len);
			free(data);
		} else {
			first = data;
			first_len = len;
		}
		/* writing it once more changes nothing */
		assert_int_equal(initramfs__write(fs, path), 0);
		assert_int_equal(file_read(path, 0, &data, &len), 0);
		assert_int_equal(len, first_len);
		assert_memory_equal(data, first, len);
		free(data);
		free(path);
		initramfs__free(fs);
	}
	free(first);
	free(host);
}

static void test_inode_numbers_differ(void **state)
{
	struct fixture *f = *state;
	char *path, *archive, name[16], seen[260] = "";
	struct entry e;
	size_t len, pos = 0;

	for (int i = 0; i < 250; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(initramfs__data(f->fs, name, 0644, "x", 1), 0);
	}
	path = write_archive(f, f->fs, "a");
	assert_int_equal(file_read(path, 0, &archive, &len), 0);
	while (next_entry(archive, len, &pos, &e)) {
		assert_in_range(e.ino, 1, 250);
		assert_int_equal(seen[e.ino]++, 0);
	}
	free(archive);
	free(path);
}

/* --- refusals ------------------------------------------------------------------------------- */

static void test_bad_names(void **state)
{
	static const char *const bad[] = { "",	   "/",	     "/a",	  "a/",	 "a//b",
					   ".",	   "..",     "a/.",	  "./a", "../a",
					   "a/..", "a/../b", "TRAILER!!!" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(initramfs__dir(f->fs, bad[i], 0755), -EINVAL);
		assert_int_equal(initramfs__data(f->fs, bad[i], 0644, "", 0), -EINVAL);
		assert_int_equal(initramfs__symlink(f->fs, bad[i], "x"), -EINVAL);
		assert_int_equal(initramfs__node(f->fs, bad[i], S_IFCHR | 0600, 1, 3), -EINVAL);
		assert_int_equal(initramfs__file(f->fs, bad[i], 0644, "/proc/self/exe"), -EINVAL);
	}
	/* these only look like them */
	assert_int_equal(initramfs__dir(f->fs, "...", 0755), 0);
	assert_int_equal(initramfs__dir(f->fs, "..a/.b", 0755), 0);
	assert_int_equal(initramfs__dir(f->fs, "x/TRAILER!!!", 0755), 0);
}

static void test_long_names(void **state)
{
	struct fixture *f = *state;
	char name[PATH_MAX + 1];
	char *path, *archive;
	struct entry e;

	memset(name, 'n', 256);
	name[256] = '\0';
	assert_int_equal(initramfs__dir(f->fs, name, 0755), -EINVAL);
	name[255] = '\0';
	assert_int_equal(initramfs__dir(f->fs, name, 0755), 0);
	/* A path of PATH_MAX - 1 bytes is the longest that the kernel takes. */
	for (size_t i = 0; i < PATH_MAX; i++)
		name[i] = i % 200 == 199 ? '/' : 'p';
	name[PATH_MAX] = '\0';
	assert_int_equal(initramfs__data(f->fs, name, 0644, "", 0), -EINVAL);
	name[PATH_MAX - 1] = '\0';
	assert_int_equal(initramfs__data(f->fs, name, 0644, "deep", 4), 0);
	path = write_archive(f, f->fs, "a");
	assert_int_equal(find_entry(path, name, &e, &archive), 1);
	assert_memory_equal(e.data, "deep", 4);
	free(archive);
	free(path);

	memset(name, 't', PATH_MAX);
	assert_int_equal(initramfs__symlink(f->fs, "l", name), -EINVAL);
	assert_int_equal(initramfs__symlink(f->fs, "l", ""), -EINVAL);
	name[PATH_MAX - 1] = '\0';
	assert_int_equal(initramfs__symlink(f->fs, "l", name), 0);
}

static void test_clashes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(initramfs__data(f->fs, "d/file", 0644, "", 0), 0);
	assert_int_equal(initramfs__data(f->fs, "d/file", 0644, "", 0), -EEXIST);
	assert_int_equal(initramfs__symlink(f->fs, "d/file", "x"), -EEXIST);
	assert_int_equal(initramfs__dir(f->fs, "d/file", 0755), -EEXIST);
	assert_int_equal(initramfs__data(f->fs, "d/file/below", 0644, "", 0), -ENOTDIR);
	assert_int_equal(initramfs__dir(f->fs, "d/file/a/b", 0755), -ENOTDIR);
	assert_int_equal(initramfs__data(f->fs, "d", 0644, "", 0), -EEXIST);
	assert_int_equal(initramfs__dir(f->fs, "d", 0755), 0); /* until now a parent only */
	assert_int_equal(initramfs__dir(f->fs, "d", 0755), -EEXIST);
}

static void test_bad_modes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(initramfs__data(f->fs, "a", S_IFREG | 0644, "", 0), 0);
	assert_int_equal(initramfs__data(f->fs, "b", S_IFDIR | 0644, "", 0), -EINVAL);
	assert_int_equal(initramfs__dir(f->fs, "b", S_IFREG | 0644), -EINVAL);
	assert_int_equal(initramfs__dir(f->fs, "b", 01000000), -EINVAL);
	assert_int_equal(initramfs__node(f->fs, "b", 0644, 1, 1), -EINVAL);
	assert_int_equal(initramfs__node(f->fs, "b", S_IFREG | 0644, 1, 1), -EINVAL);
}

static void test_bad_host_files(void **state)
{
	struct fixture *f = *state;
	char *path = in_dir(f, "huge");
	int fd;

	assert_int_equal(initramfs__file(f->fs, "a", 0644, "/nonexistent/x"), -ENOENT);
	assert_int_equal(initramfs__file(f->fs, "a", 0644, f->dir), -EISDIR);
	assert_int_equal(initramfs__file(f->fs, "a", 0644, "/dev/null"), -EINVAL);
	/* A sparse file: the size field has 32 bits. */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (!ftruncate(fd, 1ll << 32))
		assert_int_equal(initramfs__file(f->fs, "a", 0644, path), -EFBIG);
	close(fd);
	assert_int_equal(initramfs__data(f->fs, "b", 0644, "", (size_t)1 << 32), -EFBIG);
	/* refused, so the names are free */
	assert_int_equal(initramfs__data(f->fs, "a", 0644, "", 0), 0);
	free(path);
}

/* What stands at the path stays when the new archive can't be completed. */
static void test_write_is_atomic(void **state)
{
	struct fixture *f = *state;
	char *host = in_dir(f, "host"), *path = in_dir(f, "a"), *text = NULL, *command, *out = NULL;
	const char *argv[] = { "/bin/sh", "-c", NULL, NULL };
	int status;

	assert_int_equal(file_write(path, "old", 3), 0);
	assert_int_equal(file_write(host, "x", 1), 0);
	assert_int_equal(initramfs__file(f->fs, "h", 0644, host), 0);
	assert_int_equal(unlink(host), 0);
	assert_int_equal(initramfs__write(f->fs, path), -ENOENT);
	assert_int_equal(file_read(path, 0, &text, NULL), 0);
	assert_string_equal(text, "old");
	/* and no temporary file is left */
	command = str_fmt("ls -A %s", f->dir);
	argv[2] = command;
	assert_int_equal(proc_output(argv, &out, &status), 0);
	assert_string_equal(out, "a\n");
	assert_int_equal(initramfs__write(f->fs, "/nonexistent/folder/a"), -ENOENT);
	free(out);
	free(command);
	free(text);
	free(path);
	free(host);
}

/* A host file that grew is taken as it is when the archive is written. */
static void test_host_file_read_late(void **state)
{
	struct fixture *f = *state;
	char *host = in_dir(f, "host"), *path, *archive;
	struct entry e;

	assert_int_equal(file_write(host, "short", 5), 0);
	assert_int_equal(initramfs__file(f->fs, "h", 0644, host), 0);
	assert_int_equal(file_write(host, "rather longer", 13), 0);
	path = write_archive(f, f->fs, "a");
	assert_int_equal(find_entry(path, "h", &e, &archive), 1);
	assert_int_equal(e.size, 13);
	assert_memory_equal(e.data, "rather longer", 13);
	free(archive);
	free(path);
	free(host);
}

static void test_write_fd(void **state)
{
	struct fixture *f = *state;
	char *path, *data = NULL, *mem = NULL, *link;
	size_t len, mem_len;
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(initramfs__data(f->fs, "x", 0644, "x", 1), 0);
	assert_int_equal(initramfs__write_fd(f->fs, fd), 0);
	path = write_archive(f, f->fs, "a");
	link = str_fmt("/proc/self/fd/%d", fd);
	assert_int_equal(file_read(path, 0, &data, &len), 0);
	assert_int_equal(file_read(link, 0, &mem, &mem_len), 0);
	assert_int_equal(len, mem_len);
	assert_memory_equal(data, mem, len);
	close(fd);
	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(initramfs__write_fd(f->fs, fd), -ENOSPC);
	close(fd);
	free(link);
	free(mem);
	free(data);
	free(path);
}

static void test_free_null(void **state)
{
	(void)state;
	initramfs__free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(empty),
		TEST(headers),
		TEST(parents_first),
		TEST(lengths),
		TEST(unpack),
		TEST(equal_bytes),
		TEST(inode_numbers_differ),
		TEST(bad_names),
		TEST(long_names),
		TEST(clashes),
		TEST(bad_modes),
		TEST(bad_host_files),
		TEST(write_is_atomic),
		TEST(host_file_read_late),
		TEST(write_fd),
		cmocka_unit_test(test_free_null),
	};

	return cmocka_run_group_tests_name("initramfs", tests, NULL, NULL);
}
