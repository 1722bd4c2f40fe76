/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests that run the assay program as a user would, and look at what it left. Everything here
 * fails the present test when it can't do its part. */
#ifndef ASSAY_TESTS_VM_ASSAY_H
#define ASSAY_TESTS_VM_ASSAY_H

#include <stdio.h>
#include <sys/types.h>

#include "model/record.h"
#include "store/store.h"
#include "vm/image.h"

/* --- running it ---------------------------------------------------------------------------- */

/* What a run of the program left. */
struct outcome {
	int status; /* exit status, or 128 + signal */
	char *out, *err;
	size_t out_len, err_len;
};
void outcome__release(struct outcome *o);

struct call {
	const char *program;	/* NULL: assay itself */
	const char *results;	/* folder; NULL: the program's own choice */
	bool selftest;		/* with the guest program that has tests/experiments */
	const char *input;	/* piped into it, at most 60,000 bytes; NULL: /dev/null */
	const char *const *env; /* NAME=VALUE, NULL-terminated, or NULL */
	unsigned int limit_s;	/* killed after that; 0: 300 */
};
struct running {
	pid_t pid; /* leads a process group of its own */
	unsigned int limit_s;
	FILE *out, *err;
};
/* The program is ASSAY_BIN or build/assay. It dies with the test. */
void assay_start(struct running *r, const struct call *c, const char *const *args);
/* Waits until it has said that on stderr. */
void assay_await(const struct running *r, const char *text);
void assay_wait(struct running *r, struct outcome *o);
void assay_call(struct outcome *o, const struct call *c, const char *const *args);

/* The usual call. */
void assay_run(struct outcome *o, bool selftest, const char *results, const char *const *args);
#define ARGS(...)			 ((const char *const[]){ __VA_ARGS__, NULL })
#define ASSAY(o, selftest, results, ...) assay_run(o, selftest, results, ARGS(__VA_ARGS__))

/* With all that the program said in the failure's message. */
void assert_status(const struct outcome *o, int status);
void assert_has(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);
bool matches(const char *text, const char *regex); /* extended */
void assert_matches(const char *text, const char *regex);

/* A fresh folder below TMPDIR, and its removal (not with ASSAY_TEST_KEEP=1). */
char *temp_dir(void);
void temp_dir_remove(char *dir);

/* Builds or finds the kernel, with the progress of it as "progress: " lines. */
void need_kernel(const char *kernel);
/* What need_kernel found, with the inputs of the working directory; release with image__free. */
struct image *find_image(const char *kernel);

/* --- what it left, of the latest run in `results` -------------------------------------------- */

/* The whole run; release with run_info__release. */
void find_run(const char *results, struct run_info *run);
enum run_state run_state(const char *results);

/* How an experiment ended; the reason is the caller's ("" for none) and may be NULL. */
enum status experiment_status(const char *results, const char *kernel, const char *experiment,
			      char **reason);
/* How many experiments the run has. */
int count_experiments(const char *results);

/* Copies of an experiment's records; kernel NULL: of all kernels. */
struct records {
	struct record **v;
	size_t n;
};
void records__load(struct records *rs, const char *results, const char *kernel,
		   const char *experiment);
void records__release(struct records *rs);
/* The first with this name that has the label; label NULL: any. NULL when there is none. */
const struct record *records__find(const struct records *rs, const char *name, const char *label,
				   const char *value);
/* The same, which must be there. */
const struct record *records__get(const struct records *rs, const char *name);
/* A metric's value, which must be there. */
double metric(const struct record *r, const char *name);

/* A kept text, or NULL; caller frees. name NULL: the first of any; experiment "": the guest's. */
char *find_text(const char *results, const char *kernel, const char *experiment, const char *name,
		const char *kind);
int count_texts(const char *results, const char *experiment, const char *kind);

/* --- processes ------------------------------------------------------------------------------- */

/* QEMU processes whose command line holds `mark` (the results folder is in it: the console's
 * file). *pid, when not NULL, is one of them. */
int count_qemus(const char *mark, pid_t *pid);
/* Looks every 100 ms, for so long. */
bool wait_until(bool (*is_so)(void *ctx), void *ctx, unsigned int seconds);
/* Waits until there is none any more. */
void assert_no_qemu(const char *mark, unsigned int seconds);

#endif
