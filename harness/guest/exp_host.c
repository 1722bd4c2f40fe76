// SPDX-License-Identifier: GPL-2.0-only
/* What experiments on the host are told about where they run: `assay run` sets it. */
#include <stdlib.h>

#include "base/str.h"
#include "guest/exp.h"

const char *exp__assay(const struct exp *e)
{
	(void)e;
	return getenv("ASSAY_PROGRAM");
}

char *exp__data(const struct exp *e, const char *file)
{
	const char *dir = getenv("ASSAY_EXPERIMENTS");

	return dir ? str_fmt("%s/%s/%s", dir, e->def->name, file) : NULL;
}
