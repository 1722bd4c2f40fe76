/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_KVER_H
#define ASSAY_MODEL_KVER_H

#include <stdbool.h>
#include <stddef.h>

/* A kernel version; 6.12 and 6.12.0 are the same. */
struct kver {
	unsigned int major, minor, patch;
};

/* Reads "5.10.218" from the start of a version or release ("5.10.218-stock", "6.12-rc3").
 * Returns 0 or -EINVAL. */
int kver__parse(const char *s, struct kver *out);
int kver__cmp(struct kver a, struct kver b);	      /* <0, 0, >0 */
/* The version that a kernel really is, by its release and its version text (uname -r and -v, or the
 * banner). Distributions freeze the release: Debian's 6.1.0-54-amd64 says "#1 SMP ... Debian
 * 6.1.190-1 (2026-10-16)", Ubuntu's 6.8.0-45-generic has a signature "Ubuntu 6.8.0-45.45-generic
 * 6.8.12". A version of another branch than the release's is not believed. text may be NULL. 0 or
 * -EINVAL. libbpf looks at the same places (src/libbpf_probes.c). */
int kver__real(const char *release, const char *text, struct kver *out);
bool kver__same_branch(struct kver a, struct kver b); /* major and minor equal */
const char *kver__str(struct kver v, char buf[24]);

/* A set of kernels, by version and by what the kernel provides. Grammar:
 *
 *   range   = "*" | alternative { "|" alternative }
 *   alternative = term { "," term }           all of them hold
 *   term    = ("<" | "<=" | ">" | ">=" | "=" | "!=") version
 *           | version ".*"                    the whole branch: 5.10.*
 *           | ("+" | "-") feature             the kernel provides the feature, or does not
 *
 * Features are the "provides" names of the patch series. "= 5.10" is 5.10.0 exactly.
 * Example, a change that the stable branch took over: "<5.10.219|>=5.11,<6.3". */
struct krange;
/* Parses s; on a mistake returns -EINVAL and puts a sentence that quotes the place into err. */
int krange__parse(const char *s, struct krange **out, char *err, size_t err_len);
bool krange__match(const struct krange *r, struct kver v, const char *const *features,
		   size_t nr_features);
void krange__free(struct krange *r);

#endif
