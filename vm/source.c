// SPDX-License-Identifier: GPL-2.0-only
#include "vm/source.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "vm/aptsrc.h"
#include "vm/fetch.h"
#include "vm/lock.h"
#include "vm/srcdir.h"

void source__release(struct source *s)
{
	free(s->path);
	free(s->hash);
	free(s->what);
	*s = (struct source){ 0 };
}

static bool set(struct source *s, enum source_kind kind, const char *hash, const char *what)
{
	*s = (struct source){ .kind = kind, .hash = strdup(hash), .what = strdup(what) };
	if (s->hash && s->what)
		return true;
	source__release(s);
	return false;
}

size_t source__pinned(const struct kernel *k, struct source out[2])
{
	size_t n = 0;

	if (k->package && k->sha256)
		n += set(&out[n], k->orig ? SOURCE_ORIG : SOURCE_DEB, k->sha256, k->package);
	if (k->tarball && k->tarball_sha256)
		n += set(&out[n], SOURCE_TARBALL, k->tarball_sha256, k->tarball);
	return n;
}

char *source__memo(const struct kernel_paths *paths, const char *source)
{
	char hex[HASH_HEX], *dir = str_fmt("%s/sources/memo", paths->cache), *path = NULL;
	struct hash *h = hash__new();

	if (h) {
		hash__add_str(h, source);
		hash__end(h, hex);
	}
	if (h && dir && !dir_make(dir))
		path = str_fmt("%s/%.16s", dir, hex);
	free(dir);
	return path;
}

/* The hash of a large file, remembered by size, time and inode. */
static int hash_remembered(const char *path, const char *memo, char hex[HASH_HEX])
{
	struct stat st;
	char *now = NULL, *known = NULL;
	int err;

	if (stat(path, &st))
		return -errno;
	now = str_fmt("%jd %jd.%09ld %ju ", (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
		      st.st_mtim.tv_nsec, (uintmax_t)st.st_ino);
	if (!now)
		return -ENOMEM;
	err = file_read(memo, 4096, &known, NULL);
	if (!err && str_starts(known, now) && strlen(known) == strlen(now) + HASH_HEX - 1) {
		memcpy(hex, known + strlen(now), HASH_HEX);
		goto out;
	}
	err = hash_file(path, hex);
	if (!err) {
		char *text = str_fmt("%s%s", now, hex);

		err = text ? file_write(memo, text, strlen(text)) : -ENOMEM;
		free(text);
	}
out:
	free(known);
	free(now);
	return err;
}

int source__hash(const struct kernel_paths *paths, const char *path, char hex[HASH_HEX])
{
	char *real = realpath(path, NULL), *memo = NULL;
	int err = real ? 0 : -errno;

	if (!err) {
		memo = source__memo(paths, real);
		err = memo ? hash_remembered(real, memo, hex) : -ENOMEM;
	}
	free(memo);
	free(real);
	return err;
}

static int hash_folder(const char *path, const char *memo, int cancel_fd, char hex[HASH_HEX])
{
	struct srcdir d;
	int err = srcdir__scan(path, memo, cancel_fd, &d);

	if (err)
		return err;
	err = srcdir__save(&d, memo);
	if (!err)
		err = srcdir__hash(&d, hex);
	srcdir__release(&d);
	return err;
}

int source__user(const struct kernel *k, const struct source_opts *o, struct source *out)
{
	char real[PATH_MAX], hex[HASH_HEX], *memo = NULL, *makefile = NULL;
	struct stat st;
	int err = 0;

	if (!realpath(k->source, real) || stat(real, &st)) {
		err = -errno;
		log_err("kernel %s: source %s: %s", k->name, k->source, strerror(-err));
		return err;
	}
	makefile = str_fmt("%s/Kconfig", real);
	memo = source__memo(o->paths, real);
	if (!makefile || !memo) {
		err = -ENOMEM;
	} else if (!S_ISDIR(st.st_mode)) {
		err = hash_remembered(real, memo, hex);
		if (err)
			log_err("kernel %s: source %s: %s", k->name, real, strerror(-err));
	} else if (!file_exists(makefile)) {
		log_err("kernel %s: source %s is no kernel tree: it has no Kconfig", k->name, real);
		err = -EINVAL;
	} else {
		err = hash_folder(real, memo, o->cancel_fd, hex);
	}
	if (!err && !set(out, S_ISDIR(st.st_mode) ? SOURCE_DIR : SOURCE_TARBALL, hex, real))
		err = -ENOMEM;
	if (!err) {
		out->user = true;
		out->path = strdup(real);
		err = out->path ? 0 : -ENOMEM;
		if (err)
			source__release(out);
	}
	free(makefile);
	free(memo);
	return err;
}

static void move(struct source *to, struct source *from)
{
	*to = *from;
	*from = (struct source){ 0 };
}

char *source__file_name(const struct kernel *k, const struct source *s)
{
	if (s->kind == SOURCE_ORIG)
		return strdup(k->orig);
	if (s->kind == SOURCE_DEB)
		return apt_file_name(s->what);
	return strdup(strrchr(s->what, '/') + 1);
}

/* Is it in the cache, whole? A damaged file goes, and the next way is tried. */
static int take_cached(const struct kernel *k, const char *dir, struct source *s)
{
	char *name = source__file_name(k, s), *path = name ? str_fmt("%s/%s", dir, name) : NULL;
	int err = path ? -ENOENT : -ENOMEM;

	free(name);
	if (path && file_exists(path))
		err = check_sha256(k->name, path, s->hash, true);
	if (err)
		free(path);
	else
		s->path = path;
	return err == -EBADMSG ? -ENOENT : err;
}

static int fetch_package(const struct kernel *k, const struct source_opts *o, const char *partial,
			 const struct source *s, char **got, char **reason)
{
	char *name = NULL;
	int err = apt_fetch(k, o, partial, &name, reason);

	if (err)
		return err;
	*got = str_fmt("%s/%s", partial, name);
	free(name);
	if (!*got)
		return -ENOMEM;
	err = check_sha256(k->name, *got, s->hash, false);
	if (err)
		*reason = strdup("it is not the package that is pinned");
	return err;
}

static int fetch_tarball(const struct kernel *k, const struct source_opts *o, const char *partial,
			 const struct source *s, char **got)
{
	*got = str_fmt("%s/%s", partial, strrchr(s->what, '/') + 1);
	return *got ? fetch_url(k->name, s->what, s->hash, *got, o) : -ENOMEM;
}

static int fetch(const struct kernel *k, const struct source_opts *o, const char *dir,
		 struct source *s, char **reason)
{
	/* A source package has more files than the one that is wanted. */
	bool folder = s->kind == SOURCE_ORIG;
	char *partial = str_fmt("%s/partial%s%s", dir, folder ? "/" : "", folder ? k->name : "");
	char *got = NULL, *to = NULL;
	int err = partial ? dir_make(partial) : -ENOMEM;

	if (!err)
		err = s->kind == SOURCE_TARBALL ? fetch_tarball(k, o, partial, s, &got)
						: fetch_package(k, o, partial, s, &got, reason);
	if (!err) {
		to = str_fmt("%s%s", dir, strrchr(got, '/'));
		err = !to ? -ENOMEM : rename(got, to) ? -errno : 0;
	}
	if (!err) {
		s->path = to;
		to = NULL;
		if (folder)
			dir_remove(partial);
	}
	free(to);
	free(got);
	free(partial);
	return err;
}

static void say_nothing_left(const struct kernel *k, const struct source_opts *o,
			     const char *reason)
{
	if (k->package)
		log_err("kernel %s: %s cannot be had from Debian's archive (%s)", k->name,
			k->package, reason ? reason : "no reason given");
	else
		log_err("kernel %s: its source cannot be fetched", k->name);
	if (k->tarball && !k->tarball_sha256)
		log_err("%s could take its place, but its SHA-256 is not known ('tarball-sha256' in "
			"%s:%d)",
			k->tarball, o->paths->ini, k->line);
	log_err("a source of your own: --kernel-source DIR|TARBALL");
}

static int obtain(const struct kernel *k, const struct source_opts *o, struct source *out)
{
	struct source s[2] = { 0 };
	size_t n = source__pinned(k, s);
	char *dir = str_fmt("%s/sources", o->paths->cache), *reason = NULL;
	int err = dir ? -ENOENT : -ENOMEM;

	for (size_t i = 0; err == -ENOENT && i < n; i++) {
		err = take_cached(k, dir, &s[i]);
		if (!err)
			move(out, &s[i]);
	}
	for (size_t i = 0; err && err != -EINTR && err != -ENOMEM && i < n; i++) {
		if (s[i].kind == SOURCE_TARBALL && k->package)
			log_warn("kernel %s: %s cannot be had from Debian's archive (%s): %s takes "
				 "its place, without Debian's patches",
				 k->name, k->package, reason ? reason : strerror(-err), s[i].what);
		err = fetch(k, o, dir, &s[i], &reason);
		if (!err)
			move(out, &s[i]);
	}
	if (err && err != -EINTR)
		say_nothing_left(k, o, reason);
	source__release(&s[0]);
	source__release(&s[1]);
	free(reason);
	free(dir);
	return err;
}

int source__obtain(const struct kernel *k, const struct source_opts *o, struct source *out)
{
	int err, lock = lock__take(o->paths->cache, "sources", "is fetching sources", o->cancel_fd);

	if (lock < 0)
		return lock;
	err = obtain(k, o, out);
	close(lock);
	return err;
}
