/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_COMMAND_H
#define ASSAY_CLI_COMMAND_H

#include <jansson.h>
#include <stddef.h>

struct vm;
struct vm_outcome;

/* A command in a guest, and where its output goes. */
struct command {
	json_t *job;	/* "exec" as in wire/event.h */
	int timeout_ms; /* 0: none */
	/* Takes output of descriptor 1 or 2: 0, or -errno, which ends the conversation; -EPIPE:
	 * nobody reads it any more. */
	int (*out)(void *ctx, int fd, const void *data, size_t len);
	void *ctx;
};

/* Sends the job (its reference stays the caller's) and waits for the command's end. Returns its
 * exit status (0 to 255), -EPIPE as above, or another -errno: then the conversation ended as *o
 * says, or what failed was logged. Release *o in any case. */
int command__run(struct vm *vm, const struct command *c, struct vm_outcome *o);

#endif
