/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_GITHUB_H
#define ASSAY_CLI_GITHUB_H

#include <stdbool.h>
#include <stdio.h>

struct suites;

/* Annotations as workflow commands of GitHub Actions: `::error file=…,line=…,title=…::message` for
 * failures and errors, `::warning` for what is only noted, one `::notice` with the sums. The same
 * on several kernels is one annotation. GitHub shows ten of a type in a step, so the most important
 * come first and the tenth stands for all others. 0 or -errno. */
int github__print(const struct suites *s, FILE *out);
/* Writes a value as workflow commands want it: '%' and line ends as %25, %0A, %0D, in a property
 * also ':' and ',' as %3A and %2C; other control characters become blanks. */
void github__escape(FILE *out, const char *s, bool property);

#endif
