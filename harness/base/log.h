/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_LOG_H
#define ASSAY_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log {
	const char *prog;	   /* prefix of every line, e.g. "assay" */
	enum log_level level;	   /* lines above this level are dropped */
	void (*before)(void *ctx); /* called before a line is written (a progress line clears
				    * itself here), or NULL */
	void *ctx;
	struct log_catch *catch; /* see log_catch__begin */
	struct board *board;	 /* where progress goes (base/board.h); NULL: a line for each */
};

/* The one logger of a program; each program's main file defines it. */
extern struct log assay_log;

/* Writes "prog: text\n" (with "warning: " or "debug: " after the prefix where it applies) to
 * stderr in one write. A message names the object, what was attempted, the error and the mend. */
void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Keeps the first error that is logged (it is logged all the same, unless `quiet`), for whoever has
 * to say later why something failed: what fails says so best where it fails. May be nested. */
struct log_catch {
	char *first; /* its first line, without the program's name */
	bool quiet;  /* set after begin: nothing is written, of any level */
	struct log_catch *outer;
};
void log_catch__begin(struct log_catch *c);
/* The error, or NULL when there was none; caller frees. */
char *log_catch__end(struct log_catch *c);

#define log_err(...)   log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
