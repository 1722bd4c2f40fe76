// SPDX-License-Identifier: GPL-2.0-only
#include "guest/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

int reader__open(struct reader *r, size_t size)
{
	r->size = size;
	r->file = malloc(size);
	r->marks = malloc(size);
	r->buf = malloc(size);
	if (!r->file || !r->marks || !r->buf)
		return -ENOMEM;
	for (size_t i = 0; i < size; i++) {
		r->file[i] = (unsigned char)(i * 31 + 7);
		r->marks[i] = (unsigned char)~r->file[i];
	}
	reader__mark(r);
	/* tmpfs without a mount point. */
	r->fd = memfd_create("assay-read", MFD_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	return write_all(r->fd, r->file, size);
}

void reader__close(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->file);
	free(r->marks);
	free(r->buf);
	*r = (struct reader)READER_INIT;
}

void reader__mark(struct reader *r)
{
	memcpy(r->buf, r->marks, r->size);
}

enum read_outcome reader__outcome(const struct reader *r)
{
	if (!memcmp(r->buf, r->marks, r->size))
		return READ_UNTOUCHED;
	return memcmp(r->buf, r->file, r->size) ? READ_MIXED : READ_COPIED;
}

long reader__read(struct reader *r, enum read_outcome *outcome)
{
	long n;

	reader__mark(r);
	n = pread(r->fd, r->buf, r->size, 0);
	if (n < 0)
		n = -errno;
	*outcome = reader__outcome(r);
	return n;
}
