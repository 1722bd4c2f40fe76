// SPDX-License-Identifier: GPL-2.0-only
#include "base/term.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool term_color(FILE *f)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color && *no_color)
		return false;
	return term && *term && strcmp(term, "dumb") && isatty(fileno(f)) == 1;
}
