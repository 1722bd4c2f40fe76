/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of store, report and CSV share: a folder of results that is gone afterwards, what
 * was written to stderr, and made-up records. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "store/store.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

struct fixture {
	char dir[64];	  /* temporary folder */
	char results[80]; /* results/ in it, not made yet */
	char db[96];	  /* where assay.db will be */
	int saved_stderr;
};

/* From here on stderr goes to a file in the fixture's folder. */
static inline void capture_stderr(struct fixture *f)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/stderr", f->dir);
	fflush(stderr);
	if (f->saved_stderr < 0)
		f->saved_stderr = dup(STDERR_FILENO);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0644);
	assert_true(fd >= 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static inline void restore_stderr(struct fixture *f)
{
	if (f->saved_stderr < 0)
		return;
	dup2(f->saved_stderr, STDERR_FILENO);
	close(f->saved_stderr);
	f->saved_stderr = -1;
}

/* What was written since; caller frees. Captures on. */
static inline char *take_stderr(struct fixture *f)
{
	char path[96], *text = NULL;

	snprintf(path, sizeof(path), "%s/stderr", f->dir);
	assert_int_equal(file_read(path, 0, &text, NULL), 0);
	assert_int_equal(truncate(path, 0), 0);
	return text;
}

static inline void assert_said(struct fixture *f, const char *part)
{
	char *text = take_stderr(f);

	if (!strstr(text, part)) {
		restore_stderr(f);
		fail_msg("stderr does not say \"%s\" but: %s", part, text);
	}
	free(text);
}

static inline void assert_silent(struct fixture *f)
{
	char *text = take_stderr(f);

	if (*text) {
		restore_stderr(f);
		fail_msg("unexpected on stderr: %s", text);
	}
	free(text);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/assay-test-store.XXXXXX");
	if (!f || !mkdtemp(f->dir))
		return -1;
	snprintf(f->results, sizeof(f->results), "%s/results", f->dir);
	snprintf(f->db, sizeof(f->db), "%s/assay.db", f->results);
	f->saved_stderr = -1;
	capture_stderr(f);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	restore_stderr(f);
	dir_remove(f->dir);
	free(f);
	return 0;
}

static inline struct store *open_store(struct fixture *f)
{
	struct store *s = NULL;

	assert_int_equal(store__open(f->results, true, &s), 0);
	assert_non_null(s);
	return s;
}

static inline struct guest_info example_guest(void)
{
	return (struct guest_info){
		.kernel = (char *)"5.10.218",
		.release = (char *)"5.10.218-assay",
		.build_id = (char *)"0123abcd",
		.image_key = (char *)"k1",
		.accel = (char *)"tcg",
		.timing = (char *)"wall",
		.cpu_model = (char *)"max",
		.cpus = 2,
		.mem_mb = 512,
	};
}

static inline void sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static inline int count_files(const char *dir)
{
	struct dirent *de;
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	/* Reading a database in WAL mode makes files beside it, which only a writer removes. */
	while ((de = readdir(d)))
		n += de->d_name[0] != '.' && strcmp(de->d_name, "assay.db-shm") != 0 &&
		     strcmp(de->d_name, "assay.db-wal") != 0;
	closedir(d);
	return n;
}

/* A run with some records of some size. */
static inline void fill(struct store *s, struct run_info *run, int records)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_PROGRAM, "e", "p");
	int i;

	r->status = STATUS_OK;
	r->message = calloc(1, 2001);
	memset(r->message, 'm', 2000);
	assert_int_equal(store__begin_run(s, "x", "{}", run), 0);
	for (i = 0; i < records; i++)
		assert_int_equal(store__add_record(s, run->id, &g, r, NULL), 0);
	record__free(r);
}

static inline int ignore_run(void *ctx, const struct run_info *r)
{
	(void)r;
	++*(int *)ctx;
	return 0;
}

#endif
