// SPDX-License-Identifier: GPL-2.0-only
#include "vm/compiled.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define CMD_MAX	  (16 << 20)
#define DEPTH_MAX 32

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What steers a build is named in no list of dependencies. A header that is not there yet can come
 * to hide another one. */
static bool steers(const char *tree, const char *path)
{
	const char *name = base_name(path);
	char *full = str_fmt("%s/%s", tree, path);
	bool is_there = full && file_exists(full);

	free(full);
	return str_starts(name, "Kconfig") || str_starts(name, "Makefile") ||
	       str_starts(name, "Kbuild") || str_starts(path, "scripts/") ||
	       str_ends(name, ".config") || (!is_there && str_ends(name, ".h"));
}

/* The name as a whole component of a path. */
static bool names(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = strstr(text, name); p; p = strstr(p + 1, name)) {
		char before = p == text ? '/' : p[-1];

		if (strchr("/ \t\n\"'=:(", before) && strchr(" \t\n\\\"'):;,", p[len]))
			return true;
	}
	return false;
}

static bool file_names(const char *path, const struct strv *paths)
{
	char *text = NULL;
	bool found = false;

	if (file_read(path, CMD_MAX, &text, NULL))
		return true;
	for (size_t i = 0; !found && i < paths->n; i++)
		found = names(text, base_name(paths->v[i]));
	free(text);
	return found;
}

static bool is_cmd(const char *name)
{
	return *name == '.' && str_ends(name, ".cmd");
}

/* *lists counts the lists that were read. */
static bool folder_names(const char *dir, const struct strv *paths, int depth, size_t *lists)
{
	DIR *d = opendir(dir);
	bool found = !d || depth > DEPTH_MAX;
	struct dirent *de;

	for (errno = 0; !found; errno = 0) {
		char *path;

		de = readdir(d);
		if (!de) {
			found = errno;
			break;
		}
		if (de->d_type == DT_UNKNOWN) { /* may be a folder */
			found = true;
			break;
		}
		if (de->d_type != DT_DIR && !is_cmd(de->d_name))
			continue;
		/* The tree's own state and version control hold nothing that was built. */
		if (de->d_type == DT_DIR && *de->d_name == '.')
			continue;
		path = str_fmt("%s/%s", dir, de->d_name);
		*lists += path && de->d_type != DT_DIR;
		found = !path || (de->d_type == DT_DIR ? folder_names(path, paths, depth + 1, lists)
						       : file_names(path, paths));
		free(path);
	}
	if (d)
		closedir(d);
	return found;
}

bool compiled__matter(const char *tree, const struct strv *paths)
{
	size_t lists = 0;

	for (size_t i = 0; i < paths->n; i++)
		if (steers(tree, paths->v[i]))
			return true;
	/* A tree without any list was not built. */
	return folder_names(tree, paths, 0, &lists) || !lists;
}
