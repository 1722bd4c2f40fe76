/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_CONSOLE_H
#define ASSAY_VM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/splat.h"

/* The file that QEMU writes the kernel's messages to, read as it grows, and the trouble found in
 * it. Only whole lines are judged. Memory does not grow with the file. */
struct console;

/* Creates the file, or empties it. 0 or -errno. */
int console__create(const char *path, struct console **out);
void console__free(struct console *c);

/* Reads what has come. 1 when there was something, 0 when not, or -errno. */
int console__poll(struct console *c);
/* Nothing more will come: judges a last line that has no end. */
void console__finish(struct console *c);
/* A new conversation: trouble that a kernel survives (WARN, oops, …) is history. */
void console__mark(struct console *c);

bool console__empty(const struct console *c);
/* The trouble after which a guest is not worth talking to: a panic, a lockup, a stall, a hung
 * task, or a BUG that did not turn out to be an oops (the kernel kills the task and goes on);
 * SPLAT_NONE when there is none. */
enum splat console__ending(const struct console *c);
/* That, or else the worst since the mark. The next two functions speak of the same one. */
enum splat console__splat(const struct console *c);
/* Bytes left on the file's disk, -1 when that is not known. */
long long console__disk_left(const struct console *c);

/* The texts: caller frees, NULL when memory runs out or the file can't be read. Text is made
 * printable: no NULs, no carriage returns. */

/* The line that says so, without its time; NULL also when there is none. */
char *console__splat_line(const struct console *c);
/* The lines around it, with what led to it; without trouble the last lines. */
char *console__excerpt(const struct console *c);
char *console__tail(const struct console *c, int lines);
/* The last max bytes, cut at a line's start. */
char *console__text(const struct console *c, size_t max);

#endif
