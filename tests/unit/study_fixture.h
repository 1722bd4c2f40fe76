/* SPDX-License-Identifier: GPL-2.0-only */
/* A made-up study in a store of its own: a plan, points and records as a run leaves them. Include
 * after store_fixture.h. */
#ifndef TESTS_UNIT_STUDY_FIXTURE_H
#define TESTS_UNIT_STUDY_FIXTURE_H

#include <jansson.h>

#include "model/record.h"

struct study_scene {
	struct store *store;
	struct run_info run;
	json_t *plan, *points;
	int nr_points;
};

static inline void scene_begin(struct study_scene *sc, struct fixture *f)
{
	*sc = (struct study_scene){ .store = open_store(f) };
	assert_int_equal(store__begin_run(sc->store, "assay study override", "{}", &sc->run), 0);
	sc->plan = json_pack("{s:s,s:s,s:s,s:s,s:[]}", "study", "override", "form", "quick",
			     "design", "d1", "question", "Does it hold?", "blocks");
	sc->points = json_array();
	assert_non_null(sc->plan);
}

static inline void scene_block(struct study_scene *sc, const char *name, const char *title,
			       const char *answers)
{
	json_t *blocks = json_object_get(sc->plan, "blocks");

	json_array_append_new(blocks, json_pack("{s:s,s:s,s:s,s:b}", "name", name, "title", title,
						"answers", answers, "quick", 1));
}

/* Plans a point: params "hook=int3 size=4096", blocks "size cpus". Returns its id (static). */
static inline const char *scene_plan(struct study_scene *sc, const char *kernel,
				     const char *experiment, const char *params, const char *blocks)
{
	static char id[13];
	json_t *names = json_array(), *values = json_object();
	struct strv words = { 0 };

	snprintf(id, sizeof(id), "%012x", ++sc->nr_points);
	strv__split(&words, blocks, " ");
	for (size_t i = 0; i < words.n; i++)
		json_array_append_new(names, json_string(words.v[i]));
	strv__free(&words);
	strv__split(&words, params, " ");
	for (size_t i = 0; i < words.n; i++) {
		char *value = strchr(words.v[i], '=');

		*value++ = '\0';
		json_object_set_new(values, words.v[i], json_string(value));
	}
	strv__free(&words);
	json_array_append_new(sc->points, json_pack("{s:s,s:s,s:s,s:o,s:o}", "id", id, "kernel",
						    kernel, "experiment", experiment, "params",
						    values, "blocks", names));
	return id;
}

/* The row of the point planned last, as the run stores it when the point is done. */
static inline void scene_row(struct study_scene *sc, const struct guest_info *g, enum status status,
			     const char *reason)
{
	json_t *p = json_array_get(sc->points, json_array_size(sc->points) - 1);
	json_t *all = json_copy(json_object_get(p, "params"));
	char *params;

	json_object_set(all, "point", json_object_get(p, "id"));
	params = json_dumps(all, JSON_SORT_KEYS | JSON_COMPACT);
	assert_int_equal(store__add_experiment(sc->store, sc->run.id, g,
					       json_string_value(json_object_get(p, "experiment")),
					       params, status, reason, 1.0),
			 0);
	free(params);
	json_decref(all);
}

/* A record of it. */
static inline struct record *scene_record(struct study_scene *sc, const char *name)
{
	json_t *p = json_array_get(sc->points, json_array_size(sc->points) - 1);
	const char *experiment = json_string_value(json_object_get(p, "experiment"));
	struct record *r = record__new(RECORD_MEASUREMENT, experiment, name);

	r->status = STATUS_OK;
	record__label(r, "point", json_string_value(json_object_get(p, "id")));
	return r;
}

static inline void scene_add(struct study_scene *sc, const struct guest_info *g, struct record *r)
{
	assert_int_equal(store__add_record(sc->store, sc->run.id, g, r, NULL), 0);
	record__free(r);
}

/* Stores the plan. */
static inline void scene_end(struct study_scene *sc)
{
	char *text;

	json_object_set_new(sc->plan, "points", sc->points);
	text = json_dumps(sc->plan, JSON_COMPACT);
	assert_int_equal(store__add_text(sc->store, sc->run.id, "", "", "override", "study", text,
					 strlen(text), true),
			 0);
	free(text);
	json_decref(sc->plan);
	sc->plan = NULL;
}

static inline void scene_free(struct study_scene *sc)
{
	run_info__release(&sc->run);
	store__close(sc->store);
}

#endif
