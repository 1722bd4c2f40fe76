/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of a read under a hook that was to override a function on its way. */
#ifndef ASSAY_MODEL_OVERRIDE_OUTCOME_H
#define ASSAY_MODEL_OVERRIDE_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers are stored in records. */
enum override_outcome {
	OUTCOME_OVERRIDDEN,	  /* no call's body ran, and the caller is content */
	OUTCOME_MISBEHAVED,	  /* overridden, and the caller did other than without a hook */
	OUTCOME_NOT_OVERRIDDEN,	  /* the program ran, and so did every body */
	OUTCOME_PARTLY,		  /* of several calls some were overridden */
	OUTCOME_MISSED_RECURSION, /* the probe was hit, the kernel did not run the program */
	OUTCOME_MISSED_NMISSED,	  /* hit inside another probe: counted as missed */
	OUTCOME_NEVER_HIT,	  /* the read did not come to the probe */
	OUTCOME_UNEXPLAINED,	  /* the evidence contradicts itself, or does not suffice */
	NR_OVERRIDE_OUTCOMES
};

/* "overridden", "misbehaved", …, as in the names of metrics. */
const char *override_outcome__name(enum override_outcome o);

/* What the reader's buffer shows, which was filled beforehand with bytes other than the file's. */
enum override_buffer {
	BUFFER_UNTOUCHED,
	BUFFER_FILLED,	/* it has the file's bytes */
	BUFFER_MIXED,	/* some of them */
	BUFFER_CHANGED, /* the file's bytes are not known: it has some or all of them */
};

#define OVERRIDE_UNKNOWN (-1) /* a count that nobody took */

/* All counts are of this one read. */
struct override_evidence {
	int64_t calls; /* of the function that the read makes without a hook; 0: it does not pass it
			*/
	/* Of the probe: hits that were passed on to the program, whether it ran or not, and hits
	 * inside of another probe. Not needed where the program ran for every call. */
	int64_t hits, nmissed;
	int64_t runs;	    /* of the program */
	int64_t requests;   /* for an override, as far as the kernel took them */
	int64_t body_calls; /* how often the function's body ran */
	enum override_buffer buffer;
	int64_t returned; /* what the caller saw */
	int64_t wanted;	  /* and what it sees when all goes well: as without a hook */
};

/* More than the class: how a caller misbehaved. */
struct override_finding {
	enum override_outcome outcome;
	bool looped;	 /* it called the function more often than without a hook */
	bool short_read; /* it returned something else */
};

/* Classifies one read. Evidence that contradicts itself, or leaves two outcomes possible, is
 * OUTCOME_UNEXPLAINED: nothing is taken for granted that was not counted or seen. */
struct override_finding override_outcome__of(const struct override_evidence *e);

#endif
