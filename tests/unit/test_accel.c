// SPDX-License-Identifier: GPL-2.0-only
/* The choice between KVM and TCG, with a stand-in for QEMU. Where /dev/kvm can't be opened there
 * is no trial, and the tests see to that instead. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "fake_qemu.h"

struct log assay_log = { .prog = "test_accel", .level = LOG_LEVEL_ERROR };

#define WORKS "hello; read job <&$wire"
#define FAILS "echo 'failed to initialize kvm: for a test' >&2; exit 1"

static bool kvm_there(void)
{
	return !access("/dev/kvm", R_OK | W_OK);
}

static void settle(struct fake *f, enum accel wanted, int err, enum accel expected,
		   const char *why_part)
{
	enum accel got = ACCEL_AUTO;
	char *why = NULL;

	assert_int_equal(accel__settle(wanted, &f->opts, f->dir, &got, &why), err);
	if (err) {
		assert_null(why);
		return;
	}
	assert_int_equal(got, expected);
	assert_non_null(why);
	if (!strstr(why, why_part))
		print_error("why: %s\n", why);
	assert_non_null(strstr(why, why_part));
	free(why);
}

static char *cache_text(const struct fake *f)
{
	char *path = str_fmt("%s/accel.json", f->dir), *text = NULL;

	if (file_read(path, 0, &text, NULL))
		text = strdup("");
	free(path);
	return text;
}

static void test_tcg_needs_no_trial(void **state)
{
	struct fake *f = *state;
	char *text;

	fake__does(f, WORKS);
	settle(f, ACCEL_TCG, 0, ACCEL_TCG, "asked for");
	assert_int_equal(fake__starts(f), 0);
	text = cache_text(f);
	assert_string_equal(text, "");
	free(text);
}

static void test_works(void **state)
{
	struct fake *f = *state;
	char *text;

	fake__does(f, WORKS);
	if (!kvm_there()) {
		settle(f, ACCEL_AUTO, 0, ACCEL_TCG, "/dev/kvm");
		settle(f, ACCEL_KVM, -ENODEV, 0, NULL);
		assert_int_equal(fake__starts(f), 0);
		return;
	}
	settle(f, ACCEL_AUTO, 0, ACCEL_KVM, "boots");
	assert_int_equal(fake__starts(f), 1);
	/* known from now on, also when KVM is asked for by name */
	settle(f, ACCEL_AUTO, 0, ACCEL_KVM, "boots");
	settle(f, ACCEL_KVM, 0, ACCEL_KVM, "boots");
	assert_int_equal(fake__starts(f), 1);
	text = cache_text(f);
	assert_non_null(strstr(text, "QEMU emulator version 1.2.3 (fake)"));
	free(text);
}

static void test_fails(void **state)
{
	struct fake *f = *state;

	if (!kvm_there())
		skip();
	fake__does(f, FAILS);
	settle(f, ACCEL_AUTO, 0, ACCEL_TCG, "for a test");
	settle(f, ACCEL_AUTO, 0, ACCEL_TCG, "for a test");
	assert_int_equal(fake__starts(f), 1);
	/* asked for by name it is tried again, and what works then is remembered */
	settle(f, ACCEL_KVM, -ENODEV, 0, NULL);
	assert_int_equal(fake__starts(f), 2);
	fake__does(f, WORKS);
	settle(f, ACCEL_KVM, 0, ACCEL_KVM, "boots");
	assert_int_equal(fake__starts(f), 3);
	settle(f, ACCEL_AUTO, 0, ACCEL_KVM, "boots");
	assert_int_equal(fake__starts(f), 3);
}

/* A kernel that panics may do so everywhere: TCG now, and the question stays open. */
static void test_unclear(void **state)
{
	struct fake *f = *state;

	if (!kvm_there())
		skip();
	fake__does(f, "say '[ 1.0] Kernel panic - not syncing: broken kernel'");
	settle(f, ACCEL_AUTO, 0, ACCEL_TCG, "broken kernel");
	fake__does(f, WORKS);
	settle(f, ACCEL_AUTO, 0, ACCEL_KVM, "boots");
	assert_int_equal(fake__starts(f), 2);
}

/* Another QEMU is another question. */
static void test_other_version(void **state)
{
	struct fake *f = *state;
	char *text = NULL, *at;

	if (!kvm_there())
		skip();
	fake__does(f, FAILS);
	settle(f, ACCEL_AUTO, 0, ACCEL_TCG, "for a test");
	/* the same program says another version */
	fake__does(f, WORKS);
	settle(f, ACCEL_AUTO, 0, ACCEL_TCG, "for a test");
	assert_int_equal(file_read(f->qemu, 0, &text, NULL), 0);
	at = strstr(text, "1.2.3 (fake)");
	assert_non_null(at);
	memcpy(at, "1.2.4", 5);
	assert_int_equal(file_write(f->qemu, text, strlen(text)), 0);
	free(text);
	settle(f, ACCEL_AUTO, 0, ACCEL_KVM, "boots");
}

static void test_damaged_cache(void **state)
{
	static const char *const damaged[] = { "", "{", "[]", "\"x\"", "{\"x\": 1}", "\0\xff" };
	struct fake *f = *state;
	char *path = str_fmt("%s/accel.json", f->dir), *text;
	enum accel expected = kvm_there() ? ACCEL_KVM : ACCEL_TCG;

	fake__does(f, WORKS);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		assert_int_equal(file_write(path, damaged[i], strlen(damaged[i])), 0);
		settle(f, ACCEL_AUTO, 0, expected, "");
		text = cache_text(f);
		assert_non_null(strstr(text, accel__name(expected)));
		free(text);
	}
	free(path);
}

/* An entry that names no accelerator does not count. */
static void test_strange_entry(void **state)
{
	struct fake *f = *state;
	char *path = str_fmt("%s/accel.json", f->dir), *text, *at;
	enum accel expected = kvm_there() ? ACCEL_KVM : ACCEL_TCG;

	fake__does(f, WORKS);
	settle(f, ACCEL_AUTO, 0, expected, "");
	text = cache_text(f);
	at = strstr(text, expected == ACCEL_KVM ? "\"kvm\"" : "\"tcg\"");
	assert_non_null(at);
	memcpy(at, "\"xyz\"", 5);
	assert_int_equal(file_write(path, text, strlen(text)), 0);
	settle(f, ACCEL_AUTO, 0, expected, "");
	free(text);
	text = cache_text(f);
	assert_null(strstr(text, "xyz"));
	free(text);
	free(path);
}

static void test_no_place_to_remember(void **state)
{
	struct fake *f = *state;
	enum accel got = ACCEL_AUTO;
	char *why = NULL;

	fake__does(f, WORKS);
	assert_int_equal(accel__settle(ACCEL_AUTO, &f->opts, "/proc/nowhere", &got, &why), 0);
	assert_int_equal(got, kvm_there() ? ACCEL_KVM : ACCEL_TCG);
	free(why);
}

static void test_cancel(void **state)
{
	struct fake *f = *state;
	char *text;

	if (!kvm_there())
		skip();
	fake__does(f, "sleep 1000");
	f->opts.cancel_fd = eventfd(1, EFD_CLOEXEC);
	settle(f, ACCEL_AUTO, -EINTR, 0, NULL);
	settle(f, ACCEL_KVM, -EINTR, 0, NULL);
	text = cache_text(f);
	assert_string_equal(text, "");
	free(text);
	close(f->opts.cancel_fd);
}

static void test_no_qemu(void **state)
{
	struct fake *f = *state;

	if (!kvm_there())
		skip();
	f->opts.qemu = "/nonexistent/qemu";
	settle(f, ACCEL_AUTO, -ENOENT, 0, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, fake__set_up, fake__tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tcg_needs_no_trial),
		TEST(works),
		TEST(fails),
		TEST(unclear),
		TEST(other_version),
		TEST(damaged_cache),
		TEST(strange_entry),
		TEST(no_place_to_remember),
		TEST(cancel),
		TEST(no_qemu),
	};

	return cmocka_run_group_tests_name("accel", tests, NULL, NULL);
}
