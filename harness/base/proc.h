/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_PROC_H
#define ASSAY_BASE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

/* A signalfd for SIGINT, SIGTERM and SIGHUP, which it blocks for this process. It is only ever
 * polled, never read, so that once a signal has come every loop that polls it stops. Returns the
 * descriptor or -errno. */
int cancel_open(void);
bool cancel_pending(int cancel_fd); /* false for a negative descriptor */

struct proc_opts {
	const char *const *argv;	 /* NULL-terminated; argv[0] is looked up in PATH */
	const char *dir;		 /* working directory, or NULL */
	const char *const *env;		 /* NAME=VALUE added to the environment, or NULL */
	const char *log_path;		 /* everything printed is appended there, or NULL */
	void (*on_line)(void *ctx, const char *line); /* each line printed, without its newline */
	void *ctx;
	const char *stdin_path;		 /* NULL: /dev/null */
	bool own_stdio;			 /* leave stdin, stdout and stderr as they are */
	bool stdout_only;		 /* stderr is passed through, not captured */
	int timeout_ms;			 /* 0: none */
	int cancel_fd;			 /* from cancel_open, or -1 */
};

/* Runs a program to its end. The child has its own process group (killed whole on timeout or
 * cancel), a clean signal mask, and dies with us. *status is the exit status, or 128 + signal.
 * Returns 0 when it ran, -ENOENT when it can't be found, -ETIMEDOUT, -EINTR when cancelled. */
int proc_run(const struct proc_opts *opts, int *status);

/* As proc_run, collecting standard output; *out is NUL-terminated, caller frees. */
int proc_output(const char *const *argv, char **out, int *status);

struct spawn_opts {
	const char *const *argv;
	const int *keep_fds; /* descriptors that the child keeps under their numbers */
	int nr_keep_fds;
	int stdout_fd, stderr_fd; /* dup'ed to 1 and 2; -1: /dev/null */
};

/* Starts a program and returns. *pidfd becomes readable when it ends. Process group, signal mask
 * and death with the parent as in proc_run. */
int proc_spawn(const struct spawn_opts *opts, pid_t *pid, int *pidfd);

/* The absolute path of a program in PATH (also /usr/sbin and /sbin); caller frees; NULL when
 * absent. */
char *proc_which(const char *name);

#endif
