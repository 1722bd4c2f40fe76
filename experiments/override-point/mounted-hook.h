/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook of a point, of whatever kind. */
#ifndef OVERRIDE_POINT_MOUNTED_HOOK_H
#define OVERRIDE_POINT_MOUNTED_HOOK_H

#include <stdbool.h>

struct bpf_link;
struct point;

struct mounted_hook {
	struct bpf_link *link;
	int refused;  /* -errno with which the kernel, or libbpf, refused to attach it; 0 */
	char *reason; /* in their words; the caller's to free */
};

/* A refusal is no failure: 0 or -errno. h is zeroed before and goes to mounted_hook__detach. */
int mounted_hook__attach(struct mounted_hook *h, const struct point *p);
void mounted_hook__detach(struct mounted_hook *h);
/* Does the kernel count its hits in kprobe_profile? */
bool mounted_hook__has_hits(const struct point *p);

#endif
