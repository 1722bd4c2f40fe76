// SPDX-License-Identifier: GPL-2.0-only
#include "sys_read.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "guest/pass.h"
#include "guest/experiment.h"
#include "guest/reader.h"
#include "guest/trail.h"
#include "left.h"
#include "model/record.h"

#define FILE_SIZE 4096
#define HIJACKED  7 /* what every read returns */

/* read(2) of two files that have nothing to do with each other. */
static void read_two(const struct context *ctx, struct reader *reader, int other, long *first,
		     long *second, off_t *pos)
{
	char line[64];

	reader__mark(reader);
	lseek(reader->fd, 0, SEEK_SET);
	trail__add(ctx->trail, OVERRIDE_READ, (long)reader->size);
	*first = read(reader->fd, reader->buf, reader->size);
	trail__add(ctx->trail, OVERRIDE_RETURNED, *first);
	trail__add(ctx->trail, OVERRIDE_READ, sizeof(line));
	*second = read(other, line, sizeof(line));
	trail__add(ctx->trail, OVERRIDE_RETURNED, *second);
	*pos = lseek(reader->fd, 0, SEEK_CUR);
}

static void *read_in_thread(void *fd)
{
	char line[64];

	return (void *)pread(*(const int *)fd, line, sizeof(line), 0);
}

/* The override is asked about the thread, not the process. */
static void check_other_thread(struct record *r, int fd)
{
	pthread_t other;
	void *got = NULL;
	int err = -pthread_create(&other, NULL, read_in_thread, &fd);

	if (!err)
		err = -pthread_join(other, &got);
	exp__check(r, !err && (long)got > 0 && (long)got != HIJACKED,
		   "another thread reads meanwhile, and gets its data", "%ld, %s", (long)got,
		   exp__err_name(err));
}

static bool check_hijack(struct record *r, const struct context *ctx, struct reader *reader,
			 int other)
{
	struct bpf_link *link = NULL, *deeper;
	long first, second;
	off_t pos;
	int err;

	hook__reset(ctx->state, HIJACKED);
	err = hook__attach(ctx->override, "__x64_sys_read", &link);
	exp__check(r, !err, "__x64_sys_read is on the error-injection list: the program attaches",
		   "%s", exp__err_name(err));
	if (err)
		return false;
	deeper = left__watch_vfs_read(ctx, r);
	hook__arm(ctx->state);
	trail__open(ctx->trail);
	read_two(ctx, reader, other, &first, &second, &pos);
	trail__close(ctx->trail);
	check_other_thread(r, other);
	hook__disarm(ctx->state);
	bpf_link__destroy(deeper);
	exp__check(r, first == HIJACKED && second == HIJACKED,
		   "every read of the thread returns the program's result, whatever the file",
		   "%ld and %ld", first, second);
	exp__check(r, reader__outcome(reader) == READ_UNTOUCHED && pos == 0,
		   "nothing is read: buffer and file position are untouched", "position %ld",
		   (long)pos);
	exp__check(r, ctx->state->runs == 2, "the program runs for both", "%" PRIu64 " runs",
		   (uint64_t)ctx->state->runs);
	hook__detach(&link);
	read_two(ctx, reader, other, &first, &second, &pos);
	exp__check(r,
		   first == (long)reader->size && reader__outcome(reader) == READ_COPIED &&
			   second > 0,
		   "detached, both files are read again", "%ld and %ld", first, second);
	return true;
}

int sys_read__measure(const struct context *ctx)
{
	struct record *r = exp__measurement(ctx->e, "sys_read");
	bool listed = exp__has(ctx->e, NEED_INJECT, "ksys_read");
	struct reader reader = READER_INIT;
	struct bpf_link *link = NULL;
	bool hijacked;
	int other, err;

	other = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	err = reader__open(&reader, FILE_SIZE);
	if (err || other < 0) {
		err = exp__fail(ctx->e, err ? err : -errno, "open two files to read");
		goto out;
	}
	hook__reset(ctx->state, HIJACKED);
	err = hook__attach(ctx->override, "ksys_read", &link);
	hook__detach(&link);
	record__label(r, "ksys_read", listed ? "injectable" : "not injectable");
	exp__check(r, err == (listed ? 0 : -EINVAL),
		   listed ? "the program attaches to ksys_read"
			  : "ksys_read is not on the list: attaching fails with EINVAL",
		   "%s", exp__err_name(err));
	hijacked = check_hijack(r, ctx, &reader, other);
	err = exp__emit(ctx->e, r);
	r = NULL;
	if (!err && hijacked)
		err = trail__emit(ctx->e, "events_sys_read", ctx->trail, hook__events,
				  NR_OVERRIDE_EVENTS,
				  "read, override, returned, read, override, returned");
out:
	record__free(r);
	if (other >= 0)
		close(other);
	reader__close(&reader);
	return err;
}
