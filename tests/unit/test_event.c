// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "wire/event.h"

static struct wire_reader *reader_of(const void *data, size_t len)
{
	struct wire_reader *r = wire_reader__new();

	assert_non_null(r);
	assert_int_equal(wire_reader__feed(r, data, len), 0);
	return r;
}

/* The next event must be of this type. */
static void expect_event(struct wire_reader *r, const char *type)
{
	const char *err = "untouched";
	json_t *event = NULL;
	int ret = wire_reader__next(r, &event, &err);

	if (ret < 0)
		fail_msg("unexpected error: %s", err);
	assert_int_equal(ret, 1);
	assert_null(err);
	assert_string_equal(wire_type(event), type);
	json_decref(event);
}

static void expect_nothing(struct wire_reader *r)
{
	const char *err = "untouched";
	json_t *event = (json_t *)1;

	assert_int_equal(wire_reader__next(r, &event, &err), 0);
	assert_null(event);
	assert_null(err);
}

/* The next line must be refused with a sentence that holds the number and the cause. */
static void expect_error(struct wire_reader *r, int line, const char *cause)
{
	char *number = str_fmt("line %d ", line);
	const char *err = NULL;
	json_t *event = NULL;

	assert_int_equal(wire_reader__next(r, &event, &err), -EBADMSG);
	assert_null(event);
	assert_true(str_starts(err, number));
	if (!strstr(err, cause))
		fail_msg("\"%s\" does not say \"%s\"", err, cause);
	free(number);
}

static void reads_events(void **state)
{
	static const char text[] =
		"{\"ev\":\"start\",\"experiment\":\"a\"}\n{\"job\":\"poweroff\"}\r\n";
	struct wire_reader *r = reader_of(text, strlen(text));

	(void)state;
	expect_event(r, "start");
	expect_event(r, "poweroff");
	expect_nothing(r);
	assert_int_equal(wire_reader__pending(r), 0);
	wire_reader__free(r);
	wire_reader__free(NULL);
}

static void reads_byte_by_byte(void **state)
{
	static const char text[] = "{\"ev\":\"a\"}\nbad\n{\"ev\":\"ä\"}\n";
	struct wire_reader *r = wire_reader__new();
	int events = 0, errors = 0;

	(void)state;
	expect_nothing(r);
	for (size_t i = 0; i < strlen(text); i++) {
		const char *err;
		json_t *event;
		int ret;

		assert_int_equal(wire_reader__feed(r, text + i, 1), 0);
		ret = wire_reader__next(r, &event, &err);
		events += ret == 1;
		errors += ret < 0;
		json_decref(event);
		if (text[i] == '\n')
			assert_int_equal(wire_reader__pending(r), 0);
		else
			assert_true(wire_reader__pending(r) > 0);
	}
	assert_int_equal(events, 2);
	assert_int_equal(errors, 1);
	wire_reader__free(r);
}

static void knows_a_stream_that_was_cut_off(void **state)
{
	struct wire_reader *r = reader_of("{\"ev\":\"a\"}\n{\"ev\":", 17);

	(void)state;
	assert_int_equal(wire_reader__pending(r), 6);
	expect_event(r, "a");
	expect_nothing(r);
	assert_int_equal(wire_reader__pending(r), 6);
	assert_int_equal(wire_reader__feed(r, NULL, 0), 0);
	expect_nothing(r);
	assert_int_equal(wire_reader__feed(r, "\"b\"}\n", 5), 0);
	assert_int_equal(wire_reader__pending(r), 0);
	expect_event(r, "b");
	wire_reader__free(r);
}

static void refuses_what_is_no_event(void **state)
{
	static const struct {
		const char *line, *cause;
	} bad[] = {
		{ "", "empty" },
		{ "   ", "JSON" },
		{ "hello", "JSON" },
		{ "[   12.345] BUG: unable to handle", "JSON" },
		{ "{\"ev\":\"a\"", "JSON" },
		{ "{\"ev\":\"a\"} x", "JSON" },
		{ "{\"ev\":\"a\"}{\"ev\":\"b\"}", "JSON" },
		{ "{'ev':'a'}", "JSON" },
		{ "[\"ev\"]", "object" },
		{ "{}", "neither" },
		{ "{\"ev\":1}", "neither" },
		{ "{\"ev\":null,\"x\":1}", "neither" },
		{ "{\"ev\":\"a\",\"job\":\"b\"}", "both" },
		{ "{\"ev\":\"a\",\"ev\":\"b\"}", "duplicate" },
		{ "{\"ev\":\"a\",\"x\":{\"y\":1,\"y\":1}}", "duplicate" },
		{ "{\"ev\":\"a\",\"x\":99999999999999999999}", "big" },
		{ "{\"ev\":\"a\",\"x\":1e999}", "real" },
		{ "{\"ev\":\"a\",\"x\":NaN}", "JSON" },
		{ "{\"ev\":\"\xff\"}", "decode byte" },
		{ "{\"ev\":\"\xc0\x80\"}", "decode byte" },
		{ "{\"ev\":\"\xed\xa0\x80\"}", "decode byte" },
		{ "{\"ev\":\"a\\u0000b\"}", "JSON" },
		{ "{\"ev\":\"\\ud800\"}", "JSON" },
		{ "{\"ev\":\"a\tb\"}", "JSON" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = str_fmt("%s\n{\"ev\":\"next\"}\n", bad[i].line);
		struct wire_reader *r = reader_of(text, strlen(text));

		expect_error(r, 1, bad[i].cause);
		expect_event(r, "next");
		expect_nothing(r);
		wire_reader__free(r);
		free(text);
	}
}

static void counts_lines(void **state)
{
	static const char text[] = "{\"ev\":\"a\"}\nx\n\n{\"ev\":\"b\"}\ny\n";
	struct wire_reader *r = reader_of(text, strlen(text));

	(void)state;
	expect_event(r, "a");
	expect_error(r, 2, "JSON");
	expect_error(r, 3, "empty");
	expect_event(r, "b");
	expect_error(r, 5, "JSON");
	expect_nothing(r);
	wire_reader__free(r);
}

static void survives_nuls(void **state)
{
	static const char text[] = "{\"ev\":\"a\0b\"}\n\0\0\n{\"ev\":\"ok\"}\n";
	struct wire_reader *r = reader_of(text, sizeof(text) - 1);

	(void)state;
	expect_error(r, 1, "JSON");
	expect_error(r, 2, "JSON");
	expect_event(r, "ok");
	expect_nothing(r);
	wire_reader__free(r);
}

static void error_text_is_printable(void **state)
{
	static const char text[] = "{\"ev\": \"a\033[2J\x07\xff\n";
	struct wire_reader *r = reader_of(text, strlen(text));
	const char *err = NULL;
	json_t *event;

	(void)state;
	assert_int_equal(wire_reader__next(r, &event, &err), -EBADMSG);
	for (const char *p = err; *p; p++)
		assert_true((unsigned char)*p >= ' ' && *p != 0x7f);
	char *clean = str_utf8(err, strlen(err));
	assert_string_equal(clean, err);
	free(clean);
	wire_reader__free(r);
}

static void refuses_deep_nesting(void **state)
{
	const int depth = 200000;
	struct strbuf sb = STRBUF_INIT;
	struct wire_reader *r;

	(void)state;
	strbuf__addf(&sb, "{\"ev\":\"a\",\"x\":");
	for (int i = 0; i < depth; i++)
		strbuf__add(&sb, i % 2 ? "[" : "{\"a\":", i % 2 ? 1 : 5);
	strbuf__addf(&sb, "\n{\"ev\":\"next\"}\n");
	r = reader_of(sb.data, sb.len);
	expect_error(r, 1, "depth");
	expect_event(r, "next");
	wire_reader__free(r);
	strbuf__free(&sb);
}

/* An event whose line, with its newline, has len bytes. */
static char *event_of(size_t len)
{
	static const char head[] = "{\"ev\":\"long\",\"x\":\"", tail[] = "\"}\n";
	char *s = malloc(len + 1);

	memset(s, 'x', len);
	memcpy(s, head, strlen(head));
	memcpy(s + len - strlen(tail), tail, strlen(tail) + 1);
	return s;
}

static void takes_lines_up_to_the_limit(void **state)
{
	char *longest = event_of(WIRE_LINE_MAX), *longer = event_of(WIRE_LINE_MAX + 1);
	struct wire_reader *r = wire_reader__new();

	(void)state;
	assert_int_equal(wire_reader__feed(r, longest, WIRE_LINE_MAX), 0);
	expect_event(r, "long");
	assert_int_equal(wire_reader__feed(r, longer, WIRE_LINE_MAX + 1), 0);
	expect_error(r, 2, "longer than 4194304 bytes");
	expect_nothing(r);
	/* The same in pieces, the newline apart. */
	assert_int_equal(wire_reader__feed(r, longest, WIRE_LINE_MAX - 1), 0);
	expect_nothing(r);
	assert_int_equal(wire_reader__feed(r, "\n", 1), 0);
	expect_event(r, "long");
	assert_int_equal(wire_reader__feed(r, longer, WIRE_LINE_MAX), 0);
	expect_error(r, 4, "longer");
	assert_true(wire_reader__pending(r) > 0);
	assert_int_equal(wire_reader__feed(r, "\n{\"ev\":\"b\"}\n", 12), 0);
	assert_int_equal(wire_reader__pending(r), 0);
	expect_event(r, "b");
	expect_nothing(r);
	wire_reader__free(r);
	free(longest);
	free(longer);
}

static void skips_a_flood_with_one_error(void **state)
{
	struct wire_reader *r = wire_reader__new();
	char *chunk = malloc(1 << 20);
	int errors = 0;

	(void)state;
	memset(chunk, 'x', 1 << 20);
	for (int i = 0; i < 40; i++) {
		const char *err;
		json_t *event;
		int ret;

		assert_int_equal(wire_reader__feed(r, chunk, 1 << 20), 0);
		while ((ret = wire_reader__next(r, &event, &err)) != 0) {
			assert_int_equal(ret, -EBADMSG);
			errors++;
		}
	}
	assert_int_equal(errors, 1);
	assert_int_equal(wire_reader__pending(r), 40 << 20);
	assert_int_equal(wire_reader__feed(r, "end\nx\n", 6), 0);
	expect_error(r, 2, "JSON");
	expect_nothing(r);
	wire_reader__free(r);
	free(chunk);
}

static void reads_many_events_from_one_piece(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	struct wire_reader *r;

	(void)state;
	for (int i = 0; i < 100000; i++)
		strbuf__addf(&sb, "{\"ev\":\"%d\"}\n", i);
	r = reader_of(sb.data, sb.len);
	for (int i = 0; i < 100000; i++) {
		char *type = str_fmt("%d", i);

		expect_event(r, type);
		free(type);
	}
	expect_nothing(r);
	wire_reader__free(r);
	strbuf__free(&sb);
}

/* Whatever comes in, in whatever pieces: as many answers as lines, and no more. */
static void survives_noise(void **state)
{
	static const char pieces[][16] = { "{\"ev\":", "\"a\"}", "\n", "\"",  "{", "}",
					   "\\u00",    "\xff",	 ":",  "job", ",", "[",
					   "]",	       "1e",	 "\n", "ev" };
	uint32_t seed = 12345;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct wire_reader *r = wire_reader__new();
		size_t newlines = 0, answers = 0;

		for (int i = 0; i < 300; i++) {
			const char *p, *err;
			json_t *event;

			seed = seed * 1664525 + 1013904223;
			p = pieces[seed >> 28];
			newlines += *p == '\n';
			assert_int_equal(wire_reader__feed(r, p, strlen(p)), 0);
			if (seed & 0x1000)
				continue;
			while (wire_reader__next(r, &event, &err)) {
				answers++;
				json_decref(event);
			}
		}
		for (json_t *event;; json_decref(event)) {
			const char *err;

			if (!wire_reader__next(r, &event, &err))
				break;
			answers++;
		}
		assert_int_equal(answers, newlines);
		wire_reader__free(r);
	}
}

static void gives_typed_fields(void **state)
{
	json_t *e = json_pack("{s:s, s:s, s:I, s:f, s:n, s:b}", "ev", "x", "s", "text", "i",
			      (json_int_t)INT64_MIN, "f", 1.0, "null", "b", 1);
	const char *s = "untouched";
	int64_t i = 42;

	(void)state;
	assert_int_equal(wire_str(e, "s", &s), 0);
	assert_string_equal(s, "text");
	assert_int_equal(wire_str(e, "missing", &s), -ENOENT);
	assert_int_equal(wire_str(e, "i", &s), -EINVAL);
	assert_int_equal(wire_str(e, "null", &s), -EINVAL);
	assert_string_equal(s, "text");
	assert_int_equal(wire_int(e, "i", &i), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(wire_int(e, "missing", &i), -ENOENT);
	assert_int_equal(wire_int(e, "f", &i), -EINVAL);
	assert_int_equal(wire_int(e, "b", &i), -EINVAL);
	assert_int_equal(wire_int(NULL, "i", &i), -ENOENT);
	assert_null(wire_type(NULL));
	json_decref(e);
}

/* Sends an event and returns what came out of the pipe. */
static char *sent(json_t *event, int want_err)
{
	char buf[8192];
	int fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(wire_send(fds[1], event), want_err);
	close(fds[1]);
	n = read(fds[0], buf, sizeof(buf) - 1);
	assert_true(n >= 0);
	buf[n] = 0;
	close(fds[0]);
	return strdup(buf);
}

static void sends_one_line(void **state)
{
	json_t *e = json_pack("{s:s, s:s, s:f}", "ev", "text", "data", "a\nb\tä", "x", 0.1);
	char *s = sent(json_incref(e), 0), *expected;
	struct wire_reader *r = reader_of(s, strlen(s));
	const char *err;
	json_t *back;

	(void)state;
	assert_true(str_starts(s, "{\"ev\":\"text\",\"data\":\"a\\nb\\tä\""));
	assert_ptr_equal(strchr(s, '\n'), s + strlen(s) - 1);
	assert_int_equal(wire_reader__next(r, &back, &err), 1);
	assert_true(json_equal(e, back));
	json_decref(back);
	json_decref(e);
	wire_reader__free(r);
	free(s);
	expected = sent(json_pack("{s:s}", "job", "poweroff"), 0);
	assert_string_equal(expected, "{\"job\":\"poweroff\"}\n");
	free(expected);
}

static void refuses_to_send(void **state)
{
	json_t *e;
	char *s;

	(void)state;
	s = sent(NULL, -ENOMEM);
	assert_string_equal(s, "");
	free(s);
	s = sent(json_object(), -EINVAL);
	assert_string_equal(s, "");
	free(s);
	s = sent(json_array(), -EINVAL);
	assert_string_equal(s, "");
	free(s);
	/* The reference is gone in any case. */
	e = json_pack("{s:s}", "ev", "x");
	assert_int_equal(wire_send(-1, json_incref(e)), -EBADF);
	assert_int_equal(e->refcount, 1);
	json_decref(e);
}

static void sends_up_to_the_limit(void **state)
{
	char path[] = "/tmp/assay-test-event.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	for (int over = 1; over >= 0; over--) {
		char *s = event_of(WIRE_LINE_MAX + over);
		json_t *e = json_loads(s, 0, NULL);

		assert_int_equal(wire_send(fd, e), over ? -EMSGSIZE : 0);
		assert_int_equal(lseek(fd, 0, SEEK_CUR), over ? 0 : WIRE_LINE_MAX);
		free(s);
	}
	close(fd);
}

static void says_when_nobody_listens(void **state)
{
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(wire_send(fds[1], json_pack("{s:s}", "ev", "x")), -EPIPE);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_events),
		cmocka_unit_test(reads_byte_by_byte),
		cmocka_unit_test(knows_a_stream_that_was_cut_off),
		cmocka_unit_test(refuses_what_is_no_event),
		cmocka_unit_test(counts_lines),
		cmocka_unit_test(survives_nuls),
		cmocka_unit_test(error_text_is_printable),
		cmocka_unit_test(refuses_deep_nesting),
		cmocka_unit_test(takes_lines_up_to_the_limit),
		cmocka_unit_test(skips_a_flood_with_one_error),
		cmocka_unit_test(reads_many_events_from_one_piece),
		cmocka_unit_test(survives_noise),
		cmocka_unit_test(gives_typed_fields),
		cmocka_unit_test(sends_one_line),
		cmocka_unit_test(refuses_to_send),
		cmocka_unit_test(sends_up_to_the_limit),
		cmocka_unit_test(says_when_nobody_listens),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
