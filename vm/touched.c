// SPDX-License-Identifier: GPL-2.0-only
/* The files of a source that patches touch, without the rest of it. */
#include "vm/patchcheck.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/term.h"
#include "vm/lock.h"
#include "vm/tree.h"

#define LIST_MAX (16 << 20)
#define PROBE	 "Makefile" /* that every source has: shows that unpacking came to something */

struct gathering {
	const struct kernel *k;
	const struct source_opts *o;
	const struct strv *paths;
	const char *dir;
	char *files, *asked_list;
	struct strv asked; /* paths that were looked for before, found or not */
	char **why;
};

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

static int copy_to(const struct gathering *g, const char *from, const char *path)
{
	char *to = str_fmt("%s/%s", g->files, path), *slash;
	int err = -ENOMEM;

	if (to) {
		slash = strrchr(to, '/');
		*slash = '\0';
		err = dir_make(to);
		*slash = '/';
	}
	if (!err)
		err = file_copy(from, to);
	free(to);
	return err;
}

/* --- from a tree ---------------------------------------------------------------------------- */

/* A file as the source has it: patched ones are kept aside (vm/patching.c). */
static int copy_from_tree(const struct gathering *g, const char *tree, const struct strv *absent,
			  const char *path)
{
	char *kept = str_fmt("%s/.assay/pristine/%s", tree, path);
	char *plain = str_fmt("%s/%s", tree, path);
	int err = kept && plain ? 0 : -ENOMEM;

	if (!err && is_file(kept))
		err = copy_to(g, kept, path);
	else if (!err && !strv__has(absent, path) && is_file(plain))
		err = copy_to(g, plain, path);
	free(kept);
	free(plain);
	return err;
}

static int copy_tree(const struct gathering *g, const char *tree)
{
	char *list = str_fmt("%s/.assay/absent", tree), *text = NULL;
	struct strv absent = { 0 };
	int err = list ? file_read(list, LIST_MAX, &text, NULL) : -ENOMEM;

	if (!err)
		err = strv__split(&absent, text, "\n");
	else if (err == -ENOENT)
		err = 0;
	for (size_t i = 0; !err && i < g->paths->n; i++)
		err = copy_from_tree(g, tree, &absent, g->paths->v[i]);
	strv__free(&absent);
	free(text);
	free(list);
	return err;
}

static bool holds(const struct kernel *k, const char *state)
{
	const struct tree t = { .state = (char *)state };
	struct source s[2] = { 0 };
	size_t n = source__pinned(k, s);
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		found = found || tree__marked(&t, "source", s[i].hash);
		source__release(&s[i]);
	}
	return found;
}

/* 0, -ENOENT when no tree that nobody works in has this source, or -errno. */
static int from_trees(const struct gathering *g)
{
	const char *cache = g->o->paths->cache;
	char *trees = str_fmt("%s/trees", cache);
	DIR *d = trees ? opendir(trees) : NULL;
	struct dirent *de;
	int err = trees ? -ENOENT : -ENOMEM;

	while (err == -ENOENT && d && (de = readdir(d))) {
		char *tree = str_fmt("%s/%s", trees, de->d_name);
		char *state = str_fmt("%s/%s/.assay", trees, de->d_name);

		if (!tree || !state) {
			err = -ENOMEM;
		} else if (*de->d_name != '.' && holds(g->k, state)) {
			int lock = lock__try(cache, de->d_name);

			if (lock >= 0) {
				err = holds(g->k, state) ? copy_tree(g, tree) : -ENOENT;
				close(lock);
			}
		}
		free(tree);
		free(state);
	}
	if (d)
		closedir(d);
	free(trees);
	return err;
}

/* --- from a package or tarball -------------------------------------------------------------- */

struct unpacking {
	struct progress *progress;
	char *error;
};

static void on_tar_line(void *ctx, const char *line)
{
	struct unpacking *u = ctx;

	progress__update(u->progress, -1, NULL);
	/* What patches add is not there, and that is not the failure. */
	if (strstr(line, "checkpoint ") || strstr(line, ": Not found in archive") ||
	    strstr(line, "Exiting with failure status due to previous errors") || !*line)
		return;
	if (!u->error)
		u->error = strdup(line);
}

/* The pattern of a path below the archive's one folder. */
static int add_pattern(struct strv *args, const char *path)
{
	struct strbuf sb = STRBUF_INIT;
	int err;

	strbuf__add(&sb, "*/", 2);
	for (const char *s = path; *s; s++) {
		if (strchr("*?[\\", *s))
			strbuf__add(&sb, "\\", 1);
		strbuf__add(&sb, s, 1);
	}
	err = sb.failed ? -ENOMEM : strv__add(args, strbuf__str(&sb));
	strbuf__free(&sb);
	return err;
}

/* Reads all of the archive and writes only what is wanted of it. */
static int unpack(const struct gathering *g, const struct source *s, const char *to)
{
	/* $1 archive, $2 folder, then the patterns. A package holds the tarball; xz takes all CPUs
	 * where the file was made so. */
	static const char deb[] =
		"set -o pipefail; a=$1 d=$2; shift 2; dpkg-deb --fsys-tarfile \"$a\" | "
		"tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | xz -dc -T0 | "
		"tar -x -C \"$d\" --strip-components=1 --no-same-owner --wildcards "
		"--no-wildcards-match-slash --checkpoint=2000 "
		"--checkpoint-action='echo=checkpoint %u' -- \"$@\"";
	static const char tarball[] =
		"a=$1 d=$2; shift 2; "
		"tar -C \"$d\" --strip-components=1 --no-same-owner --wildcards "
		"--no-wildcards-match-slash --checkpoint=2000 "
		"--checkpoint-action='echo=checkpoint %u' -xf \"$a\" -- \"$@\"";
	const char *head[] = { "bash",	"-c",	 s->kind == SOURCE_DEB ? deb : tarball,
			       "assay", s->path, to };
	const char *env[] = { "LC_ALL=C", NULL };
	char *title = str_fmt("kernel %s: files to be patched", g->k->name);
	struct unpacking u = { 0 };
	struct strv args = { 0 };
	int status = 0, err = title ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < sizeof(head) / sizeof(head[0]); i++)
		err = strv__add(&args, head[i]);
	if (!err)
		err = add_pattern(&args, PROBE);
	for (size_t i = 0; !err && i < g->paths->n; i++)
		if (strcmp(g->paths->v[i], PROBE))
			err = add_pattern(&args, g->paths->v[i]);
	if (!err) {
		u.progress = progress__new(title, false);
		err = proc_run(
			&(struct proc_opts){
				.argv = (const char *const *)args.v,
				.env = env,
				.on_line = on_tar_line,
				.ctx = &u,
				.cancel_fd = g->o->cancel_fd,
			},
			&status);
		progress__done(u.progress, NULL);
	}
	if (!err && u.error) {
		*g->why = str_fmt("%s cannot be unpacked: %s", s->path, u.error);
		err = -EIO;
	}
	free(u.error);
	strv__free(&args);
	free(title);
	return err;
}

static int from_archive(const struct gathering *g, const struct source *s)
{
	char *part = str_fmt("%s/part", g->dir), *probe = str_fmt("%s/part/" PROBE, g->dir);
	int err = part && probe ? dir_remove(part) : -ENOMEM;

	if (!err)
		err = dir_make(part);
	if (!err)
		err = unpack(g, s, part);
	if (!err && !is_file(probe)) {
		*g->why = str_fmt("%s holds no kernel source", s->path);
		err = -EIO;
	}
	for (size_t i = 0; !err && i < g->paths->n; i++) {
		char *from = str_fmt("%s/%s", part, g->paths->v[i]);

		err = !from ? -ENOMEM : is_file(from) ? copy_to(g, from, g->paths->v[i]) : 0;
		free(from);
	}
	if (part)
		dir_remove(part);
	free(probe);
	free(part);
	return err;
}

/* --- all together --------------------------------------------------------------------------- */

static int from_pinned(const struct gathering *g)
{
	struct source s = { 0 };
	struct log_catch c;
	char *said;
	int err;

	log_catch__begin(&c);
	err = source__obtain(g->k, g->o, &s);
	said = log_catch__end(&c);
	if (!err)
		err = from_archive(g, &s);
	else if (err != -EINTR && err != -ENOMEM)
		*g->why = strdup(said ? said : "its source cannot be had");
	free(said);
	source__release(&s);
	return err;
}

/* What the user names may change at any time: nothing is remembered of it. */
static int from_user(const struct gathering *g)
{
	struct source s = { .kind = SOURCE_TARBALL, .path = g->k->source };
	struct stat st;
	int err = 0;

	if (stat(s.path, &st)) {
		err = -errno;
		*g->why = str_fmt("source %s: %s", s.path, strerror(-err));
		return err;
	}
	if (!S_ISDIR(st.st_mode))
		return from_archive(g, &s);
	for (size_t i = 0; !err && i < g->paths->n; i++) {
		char *from = str_fmt("%s/%s", s.path, g->paths->v[i]);

		err = !from ? -ENOMEM : is_file(from) ? copy_to(g, from, g->paths->v[i]) : 0;
		free(from);
	}
	return err;
}

static bool all_asked(const struct gathering *g)
{
	for (size_t i = 0; i < g->paths->n; i++)
		if (!strv__has(&g->asked, g->paths->v[i]))
			return false;
	return true;
}

static int remember(const struct gathering *g)
{
	struct strbuf sb = STRBUF_INIT;
	int err;

	for (size_t i = 0; i < g->asked.n; i++)
		strbuf__addf(&sb, "%s\n", g->asked.v[i]);
	for (size_t i = 0; i < g->paths->n; i++)
		if (!strv__has(&g->asked, g->paths->v[i]))
			strbuf__addf(&sb, "%s\n", g->paths->v[i]);
	err = sb.failed ? -ENOMEM : file_write(g->asked_list, strbuf__str(&sb), sb.len);
	strbuf__free(&sb);
	return err;
}

static int gather(struct gathering *g)
{
	char *text = NULL;
	int err;

	if (g->k->source) {
		err = dir_remove(g->dir);
		if (!err)
			err = dir_make(g->files);
		return err ? err : from_user(g);
	}
	err = file_read(g->asked_list, LIST_MAX, &text, NULL);
	if (!err)
		err = strv__split(&g->asked, text, "\n");
	free(text);
	if (err && err != -ENOENT)
		return err;
	if (!err && all_asked(g))
		return 0;
	err = dir_make(g->files);
	if (!err)
		err = from_trees(g);
	if (err == -ENOENT)
		err = from_pinned(g);
	return err ? err : remember(g);
}

int touched__gather(const struct kernel *k, const struct source_opts *o, const struct strv *paths,
		    const char *dir, char **why)
{
	struct gathering g = { .k = k, .o = o, .paths = paths, .dir = dir, .why = why };
	int err = -ENOMEM;

	g.files = str_fmt("%s/files", dir);
	g.asked_list = str_fmt("%s/asked", dir);
	if (g.files && g.asked_list)
		err = gather(&g);
	if (err && err != -EINTR && !*why)
		*why = str_fmt("the files to be patched cannot be got: %s", strerror(-err));
	strv__free(&g.asked);
	free(g.files);
	free(g.asked_list);
	return err;
}
