/* SPDX-License-Identifier: GPL-2.0-only */
/* Designs of studies, in a made-up world: two kernels; the experiment `main` with the parameters
 * point, size (1 to 100), hook (a or b, may be given as A), word (free) and cpus; `other` with the
 * parameter depth. */
#ifndef TESTS_UNIT_DESIGN_FIXTURE_H
#define TESTS_UNIT_DESIGN_FIXTURE_H

#include "folder_fixture.h"

#include "base/num.h"
#include "study/design.h"
#include "study/points.h"

static const char *world_kernel(void *ctx, const char *name, const char **nearest)
{
	(void)ctx;
	if (!name || !strcmp(name, "5.10"))
		return "5.10.1";
	if (!strcmp(name, "5.10.1") || !strcmp(name, "6.1.2"))
		return !strcmp(name, "5.10.1") ? "5.10.1" : "6.1.2";
	*nearest = !strcmp(name, "6.1.3") ? "6.1.2" : NULL;
	return NULL;
}

static bool world_experiment(void *ctx, const char *name, const char **nearest)
{
	(void)ctx;
	*nearest = "main";
	return !strcmp(name, "main") || !strcmp(name, "other");
}

static bool world_param(void *ctx, const char *experiment, size_t i, const char **name,
			const char **value)
{
	static const char *const of_main[][2] = {
		{ "point", "" }, { "size", "4" }, { "hook", "a" }, { "word", "" }, { "cpus", "0" },
	};

	(void)ctx;
	if (strcmp(experiment, "main")) {
		*name = "depth";
		*value = "3";
		return i < 1;
	}
	*name = i < 5 ? of_main[i][0] : NULL;
	*value = i < 5 ? of_main[i][1] : NULL;
	return i < 5;
}

static int world_value(void *ctx, const char *experiment, const char *name, const char *value,
		       char **same, char **why)
{
	uint64_t n;

	(void)ctx;
	(void)experiment;
	if (!strcmp(name, "word")) {
		*same = strdup(value);
	} else if (!strcmp(name, "hook")) {
		if (!strcmp(value, "a") || !strcmp(value, "A"))
			*same = strdup("a");
		else if (!strcmp(value, "b"))
			*same = strdup("b");
		else
			*why = str_fmt("'%s' is none of a, b", value);
	} else if (num_u64(value, 1, 100, &n)) {
		*why = str_fmt("'%s' is no whole number from 1 to 100", value);
	} else {
		*same = str_fmt("%llu", (unsigned long long)n);
	}
	return *why ? -EINVAL : 0;
}

static const struct study_world world = {
	.kernel = world_kernel,
	.experiment = world_experiment,
	.param = world_param,
	.value = world_value,
};

#define STUDY "[study]\nexperiment = main\nquestion = Why?\n"

UNUSED static int read_design(const char *text, struct design **d)
{
	char *path = at("x.study");
	int err;

	put("x.study", text);
	*d = NULL;
	listen_begin();
	err = design__read(path, d);
	listen_end();
	free(path);
	return err;
}

UNUSED static int make_points(const struct design *d, bool full, const char *only,
			      struct study_points *p)
{
	struct strv blocks = { 0 };
	int err;

	assert_int_equal(strv__split(&blocks, only, ","), 0);
	listen_begin();
	err = points__make(d, &world, full, &blocks, p);
	listen_end();
	strv__free(&blocks);
	return err;
}

#endif
