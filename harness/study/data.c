// SPDX-License-Identifier: GPL-2.0-only
#include "study/data.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "model/record.h"
#include "store/store.h"

#define MAX_PLAN (64 << 20) /* bytes */
#define POINT	 "point"    /* the factor, the label and the record of that name */

/* --- the plan ------------------------------------------------------------------------------ */

/* A member that is a string; "" when it is absent. -EINVAL when it is none. */
static int get_string(const json_t *object, const char *name, const char **out)
{
	const json_t *value = json_object_get(object, name);

	*out = value ? json_string_value(value) : "";
	return *out ? 0 : -EINVAL;
}

static int keep_string(const json_t *object, const char *name, char **out)
{
	const char *value;
	int err = get_string(object, name, &value);

	if (err)
		return err;
	*out = strdup(value);
	return *out ? 0 : -ENOMEM;
}

static int read_blocks(struct study_data *d, const json_t *array)
{
	size_t n = json_array_size(array);
	int err = 0;

	if (!json_is_array(array))
		return -EINVAL;
	d->blocks = calloc(n + 1, sizeof(*d->blocks));
	if (!d->blocks)
		return -ENOMEM;
	for (d->nr_blocks = 0; !err && d->nr_blocks < n; d->nr_blocks++) {
		const json_t *b = json_array_get(array, d->nr_blocks);
		struct study_block *to = &d->blocks[d->nr_blocks];

		err = keep_string(b, "name", &to->name);
		err = err ?: keep_string(b, "title", &to->title);
		err = err ?: keep_string(b, "answers", &to->answers);
		to->quick = json_is_true(json_object_get(b, "quick"));
	}
	return err;
}

static int read_point(struct study_obs *o, const json_t *point)
{
	const json_t *blocks = json_object_get(point, "blocks");
	json_t *params = json_object_get(point, "params");
	int err;

	if (!json_is_object(params) || !json_is_array(blocks))
		return -EINVAL;
	o->params = json_deep_copy(params);
	if (!o->params)
		return -ENOMEM;
	err = keep_string(point, "id", (char **)&o->id);
	err = err ?: keep_string(point, "kernel", (char **)&o->kernel);
	err = err ?: keep_string(point, "experiment", (char **)&o->experiment);
	for (size_t i = 0; !err && i < json_array_size(blocks); i++) {
		const char *block = json_string_value(json_array_get(blocks, i));

		err = block ? strv__add(&o->blocks, block) : -EINVAL;
	}
	return err;
}

/* Every planned point becomes an observation, which has no guest until its row is found. */
static int read_points(struct study_data *d, const json_t *array)
{
	int err = 0;

	if (!json_is_array(array))
		return -EINVAL;
	d->nr_planned = json_array_size(array);
	d->obs = calloc(d->nr_planned + 1, sizeof(*d->obs));
	if (!d->obs)
		return -ENOMEM;
	for (d->nr_obs = 0; !err && d->nr_obs < d->nr_planned; d->nr_obs++)
		err = read_point(&d->obs[d->nr_obs], json_array_get(array, d->nr_obs));
	return err;
}

static int read_plan(struct study_data *d, const char *path)
{
	char *text = NULL;
	size_t len = 0;
	json_error_t where;
	json_t *plan = NULL;
	int err = file_read(path, MAX_PLAN, &text, &len);

	if (err) {
		log_err("%s: the study's plan cannot be read: %s", path, strerror(-err));
		return err;
	}
	plan = json_loadb(text, len, 0, &where);
	if (!plan) {
		log_err("%s:%d: the study's plan is no JSON: %s", path, where.line, where.text);
		err = -EBADMSG;
		goto out;
	}
	err = keep_string(plan, "study", &d->study);
	err = err ?: keep_string(plan, "form", &d->form);
	err = err ?: keep_string(plan, "question", &d->question);
	err = err ?: read_blocks(d, json_object_get(plan, "blocks"));
	err = err ?: read_points(d, json_object_get(plan, "points"));
	if (err == -EINVAL) {
		log_err("%s: is no plan of a study: it was cut or changed by hand", path);
		err = -EBADMSG;
	}
out:
	json_decref(plan);
	free(text);
	return err;
}

static int on_plan(void *ctx, const struct stored_text *t)
{
	struct study_data *d = ctx;

	if (*t->kernel || *t->experiment || d->study)
		return 0;
	return read_plan(d, t->path);
}

/* --- what was measured --------------------------------------------------------------------- */

static const char *param(const json_t *params, const char *name)
{
	const char *value = json_string_value(json_object_get(params, name));

	return value ? value : "";
}

static struct guest_info *copy_guest(const struct guest_info *g)
{
	struct guest_info *to = malloc(sizeof(*to));
	char **const strings[] = { &to->kernel, &to->release, &to->build_id, &to->image_key,
				   &to->accel,	&to->timing,  &to->cpu_model };

	if (!to)
		return NULL;
	*to = *g;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		*strings[i] = *strings[i] ? strdup(*strings[i]) : NULL;
	return to;
}

static int keep_row(struct study_obs *o, const struct stored_experiment *e, json_t *params)
{
	o->guest = copy_guest(&e->guest);
	if (!o->guest || json_object_update(o->params, params))
		return -ENOMEM;
	o->status = e->status;
	o->seconds = e->seconds;
	return record__set((char **)&o->reason, e->reason);
}

static struct study_obs *find_point(struct study_data *d, const char *kernel,
				    const char *experiment, const char *id)
{
	for (size_t i = 0; id && i < d->nr_obs; i++) {
		struct study_obs *o = &d->obs[i];

		if (!strcmp(o->id, id) && !strcmp(o->kernel, kernel) &&
		    !strcmp(o->experiment, experiment))
			return o;
	}
	return NULL;
}

/* The parameters of a row name the point; so does a label of each record. */
static int on_experiment(void *ctx, const struct stored_experiment *e)
{
	struct study_data *d = ctx;
	json_t *params = json_loads(e->params ? e->params : "{}", 0, NULL);
	struct study_obs *o;
	int err = 0;

	if (!json_is_object(params)) {
		log_err("run %s: the parameters of %s on %s are no JSON object", d->run,
			e->experiment, e->kernel);
		err = -EBADMSG;
		goto out;
	}
	o = find_point(d, e->kernel, e->experiment, param(params, POINT));
	if (!o)
		log_debug("run %s: %s on %s belongs to no point of the plan", d->run, e->experiment,
			  e->kernel);
	else if (o->guest) {
		log_err("run %s: point %s is there twice", d->run, o->id);
		err = -EBADMSG;
	} else {
		err = keep_row(o, e, params);
	}
out:
	json_decref(params);
	return err;
}

static int keep_record(struct study_obs *o, const struct record *r)
{
	struct record **v = realloc(o->records, (o->nr_records + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	o->records = v;
	v[o->nr_records] = record__copy(r);
	if (!v[o->nr_records])
		return -ENOMEM;
	if (!strcmp(r->name, POINT) && o->nr_records) {
		struct record *first = v[0];

		v[0] = v[o->nr_records];
		v[o->nr_records] = first;
	}
	o->nr_records++;
	if (strcmp(r->name, POINT) != 0 || r->status <= o->status)
		return 0;
	o->status = r->status;
	return record__set((char **)&o->reason, r->reason);
}

static int on_record(void *ctx, const struct stored_record *sr)
{
	struct study_obs *o = find_point(ctx, sr->guest.kernel, sr->record->experiment,
					 record__get_label(sr->record, POINT));

	return o && o->guest ? keep_record(o, sr->record) : 0;
}

/* --- all of it ----------------------------------------------------------------------------- */

static void release_obs(struct study_obs *o)
{
	for (size_t i = 0; i < o->nr_records; i++)
		record__free(o->records[i]);
	free(o->records);
	if (o->guest)
		guest_info__release((struct guest_info *)o->guest);
	free((void *)o->guest);
	free((char *)o->reason);
	free((char *)o->kernel);
	free((char *)o->experiment);
	free((char *)o->id);
	json_decref(o->params);
	strv__free(&o->blocks);
}

/* Points without a row were not measured; nor were those at which assay itself failed, or was
 * interrupted: a run that goes on measures them again. */
static void drop_unmeasured(struct study_data *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->nr_obs; i++) {
		if (d->obs[i].guest && d->obs[i].status != STATUS_HARNESS)
			d->obs[n++] = d->obs[i];
		else
			release_obs(&d->obs[i]);
	}
	d->nr_obs = n;
	d->complete = n == d->nr_planned;
}

int study_data__read(struct store *s, const struct run_info *run, struct study_data **out)
{
	struct study_data *d = calloc(1, sizeof(*d));
	int err = -ENOMEM;

	if (!d)
		return err;
	d->run = strdup(run->name ? run->name : "");
	d->started = strdup(run->started ? run->started : "");
	d->ended = run->ended ? strdup(run->ended) : NULL;
	d->host = strdup(run->host ? run->host : "");
	if (!d->run || !d->started || !d->host || (run->ended && !d->ended))
		goto out;
	err = store__texts(s, run->id, NULL, NULL, NULL, "study", on_plan, d);
	if (!err && !d->study)
		err = -ENODATA;
	err = err ?: store__experiments(s, run->id, NULL, NULL, on_experiment, d);
	err = err ?: store__records(s, run->id, NULL, NULL, on_record, d);
	if (!err)
		drop_unmeasured(d);
out:
	if (err) {
		study_data__free(d);
		d = NULL;
	}
	*out = d;
	return err;
}

void study_data__free(struct study_data *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->nr_blocks; i++) {
		free(d->blocks[i].name);
		free(d->blocks[i].title);
		free(d->blocks[i].answers);
	}
	for (size_t i = 0; i < d->nr_obs; i++)
		release_obs(&d->obs[i]);
	free(d->blocks);
	free(d->obs);
	free(d->study);
	free(d->form);
	free(d->question);
	free(d->run);
	free(d->started);
	free(d->ended);
	free(d->host);
	free(d);
}

/* --- one point ----------------------------------------------------------------------------- */

const char *study_obs__factor(const struct study_obs *o, const char *name)
{
	return strcmp(name, "kernel") ? param(o->params, name) : o->kernel;
}

double study_obs__metric(const struct study_obs *o, const char *name)
{
	const struct metric *m = o->nr_records ? record__get_metric(o->records[0], name) : NULL;

	return m ? m->value : NAN;
}

static const struct series *find_series(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->nr_series; i++)
		if (!strcmp(r->series[i].name, name))
			return &r->series[i];
	return NULL;
}

const struct series *study_obs__series(const struct study_obs *o, const char *name)
{
	return o->nr_records ? find_series(o->records[0], name) : NULL;
}

const struct record *study_obs__record(const struct study_obs *o, const char *name)
{
	for (size_t i = 0; i < o->nr_records; i++)
		if (!strcmp(o->records[i]->name, name))
			return o->records[i];
	return NULL;
}

bool study_obs__in(const struct study_obs *o, const char *block)
{
	return strv__has(&o->blocks, block);
}
