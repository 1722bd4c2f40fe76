// SPDX-License-Identifier: GPL-2.0-only
#include "vm/tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/proc.h"
#include "vm/aptsrc.h"
#include "vm/lock.h"
#include "vm/tools.h"

#define KEY_LEN 16
/* Where Debian's packages for x86-64 have the C library and what it loads. */
#define LIB	"usr/lib/x86_64-linux-gnu"
#define LOADER	LIB "/ld-linux-x86-64.so.2"
#define STARTER "start"

struct work {
	const struct tool *t;
	const struct source_opts *o;
	char *dir;  /* <cache>/programs/<name> */
	char *kept; /* the folder of its key there */
	char key[HASH_HEX];
};

static int failed(const struct work *w, const char *what, int err)
{
	if (err && err != -EINTR)
		log_err("tool %s: %s: %s", w->t->name, what, strerror(-err));
	return err;
}

static int find_key(struct work *w)
{
	const struct tool *t = w->t;
	struct hash *h = hash__new();

	if (!h)
		return -ENOMEM;
	hash__add_str(h, "tool 1");
	hash__add_str(h, t->program);
	hash__add_str(h, t->says);
	for (size_t i = 0; i < t->nr_packages; i++)
		hash__add_str(h, t->packages[i].sha256);
	hash__end(h, w->key);
	w->key[KEY_LEN] = '\0';
	w->kept = str_fmt("%s/%s", w->dir, w->key);
	return w->kept ? 0 : -ENOMEM;
}

/* --- packages ------------------------------------------------------------------------------ */

/* As apt names it: these are packages of programs. */
static char *deb_name(const char *package)
{
	char *all = apt_file_name(package), *name = NULL;

	if (all)
		name = str_fmt("%.*s_amd64.deb", (int)(strlen(all) - strlen("_all.deb")), all);
	free(all);
	return name;
}

/* 0, -ENOENT, or -EBADMSG for a file that is not the pinned one: that is removed. */
static int check_file(const struct work *w, const char *path, const char *sha256)
{
	char is[HASH_HEX];
	int err = hash_file(path, is);

	if (err || !strcmp(is, sha256))
		return err;
	log_warn("tool %s: %s: its SHA-256 is %s, but tools.ini says %s: removed", w->t->name, path,
		 is, sha256);
	unlink(path);
	return -EBADMSG;
}

static int fetch(const struct work *w, const struct tool_package *p, const char *name,
		 const char *path)
{
	char *part = str_fmt("%s/partial", w->dir), *got = NULL, *reason = NULL;
	char *title = str_fmt("tool %s: download", w->t->name);
	struct apt_want want = { .title = title, .package = p->package, .suites = &w->t->suites };
	int err = part && title ? dir_make(part) : -ENOMEM;

	if (!err)
		err = apt_get(&want, w->o, part, &reason);
	if (!err) {
		got = str_fmt("%s/%s", part, name);
		err = got ? check_file(w, got, p->sha256) : -ENOMEM;
	}
	if (!err && rename(got, path))
		err = -errno;
	if (err && err != -EINTR)
		log_err("tool %s: %s cannot be had from Debian's archive (%s); its file may also be "
			"put there by hand: %s",
			w->t->name, p->package, reason ? reason : strerror(-err), path);
	free(reason);
	free(title);
	free(got);
	free(part);
	return err;
}

static int unpack(const struct work *w, const struct tool_package *p, const char *to)
{
	char *name = deb_name(p->package);
	char *path = name ? str_fmt("%s/sources/%s", w->o->paths->cache, name) : NULL;
	const char *argv[] = { "dpkg-deb", "-x", path, to, NULL };
	const struct proc_opts opts = { .argv = argv,
					.log_path = "/dev/null",
					.cancel_fd = w->o->cancel_fd };
	int status = 0, err = path ? check_file(w, path, p->sha256) : -ENOMEM;

	if (err == -ENOENT || err == -EBADMSG)
		err = fetch(w, p, name, path);
	else
		failed(w, path ? path : p->package, err);
	if (!err) {
		err = proc_run(&opts, &status);
		if (!err && status)
			err = -EIO;
		failed(w, "dpkg-deb -x", err);
	}
	free(path);
	free(name);
	return err;
}

/* --- what is started ----------------------------------------------------------------------- */

/* The loader of the packages' own C library starts it: the host's would not do for a newer one. */
static int write_starter(const struct work *w, const char *dir, const char *at)
{
	char *text = str_fmt("#!/bin/sh\nexec '%s/root/" LOADER "' --library-path '%s/root/" LIB
			     "' '%s/root/%s' \"$@\"\n",
			     at, at, at, w->t->program);
	char *path = str_fmt("%s/" STARTER, dir);
	int err = text && path ? file_write(path, text, strlen(text)) : -ENOMEM;

	if (!err && chmod(path, 0755))
		err = -errno;
	free(path);
	free(text);
	return failed(w, "what starts it", err);
}

static void keep_line(void *ctx, const char *line)
{
	char **first = ctx;

	if (!*first && *line)
		*first = strdup(line);
}

static int check_says(const struct work *w, const char *dir)
{
	char *path = str_fmt("%s/" STARTER, dir), *said = NULL;
	const char *argv[] = { path, "--version", NULL };
	const struct proc_opts opts = {
		.argv = argv, .on_line = keep_line, .ctx = &said, .cancel_fd = w->o->cancel_fd
	};
	int status = 0, err = path ? proc_run(&opts, &status) : -ENOMEM;

	if (!err && (status || !said || strcmp(said, w->t->says) != 0)) {
		log_err("tool %s: it is to say '%s' for --version, and says '%s' (exit status %d): "
			"vm/tools.ini",
			w->t->name, w->t->says, said ? said : "", status);
		err = -ENOEXEC;
	} else {
		failed(w, "--version", err);
	}
	free(said);
	free(path);
	return err;
}

static int make(const struct work *w)
{
	char *new = str_fmt("%s/.new", w->dir), *root = str_fmt("%s/.new/root", w->dir);
	char *sources = str_fmt("%s/sources", w->o->paths->cache);
	int err = new &&root &&sources ? dir_remove(new) : -ENOMEM;

	if (!err)
		err = dir_make(sources);
	if (!err)
		err = dir_make(root);
	failed(w, w->dir, err);
	for (size_t i = 0; !err && i < w->t->nr_packages; i++)
		err = unpack(w, &w->t->packages[i], root);
	if (!err)
		err = write_starter(w, new, new);
	if (!err)
		err = check_says(w, new);
	/* It works: now for the place where it will lie. */
	if (!err)
		err = write_starter(w, new, w->kept);
	if (!err)
		err = failed(w, w->kept, dir_remove(w->kept));
	if (!err && rename(new, w->kept))
		err = failed(w, w->kept, -errno);
	free(sources);
	free(root);
	free(new);
	return err;
}

static int make_locked(const struct work *w)
{
	char *name = str_fmt("tool-%s", w->t->name);
	char *busy = str_fmt("is unpacking the tool %s", w->t->name);
	int lock = -ENOMEM, err;

	if (name && busy)
		lock = lock__take(w->o->paths->cache, name, busy, w->o->cancel_fd);
	free(busy);
	free(name);
	if (lock < 0)
		return lock;
	/* Somebody else may have done it while we waited. */
	err = file_exists(w->kept) ? 0 : make(w);
	close(lock);
	return err;
}

static int ensure(struct work *w, char **path)
{
	int err = -ENOMEM;

	w->dir = str_fmt("%s/programs/%s", w->o->paths->cache, w->t->name);
	if (w->dir)
		err = failed(w, w->dir, dir_make(w->dir));
	if (!err)
		err = find_key(w);
	if (!err && !file_exists(w->kept))
		err = make_locked(w);
	if (!err) {
		*path = str_fmt("%s/" STARTER, w->kept);
		err = *path ? 0 : -ENOMEM;
	}
	free(w->kept);
	free(w->dir);
	return err;
}

int tool__ensure(const char *name, const struct source_opts *o, char **path)
{
	const char *ini = o->paths->ini, *slash = strrchr(ini, '/');
	char *list = str_fmt("%.*stools.ini", slash ? (int)(slash - ini) + 1 : 0, ini);
	struct work w = { .o = o };
	struct tools *ts = NULL;
	int err = list ? tools__load(list, &ts) : -ENOMEM;

	*path = NULL;
	if (!err) {
		w.t = tools__find(ts, name);
		if (!w.t) {
			log_err("tool %s: %s has no section of that name", name, list);
			err = -ENOENT;
		}
	}
	if (!err)
		err = ensure(&w, path);
	tools__free(ts);
	free(list);
	return err;
}
