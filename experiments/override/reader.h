/* SPDX-License-Identifier: GPL-2.0-only */
/* A file in memory and its reader. Part of override.c: an experiment is one translation unit. */
#ifndef OVERRIDE_READER_H
#define OVERRIDE_READER_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

#define PAGE 4096u

enum outcome { OVERRIDDEN, COPIED, MIXED, NR_OUTCOMES };

/* The buffer is filled with the complement of the file before each read: a byte is either one or
 * the other. */
struct reader {
	int fd;
	size_t size;
	unsigned char *file, *marks, *buf;
};

static void reader__close(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->file);
	free(r->marks);
	free(r->buf);
}

static int reader__open(struct reader *r, size_t size)
{
	r->size = size;
	r->file = malloc(size);
	r->marks = malloc(size);
	r->buf = calloc(1, size);
	/* tmpfs without a mount point. */
	r->fd = memfd_create("assay-read", MFD_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	if (!r->file || !r->marks || !r->buf)
		return -ENOMEM;
	for (size_t i = 0; i < size; i++) {
		r->file[i] = (unsigned char)(i * 31 + 7);
		r->marks[i] = (unsigned char)~r->file[i];
	}
	return write_all(r->fd, r->file, size);
}

static enum outcome reader__outcome(const struct reader *r)
{
	if (!memcmp(r->buf, r->marks, r->size))
		return OVERRIDDEN;
	return memcmp(r->buf, r->file, r->size) ? MIXED : COPIED;
}

/* Returns what pread returned, or -errno. */
static long reader__read(struct reader *r, enum outcome *outcome)
{
	long n;

	memcpy(r->buf, r->marks, r->size);
	n = pread(r->fd, r->buf, r->size, 0);
	if (n < 0)
		n = -errno;
	*outcome = reader__outcome(r);
	return n;
}

/* How often a read of that size calls copyout. */
static uint64_t calls_per_read(size_t size)
{
	return (size + PAGE - 1) / PAGE;
}

#endif
