// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_guests.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hostrun.h"
#include "model/timing.h"
#include "store/store.h"

/* "TCG": as its makers write it; NULL on ENOMEM. */
static char *upper(const char *s)
{
	char *copy = strdup(s), *p;

	for (p = copy; p && *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return copy;
}

/* NULL on ENOMEM. */
static char *describe(const struct guest_info *info)
{
	char *accel, *text;

	if (!info->release || !*info->release)
		return str_fmt("%s (never started)", info->kernel);
	if (strcmp(info->kernel, HOSTRUN_KERNEL) == 0)
		return strdup("the host");
	accel = upper(info->accel ? info->accel : "");
	text = accel ? str_fmt("%s (release %s%s%s%s%s)", info->kernel, info->release,
			       *accel ? ", " : "", accel, info->timing && *info->timing ? ", " : "",
			       info->timing ? timing__phrase(info->timing) : "")
		     : NULL;
	free(accel);
	return text;
}

int report_guests__add(struct report_guests *g, const struct guest_info *info)
{
	char *text = describe(info);
	int err = text ? 0 : -ENOMEM;

	if (!err && !strv__has(&g->kernels, info->kernel))
		err = strv__add(&g->kernels, info->kernel);
	if (!err && !strv__has(&g->texts, text))
		err = strv__add(&g->texts, text);
	free(text);
	return err;
}

char *report_guests__str(const struct report_guests *g)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	for (i = 0; i < g->texts.n; i++)
		strbuf__addf(&sb, "%s%s",
			     !i			  ? ""
			     : i + 1 < g->texts.n ? ", "
						  : " and ",
			     g->texts.v[i]);
	return sb.len ? strbuf__detach(&sb) : strdup("");
}

void report_guests__release(struct report_guests *g)
{
	strv__free(&g->kernels);
	strv__free(&g->texts);
}
