// SPDX-License-Identifier: GPL-2.0-only
#include "cli/plan.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "vm/kernels.h"
#include "vm/prebuilt.h"

static int add_experiment(struct plan *p, const struct catalog *c, size_t i)
{
	struct plan_item *items = realloc(p->items, (p->nr_items + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	p->items = items;
	items[p->nr_items] = (struct plan_item){
		.experiment = catalog__name(c, i),
		.timeout_s = catalog__timeout_s(c, i),
		.disk_mb = catalog__disk_mb(c, i),
		.on_host = catalog__on_host(c, i),
		.params = json_object(),
	};
	if (!items[p->nr_items].params)
		return -ENOMEM;
	p->nr_items++;
	return 0;
}

static struct plan_item *find_item(const struct plan *p, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < p->nr_items; i++)
		if (strlen(p->items[i].experiment) == len &&
		    strncmp(p->items[i].experiment, name, len) == 0)
			return &p->items[i];
	return NULL;
}

static int add_once(struct plan *p, const struct catalog *c, size_t i)
{
	const char *name = catalog__name(c, i);

	return find_item(p, name, strlen(name)) ? 0 : add_experiment(p, c, i);
}

/* Those that cover a row. */
static int add_row(struct plan *p, const struct catalog *c, const char *row)
{
	size_t found = 0, i;
	int err = 0;

	for (i = 0; !err && i < catalog__count(c); i++) {
		if (!catalog__row(c, i, row))
			continue;
		found++;
		err = add_once(p, c, i);
	}
	if (!err && !found)
		err = cli__unknown("row", row, catalog__nearest_row(c, row),
				   "`assay list rows` shows all");
	return err;
}

static int choose_experiments(struct plan *p, const struct catalog *c,
			      const struct plan_request *rq)
{
	const char *nearest = NULL;
	size_t i;
	int found, err = 0;

	p->named = rq->names->n || rq->rows->n;
	for (i = 0; !err && !p->named && i < catalog__count(c); i++)
		err = add_experiment(p, c, i);
	for (i = 0; !err && i < rq->rows->n; i++)
		err = add_row(p, c, rq->rows->v[i]);
	for (i = 0; !err && i < rq->names->n; i++) {
		const char *name = rq->names->v[i];

		found = catalog__find(c, name, &nearest);
		if (found < 0)
			return cli__unknown("experiment", name, nearest,
					    "`assay list experiments` shows all");
		err = add_once(p, c, (size_t)found);
	}
	return err;
}

static int add_kernel(struct plan *p, const struct kernel *k, bool exact)
{
	const struct kernel **list;
	bool *flags;
	size_t i;

	for (i = 0; i < p->nr_kernels; i++) {
		if (p->kernels[i] == k) {
			p->exact[i] |= exact;
			return 0;
		}
	}
	list = realloc(p->kernels, (p->nr_kernels + 1) * sizeof(*list));
	if (list)
		p->kernels = list;
	flags = realloc(p->exact, (p->nr_kernels + 1) * sizeof(*flags));
	if (flags)
		p->exact = flags;
	if (!list || !flags)
		return -ENOMEM;
	flags[p->nr_kernels] = exact;
	list[p->nr_kernels++] = k;
	return 0;
}

/* "all", or a glob: every kernel whose name it matches, but for those that nobody has run yet: what
 * they show may be the entry's mistake. */
static int add_matching(struct plan *p, const struct kernels *ks, const char *glob)
{
	bool all = strcmp(glob, "all") == 0;
	size_t found = 0, untested = 0, i;
	int err = 0;

	for (i = 0; !err && i < kernels__count(ks); i++) {
		const struct kernel *k = kernels__at(ks, i);

		if (!all && fnmatch(glob, k->name, 0))
			continue;
		if (k->untested) {
			untested++;
			continue;
		}
		found++;
		err = add_kernel(p, k, false);
	}
	if (!err && !found && untested) {
		log_err("-k %s: nobody has run these kernels yet: to be run they are named in full",
			glob);
		err = -EINVAL;
	}
	if (!err && !found)
		err = cli__unknown("kernel", glob, NULL, "`assay list kernels` shows all");
	return err;
}

static int add_kernels(struct plan *p, const struct kernels *ks, const char *name)
{
	const char *nearest = NULL;
	const struct kernel *k;
	int err;

	if (prebuilt__is(name)) {
		err = kernels__given(ks, name, &k);
		return err ? err : add_kernel(p, k, true);
	}
	if (strcmp(name, "all") == 0 || strpbrk(name, "*?["))
		return add_matching(p, ks, name);
	k = kernels__find(ks, name, &nearest);
	if (k && k->untested)
		log_warn(
			"kernel %s: nobody has run it yet; expectations may not fit it (`untested` in "
			"kernels.ini)",
			k->name);
	return k ? add_kernel(p, k, true)
		 : cli__unknown("kernel", name, nearest, "`assay list kernels` shows all");
}

static int choose_kernels(struct plan *p, const struct kernels *ks, const char *arg, bool rows)
{
	struct strv names = { 0 };
	bool guests = false;
	size_t i;
	int err;

	for (i = 0; i < p->nr_items; i++)
		guests |= !p->items[i].on_host;
	if (!arg && rows)
		arg = "all";
	if (!arg)
		return guests ? add_kernel(p, kernels__default(ks), true) : 0;
	err = prebuilt__split(arg, &names);
	if (!err && !names.n) {
		log_err("-k: no kernel named; `assay list kernels` shows all");
		err = -EINVAL;
	}
	for (i = 0; !err && i < names.n; i++)
		err = add_kernels(p, ks, names.v[i]);
	strv__free(&names);
	if (!guests)
		p->nr_kernels = 0;
	return err;
}

int plan__choose_kernels(struct plan *p, const struct kernels *ks, const char *kernels)
{
	return choose_kernels(p, ks, kernels, false);
}

static bool are_sizes(const struct catalog_param *p, const char *value)
{
	struct strv sizes = { 0 };
	int err = strv__split(&sizes, value, ",");
	uint64_t n;
	size_t i;

	if (!err && !sizes.n)
		err = -EINVAL;
	for (i = 0; !err && i < sizes.n; i++)
		err = num_size(sizes.v[i], p->min, p->max, &n);
	strv__free(&sizes);
	return !err;
}

static bool is_choice(const struct catalog_param *p, const char *value)
{
	const json_t *choice;
	size_t i;

	json_array_foreach (p->choices, i, choice)
		if (strcmp(json_string_value(choice), value) == 0)
			return true;
	return !json_array_size(p->choices);
}

static char *no_choice(const struct catalog_param *p, const char *value)
{
	struct strbuf sb = STRBUF_INIT;
	const json_t *choice;
	size_t i;

	strbuf__addf(&sb, "'%s' is none of ", value);
	json_array_foreach (p->choices, i, choice)
		strbuf__addf(&sb, "%s%s", i ? ", " : "", json_string_value(choice));
	return strbuf__detach(&sb);
}

int plan__check_value(const struct catalog_param *p, const char *value, char **why)
{
	unsigned long long min = p->min, max = p->max;
	uint64_t n;
	int flag;

	if (strcmp(p->type, "uint") == 0) {
		if (!num_u64(value, p->min, p->max, &n))
			return 0;
		*why = str_fmt("'%s' is no whole number from %llu to %llu", value, min, max);
	} else if (strcmp(p->type, "sizes") == 0) {
		if (are_sizes(p, value))
			return 0;
		*why = str_fmt("'%s' is no list of sizes from %llu to %llu, such as 512,64K", value,
			       min, max);
	} else if (strcmp(p->type, "bool") == 0) {
		if (!num_bool(value, &flag))
			return 0;
		*why = str_fmt("'%s' is neither yes nor no", value);
	} else {
		if (is_choice(p, value))
			return 0;
		*why = no_choice(p, value);
	}
	return *why ? -EINVAL : -ENOMEM;
}

static int check_value(const struct catalog_param *p, const char *experiment, const char *value)
{
	char *why = NULL;
	int err = plan__check_value(p, value, &why);

	if (why)
		log_err("parameter %s.%s: %s", experiment, p->name, why);
	free(why);
	return err;
}

/* Gives name=value to one experiment when it has such a parameter: 1, or 0 when it has not. */
static int give_param(struct plan_item *item, const struct catalog *c, const char *name,
		      const char *value, struct strv *known)
{
	size_t i = (size_t)catalog__find(c, item->experiment, NULL), j;
	struct catalog_param p;
	int err;

	for (j = 0; j < catalog__nr_params(c, i); j++) {
		catalog__param(c, i, j, &p);
		if (!strv__has(known, p.name) && strv__add(known, p.name))
			return -ENOMEM;
		if (strcmp(p.name, name) != 0)
			continue;
		err = check_value(&p, item->experiment, value);
		if (err)
			return err;
		return json_object_set_new(item->params, name, json_string(value)) ? -ENOMEM : 1;
	}
	return 0;
}

static int apply_param(struct plan *p, const struct catalog *c, const char *arg)
{
	const char *eq = strchr(arg, '='), *dot, *nearest = NULL;
	struct plan_item *only = NULL;
	struct strv known = { 0 };
	char *name = NULL;
	size_t i, taken = 0;
	int err = 0;

	if (!eq || eq == arg) {
		log_err("-p %s: expected NAME=VALUE or EXPERIMENT.NAME=VALUE", arg);
		return -EINVAL;
	}
	dot = memchr(arg, '.', (size_t)(eq - arg));
	if (dot) {
		only = find_item(p, arg, (size_t)(dot - arg));
		if (!only) {
			char *ex = strndup(arg, (size_t)(dot - arg));

			if (ex && catalog__find(c, ex, &nearest) < 0)
				cli__unknown("experiment", ex, nearest,
					     "`assay list experiments` shows all");
			else
				log_err("-p %s: experiment '%s' is not among those to run", arg,
					ex ? ex : "");
			free(ex);
			return -EINVAL;
		}
		arg = dot + 1;
	}
	name = strndup(arg, (size_t)(eq - arg));
	if (!name)
		return -ENOMEM;
	for (i = 0; i < p->nr_items; i++) {
		if (only && only != &p->items[i])
			continue;
		err = give_param(&p->items[i], c, name, eq + 1, &known);
		if (err < 0)
			goto out;
		taken += (size_t)err;
	}
	err = 0;
	if (!taken) {
		nearest = str_nearest(name, (const char *const *)known.v, known.n);
		err = cli__unknown("parameter", name, nearest,
				   "`assay list experiments` shows them");
	}
out:
	strv__free(&known);
	free(name);
	return err;
}

int plan__make(const struct catalog *c, const struct kernels *ks, const struct plan_request *rq,
	       struct plan *out)
{
	size_t i;
	int err;

	*out = (struct plan){ 0 };
	err = choose_experiments(out, c, rq);
	if (!err)
		err = choose_kernels(out, ks, rq->kernels, rq->rows->n > 0);
	for (i = 0; !err && i < rq->params->n; i++)
		err = apply_param(out, c, rq->params->v[i]);
	if (err)
		plan__release(out);
	return err;
}

static bool is_exact(const struct plan *p, const struct kernel *k)
{
	for (size_t i = 0; i < p->nr_kernels; i++)
		if (p->kernels[i] == k)
			return p->exact && p->exact[i];
	return false;
}

bool plan__wants(const struct plan *p, size_t item, const struct kernel *k)
{
	const struct plan_item *i = &p->items[item];

	if (i->on_host)
		return false;
	return !k->experiments.n || strv__has(&k->experiments, i->experiment) ||
	       (p->named && is_exact(p, k));
}

void plan__release(struct plan *p)
{
	size_t i;

	for (i = 0; i < p->nr_items; i++)
		json_decref(p->items[i].params);
	free(p->items);
	free(p->kernels);
	free(p->exact);
	*p = (struct plan){ 0 };
}
