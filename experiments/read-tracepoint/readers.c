// SPDX-License-Identifier: GPL-2.0-only
#include "readers.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/experiment.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum { WAIT, GO, GIVE_UP };

/* In memory that the processes share. */
struct readers_shared {
	atomic_int state;
	atomic_uint ready;
	struct {
		uint64_t reads; /* that the reader made */
		int err;
	} done[NR_KINDS];
	uint32_t target_tid;
};

#define BUFFER_SIZE ((size_t)4096)

uint64_t readers__told(const struct readers *rs, int kind)
{
	return rs->reads + 10 * (uint64_t)kind;
}

uint64_t readers__made(const struct readers *rs, int kind)
{
	return rs->shared->done[kind].reads;
}

static void read_once(const struct readers *rs, int kind, int fd, char *buf)
{
	long n = read(fd, buf, KIND_SIZE(kind));

	if (n == KIND_SIZE(kind))
		rs->shared->done[kind].reads++;
	else if (!rs->shared->done[kind].err)
		rs->shared->done[kind].err = n < 0 ? -errno : -EIO;
}

static bool wait_for_go(const struct readers *rs)
{
	rs->shared->ready++;
	while (rs->shared->state == WAIT)
		sched_yield();
	return rs->shared->state == GO;
}

static void read_kind(const struct readers *rs, int kind, char *buf)
{
	if (!wait_for_go(rs))
		return;
	for (uint64_t i = 0; i < readers__told(rs, kind); i++) {
		read_once(rs, kind, rs->fd, buf);
		sched_yield();
	}
}

/* The three kinds of the target's thread in turn. */
static void *target_thread(void *arg)
{
	const struct readers *rs = arg;

	rs->shared->target_tid = (uint32_t)exp__this_thread();
	if (!wait_for_go(rs))
		return NULL;
	for (uint64_t i = 0; i < readers__told(rs, KIND_OTHER_FD); i++) {
		if (i < readers__told(rs, KIND_TARGET))
			read_once(rs, KIND_TARGET, rs->fd, rs->buf);
		if (i < readers__told(rs, KIND_LOW_HALF))
			read_once(rs, KIND_LOW_HALF, rs->fd, rs->same_low_half);
		read_once(rs, KIND_OTHER_FD, rs->other_fd, rs->buf);
		sched_yield();
	}
	return NULL;
}

static pid_t fork_reader(const struct readers *rs, int kind, char *buf)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	read_kind(rs, kind, buf);
	_exit(0);
}

/* A file from which these experiments can't read to the end: 1 GiB of nothing. */
static int big_file(void)
{
	int fd = memfd_create("assay-readers", MFD_CLOEXEC), err;

	if (fd < 0 || !ftruncate(fd, 1 << 30))
		return fd < 0 ? -errno : fd;
	err = -errno;
	close(fd);
	return err;
}

static char *map_at(char *where, int flags)
{
	char *at = mmap(where, BUFFER_SIZE, PROT_READ | PROT_WRITE,
			MAP_ANONYMOUS | MAP_PRIVATE | flags, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

int readers__open(struct readers *rs, uint64_t reads)
{
	*rs = (struct readers){ .reads = reads, .fd = -1, .other_fd = -1 };
	rs->shared = mmap(NULL, sizeof(*rs->shared), PROT_READ | PROT_WRITE,
			  MAP_ANONYMOUS | MAP_SHARED, -1, 0);
	if (rs->shared == MAP_FAILED) {
		rs->shared = NULL;
		return -errno;
	}
	rs->fd = big_file();
	rs->other_fd = big_file();
	if (rs->fd < 0 || rs->other_fd < 0)
		return rs->fd < 0 ? rs->fd : rs->other_fd;
	rs->buf = map_at(NULL, 0);
	rs->own = map_at(NULL, 0);
	if (!rs->buf || !rs->own)
		return -errno;
	rs->same_low_half = map_at(rs->buf - (1ull << 32), MAP_FIXED_NOREPLACE);
	return rs->same_low_half ? 0 : -errno;
}

void readers__close(struct readers *rs)
{
	char *const buffers[] = { rs->buf, rs->own, rs->same_low_half };

	for (size_t i = 0; i < ARRAY_SIZE(buffers); i++)
		if (buffers[i])
			munmap(buffers[i], BUFFER_SIZE);
	if (rs->fd >= 0)
		close(rs->fd);
	if (rs->other_fd >= 0)
		close(rs->other_fd);
	if (rs->shared)
		munmap(rs->shared, sizeof(*rs->shared));
}

/* The processes before the thread: a process that is forked from several threads is better off
 * without the C library. */
int readers__run(struct readers *rs, int (*ready)(void *arg, uint32_t target_tid), void *arg)
{
	const pid_t children[] = { fork_reader(rs, KIND_FORK_BUFFER, rs->buf),
				   fork_reader(rs, KIND_FORK, rs->own) };
	pthread_t target;
	int err = 0, created = -EAGAIN;

	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		if (children[i] < 0)
			err = (int)children[i];
	if (!err) {
		created = -pthread_create(&target, NULL, target_thread, rs);
		err = created;
	}
	while (!err && rs->shared->ready < ARRAY_SIZE(children) + 1)
		sched_yield();
	if (!err)
		err = ready(arg, rs->shared->target_tid);
	rs->shared->state = err ? GIVE_UP : GO;
	read_kind(rs, KIND_MAIN_THREAD, rs->own);
	if (!created)
		pthread_join(target, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		if (children[i] > 0)
			waitpid(children[i], NULL, 0);
	for (int kind = 0; !err && kind < NR_KINDS; kind++)
		err = rs->shared->done[kind].err;
	return err;
}
