/* SPDX-License-Identifier: GPL-2.0-only */
/* States of the page cache in which a file is read. */
#ifndef ASSAY_GUEST_CACHESTATE_H
#define ASSAY_GUEST_CACHESTATE_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

struct reader;

/* There while a state with a cgroup lasts. */
#define CACHE_CGROUP "/sys/fs/cgroup/assay-read"

/* What is to be found in the page cache when the read comes. */
enum resident { RESIDENT_NONE, RESIDENT_ALL, RESIDENT_ANY };

struct cache_state {
	const char *name, *word;	    /* "drop_caches=3"; in one word: "drop3" */
	int (*before)(int fd, size_t size); /* each read; 0 or -errno */
	enum resident resident;		    /* of a file on a disk */
	const char *pressure;		    /* vfs_cache_pressure meanwhile, or NULL */
	const char *memory;		    /* of a cgroup that the reader is in, or NULL */
};

extern const struct cache_state cache_states[];
extern const size_t nr_cache_states;

const struct cache_state *cache_state__find(const char *word); /* or NULL */

/* What a state needs around its reads, and how it was before. Leave also after a failure, with
 * around zeroed before. */
struct cache_around {
	char *pressure;	 /* NULL: left alone */
	bool controlled; /* the cgroup of all others had a memory controller already */
};
int cache_state__enter(const struct cache_state *s, struct cache_around *around);
void cache_state__leave(const struct cache_state *s, struct cache_around *around);

/* How many pages of the reader's file are in the page cache. 0 or -errno. */
int cache__resident(const struct reader *r, size_t *resident);
/* Keeps the calling thread on CPU 0; *all is where it might be before, for sched_setaffinity. A
 * page that was just read waits in a list of the CPU that read it (struct pagevec), and drop_caches
 * leaves alone what waits on other CPUs. 0 or -errno. */
int cache__stay_on_a_cpu(cpu_set_t *all);
/* Drops from now on are not told in the kernel's log. */
int cache__quiet(void);

#endif
