/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_CHILD_H
#define ASSAY_BASE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* How a program is started; what proc_run and proc_spawn share. */
struct child_opts {
	const char *const *argv;
	const char *dir;	/* or NULL */
	const char *const *env; /* NAME=VALUE added to the environment, or NULL */
	int fds[3];		/* become 0, 1 and 2; -1: as ours */
	const int *keep_fds;
	int nr_keep_fds;
	bool same_group; /* stay in our process group */
};

/* Starts it. After success the program runs (exec succeeded) and is the caller's to reap; *pidfd
 * is close-on-exec. -ENOENT only when the program itself can't be found; a missing folder is
 * -ENOTDIR, a missing interpreter -ENOEXEC. */
int child_start(const struct child_opts *o, pid_t *pid, int *pidfd);

#endif
