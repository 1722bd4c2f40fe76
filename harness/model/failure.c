// SPDX-License-Identifier: GPL-2.0-only
#include "model/failure.h"

#include <stddef.h>

const char *failure__name(enum failure f)
{
	static const char *const names[] = {
		[FAILURE_MAP] = "map",
		[FAILURE_KFUNC] = "kfunc",
		[FAILURE_KCONFIG] = "kconfig",
		[FAILURE_BTF] = "btf",
		[FAILURE_PROG_TYPE] = "prog-type",
		[FAILURE_ATTACH_TARGET] = "attach-target",
		[FAILURE_OTHER] = "other",
	};

	return f < sizeof(names) / sizeof(names[0]) ? names[f] : NULL;
}
