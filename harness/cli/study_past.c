// SPDX-License-Identifier: GPL-2.0-only
#include "cli/study_past.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "study/check.h"
#include "study/points.h"

/* --- runs of the same study ------------------------------------------------------------------ */

struct search {
	struct store *store;
	const json_t *plan;
	struct study_past *out;
	const struct run_info *run;
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* Of the same form and blocks? */
static bool is_like(const json_t *a, const json_t *b)
{
	const json_t *x = json_object_get(a, "blocks"), *y = json_object_get(b, "blocks"), *v;
	size_t i;

	if (strcmp(text_of(a, "form"), text_of(b, "form")) != 0 ||
	    json_array_size(x) != json_array_size(y))
		return false;
	json_array_foreach (x, i, v)
		if (strcmp(text_of(v, "name"), text_of(json_array_get(y, i), "name")) != 0)
			return false;
	return true;
}

static char *dup_or_null(const char *s)
{
	return s ? strdup(s) : NULL;
}

static int copy_run(const struct run_info *from, struct run_info *to)
{
	*to = (struct run_info){
		.id = from->id,
		.name = strdup(from->name),
		.started = strdup(from->started),
		.state = from->state,
		.cut_off_reason = dup_or_null(from->cut_off_reason),
		.exit_status = from->exit_status,
	};
	return to->name && to->started ? 0 : -ENOMEM;
}

/* A plan that can't be read may be of a run that was cut off while it was written, or of one with
 * points: which, nobody can tell. It is not taken up. */
static int on_text(void *ctx, const struct stored_text *t)
{
	struct search *s = ctx;
	json_error_t why;
	json_t *plan = json_load_file(t->path, 0, &why);
	int err = 0;

	if (!plan && s->run->state == RUN_CUT_OFF)
		log_warn("run %s can't be taken up again, for its plan can't be read: %s: %s",
			 s->run->name, t->path, why.text);
	if (plan && is_like(plan, s->plan)) {
		study_past__release(s->out);
		s->out->key = strdup(text_of(plan, "design"));
		err = s->out->key ? copy_run(s->run, &s->out->run) : -ENOMEM;
	}
	json_decref(plan);
	return err;
}

static int on_run(void *ctx, const struct run_info *r)
{
	struct search *s = ctx;

	s->run = r;
	return store__texts(s->store, r->id, "", "", text_of(s->plan, "study"), STUDY_TEXT_KIND,
			    on_text, s);
}

int study_past__find(struct store *store, const json_t *plan, struct study_past *out)
{
	struct search s = { .store = store, .plan = plan, .out = out };
	int err;

	*out = (struct study_past){ 0 };
	err = store__runs(store, on_run, &s);
	if (err)
		study_past__release(out);
	return err;
}

void study_past__release(struct study_past *p)
{
	run_info__release(&p->run);
	free(p->key);
	*p = (struct study_past){ 0 };
}

/* --- points of a run ------------------------------------------------------------------------- */

struct reading {
	const struct study_points *points;
	struct study_state *states;
	int (*guest)(void *ctx, const struct guest_info *g);
	void *ctx;
};

static int on_experiment(void *ctx, const struct stored_experiment *e)
{
	struct reading *r = ctx;
	json_t *params = e->params ? json_loads(e->params, 0, NULL) : NULL;
	const char *id = text_of(params, STUDY_POINT_PARAM);
	struct study_state *state = NULL;
	int err = 0;

	for (size_t i = 0; i < r->points->n && !state; i++)
		if (!strcmp(r->points->v[i].id, id))
			state = &r->states[i];
	json_decref(params);
	if (!state)
		return 0;
	*state = (struct study_state){
		.measured = e->status != STATUS_HARNESS,
		.status = e->status,
		.row = true,
		.seconds = e->seconds > 0 ? e->seconds : 0,
	};
	if (state->measured && r->guest)
		err = r->guest(r->ctx, &e->guest);
	return err;
}

int study_states__read(struct store *s, int64_t run, const struct study_points *points,
		       struct study_state *states,
		       int (*guest)(void *ctx, const struct guest_info *g), void *ctx)
{
	struct reading r = { points, states, guest, ctx };

	memset(states, 0, points->n * sizeof(*states));
	return store__experiments(s, run, NULL, NULL, on_experiment, &r);
}
