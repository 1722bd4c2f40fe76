/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_EXPECT_H
#define ASSAY_MODEL_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "model/kver.h"
#include "model/verdict.h"

/* What a program is expected to do, as it stands in the BPF source (BTF declaration tags):
 *
 *   assay:accept:RANGE
 *   assay:reject:RANGE:ERRNO:REGEX     extended regular expression, searched in the whole log
 *                                      and, before it, in what libbpf said; a program that libbpf
 *                                      refuses with that errno is as expected, too
 *   assay:any:RANGE                    no expectation on these kernels, and the reason is in the
 * README
 *
 * RANGE as in model/kver.h. For one kernel exactly one tag of a program must apply: two that
 * apply, or none, is a mistake of the experiment. A program without any tag has no expectation. */
struct expect;

int expect__parse(const char *tag, struct expect **out, char *err, size_t err_len);
void expect__free(struct expect *e);
bool expect__is_tag(const char *tag); /* starts with "assay:" */

struct judgement {
	enum status status; /* STATUS_OK, STATUS_UNEXPECTED, or STATUS_HARNESS for bad tags */
	char *reason;	    /* why not ok: a sentence with expected and actual; NULL when ok */
	char *expected;	    /* "accept" or "reject EACCES /regex/" on this kernel; NULL: none */
};

/* Is the tag (of a program's) one that expects something of this kernel? false also for a tag that
 * can't be read. */
bool expect__applies(const char *tag, struct kver kernel, const char *const *features,
		     size_t nr_features);

/* Judges what was seen against the tags. `log` is the full verifier log, NULL counts as ""; of a
 * program that libbpf refused it is all that libbpf said, and `refusal` the line that says why, or
 * NULL.
 * Returns 0 or -ENOMEM; release with judgement__release. */
int expect__judge(const char *const *tags, size_t nr_tags, struct kver kernel,
		  const char *const *features, size_t nr_features, enum verdict verdict, int err,
		  const char *log, const char *refusal, struct judgement *out);
void judgement__release(struct judgement *j);

#endif
