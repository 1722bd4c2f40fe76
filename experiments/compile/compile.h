/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPERIMENT_COMPILE_H
#define EXPERIMENT_COMPILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "model/kver.h"

struct exp;

/* What became of a source. */
enum compile_outcome {
	COMPILES,
	ERROR,	 /* the compiler refuses it and says so: status 1 */
	CRASHES, /* the compiler gives up on itself: any other status, or a signal */
	REFUSED, /* it compiles, and libbpf does not open the object */
};

/* A source. */
struct compile_case {
	const char *name; /* of the record, and of the file in cases/ unless that is given */
	const char *file;
	bool every_cpu; /* the answer depends on the instruction set: all of them by default */
	bool no_arch;	/* without the folder of the machine's own headers */
	bool open;	/* the object is shown to libbpf as well */
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
	const char *message; /* extended regex of the first error, or of libbpf's; NULL: none */
	/* Of the object, when there is one: names as for compile__insn_count. */
	const char *has, *lacks;
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

/* Where it is done. */
struct bench {
	char *cases;	    /* folder of the sources */
	char *object;	    /* what all are compiled to */
	char *arch;	    /* -I/usr/include/x86_64-linux-gnu */
	char *bpftool;	    /* or NULL */
	struct strbuf said; /* by all compilers about one source: evidence */
};

struct trial {
	const struct compiler *clang;
	const char *cpu;
	enum compile_outcome outcome;
	char *message; /* the first error, without its place; NULL when it compiles; owned */
	const struct compile_expect *expect; /* or NULL */
	int has, lacks; /* how many instructions of the kinds in expect; -1 without an object */
};

/* 0, or -errno when it could not be tried. */
int trial__run(struct bench *b, const struct compile_case *k, const struct compiler *cc,
	       const char *cpu, struct trial *t);

/* How many instructions of that kind ("sdiv", "udiv", "smod", "arsh", "jeq", "call") an object's
 * code has; -EINVAL for an object that can't be read or a name that is none. */
int compile__insn_count(const char *object, const char *kind);

/* X22: a skeleton for every object of the build, and a loader that includes it. */
int compile__skeletons(struct exp *e);

#endif
