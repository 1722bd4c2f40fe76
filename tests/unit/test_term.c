// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "base/term.h"

struct log assay_log = { .prog = "tester", .level = LOG_LEVEL_INFO };

/* --- standard error, caught ------------------------------------------------------------------ */

struct caught {
	int saved, fd; /* fd: what to read from */
	bool tty;
};

static void catch_file(struct caught *c)
{
	char path[] = "/tmp/assay-test-term.XXXXXX";

	c->tty = false;
	c->fd = mkstemp(path);
	assert_true(c->fd >= 0);
	unlink(path);
	c->saved = dup(2);
	dup2(c->fd, 2);
}

static void catch_tty(struct caught *c, int columns)
{
	struct winsize ws = { .ws_row = 24, .ws_col = columns };
	int slave;

	c->tty = true;
	assert_int_equal(openpty(&c->fd, &slave, NULL, NULL, &ws), 0);
	c->saved = dup(2);
	dup2(slave, 2);
	close(slave);
}

/* Gives standard error back and returns what was written (caller frees). */
static char *release(struct caught *c)
{
	struct strbuf sb = STRBUF_INIT;
	char buf[4096];
	ssize_t n;

	dup2(c->saved, 2);
	close(c->saved);
	if (!c->tty)
		lseek(c->fd, 0, SEEK_SET);
	/* A terminal whose other side is closed ends with EIO. */
	while ((n = read(c->fd, buf, sizeof(buf))) > 0)
		strbuf__add(&sb, buf, n);
	close(c->fd);
	return strbuf__detach(&sb);
}

static int setup(void **state)
{
	(void)state;
	assay_log = (struct log){ .prog = "tester", .level = LOG_LEVEL_INFO };
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	return 0;
}

/* --- log ------------------------------------------------------------------------------------- */

static void log_prefixes(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	catch_file(&c);
	log_err("open %s: %s", "f", "why");
	log_warn("w");
	log_info("i\n");
	log_debug("not seen");
	assay_log.level = LOG_LEVEL_DEBUG;
	log_debug("%d", 7);
	assay_log.level = LOG_LEVEL_ERROR;
	log_warn("not seen");
	log_err("%s", "");
	s = release(&c);
	assert_string_equal(s, "tester: open f: why\ntester: warning: w\ntester: i\n"
			       "tester: debug: 7\ntester: \n");
	free(s);
}

static void log_keeps_errno(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	catch_file(&c);
	errno = ENOENT;
	log_err("%m");
	assert_int_equal(errno, ENOENT);
	s = release(&c);
	assert_string_equal(s, "tester: No such file or directory\n");
	free(s);
}

static void log_does_not_steer_the_terminal(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	catch_file(&c);
	log_err("a\033[2Jb\rc\td\ne");
	s = release(&c);
	assert_string_equal(s, "tester: a?[2Jb?c\td\ne\n");
	free(s);
}

static void log_takes_long_messages(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	catch_file(&c);
	log_err("%100000s", "x");
	s = release(&c);
	assert_int_equal(strlen(s), strlen("tester: ") + 100000 + 1);
	free(s);
}

static void count_call(void *ctx)
{
	++*(int *)ctx;
}

static void log_calls_before(void **state)
{
	struct caught c;
	int calls = 0;

	(void)state;
	assay_log.before = count_call;
	assay_log.ctx = &calls;
	catch_file(&c);
	log_info("one");
	log_debug("dropped");
	log_info("two");
	free(release(&c));
	assert_int_equal(calls, 2);
}

/* --- progress -------------------------------------------------------------------------------- */

static void short_work_is_silent(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	catch_file(&c);
	struct progress *p = progress__new("build", false);
	progress__update(p, 0.5, "x");
	progress__update(p, 1, "x");
	progress__done(p, "done");
	s = release(&c);
	assert_string_equal(s, "");
	free(s);

	catch_tty(&c, 80);
	p = progress__new("build", false);
	progress__update(p, 0.5, "x");
	progress__done(p, "done");
	s = release(&c);
	assert_string_equal(s, "");
	free(s);
	progress__update(NULL, 0.5, "x");
	progress__clear(NULL);
	progress__done(NULL, "x");
}

static void plain_lines(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	catch_file(&c);
	struct progress *p = progress__new("build", true);
	progress__update(p, 0.25, "first"); /* within ten seconds: nothing */
	progress__update(p, 0.5, "second");
	log_info("message");
	progress__done(p, "ok");
	s = release(&c);
	assert_true(str_starts(s, "build: started\ntester: message\nbuild: ok ("));
	assert_true(str_ends(s, " s)\n"));
	assert_null(strchr(s, '\033'));
	assert_null(strchr(s, '\r'));
	free(s);
}

static void no_result_no_line(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	catch_file(&c);
	progress__done(progress__new("build", true), NULL);
	s = release(&c);
	assert_string_equal(s, "build: started\n");
	free(s);
}

static void dumb_terminals_get_plain_lines(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	setenv("TERM", "dumb", 1);
	catch_tty(&c, 80);
	progress__done(progress__new("build", true), NULL);
	s = release(&c);
	assert_string_equal(s, "build: started\r\n");
	free(s);
}

static void redraws_in_place(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	catch_tty(&c, 80);
	struct progress *p = progress__new("build", true);
	usleep(120000);
	progress__update(p, 0.5, "kernel/bpf\n\033[31mverifier.c");
	usleep(120000);
	progress__update(p, 1.5, NULL);
	usleep(120000);
	progress__update(p, NAN, "odd");
	progress__done(p, "ok");
	s = release(&c);
	assert_true(str_starts(s, "\r\033[Kbuild: 0.0 s\r\033[Kbuild: 50% [##########..........]"
				  "  kernel/bpf  [31mverifier.c\r\033[Kbuild: 100% "
				  "[####################]\r\033[Kbuild: 0."));
	assert_non_null(strstr(s, " s  odd\r\033[Kbuild: ok ("));
	assert_true(str_ends(s, " s)\r\n"));
	free(s);
}

static void redraws_seldom(void **state)
{
	struct caught c;
	int draws = 0;
	char *s;

	(void)state;
	catch_tty(&c, 80);
	struct progress *p = progress__new("build", true);
	for (int i = 0; i < 100000; i++)
		progress__update(p, i / 100000.0, NULL);
	progress__done(p, NULL);
	s = release(&c);
	for (const char *at = s; (at = strstr(at, "build:")); at++)
		draws++;
	/* Not one per update, however slow the machine: 100,000 of them would take hours. */
	assert_in_range(draws, 1, 50000);
	free(s);
}

static void keeps_to_the_width(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	catch_tty(&c, 20);
	struct progress *p = progress__new("a long name: ääääääääääääääääää", true);
	progress__done(p, NULL);
	s = release(&c);
	assert_string_equal(s, "\r\033[Ka long name: ääääää\r\033[K"); /* 19 columns */
	free(s);
}

static void hides_around_log_lines(void **state)
{
	struct caught c;
	char *s;

	(void)state;
	catch_tty(&c, 80);
	struct progress *p = progress__new("build", true);
	log_info("one");
	log_info("two"); /* nothing to erase any more */
	progress__done(p, NULL);
	log_info("three");
	s = release(&c);
	assert_string_equal(s, "\r\033[Kbuild: 0.0 s\r\033[Ktester: one\r\ntester: two\r\n"
			       "tester: three\r\n");
	free(s);
	assert_null(assay_log.before);
	assert_null(assay_log.ctx);
}

static void nested_lines_end_in_any_order(void **state)
{
	struct caught c;
	int calls = 0;

	(void)state;
	assay_log.before = count_call;
	assay_log.ctx = &calls;
	for (int order = 0; order < 6; order++) {
		static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
						  { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
		struct progress *p[3];

		catch_file(&c);
		for (int i = 0; i < 3; i++)
			p[i] = progress__new("line", false);
		for (int i = 0; i < 3; i++) {
			log_info("still reaches the first hook");
			progress__done(p[orders[order][i]], NULL);
		}
		free(release(&c));
		assert_int_equal(calls, 3 * (order + 1));
		assert_ptr_equal(assay_log.before, count_call);
		assert_ptr_equal(assay_log.ctx, &calls);
	}
}

static void color_needs_a_terminal(void **state)
{
	struct caught c;
	bool with, none, dumb, empty, file;

	(void)state;
	catch_tty(&c, 80);
	with = term_color(stderr);
	setenv("NO_COLOR", "1", 1);
	none = term_color(stderr);
	setenv("NO_COLOR", "", 1); /* no-color.org: only when not empty */
	empty = term_color(stderr);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	dumb = term_color(stderr);
	setenv("TERM", "xterm", 1);
	free(release(&c));
	catch_file(&c);
	file = term_color(stderr);
	free(release(&c));
	assert_true(with);
	assert_false(none);
	assert_true(empty);
	assert_false(dumb);
	assert_false(file);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(log_prefixes),
		TEST(log_keeps_errno),
		TEST(log_does_not_steer_the_terminal),
		TEST(log_takes_long_messages),
		TEST(log_calls_before),
		TEST(short_work_is_silent),
		TEST(plain_lines),
		TEST(no_result_no_line),
		TEST(dumb_terminals_get_plain_lines),
		TEST(redraws_in_place),
		TEST(redraws_seldom),
		TEST(keeps_to_the_width),
		TEST(hides_around_log_lines),
		TEST(nested_lines_end_in_any_order),
		TEST(color_needs_a_terminal),
	};

	return cmocka_run_group_tests_name("term", tests, NULL, NULL);
}
