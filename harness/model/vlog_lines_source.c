// SPDX-License-Identifier: GPL-2.0-only
/* The walk's cost by source line. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/vlog_lines.h"

/* Where one instruction belongs; texts are borrowed. */
struct origin {
	const char *file, *text;
	size_t file_len, text_len;
	long line;
	bool is_source;
	int func;
	int64_t insn;
	const struct vlog_insn *cost;
};

/* "s += i; @ e.bpf.c:26" (since 6.8): takes the place off the text's end. */
static void split_place(struct origin *o)
{
	const char *end = o->text + o->text_len, *colon = end, *at;
	long line = 0, unit = 1;

	while (colon > o->text && colon[-1] >= '0' && colon[-1] <= '9' && end - colon < 9) {
		colon--;
		line += unit * (*colon - '0');
		unit *= 10;
	}
	if (colon == end || colon == o->text || *--colon != ':')
		return;
	for (at = colon; at > o->text && at[-1] != ' ';)
		at--;
	/* A line that is the compiler's own has no text: "; @ e.bpf.c:0", its blanks trimmed. */
	if (at < o->text + 2 || at[-2] != '@' || at == colon || (at - o->text > 2 && at[-3] != ' '))
		return;
	o->file = at;
	o->file_len = (size_t)(colon - at);
	o->line = line;
	for (o->text_len = (size_t)(at - 2 - o->text);
	     o->text_len && o->text[o->text_len - 1] == ' ';)
		o->text_len--;
}

static bool same_text(const struct origin *o, const char *text)
{
	return strlen(text) == o->text_len && !memcmp(text, o->text, o->text_len);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Logs name files without their folder: the one file of that name that is known, or NULL. */
static const char *full_path(const struct origin *o, const struct vlog_place *places, size_t nr)
{
	const char *found = NULL;

	for (size_t i = 0; i < nr; i++) {
		const char *file = places[i].file;

		if (!file || file == found || strlen(base_name(file)) != o->file_len ||
		    memcmp(base_name(file), o->file, o->file_len) != 0)
			continue;
		if (found && strcmp(found, file) != 0)
			return NULL;
		found = file;
	}
	return found;
}

/* Where the log has only the text, or nothing. */
static void place(struct origin *o, const struct vlog_place *p)
{
	/* Another text: of another build, or counted from elsewhere. */
	if (!p->file || (o->is_source && (!p->text || !same_text(o, p->text))))
		return;
	o->file = p->file;
	o->file_len = strlen(p->file);
	o->line = p->line;
	if (!o->is_source) {
		o->text = p->text ? p->text : "";
		o->text_len = strlen(o->text);
		o->is_source = true;
	}
}

static void find_origin(const struct vlog_lines *l, size_t i, const struct vlog_place *places,
			size_t nr, struct origin *o)
{
	const struct vlog_insn *insn = &l->insns[i];
	const char *path;

	*o = (struct origin){ .text = insn->source ? insn->source : insn->text,
			      .text_len = insn->source ? insn->source_len : insn->text_len,
			      .is_source = insn->source,
			      .func = vlog_lines__func_of(l, (int64_t)i),
			      .insn = (int64_t)i,
			      .cost = insn };
	if (!o->text)
		o->text = "";
	while (o->is_source && o->text_len && (*o->text == ' ' || *o->text == '\t')) {
		o->text++;
		o->text_len--;
	}
	if (o->is_source)
		split_place(o);
	if (!o->file) {
		if (i < nr)
			place(o, &places[i]);
	} else if ((path = full_path(o, places, nr))) {
		o->file = path;
		o->file_len = strlen(path);
	}
}

static int compare_spans(const char *a, size_t na, const char *b, size_t nb)
{
	int d = na && nb ? memcmp(a, b, na < nb ? na : nb) : 0;

	return d ? d : (na > nb) - (na < nb);
}

/* 0: the same line. An instruction without a source is a line of its own. */
static int compare_origins(const struct origin *a, const struct origin *b)
{
	int d = (a->func > b->func) - (a->func < b->func);

	d = d ? d : (a->is_source > b->is_source) - (a->is_source < b->is_source);
	if (!d && !a->is_source)
		return (a->insn > b->insn) - (a->insn < b->insn);
	d = d ? d : compare_spans(a->file, a->file_len, b->file, b->file_len);
	d = d ? d : (a->line > b->line) - (a->line < b->line);
	return d ? d : compare_spans(a->text, a->text_len, b->text, b->text_len);
}

static int by_origin(const void *a, const void *b)
{
	const struct origin *x = a, *y = b;
	int d = compare_origins(x, y);

	return d ? d : (x->insn > y->insn) - (x->insn < y->insn);
}

static int start_line(struct vlog_line *line, const struct origin *o)
{
	*line = (struct vlog_line){ .file = o->file ? strndup(o->file, o->file_len) : NULL,
				    .line = o->line,
				    .text = strndup(o->text, o->text_len),
				    .is_source = o->is_source,
				    .func = o->func,
				    .first_insn = o->insn,
				    .first = o->cost->first };
	return line->text && (line->file || !o->file) ? 0 : -ENOMEM;
}

static void add(struct vlog_line *line, const struct origin *o)
{
	line->visits += o->cost->visits;
	line->pruned += o->cost->pruned;
	line->nr_insns++;
	if (o->cost->first < line->first)
		line->first = o->cost->first;
}

static int by_first(const void *a, const void *b)
{
	const struct vlog_line *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int by_visits(const void *a, const void *b)
{
	const struct vlog_line *x = a, *y = b;

	return x->visits == y->visits ? by_first(a, b) : x->visits < y->visits ? 1 : -1;
}

static int by_insns(const void *a, const void *b)
{
	const struct vlog_line *x = a, *y = b;

	return x->nr_insns == y->nr_insns ? by_visits(a, b) : x->nr_insns < y->nr_insns ? 1 : -1;
}

int vlog_lines__by_source(const struct vlog_lines *l, const struct vlog_place *places, size_t nr,
			  enum vlog_line_order order, struct vlog_line **out, size_t *n)
{
	static int (*const orders[])(const void *, const void *) = {
		[VLOG_BY_VISITS] = by_visits,
		[VLOG_BY_INSNS] = by_insns,
		[VLOG_BY_FIRST] = by_first,
	};
	struct origin *origins = calloc(l->nr_visited + 1, sizeof(*origins));
	struct vlog_line *lines = calloc(l->nr_visited + 1, sizeof(*lines));
	size_t used = 0, got = 0;
	int err = origins && lines ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < l->nr_insns; i++)
		if (l->insns[i].visits)
			find_origin(l, i, places, places ? nr : 0, &origins[used++]);
	if (!err)
		qsort(origins, used, sizeof(*origins), by_origin);
	for (size_t i = 0; !err && i < used; i++) {
		if (!i || compare_origins(&origins[i - 1], &origins[i]))
			err = start_line(&lines[got++], &origins[i]);
		if (!err)
			add(&lines[got - 1], &origins[i]);
	}
	free(origins);
	if (err) {
		vlog_line__free(lines, got);
		return err;
	}
	qsort(lines, got, sizeof(*lines), orders[order]);
	*out = lines;
	*n = got;
	return 0;
}

void vlog_line__free(struct vlog_line *lines, size_t n)
{
	for (size_t i = 0; lines && i < n; i++) {
		free(lines[i].file);
		free(lines[i].text);
	}
	free(lines);
}
