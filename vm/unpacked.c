// SPDX-License-Identifier: GPL-2.0-only
#include "vm/unpacked.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"

void unpacked__release(struct unpacked *u)
{
	free(u->vmlinuz);
	free(u->config);
	free(u->modules);
	*u = (struct unpacked){ 0 };
}

static void keep_line(void *ctx, const char *line)
{
	char **last = ctx;

	free(*last);
	*last = strdup(line);
}

int deb_unpack(const char *kernel, const char *deb, const char *dir, int cancel_fd)
{
	const char *argv[] = { "dpkg-deb", "-x", deb, dir, NULL };
	char *said = NULL;
	struct proc_opts opts = {
		.argv = argv, .on_line = keep_line, .ctx = &said, .cancel_fd = cancel_fd
	};
	int status = 0, err = proc_run(&opts, &status);

	if (!err && status)
		err = -EIO;
	if (err && err != -EINTR)
		log_err("kernel %s: dpkg-deb can't unpack %s: %s", kernel, deb,
			said ? said : strerror(-err));
	free(said);
	return err;
}

/* A package may hold anything: a pipe never ends, a link leads to the host's own files. */
static int check_type(const char *kernel, const char *dir, const char *path, mode_t type)
{
	struct stat st;
	int err = lstat(path, &st) ? -errno : 0;

	if (err)
		log_err("kernel %s: %s: %s", kernel, path, strerror(-err));
	if (err || (st.st_mode & S_IFMT) == type)
		return err;
	log_err("kernel %s: its package is not sound: %s is no %s", kernel, path + strlen(dir),
		type == S_IFDIR ? "folder" : "plain file");
	return -EINVAL;
}

/* The only one below dir that begins so. A missing folder has none. */
static int find_one(const char *kernel, const char *dir, const char *folder, const char *prefix,
		    mode_t type, char **found)
{
	char *path = str_fmt("%s/%s", dir, folder);
	DIR *d = path ? opendir(path) : NULL;
	struct dirent *e;
	int err = path ? 0 : -ENOMEM;

	while (!err && d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || !str_starts(e->d_name, prefix))
			continue;
		if (*found) {
			log_err("kernel %s: the package has both %s and %s/%s: one kernel at a time",
				kernel, *found + strlen(dir), folder, e->d_name);
			err = -EINVAL;
		} else {
			*found = str_fmt("%s/%s", path, e->d_name);
			err = *found ? check_type(kernel, dir, *found, type) : -ENOMEM;
		}
	}
	if (d)
		closedir(d);
	free(path);
	return err;
}

int unpacked__find(const char *kernel, const char *dir, struct unpacked *out)
{
	int err;

	*out = (struct unpacked){ 0 };
	err = find_one(kernel, dir, "boot", "vmlinuz-", S_IFREG, &out->vmlinuz);
	if (!err)
		err = find_one(kernel, dir, "boot", "config-", S_IFREG, &out->config);
	/* From Debian 13 on /lib is a link to /usr/lib, and packages name the latter. */
	if (!err)
		err = find_one(kernel, dir, "lib/modules", "", S_IFDIR, &out->modules);
	if (!err && !out->modules)
		err = find_one(kernel, dir, "usr/lib/modules", "", S_IFDIR, &out->modules);
	if (err)
		unpacked__release(out);
	return err;
}
