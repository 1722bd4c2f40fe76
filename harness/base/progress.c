// SPDX-License-Identifier: GPL-2.0-only
#include "base/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/board.h"
#include "base/clock.h"
#include "base/eta.h"
#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "base/utf8.h"

#define QUIET_S	  2.0 /* shorter work shows nothing */
#define REDRAW_S  0.1
#define PLAIN_S	  10.0
#define BAR_CELLS 20
#define ERASE	  "\r\033[K"

struct progress {
	char *what;
	struct board *board; /* that shows it, or NULL */
	bool tty, always;
	bool shown; /* anything was printed, ever */
	bool drawn; /* the line is on the terminal now */
	double start, last;
	struct eta eta;
	/* The logger's hook before us: progress lines may be nested. */
	void (*outer_before)(void *ctx);
	void *outer_ctx;
};

static double now_s(void)
{
	return (double)clock_ns() / 1e9;
}

bool progress_terminal(void)
{
	const char *term = getenv("TERM");

	return term && *term && strcmp(term, "dumb") && isatty(STDERR_FILENO) == 1;
}

size_t progress_columns(void)
{
	struct winsize ws = { 0 };
	uint64_t n;

	if (!ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) && ws.ws_col)
		return ws.ws_col;
	return num_u64(getenv("COLUMNS"), 1, 10000, &n) ? 80 : n;
}

static void print(const struct strbuf *sb)
{
	if (!sb->failed)
		write_all(STDERR_FILENO, strbuf__str(sb), sb->len);
}

static void add_bar(struct strbuf *sb, double fraction)
{
	int full = (int)(fraction * BAR_CELLS);

	strbuf__add(sb, " [", 2);
	for (int i = 0; i < BAR_CELLS; i++)
		strbuf__add(sb, i < full ? "#" : ".", 1);
	strbuf__add(sb, "]", 1);
}

static void add_state(struct strbuf *sb, const struct progress *p, double now, double fraction,
		      bool bar)
{
	double left = eta__left(&p->eta, now);
	char time[32];

	if (fraction < 0) {
		strbuf__addf(sb, " %s", fmt_seconds(now - p->start, time, sizeof(time)));
		return;
	}
	/* Rounded down: 100 % is for what is done. */
	strbuf__addf(sb, " %d%%", (int)(fraction * 100));
	if (bar)
		add_bar(sb, fraction);
	if (left >= 0)
		strbuf__addf(sb, " %s left", fmt_seconds(left, time, sizeof(time)));
}

static void draw(struct progress *p, double now, double fraction, const char *detail)
{
	struct strbuf line = STRBUF_INIT, out = STRBUF_INIT;
	size_t columns = progress_columns();

	strbuf__addf(&line, "%s:", p->what);
	add_state(&line, p, now, fraction, columns >= 70);
	if (detail && *detail)
		strbuf__addf(&line, "  %s", detail);
	for (char *c = line.data; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	/* The last column stays free: some terminals wrap as soon as it is filled. */
	strbuf__add(&out, ERASE, strlen(ERASE));
	strbuf__add(&out, strbuf__str(&line), utf8_fit(strbuf__str(&line), columns - 1));
	print(&out);
	p->drawn = true;
	strbuf__free(&line);
	strbuf__free(&out);
}

static void print_plain(const struct progress *p, double now, double fraction, const char *detail)
{
	struct strbuf line = STRBUF_INIT;

	strbuf__addf(&line, "%s:", p->what);
	if (!p->shown && p->always)
		strbuf__addf(&line, " started");
	else
		add_state(&line, p, now, fraction, false);
	if (detail && *detail)
		strbuf__addf(&line, "  %s", detail);
	strbuf__add(&line, "\n", 1);
	print(&line);
	strbuf__free(&line);
}

static void show(struct progress *p, double now, double fraction, const char *detail)
{
	if (p->board) {
		struct strbuf state = STRBUF_INIT;

		add_state(&state, p, now, fraction, false);
		board__show(p->board, p->what, strbuf__str(&state));
		strbuf__free(&state);
	} else if (p->tty)
		draw(p, now, fraction, detail);
	else
		print_plain(p, now, fraction, detail);
	p->shown = true;
	p->last = now;
}

struct progress *progress__new(const char *what, bool always)
{
	struct progress *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->what = str_utf8(what, strlen(what));
	if (!p->what) {
		free(p);
		return NULL;
	}
	p->tty = progress_terminal();
	p->always = always;
	p->start = now_s();
	p->board = assay_log.board;
	if (p->board) {
		board__show(p->board, p->what, "");
		return p;
	}
	p->outer_before = assay_log.before;
	p->outer_ctx = assay_log.ctx;
	assay_log.before = progress__clear;
	assay_log.ctx = p;
	if (always)
		show(p, p->start, -1, NULL);
	return p;
}

void progress__update(struct progress *p, double fraction, const char *detail)
{
	double now, wait;

	if (!p)
		return;
	now = now_s();
	if (fraction > 1)
		fraction = 1;
	if (!(fraction >= 0)) /* also NAN */
		fraction = -1;
	else
		eta__sample(&p->eta, now, fraction);
	if (p->board)
		wait = REDRAW_S - (now - p->last);
	else if (!p->shown)
		wait = QUIET_S - (now - p->start);
	else
		wait = (p->tty ? REDRAW_S : PLAIN_S) - (now - p->last);
	if (wait <= 0)
		show(p, now, fraction, detail);
}

void progress__clear(void *ctx)
{
	struct progress *p = ctx;

	if (!p)
		return;
	if (p->drawn)
		write_all(STDERR_FILENO, ERASE, strlen(ERASE));
	p->drawn = false;
	if (p->outer_before)
		p->outer_before(p->outer_ctx);
}

/* Takes p out of the chain of hooks, wherever it is: an outer line may end before an inner one. */
static void unhook(struct progress *p)
{
	struct progress *inner;

	if (assay_log.before == progress__clear && assay_log.ctx == p) {
		assay_log.before = p->outer_before;
		assay_log.ctx = p->outer_ctx;
		return;
	}
	inner = assay_log.before == progress__clear ? assay_log.ctx : NULL;
	while (inner && inner->outer_ctx != p)
		inner = inner->outer_before == progress__clear ? inner->outer_ctx : NULL;
	if (inner) {
		inner->outer_before = p->outer_before;
		inner->outer_ctx = p->outer_ctx;
	}
}

void progress__done(struct progress *p, const char *result)
{
	struct strbuf line = STRBUF_INIT;
	char time[32];

	if (!p)
		return;
	if (p->board)
		goto out; /* its line tells more than one piece of work */
	unhook(p);
	if (p->drawn)
		strbuf__add(&line, ERASE, strlen(ERASE));
	if (p->shown && result)
		strbuf__addf(&line, "%s: %s (%s)\n", p->what, result,
			     fmt_seconds(now_s() - p->start, time, sizeof(time)));
	print(&line);
	strbuf__free(&line);
out:
	free(p->what);
	free(p);
}
