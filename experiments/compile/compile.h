/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPERIMENT_COMPILE_H
#define EXPERIMENT_COMPILE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/kver.h"

struct exp;

/* What became of a source. */
enum compile_outcome {
	COMPILES,
	ERROR,	 /* the compiler refuses it and says so: status 1 */
	CRASHES, /* the compiler gives up on itself: any other status, or a signal */
};

/* A source. */
struct compile_case {
	const char *name; /* of the record, and of the file in cases/ unless that is given */
	const char *file;
	bool every_cpu; /* the answer depends on the instruction set: all of them by default */
	bool no_arch;	/* without the folder of the machine's own headers */
};

extern const struct compile_case compile_cases[];
extern const size_t nr_compile_cases;

/* What some compilers make of a source for some instruction sets. Of every trial exactly one is
 * true. */
struct compile_expect {
	const char *name;
	unsigned int from, below; /* major versions of clang; 0: open on that side */
	const char *cpus;	  /* "v1 v2 v3"; NULL: all */
	enum compile_outcome outcome;
	const char *message; /* extended regex of the first error; NULL: there is none */
	/* Of the object, when there is one: names as for compile__insn_count. */
	const char *has, *lacks;
	const char *opens; /* extended regex of what libbpf says on opening it; "": it opens */
};

extern const struct compile_expect compile_expects[];
extern const size_t nr_compile_expects;

/* The clangs of this host, oldest first, each once. */
struct compiler {
	char *path;
	char version[24];
	struct kver kver;
};

struct compilers {
	struct compiler *v;
	size_t n;
};

/* Looks for clang and clang-N in PATH, and in /usr/lib/llvm-N. 0 or -errno. */
int compilers__find(struct compilers *cs);
void compilers__release(struct compilers *cs);

/* How many instructions of that kind ("sdiv", "udiv", "smod", "arsh", "jeq", "call") an object's
 * code has; -EINVAL for an object that can't be read or a name that is none. */
int compile__insn_count(const char *object, const char *kind);

/* X22: a skeleton for every object of the build, and a loader that includes it. */
int compile__skeletons(struct exp *e);

#endif
