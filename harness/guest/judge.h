/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_JUDGE_H
#define ASSAY_GUEST_JUDGE_H

#include "model/kver.h"

struct record;
struct strv;

/* Judges a program's record against its tags: sets expected, status and reason. `evidence` is the
 * verifier's log and what libbpf printed. A load that failed with an errno before the program
 * reached the verifier (verdict none: no attach target in BTF, a map that can't be created) can be
 * what a reject tag expects; anything else of that kind is unexpected. 0 or -ENOMEM. */
int judge__program(struct record *r, struct kver kernel, const struct strv *features,
		   const char *evidence);

#endif
