/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_RAWTERM_H
#define ASSAY_CLI_RAWTERM_H

/* A terminal in raw mode. It gets its modes back however we end: a child process waits for that
 * and, when we are killed, restores them, unless somebody else has changed them by then. */
struct rawterm;
/* 0 or -errno (-ENOTTY when fd is no terminal). */
int rawterm__enter(int fd, struct rawterm **out);
void rawterm__leave(struct rawterm *t); /* accepts NULL */

#endif
