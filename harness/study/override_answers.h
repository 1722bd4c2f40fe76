/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_OVERRIDE_ANSWERS_H
#define ASSAY_STUDY_OVERRIDE_ANSWERS_H

#include "study/override_drift.h"
#include "study/override_points.h"
#include "study/override_rule.h"

/* What the rules draw from a study's data. No text here says what was found unless a rule chose it;
 * all strings that are not const are owned. */

/* A conclusion and the sentence that goes with it, with its numbers. */
struct finding {
	enum conclusion conclusion;
	char *text;
	struct strv missing; /* what it would take to decide */
};

/* --- 1: does optimisation explain the loss? -------------------------------------------------- */

struct cause_kernel { /* one on which kprobes become optimised */
	const char *kernel;
	size_t points;
	struct proportion
		rounds; /* that fit: lost, flag seen, jump not before the loss; or neither */
	struct proportion with_jump; /* of the rounds that lost it */
	size_t at_once;		     /* rounds that lost it at the first read, or before */
	size_t lost, loss_without_jump, jump_without_loss, jump_before_loss, without_flag;
	double flag_ms, lost_ms, lag_ms; /* medians over rounds; lag: from the loss to the jump */
	struct estimate correlation;	 /* of the times of loss and jump, over rounds */
	struct proportion before, after; /* the loss */
	struct proportion jumped;	 /* overridden after the first read that found the jump */
	struct proportion int3, ftrace;	 /* the same points with another hook */
	enum conclusion fits, changes, by_sysctl, by_entry, all;
};

/* The default kprobe on kernels that optimise it, where that is not the whole story. */
struct cause_beside {
	char *what; /* "companion=kprobe"; or the function */
	struct strv kernels;
	struct proportion lost; /* rounds */
	size_t jumped;		/* rounds in which the program found a jump */
	struct proportion success;
};

struct cause_besides {
	struct cause_beside *v;
	size_t n;
};

struct cause {
	struct cause_besides beside; /* with something else at the function */
	/* By function: points that nothing disturbs and that were never optimised. */
	struct cause_besides never;
	struct cause_kernel *kernels;
	size_t nr_kernels;
	struct proportion without_optprobes, with_optprobes; /* the same points on both */
	struct strv optprobes_kernels;
	enum conclusion by_config;
	struct finding finding;
};

/* --- 2: what is left without optimisation? --------------------------------------------------- */

struct rest_row { /* an outcome other than overridden, and where it is */
	enum override_outcome outcome;
	char *where;	 /* "companion=fexit hook=ftrace" */
	bool everywhere; /* all points that are there show it: it is explained, */
	bool by_hook,
		by_kernel;    /* with the hooks or on the kernels that are named, not with others */
	struct proportion of; /* reads with the outcome, of all reads of these points */
	size_t points;
	struct strv hooks, kernels;
};

struct rest_refusal {
	const char *reason;
	char *where; /* the function or the target */
	size_t points;
	struct strv hooks, kernels;
};

struct rest {
	struct proportion plain; /* success where nothing else is at the function */
	size_t points, plain_points, plain_failing;
	struct proportion
		silent; /* success of hooks that ask for nothing: see override_point.asks */
	size_t silent_points;
	unsigned long long outcomes[NR_OVERRIDE_OUTCOMES], reads;
	struct rest_row *rows;
	size_t nr_rows;
	struct rest_refusal *refusals;
	size_t nr_refusals;
	struct finding finding;
};

/* --- 3: the suspicions ------------------------------------------------------------------------ */

struct factor_level {
	const char *value;
	bool reference;
	/* Hooks that are not optimised; those that the reference has, too. */
	struct proportion without, without_reference;
	struct proportion hooks[NR_OVERRIDE_HOOKS];
	struct estimate difference; /* from the reference */
	/* The optimised one. */
	struct proportion before, after;
	double *early;		     /* per round: share of its first reads that was overridden */
	double *lost_ms, *lost_read; /* per round that lost it, but not at once */
	const struct override_point **optimised;
	size_t nr_optimised, rounds, nr_early, lost_rounds;
	size_t nr_lost; /* rounds that lost it, but not at once: see override_round__at_once */
	double early_median, ms_median, read_median;
	struct estimate early_difference, ms_ratio, read_ratio; /* to the reference */
	unsigned long long never_hit, attempted;
	enum conclusion conclusion; /* through time alone? */
};

struct factor_setting {	  /* what stays the same while the factor varies */
	char *key, *name; /* name: "5.10.218 cpus=4", what differs from the usual */
	struct factor_level *levels;
	size_t nr_levels;
	unsigned long long early_reads; /* that `early` looks at; 0: as many as the level says */
	bool has_dose; /* the factor is a number and enough rounds lost it at three levels or more
			*/
	double ms_exponent, read_exponent; /* of the power law over the levels */
	struct interval ms_exponent_ci, read_exponent_ci;
	struct estimate ms_correlation;
	enum conclusion conclusion;
};

struct suspicion {
	const char *factor, *title;
	struct factor_setting *settings;
	size_t nr_settings;
	/* Is the time of the loss another at some level? contradicted: no; not decided: too few
	 * rounds, or intervals too wide to say no. */
	enum conclusion moves;
	struct finding finding;
};

/* --- 4: which hook ---------------------------------------------------------------------------- */

struct hook_cost { /* times of one read in ns: median and quartiles */
	double unhooked[3], overridden[3], lost[3];
	struct interval overridden_ci;		      /* of the median */
	struct estimate overridden_ratio, lost_ratio; /* of the medians, to unhooked */
	double calls;				      /* of the function, in a read */
	size_t points, unhooked_points;
};

struct hook_cell {
	const struct override_kernel *kernel;
	enum override_hook hook;
	size_t points, refused, skipped, silent; /* silent: attached, and asked for nothing */
	const char *reason;			 /* of a refusal, or why it was skipped */
	const char *symbol;
	struct proportion success;
	struct hook_cost cost;
	enum conclusion holds;
	bool recommended;
};

struct saving { /* by override, for a size of the read */
	const char *kernel, *size;
	enum override_hook hook;
	struct hook_cost cost;
};

struct choice {
	struct hook_cell *cells; /* kernels × hooks, those that have points */
	size_t nr_cells;
	struct saving *savings;
	size_t nr_savings;
	struct finding finding;
};

/* --- the cure --------------------------------------------------------------------------------- */

struct cure_pair {
	const struct override_kernel *before, *after;
	struct proportion success_before, success_after; /* default kprobe, the same points */
	struct proportion rounds_before, rounds_after;	 /* that lost it, of all */
	struct estimate fewer;				 /* difference of these shares */
	size_t points;
	enum conclusion conclusion;
};

/* One figure of experiment override-cure on both kernels. NAN: not there. */
struct cure_figure {
	const char *before, *after; /* kernels */
	const char *record, *metric, *unit;
	char *labels;
	double value_before, value_after;
};

/* How many times as long as without a probe a read takes under one that does not override: batches
 * of experiment override-cure, in one boot. */
struct cure_slowdown {
	const struct override_kernel *kernel;
	double no_probe; /* ns, median */
	struct estimate jump, int3;
};

struct cure {
	struct cure_pair *pairs;
	size_t nr_pairs;
	struct finding finding;
	struct cure_figure *figures;
	size_t nr_figures;
	struct cure_slowdown *slowdowns; /* by kernel, with and without the cure */
	size_t nr_slowdowns;
	/* What was checked of probes that do not override, on kernels with the cure. */
	struct proportion others;
	struct finding others_finding;
};

/* ---------------------------------------------------------------------------------------------- */

struct answers {
	struct override_points points;
	struct cause cause;
	struct rest rest;
	struct drift drift; /* of points that are the same */
	struct suspicion *suspicions;
	size_t nr_suspicions;
	struct finding suspicions_finding; /* of all of them */
	struct choice choice;
	struct cure cure;
};

/* Draws all conclusions. The data must outlive the answers. 0 or -ENOMEM; release in any case. */
int override_answers__make(const struct study_data *d, struct answers *out);
void override_answers__release(struct answers *a);

/* The parts, each of which fills in a zeroed struct: 0 or -ENOMEM. */
int override_cause__find(const struct override_points *p, struct cause *out);
void override_cause__release(struct cause *c);
int override_rest__find(const struct override_points *p, struct rest *out);
void override_rest__release(struct rest *r);
int override_suspicions__find(const struct override_points *p, struct answers *out);
void override_suspicion__release(struct suspicion *s);
int override_choice__find(const struct override_points *p, struct choice *out);
void override_choice__release(struct choice *c);
int override_cure__find(const struct override_points *p, struct cure *out);
void override_cure__release(struct cure *c);
/* What the cure costs those that do not override: the figures, and their finding. */
int override_cure__others(const struct override_points *p, struct cure *out);

/* Times of a hook over all points that are the same reads on the same kernel as `p`; without a
 * hook, over those with any hook: the machine drifts from point to point, and a hook that is not
 * attached yet does not matter. out->points is 0 when there are no times. 0 or -ENOMEM. */
int override_cost__find(const struct override_points *all, const struct override_point *p,
			struct hook_cost *out);

void finding__release(struct finding *f);
/* Adds what is missing. */
int finding__missing(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
