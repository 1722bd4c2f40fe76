/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_REPORT_H
#define ASSAY_GUEST_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "guest/sink.h"
#include "model/kver.h"
#include "model/verdict.h"

struct strv;

/* What `assay-guest run` prints of an experiment's events: a table of the programs and the
 * measurements, or with `json` the events themselves, one a line. Programs are judged here, where
 * no host does it. Texts are kept in `dir` when that is not NULL. */
struct report;

struct report_opts {
	FILE *out;
	bool json;
	const char *dir; /* folder for the texts, created when missing; or NULL */
	struct kver kernel;
	const struct strv *features;
};

int report__new(const struct report_opts *opts, struct report **out);
void report__free(struct report *r);
struct sink report__sink(struct report *r);
/* The worst status of all records and experiments so far. */
enum status report__worst(const struct report *r);

#endif
