// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/report_text.h"

struct report_note {
	const char *ink, *word;
	struct strv subjects;
	char *text;
};

static struct report_note *find(const struct report_notes *n, const char *word, const char *text)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		if (strcmp(n->v[i].word, word) == 0 && strcmp(n->v[i].text, text) == 0)
			return &n->v[i];
	return NULL;
}

int report_notes__add(struct report_notes *n, const char *ink, const char *word,
		      const char *subject, const char *text)
{
	struct report_note *note = find(n, word, text);

	if (!note) {
		note = realloc(n->v, (n->n + 1) * sizeof(*note));
		if (!note)
			return -ENOMEM;
		n->v = note;
		note = &n->v[n->n];
		*note = (struct report_note){ .ink = ink, .word = word, .text = strdup(text) };
		if (!note->text)
			return -ENOMEM;
		n->n++;
	}
	return strv__has(&note->subjects, subject) ? 0 : strv__add(&note->subjects, subject);
}

const char *report_notes__first(const struct report_notes *n, const char *word)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		if (strcmp(n->v[i].word, word) == 0)
			return n->v[i].text;
	return NULL;
}

void report_notes__print(const struct report_notes *n, FILE *out, size_t indent, size_t width,
			 bool color)
{
	size_t i, k;

	for (i = 0; i < n->n; i++) {
		const struct report_note *note = &n->v[i];
		char *first = str_fmt("%*s%s: ", (int)indent, "", note->word);
		struct strbuf sb = STRBUF_INIT;

		for (k = 0; k < note->subjects.n; k++)
			strbuf__addf(&sb, "%s%s",
				     !k				? ""
				     : k + 1 < note->subjects.n ? ", "
								: " and ",
				     note->subjects.v[k]);
		strbuf__addf(&sb, "%s%s", *note->text ? ": " : "", note->text);
		report_text__wrap(out, color ? note->ink : NULL, first ? first : "",
				  strbuf__str(&sb), width);
		strbuf__free(&sb);
		free(first);
	}
}

void report_notes__release(struct report_notes *n)
{
	size_t i;

	for (i = 0; i < n->n; i++) {
		strv__free(&n->v[i].subjects);
		free(n->v[i].text);
	}
	free(n->v);
	*n = (struct report_notes){ 0 };
}
