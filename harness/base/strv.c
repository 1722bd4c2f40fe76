// SPDX-License-Identifier: GPL-2.0-only
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add_len(struct strv *sv, const char *s, size_t len)
{
	char **v, *copy;

	v = realloc(sv->v, (sv->n + 2) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	/* Set at once: the caller frees sv->v even when the copy fails. */
	sv->v = v;
	v[sv->n] = NULL;
	copy = strndup(s, len);
	if (!copy)
		return -ENOMEM;
	v[sv->n++] = copy;
	v[sv->n] = NULL;
	return 0;
}

int strv__add(struct strv *sv, const char *s)
{
	return add_len(sv, s, strlen(s));
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

int strv__split(struct strv *sv, const char *s, const char *seps)
{
	while (*s) {
		size_t len = strcspn(s, seps);
		const char *from = s, *to = s + len;
		int err;

		while (from < to && is_blank(*from))
			from++;
		while (to > from && is_blank(to[-1]))
			to--;
		if (from < to) {
			err = add_len(sv, from, to - from);
			if (err)
				return err;
		}
		s += len;
		if (*s)
			s++;
	}
	return 0;
}

bool strv__has(const struct strv *sv, const char *s)
{
	for (size_t i = 0; i < sv->n; i++)
		if (!strcmp(sv->v[i], s))
			return true;
	return false;
}

void strv__free(struct strv *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	free(sv->v);
	*sv = (struct strv){ 0 };
}
