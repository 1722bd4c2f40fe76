// SPDX-License-Identifier: GPL-2.0-only
#include "guest/cachestate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "guest/reader.h"

#define PAGE 4096u

#define DROP_CACHES "/proc/sys/vm/drop_caches"
#define PRESSURE    "/proc/sys/vm/vfs_cache_pressure"
#define CGROUP	    "/sys/fs/cgroup/"
#define CONTROLLERS CGROUP "cgroup.subtree_control"

/* --- states ------------------------------------------------------------------------------ */

/* By a mapping, which does not pass copyout. */
static int warm(int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	munmap(at, size);
	return 0;
}

static int drop(int fd, size_t size, const char *what)
{
	int err = warm(fd, size);

	return err ? err : exp__write_str(DROP_CACHES, what);
}

static int drop_1(int fd, size_t size)
{
	return drop(fd, size, "1");
}

static int drop_2(int fd, size_t size)
{
	return drop(fd, size, "2");
}

static int drop_3(int fd, size_t size)
{
	return drop(fd, size, "3");
}

static int synced(int fd, size_t size)
{
	int err = warm(fd, size);

	return err ? err : fsync(fd) ? -errno : 0;
}

/* Pages that are not on the disk yet, or just being read, stay. */
static int dont_need(int fd, size_t size)
{
	int err = synced(fd, size);

	return err ? err : -posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int will_need(int fd, size_t size)
{
	int err = dont_need(fd, size);

	return err ? err : -posix_fadvise(fd, 0, (off_t)size, POSIX_FADV_WILLNEED);
}

static int read_ahead(int fd, size_t size)
{
	int err = dont_need(fd, size);

	if (!err && readahead(fd, 0, size))
		err = -errno;
	return err;
}

const struct cache_state cache_states[] = {
	{ "warm", "warm", warm, RESIDENT_ALL, NULL, NULL },
	{ "drop_caches=1", "drop1", drop_1, RESIDENT_NONE, NULL, NULL },
	/* Dentries and inodes that nobody uses: the file is open, its pages stay. */
	{ "drop_caches=2", "drop2", drop_2, RESIDENT_ALL, NULL, NULL },
	{ "drop_caches=3", "drop3", drop_3, RESIDENT_NONE, NULL, NULL },
	{ "dontneed", "dontneed", dont_need, RESIDENT_NONE, NULL, NULL },
	/* The disk may still be at it. */
	{ "willneed", "willneed", will_need, RESIDENT_ANY, NULL, NULL },
	{ "readahead", "readahead", read_ahead, RESIDENT_ANY, NULL, NULL },
	{ "fsync", "fsync", synced, RESIDENT_ALL, NULL, NULL },
	{ "pressure=0", "pressure0", drop_2, RESIDENT_ALL, "0", NULL },
	{ "pressure=10000", "pressure10000", drop_2, RESIDENT_ALL, "10000", NULL },
	{ "cgroup=1M", "memcg", dont_need, RESIDENT_NONE, NULL, "1M" },
};

const size_t nr_cache_states = sizeof(cache_states) / sizeof(cache_states[0]);

const struct cache_state *cache_state__find(const char *word)
{
	for (size_t i = 0; i < nr_cache_states; i++)
		if (!strcmp(cache_states[i].word, word))
			return &cache_states[i];
	return NULL;
}

/* --- what a state needs around a batch ---------------------------------------------------- */

/* The controllers that the children of the root have: "cpu memory pids". */
static int has_memory_control(bool *has)
{
	char *text = NULL, *word, *save = NULL;
	int err = file_read(CONTROLLERS, 0, &text, NULL);

	*has = false;
	for (word = text ? strtok_r(text, " \n", &save) : NULL; word;
	     word = strtok_r(NULL, " \n", &save))
		*has |= !strcmp(word, "memory");
	free(text);
	return err;
}

static int enter_cgroup(const char *memory, bool *controlled)
{
	int err = has_memory_control(controlled);

	if (!err && !*controlled)
		err = exp__write_str(CONTROLLERS, "+memory");
	if (!err && mkdir(CACHE_CGROUP, 0755) && errno != EEXIST)
		err = -errno;
	/* high, not max: what is too much is reclaimed, and nobody is killed. */
	if (!err)
		err = exp__write_str(CACHE_CGROUP "/memory.high", memory);
	return err ? err : exp__write_str(CACHE_CGROUP "/cgroup.procs", "0");
}

static void leave_cgroup(bool controlled)
{
	exp__write_str(CGROUP "cgroup.procs", "0");
	rmdir(CACHE_CGROUP);
	if (!controlled)
		exp__write_str(CONTROLLERS, "-memory");
}

int cache_state__enter(const struct cache_state *s, struct cache_around *around)
{
	int err = 0;

	if (s->pressure)
		err = file_read(PRESSURE, 0, &around->pressure, NULL);
	if (!err && s->pressure)
		err = exp__write_str(PRESSURE, s->pressure);
	if (!err && s->memory)
		err = enter_cgroup(s->memory, &around->controlled);
	return err;
}

void cache_state__leave(const struct cache_state *s, struct cache_around *around)
{
	if (around->pressure)
		exp__write_str(PRESSURE, around->pressure);
	free(around->pressure);
	around->pressure = NULL;
	if (s->memory)
		leave_cgroup(around->controlled);
}

int cache__resident(const struct reader *r, size_t *resident)
{
	size_t pages = (r->size + PAGE - 1) / PAGE;
	unsigned char *in_core = calloc(pages, 1);
	void *at = mmap(NULL, r->size, PROT_READ, MAP_SHARED, r->fd, 0);
	int err = !in_core ? -ENOMEM : at == MAP_FAILED ? -errno : 0;

	if (!err && mincore(at, r->size, in_core))
		err = -errno;
	*resident = 0;
	for (size_t i = 0; !err && i < pages; i++)
		*resident += in_core[i] & 1;
	if (at != MAP_FAILED)
		munmap(at, r->size);
	free(in_core);
	return err;
}

int cache__stay_on_a_cpu(cpu_set_t *all)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(0, &here);
	if (sched_getaffinity(0, sizeof(*all), all) || sched_setaffinity(0, sizeof(here), &here))
		return -errno;
	return 0;
}

int cache__quiet(void)
{
	return exp__write_str(DROP_CACHES, "4");
}
