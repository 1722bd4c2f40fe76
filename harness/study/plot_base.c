// SPDX-License-Identifier: GPL-2.0-only
#include "study/plot_base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/record.h"
#include "study/data.h"

#define EXPERIMENT "override-point"
#define NOT_BASE   "point"			       /* a factor that is none */
#define HOW_LONG   "reads after rounds limit_ms point" /* factors that say how long to measure */

struct study_base {
	json_t *values; /* factor -> value */
};

static bool names_has(const char *names, const char *name)
{
	size_t len = strlen(name);

	while (*names) {
		size_t n = strcspn(names, " ");

		if (n == len && !strncmp(names, name, n))
			return true;
		names += n;
		names += strspn(names, " ");
	}
	return false;
}

static bool is_point(const struct study_obs *o)
{
	return !strcmp(o->experiment, EXPERIMENT);
}

/* How often each value of each factor occurs: factor -> value -> count. */
static int count_value(json_t *counts, const char *factor, const char *value)
{
	json_t *values = json_object_get(counts, factor), *n;

	if (!values) {
		values = json_object();
		if (json_object_set_new(counts, factor, values))
			return -1;
	}
	n = json_object_get(values, value);
	return json_object_set_new(values, value, json_integer(n ? json_integer_value(n) + 1 : 1));
}

static int count_values(json_t *counts, const struct study_data *d)
{
	const char *name;
	json_t *value;
	int err = 0;

	for (size_t i = 0; !err && i < d->nr_obs; i++) {
		const struct study_obs *o = &d->obs[i];

		if (!is_point(o))
			continue;
		err = count_value(counts, "kernel", o->kernel);
		json_object_foreach (o->params, name, value)
			if (!err && !names_has(NOT_BASE, name))
				err = count_value(counts, name, json_string_value(value) ?: "");
	}
	return err;
}

/* Of nr_points points; those without the factor have "". jansson's objects are walked in the order
 * in which their members were put in. */
static const char *most_frequent(json_t *values, json_int_t nr_points)
{
	const char *value, *best = "";
	json_t *n;
	json_int_t most = nr_points;

	json_object_foreach (values, value, n)
		most -= json_integer_value(n);

	json_object_foreach (values, value, n) {
		if (json_integer_value(n) > most) {
			most = json_integer_value(n);
			best = value;
		}
	}
	return best;
}

struct study_base *study_base__new(const struct study_data *d)
{
	struct study_base *b = calloc(1, sizeof(*b));
	json_t *counts = json_object(), *values;
	const char *factor;
	json_int_t n = 0;
	int err;

	if (!b || !counts)
		goto fail;
	for (size_t i = 0; i < d->nr_obs; i++)
		n += is_point(&d->obs[i]);
	b->values = json_object();
	err = b->values ? count_values(counts, d) : -1;
	json_object_foreach (counts, factor, values)
		err = err
			      ?: json_object_set_new(b->values, factor,
						     json_string(most_frequent(values, n)));
	if (err)
		goto fail;
	json_decref(counts);
	return b;
fail:
	json_decref(counts);
	study_base__free(b);
	return NULL;
}

void study_base__free(struct study_base *b)
{
	if (b)
		json_decref(b->values);
	free(b);
}

const char *study_base__value(const struct study_base *b, const char *factor)
{
	return json_string_value(json_object_get(b->values, factor)) ?: "";
}

bool study_base__has(const struct study_base *b, const struct study_obs *o, const char *others)
{
	const char *factor;
	json_t *base;

	if (!is_point(o))
		return false;
	json_object_foreach (b->values, factor, base) {
		if (names_has(others, factor))
			continue;
		if (strcmp(study_obs__factor(o, factor), json_string_value(base)) != 0)
			return false;
	}
	return true;
}

bool study_obs__measured(const struct study_obs *o)
{
	return is_point(o) && (o->status == STATUS_OK || o->status == STATUS_UNEXPECTED) &&
	       study_obs__metric(o, "attempted") > 0;
}

bool study_obs__asked(const struct study_obs *o)
{
	return !(study_obs__metric(o, "runs") > 0 && study_obs__metric(o, "requests") == 0);
}

static const struct study_obs *longest(const struct study_base *b, const struct study_data *d,
				       const char *hook, const char *kernel, const char *others)
{
	const struct study_obs *best = NULL;

	for (size_t i = 0; i < d->nr_obs; i++) {
		const struct study_obs *o = &d->obs[i];

		if (!study_obs__measured(o) || !study_obs__asked(o) ||
		    strcmp(study_obs__factor(o, "hook"), hook) != 0 ||
		    (kernel && strcmp(o->kernel, kernel) != 0) || !study_base__has(b, o, others))
			continue;
		if (!best ||
		    study_obs__metric(o, "attempted") > study_obs__metric(best, "attempted"))
			best = o;
	}
	return best;
}

const struct study_obs *study_base__hook(const struct study_base *b, const struct study_data *d,
					 const char *hook, const char *kernel)
{
	return longest(b, d, hook, kernel, HOW_LONG " hook kernel")
		       ?: longest(b, d, hook, kernel, HOW_LONG " hook kernel result");
}
