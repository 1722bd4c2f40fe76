/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_PROBE_TARGET_H
#define ASSAY_MODEL_PROBE_TARGET_H

#include <stddef.h>

enum probe_kind {
	PROBE_KERNEL, /* NAME: a function of the kernel */
	PROBE_SYMBOL, /* FILE:NAME: a function of a program */
	PROBE_USDT,   /* FILE:PROVIDER:NAME */
	PROBE_LIST,   /* FILE: or a FILE with '/': the USDT probes of a program */
};

/* What a probe may hang on, as `assay probe` takes it. A FILE has a '/' or is the name of a program
 * that assay builds. */
struct probe_target {
	enum probe_kind kind;
	char *file, *provider, *name; /* NULL where the kind has none */
};

/* 0, -ENOMEM, or -EINVAL and a sentence in why. Release in any case. */
int probe_target__parse(const char *s, struct probe_target *t, char *why, size_t why_len);
void probe_target__release(struct probe_target *t);

#endif
