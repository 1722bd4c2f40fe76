/* SPDX-License-Identifier: GPL-2.0-only */
/* Made-up studies of the override: points whose records say what a test wants to be seen. */
#ifndef TESTS_UNIT_OVERRIDE_FIXTURE_H
#define TESTS_UNIT_OVERRIDE_FIXTURE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/override_outcome.h"
#include "model/record.h"
#include "store/store.h"
#include "study/data.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

#define MAX_POINTS 400

static inline struct study_data *made_up_study(const char *form)
{
	struct study_data *d = calloc(1, sizeof(*d));

	d->study = strdup("override");
	d->form = strdup(form);
	d->question = strdup("How often does it hold?");
	d->run = strdup("20261121-120000-abcd");
	d->started = strdup("2026-11-21T12:00:00Z");
	d->ended = strdup("2026-11-21T12:02:00Z");
	d->host = strdup("{\"assay\": \"0.1\", \"qemu\": \"7.2\"}");
	d->complete = true;
	d->obs = calloc(MAX_POINTS, sizeof(*d->obs));
	d->blocks = calloc(1, sizeof(*d->blocks));
	d->blocks[0] = (struct study_block){ strdup("all"), strdup("All of it"),
					     strdup("1, 2, 3, 4"), true };
	d->nr_blocks = 1;
	return d;
}

static inline void set_factors(json_t *params, const char *factors)
{
	struct strv words = { 0 };

	strv__split(&words, factors, " ");
	for (size_t i = 0; i < words.n; i++) {
		char *value = strchr(words.v[i], '=');

		*value++ = '\0';
		json_object_set_new(params, words.v[i], json_string(value));
	}
	strv__free(&words);
}

static inline struct guest_info *made_up_guest(const char *kernel)
{
	struct guest_info *g = calloc(1, sizeof(*g));

	g->kernel = strdup(kernel);
	g->release = strdup(kernel);
	g->accel = strdup("tcg");
	g->timing = strdup("wall");
	return g;
}

/* A point that counted nothing yet. factors: "hook=int3 size=64", the rest as usual. */
static inline struct study_obs *add_made_up(struct study_data *d, const char *kernel,
					    const char *factors)
{
	struct study_obs *o = &d->obs[d->nr_obs];
	char id[16];

	snprintf(id, sizeof(id), "%012zx", d->nr_obs);
	d->nr_planned = ++d->nr_obs;
	o->kernel = strdup(kernel);
	o->experiment = strdup("override-point");
	o->id = strdup(id);
	o->params = json_object();
	set_factors(o->params,
		    "target=copyout size=4096 reads=300 rounds=5 source=tmpfs cache=warm "
		    "file=known barrier=none hint=none readers=1 companion=none nesting=none "
		    "result=0 cpus=1 threads=1");
	json_object_set_new(o->params, "append", json_string("none"));
	json_object_set_new(o->params, "point", json_string(id));
	set_factors(o->params, factors);
	strv__add(&o->blocks, "all");
	o->status = STATUS_OK;
	o->seconds = 0.5;
	o->guest = made_up_guest(kernel);
	o->records = calloc(1, sizeof(*o->records));
	o->records[0] = record__new(RECORD_MEASUREMENT, "override-point", "point");
	o->nr_records = 1;
	record__label(o->records[0], "symbol", "copyout_bpf");
	return o;
}

static inline void add_times(struct study_obs *o, const char *name, double median)
{
	char text[64];
	double q[101];

	snprintf(text, sizeof(text), "%s_ns_median", name);
	record__metric(o->records[0], text, "ns", median);
	snprintf(text, sizeof(text), "%s_ns_q1", name);
	record__metric(o->records[0], text, "ns", median * 0.9);
	snprintf(text, sizeof(text), "%s_ns_q3", name);
	record__metric(o->records[0], text, "ns", median * 1.1);
	for (int i = 0; i <= 100; i++)
		q[i] = median * (0.8 + 0.004 * i);
	snprintf(text, sizeof(text), "latency_%s", name);
	record__series(o->records[0], text, "ns", q, 101);
}

/* Its outcomes: `good` reads overridden, `other` reads with that outcome. */
static inline void count_reads(struct study_obs *o, double good, enum override_outcome outcome,
			       double other)
{
	struct record *r = o->records[0];

	record__metric(r, "attempted", "reads", good + other);
	for (enum override_outcome i = 0; i < NR_OVERRIDE_OUTCOMES; i++)
		record__metric(r, override_outcome__name(i), "reads",
			       (i == OUTCOME_OVERRIDDEN ? good : 0) + (i == outcome ? other : 0));
	add_times(o, "unhooked", 1000);
	record__metric(r, "calls_per_read", "calls", 1);
}

/* A point whose hook is not optimised. */
static inline void add_plain(struct study_data *d, const char *kernel, const char *factors,
			     double good, double lost)
{
	struct study_obs *o = add_made_up(d, kernel, factors);

	count_reads(o, good, OUTCOME_NOT_OVERRIDDEN, lost);
	add_times(o, "overridden", strstr(factors, "ftrace") ? 500 : 2000);
}

#define MADE_UP_ROUNDS 5 /* at most */
static int made_up_rounds = MADE_UP_ROUNDS;

/* What the kernel does to a default kprobe. */
struct made_up_loss {
	double reads, ms; /* until the loss, about; 0: there is none */
	bool jumps;	  /* the program finds a jump, a little later */
	double back;	  /* share of the reads after the loss that are overridden nevertheless */
};

/* A point with the default kprobe: five rounds, whose losses scatter a little. */
static inline void add_optimised(struct study_data *d, const char *kernel, const char *factors,
				 struct made_up_loss loss)
{
	static const double scatter[MADE_UP_ROUNDS] = { 0.9, 1.05, 1, 1.1, 0.95 };
	struct study_obs *o = add_made_up(d, kernel, factors);
	double lost_read[MADE_UP_ROUNDS], lost_ms[MADE_UP_ROUNDS], flag[MADE_UP_ROUNDS],
		jump[MADE_UP_ROUNDS];
	double code[2 * MADE_UP_ROUNDS], reads[2 * MADE_UP_ROUNDS], round[2 * MADE_UP_ROUNDS];
	double before = 0, after = 0, back;
	size_t n = 0;

	for (int i = 0; i < made_up_rounds; i++) {
		double good = loss.ms > 0 ? floor(loss.reads * scatter[i]) : 1000;

		lost_read[i] = loss.ms > 0 ? good + 1 : NAN;
		lost_ms[i] = loss.ms > 0 ? loss.ms * scatter[i] : NAN;
		flag[i] = loss.jumps ? 0.5 : NAN;
		jump[i] = loss.jumps ? (loss.ms > 0 ? lost_ms[i] + 0.2 : 30) : NAN;
		code[n] = OUTCOME_OVERRIDDEN;
		round[n] = i;
		reads[n++] = good;
		before += good;
		if (!(loss.ms > 0))
			continue;
		code[n] = OUTCOME_NOT_OVERRIDDEN;
		round[n] = i;
		reads[n++] = 200;
		after += 200;
	}
	back = floor(after * loss.back);
	count_reads(o, before + back, OUTCOME_NOT_OVERRIDDEN, after - back);
	add_times(o, "overridden", 2000);
	add_times(o, "not_overridden", 1100);
	record__metric(o->records[0], "reads_before", "reads", before);
	record__metric(o->records[0], "success_before", "", 1);
	record__metric(o->records[0], "reads_after", "reads", after);
	if (after > 0)
		record__metric(o->records[0], "success_after", "", back / after);
	record__series(o->records[0], "lost_read", "read number", lost_read,
		       (size_t)made_up_rounds);
	record__series(o->records[0], "lost_ms", "ms", lost_ms, (size_t)made_up_rounds);
	record__series(o->records[0], "flag_ms", "ms", flag, (size_t)made_up_rounds);
	record__series(o->records[0], "jump_ms", "ms", jump, (size_t)made_up_rounds);
	record__series(o->records[0], "run_outcome", "code", code, n);
	record__series(o->records[0], "run_reads", "reads", reads, n);
	record__series(o->records[0], "run_round", "round", round, n);
}

/* The loss as it is known: with the jump, for good. */
#define USUAL_LOSS                                               \
	(struct made_up_loss)                                    \
	{                                                        \
		.reads = 800, .ms = 25, .jumps = true, .back = 0 \
	}

#endif
