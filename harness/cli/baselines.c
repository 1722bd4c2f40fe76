// SPDX-License-Identifier: GPL-2.0-only
#include "cli/baselines.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "diff/baseline.h"
#include "diff/side.h"
#include "model/kver.h"

#define SUFFIX ".txt"

char *baselines__path(const struct cli *cli, const char *kernel)
{
	return str_fmt("%s/%s" SUFFIX, cli->baseline, kernel);
}

static int by_version(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	struct kver v, w;

	if (!kver__parse(x, &v) && !kver__parse(y, &w) && kver__cmp(v, w))
		return kver__cmp(v, w);
	return strcmp(x, y);
}

int baselines__list(const struct cli *cli, struct strv *kernels)
{
	DIR *d = opendir(cli->baseline);
	struct dirent *de;
	int err = 0;

	if (!d && errno == ENOENT)
		return 0;
	if (!d) {
		err = -errno;
		log_err("%s: cannot be read: %s", cli->baseline, strerror(-err));
		return err;
	}
	while (!err && (de = readdir(d))) {
		char *name;

		if (*de->d_name == '.' || !str_ends(de->d_name, SUFFIX))
			continue;
		name = strndup(de->d_name, strlen(de->d_name) - strlen(SUFFIX));
		err = name ? strv__add(kernels, name) : -ENOMEM;
		free(name);
	}
	closedir(d);
	if (kernels->n)
		qsort(kernels->v, kernels->n, sizeof(*kernels->v), by_version);
	return err;
}

int baselines__read(const struct cli *cli, const char *kernel, struct side **out)
{
	char *path = baselines__path(cli, kernel);
	int err = path ? baseline__read(path, out) : -ENOMEM;

	if (err == -ENOENT) {
		log_err("%s: kernel %s has no baseline; `assay baseline update RUN -k %s` makes one",
			path, kernel, kernel);
		err = -EINVAL;
	} else if (!err && strcmp((*out)->kernel, kernel)) {
		log_err("%s: this is the baseline of %s", path, (*out)->kernel);
		side__free(*out);
		*out = NULL;
		err = -EINVAL;
	}
	free(path);
	return err;
}
