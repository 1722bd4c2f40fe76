/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_JUNIT_H
#define ASSAY_CLI_JUNIT_H

#include <stdio.h>

struct suites;

/* JUnit XML, valid against the schema of Jenkins' xunit plugin (junit-10.xsd): a testsuite for each
 * experiment on each kernel, a testcase for each record. A failure is a failure of the kernel or
 * the program, an error one of assay. The verifier's log of a case that is not as expected is in
 * its system-out; of a long one the beginning and the end, with a line that says so. 0 or -errno.
 */
int junit__print(const struct suites *s, FILE *out);

#endif
