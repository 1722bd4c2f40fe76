/* SPDX-License-Identifier: GPL-2.0-only */
/* Tail calls on the path of a read, and what tail-call's loader has for them. */
#ifndef TAIL_CALL_READ_H
#define TAIL_CALL_READ_H

#include "bpf/trail.h"
#include "tail-call.skel.h"

#define MAX_LINKS 2

typedef struct tail_call_bpf__bss globals;

struct bpf_link;
struct exp;

/* Puts a program into the only slot of a prog array; NULL empties it. 0 or -errno. */
int tail_call__fill(struct bpf_object *obj, const char *map, const char *prog);
/* Attaches programs to a function in the order of their names. The links go to bpf_link__destroy,
 * also after a failure. 0 or -errno. */
int tail_call__attach(struct bpf_object *obj, const char *const *names, const char *function,
		      struct bpf_link **links);

/* Emits a measurement for each way to join programs at copyout. 0 or -errno. */
int tail_call__read(struct exp *e, struct bpf_object *obj, globals *g);

#endif
