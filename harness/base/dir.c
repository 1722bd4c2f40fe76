// SPDX-License-Identifier: GPL-2.0-only
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int make_one(const char *path)
{
	struct stat st;
	int err;

	if (!mkdir(path, 0777))
		return 0;
	/* A folder that is there may give another error than EEXIST (EROFS, EACCES). */
	err = -errno;
	if (!stat(path, &st))
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	return err;
}

int dir_make(const char *path)
{
	char *copy, *p;
	int err = 0;

	if (!*path)
		return -ENOENT;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	for (p = copy + 1; *p && !err; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		err = make_one(copy);
		*p = '/';
	}
	if (!err)
		err = make_one(copy);
	free(copy);
	return err;
}

/* Calls fn for each entry but . and .. until it fails. */
static int each_entry(int dir_fd, int (*fn)(void *ctx, int dir_fd, const char *name), void *ctx)
{
	struct dirent *de;
	int fd, err = 0;
	DIR *d;

	/* Its own description: rewinding must not be seen by other walks. */
	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d) {
		err = -errno;
		close(fd);
		return err;
	}
	while (!err) {
		errno = 0;
		de = readdir(d);
		if (!de) {
			err = -errno;
			break;
		}
		if (strcmp(de->d_name, ".") && strcmp(de->d_name, ".."))
			err = fn(ctx, fd, de->d_name);
	}
	closedir(d);
	return err;
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int remove_entry(void *ctx, int at, const char *name)
{
	int fd, err, tries = 0;

	(void)ctx;
	if (!unlinkat(at, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	err = -errno;
	fd = open_dir(at, name);
	if (fd < 0)
		return fd == -ENOTDIR || fd == -ELOOP ? err : fd;
	/* Again when something came to be meanwhile, or when the file system's readdir skips
	 * entries as others go. */
	do {
		err = each_entry(fd, remove_entry, NULL);
		if (!err && unlinkat(at, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			err = -errno;
	} while (err == -ENOTEMPTY && ++tries < 4);
	close(fd);
	return err;
}

int dir_remove(const char *path)
{
	char *copy = strdup(path);
	size_t len;
	int err;

	if (!copy)
		return -ENOMEM;
	len = strlen(copy);
	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	err = !len || !strcmp(copy, "/") ? -EINVAL : remove_entry(NULL, AT_FDCWD, copy);
	free(copy);
	return err;
}

static int add_size(void *ctx, int at, const char *name)
{
	int64_t *sum = ctx;
	struct stat st;
	int fd, err;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISDIR(st.st_mode)) {
		/* Each of several names of a file counts for its part. */
		*sum += (int64_t)st.st_blocks * 512 / (st.st_nlink ? st.st_nlink : 1);
		return 0;
	}
	*sum += (int64_t)st.st_blocks * 512;
	fd = open_dir(at, name);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	err = each_entry(fd, add_size, sum);
	close(fd);
	return err;
}

int64_t dir_size(const char *path)
{
	int64_t sum = 0;
	struct stat st;
	int err;

	if (lstat(path, &st) < 0)
		return -errno;
	err = add_size(&sum, AT_FDCWD, path);
	return err ? err : sum;
}

int64_t disk_free(const char *path)
{
	struct statvfs vfs;

	if (statvfs(path, &vfs) < 0)
		return -errno;
	return (int64_t)(vfs.f_bavail * vfs.f_frsize);
}
