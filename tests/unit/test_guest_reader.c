// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

/* The guest's archive as a whole needs libbpf, which no test is linked with; this file does not. */
#include "../../harness/guest/reader.c"

static const size_t sizes[] = { 1, 256, 4096, 10000 };
#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void a_read_copies_the_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_SIZES; i++) {
		struct reader r = READER_INIT;
		enum read_outcome outcome = READ_MIXED;

		assert_int_equal(reader__open(&r, sizes[i]), 0);
		assert_int_equal(reader__outcome(&r), READ_UNTOUCHED);
		assert_int_equal(reader__read(&r, &outcome), sizes[i]);
		assert_int_equal(outcome, READ_COPIED);
		reader__mark(&r);
		assert_int_equal(reader__outcome(&r), READ_UNTOUCHED);
		reader__close(&r);
	}
}

/* As a read that was stopped after so many bytes leaves it. */
static void a_part_is_mixed(void **state)
{
	static const size_t parts[] = { 1, 2048, 4095 };
	struct reader r = READER_INIT;

	(void)state;
	assert_int_equal(reader__open(&r, 4096), 0);
	for (size_t i = 0; i < 3; i++) {
		reader__mark(&r);
		assert_int_equal(pread(r.fd, r.buf, parts[i], 0), parts[i]);
		assert_int_equal(reader__outcome(&r), READ_MIXED);
	}
	assert_int_equal(pread(r.fd, r.buf + 4095, 1, 4095), 1);
	assert_int_equal(reader__outcome(&r), READ_COPIED);
	reader__close(&r);
}

static void a_failed_read_touches_nothing(void **state)
{
	struct reader r = READER_INIT;
	enum read_outcome outcome = READ_COPIED;

	(void)state;
	assert_int_equal(reader__open(&r, 64), 0);
	close(r.fd);
	r.fd = -1;
	assert_int_equal(reader__read(&r, &outcome), -EBADF);
	assert_int_equal(outcome, READ_UNTOUCHED);
	reader__close(&r);
}

static void what_was_not_opened_can_be_closed(void **state)
{
	struct reader r = READER_INIT;

	(void)state;
	reader__close(&r);
	assert_int_equal(r.fd, -1);
	assert_int_equal(reader__open(&r, 16), 0);
	reader__close(&r);
	reader__close(&r);
	assert_null(r.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_copies_the_file),
		cmocka_unit_test(a_part_is_mixed),
		cmocka_unit_test(a_failed_read_touches_nothing),
		cmocka_unit_test(what_was_not_opened_can_be_closed),
	};

	return cmocka_run_group_tests_name("guest_reader", tests, NULL, NULL);
}
