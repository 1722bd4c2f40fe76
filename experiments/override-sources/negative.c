// SPDX-License-Identifier: GPL-2.0-only
#include "negative.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include "pass.h"

#define PAGE	  4096u
#define FILE_SIZE (16 * PAGE)
#define READ_SIZE PAGE
/* Memory behind the buffer, for what is written past its end. */
#define SLACK	 (1u << 20)
#define MARK	 0x5a
#define LIMIT_MS 10000

/* A read that would call copyout without end is let go after so many overridden calls. */
#define MANY_CALLS 100000u

/* What the child that reads has to tell. */
struct answer {
	long returned;	 /* or -errno */
	off_t position;	 /* of the file, afterwards */
	uint64_t inside; /* bytes of the buffer that were written, up to the last one */
	uint64_t beyond; /* bytes behind it, likewise */
};

struct trial {
	const char *source, *path; /* path: NULL for a file in memory */
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

	if (t->path)
		return open(t->path, O_RDONLY | O_CLOEXEC);
	fd = memfd_create("assay-negative", MFD_CLOEXEC);
	reader__pattern(contents, sizeof(contents));
	err = fd < 0 ? -errno : write_all(fd, contents, sizeof(contents));
	if (!err && lseek(fd, 0, SEEK_SET) < 0)
		err = -errno;
	return err ? err : fd;
}

static int report(const struct context *ctx, const struct trial *t, const struct answer *a, int end)
{
	struct record *r = exp__measurement(ctx->e, "negative");
	char text[24];

	snprintf(text, sizeof(text), "%ld", t->result);
	record__label(r, "source", t->source);
	record__label(r, "result", text);
	record__label(r, "overridden", t->limit == 1 ? "first call" : "all calls");
	record__metric(r, "returned", "bytes or -errno", (double)a->returned);
	record__metric(r, "position", "bytes", (double)a->position);
	record__metric(r, "calls", "calls", (double)ctx->state->runs);
	record__metric(r, "inside", "bytes", (double)a->inside);
	record__metric(r, "beyond", "bytes", (double)a->beyond);
	exp__check(r, !end, "the read ends", "%s", exp__err_name(end));
	return exp__emit(ctx->e, r);
}

static int measure_trial(const struct context *ctx, const struct trial *t)
{
	size_t len = sizeof(struct answer) + READ_SIZE + SLACK;
	void *at = mmap(NULL, READ_SIZE + SLACK + PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open_source(t), end;
	struct answer *a = at;
	int err = at == MAP_FAILED ? -errno : fd < 0 ? fd : 0;

	(void)len;
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
			{ "tmpfs", NULL, results[i], MANY_CALLS },
			{ "tmpfs", NULL, results[i], 1 },
			{ "dev-urandom", "/dev/urandom", results[i], MANY_CALLS },
			{ "dev-null", "/dev/null", results[i], MANY_CALLS },
		};

		for (size_t j = 0; !err && j < 4; j++)
			err = measure_trial(ctx, &trials[j]);
	}
	if (err)
		exp__fail(ctx->e, err, "read with a negative result");
	hook__detach(&link);
	return err;
}
