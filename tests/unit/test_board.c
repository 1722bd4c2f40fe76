// SPDX-License-Identifier: GPL-2.0-only
/* Lines of progress for several pieces of work, and what is kept of the log for their results. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/board.h"
#include "base/log.h"
#include "base/str.h"
#include "base/term.h"

struct log assay_log = { .prog = "tester", .level = LOG_LEVEL_INFO };

static int saved_stderr, reader;

static void catch_pipe(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	saved_stderr = dup(2);
	dup2(fds[1], 2);
	close(fds[1]);
	reader = fds[0];
}

static void catch_tty(unsigned short rows, unsigned short columns)
{
	struct winsize ws = { .ws_row = rows, .ws_col = columns };
	int slave;

	assert_int_equal(openpty(&reader, &slave, NULL, NULL, &ws), 0);
	assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
	saved_stderr = dup(2);
	dup2(slave, 2);
	close(slave);
	setenv("TERM", "xterm", 1);
}

static char *caught(void)
{
	struct strbuf sb = STRBUF_INIT;
	char buf[4096];
	ssize_t n;

	while ((n = read(reader, buf, sizeof(buf))) > 0)
		strbuf__add(&sb, buf, (size_t)n);
	return strbuf__detach(&sb);
}

static int let_go(void **state)
{
	(void)state;
	if (saved_stderr <= 0)
		return 0;
	dup2(saved_stderr, 2);
	close(saved_stderr);
	close(reader);
	saved_stderr = 0;
	return 0;
}

/* What a terminal shows after all that: the escapes that the board uses, and no others. */
struct screen {
	char rows[40][128];
	size_t row, column, used;
};

static void show(struct screen *s, const char *out)
{
	for (; *out; out++) {
		size_t up, len = 0;

		if (*out == '\r') {
			s->column = 0;
		} else if (*out == '\n') {
			s->row++;
		} else if (*out == '\033') {
			out += 2;
			up = strtoul(out, (char **)&out, 10);
			if (*out == 'A') {
				assert_true(up <= s->row);
				s->row -= up;
			} else {
				assert_int_equal(*out, 'J');
				for (size_t i = s->row + 1; i < 40; i++)
					s->rows[i][0] = '\0';
				s->rows[s->row][s->column] = '\0';
			}
		} else {
			len = strlen(s->rows[s->row]);
			assert_true(s->column <= len && s->column < 127);
			s->rows[s->row][s->column++] = *out;
			if (s->column > len)
				s->rows[s->row][s->column] = '\0';
		}
		assert_true(s->row < 40);
	}
}

static void shows(struct screen *s, const char *expected)
{
	struct strbuf sb = STRBUF_INIT;
	char *out = caught();

	show(s, out ? out : "");
	free(out);
	for (size_t i = 0; i < 40; i++)
		if (s->rows[i][0])
			strbuf__addf(&sb, "%s\n", s->rows[i]);
	assert_string_equal(strbuf__str(&sb), expected);
	strbuf__free(&sb);
}

static const char *const names[] = { "5.10.218", "6.1", "6.12.117" };
static const struct board_word words[] = { { "download", "fetching" },
					   { "build", "compiling" },
					   { NULL, NULL } };

static void terminal(void **state)
{
	struct screen s = { 0 };
	struct progress *p;
	struct board *b;

	(void)state;
	catch_tty(24, 60);
	b = board__new(names, 3, words);
	shows(&s, "5.10.218  waiting\n6.1       waiting\n6.12.117  waiting\n");
	board__begin(b, 0);
	p = progress__new("kernel 5.10.218: download", false);
	shows(&s, "5.10.218  fetching\n6.1       waiting\n6.12.117  waiting\n");
	progress__done(p, "done");
	p = progress__new("kernel 5.10.218: build", false);
	progress__update(p, .34, NULL);
	shows(&s, "5.10.218  compiling 34%\n6.1       waiting\n6.12.117  waiting\n");
	log_info("something else");
	progress__done(p, "done");
	board__end(b, 0, "built in 6 min 2 s");
	board__begin(b, 1);
	p = progress__new("kernel 6.1: patch", false);
	/* what no word is given for is shown as it is */
	shows(&s, "tester: something else\n5.10.218  built in 6 min 2 s\n6.1       patch\n"
		  "6.12.117  waiting\n");
	log_err("kernel 6.1: patch x does not apply\nmore");
	progress__done(p, NULL);
	board__end(b, 1, "failed: patch x does not apply, and this is cut to the width of it");
	board__begin(b, 2);
	shows(&s, "tester: something else\n5.10.218  built in 6 min 2 s\n"
		  "tester: kernel 6.1: patch x does not apply\nmore\n"
		  "6.1       failed: patch x does not apply, and this is cut t\n"
		  "6.12.117  begins\n");
	board__end(b, 2, "built in 1 s");
	board__free(b);
	log_info("end");
	shows(&s, "tester: something else\n5.10.218  built in 6 min 2 s\n"
		  "tester: kernel 6.1: patch x does not apply\nmore\n"
		  "6.1       failed: patch x does not apply, and this is cut t\n"
		  "6.12.117  built in 1 s\ntester: end\n");
	let_go(NULL);
	assert_null(assay_log.board);
	assert_null(assay_log.before);
}

/* More lines than the terminal has rows. */
static void low_terminal(void **state)
{
	static const char *const many[] = { "a", "b", "c", "d", "e", "f" };
	struct screen s = { 0 };
	struct board *b;

	(void)state;
	catch_tty(4, 60);
	b = board__new(many, 6, NULL);
	board__begin(b, 0);
	shows(&s, "a  begins\nb  waiting\nand 4 more\n");
	board__end(b, 0, "ok");
	board__begin(b, 1);
	shows(&s, "a  ok\nb  begins\nc  waiting\nand 3 more\n");
	for (size_t i = 1; i < 6; i++)
		board__end(b, i, "ok");
	board__free(b);
	shows(&s, "a  ok\nb  ok\nc  ok\nd  ok\ne  ok\nf  ok\n");
	let_go(NULL);
}

static void no_terminal(void **state)
{
	struct progress *p;
	struct board *b;
	char *out;

	(void)state;
	catch_pipe();
	b = board__new(names, 2, words);
	board__begin(b, 0);
	p = progress__new("kernel 5.10.218: download", false);
	for (int i = 0; i < 1000; i++)
		progress__update(p, i / 1000., NULL);
	progress__done(p, "x");
	p = progress__new("kernel 5.10.218: build", false);
	progress__update(p, .5, NULL);
	progress__done(p, NULL);
	board__end(b, 0, "built in 2 s");
	board__begin(b, 1);
	board__end(b, 1, "failed: no disk");
	board__free(b);
	out = caught();
	let_go(NULL);
	assert_string_equal(out, "5.10.218: fetching\n5.10.218: compiling\n"
				 "5.10.218: built in 2 s\n6.1: failed: no disk\n");
	free(out);
}

static void without_board(void **state)
{
	(void)state;
	board__begin(NULL, 0);
	board__end(NULL, 0, "x");
	board__free(NULL);
}

/* --- what the log said first ---------------------------------------------------------------- */

static void first_error(void **state)
{
	struct log_catch outer, inner;
	char *s, *out;

	(void)state;
	catch_pipe();
	log_catch__begin(&outer);
	log_warn("no error");
	log_catch__begin(&inner);
	inner.quiet = true;
	log_err("first %d\nits second line", 1);
	log_err("second");
	s = log_catch__end(&inner);
	assert_string_equal(s, "first 1");
	free(s);
	log_err("third");
	s = log_catch__end(&outer);
	assert_string_equal(s, "first 1");
	free(s);
	log_catch__begin(&outer);
	assert_null(log_catch__end(&outer));
	out = caught();
	let_go(NULL);
	assert_string_equal(out, "tester: warning: no error\ntester: third\n");
	free(out);
	assert_null(assay_log.catch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(terminal, let_go),
		cmocka_unit_test_teardown(low_terminal, let_go),
		cmocka_unit_test_teardown(no_terminal, let_go),
		cmocka_unit_test_teardown(without_board, let_go),
		cmocka_unit_test_teardown(first_error, let_go),
	};

	return cmocka_run_group_tests_name("board", tests, NULL, NULL);
}
