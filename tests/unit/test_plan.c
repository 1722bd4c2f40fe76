// SPDX-License-Identifier: GPL-2.0-only
/* What `assay run` is to do: experiments by name and by row, kernels by name, branch and glob. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/catalog.h"
#include "cli/plan.h"
#include "catalog_fixture.h"
#include "folder_fixture.h"
#include "vm/kernels.h"

static const char guest[] =
	"[{\"name\": \"a\", \"catalogue\": [{\"id\": \"E1\"}, {\"id\": \"X2\"}],"
	" \"params\": [{\"name\": \"n\", \"type\": \"uint\", \"min\": 1, \"max\": 9}]},"
	" {\"name\": \"b\", \"catalogue\": [{\"id\": \"E1\"}]},"
	" {\"name\": \"h\", \"catalogue\": [{\"id\": \"T\"}], \"on_host\": true}]";

static const char ini[] = "[assay]\ndefault = 5.10.1\n"
			  "[5.10.1]\nversion = 5.10.1\nsource = /nowhere\nconfigs = c.config\n"
			  "[5.10.1-bare]\nversion = 5.10.1\nsource = /nowhere\nconfigs = c.config\n"
			  "traits = no-btf\nexperiments = b\n"
			  "[6.1.2]\nversion = 6.1.2\nsource = /nowhere\nconfigs = c.config\n"
			  "[5.4.3]\nversion = 5.4.3\nsource = /nowhere\nconfigs = c.config\n"
			  "untested = yes\n";

struct scene {
	struct catalog *catalog;
	struct kernels *kernels;
	struct plan plan;
};

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct kernel_paths paths = { 0 };
	assert_int_equal(setup(NULL), 0);
	s->catalog = load_catalog(dir, guest);
	put("c.config", "");
	put("kernels.ini", ini);
	paths.ini = at("kernels.ini");
	paths.configs = paths.patches = paths.cache = dir;
	assert_int_equal(kernels__load(&paths, &s->kernels), 0);
	free((char *)paths.ini);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	catalog__free(s->catalog);
	kernels__free(s->kernels);
	teardown(NULL);
	free(s);
	return 0;
}

/* Lists with blanks, NULL for none. */
static int make(struct scene *s, const char *names, const char *rows, const char *kernels)
{
	struct strv n = { 0 }, r = { 0 }, p = { 0 };
	struct plan_request rq = { &n, &r, kernels, &p };
	int err;

	assert_int_equal(strv__split(&n, names ? names : "", " "), 0);
	assert_int_equal(strv__split(&r, rows ? rows : "", " "), 0);
	err = plan__make(s->catalog, s->kernels, &rq, &s->plan);
	strv__free(&n);
	strv__free(&r);
	return err;
}

static void assert_items(struct scene *s, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < s->plan.nr_items; i++)
		strbuf__addf(&sb, "%s%s", i ? " " : "", s->plan.items[i].experiment);
	assert_string_equal(strbuf__str(&sb), want);
	strbuf__free(&sb);
}

static void assert_kernels(struct scene *s, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < s->plan.nr_kernels; i++)
		strbuf__addf(&sb, "%s%s", i ? " " : "", s->plan.kernels[i]->name);
	assert_string_equal(strbuf__str(&sb), want);
	strbuf__free(&sb);
}

/* Kernels that nobody has run are for those who name them. */
static void test_untested(void **state)
{
	struct scene *s = *state;

	assert_int_equal(make(s, "a", NULL, "5.4.3"), 0);
	assert_kernels(s, "5.4.3");
	plan__release(&s->plan);
	assert_int_equal(make(s, "a", NULL, "5.4"), 0);
	assert_kernels(s, "5.4.3");
	plan__release(&s->plan);
	assert_int_equal(make(s, "a", NULL, "5.*"), 0);
	assert_kernels(s, "5.10.1 5.10.1-bare");
	plan__release(&s->plan);
	assert_int_equal(make(s, "a", NULL, "5.4*"), -EINVAL);
}

static void test_all(void **state)
{
	struct scene *s = *state;

	assert_int_equal(make(s, NULL, NULL, NULL), 0);
	assert_items(s, "a b h");
	assert_kernels(s, "5.10.1");
	assert_false(plan__wants(&s->plan, 2, s->plan.kernels[0]));
	plan__release(&s->plan);
}

static void test_rows(void **state)
{
	struct scene *s = *state;

	assert_int_equal(make(s, NULL, "e1 X2", NULL), 0);
	assert_items(s, "a b");
	assert_kernels(s, "5.10.1 5.10.1-bare 6.1.2");
	plan__release(&s->plan);
	assert_int_equal(make(s, "h", "X2", NULL), 0);
	assert_items(s, "a h");
	plan__release(&s->plan);
	assert_int_equal(make(s, NULL, "E12", NULL), -EINVAL);
}

/* What runs on the host alone needs no kernel, also where one is named. */
static void test_host_only(void **state)
{
	struct scene *s = *state;

	assert_int_equal(make(s, NULL, "T", NULL), 0);
	assert_items(s, "h");
	assert_kernels(s, "");
	plan__release(&s->plan);
	assert_int_equal(make(s, "h", NULL, "all"), 0);
	assert_kernels(s, "");
	plan__release(&s->plan);
}

static void test_kernels(void **state)
{
	struct scene *s = *state;

	assert_int_equal(make(s, NULL, NULL, "all"), 0);
	assert_kernels(s, "5.10.1 5.10.1-bare 6.1.2");
	plan__release(&s->plan);
	assert_int_equal(make(s, NULL, NULL, "6.*,5.10.1"), 0);
	assert_kernels(s, "6.1.2 5.10.1");
	plan__release(&s->plan);
	assert_int_equal(make(s, NULL, NULL, "7.*"), -EINVAL);
	assert_int_equal(make(s, NULL, NULL, ","), -EINVAL);
}

/* A kernel that is there for some experiments gets others only by name. */
static void test_reserved_kernel(void **state)
{
	struct scene *s = *state;
	const struct kernel *bare;

	assert_int_equal(make(s, NULL, NULL, "5.10.1-bare"), 0);
	bare = s->plan.kernels[0];
	assert_true(strv__has(&bare->features, "no-btf"));
	assert_false(plan__wants(&s->plan, 0, bare));
	assert_true(plan__wants(&s->plan, 1, bare));
	plan__release(&s->plan);
	assert_int_equal(make(s, "a", NULL, "5.10.1-bare"), 0);
	assert_true(plan__wants(&s->plan, 0, bare));
	plan__release(&s->plan);
	assert_int_equal(make(s, "a", NULL, "all"), 0);
	assert_false(plan__wants(&s->plan, 0, bare));
	plan__release(&s->plan);
}

/* A file's name may have what a glob has, and its configuration stays with it. */
static void test_given_kernel(void **state)
{
	struct scene *s = *state;

	assert_int_equal(make(s, "a", NULL, "6.1,apt:linux-image-6.1.0-9-amd64=6.1.9-1,5.10"), 0);
	assert_kernels(s, "6.1.2 6.1.0-9-amd64 5.10.1");
	assert_true(plan__wants(&s->plan, 0, s->plan.kernels[1]));
	plan__release(&s->plan);
	assert_int_equal(make(s, "a", NULL, "vmlinux:/proc/[a]*,config:/proc/b"),
			 -EINVAL);
	assert_int_equal(make(s, "a", NULL, "apt:"), -EINVAL);
	assert_int_equal(make(s, "a", NULL, "config:x"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_untested, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_host_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kernels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reserved_kernel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_given_kernel, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
