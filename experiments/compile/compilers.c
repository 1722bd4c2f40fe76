// SPDX-License-Identifier: GPL-2.0-only
/* The clangs of this host. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/proc.h"
#include "base/str.h"
#include "compile.h"

/* clang, clang-14; not clang++, clang-format, clang-cpp-14 */
static bool is_clang(const char *name)
{
	if (!str_starts(name, "clang"))
		return false;
	name += strlen("clang");
	return !*name || (*name == '-' && name[1] && !name[1 + strspn(name + 1, "0123456789")]);
}

/* Once for every program, however many names it has. */
static int add_path(struct strv *paths, const char *path)
{
	char *real = realpath(path, NULL);
	int err = 0;

	if (real && !strv__has(paths, real))
		err = strv__add(paths, real);
	free(real);
	return err;
}

static int add_folder(struct strv *paths, const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	int err = 0;

	while (d && !err && (entry = readdir(d))) {
		char *path =
			is_clang(entry->d_name) ? str_fmt("%s/%s", folder, entry->d_name) : NULL;

		if (path)
			err = add_path(paths, path);
		free(path);
	}
	if (d)
		closedir(d);
	return err;
}

static int find_paths(struct strv *paths)
{
	const char *path = getenv("PATH");
	struct strv folders = { 0 };
	glob_t found = { 0 };
	int err = path ? strv__split(&folders, path, ":") : 0;

	for (size_t i = 0; !err && i < folders.n; i++)
		err = add_folder(paths, folders.v[i]);
	if (!err && !glob("/usr/lib/llvm-*/bin/clang", 0, NULL, &found))
		for (size_t i = 0; !err && i < found.gl_pathc; i++)
			err = add_path(paths, found.gl_pathv[i]);
	globfree(&found);
	strv__free(&folders);
	return err;
}

/* "Debian clang version 14.0.6": one that does not say so is passed over. */
static int ask(const char *path, struct compiler *c)
{
	const char *argv[] = { path, "--version", NULL };
	static const char before[] = "clang version ";
	char *said = NULL, *at;
	int status, err = proc_output(argv, &said, &status);

	*c = (struct compiler){ 0 };
	at = !err && !status ? strstr(said, before) : NULL;
	if (at && !kver__parse(at + strlen(before), &c->kver)) {
		kver__str(c->kver, c->version);
		c->path = strdup(path);
	}
	free(said);
	return err == -ENOMEM ? err : 0;
}

static int by_version(const void *a, const void *b)
{
	const struct compiler *x = a, *y = b;

	return kver__cmp(x->kver, y->kver);
}

static bool known(const struct compilers *cs, struct kver v)
{
	for (size_t i = 0; i < cs->n; i++)
		if (!kver__cmp(cs->v[i].kver, v))
			return true;
	return false;
}

int compilers__find(struct compilers *cs)
{
	struct strv paths = { 0 };
	int err = find_paths(&paths);

	*cs = (struct compilers){ 0 };
	if (!err && paths.n) {
		cs->v = calloc(paths.n, sizeof(*cs->v));
		err = cs->v ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !err && i < paths.n; i++) {
		struct compiler c;

		err = ask(paths.v[i], &c);
		if (err || !c.path || known(cs, c.kver))
			free(c.path);
		else
			cs->v[cs->n++] = c;
	}
	strv__free(&paths);
	if (cs->n)
		qsort(cs->v, cs->n, sizeof(*cs->v), by_version);
	return err;
}

void compilers__release(struct compilers *cs)
{
	for (size_t i = 0; i < cs->n; i++)
		free(cs->v[i].path);
	free(cs->v);
	*cs = (struct compilers){ 0 };
}
