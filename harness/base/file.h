/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_FILE_H
#define ASSAY_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* All return 0 or -errno. */

/* Reads the whole file (also /proc and /sys files); *data is NUL-terminated, caller frees;
 * len may be NULL. -EFBIG above max bytes (0: no limit). */
int file_read(const char *path, size_t max, char **data, size_t *len);
/* Writes through a temporary file in the same folder, fsync and rename: readers see the old or the
 * new contents. Keeps the mode of a file that is there; devices and pipes are written in place. */
int file_write(const char *path, const void *data, size_t len);
int file_append(const char *path, const void *data, size_t len);
/* Writes to an existing file without creating or truncating it, in one write (sysfs, debugfs). */
int file_poke(const char *path, const char *text);
/* Through a temporary file and rename, too; keeps the mode; reflink where possible. */
int file_copy(const char *from, const char *to);
bool file_exists(const char *path);
int64_t file_size(const char *path); /* bytes, or -errno */
int dir_make(const char *path);	     /* mkdir -p */
int dir_remove(const char *path);    /* rm -rf; a missing path is no error */
int64_t dir_size(const char *path);  /* bytes allocated below path, or -errno */
int64_t disk_free(const char *path); /* bytes available to us, or -errno */
/* Takes an exclusive lock on path (created when missing); blocks when wait, else -EWOULDBLOCK.
 * Returns the descriptor (close releases the lock) or -errno. */
int file_lock(const char *path, bool wait);
/* Writes everything, also to a non-blocking descriptor. A pipe or socket whose other end is closed
 * raises SIGPIPE unless the program ignores it. */
int write_all(int fd, const void *data, size_t len);

#endif
