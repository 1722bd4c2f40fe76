/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_PROC_H
#define ASSAY_BASE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

/* A signalfd for SIGINT, SIGTERM and SIGHUP, which it blocks for this process. It is only ever
 * polled, never read, so that once a signal has come every loop that polls it stops. A signal that
 * is ignored (nohup) stays ignored. Returns the descriptor or -errno. */
int cancel_open(void);
bool cancel_pending(int cancel_fd); /* false for a negative descriptor */

struct proc_opts {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH, or with a slash
				  * taken as it stands, from dir on */
	const char *dir;	 /* working directory, or NULL */
	const char *const *env;	 /* NAME=VALUE added to the environment, or NULL */
	const char *log_path;	 /* everything printed is appended there, or NULL */
	void (*on_line)(void *ctx, const char *line); /* each line printed, without its newline */
	void *ctx;
	const char *stdin_path; /* NULL: /dev/null */
	/* Leave stdin, stdout and stderr as they are: nothing is captured. When stdin is a terminal
	 * the program also stays in our process group, so that it may read from it. */
	bool own_stdio;
	bool stdout_only; /* stderr is passed through, not captured */
	int timeout_ms;	  /* 0: none */
	int cancel_fd;	  /* from cancel_open; 0 or less: none */
};

/* Runs a program to its end. The child has its own process group (on timeout or cancel killed
 * whole: SIGTERM, two seconds later SIGKILL), a clean signal mask, and dies with us. The end of the
 * program itself counts: what its own children print later is not waited for. *status (may be
 * NULL) is the exit status, or 128 + signal. Returns 0 when it ran, -ENOENT when it can't be found,
 * -ETIMEDOUT, -EINTR when cancelled, or another -errno: -ENOTDIR when dir or the folder of log_path
 * is missing, -EBADF when stdin_path is, that of the first write to log_path that failed. */
int proc_run(const struct proc_opts *opts, int *status);

/* As proc_run, collecting standard output; stderr is passed through. *out is NUL-terminated, caller
 * frees; NULL on failure. */
int proc_output(const char *const *argv, char **out, int *status);

struct spawn_opts {
	const char *const *argv;
	const int *keep_fds; /* descriptors that the child keeps under their numbers */
	int nr_keep_fds;
	int stdout_fd, stderr_fd; /* dup'ed to 1 and 2; -1: /dev/null */
};

/* Starts a program and returns. *pidfd becomes readable when it ends; the caller reaps it
 * (waitpid). Process group, signal mask and death with the parent as in proc_run; stdin is
 * /dev/null and no other descriptors are passed on. */
int proc_spawn(const struct spawn_opts *opts, pid_t *pid, int *pidfd);

/* The absolute path of a program in PATH (also /usr/sbin and /sbin); caller frees; NULL when
 * absent. */
char *proc_which(const char *name);

#endif
