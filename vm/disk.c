// SPDX-License-Identifier: GPL-2.0-only
#include "vm/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "wire/event.h"

/* Named one by one, so that the file system is the same whatever mke2fs.conf says, and one that
 * kernel 5.10 can mount. */
#define FEATURES "none,has_journal,extent,filetype,sparse_super,large_file,dir_index"

static int make_fs(const char *path)
{
	char *mke2fs = proc_which("mke2fs");
	const char *const argv[] = { mke2fs, "-q", "-F",     "-t", "ext4",	    "-b",
				     "4096", "-O", FEATURES, "-L", WIRE_DISK_LABEL, path,
				     NULL };
	struct proc_opts opts = { .argv = argv, .timeout_ms = 60000 };
	int status = 0, err = mke2fs ? proc_run(&opts, &status) : -ENOENT;

	if (!mke2fs)
		log_err("mke2fs is not there, and an experiment needs a disk; install e2fsprogs");
	else if (err || status)
		log_err("mke2fs can't make the guest's disk: %s",
			err ? strerror(-err) : "it failed");
	free(mke2fs);
	return err ? err : status ? -EIO : 0;
}

int disk__make(unsigned int size_mb, int *fd, char **path)
{
	int err;

	*path = NULL;
	*fd = memfd_create("assay-disk", MFD_CLOEXEC);
	if (*fd < 0)
		return -errno;
	*path = str_fmt("/proc/%d/fd/%d", (int)getpid(), *fd);
	err = *path ? 0 : -ENOMEM;
	if (!err && ftruncate(*fd, (off_t)size_mb << 20))
		err = -errno;
	if (!err)
		err = make_fs(*path);
	if (!err)
		return 0;
	free(*path);
	*path = NULL;
	close(*fd);
	*fd = -1;
	return err;
}
