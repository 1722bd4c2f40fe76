// SPDX-License-Identifier: GPL-2.0-only
#include "cli/probe_line.h"

#include <stdlib.h>

#include "base/str.h"
#include "cli/probe_report.h"
#include "cli/report_text.h"
#include "vm/functions.h"

const char *probe_json__text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

bool probe_json__flag(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

bool probe_json__hooked(const json_t *o, const char *key)
{
	const json_t *h = json_object_get(o, key);

	return h && !*probe_json__text(h, "errno");
}

void probe_line__put(FILE *out, size_t width, const char *what, const char *answer,
		     const char *note)
{
	char *first = str_fmt("  %-15s  %-4s  ", what, answer);

	if (first && *note)
		report_text__wrap(out, NULL, first, note, width);
	else
		fprintf(out, "  %-15s  %s\n", what, answer);
	free(first);
}

/* "static inline in lib/copyout.h:73, inlined at 4 calls, no copy to hook" */
static char *describe(const struct function *f)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s%s in %s:%u", f->is_static ? "static" : "global",
		     f->is_inline ? " inline" : "", f->file, f->line);
	if (f->sites)
		strbuf__addf(&sb, ", inlined at %u call%s", f->sites, f->sites == 1 ? "" : "s");
	if (!f->copies)
		strbuf__addf(&sb, ", no copy to hook");
	else if (f->sites)
		strbuf__addf(&sb, ": a hook misses %s", f->sites == 1 ? "it" : "them");
	if (f->copies > 1)
		strbuf__addf(&sb, ", %u copies", f->copies);
	return strbuf__detach(&sb);
}

void probe_line__inlined(FILE *out, size_t width, const struct probe_functions *of)
{
	for (size_t i = 0; i < of->n; i++) {
		const struct function *f = &of->v[i];
		char *text = describe(f);

		probe_line__put(out, width, i ? "" : "inlined",
				!f->sites   ? "no"
				: f->copies ? "some"
					    : "yes",
				text ? text : "");
		free(text);
	}
}
