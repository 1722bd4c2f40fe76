// SPDX-License-Identifier: GPL-2.0-only
#include "diff/filter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "diff/changes.h"
#include "diff/figure_ref.h"
#include "diff/side.h"

struct key {
	struct figure_ref ref;
	bool ascending;
};

struct order {
	struct key *v;
	size_t n;
};

struct order *order__new(void)
{
	return calloc(1, sizeof(struct order));
}

void order__free(struct order *o)
{
	if (o)
		free(o->v);
	free(o);
}

static int parse_key(struct order *o, const char *text, char **why)
{
	size_t len = strlen(text);
	char last = text[len - 1];
	bool up = last == '^', down = strchr("vV.!_", last);
	struct key *v = realloc(o->v, (o->n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	o->v = v;
	v += o->n;
	if (!figure_ref__parse(text, len - (len > 1 && (up || down)), &v->ref)) {
		*why = str_fmt("nothing to sort by is called '%s'", text);
		return *why ? -EINVAL : -ENOMEM;
	}
	v->ascending = up || (!down && v->ref.what != REF_STAT);
	o->n++;
	return 0;
}

int order__parse(struct order *o, const char *text, char **why)
{
	struct strv keys = { 0 };
	int err = strv__split(&keys, text, ",");

	*why = NULL;
	if (!err && !keys.n) {
		*why = strdup("nothing is named to sort by");
		err = *why ? -EINVAL : -ENOMEM;
	}
	for (size_t i = 0; !err && i < keys.n; i++)
		err = parse_key(o, keys.v[i], why);
	strv__free(&keys);
	return err;
}

static int cmp_names(const struct key *k, const struct cell *x, const struct cell *y)
{
	int order = k->ref.what == REF_FILE ? strcmp(x->experiment, y->experiment)
					    : strcmp(x->name, y->name);

	return k->ascending ? order : -order;
}

static int cmp_numbers(const struct key *k, double x, double y)
{
	int order;

	if (isnan(x) || isnan(y))
		return !!isnan(x) - !!isnan(y);
	order = x < y ? -1 : x > y;
	return k->ascending ? order : -order;
}

int order__cmp(const struct order *o, const struct cell *a1, const struct cell *b1,
	       const struct cell *a2, const struct cell *b2)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct key *k = &o->v[i];
		int order;

		if (figure_ref__is_name(&k->ref))
			order = cmp_names(k, a1 ? a1 : b1, a2 ? a2 : b2);
		else
			order = cmp_numbers(k, figure_ref__value(&k->ref, a1, b1),
					    figure_ref__value(&k->ref, a2, b2));
		if (order)
			return order;
	}
	return 0;
}

struct place {
	struct change change;
	const struct order *order;
	size_t at;
};

static int cmp_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = x->change.kind < y->change.kind ? -1 : x->change.kind > y->change.kind;

	if (!order)
		order = order__cmp(x->order, x->change.a, x->change.b, y->change.a, y->change.b);
	return order ? order : x->at < y->at ? -1 : x->at > y->at;
}

int order__apply(const struct order *o, struct changes *c)
{
	struct place *places;

	if (!o->n || !c->n)
		return 0;
	places = calloc(c->n, sizeof(*places));
	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		places[i] = (struct place){ c->v[i], o, i };
	qsort(places, c->n, sizeof(*places), cmp_places);
	for (size_t i = 0; i < c->n; i++)
		c->v[i] = places[i].change;
	free(places);
	return 0;
}
