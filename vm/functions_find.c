// SPDX-License-Identifier: GPL-2.0-only
#include "vm/functions.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "base/str.h"

enum { NAME, FILE_, LINE, LINKAGE, INLINE, COPIES, SITES, SYMBOLS, NR_FIELDS };

static int read_number(const char *s, unsigned int *out)
{
	uint64_t n;

	if (num_u64(s, 0, UINT32_MAX, &n))
		return -EINVAL;
	*out = (unsigned int)n;
	return 0;
}

static int fill(struct function *f, const struct strv *fields)
{
	char **v = fields->v;

	if (fields->n != NR_FIELDS || read_number(v[LINE], &f->line) ||
	    read_number(v[COPIES], &f->copies) || read_number(v[SITES], &f->sites))
		return -EINVAL;
	f->is_static = !strcmp(v[LINKAGE], "static");
	f->is_inline = !strcmp(v[INLINE], "inline");
	f->name = strdup(v[NAME]);
	f->file = strdup(v[FILE_]);
	if (!f->name || !f->file)
		return -ENOMEM;
	if (!strcmp(v[SYMBOLS], "-"))
		return 0;
	f->symbols = strdup(v[SYMBOLS]);
	return f->symbols ? 0 : -ENOMEM;
}

static int add(const char *line, size_t len, struct function **v, size_t *n)
{
	struct function *w = reallocarray(*v, *n + 1, sizeof(*w));
	struct strv fields = { 0 };
	char *copy;
	int err;

	if (!w)
		return -ENOMEM;
	*v = w;
	w += (*n)++;
	*w = (struct function){ 0 };
	copy = strndup(line, len);
	err = copy ? strv__split(&fields, copy, "\t") : -ENOMEM;
	if (!err)
		err = fill(w, &fields);
	strv__free(&fields);
	free(copy);
	return err;
}

int functions__find(const char *dir, const char *name, struct function **out, size_t *n)
{
	char *path = str_fmt("%s/" FUNCTIONS_FILE, dir), *text = NULL;
	struct function *v = NULL;
	size_t len = strlen(name), nr = 0;
	int err = path ? file_read(path, 0, &text, NULL) : -ENOMEM;

	if (!err && !str_starts(text, "name\tfile\t"))
		err = -EINVAL;
	/* The first line is the head. */
	for (const char *s = text; !err && (s = strchr(s, '\n'));) {
		s++;
		if (!strncmp(s, name, len) && s[len] == '\t')
			err = add(s, strcspn(s, "\n"), &v, &nr);
	}
	free(text);
	free(path);
	if (err) {
		functions__free(v, nr);
		return err;
	}
	*out = v;
	*n = nr;
	return 0;
}

void functions__free(struct function *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].name);
		free(v[i].file);
		free(v[i].symbols);
	}
	free(v);
}
