// SPDX-License-Identifier: GPL-2.0-only
#include "negative.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/version.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "guest/pass.h"

#define PAGE	  4096u
#define FILE_SIZE (16 * PAGE)
#define READ_SIZE PAGE
/* /dev/urandom gives its bytes in such pieces. */
#define CHACHA_BLOCK 64
/* Memory behind the buffer, for what is written past its end. */
#define SLACK	 (1u << 20)
#define MARK	 0x5a
#define LIMIT_MS 10000

/* A read that would call copyout without end is let go after so many overridden calls. */
#define MANY_CALLS 20000u

/* What the child that reads has to tell. */
struct answer {
	long returned;	 /* or -errno */
	off_t position;	 /* of the file, afterwards */
	uint64_t inside; /* bytes of the buffer that were written, up to the last one */
	uint64_t beyond; /* bytes behind it, likewise */
};

enum kind { KIND_MEMORY, KIND_URANDOM, KIND_NULL };

static const char *const kind_names[] = {
	[KIND_MEMORY] = "tmpfs",
	[KIND_URANDOM] = "dev-urandom",
	[KIND_NULL] = "dev-null",
};

struct trial {
	enum kind kind;
	long result;
	uint64_t limit; /* calls that are overridden */
};

static uint64_t written(const unsigned char *buf, size_t size)
{
	while (size && buf[size - 1] == MARK)
		size--;
	return size;
}

/* Only system calls between arm and disarm. The process may be damaged afterwards, and ends. */
static void read_once(struct override_state *state, int fd, unsigned char *buf, struct answer *a)
{
	hook__arm(state);
	a->returned = read(fd, buf, READ_SIZE);
	if (a->returned < 0)
		a->returned = -errno;
	hook__disarm(state);
	a->position = lseek(fd, 0, SEEK_CUR);
	a->inside = written(buf, READ_SIZE);
	a->beyond = written(buf + READ_SIZE, SLACK);
}

/* In a process of its own: 0 when it ended by itself, -ETIMEDOUT, or -EIO when it was killed. */
static int read_apart(struct override_state *state, int fd, unsigned char *buf, struct answer *a)
{
	struct pollfd ended = { .events = POLLIN };
	pid_t pid = fork();
	int status = 0, n;

	if (pid < 0)
		return -errno;
	if (!pid) {
		read_once(state, fd, buf, a);
		_exit(0);
	}
	ended.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	n = ended.fd < 0 ? -1 : poll(&ended, 1, LIMIT_MS);
	if (n <= 0)
		kill(pid, SIGKILL);
	if (ended.fd >= 0)
		close(ended.fd);
	waitpid(pid, &status, 0);
	return n == 0 ? -ETIMEDOUT : n < 0 || status ? -EIO : 0;
}

static int open_source(const struct trial *t)
{
	unsigned char contents[FILE_SIZE];
	int fd, err;

	if (t->kind != KIND_MEMORY)
		return open(t->kind == KIND_NULL ? "/dev/null" : "/dev/urandom",
			    O_RDONLY | O_CLOEXEC);
	fd = memfd_create("assay-negative", MFD_CLOEXEC);
	reader__pattern(contents, sizeof(contents));
	err = fd < 0 ? -errno : write_all(fd, contents, sizeof(contents));
	if (!err && lseek(fd, 0, SEEK_SET) < 0)
		err = -errno;
	return err ? err : fd;
}

/* copyout's result is taken for the bytes that it left, so that a negative one makes the caller
 * believe that it has copied more than it wanted. The count of what is still wanted falls below 0,
 * which for an unsigned number is without end.
 *
 * 5.10 then goes on with the file's next pages. In 6.1, copy_page_to_iter (lib/iov_iter.c) steps
 * forth and back in one page for ever, as long as copyout's result stays negative. */
static void check_memory(const struct context *ctx, struct record *r, const struct trial *t,
			 const struct answer *a)
{
	bool first = t->limit == 1, loops = exp__kernel_version(ctx->e) >= KERNEL_VERSION(6, 1, 0);
	bool passes = first || loops; /* in the end copyout is let pass */
	long want = passes ? FILE_SIZE : FILE_SIZE - t->result;
	uint64_t beyond = passes ? FILE_SIZE - READ_SIZE : 0;
	uint64_t pages = FILE_SIZE / PAGE, calls = first ? pages + loops : pages;

	exp__check(r, a->returned == want && a->position == want,
		   "read returns as much as the whole file has, or more, though asked for one page",
		   "returned %ld, position %ld, expected %ld", a->returned, (long)a->position,
		   want);
	exp__check(r, !a->inside && a->beyond == beyond,
		   passes ? "what the program lets pass is copied behind the end of the buffer"
			  : "nothing is copied",
		   "%" PRIu64 " bytes in the buffer, %" PRIu64 " behind it", a->inside, a->beyond);
	if (loops && !first)
		exp__check(r, ctx->state->runs > MANY_CALLS,
			   "copyout is called again and again, until the program gives up",
			   "%" PRIu64 " calls", (uint64_t)ctx->state->runs);
	else
		exp__check(r, ctx->state->runs == calls,
			   "copyout is called for every page up to the file's end",
			   "%" PRIu64 " calls", (uint64_t)ctx->state->runs);
}

static void check_device(const struct context *ctx, struct record *r, const struct trial *t,
			 const struct answer *a)
{
	uint64_t calls = t->kind == KIND_URANDOM;
	long want = calls ? CHACHA_BLOCK - t->result : 0;

	exp__check(r, a->returned == want && ctx->state->runs == calls,
		   calls ? "one block is called for, and read returns more than it has"
			 : "a read that gives nothing has nothing to override",
		   "returned %ld, %" PRIu64 " calls", a->returned, (uint64_t)ctx->state->runs);
	exp__check(r, !a->inside && !a->beyond, "nothing is copied",
		   "%" PRIu64 " bytes in the buffer, %" PRIu64 " behind it", a->inside, a->beyond);
}

static int report(const struct context *ctx, const struct trial *t, const struct answer *a, int end)
{
	struct record *r = exp__measurement(ctx->e, "negative");
	char text[24];

	snprintf(text, sizeof(text), "%ld", t->result);
	record__label(r, "source", kind_names[t->kind]);
	record__label(r, "result", text);
	record__label(r, "overridden", t->limit == 1 ? "first call" : "all calls");
	record__metric(r, "returned", "bytes or -errno", (double)a->returned);
	record__metric(r, "position", "bytes", (double)a->position);
	record__metric(r, "calls", "calls", (double)ctx->state->runs);
	record__metric(r, "inside", "bytes", (double)a->inside);
	record__metric(r, "beyond", "bytes", (double)a->beyond);
	exp__check(r, !end, "the process that reads comes back", "%s after %" PRIu64 " calls",
		   exp__err_name(end), (uint64_t)ctx->state->runs);
	if (t->kind == KIND_MEMORY)
		check_memory(ctx, r, t, a);
	else
		check_device(ctx, r, t, a);
	return exp__emit(ctx->e, r);
}

static int measure_trial(const struct context *ctx, const struct trial *t)
{
	void *at = mmap(NULL, READ_SIZE + SLACK + PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open_source(t), end;
	struct answer *a = at;
	int err = at == MAP_FAILED ? -errno : fd < 0 ? fd : 0;

	if (!err) {
		unsigned char *buf = (unsigned char *)at + PAGE;

		memset(buf, MARK, READ_SIZE + SLACK);
		hook__reset(ctx->state, t->result);
		ctx->state->limit = t->limit;
		end = read_apart(ctx->state, fd, buf, a);
		hook__disarm(ctx->state);
		err = report(ctx, t, a, end);
	}
	if (at != MAP_FAILED)
		munmap(at, READ_SIZE + SLACK + PAGE);
	if (fd >= 0)
		close(fd);
	return err;
}

int negative__measure(const struct context *ctx)
{
	static const long results[] = { -1, -EINTR, -EFAULT };
	struct bpf_link *link = NULL;
	int err = pass__attach(ctx, &hooks[HOOK_INT3], &link);

	for (size_t i = 0; !err && i < 3; i++) {
		const struct trial trials[] = {
			{ KIND_MEMORY, results[i], MANY_CALLS },
			{ KIND_MEMORY, results[i], 1 },
			{ KIND_URANDOM, results[i], MANY_CALLS },
			{ KIND_NULL, results[i], MANY_CALLS },
		};

		for (size_t j = 0; !err && j < 4; j++)
			err = measure_trial(ctx, &trials[j]);
	}
	if (err)
		exp__fail(ctx->e, err, "read with a negative result");
	hook__detach(&link);
	return err;
}
