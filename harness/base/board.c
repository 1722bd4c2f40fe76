// SPDX-License-Identifier: GPL-2.0-only
#include "base/board.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"

#define PLAIN_S 30.0
#define ROWS	24 /* of a terminal that does not say */

struct board {
	struct strv names;
	const struct board_word *words;
	bool *done;
	size_t current; /* begun last; n: none */
	int width;	/* of the longest name */
	bool tty;
	size_t drawn; /* lines on the terminal now */
	char *stage;  /* of the current line: "compiling" */
	char *state;  /* of it: " 34%" */
	double last;  /* seconds: when it was shown */
	struct board *outer;
	void (*outer_before)(void *ctx);
	void *outer_ctx;
};

static double now_s(void)
{
	return (double)clock_ns() / 1e9;
}

static size_t terminal_rows(void)
{
	struct winsize ws = { 0 };

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) && ws.ws_row ? ws.ws_row : ROWS;
}

static void print(const struct strbuf *sb)
{
	if (!sb->failed)
		write_all(STDERR_FILENO, strbuf__str(sb), sb->len);
}

static void add_erase(struct board *b, struct strbuf *sb)
{
	if (b->drawn > 1)
		strbuf__addf(sb, "\r\033[%zuA\033[J", b->drawn - 1);
	else if (b->drawn)
		strbuf__addf(sb, "\r\033[J");
	b->drawn = 0;
}

static void clear(void *ctx)
{
	struct strbuf sb = STRBUF_INIT;
	struct board *b = ctx;

	add_erase(b, &sb);
	print(&sb);
	strbuf__free(&sb);
	if (b->outer_before)
		b->outer_before(b->outer_ctx);
}

/* What a line says, cut to the terminal: the last column stays free, as some terminals wrap as soon
 * as it is filled. */
static void add_line(const struct board *b, struct strbuf *sb, size_t i, const char *text,
		     const char *state, size_t columns)
{
	struct strbuf line = STRBUF_INIT;

	strbuf__addf(&line, "%-*s  %s%s", b->width, b->names.v[i], text, state);
	for (char *c = line.data; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	strbuf__add(sb, strbuf__str(&line), utf8_fit(strbuf__str(&line), columns - 1));
	strbuf__free(&line);
}

static void draw(struct board *b)
{
	size_t rows = terminal_rows(), columns = progress_columns(), left = 0, shown = 0;
	struct strbuf sb = STRBUF_INIT;

	add_erase(b, &sb);
	for (size_t i = 0; i < b->names.n; i++)
		left += !b->done[i];
	for (size_t i = 0; i < b->names.n && shown < left; i++) {
		if (b->done[i])
			continue;
		if (shown)
			strbuf__add(&sb, "\n", 1);
		/* One row is for this, one for the cursor's line of whoever writes next. */
		if (shown + 2 >= rows && left - shown > 1) {
			strbuf__addf(&sb, "and %zu more", left - shown);
			shown++;
			break;
		}
		if (i == b->current)
			add_line(b, &sb, i, b->stage ? b->stage : "begins",
				 b->state ? b->state : "", columns);
		else
			add_line(b, &sb, i, "waiting", "", columns);
		shown++;
	}
	print(&sb);
	strbuf__free(&sb);
	b->drawn = shown;
	b->last = now_s();
}

static void print_plain(struct board *b, size_t i, const char *text, const char *state)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s: %s%s\n", b->names.v[i], text, state);
	print(&sb);
	strbuf__free(&sb);
	b->last = now_s();
}

struct board *board__new(const char *const *names, size_t n, const struct board_word *words)
{
	struct board *b = calloc(1, sizeof(*b));
	int err = 0;

	if (!b)
		return NULL;
	b->done = calloc(n + 1, sizeof(*b->done));
	for (size_t i = 0; !err && i < n; i++) {
		err = strv__add(&b->names, names[i]);
		if ((int)strlen(names[i]) > b->width)
			b->width = (int)strlen(names[i]);
	}
	if (!b->done || err) {
		strv__free(&b->names);
		free(b->done);
		free(b);
		return NULL;
	}
	b->words = words;
	b->current = n;
	b->tty = progress_terminal();
	b->outer = assay_log.board;
	b->outer_before = assay_log.before;
	b->outer_ctx = assay_log.ctx;
	assay_log.board = b;
	assay_log.before = clear;
	assay_log.ctx = b;
	if (b->tty)
		draw(b);
	return b;
}

static void set_stage(struct board *b, const char *stage, const char *state)
{
	char *text = stage ? strdup(stage) : NULL, *more = state ? strdup(state) : NULL;

	free(b->stage);
	free(b->state);
	b->stage = text;
	b->state = more;
}

void board__begin(struct board *b, size_t i)
{
	if (!b)
		return;
	b->current = i;
	set_stage(b, NULL, NULL);
	if (b->tty)
		draw(b);
}

static const char *shown_as(const struct board *b, const char *title)
{
	const char *what = strstr(title, ": ");

	what = what ? what + 2 : title;
	for (const struct board_word *w = b->words; w && w->title; w++)
		if (!strcmp(w->title, what))
			return w->shown;
	return what;
}

void board__show(struct board *b, const char *title, const char *state)
{
	const char *stage = shown_as(b, title);
	bool changed = !b->stage || strcmp(b->stage, stage);

	if (b->current >= b->names.n)
		return;
	set_stage(b, stage, state);
	if (b->tty) /* progress.c sees to it that this is not too often */
		draw(b);
	else if (!b->tty && (changed || now_s() - b->last >= PLAIN_S))
		print_plain(b, b->current, stage, state);
}

void board__end(struct board *b, size_t i, const char *result)
{
	struct strbuf sb = STRBUF_INIT;

	if (!b)
		return;
	b->done[i] = true;
	b->current = b->names.n;
	if (!b->tty) {
		print_plain(b, i, result, "");
		return;
	}
	add_erase(b, &sb);
	add_line(b, &sb, i, result, "", progress_columns());
	strbuf__add(&sb, "\n", 1);
	print(&sb);
	strbuf__free(&sb);
	draw(b);
}

void board__free(struct board *b)
{
	struct strbuf sb = STRBUF_INIT;

	if (!b)
		return;
	add_erase(b, &sb);
	print(&sb);
	strbuf__free(&sb);
	assay_log.board = b->outer;
	assay_log.before = b->outer_before;
	assay_log.ctx = b->outer_ctx;
	set_stage(b, NULL, NULL);
	strv__free(&b->names);
	free(b->done);
	free(b);
}
