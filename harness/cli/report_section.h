/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_SECTION_H
#define ASSAY_CLI_REPORT_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "model/verdict.h"

struct stat_column;
struct stored_experiment;
struct stored_record;
struct strv;

/* One experiment on one kernel: how it ended, its programs, measurements, matrices, and what was
 * not as expected. */
struct report_section;

struct report_style {
	size_t width;
	bool color;
	const struct stat_column *sort;
	bool reverse, details;
	const char *show;  /* command line that shows this run, for hints: "assay show 12" */
	bool many_kernels; /* hints must name one; set before the first section is printed */
};

/* 0 or -ENOMEM. style is the caller's and must stay. */
int report_section__new(const char *kernel, const char *experiment,
			const struct report_style *style, struct report_section **out);
void report_section__free(struct report_section *s);
bool report_section__is(const struct report_section *s, const char *kernel, const char *experiment);
const char *report_section__kernel(const struct report_section *s);
const char *report_section__experiment(const struct report_section *s);
/* Sets how the experiment ended. Without it the section says that it did not end. */
int report_section__ended(struct report_section *s, const struct stored_experiment *e);
int report_section__add(struct report_section *s, const struct stored_record *r);
bool report_section__is_empty(const struct report_section *s); /* no records */
/* Adds the records to counts by enum status. An experiment whose own status none of its records
 * shares (skipped as a whole, crashed between two records) counts as one more. */
void report_section__count(const struct report_section *s, int counts[6]);
/* What a line can say of it. Strings are the section's. */
struct report_section_sum {
	const char *kernel, *experiment;
	const char *reason;	 /* of a status that is not ok; or NULL */
	const char *skip_reason; /* of the first record that was skipped; or NULL */
	enum status status;
	double seconds; /* negative: unknown */
	size_t accepted, rejected, measurements, checks, skipped;
};
void report_section__sum(const struct report_section *s, struct report_section_sum *out);
/* Adds a name for each record that went wrong, or for the experiment itself: "override loss
 * (hook=int3)", with the kernel when there are many. Returns 0 or -ENOMEM. */
int report_section__failures(const struct report_section *s, struct strv *out);
/* The program whose log is the most worth reading: what was not expected before what was rejected;
 * NULL when there is none. *rank orders those of several sections. */
const char *report_section__example(const struct report_section *s, int *rank);
/* summary: what the experiment asks, or NULL. */
int report_section__print(struct report_section *s, const char *summary, FILE *out);

#endif
