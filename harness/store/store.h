/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STORE_STORE_H
#define ASSAY_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "model/record.h"

/* results/assay.db (SQLite, WAL) and the folder of texts beside it. */
struct store;

enum run_state { RUN_RUNNING, RUN_COMPLETE, RUN_CUT_OFF };
const char *run_state__name(enum run_state s); /* "running", "complete", "cut off" */

/* Opens, creating folder and file when create. A damaged or foreign file, or one of a newer assay,
 * is -EBADMSG, logged, and never written to; an absent one without create is -ENOENT and not
 * logged. Without create a database that this user may only read is opened for that; everything
 * that writes then gives -EROFS. Runs that are marked running and whose process is gone are shown
 * as cut off. */
int store__open(const char *results_dir, bool create, struct store **out);
void store__close(struct store *s);
/* Reads the whole database for damage, without writing. 0, -ENOENT when there is none, or -errno
 * and a sentence in *why (caller frees; may be NULL when memory ran out). Nothing is logged. */
int store__check(const char *results_dir, char **why);

/* What is the same for all records of one guest. */
struct guest_info {
	char *kernel; /* entry name */
	char *release, *build_id, *image_key;
	char *accel;  /* "tcg" or "kvm" */
	char *timing; /* "wall" */
	char *cpu_model;
	unsigned int cpus, mem_mb;
};
void guest_info__release(struct guest_info *g);

struct run_info { /* strings owned; release with run_info__release */
	int64_t id;
	char *name;	       /* folder below results/: "20261120-183012-1a2b" */
	char *command;	       /* the command line */
	char *started, *ended; /* ISO 8601 UTC; ended NULL while running */
	enum run_state state;
	char *cut_off_reason;
	int exit_status; /* -1 until it ended */
	char *host;	 /* JSON: assay version, host kernel, CPU, qemu, clang, libbpf */
	int counts[6];	 /* records by enum status */
};
void run_info__release(struct run_info *r);

/* All: 0 or -errno, logged with SQLite's message (disk full included). Everything is committed
 * before the call returns. */
int store__begin_run(struct store *s, const char *command, const char *host_json,
		     struct run_info *out); /* makes the folder; caller releases out */
int store__end_run(struct store *s, int64_t run, enum run_state state, const char *reason,
		   int exit_status);
/* Opens a run again that was cut off: from here on this process runs it. Of its points only those
 * in `keep` stay; whatever else it has of experiments and records is deleted, all in one step, with
 * the texts of the points in `again` (named as the point, or "POINT.name"). The id of a point is an
 * experiment's parameter `point` and a record's label `point`. -EBUSY, logged,
 * when the run is complete or its process lives. Caller releases out. */
int store__resume_run(struct store *s, int64_t run, const struct strv *keep,
		      const struct strv *again, struct run_info *out);
int store__add_record(struct store *s, int64_t run, const struct guest_info *g,
		      const struct record *r, int64_t *id);
/* One per experiment and kernel: how it ended as a whole. */
int store__add_experiment(struct store *s, int64_t run, const struct guest_info *g,
			  const char *experiment, const char *params_json, enum status status,
			  const char *reason, double seconds);
/* A text is a file below the run's folder; path relative to it. Appends when more parts come. */
int store__add_text(struct store *s, int64_t run, const char *kernel, const char *experiment,
		    const char *name, const char *kind, const void *data, size_t len, bool first);
/* Records a text that somebody else writes (QEMU the console, llvm-objdump a disassembly): makes
 * its folder and gives its absolute path, caller frees. The file itself is not touched.
 * In both, name NULL or "" is the experiment's own, experiment NULL or "" the guest's. */
int store__text_path(struct store *s, int64_t run, const char *kernel, const char *experiment,
		     const char *name, const char *kind, char **path);

struct stored_record {
	int64_t id;
	struct guest_info guest;
	struct record *record;
};
struct stored_experiment {
	char *kernel, *experiment, *params, *reason;
	enum status status;
	double seconds; /* negative: unknown */
	struct guest_info guest;
};
struct stored_text {
	char *kernel, *experiment, *name, *kind, *path; /* absolute path */
};

/* Iteration: the callback borrows its argument; non-zero ends the walk and is returned. NULL
 * filters match everything. */
int store__runs(struct store *s, int (*fn)(void *ctx, const struct run_info *r), void *ctx);
/* By name, unique prefix of a name, id (up to 7 digits), or NULL/"latest". -ENOENT when there is
 * none (not logged), -ENOTUNIQ (logged) when several names begin with it. */
int store__find_run(struct store *s, const char *which, struct run_info *out);
int store__records(struct store *s, int64_t run, const char *kernel, const char *experiment,
		   int (*fn)(void *ctx, const struct stored_record *r), void *ctx);
int store__experiments(struct store *s, int64_t run, const char *kernel, const char *experiment,
		       int (*fn)(void *ctx, const struct stored_experiment *e), void *ctx);
int store__texts(struct store *s, int64_t run, const char *kernel, const char *experiment,
		 const char *name, const char *kind,
		 int (*fn)(void *ctx, const struct stored_text *t), void *ctx);
char *store__run_dir(const struct store *s, const char *run_name); /* caller frees */

#endif
