// SPDX-License-Identifier: GPL-2.0-only
#include "model/progfilter.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* program NULL: any. */
static bool matches(const char *pattern, const char *file, const char *program)
{
	const char *slash = strchr(pattern, '/');
	char *of_file;
	bool found;

	if (!slash)
		return str_glob(pattern, file) || !program || str_glob(pattern, program);
	of_file = strndup(pattern, (size_t)(slash - pattern));
	found = of_file && (!*of_file || str_glob(of_file, file)) &&
		(!slash[1] || !program || str_glob(slash + 1, program));
	free(of_file);
	return found;
}

/* Does the pattern leave out the whole file? */
static bool drops_file(const char *pattern, const char *file)
{
	const char *slash = strchr(pattern, '/');
	char *of_file;
	bool found;

	if (!slash)
		return str_glob(pattern, file);
	if (slash[1] || slash == pattern)
		return false;
	of_file = strndup(pattern, (size_t)(slash - pattern));
	found = of_file && str_glob(of_file, file);
	free(of_file);
	return found;
}

bool progfilter__wants(const char *const *patterns, size_t n, const char *file, const char *program)
{
	bool chosen = false, any = false;

	for (size_t i = 0; i < n; i++) {
		if (*patterns[i] == '!') {
			if (matches(patterns[i] + 1, file, program))
				return false;
			continue;
		}
		any = true;
		chosen |= matches(patterns[i], file, program);
	}
	return chosen || !any;
}

bool progfilter__wants_file(const char *const *patterns, size_t n, const char *file)
{
	bool chosen = false, any = false;

	for (size_t i = 0; i < n; i++) {
		if (*patterns[i] == '!') {
			if (drops_file(patterns[i] + 1, file))
				return false;
			continue;
		}
		any = true;
		chosen |= matches(patterns[i], file, NULL);
	}
	return chosen || !any;
}

bool progfilter__is_valid(const char *pattern)
{
	const char *slash;

	pattern += *pattern == '!';
	slash = strchr(pattern, '/');
	return *pattern && strcmp(pattern, "/") != 0 && !(slash && strchr(slash + 1, '/'));
}
