/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_BOARD_H
#define ASSAY_BASE_BOARD_H

#include <stdbool.h>
#include <stddef.h>

/* A line of progress on stderr for each of several pieces of work that are done one after the
 * other. On a terminal the lines are redrawn in place; those of what is done scroll away above.
 * Otherwise a plain line is printed at every change, and every half minute. */
struct board;
/* The words of progress titles ("kernel 6.1: download") as the board shows them ("fetching"). */
struct board_word {
	const char *title, *shown;
};

/* From here to board__free every progress (base/term.h) is shown on the line that was begun last,
 * and assay_log's lines come out above the board. Names are copied; words, up to one with title
 * NULL, are borrowed. NULL when memory ran out: all others accept that. */
struct board *board__new(const char *const *names, size_t n, const struct board_word *words);
void board__begin(struct board *b, size_t i);
/* The result stays: "built in 6 min 2 s". */
void board__end(struct board *b, size_t i, const char *result);
void board__free(struct board *b);

/* For progress.c: what the line begun last is at ("kernel 6.1: build", " 34%"). */
void board__show(struct board *b, const char *title, const char *state);
bool progress_terminal(void);  /* is stderr one that lines may be redrawn on? */
size_t progress_columns(void); /* of it */

#endif
