// SPDX-License-Identifier: GPL-2.0-only
/* When a read passes vfs_read, and when copyout begins and returns: cached and not. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "loader.h"
#include "model/record.h"

/* The events of a read, in this order. */
enum { AT_READ, AT_COPYOUT, AT_RETURN, NR_STAMPS };

struct samples {
	double to_copyout[FILE_PAGES], in_copyout[FILE_PAGES], cpu[FILE_PAGES];
	uint64_t n, in_order, same_cpu, cold;
};

struct stamp_links {
	struct bpf_link *at[NR_STAMPS];
};

static int attach_stamps(struct read_path *p, struct stamp_links *l)
{
	l->at[AT_READ] = read_path__attach(p, "at_entry", false, "vfs_read");
	l->at[AT_COPYOUT] = read_path__attach(p, "at_entry", false, p->copyout);
	l->at[AT_RETURN] = read_path__attach(p, "at_return", true, p->copyout);
	for (int i = 0; i < NR_STAMPS; i++)
		if (!l->at[i])
			return -ENOENT;
	return 0;
}

static void detach_stamps(struct stamp_links *l)
{
	for (int i = 0; i < NR_STAMPS; i++)
		bpf_link__destroy(l->at[i]);
}

static void take_sample(struct read_path *p, struct samples *s)
{
	const struct event *ev = p->g->events;
	uint64_t i = s->n++;

	if (p->g->nr_events == NR_STAMPS &&
	    !strcmp(read_path__function(p, &ev[AT_READ]), "vfs_read") &&
	    !strcmp(read_path__function(p, &ev[AT_COPYOUT]), p->copyout) && !ev[AT_RETURN].at &&
	    ev[AT_READ].ns <= ev[AT_COPYOUT].ns && ev[AT_COPYOUT].ns <= ev[AT_RETURN].ns)
		s->in_order++;
	if (ev[AT_COPYOUT].cpu == ev[AT_RETURN].cpu)
		s->same_cpu++;
	s->to_copyout[i] = (double)(ev[AT_COPYOUT].ns - ev[AT_READ].ns);
	s->in_copyout[i] = (double)(ev[AT_RETURN].ns - ev[AT_COPYOUT].ns);
	s->cpu[i] = (double)ev[AT_COPYOUT].cpu;
}

/* Not in the page cache? */
static bool is_cold(const unsigned char *pages, size_t page)
{
	unsigned char here = 1;

	return !mincore((void *)(pages + page * PAGE), PAGE, &here) && !(here & 1);
}

static int read_samples(struct read_path *p, int fd, const unsigned char *pages, struct samples *s)
{
	uint64_t reads = exp__param_u64(p->e, "reads");

	for (uint64_t page = 0; page < reads; page++) {
		long n;

		if (is_cold(pages, page))
			s->cold++;
		n = read_path__read(p, fd, page);
		if (n != PAGE)
			return n < 0 ? (int)n : -EIO;
		take_sample(p, s);
	}
	return 0;
}

/* Clean pages leave the cache when told so, and no other ones come in with those that are read. */
static int chill(int fd)
{
	if (fsync(fd))
		return -errno;
	return -(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM)
			 ?: posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
}

static void report(struct record *r, const struct samples *s, bool cold)
{
	exp__check(r, s->in_order == s->n,
		   "each read passes vfs_read, then copyout, then returns from it, once each",
		   "%" PRIu64 " of %" PRIu64, s->in_order, s->n);
	exp__check(r, s->same_cpu == s->n, "copyout returns on the CPU on which it began",
		   "%" PRIu64 " of %" PRIu64, s->same_cpu, s->n);
	exp__check(r, s->cold == (cold ? s->n : 0),
		   cold ? "each page is read from the disk" : "each page is in the cache",
		   "%" PRIu64 " of %" PRIu64 " are not in the cache", s->cold, s->n);
	record__metric(r, "reads", "reads", (double)s->n);
	record__series(r, "vfs_read_to_copyout", "ns", s->to_copyout, s->n);
	record__series(r, "copyout_to_return", "ns", s->in_copyout, s->n);
	record__series(r, "cpu", "", s->cpu, s->n);
}

static int measure_stamps(struct read_path *p, const char *name, int fd, bool cold)
{
	struct record *r = exp__measurement(p->e, name);
	struct samples *s = calloc(1, sizeof(*s));
	unsigned char *pages = MAP_FAILED;
	struct stamp_links links = { { 0 } };
	int err = s ? 0 : -ENOMEM;

	if (fd < 0) {
		record__fail(r, STATUS_SKIPPED, "%s", p->no_disk);
		free(s);
		return exp__emit(p->e, r);
	}
	if (!err) {
		pages = mmap(NULL, FILE_PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
		err = pages == MAP_FAILED ? -errno : 0;
	}
	if (!err)
		err = attach_stamps(p, &links);
	if (!err && cold)
		err = chill(fd);
	if (!err)
		err = read_samples(p, fd, pages, s);
	detach_stamps(&links);
	if (!err)
		report(r, s, cold);
	if (pages != MAP_FAILED)
		munmap(pages, FILE_PAGES * PAGE);
	free(s);
	if (!err)
		return exp__emit(p->e, r);
	record__free(r);
	return exp__fail(p->e, err, "take the times of %s", name);
}

int read_path__stamps(struct read_path *p)
{
	int err;

	if (!p->copyout)
		return 0;
	err = measure_stamps(p, "stamps_tmpfs", p->memory, false);
	if (!err)
		err = measure_stamps(p, "stamps_ext4_uncached", p->disk, true);
	/* They have just been read. */
	if (!err)
		err = measure_stamps(p, "stamps_ext4_cached", p->disk, false);
	return err;
}
