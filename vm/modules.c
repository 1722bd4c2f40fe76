// SPDX-License-Identifier: GPL-2.0-only
#include "vm/modules.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"

#define ORDER_MAX (1 << 20)

int modules__read_order(const char *text, struct strv *paths)
{
	struct strv lines = { 0 };
	int err = strv__split(&lines, text, "\n");

	for (size_t i = 0; !err && i < lines.n; i++) {
		const char *s = lines.v[i];
		bool object = str_ends(s, ".o");
		char *path;

		if (!object && !str_ends(s, ".ko")) {
			err = -EINVAL;
			break;
		}
		path = object ? str_fmt("%.*s.ko", (int)strlen(s) - 2, s) : strdup(s);
		err = path ? strv__add(paths, path) : -ENOMEM;
		free(path);
	}
	strv__free(&lines);
	return err;
}

static int keep_one(const char *kernel, const char *from, const char *to, int cancel_fd)
{
	/* As `strip -g`; .BTF stays, which is no debug section to binutils. */
	const char *argv[] = { "objcopy", "--strip-debug", from, to, NULL };
	struct proc_opts opts = { .argv = argv, .cancel_fd = cancel_fd };
	int status = 0, err = proc_run(&opts, &status);

	if (!err && status)
		err = -EIO;
	if (err && err != -EINTR)
		log_err("kernel %s: objcopy --strip-debug failed on module %s: %s", kernel, from,
			strerror(-err));
	return err;
}

static int keep_named(const char *kernel, const char *tree, const char *path, const char *dir,
		      int cancel_fd, struct strv *names)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *from = str_fmt("%s/%s", tree, path), *to = str_fmt("%s/%s", dir, name);
	int err = from && to ? 0 : -ENOMEM;

	if (!err && strv__has(names, name)) {
		log_err("kernel %s: there are two modules %s", kernel, name);
		err = -EEXIST;
	}
	if (!err)
		err = keep_one(kernel, from, to, cancel_fd);
	if (!err)
		err = strv__add(names, name);
	free(from);
	free(to);
	return err;
}

int modules__keep(const char *kernel, const char *tree, const char *dir, int cancel_fd,
		  struct strv *names)
{
	char *order = str_fmt("%s/modules.order", tree), *text = NULL;
	struct strv paths = { 0 };
	int err = order ? file_read(order, ORDER_MAX, &text, NULL) : -ENOMEM;

	if (!err)
		err = modules__read_order(text, &paths);
	if (!err)
		err = dir_make(dir);
	if (err)
		log_err("kernel %s: its modules, from %s to %s: %s", kernel,
			order ? order : "modules.order", dir, strerror(-err));
	for (size_t i = 0; !err && i < paths.n; i++)
		err = keep_named(kernel, tree, paths.v[i], dir, cancel_fd, names);
	strv__free(&paths);
	free(text);
	free(order);
	return err;
}
