// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest/experiment.h"
#include "model/fit.h"
#include "model/record.h"
#include "model/stats.h"
#include "model/vlog.h"
#include "parts.h"
#include "shapes.h"

#define MAX_SIZES 16
#define MAX_LOADS 1000
#define LOG_LEN	  65536
#define LOG_STATS 4u /* BPF_LOG_STATS */

/* Loads of one program; times in us. */
struct samples {
	double verification[MAX_LOADS]; /* by the kernel's own clock, JIT on */
	double load[2][MAX_LOADS];	/* the whole system call; [1] with JIT */
	double rest[2][MAX_LOADS];	/* the call without verification */
	struct vlog_stats stats;
};

/* One program of a shape after the other, and what they took: medians in us. */
struct curve {
	size_t n;
	double size[MAX_SIZES], processed[MAX_SIZES], verification[MAX_SIZES], jit[MAX_SIZES];
};

struct job {
	struct exp *e;
	struct bpf_insn *insns;
	struct samples *s;
	char *log;
	unsigned int loads;
};

static int load_once(struct job *j, const struct shape *shape, size_t n, int jit, unsigned int i)
{
	struct vlog v = { 0 };
	uint64_t start, took;
	double verification;
	int err = scaling__jit(j->e, jit);

	if (err)
		return err;
	start = exp__now_ns();
	err = exp__try_load(j->e, shape->name, BPF_PROG_TYPE_SOCKET_FILTER, j->insns, n, j->log,
			    LOG_LEN, LOG_STATS);
	took = exp__now_ns() - start;
	if (err)
		return err;
	err = vlog__parse(j->log, 0, &v);
	if (err)
		return err;
	verification = (double)v.stats.verification_time_us;
	if (jit)
		j->s->verification[i] = verification;
	j->s->load[jit][i] = (double)took / 1e3;
	j->s->rest[jit][i] = j->s->load[jit][i] - verification;
	j->s->stats = v.stats;
	vlog__release(&v);
	return 0;
}

/* The first load of each kind pays for cold caches and is made and forgotten. */
static int load_all(struct job *j, const struct shape *shape, size_t n)
{
	int err = 0;

	for (unsigned int i = 0; !err && i <= j->loads; i++)
		for (int jit = 0; !err && jit < 2; jit++)
			err = load_once(j, shape, n, jit, i ? i - 1 : 0);
	return err;
}

static int report_size(struct job *j, const struct shape *shape, size_t n, uint64_t expected,
		       int err, struct curve *c)
{
	struct record *r = exp__measurement(j->e, "load");
	struct samples *s = j->s;
	double processed = (double)s->stats.insns, more_than = c->n ? c->processed[c->n - 1] : 0;
	char size[32];

	snprintf(size, sizeof(size), "%.0f", c->size[c->n]);
	record__label(r, "shape", shape->name);
	record__label(r, "size", size);
	exp__check(r, !err, "the program is accepted, with JIT and without", "%s",
		   exp__err_name(err));
	if (err)
		return exp__emit(j->e, r);
	if (expected)
		exp__check(r, s->stats.insns == (int64_t)expected,
			   "the verifier processes as many instructions as counted beforehand",
			   "%" PRId64 ", counted %" PRIu64, s->stats.insns, expected);
	exp__check(r, processed > more_than && processed >= (double)expected,
		   "and more than for the smaller program", "%.0f after %.0f", processed,
		   more_than);
	c->processed[c->n] = processed;
	c->verification[c->n] = stats__median(s->verification, j->loads);
	c->jit[c->n] = stats__median(s->rest[1], j->loads) - stats__median(s->rest[0], j->loads);
	record__metric(r, "instructions", "insns", (double)n);
	record__metric(r, "processed", "insns", processed);
	record__metric(r, "total_states", "states", (double)s->stats.total_states);
	record__metric(r, "peak_states", "states", (double)s->stats.peak_states);
	record__metric(r, "jit_time", "us", c->jit[c->n]);
	record__series(r, "verification_time", "us", s->verification, j->loads);
	record__series(r, "load_with_jit", "us", s->load[1], j->loads);
	record__series(r, "load_without_jit", "us", s->load[0], j->loads);
	c->n++;
	return exp__emit(j->e, r);
}

static void report_fits(struct record *r, const struct curve *c, const double *us, const char *what)
{
	char name[64];
	struct fit f;

	snprintf(name, sizeof(name), "%s_exponent", what);
	if (!fit__power(c->processed, us, c->n, &f)) {
		scaling__slope(r, name, "", &f, 1);
		snprintf(name, sizeof(name), "%s_exponent_r2", what);
		record__metric(r, name, "", f.r2);
	} else {
		record__label(r, name, "none: a time is too short to be told from 0");
	}
	snprintf(name, sizeof(name), "%s_per_insn", what);
	if (!fit__line(c->processed, us, c->n, &f))
		scaling__slope(r, name, "ns", &f, 1e3);
}

static int report_curve(struct exp *e, const struct shape *shape, const struct curve *c)
{
	struct record *r = exp__measurement(e, "growth");

	record__label(r, "shape", shape->name);
	record__metric(r, "sizes", "programs", (double)c->n);
	record__series(r, "processed", "insns", c->processed, c->n);
	record__series(r, "verification_time", "us", c->verification, c->n);
	report_fits(r, c, c->verification, "verification");
	record__series(r, "jit_time", "us", c->jit, c->n);
	/* A loop's program stays small: there is nothing for the JIT to grow with. */
	if (shape->make != scaling_shapes[scaling_nr_shapes - 1].make)
		report_fits(r, c, c->jit, "jit");
	return exp__emit(e, r);
}

static int measure_shape(struct job *j, const struct shape *shape)
{
	uint64_t max = exp__param_u64(j->e, "max"), sizes = exp__param_u64(j->e, "sizes");
	struct curve c = { 0 };
	int err = 0;

	for (uint64_t i = sizes; !err && i-- > 0;) {
		uint64_t size = max >> i, expected;
		size_t n;
		int load_err;

		if (size < SCALING_MIN_SIZE)
			continue;
		exp__progress(j->e, size, max, shape->name);
		n = shape->make(j->insns, size, &expected);
		c.size[c.n] = (double)size;
		load_err = load_all(j, shape, n);
		err = report_size(j, shape, n, expected, load_err, &c);
	}
	return err ? err : report_curve(j->e, shape, &c);
}

int scaling__growth(struct exp *e)
{
	struct job j = { .e = e, .loads = (unsigned int)exp__param_u64(e, "loads") };
	int err = -ENOMEM;

	j.insns = calloc(exp__param_u64(e, "max") + 1, sizeof(*j.insns));
	j.s = calloc(1, sizeof(*j.s));
	j.log = malloc(LOG_LEN);
	if (j.insns && j.s && j.log)
		err = 0;
	for (size_t i = 0; !err && i < scaling_nr_shapes; i++)
		err = measure_shape(&j, &scaling_shapes[i]);
	free(j.log);
	free(j.s);
	free(j.insns);
	return err;
}
