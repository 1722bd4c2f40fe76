// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/proc.h"
#include "folder_fixture.h"
#include "vm/fetch.h"
#include "vm/source.h"

#define SIZE 300000

static char text[SIZE + 1];
static char sha[HASH_HEX];
static char *url, *to;
static struct kernel_paths p;
static struct source_opts o;

/* curl reads file: URLs, and continues them. */
static int serve(void **state)
{
	char *path, *curl = proc_which("curl");

	if (setup(state))
		return -1;
	for (size_t i = 0; i < SIZE; i++)
		text[i] = 'a' + i * i % 26;
	put("srv/x.tar.xz", text);
	path = at("srv/x.tar.xz");
	url = str_fmt("file://%s", path);
	to = at("part/x.tar.xz");
	put("part/other", "");
	p = paths();
	o = (struct source_opts){ .paths = &p, .cancel_fd = -1 };
	if (hash_file(path, sha))
		return -1;
	free(path);
	*state = curl;
	return 0;
}

static int unserve(void **state)
{
	free(*state);
	free(url);
	free(to);
	free_paths(&p);
	return teardown(state);
}

static int fetch(const char *sha256)
{
	int err;

	listen_begin();
	err = fetch_url("k", url, sha256, to, &o);
	listen_end();
	return err;
}

static void fetches(void **state)
{
	if (!*state)
		skip();
	assert_int_equal(fetch(sha), 0);
	holds("part/x.tar.xz", text);
	assert_string_equal(said, "");
}

static void continues(void **state)
{
	char keep = text[1000];

	if (!*state)
		skip();
	text[1000] = '\0';
	put("part/x.tar.xz", text);
	text[1000] = keep;
	assert_int_equal(fetch(sha), 0);
	holds("part/x.tar.xz", text);
	assert_string_equal(said, "");
}

static void damaged_part_starts_over(void **state)
{
	if (!*state)
		skip();
	put("part/x.tar.xz", "rubbish");
	assert_int_equal(fetch(sha), 0);
	holds("part/x.tar.xz", text);
	/* One that is longer than the file cannot be continued at all. */
	text[SIZE - 1] = '\0';
	put("srv/x.tar.xz", text);
	text[SIZE - 1] = 'x';
	put("part/x.tar.xz", text);
	assert_int_equal(fetch(sha), -EBADMSG);
}

static void wrong_one_is_refused(void **state)
{
	char other[HASH_HEX];

	if (!*state)
		skip();
	memset(other, '0', sizeof(other) - 1);
	other[sizeof(other) - 1] = '\0';
	assert_int_equal(fetch(other), -EBADMSG);
	holds("part/x.tar.xz", NULL);
	says(sha);
	says("kernels.ini says 000000");
	says("removed and refused");
}

static void missing_one(void **state)
{
	if (!*state)
		skip();
	free(url);
	url = strdup("file:///nonexistent/x.tar.xz");
	assert_int_equal(fetch(sha), -EIO);
	says("kernel k: file:///nonexistent/x.tar.xz: cannot be fetched: ");
}

/* An entry with only a tarball: fetched once, then taken from the cache; a damaged copy is fetched
 * again. */
static void obtains_tarball(void **state)
{
	struct kernel k = { .name = "k", .tarball = url, .tarball_sha256 = sha };
	struct source s;

	if (!*state)
		skip();
	assert_int_equal(source__obtain(&k, &o, &s), 0);
	assert_int_equal(s.kind, SOURCE_TARBALL);
	assert_string_equal(s.what, url);
	assert_true(str_ends(s.path, "cache/sources/x.tar.xz"));
	source__release(&s);
	holds("cache/sources/x.tar.xz", text);
	put("srv/x.tar.xz", "gone bad");
	assert_int_equal(source__obtain(&k, &o, &s), 0);
	source__release(&s);
	put("srv/x.tar.xz", text);
	put("cache/sources/x.tar.xz", "damaged");
	listen_begin();
	assert_int_equal(source__obtain(&k, &o, &s), 0);
	listen_end();
	source__release(&s);
	holds("cache/sources/x.tar.xz", text);
}

static void nothing_to_obtain(void **state)
{
	struct kernel k = { .name = "k", .tarball = url, .line = 7 };
	struct source s;

	(void)state;
	listen_begin();
	assert_int_equal(source__obtain(&k, &o, &s), -ENOENT);
	listen_end();
	says("its SHA-256 is not known ('tarball-sha256' in ");
	says("kernels.ini:7)");
	says("--kernel-source DIR|TARBALL");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, serve, unserve)
	const struct CMUnitTest tests[] = {
		T(fetches),
		T(continues),
		T(damaged_part_starts_over),
		T(wrong_one_is_refused),
		T(missing_one),
		T(obtains_tarball),
		T(nothing_to_obtain),
	};

	return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
