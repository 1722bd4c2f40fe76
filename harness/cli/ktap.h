/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_KTAP_H
#define ASSAY_CLI_KTAP_H

#include <stdio.h>

struct suites;

/* KTAP version 1 (Documentation/dev-tools/ktap.rst of the kernel): a test for each experiment on
 * each kernel with a subtest for each record. What is said of a case stands in diagnostic lines
 * before its result. 0 or -errno. */
int ktap__print(const struct suites *s, FILE *out);

#endif
