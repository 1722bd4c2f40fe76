/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BISECT_GIT_H
#define ASSAY_CLI_BISECT_GIT_H

#include <stdbool.h>

#include "base/str.h"

/* A checkout of our own for a git tree of the user's, below the cache. It has a repository of its
 * own, which borrows the objects of the user's: of the user's repository nothing is written,
 * neither files nor refs nor the state of a bisection. */
struct scratch {
	char *user; /* top folder of the user's tree, absolute */
	char *dir;  /* of our checkout; the same one for the same tree */
	int lock;
	int cancel_fd;
};

/* One commit, as git shortens it for people. */
#define COMMIT_SHORT 12

/* Makes the repository, or takes the one that is there. 0 or -errno, logged: -EINVAL when path is
 * no git tree. Waits while another assay uses it. Close in any case. */
int scratch__open(struct scratch *s, const char *path, const char *cache, int cancel_fd);
void scratch__close(struct scratch *s);
/* The commit that a revision of the user's tree means; caller frees. -EINVAL, logged. */
int scratch__resolve(const struct scratch *s, const char *rev, char **commit);
/* 0, -errno, or 1: it is not. */
int scratch__is_ancestor(const struct scratch *s, const char *old, const char *new);
int scratch__checkout(const struct scratch *s, const char *commit);
/* First line of a commit's message; caller frees; NULL when it can't be had. */
char *scratch__subject(const struct scratch *s, const char *commit);
/* The commits of which new is made and old is not, oldest first. 0 or -errno, logged. */
int scratch__between(const struct scratch *s, const char *old, const char *new, struct strv *out);

/* How `git bisect` ended. */
struct git_answer {
	struct strv commits; /* the first one with the new answer; several when they can't be told
			      * apart because some could not be tried; none: it was cut off */
};
/* `git bisect start`, then `git bisect run` with step (NULL-terminated): exit status 0: as old, 1:
 * as new, 125: can't be told. What they say goes to stderr. 0 or -errno, logged. Caller frees
 * out->commits. */
int scratch__bisect(const struct scratch *s, const char *old, const char *new,
		    const char *const *step, struct git_answer *out);

/* The commit that is checked out in a folder, when nothing in it differs from it; caller frees.
 * NULL when it does, or the folder is no git tree. */
char *git_clean_commit(const char *dir, int cancel_fd);

#endif
