// SPDX-License-Identifier: GPL-2.0-only
#include "guest/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define MARKER	  "assay-experiment-%llu"
#define TRACE_MAX (16u << 20) /* of text: far above what the buffers of 8 CPUs hold */

static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

static const char *file(const char *name, char path[128])
{
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(path, 128, "%s/%s", roots[i], name);
		if (file_exists(path))
			return path;
	}
	return NULL;
}

int trace__mark(uint64_t id)
{
	char path[128], text[64];

	if (file("tracing_on", path))
		file_poke(path, "1");
	if (!file("trace_marker", path))
		return -ENOENT;
	snprintf(text, sizeof(text), MARKER "\n", (unsigned long long)id);
	return file_poke(path, text);
}

void trace__cut(const char *trace, uint64_t id, struct strbuf *out)
{
	char marker[64];
	const char *at;

	snprintf(marker, sizeof(marker), MARKER "\n", (unsigned long long)id);
	at = strstr(trace, marker);
	if (at)
		trace = at + strlen(marker);
	while (*trace) {
		size_t len = strcspn(trace, "\n");

		/* "# tracer: nop" and the rest of the header; CPU n buffer started */
		if (*trace != '#' && len)
			strbuf__addf(out, "%.*s\n", (int)len, trace);
		trace += len;
		if (*trace)
			trace++;
	}
}

int trace__since(uint64_t id, struct strbuf *out)
{
	char path[128], *text = NULL;
	int err;

	if (!file("trace", path))
		return -ENOENT;
	err = file_read(path, TRACE_MAX, &text, NULL);
	if (err)
		return err;
	trace__cut(text, id, out);
	free(text);
	return 0;
}
