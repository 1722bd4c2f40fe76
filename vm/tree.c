// SPDX-License-Identifier: GPL-2.0-only
#include "vm/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/term.h"

#define CHECKPOINT 500	 /* tar's records between two reports */
#define RECORD	   10240 /* bytes of one */

char *tree__slot(const struct kernel *k)
{
	char hex[HASH_HEX], *real;
	struct hash *h;

	const char *name = k->slot ? k->slot : k->name;

	if (!k->source)
		return strdup(name);
	h = hash__new();
	if (!h)
		return NULL;
	real = realpath(k->source, NULL);
	hash__add_str(h, real ? real : k->source);
	hash__end(h, hex);
	free(real);
	return str_fmt("%s@%.8s", name, hex);
}

int tree__init(struct tree *t, const struct kernel *k, const char *cache)
{
	*t = (struct tree){ .kernel = k->name, .slot = tree__slot(k) };
	if (t->slot) {
		t->dir = str_fmt("%s/trees/%s", cache, t->slot);
		t->state = str_fmt("%s/trees/%s/.assay", cache, t->slot);
		t->part = str_fmt("%s/trees/%s~part", cache, t->slot);
	}
	if (t->dir && t->state && t->part)
		return 0;
	tree__release(t);
	return -ENOMEM;
}

void tree__release(struct tree *t)
{
	free(t->slot);
	free(t->dir);
	free(t->state);
	free(t->part);
	*t = (struct tree){ 0 };
}

char *tree__mark(const struct tree *t, const char *step)
{
	char *path = str_fmt("%s/%s", t->state, step), *text = NULL;

	if (path && file_read(path, 4096, &text, NULL))
		text = NULL;
	if (text)
		text[strcspn(text, "\n")] = '\0';
	free(path);
	return text;
}

bool tree__marked(const struct tree *t, const char *step, const char *hash)
{
	char *is = tree__mark(t, step);
	bool same = is && !strcmp(is, hash);

	free(is);
	return same;
}

int tree__set_mark(const struct tree *t, const char *step, const char *hash)
{
	char *path = str_fmt("%s/%s", t->state, step), *text = hash ? str_fmt("%s\n", hash) : NULL;
	int err = 0;

	if (!path || (hash && !text))
		err = -ENOMEM;
	else if (hash)
		err = file_write(path, text, strlen(text));
	else if (unlink(path) && errno != ENOENT)
		err = -errno;
	if (err)
		log_err("kernel %s: cannot note the step '%s' in %s: %s", t->kernel, step, t->state,
			strerror(-err));
	free(text);
	free(path);
	return err;
}

void tree__touch(const struct tree *t)
{
	char *path = str_fmt("%s/used", t->state);

	if (path && utimensat(AT_FDCWD, path, NULL, 0))
		file_write(path, "", 0);
	free(path);
}

struct unpacking {
	struct progress *progress;
	double records; /* expected; 0: unknown */
	bool verbose;
	char *last;
};

static void on_tar_line(void *ctx, const char *line)
{
	struct unpacking *u = ctx;
	unsigned long n;

	if (sscanf(line, "checkpoint %lu", &n) == 1 ||
	    sscanf(line, "%*[^:]: checkpoint %lu", &n) == 1) {
		progress__update(u->progress, u->records > 0 ? n / u->records : -1, NULL);
		return;
	}
	if (u->verbose)
		fprintf(stderr, "%s\n", line);
	free(u->last);
	u->last = strdup(line);
}

/* Uncompressed, in tar's records; 0 when xz cannot tell (another format, a damaged file). */
static double count_records(const char *path)
{
	const char *argv[] = { "xz", "--robot", "--list", path, NULL };
	char *text = NULL, *line;
	uint64_t bytes = 0;
	int status;

	if (!str_ends(path, ".xz") || proc_output(argv, &text, &status) || status) {
		free(text);
		return 0;
	}
	line = strstr(text, "totals\t");
	if (line)
		sscanf(line, "totals\t%*u\t%*u\t%*u\t%" SCNu64, &bytes);
	free(text);
	return (double)bytes / RECORD;
}

static int run_unpack(const struct tree *t, const char *const *argv, struct unpacking *u,
		      int cancel_fd)
{
	const char *env[] = { "LC_ALL=C", NULL };
	struct proc_opts opts = {
		.argv = argv, .env = env, .on_line = on_tar_line, .ctx = u, .cancel_fd = cancel_fd
	};
	int status = 0, err = proc_run(&opts, &status);

	if (err && err != -EINTR)
		log_err("kernel %s: cannot run %s: %s", t->kernel, argv[0], strerror(-err));
	if (!err && status) {
		log_err("kernel %s: %s failed to unpack the source: %s", t->kernel, argv[0],
			u->last ? u->last : "no reason given");
		err = -EIO;
	}
	return err;
}

static int unpack_tar(const struct tree *t, const char *tarball, struct unpacking *u, int cancel_fd)
{
	char *to = str_fmt("%s/tree", t->part);
	char *every = str_fmt("--checkpoint=%d", CHECKPOINT);
	const char *argv[] = { "tar",
			       "-C",
			       to,
			       "--strip-components=1",
			       "--no-same-owner",
			       every,
			       "--checkpoint-action=echo=checkpoint %u",
			       "-xf",
			       tarball,
			       NULL };
	int err = to && every ? dir_make(to) : -ENOMEM;

	u->records = count_records(tarball);
	if (!err)
		err = run_unpack(t, argv, u, cancel_fd);
	free(every);
	free(to);
	return err;
}

/* The one file of a folder that a pattern matches, as a path; NULL when there is none, or another.
 * Not glob(): the folder's own name may hold its special characters. Caller frees. */
static char *find_one(const char *dir, const char *pattern)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	char *found = NULL;
	int n = 0;

	while (d && (de = readdir(d))) {
		if (!str_glob(pattern, de->d_name) || n++)
			continue;
		found = str_fmt("%s/%s", dir, de->d_name);
	}
	if (d)
		closedir(d);
	if (n == 1)
		return found;
	free(found);
	return NULL;
}

/* A linux-source package holds the tarball. */
static int unpack_deb(const struct tree *t, const char *deb, struct unpacking *u, int cancel_fd)
{
	char *to = str_fmt("%s/deb", t->part), *dir = str_fmt("%s/deb/usr/src", t->part);
	const char *argv[] = { "dpkg-deb", "-x", deb, to, NULL };
	char *tarball = NULL;
	int err = to && dir ? dir_make(to) : -ENOMEM;

	if (!err)
		err = run_unpack(t, argv, u, cancel_fd);
	if (!err) {
		tarball = find_one(dir, "linux-source-*.tar.*");
		if (!tarball) {
			log_err("kernel %s: %s holds no usr/src/linux-source-*.tar.*", t->kernel,
				deb);
			err = -EINVAL;
		}
	}
	if (!err)
		err = unpack_tar(t, tarball, u, cancel_fd);
	free(tarball);
	free(dir);
	free(to);
	return err;
}

/* The unpacked source takes its place. What is removed loses its name first: a half removed tree
 * must not be taken for one. */
static int install(const struct tree *t, const char *hash)
{
	char *from = str_fmt("%s/tree", t->part), *old = str_fmt("%s/old", t->part);
	char *state = str_fmt("%s/tree/.assay", t->part);
	struct tree made = { .kernel = t->kernel, .state = state };
	int err = from && old && state ? dir_make(state) : -ENOMEM;

	if (!err)
		err = tree__set_mark(&made, "source", hash);
	if (!err && rename(t->dir, old) && errno != ENOENT)
		err = -errno;
	if (!err && rename(from, t->dir))
		err = -errno;
	free(state);
	free(from);
	free(old);
	return err;
}

int tree__unpack(const struct tree *t, const struct source *s, const struct source_opts *o)
{
	char *title = str_fmt("kernel %s: unpack", t->kernel);
	struct unpacking u = { .verbose = o->verbose };
	int err = title ? dir_remove(t->part) : -ENOMEM;

	if (!err)
		err = dir_make(t->part);
	if (err) {
		log_err("kernel %s: cannot make %s: %s", t->kernel, t->part, strerror(-err));
		goto out;
	}
	u.progress = o->verbose ? NULL : progress__new(title, false);
	err = s->kind == SOURCE_DEB ? unpack_deb(t, s->path, &u, o->cancel_fd)
				    : unpack_tar(t, s->path, &u, o->cancel_fd);
	progress__done(u.progress, err ? NULL : "done");
	if (!err) {
		err = install(t, s->hash);
		if (err)
			log_err("kernel %s: cannot put the source to %s: %s", t->kernel, t->dir,
				strerror(-err));
	}
	/* Cut off, it should end at once: the next time removes it. */
	if (err != -EINTR)
		dir_remove(t->part);
out:
	free(u.last);
	free(title);
	return err;
}

int tree__version(const struct tree *t, struct kver *out)
{
	static const char *const names[] = { "VERSION", "PATCHLEVEL", "SUBLEVEL" };
	char *path = str_fmt("%s/Makefile", t->dir), *text = NULL;
	unsigned int n[3] = { 0 };
	int found = 0, err = path ? file_read(path, 1 << 20, &text, NULL) : -ENOMEM;

	for (char *p = text; !err && p; p = strchr(p, '\n')) {
		p += *p == '\n';
		for (int i = 0; i < 3; i++) {
			size_t len = strlen(names[i]);

			if (!strncmp(p, names[i], len) && !(found & 1 << i) &&
			    sscanf(p + len, " = %u", &n[i]) == 1)
				found |= 1 << i;
		}
	}
	if (!err && found != 7)
		err = -EINVAL;
	if (err)
		log_err("kernel %s: %s/Makefile does not tell the version: %s", t->kernel, t->dir,
			strerror(-err));
	else
		*out = (struct kver){ n[0], n[1], n[2] };
	free(text);
	free(path);
	return err;
}
