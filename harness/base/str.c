// SPDX-License-Identifier: GPL-2.0-only
#include "base/str.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

char *str_fmt(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : s;
}

static size_t min2(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein distance with adjacent transpositions that may have other edits between
 * them (Lowrance and Wagner 1975): d has a border row and column of "never" before the usual
 * ones. Returns SIZE_MAX when memory runs out. */
static size_t edit_distance(const char *a, size_t la, const char *b, size_t lb)
{
	size_t last_row[256] = { 0 };
	size_t cols = lb + 2, never = la + lb, result;
	size_t *d;

	if (la >= SIZE_MAX / sizeof(*d) / cols - 2)
		return SIZE_MAX;
	d = malloc((la + 2) * cols * sizeof(*d));
	if (!d)
		return SIZE_MAX;
#define D(i, j) d[(i)*cols + (j)]
	D(0, 0) = never;
	for (size_t i = 0; i <= la; i++)
		D(i + 1, 0) = never, D(i + 1, 1) = i;
	for (size_t j = 0; j <= lb; j++)
		D(0, j + 1) = never, D(1, j + 1) = j;
	for (size_t i = 1; i <= la; i++) {
		size_t last_col = 0;

		for (size_t j = 1; j <= lb; j++) {
			size_t i1 = last_row[(unsigned char)b[j - 1]], j1 = last_col;
			size_t cost = a[i - 1] != b[j - 1];
			size_t best = min2(D(i + 1, j), D(i, j + 1)) + 1;

			best = min2(best, D(i, j) + cost);
			best = min2(best, D(i1, j1) + (i - i1 - 1) + 1 + (j - j1 - 1));
			D(i + 1, j + 1) = best;
			if (!cost)
				last_col = j;
		}
		last_row[(unsigned char)a[i - 1]] = i;
	}
	result = D(la + 1, lb + 1);
#undef D
	free(d);
	return result;
}

const char *str_nearest(const char *name, const char *const *candidates, size_t n)
{
	size_t len = strlen(name), limit = len < 3 ? 1 : len / 3;
	size_t best = SIZE_MAX;
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t clen = strlen(candidates[i]), dist;

		if (clen > len + limit || len > clen + limit)
			continue;
		dist = edit_distance(name, len, candidates[i], clen);
		/* The last condition: two names that share nothing are not near, short as they
		 * may be. */
		if (dist < best && dist <= limit && (!dist || dist < (len > clen ? len : clen))) {
			best = dist;
			nearest = candidates[i];
		}
	}
	/* Then a name that was cut short: what it is the beginning of. */
	for (size_t i = 0; !nearest && len > 1 && i < n; i++)
		if (str_starts(candidates[i], name))
			nearest = candidates[i];
	return nearest;
}

bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && !memcmp(s + n - k, suffix, k);
}

bool str_glob(const char *pattern, const char *s)
{
	return !fnmatch(pattern, s, 0);
}

char *str_utf8(const char *s, size_t len)
{
	char *out = malloc(len + 1), *to = out;

	if (!out)
		return NULL;
	for (size_t at = 0; at < len;) {
		size_t n = utf8_decode(s + at, len - at, NULL);

		if (!n) {
			*to++ = '?';
			at++;
			continue;
		}
		if (s[at]) {
			memcpy(to, s + at, n);
			to += n;
		}
		at += n;
	}
	*to = '\0';
	return out;
}
