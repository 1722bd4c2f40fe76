// SPDX-License-Identifier: GPL-2.0-only
#include "vm/lock.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"

#define RETRY_MS 300

static int lock_path(const char *cache, const char *name, char **path)
{
	char *dir = str_fmt("%s/locks", cache);
	int err = dir ? dir_make(dir) : -ENOMEM;

	*path = err ? NULL : str_fmt("%s/%s.lock", dir, name);
	free(dir);
	return err ? err : *path ? 0 : -ENOMEM;
}

int lock__try(const char *cache, const char *name)
{
	char *path = NULL;
	int err = lock_path(cache, name, &path), fd = err ? err : file_lock(path, false);

	free(path);
	return fd;
}

int lock__take(const char *cache, const char *name, const char *busy, int cancel_fd)
{
	bool said = false;
	char *path = NULL;
	int fd = lock_path(cache, name, &path);

	if (fd < 0) {
		log_err("%s/locks: cannot be made: %s", cache, strerror(-fd));
		return fd;
	}
	/* A blocking lock would not hear of a cancel: signals come through a descriptor. */
	while ((fd = file_lock(path, false)) == -EWOULDBLOCK) {
		struct pollfd pfd = { .fd = cancel_fd > 0 ? cancel_fd : -1, .events = POLLIN };

		if (!said)
			log_info("another assay %s: waiting for it", busy);
		said = true;
		if (poll(&pfd, 1, RETRY_MS) < 0 && errno != EINTR) {
			fd = -errno;
			break;
		}
		if (cancel_pending(cancel_fd)) {
			fd = -EINTR;
			break;
		}
	}
	if (fd < 0 && fd != -EINTR)
		log_err("%s: cannot be locked: %s", path, strerror(-fd));
	free(path);
	return fd;
}
