// SPDX-License-Identifier: GPL-2.0-only
#include "study/override_answers.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int override_answers__make(const struct study_data *d, struct answers *out)
{
	int err;

	*out = (struct answers){ 0 };
	err = override_points__read(d, &out->points);
	err = err ?: override_cause__find(&out->points, &out->cause);
	err = err ?: override_rest__find(&out->points, &out->rest);
	err = err ?: override_suspicions__find(&out->points, out);
	err = err ?: override_choice__find(&out->points, &out->choice);
	err = err ?: override_cure__find(&out->points, &out->cure);
	return err;
}

void override_answers__release(struct answers *a)
{
	override_cause__release(&a->cause);
	override_rest__release(&a->rest);
	for (size_t i = 0; i < a->nr_suspicions; i++)
		override_suspicion__release(&a->suspicions[i]);
	free(a->suspicions);
	finding__release(&a->suspicions_finding);
	override_choice__release(&a->choice);
	override_cure__release(&a->cure);
	override_points__release(&a->points);
	*a = (struct answers){ 0 };
}

void finding__release(struct finding *f)
{
	free(f->text);
	strv__free(&f->missing);
	*f = (struct finding){ 0 };
}

int finding__missing(struct finding *f, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int err;

	va_start(ap, fmt);
	err = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (err < 0)
		return -ENOMEM;
	err = strv__has(&f->missing, text) ? 0 : strv__add(&f->missing, text);
	free(text);
	return err;
}
