/* SPDX-License-Identifier: GPL-2.0-only */
/* The scripts of a made-up study's pictures. Include after study_fixture.h. */
#ifndef TESTS_UNIT_PLOT_SCRIPT_H
#define TESTS_UNIT_PLOT_SCRIPT_H

#include "study/data.h"
#include "study/plot.h"

static inline const struct plot_kind *kind_of(const char *name)
{
	for (size_t i = 0; i < nr_plot_kinds; i++)
		if (!strcmp(plot_kinds[i].name, name))
			return &plot_kinds[i];
	fail_msg("there is no picture %s", name);
	return NULL;
}

static inline char *script_of(const struct study_data *d, const char *name)
{
	char *script = NULL, *why = NULL;
	int err = kind_of(name)->script(d, &script, &why);

	if (err)
		fail_msg("%s: %d, %s", name, err, why ? why : "");
	assert_null(why);
	return script;
}

static inline void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static inline void assert_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

static inline struct study_data *read_scene(struct study_scene *sc)
{
	struct study_data *d = NULL;

	assert_int_equal(study_data__read(sc->store, &sc->run, &d), 0);
	return d;
}

#endif
