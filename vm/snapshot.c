// SPDX-License-Identifier: GPL-2.0-only
#include "vm/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "vm/lock.h"
#include "vm/snapshot_prune.h"

#define FORMAT	    1
#define META	    "meta.json"
#define CONSOLE	    "console"
#define STATE	    "state"
#define META_MAX    (1u << 20)
#define CONSOLE_MAX (16u << 20)
#define COPY_SIZE   (1u << 20)

/* A kernel, its initramfs and 512 MB of memory take some 60 MB. */
const struct snapshot_limits snapshot_limits = { .number = 32, .bytes = 4ll << 30 };

void snapshot__init(struct snapshot *s)
{
	*s = (struct snapshot){ .fd = -1 };
}

void snapshot__release(struct snapshot *s)
{
	if (s->fd >= 0)
		close(s->fd);
	json_decref(s->hello);
	free(s->console);
	snapshot__init(s);
}

int snapshot__open(const struct snapshot *s)
{
	char *path = str_fmt("/proc/self/fd/%d", s->fd);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int err = path ? -errno : -ENOMEM;

	free(path);
	return fd >= 0 ? fd : err;
}

static char *folder(const char *cache, const char *key)
{
	return str_fmt("%s/" SNAPSHOT_DIR "/%s", cache, key);
}

/* --- what it is checked by ------------------------------------------------------------------ */

/* Of all but the state, which comes last. */
static struct hash *hash_begin(const char *key, const struct snapshot *s)
{
	char *hello = json_dumps(s->hello, JSON_COMPACT | JSON_SORT_KEYS);
	struct hash *h = hello ? hash__new() : NULL;

	if (h) {
		hash__add_str(h, key);
		hash__add_str(h, hello);
		hash__add_str(h, s->console);
	}
	free(hello);
	return h;
}

/* Copies from one file to the other (to: -1: reads it only), and adds it to the hash. */
static int copy(int from, int to, struct hash *h, int64_t *size)
{
	char *buf = malloc(COPY_SIZE);
	int err = buf ? 0 : -ENOMEM;
	ssize_t n = 1;

	*size = 0;
	while (!err && n > 0) {
		n = pread(from, buf, COPY_SIZE, (off_t)*size);
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		hash__add(h, buf, (size_t)n);
		*size += n;
		if (to >= 0)
			err = write_all(to, buf, (size_t)n);
	}
	free(buf);
	return err;
}

/* --- reading -------------------------------------------------------------------------------- */

static int read_at(int dir, const char *name, size_t max, char **data, size_t *len)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), err;
	char *path;

	if (fd < 0)
		return -errno;
	path = str_fmt("/proc/self/fd/%d", fd);
	err = path ? file_read(path, max, data, len) : -ENOMEM;
	free(path);
	close(fd);
	return err;
}

/* What meta.json says of itself; NULL when it is right. */
static const char *check_meta(const json_t *meta, const char *key)
{
	const char *its = json_string_value(json_object_get(meta, "key"));

	if (json_integer_value(json_object_get(meta, "format")) != FORMAT)
		return META " is of another format";
	if (!its || strcmp(its, key) != 0)
		return "it is another guest's";
	if (!json_is_object(json_object_get(meta, "hello")))
		return META " has no hello";
	return NULL;
}

static int read_state(int dir, const char *key, const json_t *meta, struct snapshot *s,
		      const char **what)
{
	const char *want = json_string_value(json_object_get(meta, "sha256"));
	int64_t size = 0, wanted = json_integer_value(json_object_get(meta, "size"));
	struct hash *h = hash_begin(key, s);
	char hex[HASH_HEX];
	int fd = openat(dir, STATE, O_RDONLY | O_CLOEXEC), err = fd < 0 ? -errno : 0;

	if (!h)
		err = -ENOMEM;
	s->fd = err ? -1 : memfd_create("assay-snapshot", MFD_CLOEXEC);
	if (!err)
		err = s->fd < 0 ? -errno : copy(fd, s->fd, h, &size);
	if (h)
		hash__end(h, hex);
	if (fd >= 0)
		close(fd);
	if (!err && size != wanted)
		*what = size < wanted ? "it was cut short" : "it is too long";
	else if (!err && (!want || !*hex || strcmp(hex, want) != 0))
		*what = "its checksum is wrong";
	return err;
}

static int read_all(int dir, const char *key, struct snapshot *s, const char **what)
{
	char *text = NULL;
	json_t *meta = NULL;
	int err = read_at(dir, META, META_MAX, &text, NULL);

	if (err)
		return err;
	meta = json_loads(text, 0, NULL);
	free(text);
	*what = meta ? check_meta(meta, key) : META " is no JSON";
	if (*what)
		goto out;
	s->hello = json_incref(json_object_get(meta, "hello"));
	err = read_at(dir, CONSOLE, CONSOLE_MAX, &s->console, &s->console_len);
	if (!err)
		err = read_state(dir, key, meta, s, what);
	if (err == -ENOENT)
		*what = "a file of it is missing";
out:
	json_decref(meta);
	return err;
}

int snapshot__load(const char *cache, const char *key, struct snapshot *out, char **why)
{
	char *path = folder(cache, key);
	const char *what = NULL;
	int dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int err = !path ? -ENOMEM : dir < 0 ? -errno : 0;

	*why = NULL;
	snapshot__init(out);
	if (!err)
		err = read_all(dir, key, out, &what);
	/* Used just now: it is the last to go. Fails where the cache may only be read. */
	if (!err && !what)
		utimensat(dir, META, NULL, 0);
	if (what) {
		*why = strdup(what);
		err = -EBADMSG;
		snapshot__discard(cache, key);
	}
	if (err)
		snapshot__release(out);
	if (dir >= 0)
		close(dir);
	free(path);
	return err;
}

/* --- writing -------------------------------------------------------------------------------- */

static int write_state(const char *dir, const char *key, const struct snapshot *s, int64_t *size,
		       char hex[HASH_HEX])
{
	char *path = str_fmt("%s/" STATE, dir);
	struct hash *h = hash_begin(key, s);
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;
	int err = !path || !h ? -ENOMEM : fd < 0 ? -errno : copy(s->fd, fd, h, size);

	/* Before its name: after a power failure it is whole, or its checksum is wrong. */
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	*hex = '\0';
	if (h)
		hash__end(h, hex);
	free(path);
	return err ? err : *hex ? 0 : -EIO;
}

static int write_rest(const char *dir, const char *key, const struct snapshot *s, int64_t size,
		      const char *hex)
{
	char *console = str_fmt("%s/" CONSOLE, dir), *path = str_fmt("%s/" META, dir), *text = NULL;
	json_t *meta = json_pack("{s:i, s:s, s:I, s:s, s:I, s:O}", "format", FORMAT, "key", key,
				 "size", (json_int_t)size, "sha256", hex, "made",
				 (json_int_t)time(NULL), "hello", s->hello);
	int err;

	text = meta ? json_dumps(meta, JSON_INDENT(2)) : NULL;
	err = console && path && text ? file_write(console, s->console, s->console_len) : -ENOMEM;
	if (!err)
		err = file_write(path, text, strlen(text));
	json_decref(meta);
	free(text);
	free(path);
	free(console);
	return err;
}

/* Written beside its place, and put there by a rename; under the lock. */
static int publish(const char *cache, const char *key, const struct snapshot *s)
{
	char *path = folder(cache, key);
	char *fresh = str_fmt("%s/" SNAPSHOT_DIR "/" SNAPSHOT_NEW "%s", cache, key);
	char hex[HASH_HEX];
	int64_t size = 0;
	char *meta = str_fmt("%s/" SNAPSHOT_DIR "/%s/" META, cache, key);
	int err = path && fresh && meta ? 0 : -ENOMEM;

	if (err || file_exists(meta))
		goto out;
	/* Without meta.json it is what a removal left. */
	err = dir_remove(path);
	if (!err)
		err = dir_remove(fresh);
	if (!err)
		err = dir_make(fresh);
	if (!err)
		err = write_state(fresh, key, s, &size, hex);
	if (!err)
		err = write_rest(fresh, key, s, size, hex);
	if (!err && rename(fresh, path))
		err = -errno;
	if (err)
		dir_remove(fresh);
out:
	free(meta);
	free(fresh);
	free(path);
	return err;
}

int snapshot__keep(const char *cache, const char *key, const struct snapshot *s,
		   const struct snapshot_limits *limits)
{
	int lock = lock__try(cache, SNAPSHOT_LOCK), err;

	/* Another one writes or removes some just now: for the time of a copy. */
	for (int i = 0; lock == -EWOULDBLOCK && i < 100; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
		lock = lock__try(cache, SNAPSHOT_LOCK);
	}
	if (lock < 0)
		return lock;
	err = publish(cache, key, s);
	snapshot_prune(cache, key, limits);
	close(lock);
	return err;
}

void snapshot__discard(const char *cache, const char *key)
{
	char *path = folder(cache, key);

	/* meta.json first: without it there is none. Whoever reads it has it open. */
	if (path) {
		char *meta = str_fmt("%s/" META, path);

		if (meta)
			unlink(meta);
		free(meta);
		dir_remove(path);
	}
	free(path);
}
