// SPDX-License-Identifier: GPL-2.0-only
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd pfd = { .fd = fd, .events = POLLOUT };

			if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
				return -errno;
			continue;
		}
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p += n;
		len -= n;
	}
	return 0;
}

static ssize_t read_some(int fd, void *buf, size_t len)
{
	ssize_t n;

	do {
		n = read(fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int file_read(const char *path, size_t max, char **data, size_t *len)
{
	struct strbuf sb = STRBUF_INIT;
	char buf[16384];
	ssize_t n = 0;
	char *s;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Sizes from stat are no help: files of /proc and /sys say 0 or 4096. */
	while ((n = read_some(fd, buf, sizeof(buf))) > 0) {
		strbuf__add(&sb, buf, n);
		if (sb.failed)
			n = -ENOMEM;
		else if (max && sb.len > max)
			n = -EFBIG;
		if (n < 0)
			break;
	}
	close(fd);
	if (n < 0) {
		strbuf__free(&sb);
		return n;
	}
	if (len)
		*len = sb.len;
	s = strbuf__detach(&sb);
	if (!s)
		return -ENOMEM;
	*data = s;
	return 0;
}

/* A new, empty file in the folder of path; *temp is its name (caller frees). Not mkstemp: its
 * mode 0600 ignores the umask, and its name would grow with that of path. */
static int temp_open(const char *path, char **temp)
{
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? (int)(slash - path + 1) : 0;
	int fd = -1, err = -EEXIST;

	for (unsigned int i = 0; i < 1000 && err == -EEXIST; i++) {
		*temp = str_fmt("%.*s.assay-tmp.%d.%u", dir_len, path, (int)getpid(), i);
		if (!*temp)
			return -ENOMEM;
		fd = open(*temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0)
			return fd;
		err = -errno;
		free(*temp);
	}
	*temp = NULL;
	return err;
}

/* Makes a rename in the folder of path durable; a file system without this is none of our
 * business. */
static void sync_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, slash - path + 1) : strdup(".");
	int fd;

	if (!dir)
		return;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(dir);
}

/* Ends what temp_open began: closes fd, and renames temp to path or, after an error, removes it.
 * Frees temp. */
static int temp_close(int fd, char *temp, const char *path, int err)
{
	if (!err && fsync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && rename(temp, path) < 0)
		err = -errno;
	if (err)
		unlink(temp);
	else
		sync_dir(path);
	free(temp);
	return err;
}

static int write_in_place(const char *path, int flags, const void *data, size_t len)
{
	int fd, err;

	fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
	if (fd < 0)
		return -errno;
	err = write_all(fd, data, len);
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

int file_write(const char *path, const void *data, size_t len)
{
	char real[PATH_MAX], *temp = NULL;
	bool exists;
	struct stat st;
	int fd, err;

	exists = !stat(path, &st);
	/* A rename would put a plain file in the place of /dev/stdout or a pipe. */
	if (exists && !S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : write_in_place(path, 0, data, len);
	if (exists && realpath(path, real))
		path = real;
	fd = temp_open(path, &temp);
	if (fd < 0)
		return fd;
	err = write_all(fd, data, len);
	if (!err && exists && fchmod(fd, st.st_mode & 07777) < 0)
		err = -errno;
	return temp_close(fd, temp, path, err);
}

int file_append(const char *path, const void *data, size_t len)
{
	return write_in_place(path, O_APPEND | O_CREAT, data, len);
}

int file_poke(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd, err = 0;
	ssize_t n;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* One write: the kernel takes each as a whole value. */
	do {
		n = write(fd, text, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		err = -errno;
	else if ((size_t)n != len)
		err = -EIO;
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

/* From the current offset of one to the current offset of the other. */
static int copy_bytes(int in, int out)
{
	char buf[65536];
	ssize_t n;

	if (!ioctl(out, FICLONE, in))
		return 0;
	while ((n = copy_file_range(in, NULL, out, NULL, 1u << 30, 0)) > 0)
		;
	/* Also after "0 bytes": until 5.19 copy_file_range said so for files of /proc. */
	while ((n = read_some(in, buf, sizeof(buf))) > 0) {
		int err = write_all(out, buf, n);

		if (err)
			return err;
	}
	return n;
}

int file_copy(const char *from, const char *to)
{
	char *temp = NULL;
	struct stat st;
	int in, out, err;

	in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return -errno;
	if (fstat(in, &st) < 0) {
		err = -errno;
	} else if (S_ISDIR(st.st_mode)) {
		err = -EISDIR;
	} else {
		out = temp_open(to, &temp);
		err = out < 0 ? out : copy_bytes(in, out);
		if (!err && fchmod(out, st.st_mode & 07777) < 0)
			err = -errno;
		if (out >= 0)
			err = temp_close(out, temp, to, err);
	}
	close(in);
	return err;
}

bool file_exists(const char *path)
{
	struct stat st;

	return !stat(path, &st);
}

int64_t file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -errno : st.st_size;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int file_lock(const char *path, bool wait)
{
	for (;;) {
		struct stat held, there;
		int fd, err;

		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0 || fstat(fd, &held) < 0) {
			err = -errno;
			close(fd);
			return err;
		}
		/* Whoever held it may have removed the file (with its folder): a lock on a file
		 * that has no name excludes nobody. */
		if (!stat(path, &there) && same_file(&held, &there))
			return fd;
		close(fd);
	}
}
