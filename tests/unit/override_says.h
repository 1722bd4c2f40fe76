/* SPDX-License-Identifier: GPL-2.0-only */
/* The answers of a made-up study, and what they say. */
#ifndef TESTS_UNIT_OVERRIDE_SAYS_H
#define TESTS_UNIT_OVERRIDE_SAYS_H

#include "override_fixture.h"
#include "study/override_answers.h"

static inline struct answers make(const struct study_data *d)
{
	struct answers a;

	assert_int_equal(override_answers__make(d, &a), 0);
	return a;
}

static inline void done(struct study_data *d, struct answers *a)
{
	override_answers__release(a);
	study_data__free(d);
}

static inline void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

static inline void says(const struct finding *f, enum conclusion c, const char *part)
{
	if (f->conclusion != c)
		fail_msg("%s: %s (missing: %s)", conclusion__name(f->conclusion), f->text,
			 f->missing.n ? f->missing.v[0] : "-");
	has(f->text, part);
}

static inline bool misses(const struct finding *f, const char *part)
{
	for (size_t i = 0; i < f->missing.n; i++)
		if (strstr(f->missing.v[i], part))
			return true;
	return false;
}

static inline void add_other(struct study_data *d, const char *factors, enum override_outcome o,
			     double good, double other)
{
	count_reads(add_made_up(d, "5.10.218", factors), good, o, other);
}

#endif
