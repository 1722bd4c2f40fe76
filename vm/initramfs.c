// SPDX-License-Identifier: GPL-2.0-only
/* The "newc" format: a header of 110 ASCII bytes (magic 070701, then 13 numbers of 8 hexadecimal
 * digits), the name with its NUL, the data; name and data each end on a multiple of 4 bytes; the
 * member TRAILER!!! ends the archive. Source: Documentation/driver-api/early-userspace/
 * buffer-format.rst of the kernel; limits from init/initramfs.c. */
#include "vm/initramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

#define TRAILER	    "TRAILER!!!"
#define HEADER_LEN  110
#define BLOCK_SIZE  512 /* cpio's own archives end on it */
#define MEMBER_MAX  UINT32_MAX
#define COPY_BUFFER (64u << 10)

struct member {
	char *path;
	mode_t mode;  /* with the type */
	bool implied; /* a folder made as a parent only: may still be named */
	dev_t rdev;
	void *data; /* contents of a file or target of a link; NULL: read host_path */
	size_t len;
	char *host_path;
};

struct initramfs {
	struct member *members; /* sorted by path: parents come first, and the order of calls
				 * does not show in the archive */
	size_t n, cap;
};

/* The file being written: pads, numbers the members, keeps a buffer. */
struct out {
	int fd;
	uint64_t pos;
	uint32_t ino;
	size_t used;
	unsigned char buf[COPY_BUFFER];
};

struct initramfs *initramfs__new(void)
{
	return calloc(1, sizeof(struct initramfs));
}

void initramfs__free(struct initramfs *fs)
{
	if (!fs)
		return;
	for (size_t i = 0; i < fs->n; i++) {
		free(fs->members[i].path);
		free(fs->members[i].data);
		free(fs->members[i].host_path);
	}
	free(fs->members);
	free(fs);
}

/* --- names and places ---------------------------------------------------------------------- */

static int path_check(const char *path)
{
	size_t len = strlen(path);

	/* The kernel skips members whose name, with its NUL, is longer than PATH_MAX. */
	if (!len || len >= PATH_MAX || !strcmp(path, TRAILER))
		return -EINVAL;
	for (const char *p = path;;) {
		size_t n = strcspn(p, "/");

		if (!n || n > NAME_MAX || (n == 1 && p[0] == '.') ||
		    (n == 2 && !memcmp(p, "..", 2)))
			return -EINVAL;
		if (!p[n])
			return 0;
		p += n + 1;
	}
}

/* Index of the first member that is not before path; *found when it is path itself. */
static size_t member_find(const struct initramfs *fs, const char *path, bool *found)
{
	size_t low = 0, high = fs->n;

	*found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strcmp(fs->members[mid].path, path);

		if (!cmp) {
			*found = true;
			return mid;
		}
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Puts an empty member at its place. */
static int member_insert(struct initramfs *fs, size_t at, const char *path, struct member **out)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	if (fs->n == fs->cap) {
		size_t cap = fs->cap ? fs->cap * 2 : 64;
		struct member *m = reallocarray(fs->members, cap, sizeof(*m));

		if (!m) {
			free(copy);
			return -ENOMEM;
		}
		fs->members = m;
		fs->cap = cap;
	}
	memmove(&fs->members[at + 1], &fs->members[at], (fs->n - at) * sizeof(*fs->members));
	fs->n++;
	*out = &fs->members[at];
	memset(*out, 0, sizeof(**out));
	(*out)->path = copy;
	return 0;
}

/* Makes the folders above path that are missing. */
static int parents_add(struct initramfs *fs, const char *path)
{
	char parent[PATH_MAX];
	int err = 0;

	for (const char *p = strchr(path, '/'); p && !err; p = strchr(p + 1, '/')) {
		struct member *m;
		bool found;
		size_t at;

		memcpy(parent, path, p - path);
		parent[p - path] = '\0';
		at = member_find(fs, parent, &found);
		if (found) {
			if (!S_ISDIR(fs->members[at].mode))
				err = -ENOTDIR;
			continue;
		}
		err = member_insert(fs, at, parent, &m);
		if (!err) {
			m->mode = S_IFDIR | 0755;
			m->implied = true;
		}
	}
	return err;
}

/* Takes data and host_path over, also on failure. */
static int member_add(struct initramfs *fs, const char *path, mode_t mode, dev_t rdev, void *data,
		      size_t len, char *host_path)
{
	struct member *m;
	bool found;
	size_t at;
	int err;

	err = path_check(path);
	if (!err)
		err = parents_add(fs, path);
	if (err)
		goto out;
	at = member_find(fs, path, &found);
	if (found) {
		m = &fs->members[at];
		if (!m->implied || !S_ISDIR(mode))
			err = -EEXIST;
	} else {
		err = member_insert(fs, at, path, &m);
	}
	if (err)
		goto out;
	m->mode = mode;
	m->implied = false;
	m->rdev = rdev;
	m->data = data;
	m->len = len;
	m->host_path = host_path;
	return 0;
out:
	free(data);
	free(host_path);
	return err;
}

/* The permission bits, with the one type that fits. */
static int mode_make(mode_t mode, mode_t type, mode_t *out)
{
	if ((mode & ~(mode_t)(S_IFMT | 07777)) || ((mode & S_IFMT) && (mode & S_IFMT) != type))
		return -EINVAL;
	*out = (mode & 07777) | type;
	return 0;
}

int initramfs__dir(struct initramfs *fs, const char *path, mode_t mode)
{
	mode_t full;
	int err = mode_make(mode, S_IFDIR, &full);

	return err ?: member_add(fs, path, full, 0, NULL, 0, NULL);
}

int initramfs__data(struct initramfs *fs, const char *path, mode_t mode, const void *data,
		    size_t len)
{
	mode_t full;
	void *copy;
	int err = mode_make(mode, S_IFREG, &full);

	if (err)
		return err;
	if (len > MEMBER_MAX)
		return -EFBIG;
	copy = malloc(len + 1); /* never NULL for no bytes */
	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, data, len);
	return member_add(fs, path, full, 0, copy, len, NULL);
}

int initramfs__file(struct initramfs *fs, const char *path, mode_t mode, const char *host_path)
{
	struct stat st;
	mode_t full;
	char *copy;
	int err = mode_make(mode, S_IFREG, &full);

	if (err)
		return err;
	if (stat(host_path, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > MEMBER_MAX)
		return -EFBIG;
	if (access(host_path, R_OK)) /* now, when the caller can still name the file */
		return -errno;
	copy = strdup(host_path);
	if (!copy)
		return -ENOMEM;
	return member_add(fs, path, full, 0, NULL, 0, copy);
}

int initramfs__symlink(struct initramfs *fs, const char *path, const char *target)
{
	size_t len = strlen(target);
	char *copy;

	if (!len || len >= PATH_MAX)
		return -EINVAL;
	copy = strdup(target);
	if (!copy)
		return -ENOMEM;
	return member_add(fs, path, S_IFLNK | 0777, 0, copy, len, NULL);
}

int initramfs__node(struct initramfs *fs, const char *path, mode_t mode, unsigned int major,
		    unsigned int minor)
{
	mode_t full;
	int err;

	if (!S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode))
		return -EINVAL;
	err = mode_make(mode, mode & S_IFMT, &full);
	return err ?: member_add(fs, path, full, makedev(major, minor), NULL, 0, NULL);
}

/* --- writing ------------------------------------------------------------------------------- */

static int out_flush(struct out *o)
{
	int err = write_all(o->fd, o->buf, o->used);

	o->used = 0;
	return err;
}

static int out_bytes(struct out *o, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len) {
		size_t n = sizeof(o->buf) - o->used;

		if (n > len)
			n = len;
		memcpy(o->buf + o->used, p, n);
		o->used += n;
		o->pos += n;
		p += n;
		len -= n;
		if (o->used == sizeof(o->buf)) {
			int err = out_flush(o);

			if (err)
				return err;
		}
	}
	return 0;
}

static int out_pad(struct out *o, unsigned int to)
{
	static const unsigned char zeros[BLOCK_SIZE];

	return out_bytes(o, zeros, (to - o->pos % to) % to);
}

static int out_header(struct out *o, const char *name, mode_t mode, dev_t rdev, uint64_t size)
{
	size_t name_size = strlen(name) + 1;
	char header[HEADER_LEN + 1];
	int err;

	/* Owner root, time 0, device 0: nothing of the host gets in. Inode numbers only have
	 * to differ; a link count of 1 keeps the kernel from looking for hard links. */
	snprintf(header, sizeof(header),
		 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", o->ino++,
		 (unsigned int)mode, 0, 0, S_ISDIR(mode) ? 2 : 1, 0, (unsigned int)size, 0, 0,
		 major(rdev), minor(rdev), (unsigned int)name_size, 0);
	err = out_bytes(o, header, HEADER_LEN);
	if (!err)
		err = out_bytes(o, name, name_size);
	return err ?: out_pad(o, 4);
}

/* The size stands in front of the contents: a file that changes meanwhile is an error, not a
 * damaged archive. */
static int out_host_file(struct out *o, const struct member *m)
{
	char buf[COPY_BUFFER];
	uint64_t left;
	struct stat st;
	int fd, err = 0;

	fd = open(m->host_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if ((uint64_t)st.st_size > MEMBER_MAX)
		err = -EFBIG;
	if (!err)
		err = out_header(o, m->path, m->mode, 0, st.st_size);
	for (left = err ? 0 : st.st_size; left && !err;) {
		ssize_t n = read(fd, buf, left < sizeof(buf) ? left : sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n ? -errno : -ESTALE;
			break;
		}
		err = out_bytes(o, buf, n);
		left -= n;
	}
	close(fd);
	return err;
}

static int out_member(struct out *o, const struct member *m)
{
	int err;

	if (m->host_path) {
		err = out_host_file(o, m);
	} else {
		err = out_header(o, m->path, m->mode, m->rdev, m->len);
		if (!err)
			err = out_bytes(o, m->data, m->len);
	}
	return err ?: out_pad(o, 4);
}

int initramfs__write_fd(struct initramfs *fs, int fd)
{
	struct out *o = calloc(1, sizeof(*o));
	int err = 0;

	if (!o)
		return -ENOMEM;
	o->fd = fd;
	o->ino = 1;
	for (size_t i = 0; i < fs->n && !err; i++)
		err = out_member(o, &fs->members[i]);
	if (!err)
		err = out_header(o, TRAILER, 0, 0, 0);
	if (!err)
		err = out_pad(o, BLOCK_SIZE);
	if (!err)
		err = out_flush(o);
	free(o);
	return err;
}

int initramfs__write(struct initramfs *fs, const char *path)
{
	char *tmp = str_fmt("%s.XXXXXX", path);
	int fd = -1, err = 0;

	if (!tmp)
		return -ENOMEM;
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	err = initramfs__write_fd(fs, fd);
	if (!err && (fchmod(fd, 0644) || fsync(fd)))
		err = -errno;
	if (!err && rename(tmp, path))
		err = -errno;
	if (err)
		unlink(tmp);
	close(fd);
out:
	free(tmp);
	return err;
}
