// SPDX-License-Identifier: GPL-2.0-only
#include "diff/threshold.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "diff/stat.h"

/* Chosen on runs of one kernel against itself (docs/compare.md): statistics repeat to the last
 * digit; times move by a factor of 2.7 on a machine that does other work as well, which no test on
 * the samples of one boot can see; when an override is lost is chance, and with it how many reads
 * it had. A single value has nothing to test with, and what must hold of it is a check. Medians of
 * virtual times agreed within 1 % between boots on a loaded machine (docs/timing.md). */
static const struct figure_class {
	const char *name;
	struct threshold initial;
} classes[NR_FIGURES] = {
	[FIGURE_STAT] = { "stats", { .value = 0 } },
	[FIGURE_SERIES] = { "series", { .value = 200, .percent = true } },
	[FIGURE_SHARE] = { "shares", { .value = 50, .percent = true } },
	[FIGURE_FIT] = { "fits", { .value = 200, .percent = true } },
	[FIGURE_COUNT] = { "counts", { .off = true } },
	[FIGURE_VIRTUAL] = { "virtual", { .value = 1, .percent = true } },
	[FIGURE_TIME] = { "times", { .off = true } },
};

struct named {
	char *name; /* a statistic's own name, never its alias */
	struct threshold t;
};

struct thresholds {
	struct threshold classes[NR_FIGURES];
	struct named *v;
	size_t n;
};

const char *figure__name(enum figure f)
{
	return classes[f].name;
}

struct thresholds *thresholds__new(void)
{
	struct thresholds *t = calloc(1, sizeof(*t));

	for (size_t i = 0; t && i < NR_FIGURES; i++)
		t->classes[i] = classes[i].initial;
	return t;
}

static void clear(struct thresholds *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].name);
	free(t->v);
	t->v = NULL;
	t->n = 0;
}

void thresholds__free(struct thresholds *t)
{
	if (t)
		clear(t);
	free(t);
}

static struct named *find(const struct thresholds *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].name, name) == 0)
			return &t->v[i];
	return NULL;
}

static int set(struct thresholds *t, const char *name, struct threshold value)
{
	const struct stat *stat = stat__find(name, strlen(name));
	struct named *v = NULL;

	if (strcmp(name, "all") == 0) {
		for (size_t i = 0; i < NR_FIGURES; i++)
			t->classes[i] = value;
		clear(t);
		return 0;
	}
	for (size_t i = 0; i < NR_FIGURES; i++) {
		if (strcmp(classes[i].name, name) == 0) {
			t->classes[i] = value;
			return 0;
		}
	}
	/* The timed loads of a program are a series: it goes by the alias of its median. */
	if (stat)
		name = stat->time ? stat__series(stat) : stat->name;
	v = find(t, name);
	if (!v) {
		v = realloc(t->v, (t->n + 1) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		t->v = v;
		v += t->n;
		v->name = strdup(name);
		if (!v->name)
			return -ENOMEM;
		t->n++;
	}
	v->t = value;
	return 0;
}

static int parse_value(const char *text, struct threshold *out)
{
	size_t len = strlen(text);
	char *number;
	int err;

	*out = (struct threshold){ 0 };
	if (strcmp(text, "off") == 0) {
		out->off = true;
		return 0;
	}
	out->percent = len && text[len - 1] == '%';
	number = strndup(text, len - out->percent);
	if (!number)
		return -ENOMEM;
	err = num_double(number, 0, 1e15, &out->value);
	free(number);
	return err == -ERANGE ? -EINVAL : err;
}

static int parse_one(struct thresholds *t, const char *text, char **why)
{
	const char *equals = strchr(text, '=');
	struct threshold value;
	char *name;
	int err;

	if (!equals || equals == text) {
		*why = str_fmt("'%s' is no NAME=VALUE such as insns=5%%", text);
		return *why ? -EINVAL : -ENOMEM;
	}
	err = parse_value(equals + 1, &value);
	if (err == -EINVAL)
		*why = str_fmt("'%s' is no threshold: 5%%, 100 or off", equals + 1);
	if (err)
		return err == -EINVAL && !*why ? -ENOMEM : err;
	name = strndup(text, (size_t)(equals - text));
	err = name ? set(t, name, value) : -ENOMEM;
	free(name);
	return err;
}

int thresholds__parse(struct thresholds *t, const char *text, char **why)
{
	struct strv parts = { 0 };
	int err = strv__split(&parts, text, ",");

	*why = NULL;
	if (!err && !parts.n) {
		*why = strdup("nothing is named; insns=5% is a threshold");
		err = *why ? -EINVAL : -ENOMEM;
	}
	for (size_t i = 0; !err && i < parts.n; i++)
		err = parse_one(t, parts.v[i], why);
	strv__free(&parts);
	return err;
}

struct threshold thresholds__of(const struct thresholds *t, enum figure f, const char *name)
{
	const struct named *v = t ? find(t, name) : NULL;

	return v ? v->t : t ? t->classes[f] : classes[f].initial;
}

int thresholds__names(const struct thresholds *t, struct strv *out)
{
	int err = 0;

	for (size_t i = 0; t && !err && i < t->n; i++)
		if (!stat__find(t->v[i].name, strlen(t->v[i].name)))
			err = strv__add(out, t->v[i].name);
	return err;
}

bool threshold__passed(struct threshold t, double a, double b)
{
	double moved = fabs(b - a);

	if (t.off || isnan(moved) || moved == 0)
		return false;
	return moved > (t.percent ? t.value / 100 * fabs(a) : t.value);
}

bool threshold__passed_by_factor(struct threshold t, double factor)
{
	return !t.off && factor > 0 && fabs(log(factor)) > log1p(t.value / 100);
}
