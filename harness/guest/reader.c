// SPDX-License-Identifier: GPL-2.0-only
#include "guest/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* O_DIRECT wants the buffer aligned to the disk's sectors, and a page always is. */
#define ALIGNMENT 4096u

#define MARK_OF_UNKNOWN 0x5a

void reader__pattern(unsigned char *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (unsigned char)(i * 31 + 7);
}

int reader__open_fd(struct reader *r, int fd, size_t size, const unsigned char *contents)
{
	size_t whole = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

	r->fd = fd;
	r->size = size;
	r->file = contents ? malloc(size) : NULL;
	r->marks = malloc(size);
	r->buf = aligned_alloc(ALIGNMENT, whole ? whole : ALIGNMENT);
	if ((contents && !r->file) || !r->marks || !r->buf)
		return -ENOMEM;
	if (contents)
		memcpy(r->file, contents, size);
	for (size_t i = 0; i < size; i++)
		r->marks[i] = contents ? (unsigned char)~contents[i] : MARK_OF_UNKNOWN;
	reader__mark(r);
	return 0;
}

int reader__open(struct reader *r, size_t size)
{
	unsigned char *contents = malloc(size);
	/* tmpfs without a mount point. */
	int fd = memfd_create("assay-read", MFD_CLOEXEC);
	int err = fd < 0 ? -errno : contents ? 0 : -ENOMEM;

	if (!err) {
		reader__pattern(contents, size);
		err = write_all(fd, contents, size);
	}
	if (!err)
		err = reader__open_fd(r, fd, size, contents);
	else if (fd >= 0)
		close(fd);
	free(contents);
	return err;
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
	if (!r->file)
		return READ_COPIED;
	return memcmp(r->buf, r->file, r->size) ? READ_MIXED : READ_COPIED;
}

/* A mapping is made for every read, as the page cache may have lost the file in between. */
static long copy_from_map(struct reader *r)
{
	void *at = mmap(NULL, r->size, PROT_READ, r->map, r->fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	memcpy(r->buf, at, r->size);
	munmap(at, r->size);
	return (long)r->size;
}

long reader__read(struct reader *r, enum read_outcome *outcome)
{
	uint64_t start;
	long n;

	reader__mark(r);
	start = clock_ns();
	if (r->map) {
		n = copy_from_map(r);
	} else {
		n = pread(r->fd, r->buf, r->size, 0);
		if (n < 0)
			n = -errno;
	}
	r->ns += clock_ns() - start;
	*outcome = reader__outcome(r);
	return n;
}
