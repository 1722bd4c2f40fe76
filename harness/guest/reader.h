/* SPDX-License-Identifier: GPL-2.0-only */
/* A file and its reader, for experiments that change what a read does. */
#ifndef ASSAY_GUEST_READER_H
#define ASSAY_GUEST_READER_H

#include <stddef.h>
#include <stdint.h>

enum read_outcome { READ_COPIED, READ_UNTOUCHED, READ_MIXED, NR_READ_OUTCOMES };

/* buf is filled with the complement of the file before each read: a byte of it is either the
 * file's or untouched. fd and buf are the caller's to read in ways of its own. */
struct reader {
	int fd;
	size_t size; /* of the file and of buf, in bytes */
	unsigned char *buf;
	unsigned char *file, *marks; /* file: NULL when its contents are not known */
	int map;		     /* MAP_PRIVATE or MAP_SHARED: mapped, not read; else 0 */
	uint64_t ns;		     /* that all reads took, without comparing */
};

#define READER_INIT      \
	{                \
		.fd = -1 \
	}

/* Makes a file of that size, in memory. r is READER_INIT before and goes to reader__close also
 * after a failure. 0 or -errno. */
int reader__open(struct reader *r, size_t size);
/* As reader__open, with a file that is open already: takes fd over, also after a failure. contents
 * are the file's first `size` bytes, NULL when nobody knows them: then any change of the buffer
 * counts as copied. The buffer is aligned for O_DIRECT. */
int reader__open_fd(struct reader *r, int fd, size_t size, const unsigned char *contents);
/* What reader__open writes to its file: `size` bytes, for files of the caller's. */
void reader__pattern(unsigned char *to, size_t size);
void reader__close(struct reader *r);

/* Reads `size` bytes in one pread. Returns what pread returned, or -errno. */
long reader__read(struct reader *r, enum read_outcome *outcome);

/* For another kind of read: reader__mark before it, reader__outcome after it. */
void reader__mark(struct reader *r);
enum read_outcome reader__outcome(const struct reader *r);

#endif
