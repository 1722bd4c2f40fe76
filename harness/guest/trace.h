/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_TRACE_H
#define ASSAY_GUEST_TRACE_H

#include <stdint.h>

#include "base/str.h"

/* What BPF programs print (bpf_trace_printk) goes to the kernel's trace buffer. A marker written
 * into it before an experiment tells later what came since, without clearing a buffer that on a
 * real machine may be somebody else's. */

/* Writes the marker, turning tracing on; `id` distinguishes it from earlier ones. 0 or -errno. */
int trace__mark(uint64_t id);
/* Adds the entries since the marker; all there are when it was overwritten. 0 or -errno. */
int trace__since(uint64_t id, struct strbuf *out);
/* The same for a text as the kernel gives it. */
void trace__cut(const char *trace, uint64_t id, struct strbuf *out);

#endif
