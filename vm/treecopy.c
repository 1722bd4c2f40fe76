// SPDX-License-Identifier: GPL-2.0-only
/* A user's folder as the source of a tree. */
#include "vm/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/term.h"
#include "vm/srcdir.h"

struct copying {
	const struct tree *t;
	const char *from;
	struct srcdir now;  /* what the folder holds */
	struct srcdir then; /* what was brought into the tree before */
	struct strv absent; /* files that patches made: not in the source so far */
	char *absent_list, *pristine, *manifest;
};

static int open_copying(struct copying *c, const struct tree *t, const struct source *s,
			const struct source_opts *o)
{
	char *text = NULL, *memo = source__memo(o->paths, s->path);
	int err;

	*c = (struct copying){ .t = t, .from = s->path };
	c->absent_list = str_fmt("%s/absent", t->state);
	c->pristine = str_fmt("%s/pristine", t->state);
	c->manifest = str_fmt("%s/manifest", t->state);
	err = memo && c->absent_list && c->pristine && c->manifest ? 0 : -ENOMEM;
	/* What another kind of source left cannot be told from files of this one. */
	if (!err && !file_exists(c->manifest))
		err = dir_remove(t->dir);
	if (!err)
		err = dir_make(t->state);
	if (!err)
		err = srcdir__load(c->manifest, &c->then);
	if (!err)
		err = file_read(c->absent_list, 0, &text, NULL);
	if (err == -ENOENT)
		err = 0;
	else if (!err)
		err = strv__split(&c->absent, text, "\n");
	if (!err)
		err = srcdir__scan(s->path, memo, o->cancel_fd, &c->now);
	free(text);
	free(memo);
	return err;
}

static void close_copying(struct copying *c)
{
	srcdir__release(&c->now);
	srcdir__release(&c->then);
	strv__free(&c->absent);
	free(c->absent_list);
	free(c->pristine);
	free(c->manifest);
}

/* Where the unpatched file belongs: beside the tree when patches touch it. */
static char *place(const struct copying *c, const char *path)
{
	char *kept = str_fmt("%s/%s", c->pristine, path);

	if (!kept || file_exists(kept) || strv__has(&c->absent, path))
		return kept;
	free(kept);
	return str_fmt("%s/%s", c->t->dir, path);
}

static int copy_link(const char *from, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (unlink(to) && errno != ENOENT)
		return -errno;
	return symlink(target, to) ? -errno : 0;
}

/* Unlike file_copy without fsync: there are 80,000 of them, and the mark comes last. */
static int copy_plain(const char *from, const char *to, mode_t mode)
{
	char buf[65536];
	int in, out = -1, err = 0;
	ssize_t n = 0;

	in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return -errno;
	if (unlink(to) && errno != ENOENT)
		err = -errno;
	if (!err) {
		out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0777);
		err = out < 0 ? -errno : 0;
	}
	while (!err && (n = read(in, buf, sizeof(buf))) > 0)
		err = write_all(out, buf, n);
	if (!err && n < 0)
		err = -errno;
	if (out >= 0 && close(out) && !err)
		err = -errno;
	close(in);
	return err;
}

static int copy_one(struct copying *c, const struct srcfile *f)
{
	char *from = str_fmt("%s/%s", c->from, f->path), *to = place(c, f->path), *slash;
	int err = -ENOMEM;

	if (from && to) {
		slash = strrchr(to, '/');
		*slash = '\0';
		err = dir_make(to);
		*slash = '/';
	}
	if (!err)
		err = S_ISLNK(f->mode) ? copy_link(from, to) : copy_plain(from, to, f->mode | 0600);
	if (err)
		log_err("kernel %s: cannot copy %s/%s to the build tree: %s", c->t->kernel, c->from,
			f->path, strerror(-err));
	free(from);
	free(to);
	return err;
}

static bool unchanged(const struct srcfile *a, const struct srcfile *b)
{
	return b && !strcmp(a->hash, b->hash) && a->mode == b->mode;
}

/* Before the first write, so that a file that comes and goes around an interruption is known. */
static int announce(struct copying *c)
{
	struct srcdir all = { 0 };
	int err;

	all.v = calloc(c->now.n + c->then.n + 1, sizeof(*all.v));
	if (!all.v)
		return -ENOMEM;
	for (size_t i = 0; i < c->then.n; i++)
		all.v[all.n++] = c->then.v[i];
	for (size_t i = 0; i < c->now.n; i++) {
		if (srcdir__find(&c->then, c->now.v[i].path))
			continue;
		all.v[all.n] = c->now.v[i];
		strcpy(all.v[all.n++].hash, "-");
	}
	err = srcdir__save(&all, c->manifest);
	free(all.v); /* the paths are borrowed */
	return err;
}

static int remove_gone(struct copying *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->then.n; i++) {
		char *path;

		if (srcdir__find(&c->now, c->then.v[i].path))
			continue;
		path = place(c, c->then.v[i].path);
		if (!path)
			err = -ENOMEM;
		else if (str_starts(path, c->pristine) && file_exists(path))
			err = strv__add(&c->absent, c->then.v[i].path);
		if (!err && unlink(path) && errno != ENOENT && errno != ENOTDIR)
			err = -errno;
		free(path);
	}
	return err;
}

static int copy_changed(struct copying *c, const struct source_opts *o, struct progress *p)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->now.n; i++) {
		const struct srcfile *f = &c->now.v[i];

		if (!(i % 256)) {
			progress__update(p, (double)i / c->now.n, NULL);
			if (cancel_pending(o->cancel_fd))
				return -EINTR;
		}
		if (!unchanged(f, srcdir__find(&c->then, f->path)))
			err = copy_one(c, f);
	}
	return err;
}

/* A file that patches made and the source now has, or the other way round. */
static int save_absent(struct copying *c)
{
	struct strbuf sb = STRBUF_INIT;
	int err;

	for (size_t i = 0; i < c->absent.n; i++)
		if (!srcdir__find(&c->now, c->absent.v[i]))
			strbuf__addf(&sb, "%s\n", c->absent.v[i]);
	err = sb.failed ? -ENOMEM : file_write(c->absent_list, strbuf__str(&sb), sb.len);
	strbuf__free(&sb);
	return err;
}

int tree__copy_folder(const struct tree *t, const struct source *s, const struct source_opts *o)
{
	char *title = str_fmt("kernel %s: copy of %s", t->kernel, s->path), hex[HASH_HEX];
	struct progress *p = NULL;
	struct copying c;
	int err = open_copying(&c, t, s, o);

	if (!err)
		err = srcdir__hash(&c.now, hex);
	if (!err && strcmp(hex, s->hash)) {
		log_err("kernel %s: %s changes while it is read", t->kernel, s->path);
		err = -EAGAIN;
	}
	if (!err)
		err = tree__set_mark(t, "source", NULL);
	if (!err)
		err = announce(&c);
	if (!err) {
		p = title ? progress__new(title, false) : NULL;
		err = remove_gone(&c);
		if (!err)
			err = copy_changed(&c, o, p);
		progress__done(p, err ? NULL : "done");
	}
	if (!err)
		err = save_absent(&c);
	if (!err)
		err = srcdir__save(&c.now, c.manifest);
	/* What was patched has to be looked at again. */
	if (!err)
		err = tree__set_mark(t, "patched", NULL);
	if (!err)
		err = tree__set_mark(t, "source", s->hash);
	else if (err != -EINTR)
		log_err("kernel %s: the source %s cannot be brought into %s: %s", t->kernel,
			s->path, t->dir, strerror(-err));
	close_copying(&c);
	free(title);
	return err;
}
