// SPDX-License-Identifier: GPL-2.0-only
/* `assay show`: the texts of a run, and its matrices. */
#include "cli/cmd_show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/report_matrix.h"
#include "cli/report_text.h"
#include "model/record.h"

#define CONSOLE		"console"
#define CONSOLE_EXCERPT "console-excerpt"

const struct show_kind show_kinds[] = {
	{ "log", "log", "verifier log", "verifier logs" },
	{ "disasm", "disasm", "disassembly", "disassembly with source lines" },
	{ "stack", "stack", "stack layout", "stack layouts" },
	{ "tables", "table", "table", "tables that an experiment made" },
	{ "libbpf", "libbpf", "libbpf's messages", "what libbpf said" },
	{ "dmesg", "dmesg", "kernel messages", "the kernel's messages during an experiment" },
	{ "trace", "trace_pipe", "trace_pipe", "what trace_pipe gave" },
	{ "console", CONSOLE, "console", "the guests' consoles" },
};
const size_t nr_show_kinds = sizeof(show_kinds) / sizeof(show_kinds[0]);

/* --- printing ------------------------------------------------------------------------------ */

/* What a guest wrote must not steer the terminal; to a file it goes as it is. */
static void put_text(const char *data, size_t len)
{
	bool terminal = isatty(STDOUT_FILENO);
	size_t i;

	if (!terminal) {
		fwrite(data, 1, len, stdout);
	} else {
		for (i = 0; i < len; i++) {
			unsigned char c = (unsigned char)data[i];

			if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
				fputc(c == '\r' ? ' ' : '?', stdout);
			else
				fputc(c, stdout);
		}
	}
	if (len && data[len - 1] != '\n')
		fputc('\n', stdout);
}

struct text_list {
	struct stored_text *v;
	size_t n;
};

static int collect(void *ctx, const struct stored_text *t)
{
	struct text_list *list = ctx;
	struct stored_text *v = realloc(list->v, (list->n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n] = (struct stored_text){ .kernel = strdup(t->kernel),
					   .experiment = strdup(t->experiment),
					   .name = strdup(t->name),
					   .kind = strdup(t->kind),
					   .path = strdup(t->path) };
	t = &v[list->n++];
	return t->kernel && t->experiment && t->name && t->kind && t->path ? 0 : -ENOMEM;
}

static void release(struct text_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->v[i].kernel);
		free(list->v[i].experiment);
		free(list->v[i].name);
		free(list->v[i].kind);
		free(list->v[i].path);
	}
	free(list->v);
}

static void print_heading(const struct stored_text *t, const struct show_kind *k, bool first)
{
	bool color = term_color(stdout);

	printf("%s%s=== ", first ? "" : "\n", color ? "\033[1m" : "");
	if (*t->experiment)
		printf("%s ", t->experiment);
	if (*t->name)
		printf("%s ", t->name);
	printf("%son %s: %s ===%s\n", *t->experiment || *t->name ? "" : "guest ", t->kernel,
	       k->title, color ? "\033[0m" : "");
}

static int print_one(const struct stored_text *t)
{
	char *data = NULL;
	size_t len;
	int err = file_read(t->path, 0, &data, &len);

	if (err) {
		log_err("%s: can't read this text: %s%s", t->path, strerror(-err),
			err == -ENOENT ? "; it was recorded, and is gone since" : "");
		return err;
	}
	put_text(data, len);
	free(data);
	return 0;
}

/* --- finding ------------------------------------------------------------------------------- */

/* A guest's console belongs to no experiment; an excerpt of it, where one ended badly, does. */
static int collect_console(const struct show_what *w, struct text_list *list)
{
	int err = 0;

	if (w->experiment)
		err = store__texts(w->store, w->run->id, w->kernel, w->experiment, NULL,
				   CONSOLE_EXCERPT, collect, list);
	if (!err)
		err = store__texts(w->store, w->run->id, w->kernel, "", NULL, CONSOLE, collect,
				   list);
	return err;
}

/* "prog [n=5]" is the program's too, with a global variable set. */
struct of_program {
	const char *program;
	struct text_list *list;
};

static int collect_of_program(void *ctx, const struct stored_text *t)
{
	const struct of_program *of = ctx;
	size_t len = strlen(of->program);

	if (strncmp(t->name, of->program, len) != 0 || strncmp(t->name + len, " [", 2) != 0)
		return 0;
	return collect(of->list, t);
}

static int collect_kind(const struct show_what *w, const struct show_kind *k,
			struct text_list *list)
{
	int err;

	if (strcmp(k->kind, CONSOLE) == 0)
		return collect_console(w, list);
	err = store__texts(w->store, w->run->id, w->kernel, w->experiment, w->program, k->kind,
			   collect, list);
	if (!err && !list->n && w->program)
		err = store__texts(w->store, w->run->id, w->kernel, w->experiment, NULL, k->kind,
				   collect_of_program, &(struct of_program){ w->program, list });
	/* dmesg and the like are kept for an experiment, not for each of its programs. */
	if (!err && !list->n && w->program)
		err = store__texts(w->store, w->run->id, w->kernel, w->experiment, "", k->kind,
				   collect, list);
	return err;
}

int show__each_text(const struct show_what *w, const struct show_kind *k,
		    int (*fn)(void *ctx, const struct stored_text *t), void *ctx)
{
	struct text_list list = { 0 };
	int err = collect_kind(w, k, &list);

	for (size_t i = 0; i < list.n && !err; i++)
		err = fn(ctx, &list.v[i]);
	err = err ? err : (int)list.n;
	release(&list);
	return err;
}

int show__texts(const struct show_what *w, const struct show_kind *k, bool heading)
{
	struct text_list list = { 0 };
	int err = collect_kind(w, k, &list), bad = 0;
	size_t i;

	for (i = 0; i < list.n && !err; i++) {
		if (heading || list.n > 1)
			print_heading(&list.v[i], k, i == 0);
		bad = print_one(&list.v[i]) ?: bad;
	}
	err = err ? err : bad ? bad : (int)list.n;
	release(&list);
	return err;
}

/* --- matrices ------------------------------------------------------------------------------ */

struct drawing {
	const struct show_what *what;
	int n;
};

static int draw(void *ctx, const struct stored_record *sr)
{
	struct drawing *d = ctx;
	const struct record *r = sr->record;
	char *labels, *of;
	size_t i;

	if (!r->nr_matrices || (d->what->program && strcmp(d->what->program, r->name) != 0))
		return 0;
	labels = record__labels_str(r);
	of = labels ? str_fmt("%s on %s, %s%s%s%s", r->experiment, sr->guest.kernel, r->name,
			      *labels ? " (" : "", labels, *labels ? ")" : "")
		    : NULL;
	free(labels);
	if (!of)
		return -ENOMEM;
	for (i = 0; i < r->nr_matrices; i++) {
		if (d->n++)
			fputc('\n', stdout);
		report_matrix__draw(&r->matrices[i], of, stdout, 0, report_text__width(stdout));
	}
	free(of);
	return 0;
}

int show__matrices(const struct show_what *w)
{
	struct drawing d = { .what = w };
	int err = store__records(w->store, w->run->id, w->kernel, w->experiment, draw, &d);

	return err ? err : d.n;
}
