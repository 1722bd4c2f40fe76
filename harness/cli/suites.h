/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_SUITES_H
#define ASSAY_CLI_SUITES_H

#include <stddef.h>

#include "base/str.h"
#include "model/verdict.h"

struct run_info;
struct store;

/* A run, or a comparison, as suites of test cases: what JUnit, KTAP and annotations have in common.
 * All strings are owned unless said otherwise. */
enum case_end {
	CASE_PASSED,
	CASE_SKIPPED, /* the reason says which need was not met */
	CASE_NOTE,    /* passed, and yet there is something to say of it */
	CASE_FAILED,  /* the kernel, or the program, did not do what it should */
	CASE_ERROR,   /* assay failed: nothing is known */
};

struct suite_case {
	char *name; /* "mask_7f_buf_126", "loss[hook=int3]" */
	enum case_end end;
	const char *type; /* one word or two, static: "unexpected", "cut off", "flip" */
	char *reason;	  /* one line; NULL: passed */
	char *details;	  /* further lines, the last without its newline; or NULL */
	char *log;	  /* path of a text to show with it, or NULL; */
	char *log_title;  /* what it is: "verifier log", */
	char *log_shown;  /* and the command that shows all of it, or NULL */
	char *source;	  /* where the fault lies, below the root of the tree, or NULL; */
	long line;	  /* and its line, 0: unknown */
	double seconds;	  /* negative: unknown */
};

struct suite {
	char *name;			/* "5.10.218/masked-read" */
	char *kernel, *experiment;	/* "" for what is neither's */
	struct strv properties, values; /* of one length: release, accelerator, parameters … */
	double seconds;			/* negative: unknown */
	struct suite_case *cases;	/* at least one */
	size_t n;
};

struct suites {
	char *name;    /* of the run */
	char *started; /* ISO 8601 UTC; or NULL */
	char *show;    /* the command that shows all of it, or NULL */
	struct suite *v;
	size_t n;
};

struct suites_of {
	struct store *store;
	const struct run_info *run;
	const char *kernel, *experiment, *program; /* only these; NULL: all */
};

/* One suite for each experiment on each kernel, in the order in which they ended. An experiment
 * whose own status none of its records shares (a kernel that was not built, a crash between two
 * records) has a case of its own, as has a run that is not whole. 0 or -errno. */
int suites__of_run(const struct suites_of *of, struct suites **out);
void suites__free(struct suites *s);

/* Building them by hand. NULL on ENOMEM; pointers are valid until the next one is added. */
struct suites *suites__new(const char *name);
struct suite *suites__suite(struct suites *s, const char *kernel, const char *experiment);
struct suite_case *suite__add(struct suite *s, const char *name, enum case_end end);
int suite__property(struct suite *s, const char *name, const char *value); /* NULL: not added */
/* Number of cases that ended so. */
size_t suite__count(const struct suite *s, enum case_end end);
enum case_end case_end__of(enum status s);

#endif
