/* SPDX-License-Identifier: GPL-2.0-only */
/* A program of bpf/override.bpf.h on a kprobe, and what the kernel says about both. */
#ifndef ASSAY_GUEST_HOOK_H
#define ASSAY_GUEST_HOOK_H

#include <stdbool.h>

#include "bpf/override.h"

struct bpf_link;
struct bpf_program;

#define HOOK_OPTIMISATION "/proc/sys/debug/kprobes-optimization"
/* The kernel counts hits in this file; hook__attach's kprobe is in it under this name. */
#define HOOK_PROFILE "/sys/kernel/debug/tracing/kprobe_profile"
#define HOOK_EVENT   "override"

/* How copyout is hooked. */
struct hook {
	const char *name, *symbol, *variant; /* variant: as for exp__copyout_variant */
	bool ftrace;			     /* the kprobe hangs on an ftrace entry */
	bool optimise;			     /* kprobes may be optimised at some time */
	bool loses;			     /* expected to lose the override then */
};

enum { HOOK_INT3, HOOK_OPTIMISED, HOOK_FTRACE, NR_HOOKS };
extern const struct hook hooks[NR_HOOKS];
/* For trail__report. */
extern const char *const hook__events[NR_OVERRIDE_EVENTS];

/* Sets all counters to 0, and what the hooked function is made to return. */
void hook__reset(struct override_state *s, long result);
/* From here to hook__disarm, what this thread reads is overridden: also what it reads from /proc.
 */
void hook__arm(struct override_state *s);
void hook__disarm(struct override_state *s);

/* Hangs the program on a kprobe at the function's entry. *link, NULL after a failure, goes to
 * hook__detach. 0 or -errno. */
int hook__attach(const struct bpf_program *prog, const char *symbol, struct bpf_link **link);
void hook__detach(struct bpf_link **link);

/* Hits of the kprobe that did not reach the program; -1 when the kernel does not say. */
double hook__missed(void);
/* flags as from exp__kprobe_flags, or NULL. */
bool hook__optimised(const char *flags);

#endif
