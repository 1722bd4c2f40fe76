// SPDX-License-Identifier: GPL-2.0-only
#include "cli/disasm.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

struct disasm {
	char *text;
};

struct disasm *disasm__open(const char *objects_dir, const char *experiment)
{
	char *path = str_fmt("%s/%s.dis", objects_dir, experiment);
	struct disasm *d = calloc(1, sizeof(*d));

	if (!path || !d || file_read(path, 0, &d->text, NULL)) {
		free(d);
		d = NULL;
	}
	free(path);
	return d;
}

void disasm__close(struct disasm *d)
{
	if (!d)
		return;
	free(d->text);
	free(d);
}

/* A heading is "<16 hex digits> <name>:"; `line` starts at the beginning of a line. Up to LLVM 14
 * the BPF back end leaves its basic-block labels (LBB0_2) in the symbol table: they are none. */
static bool is_heading(const char *line, const char **name, size_t *len)
{
	const char *end;

	if (strspn(line, "0123456789abcdef") != 16 || strncmp(line + 16, " <", 2) != 0)
		return false;
	end = strpbrk(line + 18, ">\n");
	if (!end || strncmp(end, ">:", 2) != 0)
		return false;
	*name = line + 18;
	*len = (size_t)(end - *name);
	return !str_starts(*name, "LBB");
}

bool disasm__find(const struct disasm *d, const char *program, const char **text, size_t *len)
{
	const char *line = d ? d->text : NULL, *start = NULL, *name, *next;
	size_t n;

	for (; line && *line; line = next) {
		next = strchr(line, '\n');
		next = next ? next + 1 : line + strlen(line);
		if (strncmp(line, "Disassembly of section", 22) != 0 &&
		    !is_heading(line, &name, &n))
			continue;
		if (start)
			break;
		if (is_heading(line, &name, &n) && strlen(program) == n &&
		    strncmp(name, program, n) == 0)
			start = line;
	}
	if (!start)
		return false;
	*text = start;
	*len = (size_t)(line - start);
	return true;
}
