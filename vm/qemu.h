/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_QEMU_H
#define ASSAY_VM_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct vm_opts;

/* One QEMU process, the sockets to its ports, and what it says on stderr. */
struct qemu {
	pid_t pid;   /* 0: not started, or reaped */
	int pidfd;   /* readable once it has ended */
	int wire_fd; /* our ends of the ports; -1 */
	int tty_fd;
	int qmp_fd;    /* of the monitor, where vm_opts asked for one */
	int stderr_fd; /* a file in memory */
	int status;    /* exit status, or -signal; once reaped */
};

/* The program's path (name NULL: the usual one); caller frees; NULL when there is none, logged. */
char *qemu__find(const char *name);
void qemu__init(struct qemu *q);
/* Starts it; it dies with us. 0 or -errno, logged. */
int qemu__start(struct qemu *q, const struct vm_opts *o);
/* Has it ended? Reaps it then. */
bool qemu__ended(struct qemu *q);
/* What it said last on stderr, the lines joined by "; ", without the program's name and warnings
 * of no consequence; caller frees, NULL when nothing. */
char *qemu__last_words(const struct qemu *q);
/* Kills it with its group, when it still runs, and closes everything. */
void qemu__release(struct qemu *q);

#endif
