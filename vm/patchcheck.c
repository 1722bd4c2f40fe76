// SPDX-License-Identifier: GPL-2.0-only
#include "vm/patchcheck.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "vm/lock.h"
#include "vm/patch.h"
#include "vm/series.h"

#define PATCH_MAX (16 << 20)

struct check {
	const struct kernel *k;
	const struct source_opts *o;
	char *patch_dir;
	struct series series;
	struct strv paths; /* that the patches touch */
	char *dir;	   /* where the touched files are kept */
	char *files;	   /* <dir>/files */
};

void patch_check__release(struct patch_check *c)
{
	free(c->why);
	c->why = NULL;
}

static bool same_text(const char *a, const char *b)
{
	return !a == !b && (!a || !strcmp(a, b));
}

bool patch_check__same(const struct kernel *a, const struct kernel *b)
{
	bool same = same_text(a->series, b->series) && a->more.n == b->more.n &&
		    same_text(a->source, b->source) && same_text(a->sha256, b->sha256) &&
		    same_text(a->tarball_sha256, b->tarball_sha256);

	for (size_t i = 0; same && i < a->more.n; i++)
		same = !strcmp(a->more.v[i], b->more.v[i]);
	return same;
}

/* The paths that the patches touch. -EINVAL with *why for a patch that can't be read. */
static int read_paths(struct check *c, char **why)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->series.patches.n; i++) {
		const char *name = c->series.patches.v[i];
		char *path = str_fmt("%s/%s", c->patch_dir, name), *text = NULL, *reason = NULL;
		struct patch p;

		err = path ? file_read(path, PATCH_MAX, &text, NULL) : -ENOMEM;
		if (!err)
			err = patch__parse(text, &p, &reason);
		if (!err) {
			err = patch__paths(&p, &c->paths);
			patch__release(&p);
		} else if (err != -ENOMEM) {
			*why = str_fmt("patch %s: %s", name, reason ? reason : strerror(-err));
		}
		free(reason);
		free(text);
		free(path);
	}
	return err;
}

/* A folder for the source: by its pinned hash, or, of a user's, by its path. */
static int choose_dir(struct check *c)
{
	const char *of = c->k->source		? c->k->source
			 : c->k->sha256		? c->k->sha256
			 : c->k->tarball_sha256 ? c->k->tarball_sha256
						: c->k->name;
	struct hash *h = hash__new();
	char hex[HASH_HEX];

	if (!h)
		return -ENOMEM;
	hash__add_str(h, of);
	hash__end(h, hex);
	c->dir = str_fmt("%s/touched/%.16s", c->o->paths->cache, hex);
	c->files = c->dir ? str_fmt("%s/files", c->dir) : NULL;
	return c->files ? 0 : -ENOMEM;
}

static int apply(struct check *c, char **why)
{
	const struct patching p = {
		.kernel = c->k->name,
		.tree = c->files,
		.state = c->dir,
		.dir = c->patch_dir,
		.patches = &c->series.patches,
		.cancel_fd = c->o->cancel_fd,
		.why = why,
	};

	return patching__check(&p);
}

/* One check at a time in a folder. */
static int check_locked(struct check *c, struct patch_check *out)
{
	char *name = str_fmt("touched-%s", strrchr(c->dir, '/') + 1);
	int lock = -ENOMEM, err;

	if (name)
		lock = lock__take(c->o->paths->cache, name, "is checking patches", c->o->cancel_fd);
	free(name);
	if (lock < 0)
		return lock;
	err = touched__gather(c->k, c->o, &c->paths, c->dir, &out->why);
	if (!err) {
		err = apply(c, &out->why);
		out->state = !err ? PATCHES_APPLY : err == -EINVAL ? PATCHES_FAIL : PATCHES_UNKNOWN;
	}
	close(lock);
	return err;
}

int patch_check__run(const struct kernel *k, const struct source_opts *o, struct patch_check *out)
{
	struct check c = { .k = k, .o = o };
	int err;

	*out = (struct patch_check){ .state = PATCHES_UNKNOWN };
	c.patch_dir = str_fmt("%s/%s", o->paths->patches, k->series);
	err = c.patch_dir ? choose_dir(&c) : -ENOMEM;
	if (!err)
		err = series__read(c.patch_dir, &k->more, &c.series);
	if (!err) {
		out->patches = c.series.patches.n;
		err = read_paths(&c, &out->why);
		if (err == -EINVAL)
			out->state = PATCHES_FAIL;
	}
	if (!err)
		err = check_locked(&c, out);
	if (err && err != -EINTR && err != -ENOMEM) {
		if (!out->why)
			out->why = strdup(strerror(-err));
		err = out->why ? 0 : -ENOMEM;
	}
	series__release(&c.series);
	strv__free(&c.paths);
	free(c.patch_dir);
	free(c.files);
	free(c.dir);
	return err;
}
