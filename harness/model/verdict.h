/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_VERDICT_H
#define ASSAY_MODEL_VERDICT_H

/* What the verifier said of a program. A rejection is data, not an error. */
enum verdict {
	VERDICT_NONE, /* the record is no program, or it never reached the verifier */
	VERDICT_ACCEPT,
	VERDICT_REJECT,
};

/* What became of a record or an experiment, from good to bad; it starts as harness error and
 * is only ever improved by what was seen. */
enum status {
	STATUS_OK,
	STATUS_SKIPPED,	   /* a need was not met; the reason says which */
	STATUS_UNEXPECTED, /* ran to its end and differs from what was expected */
	STATUS_TIMEOUT,	   /* cut off by a time limit */
	STATUS_CRASHED,	   /* kernel or loader crashed, or a splat that was not declared */
	STATUS_HARNESS,	   /* assay itself failed: says nothing about the kernel */
};

const char *verdict__name(enum verdict v); /* "-", "accept", "reject" */
const char *status__name(
	enum status s); /* "ok", "skipped", "unexpected", "timeout", "crashed", "harness error" */
int verdict__parse(const char *s, enum verdict *out); /* 0 or -EINVAL */
int status__parse(const char *s, enum status *out);
enum status status__worse(enum status a, enum status b);

/* Names of errno values as constants: 13 <-> "EACCES". errno__name gives "E<number>" for an
 * unknown one (into a static table, no buffer), errno__parse accepts names and numbers. */
const char *errno__name(int err);
int errno__parse(const char *s, int *err);

#endif
