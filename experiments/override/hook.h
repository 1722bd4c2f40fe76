/* SPDX-License-Identifier: GPL-2.0-only */
/* The program on its kprobe, and what the kernel says about both. */
#ifndef OVERRIDE_HOOK_H
#define OVERRIDE_HOOK_H

#include <stdbool.h>

#include "override.skel.h"

#define OPTIMISATION "/proc/sys/debug/kprobes-optimization"

typedef struct override_bpf__bss globals;

struct context {
	struct exp *e;
	struct bpf_program *override;
	globals *g;
};

/* Sets all counters to 0, and what the hooked function is made to return. */
void hook__reset(globals *g, long result);
/* From here to hook__disarm, what this thread reads is overridden: also what it reads from /proc.
 */
void hook__arm(globals *g);
void hook__disarm(globals *g);

/* Hangs the program on a kprobe at the function's entry. *link, NULL after a failure, goes to
 * hook__detach. 0 or -errno. */
int hook__attach(const struct context *c, const char *symbol, struct bpf_link **link);
void hook__detach(struct bpf_link **link);

/* Hits of the kprobe that did not reach the program; -1 when the kernel does not say. */
double hook__missed(void);
/* flags as from exp__kprobe_flags, or NULL. */
bool hook__optimised(const char *flags);

#endif
