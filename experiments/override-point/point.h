/* SPDX-License-Identifier: GPL-2.0-only */
/* One design point of the override study: what is asked for. */
#ifndef OVERRIDE_POINT_H
#define OVERRIDE_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/experiment.h"
#include "guest/source.h"
#include "point-state.h"

struct bpf_object;
struct cache_state;
struct record;

enum point_hook {
	POINT_OPTIMISED,
	POINT_INT3,
	POINT_FTRACE,
	POINT_MULTI,
	POINT_FMOD_RET,
	POINT_FAIL_FUNCTION,
	POINT_NONE,
};

enum point_companion {
	COMPANION_NONE,
	COMPANION_KPROBE,
	COMPANION_KPROBE_FIRST,
	COMPANION_KRETPROBE,
	COMPANION_KRETPROBE_FIRST,
	COMPANION_FENTRY,
	COMPANION_FEXIT,
};

/* What calls the function that allocates. */
enum point_nesting { NESTING_NONE, NESTING_PROGRAM, NESTING_KPROBE, NESTING_SYSCALL };

/* How it is known whether the function's body ran. */
enum point_body { BODY_UNKNOWN, BODY_COPYOUT, BODY_DRIVER };

/* The function that is overridden. */
struct point_target {
	const char *symbol;
	const char *variant; /* as for exp__copyout_variant, or NULL */
	enum point_body body;
	bool copyout;	   /* what is read is the source's business */
	bool counts_bytes; /* it returns how many bytes were read */
	bool by_read;	   /* it belongs to read(2): pread(2) does not pass it */
	bool alloc;	   /* it allows or forbids an allocation; nothing is read */
};

struct point {
	struct exp *e;
	struct bpf_object *obj;
	enum point_hook hook;
	enum point_companion companion;
	enum point_nesting nesting;
	struct point_target target;
	bool by_breakpoint; /* fail_function: the function has no ftrace entry, it takes an int3 */
	struct source source;
	const struct cache_state *cache; /* NULL: left alone */
	const char *barrier, *hint;	 /* words for debugfs */
	size_t size;
	uint64_t reads, after, limit_ns, rounds;
	unsigned int readers;
	long result;

	struct point_state *state; /* the programs' */
	long wanted;		   /* what a read returns without a hook */
	int64_t calls;		   /* of the target for a read without a hook */
	bool calls_counted;	   /* else it is taken for 1 */
	struct record *record;	   /* of what was found; NULL until it is */
};

extern const struct param point_params[];

/* Takes the parameters in. exp__skip's value for what makes no sense, for what the kernel can't do
 * and for a guest that is not as asked; p->e is set before. */
int point__read_params(struct point *p);
/* The hook that is asked for, and what else is to be loaded for it: asked before the programs are
 * loaded, when nothing is known of the rest. */
enum point_hook point__hook(const struct exp *e);
enum point_companion point__companion(const struct exp *e);
enum point_nesting point__nesting(const struct exp *e);

#endif
