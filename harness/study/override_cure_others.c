// SPDX-License-Identifier: GPL-2.0-only
/* What the cure costs probes that do not override: the records of experiment override-cure, on a
 * kernel with the cure beside the same version without it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/compare.h"
#include "model/record.h"
#include "study/override_answers.h"
#include "study/override_text.h"

#define EXPERIMENT "override-cure"

/* Of these records the checks are about a probe that does not override. */
static bool is_of_others(const struct record *r)
{
	return !strcmp(r->name, "plain") || !strcmp(r->name, "released");
}

/* Its labels but for the id of its point: "observer=own kprobe". Caller frees; NULL on ENOMEM. */
static char *labels_of(const struct record *r)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < r->nr_labels; i++)
		if (strcmp(r->labels[i].name, "point") != 0)
			strbuf__addf(&sb, "%s%s=%s", sb.len ? " " : "", r->labels[i].name,
				     r->labels[i].value);
	return sb.len ? strbuf__detach(&sb) : strdup("");
}

/* The same record on that kernel, or NULL. */
static const struct record *find_record(const struct study_data *d, const char *kernel,
					const char *name, const char *labels)
{
	const struct record *found = NULL;

	for (size_t i = 0; !found && i < d->nr_obs; i++) {
		const struct study_obs *o = &d->obs[i];

		if (strcmp(o->experiment, EXPERIMENT) != 0 || strcmp(o->kernel, kernel) != 0)
			continue;
		for (size_t j = 0; !found && j < o->nr_records; j++) {
			char *other = labels_of(o->records[j]);

			if (other && !strcmp(o->records[j]->name, name) && !strcmp(other, labels))
				found = o->records[j];
			free(other);
		}
	}
	return found;
}

/* What is a cost to others, or to the one who attaches; how long an override was watched is none.
 */
static bool is_cost(const struct record *r, const struct metric *m)
{
	static const struct {
		const char *record, *metric; /* NULL: all */
	} costs[] = { { "plain", NULL },
		      { "attach", NULL },
		      { "released", "optimised_after" },
		      { "jumped", "attach" } };

	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++)
		if (!strcmp(r->name, costs[i].record) &&
		    (!costs[i].metric || !strcmp(m->name, costs[i].metric)))
			return true;
	return false;
}

static int add_figures(const struct study_data *d, struct cure *c, const struct record *after,
		       const char *kernel, const char *without)
{
	char *labels = labels_of(after);
	const struct record *before = labels ? find_record(d, without, after->name, labels) : NULL;
	struct cure_figure *v;

	v = labels ? realloc(c->figures, (c->nr_figures + after->nr_metrics + 1) * sizeof(*v))
		   : NULL;
	if (!v) {
		free(labels);
		return -ENOMEM;
	}
	c->figures = v;
	for (size_t i = 0; before && i < after->nr_metrics; i++) {
		const struct metric *m = &after->metrics[i];
		const struct metric *other = record__get_metric(before, m->name);

		if (!is_cost(after, m) || !other)
			continue;
		v[c->nr_figures] = (struct cure_figure){ .before = without,
							 .after = kernel,
							 .record = after->name,
							 .metric = m->name,
							 .unit = m->unit,
							 .labels = strdup(labels),
							 .value_before = other->value,
							 .value_after = m->value };
		if (!v[c->nr_figures++].labels) {
			free(labels);
			return -ENOMEM;
		}
	}
	free(labels);
	return 0;
}

static const struct series *batches_of(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->nr_series; i++)
		if (!strcmp(r->series[i].name, name))
			return &r->series[i];
	return NULL;
}

static int add_slowdown(struct cure *c, const struct record *r, const struct override_kernel *k)
{
	const struct series *none = batches_of(r, "no_probe_batches");
	const struct series *int3 = batches_of(r, "int3_batches");
	const struct series *jump = batches_of(r, "jump_batches");
	struct cure_slowdown *v;

	if (strcmp(r->name, "plain") != 0 || !none || !int3 || !jump)
		return 0;
	v = realloc(c->slowdowns, (c->nr_slowdowns + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	c->slowdowns = v;
	v[c->nr_slowdowns++] = (struct cure_slowdown){
		.kernel = k,
		.no_probe = stats__median(none->values, none->n),
		.jump = compare__ratio(jump->values, jump->n, none->values, none->n, 0.95),
		.int3 = compare__ratio(int3->values, int3->n, none->values, none->n, 0.95),
	};
	return 0;
}

static bool was_measured(const struct study_data *d, const char *kernel)
{
	for (size_t i = 0; i < d->nr_obs; i++)
		if (!strcmp(d->obs[i].experiment, EXPERIMENT) && d->obs[i].nr_records &&
		    !strcmp(d->obs[i].kernel, kernel))
			return true;
	return false;
}

static const struct override_kernel *without_cure(const struct override_points *all,
						  const struct override_kernel *k)
{
	for (size_t i = 0; i < all->nr_kernels; i++) {
		const struct override_kernel *other = &all->kernels[i];

		if (!other->cured && other->has_optprobes && !strcmp(other->version, k->version) &&
		    !strcmp(other->preempt, k->preempt) && was_measured(all->data, other->name))
			return other;
	}
	return NULL;
}

static int add_checks(struct cure *c, const struct record *r, const char *kernel)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->nr_checks; i++) {
		c->others.n++;
		c->others.k += r->checks[i].ok;
		if (!r->checks[i].ok)
			err = finding__missing(&c->others_finding, "on %s: %s (%s)", kernel,
					       r->checks[i].text, r->checks[i].found);
	}
	return err;
}

static int conclude(struct cure *c)
{
	struct finding *f = &c->others_finding;
	struct strbuf sb = STRBUF_INIT;

	f->conclusion = !c->others.n		     ? NOT_DECIDED
			: c->others.k == c->others.n ? SUPPORTED
						     : CONTRADICTED;
	if (!c->others.n) {
		strbuf__addf(
			&sb,
			"This run has no measurement of what the cure costs probes that do not "
			"override (experiment " EXPERIMENT ").");
	} else {
		strbuf__addf(&sb,
			     f->conclusion == SUPPORTED
				     ? "Probes that do not override are optimised as before: "
				     : "Probes that do not override are not left as they were: ");
		text__of(&sb, c->others);
		strbuf__addf(&sb, " checks hold on the kernels with the cure.");
	}
	f->text = strbuf__detach(&sb);
	return f->text ? 0 : -ENOMEM;
}

int override_cure__others(const struct override_points *all, struct cure *c)
{
	const struct study_data *d = all->data;
	int err = 0;

	for (size_t i = 0; !err && i < d->nr_obs; i++) {
		const struct study_obs *o = &d->obs[i];
		const struct override_kernel *k = override_points__kernel(all, o->kernel), *without;

		if (strcmp(o->experiment, EXPERIMENT) != 0)
			continue;
		for (size_t j = 0; !err && j < o->nr_records; j++)
			err = add_slowdown(c, o->records[j], k);
		if (!k->cured)
			continue;
		without = without_cure(all, k);
		for (size_t j = 0; !err && j < o->nr_records; j++) {
			if (without)
				err = add_figures(d, c, o->records[j], k->name, without->name);
			if (!err && is_of_others(o->records[j]))
				err = add_checks(c, o->records[j], k->name);
		}
	}
	return err ?: conclude(c);
}
