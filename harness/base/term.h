/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_TERM_H
#define ASSAY_BASE_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* True when the stream is a terminal, NO_COLOR is unset or empty and TERM is not dumb. */
bool term_color(FILE *f);

/* One line of progress on stderr. On a terminal it is redrawn in place (percentage, bar, time
 * left); otherwise a plain line is printed when something starts, at most every ten seconds, and
 * when it ends. Nothing is printed for work that ends within two seconds unless `always`. From
 * progress__new to progress__done it is assay_log's `before` (and calls the one that was there
 * before it), so that log lines don't run into it; several may be open at once. */
struct progress;
struct progress *progress__new(const char *what, bool always);
/* fraction in 0..1, negative when unknown; detail may be NULL. Cheap: call it often. */
void progress__update(struct progress *p, double fraction, const char *detail);
void progress__clear(void *p); /* erases the line; fits struct log's `before` */
/* Ends it with a line "what: result (time)" where anything was shown; result NULL: no line. */
void progress__done(struct progress *p, const char *result);

/* A text table: header, rows, columns aligned to their widest cell (UTF-8 aware). */
enum align { ALIGN_LEFT, ALIGN_RIGHT };
struct column {
	const char *title;
	enum align align;
	size_t max; /* cells longer than this are cut with "…"; 0: never */
};
struct table;
struct table *table__new(const struct column *columns, size_t n);
/* Adds a row of n cells; NULL cells are empty; cells are copied. */
int table__row(struct table *t, const char *const *cells);
int table__rule(struct table *t); /* a blank line between groups */
/* Prints; with color, cells that are status words (ok, unexpected, …) are coloured. */
void table__print(const struct table *t, FILE *out, bool color);
void table__free(struct table *t);

/* "1.2 s", "3 min 20 s", "245 MB", "1,234,567": into buf, returned. */
const char *fmt_seconds(double s, char *buf, size_t len);
const char *fmt_bytes(double bytes, char *buf, size_t len);
const char *fmt_count(unsigned long long n, char *buf, size_t len);

#endif
