/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_KMSG_H
#define ASSAY_GUEST_KMSG_H

#include <stdbool.h>

#include "base/str.h"
#include "model/splat.h"

/* The kernel's messages from now on. */
int kmsg__open(void); /* a descriptor at the end of what was said so far, or -errno */
/* Adds what came since as lines "[   12.345678] text". *lost: the kernel's buffer has overrun,
 * which the text says, too. 0 or -errno. */
int kmsg__read(int fd, struct strbuf *out, bool *lost);
/* The messages since the descriptor's position that begin with a prefix: how many there are, and
 * what follows it in the last one (text is left alone when there is none). */
int kmsg__messages(int fd, const char *prefix, char *text, size_t len);
/* One record of /dev/kmsg as such lines. */
void kmsg__format(const char *record, size_t len, struct strbuf *out);

/* What splats in a text mean for an experiment that declares some. */
struct splat_judgement {
	enum splat undeclared; /* class of the first splat that was not declared, or SPLAT_NONE */
	char *line;	       /* its line, without the time */
	const char *missing;   /* a declared splat that did not appear, or NULL; borrowed */
	bool oom;	       /* the guest as a whole ran out of memory, and killed */
	char *error;	       /* a declaration that is no regular expression */
};

/* expected: extended regular expressions, NULL-terminated, or NULL. 0 or -ENOMEM. */
int splats__judge(const char *dmesg, const char *const *expected, struct splat_judgement *out);
void splat_judgement__release(struct splat_judgement *j);

#endif
