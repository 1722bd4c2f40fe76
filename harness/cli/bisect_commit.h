/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BISECT_COMMIT_H
#define ASSAY_CLI_BISECT_COMMIT_H

struct answers;
struct bisect_args;
struct cli;
struct kernel;
struct trial;

/* What `git bisect run` makes of a step's exit status; those above 127 end the bisection. */
enum {
	STEP_GOOD = 0,
	STEP_BAD = 1,
	STEP_UNKNOWN = 125,
	STEP_FAILED = 128, /* assay itself: disk full, results that can't be kept */
	STEP_USAGE = 129,
	STEP_INTERRUPTED = 130,
};

/* A checked-out source as a kernel of an entry's configuration and series. */
struct commit {
	const struct kernel *entry;
	const char *source; /* the folder, absolute */
	const char *id;	    /* the commit that it holds unchanged, or NULL */
	const char *kept;   /* folder of what commits said, <id>.json, or NULL */
};
/* What it says: as it was kept, else built and run now (and kept). 0 or -errno that ends it all. */
int commit__ask(struct trial *t, const struct bisect_args *a, const struct commit *c,
		struct answers **out);
/* The file of what a commit said; caller frees. */
char *commit__kept(const char *dir, const char *id);

#endif
