/* SPDX-License-Identifier: GPL-2.0-only */
/* A file in memory and its reader, for experiments that change what a read does. */
#ifndef ASSAY_GUEST_READER_H
#define ASSAY_GUEST_READER_H

#include <stddef.h>

enum read_outcome { READ_COPIED, READ_UNTOUCHED, READ_MIXED, NR_READ_OUTCOMES };

/* buf is filled with the complement of the file before each read: a byte of it is either the
 * file's or untouched. fd and buf are the caller's to read in ways of its own. */
struct reader {
	int fd;
	size_t size; /* of the file and of buf, in bytes */
	unsigned char *buf;
	unsigned char *file, *marks;
};

#define READER_INIT      \
	{                \
		.fd = -1 \
	}

/* Makes a file of that size, in memory. r is READER_INIT before and goes to reader__close also
 * after a failure. 0 or -errno. */
int reader__open(struct reader *r, size_t size);
void reader__close(struct reader *r);

/* Reads the whole file in one pread. Returns what pread returned, or -errno. */
long reader__read(struct reader *r, enum read_outcome *outcome);

/* For another kind of read: reader__mark before it, reader__outcome after it. */
void reader__mark(struct reader *r);
enum read_outcome reader__outcome(const struct reader *r);

#endif
