/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_TESTS_FOLDER_FIXTURE_H
#define ASSAY_TESTS_FOLDER_FIXTURE_H

/* A folder for each test, files in it, and what the tested code logs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "vm/kernels.h"

#define UNUSED __attribute__((unused))

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_ERROR };

static char dir[64];
static char *said;
static int keep_stderr = -1;

static char *at(const char *name)
{
	char *path = str_fmt("%s/%s", dir, name);

	assert_non_null(path);
	return path;
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/assay-test.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(said);
	said = NULL;
	return dir_remove(dir);
}

UNUSED static void put(const char *name, const char *text)
{
	char *path = at(name), *slash = strrchr(path, '/');

	*slash = '\0';
	assert_int_equal(dir_make(path), 0);
	*slash = '/';
	assert_int_equal(file_write(path, text, strlen(text)), 0);
	free(path);
}

UNUSED static void listen_begin(void)
{
	char *log = at("log");

	keep_stderr = dup(2);
	assert_non_null(freopen(log, "w", stderr));
	free(log);
}

UNUSED static void listen_end(void)
{
	char *log = at("log");

	fflush(stderr);
	dup2(keep_stderr, 2);
	close(keep_stderr);
	free(said);
	assert_int_equal(file_read(log, 0, &said, NULL), 0);
	free(log);
}

UNUSED static void says(const char *part)
{
	if (!strstr(said, part))
		fail_msg("'%s' is not in '%s'", part, said);
}

UNUSED static void holds(const char *name, const char *text)
{
	char *path = at(name), *s = NULL;
	int err = file_read(path, 0, &s, NULL);

	if (text ? err || strcmp(s, text) : err != -ENOENT)
		fail_msg("%s holds '%s'", name, s ? s : "(nothing)");
	free(s);
	free(path);
}

UNUSED static bool there(const char *name)
{
	char *path = at(name);
	bool is = file_exists(path);

	free(path);
	return is;
}

UNUSED static struct kernel_paths paths(void)
{
	return (struct kernel_paths){ at("kernels.ini"), at("config"), at("patches"), at("cache") };
}

UNUSED static void free_paths(struct kernel_paths *p)
{
	free((char *)p->ini);
	free((char *)p->configs);
	free((char *)p->patches);
	free((char *)p->cache);
}

#endif
