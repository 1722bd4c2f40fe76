// SPDX-License-Identifier: GPL-2.0-only
#include "diff/baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diff/baseline_text.h"

static int cmp_keys(const char *a, const char *b)
{
	size_t x = baseline_text__key_len(a), y = baseline_text__key_len(b), n = x < y ? x : y;
	int order = strncmp(a, b, n);

	return order ? order : (x > y) - (x < y);
}

static int by_key(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int order = cmp_keys(x, y);

	return order ? order : strcmp(x, y);
}

/* "# object strtol HASH": the word that says what the line is about. */
static int note_fact(struct strv *facts, const char *line)
{
	const char *word = str_starts(line, "# ") ? line + 2 : line;
	char *key = strndup(word, strcspn(word, " "));
	int err = key ? 0 : -ENOMEM;

	if (!err && !strv__has(facts, key))
		err = strv__add(facts, key);
	free(key);
	return err;
}

/* The lines of the head (all but the first, the same for all) and the verdicts, by key. */
static int divide(const char *text, struct strv *head, struct strv *verdicts)
{
	struct strv lines = { 0 };
	int err = baseline_text__lines(text, &lines);

	for (size_t i = 1; !err && i < lines.n; i++)
		err = strv__add(*lines.v[i] == '#' ? head : verdicts, lines.v[i]);
	if (verdicts->n)
		qsort(verdicts->v, verdicts->n, sizeof(*verdicts->v), by_key);
	strv__free(&lines);
	return err;
}

static int compare_heads(const struct strv *old, const struct strv *new, struct baseline_delta *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < new->n; i++) {
		if (strv__has(old, new->v[i]))
			continue;
		out->head++;
		err = note_fact(&out->facts, new->v[i]);
	}
	for (size_t i = 0; !err && i < old->n; i++) {
		if (strv__has(new, old->v[i]))
			continue;
		out->head++;
		err = note_fact(&out->facts, old->v[i]);
	}
	return err;
}

static void compare_verdicts(const struct strv *old, const struct strv *new,
			     struct baseline_delta *out)
{
	size_t i = 0, j = 0;

	while (i < old->n || j < new->n) {
		int order = i == old->n ? 1 : j == new->n ? -1 : cmp_keys(old->v[i], new->v[j]);

		if (order < 0) {
			out->removed++;
			i++;
		} else if (order > 0) {
			out->added++;
			j++;
		} else {
			out->changed += strcmp(old->v[i], new->v[j]) != 0;
			i++;
			j++;
		}
	}
}

int baseline__delta(const char *old, const char *text, struct baseline_delta *out)
{
	struct strv old_head = { 0 }, head = { 0 }, old_verdicts = { 0 }, verdicts = { 0 };
	int err = old ? divide(old, &old_head, &old_verdicts) : 0;

	*out = (struct baseline_delta){ 0 };
	if (!err)
		err = divide(text, &head, &verdicts);
	if (!err && old)
		err = compare_heads(&old_head, &head, out);
	if (!err)
		compare_verdicts(&old_verdicts, &verdicts, out);
	strv__free(&old_head);
	strv__free(&head);
	strv__free(&old_verdicts);
	strv__free(&verdicts);
	return err;
}

void baseline_delta__release(struct baseline_delta *d)
{
	strv__free(&d->facts);
	*d = (struct baseline_delta){ 0 };
}
