/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_OVERRIDE_POINTS_H
#define ASSAY_STUDY_OVERRIDE_POINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "model/compare.h"
#include "model/override_outcome.h"
#include "study/data.h"

enum override_hook {
	HOOK_NONE,
	HOOK_INT3,
	HOOK_OPTIMISED,
	HOOK_FTRACE,
	HOOK_MULTI,
	HOOK_FMOD_RET,
	HOOK_FAIL_FUNCTION,
	NR_OVERRIDE_HOOKS
};
const char *override_hook__name(enum override_hook h); /* as the factor's values */

/* One attach … detach. NAN: never. */
struct override_round {
	double lost_read, lost_ms, flag_ms, jump_ms, jump_read;
};

/* A point of the experiment override-point, as the answers need it. */
/* Lost at the first read or before it, as attaching took long: that says only that it was early. */
bool override_round__at_once(const struct override_round *r);

struct override_point {
	const struct study_obs *obs;
	enum override_hook hook;
	/* It is there and counted reads; false for one that was skipped, refused or came to a bad
	 * end. */
	bool measured;
	bool refused;
	const char *refusal; /* label: errno and reason; NULL */
	unsigned long long readers;
	unsigned long long attempted, outcomes[NR_OVERRIDE_OUTCOMES];
	/* Of the reads that came to the hook. Overridden is one with the outcome overridden or
	 * misbehaved. */
	struct proportion success;
	struct proportion before, after; /* the loss */
	struct override_round *rounds;
	size_t nr_rounds;
	double tolerance_ms; /* of a round's times: their resolution, and one read */
	/* The default kprobe, on a kernel that was seen to turn such kprobes into jumps. */
	bool on_default;
	/* And this one, too, as kprobes/list or the program saw; or it lost its override, whatever
	 * took it. */
	bool optimised;
	/* Nothing else is at the function or makes its caller stumble: no companion, no nesting,
	 * and a result of 0. */
	bool plain;
	/* It asks for an override at all. A program at fmod_ret that returns 0 does not: by its
	 * definition the function then goes on. */
	bool asks;
};

/* What is known of a kernel of the study. */
struct override_kernel {
	const char *name, *release;
	char version[24];	   /* the release's number alone */
	const char *preempt;	   /* "full", "voluntary", "none"; "" unknown */
	bool has_optprobes, cured; /* by label, or where there is none by the entry's name */
	bool optimises;		   /* seen in the data */
};

struct override_points {
	const struct study_data *data;
	struct override_point *v;
	size_t n;
	struct override_kernel *kernels;
	size_t nr_kernels;
};

int override_points__read(const struct study_data *d, struct override_points *out); /* -ENOMEM */
void override_points__release(struct override_points *p);

const struct override_kernel *override_points__kernel(const struct override_points *p,
						      const char *name); /* or NULL */
/* A factor's value; "" for the default of those whose default is nothing ("none" of append). */
const char *override_point__factor(const struct override_point *p, const char *name);
/* All factors as one string, except those of the list and those that say only how much is measured
 * (point, reads, rounds, after, limit_ms; `keep` names one that stays). Caller frees; NULL on
 * ENOMEM. */
char *override_point__key(const struct override_point *p, const char *const *except,
			  const char *keep);
/* Is there a point that is wanted and differs from p in the excepted factors alone? 1, 0 or
 * -ENOMEM. */
int override_points__partner(const struct override_points *all, const struct override_point *p,
			     const char *const *except,
			     bool (*wanted)(const struct override_point *p, const char *kernel),
			     const char *kernel);
/* Of the first reader: how many of the round's first `reads` reads were overridden, and how many
 * there were. */
struct proportion override_point__early(const struct override_point *p, size_t round,
					unsigned long long reads);

/* A label of its record; "" when absent. */
const char *override_point__label(const struct override_point *p, const char *name);
/* The factors that say what is measured, each with the value that goes without saying; the order is
 * that in which they are named, or looked at for an explanation. */
struct override_default {
	const char *factor, *value;
};
/* The first of them disturb the hook or its caller: see override_point.plain. */
#define NR_OVERRIDE_DISTURBING 3
extern const struct override_default override_defaults[];
extern const size_t nr_override_defaults;
bool override_point__differs(const struct override_point *p, size_t which);
/* "source=ext4 size=65536": what differs; nothing when nothing does. `except`: a factor that is
 * left out, or NULL. */
void override_point__describe(const struct override_point *p, const char *except,
			      struct strbuf *sb);

void proportion__add(struct proportion *to, struct proportion p);

#endif
