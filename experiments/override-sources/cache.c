// SPDX-License-Identifier: GPL-2.0-only
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/record.h"
#include "source.h"

#define PAGE 4096u

#define DROP_CACHES "/proc/sys/vm/drop_caches"
#define PRESSURE    "/proc/sys/vm/vfs_cache_pressure"
#define CGROUP	    "/sys/fs/cgroup/"
#define OUR_CGROUP  CGROUP "assay-read"

/* What is to be found in the page cache when the read comes. */
enum resident { RESIDENT_NONE, RESIDENT_ALL, RESIDENT_ANY };

struct state {
	const char *name;
	int (*before)(int fd, size_t size); /* each read */
	enum resident resident;
	const char *pressure; /* vfs_cache_pressure meanwhile, or NULL */
	const char *memory;   /* of a cgroup that the reader is in, or NULL */
};

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

static const struct state states[] = {
	{ "warm", warm, RESIDENT_ALL, NULL, NULL },
	{ "drop_caches=1", drop_1, RESIDENT_NONE, NULL, NULL },
	/* Dentries and inodes that nobody uses: the file is open, its pages stay. */
	{ "drop_caches=2", drop_2, RESIDENT_ALL, NULL, NULL },
	{ "drop_caches=3", drop_3, RESIDENT_NONE, NULL, NULL },
	{ "dontneed", dont_need, RESIDENT_NONE, NULL, NULL },
	/* The disk may still be at it. */
	{ "willneed", will_need, RESIDENT_ANY, NULL, NULL },
	{ "readahead", read_ahead, RESIDENT_ANY, NULL, NULL },
	{ "fsync", synced, RESIDENT_ALL, NULL, NULL },
	{ "pressure=0", drop_2, RESIDENT_ALL, "0", NULL },
	{ "pressure=10000", drop_2, RESIDENT_ALL, "10000", NULL },
	{ "cgroup=1M", dont_need, RESIDENT_NONE, NULL, "1M" },
};

#define NR_STATES (sizeof(states) / sizeof(states[0]))

/* --- what a state needs around a batch ---------------------------------------------------- */

static int enter_cgroup(const char *memory)
{
	int err = exp__write_str(CGROUP "cgroup.subtree_control", "+memory");

	if (!err && mkdir(OUR_CGROUP, 0755) && errno != EEXIST)
		err = -errno;
	/* high, not max: what is too much is reclaimed, and nobody is killed. */
	if (!err)
		err = exp__write_str(OUR_CGROUP "/memory.high", memory);
	return err ? err : exp__write_str(OUR_CGROUP "/cgroup.procs", "0");
}

static void leave_cgroup(void)
{
	exp__write_str(CGROUP "cgroup.procs", "0");
	rmdir(OUR_CGROUP);
}

static int enter(const struct state *s, uint64_t *pressure)
{
	int err = exp__read_u64(PRESSURE, pressure);

	if (!err && s->pressure)
		err = exp__write_str(PRESSURE, s->pressure);

	if (!err && s->memory)
		err = enter_cgroup(s->memory);
	return err;
}

static void leave(const struct state *s, uint64_t pressure)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, pressure);
	if (s->pressure)
		exp__write_str(PRESSURE, text);
	if (s->memory)
		leave_cgroup();
}

/* --- batches ----------------------------------------------------------------------------- */

struct preparation {
	const struct state *state;
	struct input *in;
	uint64_t reads, as_wanted, pages;
};

static int count_resident(const struct reader *r, size_t *resident)
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

static int prepare(void *arg)
{
	struct preparation *p = arg;
	size_t size = p->in->reader.size, resident = 0, all = (size + PAGE - 1) / PAGE;
	int err = p->state->before(p->in->reader.fd, size);

	if (!err)
		err = count_resident(&p->in->reader, &resident);
	p->reads++;
	p->pages += resident;
	p->as_wanted += resident == (p->state->resident == RESIDENT_ALL ? all : 0);
	return err;
}

/* The slowest and the fastest state, and what part of their reads was overridden. */
struct range {
	double slowest, fastest; /* MB/s; 0: none yet */
	double slowest_success, fastest_success;
};

static double metric(const struct record *r, const char *name)
{
	const struct metric *m = record__get_metric(r, name);

	return m ? m->value : 0;
}

static void range__add(struct range *range, const struct record *r)
{
	double speed = metric(r, "throughput"), attempted = metric(r, "attempted");
	double success = attempted > 0 ? metric(r, "overridden") / attempted : 0;

	if (!range->slowest || speed < range->slowest) {
		range->slowest = speed;
		range->slowest_success = success;
	}
	if (speed > range->fastest) {
		range->fastest = speed;
		range->fastest_success = success;
	}
}

static int range__report(const struct context *ctx, const struct hook *hook,
			 const struct range *range)
{
	struct record *r = exp__measurement(ctx->e, "throughput");

	record__label(r, "hook", hook->name);
	record__metric(r, "slowest", "MB/s", range->slowest);
	record__metric(r, "slowest_success", "", range->slowest_success);
	record__metric(r, "fastest", "MB/s", range->fastest);
	record__metric(r, "fastest_success", "", range->fastest_success);
	exp__check(r,
		   range->slowest > 0 && range->slowest_success == !hook->loses &&
			   range->fastest_success == !hook->loses,
		   hook->loses
			   ? "optimised: no read is overridden in the slowest state or the fastest"
			   : "all reads are overridden, in the slowest state and the fastest",
		   "%.2f at %.0f MB/s, %.2f at %.0f MB/s", range->slowest_success, range->slowest,
		   range->fastest_success, range->fastest);
	return exp__emit(ctx->e, r);
}

static int measure_state(const struct context *ctx, const struct hook *hook, struct input *in,
			 const struct state *state, struct range *range)
{
	struct record *r = exp__measurement(ctx->e, "cache");
	struct preparation p = { .state = state, .in = in };
	const struct before before = { prepare, &p };
	uint64_t pressure = 100;
	int err = enter(state, &pressure);

	record__label(r, "state", state->name);
	record__label(r, "hook", hook->name);
	if (!err)
		err = pass__measure(ctx, hook, in, exp__param_u64(ctx->e, "cold_reads"),
				    exp__param_u64(ctx->e, "limit_s"), &before, r);
	leave(state, pressure);
	record__metric(r, "resident", "pages per read",
		       p.reads ? (double)p.pages / (double)p.reads : 0);
	if (state->resident != RESIDENT_ANY)
		exp__check(r, p.as_wanted == p.reads,
			   state->resident == RESIDENT_ALL
				   ? "before each read all pages are in the cache"
				   : "before each read no page is in the cache",
			   "%" PRIu64 " of %" PRIu64 " reads", p.as_wanted, p.reads);
	range__add(range, r);
	if (err)
		exp__fail(ctx->e, err, "read with %s", state->name);
	return exp__emit(ctx->e, r) ?: err;
}

static int measure_hook(const struct context *ctx, const struct hook *hook, struct input *in)
{
	struct range range = { 0 };
	struct bpf_link *link = NULL;
	int err = pass__attach(ctx, hook, &link);

	for (size_t i = 0; !err && i < NR_STATES; i++) {
		exp__progress(ctx->e, i, NR_STATES, states[i].name);
		err = measure_state(ctx, hook, in, &states[i], &range);
	}
	if (!err)
		err = range__report(ctx, hook, &range);
	hook__detach(&link);
	return err;
}

/* A page that was just read waits in a list of the CPU that read it (struct pagevec), and
 * drop_caches leaves alone what waits on other CPUs. */
static int stay_here(cpu_set_t *all)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(0, &here);
	if (sched_getaffinity(0, sizeof(*all), all) || sched_setaffinity(0, sizeof(here), &here))
		return -errno;
	return 0;
}

int cache__measure(const struct context *ctx)
{
	static const struct source file = { .name = "cache", .place = PLACE_DISK, .copyout = true };
	struct tally t = { 0 };
	struct input in = { .reader = READER_INIT };
	cpu_set_t all;
	int err = stay_here(&all);
	bool pinned = !err;

	/* Several pages, as readahead is about those that follow. */
	if (!err)
		err = source__open(&file, exp__param_u64(ctx->e, "cold_size"), 0, &in);
	/* Drops from now on are not told in the kernel's log. */
	if (!err)
		err = exp__write_str(DROP_CACHES, "4");
	if (!err)
		err = exp__copyout_watch();
	hook__reset(ctx->state, 0);
	if (!err)
		err = pass__run(ctx, &in, 1, NULL, &t);
	in.calls = t.body;
	for (size_t i = 0; !err && i < NR_HOOKS; i++)
		err = measure_hook(ctx, &hooks[i], &in);
	exp__copyout_unwatch();
	reader__close(&in.reader);
	if (pinned)
		sched_setaffinity(0, sizeof(all), &all);
	return err;
}
