// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "base/str.h"
#include "filter-reduce.skel.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "model/stats.h"
#include "plain.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MAX_SIZE  65536u
#define MIN_SIZE  64u
#define MAX_READS 100000u
#define UNTOUCHED '#' /* no text holds it */

typedef struct filter_reduce_bpf__bss globals;

/* As in filter-reduce.bpf.c, where it is the value of the map `results`. */
struct numbers {
	long sum, average;
	unsigned long long count;
};

/* --- the text, and the same in user space ------------------------------------------------ */

/* A file in memory, and where it is read to. */
struct source {
	int fd;
	size_t size;
	char *text, *buf; /* each with a NUL behind the size */
	struct numbers expected;
};

static long average(long sum, unsigned long long count)
{
	return count ? sum / (long)count : 0;
}

/* The C library's way. */
static struct numbers parse_strtol(const char *text, size_t size)
{
	struct numbers n = { 0 };
	const char *end = text + size;

	while (text < end) {
		char *next;
		long v = strtol(text, &next, 10);

		if (next == text)
			break;
		n.sum += v;
		n.count++;
		text = next;
	}
	n.average = average(n.sum, n.count);
	return n;
}

/* What the kernel's digit loop does, in C. */
static struct numbers parse_digits(const char *text, size_t size)
{
	struct numbers n = { 0 };
	bool in = false, negative = false;
	long value = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned int digit = (unsigned int)(unsigned char)text[i] - '0';

		if (digit < 10) {
			value = value * 10 + (long)digit;
			in = true;
			continue;
		}
		if (in) {
			n.sum += negative ? -value : value;
			n.count++;
		}
		value = 0;
		in = false;
		negative = text[i] == '-';
	}
	n.average = average(n.sum, n.count);
	return n;
}

static struct numbers parse_nothing(const char *text, size_t size)
{
	(void)text;
	(void)size;
	return (struct numbers){ 0 };
}

/* "01 02 03 " and then numbers of one to five digits, some negative, always the same ones. */
static void write_text(char *text, size_t size)
{
	uint32_t random = 1;
	size_t n = (size_t)snprintf(text, size, "01 02 03 ");

	for (;;) {
		int value, len;
		char number[16];

		random = random * 1664525u + 1013904223u;
		value = (int)(random >> 8 & 0xffff) >> (random >> 28);
		len = snprintf(number, sizeof(number), "%s%d ", random & 0x80 ? "-" : "", value);
		if (n + (size_t)len >= size)
			break;
		memcpy(text + n, number, (size_t)len);
		n += (size_t)len;
	}
	memset(text + n, ' ', size - n);
	text[size - 1] = '\n';
	text[size] = '\0';
}

static int source__open(struct source *s, size_t size)
{
	s->size = size;
	s->text = malloc(size + 1);
	s->buf = calloc(1, size + 1);
	if (!s->text || !s->buf)
		return -ENOMEM;
	write_text(s->text, size);
	s->expected = parse_strtol(s->text, size);
	s->fd = memfd_create("assay-numbers", MFD_CLOEXEC);
	if (s->fd < 0)
		return -errno;
	return write_all(s->fd, s->text, size);
}

static void source__close(struct source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->text);
	free(s->buf);
}

static bool untouched(const struct source *s)
{
	for (size_t i = 0; i < s->size; i++)
		if (s->buf[i] != UNTOUCHED)
			return false;
	return true;
}

/* --- the ways ---------------------------------------------------------------------------- */

struct way {
	const char *where, *parser;
	struct numbers (*parse)(const char *text, size_t size); /* in user space; NULL: kernel */
	const char *prog, *symbol;
	bool retprobe, no_copy;
};

/* copyout_ftrace rather than copyout_bpf: its kprobes are never optimised, which would lose the
 * override (see the experiment of that name). */
static const struct way ways[] = {
	{ "nowhere", "none", .parse = parse_nothing },
	{ "user", "strtol", .parse = parse_strtol },
	{ "user", "digits", .parse = parse_digits },
	{ "exit", "digits", .prog = "exit_digits", .symbol = "vfs_read", .retprobe = true },
	{ "exit", "bpf_loop", .prog = "exit_bpf_loop", .symbol = "vfs_read", .retprobe = true },
	{ "exit", "strtol", .prog = "exit_strtol", .symbol = "vfs_read", .retprobe = true },
	{ "copyout", "digits", .prog = "copyout_digits", .symbol = "copyout_ftrace" },
	{ "copyout", "strtol", .prog = "copyout_strtol", .symbol = "copyout_ftrace" },
	{ "override", "digits", .prog = "override_digits", .symbol = "copyout_ftrace",
	  .no_copy = true },
};

struct context {
	struct exp *e;
	struct bpf_object *obj;
	globals *g;
	int results;
	uint64_t reads;
	double *us;
};

struct seen {
	uint64_t right, copied, kept; /* reads with the numbers, the text, an untouched buffer */
	uint64_t bodies;	      /* calls of copyout's body; where it is counted */
	bool bodies_counted;
	struct numbers last;
};

static bool equal(const struct numbers *a, const struct numbers *b)
{
	return a->sum == b->sum && a->count == b->count && a->average == b->average;
}

/* One read with its result, timed; the rest is looked at afterwards. */
static int read_once(struct context *c, const struct way *w, struct source *s, struct seen *seen,
		     uint64_t i)
{
	__u32 zero = 0;
	uint64_t start;
	int err = 0;
	long n;

	memset(s->buf, UNTOUCHED, s->size);
	seen->last = (struct numbers){ 0 };
	start = exp__now_ns();
	n = pread(s->fd, s->buf, s->size, 0);
	if (w->parse)
		seen->last = w->parse(s->buf, s->size);
	else
		err = bpf_map_lookup_elem(c->results, &zero, &seen->last);
	c->us[i] = (double)(exp__now_ns() - start) / 1e3;
	if (n != (long)s->size)
		return exp__fail(c->e, n < 0 ? -errno : -EIO, "read the text");
	if (err)
		return exp__fail(c->e, err, "look up the result");
	seen->right += equal(&seen->last, &s->expected);
	seen->copied += !memcmp(s->buf, s->text, s->size);
	seen->kept += untouched(s);
	return 0;
}

static int read_all(struct context *c, const struct way *w, struct source *s, struct seen *seen)
{
	static const struct numbers none = { 0 };
	__u32 zero = 0;
	int err = bpf_map_update_elem(c->results, &zero, &none, BPF_ANY);

	seen->bodies_counted = exp__has(c->e, NEED_FILE, EXP_COPYOUT_DIR "body_calls");
	if (!err && seen->bodies_counted)
		err = exp__copyout_watch();
	c->g->runs = c->g->failures = 0;
	c->g->reader = exp__this_thread();
	for (uint64_t i = 0; !err && i < c->reads; i++)
		err = read_once(c, w, s, seen, i);
	c->g->reader = 0;
	if (!err && seen->bodies_counted)
		err = exp__copyout_calls(&seen->bodies);
	if (seen->bodies_counted)
		exp__copyout_unwatch();
	return err;
}

static int report(struct context *c, const struct way *w, const struct source *s,
		  const struct seen *seen)
{
	struct record *r = exp__measurement(c->e, "read");
	char size[24];

	snprintf(size, sizeof(size), "%zu", s->size);
	record__label(r, "size", size);
	record__label(r, "parsed", w->where);
	record__label(r, "by", w->parser);
	record__metric(r, "read", "us", stats__median(c->us, c->reads));
	record__metric(r, "read_low", "us", stats__quantile(c->us, c->reads, 0.25));
	record__metric(r, "read_high", "us", stats__quantile(c->us, c->reads, 0.75));
	record__series(r, "read", "us", c->us, c->reads);
	if (w->parse != parse_nothing) {
		record__metric(r, "numbers", "numbers", (double)s->expected.count);
		exp__check(r, seen->right == c->reads,
			   "every read gives sum, count and average of the text",
			   "%" PRIu64 " of %" PRIu64 "; the last %ld, %llu, %ld, of the text "
			   "%ld, %llu, %ld",
			   seen->right, c->reads, seen->last.sum, seen->last.count,
			   seen->last.average, s->expected.sum, s->expected.count,
			   s->expected.average);
	}
	if (w->no_copy)
		exp__check(r, seen->kept == c->reads, "and leaves the reader's buffer untouched",
			   "%" PRIu64 " of %" PRIu64, seen->kept, c->reads);
	else
		exp__check(r, seen->copied == c->reads, "the reader's buffer holds the text",
			   "%" PRIu64 " of %" PRIu64, seen->copied, c->reads);
	if (w->no_copy && seen->bodies_counted)
		exp__check(r, !seen->bodies, "copyout's body never runs", "%" PRIu64 " calls",
			   seen->bodies);
	if (w->prog)
		exp__check(r, c->g->runs >= c->reads && !c->g->failures,
			   "the program runs for each read, and nothing fails it",
			   "%llu runs, %llu failures", c->g->runs, c->g->failures);
	return exp__emit(c->e, r);
}

static int measure_way(struct context *c, const struct way *w, struct source *s)
{
	struct bpf_program *prog = w->prog ? exp__loaded(c->obj, w->prog) : NULL;
	struct bpf_program *enter = exp__loaded(c->obj, "enter");
	struct bpf_link *begin = NULL, *link = NULL;
	struct seen seen = { 0 };
	int err = 0;

	/* Not offered, or not in this kernel: said by the verdicts and the summary. */
	if (w->prog && (!prog || !enter || !exp__has(c->e, NEED_SYMBOL, w->symbol)))
		return 0;
	if (w->prog) {
		begin = bpf_program__attach_kprobe(enter, false, "vfs_read");
		link = begin ? bpf_program__attach_kprobe(prog, w->retprobe, w->symbol) : NULL;
		if (!link)
			err = exp__fail(c->e, -errno, "attach %s to %s", w->prog, w->symbol);
	}
	if (!err)
		err = read_all(c, w, s, &seen);
	bpf_link__destroy(link);
	bpf_link__destroy(begin);
	return err ? err : report(c, w, s, &seen);
}

static int measure_size(struct context *c, size_t size)
{
	struct source s = { .fd = -1 };
	int err = source__open(&s, size);

	if (err)
		exp__fail(c->e, err, "make a text of %zu bytes in memory", size);
	for (size_t i = 0; !err && i < ARRAY_SIZE(ways); i++)
		err = measure_way(c, &ways[i], &s);
	source__close(&s);
	return err;
}

static int measure_sizes(struct context *c)
{
	struct strv sizes = { 0 };
	int err = strv__split(&sizes, exp__param_str(c->e, "sizes"), ",");

	for (size_t i = 0; !err && i < sizes.n; i++) {
		uint64_t size = 0;

		exp__progress(c->e, i, sizes.n, "read");
		err = num_size(sizes.v[i], MIN_SIZE, MAX_SIZE, &size);
		if (!err)
			err = measure_size(c, size);
	}
	strv__free(&sizes);
	return err;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct context c = { .e = e, .obj = obj, .reads = exp__param_u64(e, "reads") };
	bool variant = exp__has(e, NEED_FILE, EXP_COPYOUT_DIR "variant");
	int err = 0;

	c.us = calloc(c.reads, sizeof(*c.us));
	c.results = bpf_object__find_map_fd_by_name(obj, "results");
	c.g = exp__map_globals(obj, sizeof(*c.g));
	if (!c.us || !c.g || c.results < 0)
		err = exp__fail(e, -ENOMEM, "prepare maps");
	if (!err && variant)
		err = exp__copyout_variant("ftrace");
	if (!err)
		err = measure_sizes(&c);
	if (variant)
		exp__copyout_variant("plain");
	if (!err)
		err = filter_reduce__plain(e);
	if (c.g)
		munmap(c.g, sizeof(*c.g));
	free(c.us);
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS", "the programs are attached to kprobes" },
	{ NEED_CONFIG, "CONFIG_BPF_KPROBE_OVERRIDE", "one of them replaces the copy" },
	{ NEED_SYMBOL, "vfs_read", "the text is read through it" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "sizes",
	  .type = PARAM_SIZES,
	  .value = "64,512,4K,64K",
	  .min = MIN_SIZE,
	  .max = MAX_SIZE,
	  .help = "bytes of the text, which is read at once" },
	{ .name = "reads",
	  .type = PARAM_UINT,
	  .value = "21",
	  .min = 1,
	  .max = MAX_READS,
	  .help = "reads for each size and way" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "X9",
	  .title = "parse \"01 02 03\", sum and average in the kernel, against the "
		   "same in user space",
	  .origin = "activity log of a thesis, 18 March to 9 April 2020",
	  .cause = "all ways give the same numbers from 64 bytes to 64 KiB, on "
		   "5.10.218 and 6.1.192. From 4 KiB on the digit loop takes 2 to 3.5 "
		   "times in the kernel what it takes in user space, bpf_strtol nearly "
		   "twice what strtol of the C library takes (TCG); doing without the "
		   "copy saves 1 to 2 per cent of that. Against strtol of the C "
		   "library the kernel's digit loop is ahead. One program can go "
		   "through 19 KiB before the verifier gives up; functions verified by "
		   "themselves lift that on every kernel from 5.10 on",
	  .shows = "read plain_limit exit_digits exit_strtol exit_bpf_loop "
		   "copyout_digits copyout_strtol override_digits plain_loop" },
	{ 0 },
};

const struct experiment experiment_filter_reduce = {
	.name = "filter-reduce",
	.summary = "numbers added up in the kernel, with the copy and instead of it, "
		   "against user space",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 120,
	.elf_bytes = filter_reduce_bpf__elf_bytes,
	.measure = measure,
};
