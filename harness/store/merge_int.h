/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STORE_MERGE_INT_H
#define ASSAY_STORE_MERGE_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"
#include "store/store.h"

/* What the files of merging share, and nobody else uses. */

/* merge_files.c */
#define MERGE_MARK   ".merging"	 /* in a run's folder: its rows may not be there yet */
#define MERGE_PREFIX ".merging-" /* of folders in which a merge works */

/* Path of the database that a source names, caller frees; NULL on ENOMEM. */
char *merge_files__database(const char *source);
/* Copies a database with what waits in its log to dir/assay.db (dir is made), also while another
 * process writes to it. The source is not changed. 0 or -errno, not logged. */
int merge_files__copy_database(const char *db, const char *dir);
/* Copies plain files and folders; links and the like are left out. A missing `from` gives an empty
 * folder. 0, -EINTR when cancelled, or -errno and the path in *failed (caller frees). */
int merge_files__copy_tree(const char *from, const char *to, int cancel_fd, char **failed);
/* A name that is safe as one part of a path; a path below a folder that leads nowhere else. */
bool merge_files__is_name(const char *name);
bool merge_files__is_inside(const char *path);
/* Clears away what merges left that died. To be called under the lock. has_run: whether there is a
 * run of that name, or -errno. */
int merge_files__clean(const char *dir, int (*has_run)(void *ctx, const char *name), void *ctx);

/* merge_rows.c. schema: "main" or the name of an attached database. */
/* A hash of all that a run holds, its name, its folder and the numbers of its rows aside: equal for
 * a run and its copy. 0 or -errno, logged. */
int merge_rows__hash(const struct store *s, const char *schema, int64_t run, char hex[HASH_HEX]);
/* Copies a run from the database attached as "source", column by column of the same name, in the
 * running transaction. name and info: as it is to be kept. 0 or -errno, logged. */
int merge_rows__copy(const struct store *s, int64_t run, const char *name,
		     const struct run_info *info, int64_t *id);
/* The first text of a run whose path leads out of the run's folder: caller frees; NULL: none. */
int merge_rows__bad_path(const struct store *s, const char *schema, int64_t run, char **path);

/* merge_join.c: joins runs of one matrix in the store, which nobody else uses. lost: a sentence
 * that says what is missing, or NULL; it makes all of them cut off. 0, -EEXIST when they can't be
 * joined (logged), or -errno. */
int merge_join__all(struct store *s, const char *host, const char *lost);

#endif
