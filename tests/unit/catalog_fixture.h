/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest program that lists made-up experiments. */
#ifndef TESTS_UNIT_CATALOG_FIXTURE_H
#define TESTS_UNIT_CATALOG_FIXTURE_H

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/catalog.h"

/* json: as `assay-guest list --json` prints it. The folder is the caller's. */
static inline struct catalog *load_catalog(const char *folder, const char *json)
{
	char *path = str_fmt("%s/guest", folder);
	char *script = str_fmt("#!/bin/sh\ncat <<'END'\n%s\nEND\n", json);
	struct catalog *c = NULL;

	assert_int_equal(file_write(path, script, strlen(script)), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(catalog__load(path, &c), 0);
	free(script);
	free(path);
	return c;
}

#endif
