// SPDX-License-Identifier: GPL-2.0-only
#include "cli/evidence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct entry {
	char *program;
	struct strbuf text;
	struct entry *next;
};

struct evidence {
	struct entry *head; /* a handful at most: records follow their texts */
};

struct evidence *evidence__new(void)
{
	return calloc(1, sizeof(struct evidence));
}

static struct entry **find(const struct evidence *ev, const char *program)
{
	struct entry **e = (struct entry **)&ev->head;

	while (*e && strcmp((*e)->program, program) != 0)
		e = &(*e)->next;
	return e;
}

int evidence__add(struct evidence *ev, const char *program, const char *data)
{
	struct entry **e = find(ev, program);

	if (!*e) {
		*e = calloc(1, sizeof(**e));
		if (!*e)
			return -ENOMEM;
		(*e)->program = strdup(program);
		if (!(*e)->program) {
			free(*e);
			*e = NULL;
			return -ENOMEM;
		}
	}
	strbuf__add(&(*e)->text, data, strlen(data));
	return (*e)->text.failed ? -ENOMEM : 0;
}

const char *evidence__text(const struct evidence *ev, const char *program)
{
	struct entry **e = find(ev, program);

	return *e ? strbuf__str(&(*e)->text) : "";
}

void evidence__drop(struct evidence *ev, const char *program)
{
	struct entry **e = find(ev, program), *gone = *e;

	if (!gone)
		return;
	*e = gone->next;
	strbuf__free(&gone->text);
	free(gone->program);
	free(gone);
}

void evidence__free(struct evidence *ev)
{
	while (ev && ev->head)
		evidence__drop(ev, ev->head->program);
	free(ev);
}
