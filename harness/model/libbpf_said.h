/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_LIBBPF_SAID_H
#define ASSAY_MODEL_LIBBPF_SAID_H

#include <stdbool.h>

#include "model/failure.h"

/* Why libbpf did not come to load a program, from its messages: their wording is that of libbpf 1.x
 * (bpf_object__load and what it calls). They are the only place where it says which map, extern or
 * target it was; its errno is the same for all (ESRCH, EINVAL). */
struct libbpf_cause {
	enum failure failure; /* FAILURE_NONE: none of these messages is there */
	char *name;	      /* of the map, extern, target; NULL: the message names none */
	char *line;	      /* the message, without libbpf's prefix */
};

/* warnings: what libbpf printed at level warn. 0 or -ENOMEM. The first that is known counts: those
 * after it only say what came of it. */
int libbpf_said__cause(const char *warnings, struct libbpf_cause *out);
void libbpf_cause__release(struct libbpf_cause *c);

/* An instruction that libbpf made invalid because what it stands for is not there. The verifier
 * says "invalid func unknown#NUMBER" when it comes by one. */
struct poison {
	enum failure failure; /* FAILURE_BTF: a CO-RE relocation; FAILURE_MAP: a map that was left
				 out; FAILURE_KFUNC: a call of a weak function;
				 FAILURE_NONE: none */
	unsigned int map;     /* index of the map in its object */
	long insn;	      /* index in the loaded program; -1: unknown */
};

/* Looks for it in the verifier's log, NUL-terminated. */
struct poison libbpf_said__poison(const char *log);

/* What a CO-RE relocation was about, such as "struct task_struct.no_such_field": of `program`'s
 * instruction insn, or else of the first that libbpf could not do. all: everything that it printed,
 * of all levels. Caller frees; NULL when it does not say (or memory ran out). */
char *libbpf_said__relocation(const char *all, const char *program, long insn);

#endif
