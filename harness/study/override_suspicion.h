/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_OVERRIDE_SUSPICION_H
#define ASSAY_STUDY_OVERRIDE_SUSPICION_H

#include "study/override_answers.h"

#define SUSPECT_LEVELS 12

struct suspect {
	const char *factor, *title;
	const char *reference;		    /* level; NULL: the smallest */
	const char *levels[SUSPECT_LEVELS]; /* that count; none: all */
};

/* The sentences that the rule chooses. 0 or -ENOMEM. */
int suspicion__conclude(struct suspicion *s);
int suspicions__conclude(struct answers *a);

void factor_setting__release(struct factor_setting *s);

#endif
