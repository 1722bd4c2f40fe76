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

#include "base/str.h"
#include "guest/experiment.h"
#include "loader.h"
#include "model/record.h"
#include "plot.h"

#define STAMPS EXP_COPYOUT_DIR "stamps"

/* The events of a read, in this order; and, on a kernel that records them, the times at which
 * copyout's body began to copy and was done. */
enum { AT_READ, AT_COPYOUT, AT_RETURN, NR_STAMPS };
enum { BODY_ENTRY, BODY_RETURN, NR_BODY };

struct samples {
	uint64_t at[NR_STAMPS][FILE_PAGES], body[NR_BODY][FILE_PAGES]; /* ns */
	uint64_t cpu[FILE_PAGES], body_cpu[FILE_PAGES];
	uint64_t n, in_order, same_cpu, cold;
	uint64_t nr_body; /* copies of a page that the kernel recorded */
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
	for (int k = 0; k < NR_STAMPS; k++)
		s->at[k][i] = ev[k].ns;
	s->cpu[i] = ev[AT_COPYOUT].cpu;
}

/* --- the body's own times ----------------------------------------------------------------- */

static bool has_body_stamps(struct read_path *p)
{
	return exp__has(p->e, NEED_FEATURE, "copyout-stamps");
}

static int start_body_stamps(uint64_t n)
{
	char text[24];
	int err = exp__copyout_watch();

	snprintf(text, sizeof(text), "%" PRIu64, n);
	return err ?: exp__write_str(STAMPS, text);
}

/* "entry_ns return_ns cpu bytes", a line for each copy. */
static int take_body_stamps(struct samples *s)
{
	FILE *f;
	char line[128];

	exp__write_str(STAMPS, "0");
	exp__copyout_unwatch();
	f = fopen(STAMPS, "re");
	if (!f)
		return -errno;
	while (s->nr_body < FILE_PAGES && fgets(line, sizeof(line), f)) {
		uint64_t i = s->nr_body, bytes;

		if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
			   &s->body[BODY_ENTRY][i], &s->body[BODY_RETURN][i], &s->body_cpu[i],
			   &bytes) == 4 &&
		    bytes == PAGE)
			s->nr_body++;
	}
	fclose(f);
	return 0;
}

static void add_series(struct record *r, const char *name, const uint64_t *from, const uint64_t *to,
		       uint64_t n)
{
	double ns[FILE_PAGES];

	for (uint64_t i = 0; i < n; i++)
		ns[i] = (double)to[i] - (double)from[i];
	record__series(r, name, "ns", ns, n);
}

static void report_body(struct record *r, const struct samples *s)
{
	uint64_t in_order = 0, same_cpu = 0;

	exp__check(r, s->nr_body == s->n, "copyout's body notes its times once for each read",
		   "%" PRIu64 " of %" PRIu64, s->nr_body, s->n);
	if (s->nr_body != s->n)
		return;
	for (uint64_t i = 0; i < s->n; i++) {
		if (s->at[AT_COPYOUT][i] <= s->body[BODY_ENTRY][i] &&
		    s->body[BODY_ENTRY][i] <= s->body[BODY_RETURN][i] &&
		    s->body[BODY_RETURN][i] <= s->at[AT_RETURN][i])
			in_order++;
		if (s->cpu[i] == s->body_cpu[i])
			same_cpu++;
	}
	exp__check(r, in_order == s->n, "the probe comes before the body, its return after it",
		   "%" PRIu64 " of %" PRIu64, in_order, s->n);
	exp__check(r, same_cpu == s->n, "the body runs on the CPU of the probe",
		   "%" PRIu64 " of %" PRIu64, same_cpu, s->n);
	add_series(r, "probe_to_body", s->at[AT_COPYOUT], s->body[BODY_ENTRY], s->n);
	add_series(r, "body", s->body[BODY_ENTRY], s->body[BODY_RETURN], s->n);
	add_series(r, "body_to_return_probe", s->body[BODY_RETURN], s->at[AT_RETURN], s->n);
}

/* --- reads -------------------------------------------------------------------------------- */

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
	double cpus[FILE_PAGES];

	exp__check(r, s->in_order == s->n,
		   "each read passes vfs_read, then copyout, then returns from it, once each",
		   "%" PRIu64 " of %" PRIu64, s->in_order, s->n);
	exp__check(r, s->same_cpu == s->n, "copyout returns on the CPU on which it began",
		   "%" PRIu64 " of %" PRIu64, s->same_cpu, s->n);
	exp__check(r, s->cold == (cold ? s->n : 0),
		   cold ? "each page is read from the disk" : "each page is in the cache",
		   "%" PRIu64 " of %" PRIu64 " are not in the cache", s->cold, s->n);
	exp__observed(r, 0, "%" PRIu64 " of %" PRIu64 " reads in order, %s", s->in_order, s->n,
		      cold ? "from the disk" : "from the cache");
	record__metric(r, "reads", "reads", (double)s->n);
	add_series(r, "vfs_read_to_copyout", s->at[AT_READ], s->at[AT_COPYOUT], s->n);
	add_series(r, "copyout_to_return", s->at[AT_COPYOUT], s->at[AT_RETURN], s->n);
	for (uint64_t i = 0; i < s->n; i++)
		cpus[i] = (double)s->cpu[i];
	record__series(r, "cpu", "", cpus, s->n);
}

/* What lies between these times, drawn. */
static int plot(struct read_path *p, const char *name, const struct samples *s)
{
	struct strbuf text = STRBUF_INIT;
	int err;

	read_path__plot(&text, "from vfs_read to copyout", s->at[AT_READ], s->at[AT_COPYOUT], s->n);
	read_path__plot(&text, "from copyout to its return", s->at[AT_COPYOUT], s->at[AT_RETURN],
			s->n);
	if (s->nr_body == s->n)
		read_path__plot(&text, "of it in copyout's body", s->body[BODY_ENTRY],
				s->body[BODY_RETURN], s->n);
	err = exp__text(p->e, name, "table", strbuf__str(&text), text.len);
	strbuf__free(&text);
	return err;
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
	if (!err && has_body_stamps(p))
		err = start_body_stamps(exp__param_u64(p->e, "reads"));
	if (!err)
		err = read_samples(p, fd, pages, s);
	if (!err && has_body_stamps(p))
		err = take_body_stamps(s);
	detach_stamps(&links);
	if (!err) {
		report(r, s, cold);
		if (has_body_stamps(p))
			report_body(r, s);
		err = plot(p, name, s);
	}
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
