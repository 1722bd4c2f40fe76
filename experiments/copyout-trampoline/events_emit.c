// SPDX-License-Identifier: GPL-2.0-only
#include "events_emit.h"

#include <stdio.h>

#include "base/str.h"
#include "guest/trail.h"

static const char *const names[NR_EVENTS] = {
	[EVENT_READ] = "read",	 [EVENT_FENTRY] = "fentry",	[EVENT_FMOD_RET] = "fmod_ret",
	[EVENT_FEXIT] = "fexit", [EVENT_RETURNED] = "returned",
};

int events__emit(struct exp *e, const char *name, const struct trail *t, const char *of_call,
		 uint64_t calls)
{
	struct strbuf expected = STRBUF_INIT;
	char text[64];
	int err;

	strbuf__addf(&expected, "read");
	for (uint64_t i = 0; i < calls; i++)
		strbuf__addf(&expected, "%s", of_call);
	strbuf__addf(&expected, ", returned");
	snprintf(text, sizeof(text), "events_%s", name);
	err = trail__emit(e, text, t, names, NR_EVENTS, strbuf__str(&expected));
	strbuf__free(&expected);
	return err;
}
