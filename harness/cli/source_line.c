// SPDX-License-Identifier: GPL-2.0-only
#include "cli/source_line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "model/vlog.h"

#define TEXT_MAX (64 << 20)

/* "experiments/e/e.bpf.c" of "/somewhere/experiments/e/e.bpf.c": from the last of the roots on. */
static const char *below_root(const char *path)
{
	static const char *const roots[] = { "/tests/experiments/", "/experiments/", "/bpf/" };
	const char *best = NULL, *best_end = NULL, *found;

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		for (found = path; (found = strstr(found, roots[i])); found++) {
			if (found + strlen(roots[i]) <= best_end)
				continue;
			best = found + 1;
			best_end = found + strlen(roots[i]);
		}
	}
	if (best)
		return best;
	return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

/* A place as "path.c:12" that takes all of [s, s+len). */
static bool is_place(const char *s, size_t len, size_t *path_len, long *line)
{
	size_t digits = 0;

	while (digits < len && s[len - 1 - digits] >= '0' && s[len - 1 - digits] <= '9')
		digits++;
	if (!digits || digits > 9 || len < digits + 4 || s[len - digits - 1] != ':')
		return false;
	*path_len = len - digits - 1;
	*line = strtol(s + len - digits, NULL, 10);
	return s[*path_len - 2] == '.' && strchr("ch", s[*path_len - 1]);
}

static int take(const char *path, size_t len, long at, char **file, long *line)
{
	char *copy = strndup(path, len), *kept;

	kept = copy ? strdup(below_root(copy)) : NULL;
	free(copy);
	if (!kept)
		return -ENOMEM;
	free(*file);
	*file = kept;
	*line = at;
	return 0;
}

/* Walks the disassembly to the insn-th instruction of the program (negative: its first line) and
 * keeps the last place that was named before it. */
static int from_disasm(const char *disasm, int64_t insn, char **file, long *line)
{
	/* "0000000000000aa0 <name>:" is where the program begins, in bytes. */
	int64_t first = (int64_t)(strtoull(disasm, NULL, 16) / 8);
	const char *p = disasm, *end, *place = NULL;
	size_t place_len = 0, path_len;
	long place_line = 0, at;
	bool found = false;

	for (; *p && !found; p = *end ? end + 1 : end) {
		end = p + strcspn(p, "\n");
		if (p[0] == ';' && p[1] == ' ') {
			/* Of a system's header the line of ours before it says more. */
			if (!is_place(p + 2, (size_t)(end - p - 2), &path_len, &at) ||
			    str_starts(p + 2, "/usr/"))
				continue;
			place = p + 2;
			place_len = path_len;
			place_line = at;
			found = insn < 0;
		} else if (*p == ' ') {
			char *rest;
			long long n = strtoll(p, &rest, 10);

			found = *rest == ':' && n - first == insn;
		}
	}
	return found && place && place_line ? take(place, place_len, place_line, file, line) : 0;
}

/* --- the places of all instructions --------------------------------------------------------- */

/* Keeps a copy of [s, s + len) for as long as the places live; NULL on ENOMEM. */
static const char *own(struct source_places *p, const char *s, size_t len)
{
	char *copy = strndup(s, len);
	int err = copy ? strv__add(&p->owned, copy) : -ENOMEM;

	free(copy);
	return err ? NULL : p->owned.v[p->owned.n - 1];
}

static int put_place(struct source_places *p, int64_t insn, const struct vlog_place *at)
{
	size_t room = p->room ? p->room : 64;

	if (insn < 0 || insn >= VLOG_LINES_INSNS_MAX)
		return 0;
	while (room <= (size_t)insn)
		room *= 2;
	if (room > p->room) {
		struct vlog_place *v = realloc(p->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		memset(v + p->room, 0, (room - p->room) * sizeof(*v));
		p->v = v;
		p->room = room;
	}
	if ((size_t)insn >= p->n)
		p->n = (size_t)insn + 1;
	p->v[insn] = *at;
	return 0;
}

/* "; path.c:12", "; name():" or "; \tsource": what it says is true until the next of its kind. */
static int take_comment(struct source_places *p, const char *s, size_t len, struct vlog_place *at)
{
	size_t path_len;
	long line;
	char *path;

	if (is_place(s, len, &path_len, &line)) {
		path = strndup(s, path_len);
		if (!path)
			return -ENOMEM;
		/* A line that goes on is named again without its text. */
		if (!at->file || strcmp(at->file, below_root(path)) != 0 || at->line != line) {
			at->text = NULL;
			at->line = line;
			at->file = own(p, below_root(path), strlen(below_root(path)));
		}
		free(path);
		return at->file ? 0 : -ENOMEM;
	}
	if (len > 3 && !memcmp(s + len - 3, "():", 3) && !memchr(s, ' ', len))
		return 0;
	for (; len && (*s == ' ' || *s == '\t'); s++)
		len--;
	while (len && (s[len - 1] == ' ' || s[len - 1] == '\t' || s[len - 1] == '\r'))
		len--;
	/* Of several lines the first one is that of the place. */
	if (!len || at->text)
		return 0;
	at->text = own(p, s, len);
	return at->text ? 0 : -ENOMEM;
}

int source_places__read(const char *disasm, struct source_places *out)
{
	int64_t first = (int64_t)(strtoull(disasm, NULL, 16) / 8);
	struct vlog_place at = { 0 };
	const char *p = disasm, *end;
	int err = 0;

	memset(out, 0, sizeof(*out));
	for (; *p && !err; p = *end ? end + 1 : end) {
		end = p + strcspn(p, "\n");
		if (p[0] == ';' && p[1] == ' ') {
			err = take_comment(out, p + 2, (size_t)(end - p - 2), &at);
		} else if (*p == ' ') {
			char *rest;
			long long n = strtoll(p, &rest, 10);

			if (*rest == ':' && rest < end)
				err = put_place(out, n - first, &at);
		}
	}
	if (err)
		source_places__release(out);
	return err;
}

void source_places__release(struct source_places *p)
{
	free(p->v);
	strv__free(&p->owned);
	memset(p, 0, sizeof(*p));
}

/* --- the place of one message --------------------------------------------------------------- */

/* The last "; text @ file.c:12" with a line; 0 stands for none. */
static int from_log(const char *log, char **file, long *line)
{
	const char *p = log, *end, *at;
	size_t path_len;
	long number;
	int err = 0;

	for (; *p && !err; p = *end ? end + 1 : end) {
		end = p + strcspn(p, "\n");
		if (*p != ';')
			continue;
		for (at = end; at > p + 3 && strncmp(at - 3, " @ ", 3) != 0; at--)
			;
		if (at > p + 3 && is_place(at, (size_t)(end - at), &path_len, &number) && number)
			err = take(at, path_len, number, file, line);
	}
	return err;
}

/* The log names files without their folder; the disassembly knows it. */
static int complete_path(const char *disasm, char **file)
{
	char *first = NULL, *log_name = *file;
	const char *name;
	long ignored;
	int err;

	if (!log_name || strchr(log_name, '/') || !disasm)
		return 0;
	err = from_disasm(disasm, -1, &first, &ignored);
	name = first ? strrchr(first, '/') : NULL;
	if (!err && name && !strcmp(name + 1, log_name)) {
		*file = first;
		first = log_name;
	}
	free(first);
	return err;
}

int source_line__find(const char *log, const char *disasm, char **file, long *line)
{
	struct vlog v = { .message_insn = VLOG_UNKNOWN };
	int err = 0;

	*file = NULL;
	*line = 0;
	if (log)
		err = vlog__parse(log, 1, &v);
	if (!err && disasm && v.message_insn >= 0)
		err = from_disasm(disasm, v.message_insn, file, line);
	if (!err && log && !*file)
		err = from_log(log, file, line);
	if (!err)
		err = complete_path(disasm, file);
	if (!err && disasm && !*file)
		err = from_disasm(disasm, -1, file, line);
	if (log)
		vlog__release(&v);
	return err;
}

int source_line__of_texts(const char *experiment, const char *log, const char *disasm, char **file,
			  long *line)
{
	char *log_text = NULL, *disasm_text = NULL, *own, *path;
	int err;

	if (log)
		file_read(log, TEXT_MAX, &log_text, NULL);
	if (disasm)
		file_read(disasm, TEXT_MAX, &disasm_text, NULL);
	err = source_line__find(log_text, disasm_text, file, line);
	free(log_text);
	free(disasm_text);
	if (err || !*file || strchr(*file, '/'))
		return err;
	own = str_fmt("%s.bpf.c", experiment);
	path = own ? str_fmt("experiments/%s/%s", experiment, own) : NULL;
	if (path && !strcmp(*file, own)) {
		free(*file);
		*file = path;
	} else {
		err = path ? 0 : -ENOMEM;
		free(path);
	}
	free(own);
	return err;
}
