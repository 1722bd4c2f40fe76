// SPDX-License-Identifier: GPL-2.0-only
#include "guest/port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define PORTS_DIR "/sys/class/virtio-ports"
#define WRITE_MAX (32u << 10) /* what the driver takes at once, in a buffer that it allocates */

void nap_us(long us)
{
	struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

static int has_name(const char *port, const char *name)
{
	char path[512], *text = NULL;
	int match;

	snprintf(path, sizeof(path), PORTS_DIR "/%s/name", port);
	if (file_read(path, 4096, &text, NULL))
		return 0;
	text[strcspn(text, "\n")] = '\0';
	match = strcmp(text, name) == 0;
	free(text);
	return match;
}

static int find(const char *name, char *path, size_t len)
{
	DIR *dir = opendir(PORTS_DIR);
	struct dirent *d;
	int err = -ENODEV;

	if (!dir)
		return -ENODEV;
	while (err && (d = readdir(dir))) {
		if (d->d_name[0] == '.' || !has_name(d->d_name, name))
			continue;
		snprintf(path, len, "/dev/%s", d->d_name);
		err = 0;
	}
	closedir(dir);
	return err;
}

int port__open(const char *name, unsigned int timeout_ms)
{
	char path[300];

	/* The device tells its ports' names in messages that arrive while the system starts. */
	for (unsigned int waited = 0;; waited += 2) {
		int fd = -ENODEV;

		if (!find(name, path, sizeof(path))) {
			fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
			if (fd >= 0)
				return fd;
			fd = -errno;
		}
		if (waited >= timeout_ms)
			return fd;
		nap_us(2000);
	}
}

ssize_t port__write_some(int fd, const void *data, size_t len)
{
	ssize_t n = write(fd, data, len < WRITE_MAX ? len : WRITE_MAX);

	if (n >= 0)
		return n;
	/* ENOMEM: no memory for the driver's buffer just now. */
	if (errno == EAGAIN || errno == EINTR || errno == ENOMEM)
		return 0;
	return -errno;
}

int port__write(int fd, const void *data, size_t len)
{
	const char *p = data;
	long wait_us = 50;

	while (len) {
		ssize_t n = port__write_some(fd, p, len);

		if (n < 0)
			return (int)n;
		p += n;
		len -= (size_t)n;
		if (n) {
			wait_us = 50;
			continue;
		}
		nap_us(wait_us);
		if (wait_us < 5000)
			wait_us *= 2;
	}
	return 0;
}

ssize_t port__read_some(int fd, void *data, size_t len)
{
	ssize_t n = read(fd, data, len);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}
