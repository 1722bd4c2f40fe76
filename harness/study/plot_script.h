/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_PLOT_SCRIPT_H
#define ASSAY_STUDY_PLOT_SCRIPT_H

#include <stddef.h>

struct strbuf;
struct study_data;
struct study_obs;

/* What all pictures share: page, fonts, colours, and how gnuplot wants to be told. */

/* Size in pixels of the SVG; the PNG has twice as many. Printed over 165 mm, 13 pixels are letters
 * of 7 to 8 points. */
struct page {
	const char *name, *title;
	int width, height;
};
#define PAGE_WIDTH	800
#define PAGE_FONT	13
#define PAGE_SMALL_FONT 12
#define PAGE_TITLE_FONT 17
#define PAGE_HEAD	56 /* pixels that title and subtitle take */

/* One look for each hook, the same in all pictures: colours of Okabe and Ito's palette, which
 * readers without red-green vision tell apart, and marks and dashes for print without colour. */
struct look {
	const char *hook;  /* value of the factor */
	const char *title; /* "kprobe, int3" */
	const char *colour;
	int mark, hollow; /* gnuplot's point types */
	const char *dash; /* dashtype */
};
extern const struct look plot_looks[];
extern const size_t nr_plot_looks;
const struct look *look__of_hook(const char *hook); /* NULL: no hook that is drawn */

#define BLACK	   "#000000"
#define GREY	   "#767676"
#define LIGHT_GREY "#d8d8d8"
#define KEY_PIXELS 18 /* height of an entry of a key */

/* Terminal, title, and under it a line with `what`, the kernels, accelerator and timing mode of the
 * points, and the run. */
void script__begin(struct strbuf *sb, const struct page *page, const struct study_data *d,
		   const struct study_obs *const *points, size_t n, const char *what);
/* Where the plot lies on the page, in pixels from the page's edges. */
void script__frame(struct strbuf *sb, const struct page *page, int left, int right, int top,
		   int bottom);
/* An axis's name under (x), above (x2) or beside (y) such a frame; x is the middle of its letters,
 * from the page's left edge. gnuplot's own place for it depends on the terminal. */
#define X_PIXELS  52 /* that tics and name take */
#define X2_PIXELS 58
void script__xlabel(struct strbuf *sb, const struct page *page, const char *text, int left,
		    int right, int bottom);
void script__x2label(struct strbuf *sb, const struct page *page, const char *text, int left,
		     int right, int top);
void script__ylabel(struct strbuf *sb, const struct page *page, const char *text, int x, int top,
		    int bottom);
/* Text in gnuplot's single quotes, in which nothing is expanded, neither `command` nor \n. */
void script__quote(struct strbuf *sb, const char *text);
/* The name of a tic, which gnuplot takes for a format (one with a '%' it cuts at 49 bytes). Two
 * lines; one when the second is "". */
void script__quote_tic(struct strbuf *sb, const char *first, const char *second);
/* A datablock $NAME: begin, lines of numbers, end. */
void script__data(struct strbuf *sb, const char *name);
void script__data_end(struct strbuf *sb);
/* "4 KiB", "512 B": a number of bytes that is given as text; other text as it is. */
void script__bytes(struct strbuf *sb, const char *bytes);
/* An entry of a key: a mark on a piece of line, either of which may be left out. */
struct key_entry {
	const char *title, *colour;
	int mark;	  /* gnuplot's point type; 0: none */
	const char *dash; /* NULL: no line */
	double width;	  /* of the line */
};
/* Draws a key outside of all plots, in columns that are filled one after the other: gnuplot's own
 * would be put where a plot is. left and bottom are the place of the lower left corner, in pixels;
 * so is width, of a column. `unset label` and `unset arrow` take it away. */
void script__key(struct strbuf *sb, const struct page *page, const struct key_entry *entries,
		 size_t n, size_t columns, int left, int bottom, int width);
/* Tics at 1, 2 and 5 of each decade; more when there is but one, fewer when there are many. axis:
 * "x", "y". */
void script__log_tics(struct strbuf *sb, const char *axis, double least, double most);
/* Hands the text over: 0 or -ENOMEM. */
int script__end(struct strbuf *sb, char **script);
/* -ENODATA with *why set, or -ENOMEM. */
int script__nothing(char **why, const char *text);

#endif
