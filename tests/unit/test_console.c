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
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "vm/console.h"

struct log assay_log = { .prog = "test_console", .level = LOG_LEVEL_ERROR };

#define WARN_TEXT                                                              \
	"[    1.000000] ------------[ cut here ]------------\r\n"              \
	"[    1.000001] WARNING: CPU: 0 PID: 1 at kernel/x.c:12 f+0x1/0x2\r\n" \
	"[    1.000002] ---[ end trace 0000000000000000 ]---\r\n"
#define OOPS_TEXT                                                                \
	"[    2.000000] BUG: kernel NULL pointer dereference, address: 0000\r\n" \
	"[    2.000001] Oops: 0002 [#1] SMP\r\n"                                 \
	"[    2.000002] CPU: 0 PID: 7 Comm: cat Not tainted\r\n"                 \
	"[    2.000003] ---[ end trace 0000000000000001 ]---\r\n"
#define PANIC_TEXT                                                       \
	"[    2.000100] Kernel panic - not syncing: Fatal exception\r\n" \
	"[    2.000101] Kernel Offset: disabled\r\n"                     \
	"[    2.000102] ---[ end Kernel panic - not syncing: Fatal exception ]---\r\n"
#define STALL_LINE "[    3.000000] rcu: INFO: rcu_sched self-detected stall on CPU\r\n"

struct fixture {
	char path[64];
	struct console *c;
	int fd; /* QEMU's end */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	snprintf(f->path, sizeof(f->path), "/tmp/assay-test-console.XXXXXX");
	f->fd = mkstemp(f->path);
	*state = f;
	return f->fd < 0 || console__create(f->path, &f->c) ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	console__free(f->c);
	close(f->fd);
	unlink(f->path);
	free(f);
	return 0;
}

/* The kernel prints, and the console is looked at. */
static void print(struct fixture *f, const char *text)
{
	assert_int_equal(write_all(f->fd, text, strlen(text)), 0);
	assert_int_equal(console__poll(f->c), 1);
	assert_int_equal(console__poll(f->c), 0);
}

static void assert_text(char *text, const char *expected)
{
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void assert_has(char *text, const char *part)
{
	assert_non_null(text);
	if (!strstr(text, part))
		print_error("'%s' is not in:\n%s\n", part, text);
	assert_non_null(strstr(text, part));
	free(text);
}

static void assert_has_not(char *text, const char *part)
{
	assert_non_null(text);
	assert_null(strstr(text, part));
	free(text);
}

static void test_empty(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(console__poll(f->c), 0);
	assert_true(console__empty(f->c));
	console__finish(f->c);
	assert_int_equal(console__splat(f->c), SPLAT_NONE);
	assert_int_equal(console__ending(f->c), SPLAT_NONE);
	assert_null(console__splat_line(f->c));
	assert_text(console__tail(f->c, 5), "");
	assert_text(console__excerpt(f->c), "");
	assert_text(console__text(f->c, 100), "");
}

static void test_create(void **state)
{
	struct fixture *f = *state;
	struct console *c = NULL;

	assert_int_equal(console__create("/nonexistent/x", &c), -ENOENT);
	assert_null(c);
	/* what an earlier guest left is gone */
	print(f, "old\n");
	assert_int_equal(console__create(f->path, &c), 0);
	assert_int_equal(file_size(f->path), 0);
	assert_int_equal(console__poll(c), 0);
	console__free(c);
	console__free(NULL);
}

static void test_plain_text(void **state)
{
	struct fixture *f = *state;

	print(f, "[    0.1] one\r\n[    0.2] two\r\n");
	print(f, "[    0.3] three\r\n");
	assert_false(console__empty(f->c));
	assert_int_equal(console__splat(f->c), SPLAT_NONE);
	assert_text(console__tail(f->c, 2), "[    0.2] two\n[    0.3] three\n");
	assert_text(console__tail(f->c, 99), "[    0.1] one\n[    0.2] two\n[    0.3] three\n");
	/* without trouble the excerpt is the end */
	assert_text(console__excerpt(f->c), "[    0.1] one\n[    0.2] two\n[    0.3] three\n");
	/* cut at a line's start */
	assert_text(console__text(f->c, 20), "[    0.3] three\n");
	print(f, "no end yet");
	assert_text(console__tail(f->c, 1), "no end yet");
}

static void test_warn_ends_nothing(void **state)
{
	struct fixture *f = *state;

	print(f, "[    0.5] before\r\n" WARN_TEXT);
	assert_int_equal(console__splat(f->c), SPLAT_WARN);
	assert_int_equal(console__ending(f->c), SPLAT_NONE);
	assert_text(console__splat_line(f->c), "WARNING: CPU: 0 PID: 1 at kernel/x.c:12 f+0x1/0x2");
	assert_has(console__excerpt(f->c), "before\n");
	assert_has(console__excerpt(f->c), "kernel/x.c:12");
}

static void test_oops_ends_nothing(void **state)
{
	struct fixture *f = *state;

	print(f, OOPS_TEXT);
	assert_int_equal(console__splat(f->c), SPLAT_OOPS);
	assert_int_equal(console__ending(f->c), SPLAT_NONE);
	assert_has(console__excerpt(f->c), "NULL pointer dereference");
}

/* "kernel BUG at" is class BUG until the oops that follows shows that only a task dies. */
static void test_bug_that_is_an_oops(void **state)
{
	struct fixture *f = *state;

	print(f, "[    2.0] kernel BUG at mm/slub.c:10!\r\n");
	assert_int_equal(console__ending(f->c), SPLAT_BUG);
	print(f, "[    2.1] invalid opcode: 0000 [#1] SMP\r\n");
	assert_int_equal(console__ending(f->c), SPLAT_NONE);
	assert_int_equal(console__splat(f->c), SPLAT_OOPS);
	/* a BUG inside the oops' text changes nothing, */
	print(f, "[    2.2] BUG: scheduling while atomic: cat/7/0x2\r\n");
	assert_int_equal(console__ending(f->c), SPLAT_NONE);
	/* a panic does */
	print(f, PANIC_TEXT);
	assert_int_equal(console__ending(f->c), SPLAT_PANIC);
}

static void test_bug_that_is_none(void **state)
{
	struct fixture *f = *state;

	print(f, "[    2.0] BUG: sleeping function called from invalid context at a.c:1\r\n");
	assert_int_equal(console__ending(f->c), SPLAT_BUG);
	print(f, "[    2.1] in_atomic(): 1, irqs_disabled(): 0\r\n");
	assert_int_equal(console__ending(f->c), SPLAT_BUG);
}

static void test_bug_long_after_an_oops(void **state)
{
	struct fixture *f = *state;

	print(f, OOPS_TEXT);
	for (int i = 0; i < 300; i++)
		print(f, "[    3.0] something quite different, which fills the console\r\n");
	print(f, "[    9.0] BUG: sleeping function called from invalid context at a.c:1\r\n");
	assert_int_equal(console__ending(f->c), SPLAT_BUG);
	/* it is this one that is told of, though the oops was worse */
	assert_has(console__splat_line(f->c), "sleeping function");
	assert_has(console__excerpt(f->c), "sleeping function");
	assert_has_not(console__excerpt(f->c), "NULL pointer");
}

static void test_lockups_end_guests(void **state)
{
	static const struct {
		const char *line;
		enum splat splat;
	} cases[] = {
		{ STALL_LINE, SPLAT_RCU_STALL },
		{ "[    1.0] INFO: task sh:7 blocked for more than 120 seconds.\r\n",
		  SPLAT_HUNG_TASK },
		{ "[    1.0] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:7]\r\n",
		  SPLAT_SOFT_LOCKUP },
		{ "[    1.0] NMI watchdog: Watchdog detected hard LOCKUP on cpu 0\r\n",
		  SPLAT_HARD_LOCKUP },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct console *c;

		assert_int_equal(console__create(f->path, &c), 0);
		assert_int_equal(lseek(f->fd, 0, SEEK_SET), 0);
		assert_int_equal(write_all(f->fd, cases[i].line, strlen(cases[i].line)), 0);
		assert_int_equal(console__poll(c), 1);
		assert_int_equal(console__ending(c), cases[i].splat);
		/* an oops beside it makes it no better */
		assert_int_equal(write_all(f->fd, OOPS_TEXT, strlen(OOPS_TEXT)), 0);
		assert_int_equal(console__poll(c), 1);
		assert_int_equal(console__ending(c), cases[i].splat);
		console__free(c);
	}
}

static void test_panic_with_its_oops(void **state)
{
	struct fixture *f = *state;
	char *text;

	print(f, "[    1.9] before\r\n" OOPS_TEXT PANIC_TEXT);
	assert_int_equal(console__ending(f->c), SPLAT_PANIC);
	assert_text(console__splat_line(f->c), "Kernel panic - not syncing: Fatal exception");
	/* the oops that led to it, and the panic itself, although "end trace" lies between */
	text = console__excerpt(f->c);
	assert_non_null(text);
	assert_non_null(strstr(text, "before\n"));
	assert_non_null(strstr(text, "NULL pointer dereference"));
	assert_non_null(strstr(text, "Kernel panic - not syncing: Fatal exception\n"));
	assert_null(strchr(text, '\r'));
	free(text);
}

/* Trouble of long ago is not shown as the cause of a panic. */
static void test_panic_long_after_a_warning(void **state)
{
	struct fixture *f = *state;

	print(f, WARN_TEXT);
	for (int i = 0; i < 300; i++)
		print(f, "[    1.5] something quite different, which fills the console\r\n");
	print(f, PANIC_TEXT);
	assert_has_not(console__excerpt(f->c), "kernel/x.c:12");
	assert_has(console__excerpt(f->c), "Fatal exception");
}

/* A line counts when it is whole. */
static void test_lines_in_pieces(void **state)
{
	struct fixture *f = *state;
	const char *text = PANIC_TEXT;
	char one[2] = "";

	for (; *text != '\n'; text++) {
		one[0] = *text;
		print(f, one);
		assert_int_equal(console__ending(f->c), SPLAT_NONE);
	}
	print(f, "\n");
	assert_int_equal(console__ending(f->c), SPLAT_PANIC);
}

static void test_last_line_without_end(void **state)
{
	struct fixture *f = *state;

	print(f, "[    2.0] Kernel panic - not syncing: cut");
	assert_int_equal(console__ending(f->c), SPLAT_NONE);
	console__finish(f->c);
	assert_int_equal(console__ending(f->c), SPLAT_PANIC);
	assert_text(console__splat_line(f->c), "Kernel panic - not syncing: cut");
	assert_has(console__excerpt(f->c), "not syncing: cut");
}

static void test_mark(void **state)
{
	struct fixture *f = *state;

	print(f, WARN_TEXT);
	console__mark(f->c);
	assert_int_equal(console__splat(f->c), SPLAT_NONE);
	assert_null(console__splat_line(f->c));
	/* also what nobody has looked at yet is of the past */
	assert_int_equal(write_all(f->fd, OOPS_TEXT, strlen(OOPS_TEXT)), 0);
	console__mark(f->c);
	assert_int_equal(console__splat(f->c), SPLAT_NONE);
	print(f, WARN_TEXT);
	assert_int_equal(console__splat(f->c), SPLAT_WARN);
	/* what ends a guest stays */
	print(f, STALL_LINE);
	console__mark(f->c);
	assert_int_equal(console__ending(f->c), SPLAT_RCU_STALL);
	assert_int_equal(console__splat(f->c), SPLAT_RCU_STALL);
}

static void test_long_line(void **state)
{
	struct fixture *f = *state;
	char *junk = malloc(300001);

	assert_non_null(junk);
	memset(junk, 'j', 300000);
	junk[300000] = '\0';
	print(f, junk);
	print(f, junk);
	print(f, "\r\n" PANIC_TEXT);
	assert_int_equal(console__ending(f->c), SPLAT_PANIC);
	assert_has(console__excerpt(f->c), "Fatal exception");
	assert_text(console__splat_line(f->c), "Kernel panic - not syncing: Fatal exception");
	free(junk);
}

/* More than one poll reads at once; the end is what counts. */
static void test_flood(void **state)
{
	struct fixture *f = *state;
	const size_t size = 9u << 20;
	char *flood = malloc(size);
	int polls = 0;

	assert_non_null(flood);
	for (size_t i = 0; i < size; i++)
		flood[i] = i % 80 == 79 ? '\n' : '.';
	assert_int_equal(write_all(f->fd, flood, size), 0);
	assert_int_equal(write_all(f->fd, PANIC_TEXT, strlen(PANIC_TEXT)), 0);
	while (console__poll(f->c) > 0)
		polls++;
	assert_true(polls > 1);
	assert_int_equal(console__ending(f->c), SPLAT_PANIC);
	assert_has(console__excerpt(f->c), "Fatal exception");
	free(flood);
}

static void test_rubbish(void **state)
{
	static const char rubbish[] = "\0\0\xff\xfe[\r\r\n\n\0Kernel panic - not syncing: no\n\x80";
	struct fixture *f = *state;
	char *text;

	assert_int_equal(write_all(f->fd, rubbish, sizeof(rubbish) - 1), 0);
	assert_int_equal(console__poll(f->c), 1);
	console__finish(f->c);
	text = console__text(f->c, 1000);
	assert_non_null(text);
	assert_null(strchr(text, '\r'));
	assert_non_null(strstr(text, "not syncing: no"));
	assert_null(strchr(text, '\xff'));
	free(text);
	print(f, "\n[\n[]\n[    1.0]\n" PANIC_TEXT);
	assert_int_equal(console__ending(f->c), SPLAT_PANIC);
}

static void test_caller_in_brackets(void **state)
{
	struct fixture *f = *state;

	print(f, "[    2.000100][    T1] Kernel panic - not syncing: x [y]\r\n");
	assert_text(console__splat_line(f->c), "Kernel panic - not syncing: x [y]");
}

static void test_disk_left(void **state)
{
	struct fixture *f = *state;
	struct console *c = NULL;
	char path[64];
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(console__disk_left(f->c) >= 0);
	/* a file in memory has no disk */
	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(console__create(path, &c), 0);
	assert_int_equal(console__disk_left(c), -1);
	console__free(c);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(empty),
		TEST(create),
		TEST(plain_text),
		TEST(warn_ends_nothing),
		TEST(oops_ends_nothing),
		TEST(bug_that_is_an_oops),
		TEST(bug_that_is_none),
		TEST(bug_long_after_an_oops),
		TEST(lockups_end_guests),
		TEST(panic_with_its_oops),
		TEST(panic_long_after_a_warning),
		TEST(lines_in_pieces),
		TEST(last_line_without_end),
		TEST(mark),
		TEST(long_line),
		TEST(flood),
		TEST(rubbish),
		TEST(caller_in_brackets),
		TEST(disk_left),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
