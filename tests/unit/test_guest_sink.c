// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

/* The guest's archive as a whole needs libbpf, which no test is linked with; this file does not. */
#include "../../harness/guest/sink.c"

/* Keeps what was sent; fails when told to. */
struct kept {
	json_t *events;
	int fail;
};

static int keep(void *ctx, const char *line, size_t len)
{
	struct kept *k = ctx;
	json_t *event;

	if (k->fail)
		return k->fail;
	assert_true(len <= WIRE_LINE_MAX);
	assert_int_equal(line[len - 1], '\n');
	assert_null(memchr(line, '\n', len - 1));
	event = json_loadb(line, len, 0, NULL);
	assert_non_null(event);
	assert_true(str_starts(line, "{\"ev\":\""));
	json_array_append_new(k->events, event);
	return 0;
}

static struct kept kept;
static const struct sink sink = { .line = keep, .ctx = &kept };

static int set_up(void **state)
{
	(void)state;
	kept = (struct kept){ .events = json_array() };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	json_decref(kept.events);
	return 0;
}

static const char *field(size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(kept.events, i), key));
}

/* Sends a text and puts its parts together again. */
static char *through(const char *data, size_t len)
{
	struct strbuf sb = STRBUF_INIT;
	size_t n;

	assert_int_equal(sink__text(&sink, "ex", "prog", "log", data, len), 0);
	n = json_array_size(kept.events);
	for (size_t i = 0; i < n; i++) {
		json_t *event = json_array_get(kept.events, i), *last;
		const char *part = field(i, "data");

		assert_int_equal(json_integer_value(json_object_get(event, "part")), i);
		last = json_object_get(event, "last");
		assert_true(json_is_boolean(last));
		assert_int_equal(json_is_true(last), i == n - 1);
		assert_true(strlen(part) <= WIRE_PART_MAX);
		strbuf__add(&sb, part, strlen(part));
	}
	return strbuf__detach(&sb);
}

static void test_empty_text(void **state)
{
	char *got = through("", 0);

	(void)state;
	assert_int_equal(json_array_size(kept.events), 1);
	assert_string_equal(got, "");
	free(got);
}

static void test_text_of_one_part_exactly(void **state)
{
	char *text = malloc(WIRE_PART_MAX + 1), *got;

	(void)state;
	memset(text, 'x', WIRE_PART_MAX + 1);
	got = through(text, WIRE_PART_MAX);
	assert_int_equal(json_array_size(kept.events), 1);
	assert_int_equal(strlen(got), WIRE_PART_MAX);
	free(got);
	json_array_clear(kept.events);
	got = through(text, WIRE_PART_MAX + 1);
	assert_int_equal(json_array_size(kept.events), 2);
	assert_int_equal(strlen(got), WIRE_PART_MAX + 1);
	free(got);
	free(text);
}

/* Characters of two to four bytes, each at every position around the cut. */
static void test_no_character_is_torn(void **state)
{
	static const char *const chars[] = { "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\xa7" };
	size_t len = WIRE_PART_MAX + 16;
	char *text = malloc(len + 1), *got;

	(void)state;
	for (size_t c = 0; c < 3; c++)
		for (size_t at = WIRE_PART_MAX - 5; at < WIRE_PART_MAX + 2; at++) {
			memset(text, 'x', len);
			text[len] = '\0';
			memcpy(text + at, chars[c], strlen(chars[c]));
			json_array_clear(kept.events);
			got = through(text, len);
			assert_string_equal(got, text);
			free(got);
		}
	free(text);
}

static void test_bytes_that_are_no_text(void **state)
{
	size_t len = 3 * (size_t)WIRE_PART_MAX;
	char *text = malloc(len), *got;

	(void)state;
	memset(text, 0x80, len); /* nothing but continuation bytes: must come to an end */
	got = through(text, len);
	assert_int_equal(strspn(got, "?"), len);
	free(got);
	free(text);
}

static void test_too_long_an_event(void **state)
{
	char *text = malloc(WIRE_LINE_MAX + 1);
	json_t *event;

	(void)state;
	memset(text, 'x', WIRE_LINE_MAX);
	text[WIRE_LINE_MAX] = '\0';
	event = json_pack("{ss ss}", "ev", "big", "text", text);
	assert_int_equal(sink__send(&sink, event), -EMSGSIZE);
	assert_int_equal(json_array_size(kept.events), 0);
	/* {"ev":"big","text":"…"} and the newline: 23 bytes beside the text */
	text[WIRE_LINE_MAX - 23] = '\0';
	event = json_pack("{ss ss}", "ev", "big", "text", text);
	assert_int_equal(sink__send(&sink, event), 0);
	text[WIRE_LINE_MAX - 23] = 'x';
	text[WIRE_LINE_MAX - 22] = '\0';
	event = json_pack("{ss ss}", "ev", "big", "text", text);
	assert_int_equal(sink__send(&sink, event), -EMSGSIZE);
	assert_int_equal(json_array_size(kept.events), 1);
	free(text);
}

static void test_failure_is_passed_on(void **state)
{
	(void)state;
	kept.fail = -EIO;
	assert_int_equal(sink__start(&sink, "ex"), -EIO);
	assert_int_equal(sink__text(&sink, "ex", "", "log", "x", 1), -EIO);
	assert_int_equal(sink__send(&sink, NULL), -ENOMEM);
}

static void test_small_events(void **state)
{
	(void)state;
	assert_int_equal(sink__start(&sink, "ex"), 0);
	assert_int_equal(sink__progress(&sink, "ex", 3, 9, NULL), 0);
	assert_int_equal(sink__log(&sink, "warning", "%d of %s \xff", 3, "x"), 0);
	assert_string_equal(field(0, "ev"), "start");
	assert_string_equal(field(0, "experiment"), "ex");
	assert_string_equal(field(1, "ev"), "progress");
	assert_string_equal(field(1, "what"), "");
	assert_string_equal(field(2, "level"), "warning");
	assert_string_equal(field(2, "text"), "3 of x ?");
}

static void test_record(void **state)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "ex", "m");
	json_t *json;

	(void)state;
	assert_int_equal(record__metric(r, "third", "1", 1.0 / 3), 0);
	assert_int_equal(sink__record(&sink, r), 0);
	assert_string_equal(field(0, "ev"), "record");
	json = json_object_get(json_array_get(kept.events, 0), "record");
	json = json_array_get(json_object_get(json, "metrics"), 0);
	/* no digit is lost on the way */
	assert_true(json_real_value(json_object_get(json, "value")) == 1.0 / 3);
	record__free(r);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty_text),		 TEST(test_text_of_one_part_exactly),
		TEST(test_no_character_is_torn), TEST(test_bytes_that_are_no_text),
		TEST(test_too_long_an_event),	 TEST(test_failure_is_passed_on),
		TEST(test_small_events),	 TEST(test_record),
	};

	return cmocka_run_group_tests_name("guest sink", tests, NULL, NULL);
}
