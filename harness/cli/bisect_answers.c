// SPDX-License-Identifier: GPL-2.0-only
#include "cli/bisect_answers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

struct answers *answers__new(void)
{
	return calloc(1, sizeof(struct answers));
}

static void release_answer(struct answer *a)
{
	free(a->record);
	free(a->message);
	free(a->failure);
	free(a->reason);
}

void answers__free(struct answers *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++)
		release_answer(&a->v[i]);
	free(a->v);
	free(a->why);
	free(a->run);
	free(a->same_as);
	free(a);
}

struct answers *answers__none(const char *why)
{
	struct answers *a = answers__new();

	if (a && record__set(&a->why, why)) {
		answers__free(a);
		a = NULL;
	}
	return a;
}

const struct answer *answers__find(const struct answers *a, const char *record)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->v[i].record, record))
			return &a->v[i];
	return NULL;
}

struct answer *answers__add(struct answers *a, char *record)
{
	struct answer *v = record ? reallocarray(a->v, a->n + 1, sizeof(*v)) : NULL;

	if (!v) {
		free(record);
		return NULL;
	}
	a->v = v;
	v += a->n++;
	*v = (struct answer){ .record = record };
	return v;
}

static char *name_of(const struct record *r)
{
	char *labels = record__labels_str(r);
	char *name =
		labels ? str_fmt("%s:%s%s%s", r->experiment, r->name, *labels ? " " : "", labels)
		       : NULL;

	free(labels);
	return name;
}

static int add_record(void *ctx, const struct stored_record *s)
{
	struct answers *a = ctx;
	const struct record *r = s->record;
	struct answer *to = answers__add(a, name_of(r));

	if (!to)
		return -ENOMEM;
	to->kind = r->kind;
	to->verdict = r->verdict;
	to->err = r->err;
	to->status = r->status;
	return record__set(&to->message, r->message) || record__set(&to->failure, r->failure) ||
			       record__set(&to->reason, r->reason)
		       ? -ENOMEM
		       : 0;
}

static int add_experiment(void *ctx, const struct stored_experiment *e)
{
	struct answers *a = ctx;
	struct answer *to = answers__add(a, strdup(e->experiment));

	if (!to)
		return -ENOMEM;
	to->whole = true;
	to->status = e->status;
	return record__set(&to->reason, e->reason);
}

/* Why no experiment told anything; NULL: one did, if only that it was skipped. */
static const char *why_nothing(const struct answers *a)
{
	const char *why = NULL;

	for (size_t i = 0; i < a->n; i++) {
		const struct answer *is = &a->v[i];

		if (!is->whole || is->status <= STATUS_UNEXPECTED || is->status == STATUS_CRASHED)
			return NULL;
		why = is->reason;
	}
	return why ? why : "the run kept nothing of it";
}

int answers__of_run(struct store *s, int64_t run, const char *kernel, struct answers **out)
{
	struct answers *a = answers__new();
	const char *why;
	int err = -ENOMEM;

	if (a)
		err = store__experiments(s, run, kernel, NULL, add_experiment, a);
	if (!err)
		err = store__records(s, run, kernel, NULL, add_record, a);
	why = err ? NULL : why_nothing(a);
	if (why)
		err = record__set(&a->why, why);
	if (err)
		answers__free(a);
	else
		*out = a;
	return err;
}

bool answers__are_final(const struct answers *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].status == STATUS_TIMEOUT || a->v[i].status == STATUS_HARNESS)
			return false;
	return !a->why;
}

/* --- what is compared ------------------------------------------------------------------------- */

/* Of a record that others have, and of a program that never reached the verifier. */
#define ABSENT "absent"
#define FAILED "not loaded"

/* Skipped, cut off by time, or assay's own failure: no answer. A crash is one: the kernel did it.
 */
static bool is_status_known(enum status s)
{
	return s == STATUS_OK || s == STATUS_UNEXPECTED || s == STATUS_CRASHED;
}

static const char *of_whole(const struct answer *a)
{
	return a->status == STATUS_CRASHED ? "crashed" : "ran";
}

static char *by_verdict(const struct answer *a, bool message)
{
	bool crashed = a->status == STATUS_CRASHED;

	if (a->failure)
		return str_fmt("%s: %s%s%s", FAILED, a->failure, message ? " " : "",
			       message && a->message ? a->message : "");
	if (a->verdict == VERDICT_NONE)
		return is_status_known(a->status) ? strdup(status__name(a->status)) : NULL;
	if (message)
		return str_fmt("%s%s %s %s", verdict__name(a->verdict), crashed ? ", crashed" : "",
			       a->err ? errno__name(a->err) : "", a->message ? a->message : "");
	return str_fmt("%s%s", verdict__name(a->verdict), crashed ? ", crashed" : "");
}

static char *by_status(const struct answer *a)
{
	if (!a)
		return strdup(ABSENT);
	return is_status_known(a->status) || a->status == STATUS_SKIPPED
		       ? strdup(status__name(a->status))
		       : NULL;
}

char *answer__value(const struct answer *a, enum bisect_by by)
{
	if (by == BY_STATUS)
		return by_status(a);
	if (!a)
		return NULL;
	if (a->whole)
		return is_status_known(a->status) ? strdup(of_whole(a)) : NULL;
	return by_verdict(a, by == BY_MESSAGE);
}

static void add_brief(struct strbuf *sb, const struct answer *a)
{
	if (!a) {
		strbuf__addf(sb, "%s", ABSENT);
	} else if (a->whole && is_status_known(a->status)) {
		strbuf__addf(sb, "%s", of_whole(a));
	} else if (a->failure) {
		strbuf__addf(sb, "%s: %s", FAILED, a->failure);
	} else if (a->verdict == VERDICT_NONE) {
		strbuf__addf(sb, "%s", status__name(a->status));
	} else {
		strbuf__addf(sb, "%s", verdict__name(a->verdict));
		if (a->err)
			strbuf__addf(sb, " %s", errno__name(a->err));
		if (a->status == STATUS_CRASHED)
			strbuf__addf(sb, ", crashed");
	}
}

char *answer__brief(const struct answer *a)
{
	struct strbuf sb = STRBUF_INIT;

	add_brief(&sb, a);
	return strbuf__detach(&sb);
}

char *answer__says(const struct answer *a)
{
	struct strbuf sb = STRBUF_INIT;
	const char *text = !a				? NULL
			   : a->failure && a->message	? a->message
			   : a->verdict == VERDICT_NONE ? a->reason
							: a->message;

	add_brief(&sb, a);
	if (text && *text)
		strbuf__addf(&sb, " (%s)", text);
	return strbuf__detach(&sb);
}

bool answer__is_meant(const char *record, const char *wanted)
{
	const char *colon = strchr(wanted, ':');
	size_t len = colon ? (size_t)(colon - wanted) : strlen(wanted);
	char *bare;
	bool is;

	if (strncmp(record, wanted, len) || (record[len] && record[len] != ':'))
		return false;
	if (!colon)
		return true;
	if (!record[len])
		return false;
	record += len + 1;
	wanted = colon + 1;
	bare = strndup(record, strcspn(record, " "));
	is = !strcmp(record, wanted) || str_glob(wanted, record) ||
	     (bare && str_glob(wanted, bare));
	free(bare);
	return is;
}

const struct answer *answers__meant(const struct answers *a, const char *wanted)
{
	const struct answer *found = answers__find(a, wanted);
	size_t n = 0;

	if (found)
		return found;
	for (size_t i = 0; i < a->n; i++) {
		if (!answer__is_meant(a->v[i].record, wanted))
			continue;
		found = &a->v[i];
		n++;
	}
	return n == 1 ? found : NULL;
}

char *answers__says(const struct answers *a, const char *record)
{
	const struct answer *is = answers__find(a, record), *whole;
	char *experiment;

	if (a->why)
		return strdup(a->why);
	experiment = is ? NULL : strndup(record, strcspn(record, ":"));
	whole = experiment ? answers__find(a, experiment) : NULL;
	free(experiment);
	if (is || !whole || !whole->reason)
		return answer__says(is);
	return str_fmt("%s (%s: %s)", ABSENT, status__name(whole->status), whole->reason);
}
