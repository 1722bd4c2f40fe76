// SPDX-License-Identifier: GPL-2.0-only
#include "vm/snapshot_prune.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "vm/snapshot.h"

struct kept {
	char *path;
	struct timespec used;
	int64_t bytes;
	bool keep;
};

/* The one that was used last comes first. */
static int by_use(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->keep != y->keep)
		return x->keep ? -1 : 1;
	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec > y->used.tv_sec ? -1 : 1;
	return x->used.tv_nsec > y->used.tv_nsec ? -1 : x->used.tv_nsec < y->used.tv_nsec;
}

static struct kept *look_at(char *path, bool keep, struct kept *k)
{
	char *meta = str_fmt("%s/meta.json", path);
	struct stat st = { 0 };

	if (meta && !stat(meta, &st))
		k->used = st.st_mtim;
	k->path = path;
	k->bytes = dir_size(path);
	k->keep = keep;
	free(meta);
	return k;
}

static size_t list(const char *dir, const char *keep, struct kept **out)
{
	DIR *d = opendir(dir);
	struct kept *all = NULL, *more;
	struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d))) {
		char *path = NULL;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		path = str_fmt("%s/%s", dir, e->d_name);
		if (path && str_starts(e->d_name, SNAPSHOT_NEW)) {
			dir_remove(path);
			free(path);
			continue;
		}
		more = path ? realloc(all, (n + 1) * sizeof(*all)) : NULL;
		if (!more) {
			free(path);
			break;
		}
		all = more;
		all[n] = (struct kept){ 0 };
		look_at(path, keep && !strcmp(e->d_name, keep), &all[n++]);
	}
	if (d)
		closedir(d);
	*out = all;
	return n;
}

void snapshot_prune(const char *cache, const char *keep, const struct snapshot_limits *limits)
{
	char *dir = str_fmt("%s/" SNAPSHOT_DIR, cache);
	struct kept *all = NULL;
	int64_t bytes = 0;
	size_t n = dir ? list(dir, keep, &all) : 0;

	if (n)
		qsort(all, n, sizeof(*all), by_use);
	for (size_t i = 0; i < n; i++) {
		bytes += all[i].bytes > 0 ? all[i].bytes : 0;
		if (!all[i].keep && (i >= limits->number || bytes > limits->bytes))
			dir_remove(all[i].path);
		free(all[i].path);
	}
	free(all);
	free(dir);
}
