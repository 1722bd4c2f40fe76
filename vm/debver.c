// SPDX-License-Identifier: GPL-2.0-only
#include "vm/debver.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static int order(char c)
{
	if (c == '~')
		return -1;
	if (!c || isdigit((unsigned char)c))
		return 0;
	return isalpha((unsigned char)c) ? (unsigned char)c : (unsigned char)c + 256;
}

static int cmp_numbers(const char **a, const char **b)
{
	size_t na, nb;
	int d;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	na = strspn(*a, "0123456789");
	nb = strspn(*b, "0123456789");
	d = na != nb ? (na < nb ? -1 : 1) : strncmp(*a, *b, na);
	*a += na;
	*b += nb;
	return d;
}

/* Texts and numbers take turns, beginning with a text, which may be empty. */
static int cmp_part(const char *a, const char *b)
{
	int d = 0;

	while (!d && (*a || *b)) {
		while (!d && (order(*a) || order(*b))) {
			d = order(*a) - order(*b);
			a += *a != '\0';
			b += *b != '\0';
		}
		if (!d)
			d = cmp_numbers(&a, &b);
	}
	return d;
}

static unsigned long epoch(const char **v)
{
	const char *colon = strchr(*v, ':');
	unsigned long n = 0;

	if (colon) {
		n = strtoul(*v, NULL, 10);
		*v = colon + 1;
	}
	return n;
}

/* The upstream part; *revision is what comes behind the last dash, "" when there is none. */
static char *upstream(const char *v, const char **revision)
{
	const char *dash = strrchr(v, '-');

	*revision = dash ? dash + 1 : "";
	return strndup(v, dash ? (size_t)(dash - v) : strlen(v));
}

int debver__cmp(const char *a, const char *b)
{
	unsigned long ea = epoch(&a), eb = epoch(&b);
	const char *ra, *rb;
	char *ua, *ub;
	int d;

	if (ea != eb)
		return ea < eb ? -1 : 1;
	ua = upstream(a, &ra);
	ub = upstream(b, &rb);
	d = ua && ub ? cmp_part(ua, ub) : strcmp(a, b);
	if (!d)
		d = cmp_part(ra, rb);
	free(ua);
	free(ub);
	return d;
}

bool debver__release(const char *version, struct kver *out)
{
	const char *revision;
	char *up;
	bool ok;

	epoch(&version);
	up = upstream(version, &revision);
	ok = up && *revision && *up && !up[strspn(up, "0123456789.")] && strchr(up, '.') &&
	     !kver__parse(up, out);
	free(up);
	return ok;
}
