/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_SUPERVISE_H
#define ASSAY_GUEST_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Who runs jobs: PID 1 of the VM, or `assay-guest run`. */
struct supervisor {
	int signal_fd; /* signalfd of SIGCHLD, which is blocked */
	int cancel_fd; /* base/proc.h cancel_open, or -1 */
	bool is_init;  /* everything else in this system is ours: what a job leaves is killed */
};

/* Blocks SIGCHLD and opens the signalfd; makes this process the reaper of its orphans. */
int supervisor__init(struct supervisor *s, int cancel_fd, bool is_init);

/* Something to read while a child runs. */
struct watch {
	int fd; /* made non-blocking; -1 once it has ended */
	/* Returns 0, or -errno, on which the child is killed. */
	int (*data)(void *ctx, const char *data, size_t len);
	void *ctx;
	bool anew; /* set by data(): the child has begun something for which the time limit is */
};

struct child_end {
	int status;	/* as from waitpid */
	bool timed_out; /* killed for the time limit */
	bool cancelled;
	bool stuck; /* killed, and still not dead: the kernel holds it */
	int err;    /* of a watch: killed for that */
};

/* Forks a child in a session and process group of its own, with an empty signal mask, first to go
 * when memory runs out, that dies with us. It runs fn and exits with what that returns. The child's
 * pid or -errno. */
pid_t child__start(int (*fn)(void *arg), void *arg);

/* Reads from the watches until the child has ended and they have nothing more; then kills what is
 * left of its group. timeout_ms 0: none. */
void child__watch(const struct supervisor *s, pid_t pid, struct watch *watches, size_t n,
		  unsigned int timeout_ms, struct child_end *end);

/* Reaps whatever has ended; true when `pid` was among it (its status in *status). */
bool child__reap(const struct supervisor *s, pid_t pid, int *status);
/* Kills what is left of a job and reaps it. */
void child__clear(const struct supervisor *s, pid_t pid);

/* 0-255, or 128 + signal. */
int child__exit_status(int wait_status);

#endif
