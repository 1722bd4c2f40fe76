// SPDX-License-Identifier: GPL-2.0-only
#include "cli/suites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct suites *suites__new(const char *name)
{
	struct suites *s = calloc(1, sizeof(*s));

	if (s)
		s->name = strdup(name);
	if (s && !s->name) {
		free(s);
		s = NULL;
	}
	return s;
}

static void release_case(struct suite_case *c)
{
	free(c->name);
	free(c->reason);
	free(c->details);
	free(c->log);
	free(c->log_title);
	free(c->log_shown);
	free(c->source);
}

static void release_suite(struct suite *s)
{
	for (size_t i = 0; i < s->n; i++)
		release_case(&s->cases[i]);
	free(s->cases);
	strv__free(&s->properties);
	strv__free(&s->values);
	free(s->name);
	free(s->kernel);
	free(s->experiment);
}

void suites__free(struct suites *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		release_suite(&s->v[i]);
	free(s->v);
	free(s->name);
	free(s->started);
	free(s->show);
	free(s);
}

struct suite *suites__suite(struct suites *s, const char *kernel, const char *experiment)
{
	struct suite *v, *suite;

	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].kernel, kernel) && !strcmp(s->v[i].experiment, experiment))
			return &s->v[i];
	v = realloc(s->v, (s->n + 1) * sizeof(*v));
	if (!v)
		return NULL;
	s->v = v;
	suite = &v[s->n];
	*suite = (struct suite){
		.kernel = strdup(kernel),
		.experiment = strdup(experiment),
		.name = str_fmt("%s%s%s", kernel, *kernel && *experiment ? "/" : "", experiment),
		.seconds = -1,
	};
	if (suite->kernel && suite->experiment && suite->name) {
		s->n++;
		return suite;
	}
	release_suite(suite);
	return NULL;
}

struct suite_case *suite__add(struct suite *s, const char *name, enum case_end end)
{
	struct suite_case *v = realloc(s->cases, (s->n + 1) * sizeof(*v)), *c;

	if (!v)
		return NULL;
	s->cases = v;
	c = &v[s->n];
	*c = (struct suite_case){ .name = strdup(name), .end = end, .type = "", .seconds = -1 };
	if (!c->name)
		return NULL;
	s->n++;
	return c;
}

int suite__property(struct suite *s, const char *name, const char *value)
{
	if (!value)
		return 0;
	for (size_t i = 0; i < s->properties.n; i++)
		if (!strcmp(s->properties.v[i], name) && !strcmp(s->values.v[i], value))
			return 0;
	if (strv__add(&s->values, value))
		return -ENOMEM;
	return strv__add(&s->properties, name);
}

size_t suite__count(const struct suite *s, enum case_end end)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->cases[i].end == end;
	return n;
}

/* A failure is what makes the exit status 1, an error what makes it 3. */
enum case_end case_end__of(enum status s)
{
	static const enum case_end ends[] = {
		[STATUS_OK] = CASE_PASSED,	   [STATUS_SKIPPED] = CASE_SKIPPED,
		[STATUS_UNEXPECTED] = CASE_FAILED, [STATUS_TIMEOUT] = CASE_FAILED,
		[STATUS_CRASHED] = CASE_FAILED,	   [STATUS_HARNESS] = CASE_ERROR,
	};

	return ends[s];
}
