// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "vm/disk.h"
#include "wire/event.h"

struct log assay_log = { .prog = "test_disk", .level = LOG_LEVEL_ERROR };

static void test_file_system(void **state)
{
	char label[17] = "", magic[2];
	struct stat st;
	char *path;
	int fd, again;

	(void)state;
	assert_int_equal(disk__make(16, &fd, &path), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 16 << 20);
	/* Most of it is holes. */
	assert_true(st.st_blocks * 512 < 8 << 20);
	again = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(again >= 0);
	assert_int_equal(pread(again, magic, 2, 1024 + 0x38), 2);
	assert_memory_equal(magic, "\x53\xef", 2);
	assert_int_equal(pread(again, label, 16, 1024 + 0x78), 16);
	assert_string_equal(label, WIRE_DISK_LABEL);
	close(again);
	close(fd);
	free(path);
}

/* Every boot has its own. */
static void test_apart(void **state)
{
	char *a, *b;
	int fd_a, fd_b;

	(void)state;
	assert_int_equal(disk__make(16, &fd_a, &a), 0);
	assert_int_equal(disk__make(16, &fd_b, &b), 0);
	assert_string_not_equal(a, b);
	close(fd_a);
	close(fd_b);
	free(a);
	free(b);
}

static void test_too_small(void **state)
{
	char *path;
	int fd;

	(void)state;
	/* Too small for a file system: mke2fs says so itself. */
	assert_true(disk__make(0, &fd, &path) < 0);
	assert_null(path);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_system),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
