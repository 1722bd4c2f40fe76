// SPDX-License-Identifier: GPL-2.0-only
#include "vm/guestfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "vm/elf.h"
#include "vm/initramfs.h"
#include "wire/event.h"

#define NAME_PREFIX   "initramfs-"
#define NAME_SUFFIX   ".cpio"
#define NAME_HASH     16 /* digits */
#define UNUSED_S      3600
#define CONFIG_PREFIX "config-"

struct folder {
	const char *path;
	mode_t mode;
};

static const struct folder folders[] = {
	{ "bin", 0755 },  { "dev", 0755 }, { "etc", 0755 }, { "files", 0755 }, { "proc", 0555 },
	{ "root", 0700 }, { "run", 0755 }, { "sys", 0555 }, { "tmp", 01777 },
};

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n";
static const char group[] = "root:x:0:\nnogroup:x:65534:\n";

/* 1 when the program needs shared libraries, 0 when not (or when it is no ELF file). */
static int is_dynamic(const char *path)
{
	void *interp = NULL;
	size_t len;
	int err = elf_section(path, ".interp", &interp, &len);

	free(interp);
	return !err;
}

static int check_static(const char *path, const char *mend)
{
	int err = access(path, R_OK) ? -errno : 0;

	if (err)
		log_err("%s: %s; %s", path, strerror(-err), mend);
	if (err || !is_dynamic(path))
		return err;
	log_err("%s is linked dynamically, and the guest has no shared libraries; %s", path, mend);
	return -ENOEXEC;
}

static int add_base(struct initramfs *fs, const char *guest)
{
	int err = check_static(guest, "`make` builds it");

	for (size_t i = 0; !err && i < sizeof(folders) / sizeof(folders[0]); i++)
		err = initramfs__dir(fs, folders[i].path, folders[i].mode);
	/* Before /dev is mounted: the kernel opens the console for init. */
	if (!err)
		err = initramfs__node(fs, "dev/console", S_IFCHR | 0600, 5, 1);
	if (!err)
		err = initramfs__node(fs, "dev/null", S_IFCHR | 0666, 1, 3);
	if (!err)
		err = initramfs__data(fs, "etc/passwd", 0644, passwd, sizeof(passwd) - 1);
	if (!err)
		err = initramfs__data(fs, "etc/group", 0644, group, sizeof(group) - 1);
	return err ?: initramfs__file(fs, "init", 0755, guest);
}

/* The applets as it lists them itself: what a busybox has depends on how it was built. */
static int add_busybox(struct initramfs *fs, const char *busybox)
{
	const char *argv[] = { busybox, "--list", NULL };
	struct strv applets = { 0 };
	char *list = NULL, *path;
	int status = 0, err;

	err = check_static(busybox, "install a static one (package busybox-static)");
	if (!err)
		err = initramfs__file(fs, "bin/busybox", 0755, busybox);
	if (!err)
		err = proc_output(argv, &list, &status);
	if (!err)
		err = status ? -EIO : strv__split(&applets, list, "\n");
	for (size_t i = 0; !err && i < applets.n; i++) {
		if (strchr(applets.v[i], '/') || !strcmp(applets.v[i], "busybox"))
			continue;
		path = str_fmt("bin/%s", applets.v[i]);
		err = path ? initramfs__symlink(fs, path, "busybox") : -ENOMEM;
		free(path);
	}
	if (err && err != -ENOENT && err != -ENOEXEC)
		log_err("%s --list: %s; is it a busybox?", busybox, strerror(-err));
	strv__free(&applets);
	free(list);
	return err;
}

static int add_user_file(struct initramfs *fs, const char *host_path, bool not_run)
{
	const char *slash = strrchr(host_path, '/');
	const char *name = slash ? slash + 1 : host_path;
	char *path = str_fmt("files/%s", name);
	struct stat st = { 0 };
	int err = path ? 0 : -ENOMEM;

	if (!err && stat(host_path, &st))
		err = -errno;
	if (!err)
		err = initramfs__file(fs, path, st.st_mode & 07777, host_path);
	if (err == -EEXIST)
		log_err("%s: there is already a file named '%s' for the guest", host_path, name);
	else if (err == -EISDIR)
		log_err("%s is a folder; name the files in it, or pack it with tar", host_path);
	else if (err == -EINVAL)
		log_err("%s is no regular file", host_path);
	else if (err)
		log_err("%s: %s", host_path, strerror(-err));
	else if (!not_run && is_dynamic(host_path))
		log_warn("%s is linked dynamically, and the guest has no shared libraries: it will "
			 "only run there if it is linked with -static",
			 host_path);
	free(path);
	return err && err != -ENOMEM ? -EINVAL : err;
}

static int add_module(struct initramfs *fs, const char *dir, const char *name)
{
	bool config = str_starts(name, CONFIG_PREFIX);
	char *path = str_fmt("%s/%s", config ? "boot" : "lib/modules", name),
	     *from = str_fmt("%s/%s", dir, name);
	int err = path && from ? initramfs__file(fs, path, 0644, from) : -ENOMEM;

	free(path);
	free(from);
	return err;
}

static int add_modules(struct initramfs *fs, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int err = d ? initramfs__dir(fs, "lib/modules", 0755) : -errno;

	while (!err && (e = readdir(d)))
		if (str_ends(e->d_name, ".ko") || !strcmp(e->d_name, GUEST_BOOT_LIST) ||
		    str_starts(e->d_name, CONFIG_PREFIX))
			err = add_module(fs, dir, e->d_name);
	if (err)
		log_err("%s: the kernel's modules can't be had: %s", dir, strerror(-err));
	if (d)
		closedir(d);
	return err;
}

/* What experiments need, where guest/experiment.h says that it is. */
static int add_program(struct initramfs *fs, const char *host_path)
{
	const char *slash = strrchr(host_path, '/');
	char *path = str_fmt("usr/lib/assay/%s", slash ? slash + 1 : host_path);
	int err = path ? initramfs__file(fs, path, 0755, host_path) : -ENOMEM;

	if (err)
		log_err("%s: cannot be put into the guest: %s", host_path, strerror(-err));
	free(path);
	return err;
}

static int compose(const struct guestfs_opts *o, struct initramfs **out)
{
	struct initramfs *fs = initramfs__new();
	int err = fs ? add_base(fs, o->guest) : -ENOMEM;

	if (!err && o->busybox)
		err = add_busybox(fs, o->busybox);
	if (!err && o->modules)
		err = add_modules(fs, o->modules);
	for (size_t i = 0; !err && o->files && i < o->files->n; i++)
		err = add_user_file(fs, o->files->v[i], o->files_not_run);
	for (size_t i = 0; !err && o->programs && i < o->programs->n; i++)
		err = add_program(fs, o->programs->v[i]);
	if (err)
		initramfs__free(fs);
	else
		*out = fs;
	return err;
}

/* Removes what earlier builds of the guest program left. Whoever still uses one has touched it
 * within the hour, and QEMU reads it at its start. */
static void tidy(const char *dir, const char *keep)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct stat st;

		if (!str_starts(e->d_name, NAME_PREFIX) || !strcmp(e->d_name, keep))
			continue;
		if (!fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    S_ISREG(st.st_mode) && time(NULL) - st.st_mtime > UNUSED_S)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
}

/* Gives the file its lasting name. An equal one that is there already gets replaced: same bytes,
 * and a fresh time. */
static int name_by_hash(const char *tmp, const char *dir, char **path)
{
	char hex[HASH_HEX];
	int err = hash_file(tmp, hex);

	if (err)
		return err;
	hex[NAME_HASH] = '\0';
	*path = str_fmt("%s/" NAME_PREFIX "%s" NAME_SUFFIX, dir, hex);
	if (!*path)
		return -ENOMEM;
	if (rename(tmp, *path)) {
		err = -errno;
		free(*path);
		*path = NULL;
	}
	return err;
}

int guestfs__build(const struct guestfs_opts *o, char **path)
{
	char *tmp = str_fmt("%s/" NAME_PREFIX "new.%d", o->dir, (int)getpid());
	struct initramfs *fs = NULL;
	int err;

	*path = NULL;
	err = tmp ? compose(o, &fs) : -ENOMEM;
	if (err)
		goto out;
	err = dir_make(o->dir);
	if (!err)
		err = initramfs__write(fs, tmp);
	if (!err)
		err = name_by_hash(tmp, o->dir, path);
	if (err) {
		log_err("%s: can't write the initramfs: %s", o->dir, strerror(-err));
		unlink(tmp);
	} else {
		tidy(o->dir, strrchr(*path, '/') + 1);
	}
out:
	initramfs__free(fs);
	free(tmp);
	return err;
}

int guestfs__memory(const struct guestfs_opts *o, int *fd, char **path)
{
	struct initramfs *fs = NULL;
	int err = compose(o, &fs);

	*fd = -1;
	*path = NULL;
	if (err)
		return err;
	*fd = memfd_create("assay-initramfs", MFD_CLOEXEC);
	err = *fd < 0 ? -errno : initramfs__write_fd(fs, *fd);
	if (!err) {
		*path = str_fmt("/proc/%d/fd/%d", (int)getpid(), *fd);
		err = *path ? 0 : -ENOMEM;
	}
	if (err) {
		log_err("the initramfs can't be written into memory: %s", strerror(-err));
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
	initramfs__free(fs);
	return err;
}

int guestfs__check(const struct guestfs_opts *o)
{
	struct initramfs *fs = NULL;
	int err = compose(o, &fs);

	initramfs__free(fs);
	return err;
}
