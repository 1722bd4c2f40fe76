/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook of a point, of whatever kind, and the program that stands beside it. */
#ifndef OVERRIDE_POINT_MOUNTED_HOOK_H
#define OVERRIDE_POINT_MOUNTED_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "fail-function.h"

struct bpf_link;
struct bpf_object;
struct point;

struct mounted_hook {
	int refused;  /* -errno with which the kernel, or libbpf, refused to attach it; 0 */
	char *reason; /* in their words; the caller's to free */
	/* When the overriding program's own attach began, and returned. */
	uint64_t asked_ns, attached_ns;

	struct bpf_link *event;	    /* a kprobe through an event: goes to hook__detach */
	struct bpf_link *links[3];  /* others */
	struct bpf_object *objs[2]; /* loaded for one attach */
	struct fail_function injection;
};

/* Attaches the hook, its companion and what calls the function. A refusal of the hook is no
 * failure: 0, -errno, or exp__skip's value where the companion is refused. h is zeroed before and
 * goes to mounted_hook__detach. */
int mounted_hook__attach(struct mounted_hook *h, const struct point *p);
/* Attaches only what calls the function. */
int mounted_hook__surround(struct mounted_hook *h, const struct point *p);
void mounted_hook__detach(struct mounted_hook *h);

/* Of a kind of hook: does the kernel count its hits in kprobe_profile? Does a program run? */
bool mounted_hook__has_hits(const struct point *p);
bool mounted_hook__has_program(const struct point *p);
/* The names of the programs that the experiment's parameters call for: is this one of them? */
struct exp;
bool mounted_hook__wants(const struct exp *e, const char *program);

#endif
