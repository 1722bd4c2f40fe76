// SPDX-License-Identifier: GPL-2.0-only
#include "model/probe_target.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 512 /* C++ has long ones */

static bool is_name(const char *s, const char *besides)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (!isalnum((unsigned char)s[n]) && !strchr(besides, s[n]))
			return false;
	return n && n <= NAME_MAX_LEN;
}

/* What follows the file's ':'. Ends it at the next one. */
static int parse_rest(const char *s, char *rest, struct probe_target *t, char *why, size_t why_len)
{
	char *colon = strchr(rest, ':');

	if (!*rest) {
		t->kind = PROBE_LIST;
		return 0;
	}
	t->kind = colon ? PROBE_USDT : PROBE_SYMBOL;
	if (colon)
		*colon = '\0';
	if (colon && !(t->provider = strdup(rest)))
		return -ENOMEM;
	t->name = strdup(colon ? colon + 1 : rest);
	if (!t->name)
		return -ENOMEM;
	if (colon ? is_name(t->provider, "_.-") && is_name(t->name, "_.-")
		  : is_name(t->name, "_.$"))
		return 0;
	snprintf(why, why_len, "'%s' is neither FILE:FUNCTION nor FILE:PROVIDER:NAME", s);
	return -EINVAL;
}

int probe_target__parse(const char *s, struct probe_target *t, char *why, size_t why_len)
{
	const char *slash = strrchr(s, '/'), *colon = strchr(slash ? slash : s, ':');
	char *rest;
	int err;

	*t = (struct probe_target){ .kind = PROBE_KERNEL };
	if (!slash && !colon) {
		t->name = strdup(s);
		if (!t->name)
			return -ENOMEM;
		if (is_name(s, "_.$"))
			return 0;
		snprintf(why, why_len, "'%s' is no name of a function", s);
		return -EINVAL;
	}
	t->file = colon ? strndup(s, (size_t)(colon - s)) : strdup(s);
	rest = strdup(colon ? colon + 1 : "");
	if (!t->file || !rest) {
		err = -ENOMEM;
	} else if (!*t->file || (slash && (slash[1] == '\0' || slash[1] == ':'))) {
		snprintf(why, why_len, "'%s' names no file", s);
		err = -EINVAL;
	} else {
		err = parse_rest(s, rest, t, why, why_len);
	}
	free(rest);
	return err;
}

void probe_target__release(struct probe_target *t)
{
	free(t->file);
	free(t->provider);
	free(t->name);
	*t = (struct probe_target){ 0 };
}
