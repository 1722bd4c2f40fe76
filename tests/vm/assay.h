/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests that run the assay program as a user would. */
#ifndef ASSAY_TESTS_VM_ASSAY_H
#define ASSAY_TESTS_VM_ASSAY_H

#include <sys/types.h>

#include "model/verdict.h"
#include "store/store.h"

/* What a run of the program left. */
struct outcome {
	int status; /* exit status, or 128 + signal */
	char *out, *err;
};
void outcome__release(struct outcome *o);

/* Runs build/assay (or ASSAY_BIN) with the arguments, and the self-tests' guest program when
 * selftest; results go to `results`. Fails the present test when it can't be started. */
void assay_run(struct outcome *o, bool selftest, const char *results, const char *const *args);
#define ASSAY(o, selftest, results, ...) \
	assay_run(o, selftest, results, (const char *const[]){ __VA_ARGS__, NULL })
/* The same without waiting: *pid's group is its own. */
pid_t assay_start(bool selftest, const char *results, const char *const *args);

/* A fresh folder below TMPDIR, and its removal. */
char *temp_dir(void);
void temp_dir_remove(char *dir);

/* The one experiment of the latest run in `results`; caller frees the reason. */
enum status experiment_status(const char *results, const char *experiment, char **reason);
/* A program's or measurement's record of the latest run. Fails the test when it is missing; caller
 * frees. */
struct record *find_record(const char *results, const char *experiment, const char *name);
/* The kept text of the latest run, or NULL; caller frees. */
char *find_text(const char *results, const char *experiment, const char *name, const char *kind);
enum run_state run_state(const char *results);

/* How many QEMU processes run whose command line holds `mark`. */
int count_processes(const char *mark);

/* Builds or finds the kernel, with its progress on stderr. */
void need_kernel(const char *kernel);

#endif
