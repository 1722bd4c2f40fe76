// SPDX-License-Identifier: GPL-2.0-only
#include "vm/prune.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/term.h"
#include "vm/image.h"
#include "vm/lock.h"

struct tree_entry {
	char *slot;
	int64_t size;
	struct timespec used;
	bool last;     /* to go */
	bool leftover; /* of an interrupted unpacking or removal: no tree */
};

struct listing {
	struct tree_entry *v;
	size_t n;
	char *dir;
	int64_t total;
	int cancel_fd;
};

static bool is_slot_of(const char *slot, const char *entry)
{
	size_t len = strlen(entry);

	return !strncmp(slot, entry, len) && !slot[len];
}

static int add(struct listing *l, const char *name, const char *keep)
{
	char *path = str_fmt("%s/%s", l->dir, name);
	char *used = path ? str_fmt("%s/.assay/used", path) : NULL;
	struct tree_entry e = { 0 }, *v;
	struct stat st;
	int err = 0;

	if (!used) {
		err = -ENOMEM;
		goto out;
	}
	if (stat(used, &st) && stat(path, &st)) {
		err = errno == ENOENT ? 0 : -errno;
		goto out;
	}
	e.used = st.st_mtim;
	e.size = dir_size(path);
	e.leftover = str_ends(name, "~part") || str_ends(name, "~gone");
	e.last = keep && is_slot_of(name, keep);
	if (e.size < 0) {
		err = e.size;
		goto out;
	}
	e.slot = strdup(name);
	v = e.slot ? reallocarray(l->v, l->n + 1, sizeof(*v)) : NULL;
	if (!v) {
		free(e.slot);
		err = -ENOMEM;
		goto out;
	}
	l->v = v;
	v[l->n++] = e;
	l->total += e.size;
out:
	free(used);
	free(path);
	return err;
}

static int list(struct listing *l, const char *cache, const char *keep)
{
	struct dirent *de;
	DIR *d;
	int err = 0;

	l->dir = str_fmt("%s/trees", cache);
	if (!l->dir)
		return -ENOMEM;
	d = opendir(l->dir);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (de = readdir(d)))
		if (*de->d_name != '.')
			err = add(l, de->d_name, keep);
	closedir(d);
	return err;
}

/* In the order of removal. */
static int compare(const void *a, const void *b)
{
	const struct tree_entry *x = a, *y = b;

	if (x->leftover != y->leftover)
		return x->leftover ? -1 : 1;
	if (x->last != y->last)
		return x->last ? 1 : -1;
	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

static void on_removed(void *ctx, const char *line)
{
	(void)line;
	progress__update(ctx, -1, NULL);
}

/* rm rather than dir_remove: 100,000 files can take minutes on a busy disk, and it can be
 * cancelled. */
static int remove_folder(const struct listing *l, const char *path, const char *slot)
{
	const char *argv[] = { "rm", "-rfv", "--", path, NULL };
	char *title = str_fmt("build tree %s: remove", slot);
	struct progress *p = title ? progress__new(title, false) : NULL;
	struct proc_opts opts = {
		.argv = argv, .on_line = on_removed, .ctx = p, .cancel_fd = l->cancel_fd
	};
	int status = 0, err = proc_run(&opts, &status);

	progress__done(p, err || status ? NULL : "done");
	free(title);
	return err ? err : status ? -EIO : 0;
}

/* 0, 1 when it is in use, or -errno. The lock of a leftover is that of its tree. */
static int remove_tree(const struct listing *l, const char *cache, const struct tree_entry *e)
{
	char *path = str_fmt("%s/%s", l->dir, e->slot), *slot = strdup(e->slot);
	char *gone = str_fmt("%s/%s~gone", l->dir, e->slot);
	int lock = -1, err = path && gone && slot ? 0 : -ENOMEM;

	if (!err && e->leftover)
		*strrchr(slot, '~') = '\0';
	if (!err) {
		lock = lock__try(cache, slot);
		err = lock == -EWOULDBLOCK ? 1 : lock < 0 ? lock : 0;
	}
	/* A tree that is half removed must not be taken for one. */
	if (!err && !e->leftover) {
		err = dir_remove(gone);
		if (!err && rename(path, gone))
			err = -errno;
	}
	if (!err)
		err = remove_folder(l, e->leftover ? path : gone, slot);
	if (err < 0 && err != -EINTR)
		log_err("%s: cannot be removed: %s", path ? path : e->slot, strerror(-err));
	if (lock >= 0)
		close(lock);
	free(slot);
	free(gone);
	free(path);
	return err;
}

int prune_trees(const char *cache, uint64_t limit, const char *keep_tree, int cancel_fd,
		uint64_t *freed)
{
	struct listing l = { .cancel_fd = cancel_fd };
	int err = list(&l, cache, keep_tree), bad = 0;

	*freed = 0;
	if (err)
		log_err("%s: cannot be read: %s", l.dir ? l.dir : cache, strerror(-err));
	else if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), compare);
	for (size_t i = 0; !err && i < l.n; i++) {
		struct tree_entry *e = &l.v[i];

		if (!e->leftover && (uint64_t)l.total <= limit)
			break;
		err = cancel_pending(cancel_fd) ? -EINTR : remove_tree(&l, cache, e);
		if (!err) {
			l.total -= e->size;
			*freed += e->size;
			log_debug("build tree %s removed (%lld bytes)", e->slot,
				  (long long)e->size);
		}
		if (err == -EINTR)
			break;
		/* The next one may go although this one did not. */
		bad = err < 0 ? err : bad;
		err = 0;
	}
	for (size_t i = 0; i < l.n; i++)
		free(l.v[i].slot);
	free(l.v);
	free(l.dir);
	return err ? err : bad;
}

int image__prune(const struct kernel_paths *paths, uint64_t limit, const char *keep_tree,
		 int cancel_fd, uint64_t *freed)
{
	return prune_trees(paths->cache, limit, keep_tree, cancel_fd, freed);
}
