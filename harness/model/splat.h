/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_SPLAT_H
#define ASSAY_MODEL_SPLAT_H

#include <stdbool.h>

/* Trouble that a kernel prints. */
enum splat {
	SPLAT_NONE,
	SPLAT_WARN,
	SPLAT_LOCKDEP,
	SPLAT_RCU_STALL,
	SPLAT_HUNG_TASK,
	SPLAT_SOFT_LOCKUP,
	SPLAT_HARD_LOCKUP,
	SPLAT_OOM,  /* "Out of memory: Killed process" (not: memory cgroup) */
	SPLAT_BUG,  /* BUG:, kernel BUG at, sanitizers */
	SPLAT_OOPS, /* Oops, general protection fault, unable to handle ... */
	SPLAT_PANIC,
};

const char *splat__name(enum splat s); /* "WARN", "soft lockup", "panic", … */
/* Classifies one line of the kernel's log, with or without a "[   12.3456]" or "<4>" prefix. */
enum splat splat__classify(const char *line);
/* Scans a whole text; returns the worst class and points *first (may be NULL) to the line where
 * the first splat begins. */
enum splat splat__scan(const char *text, const char **first);
/* An excerpt of text around `at`: two lines before and up to `lines` after, ending early at
 * "---[ end trace" or at the panic's end; caller frees. */
char *splat__excerpt(const char *text, const char *at, int lines);

#endif
