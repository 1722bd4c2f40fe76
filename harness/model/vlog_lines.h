/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_VLOG_LINES_H
#define ASSAY_MODEL_VLOG_LINES_H

#include <stddef.h>
#include <stdint.h>

/* What verifying cost, by instruction and by source line, from the verifier's full log (level 2).
 *
 * The verifier counts an instruction as processed each time that it comes by (do_check in
 * kernel/bpf/verifier.c, the same from 5.10 to 7.3). Every time the log gets one of these lines:
 * the instruction ("12: (85) call …"), or that the state was seen before and the path ends there
 * ("12: safe", "from 9 to 12: safe"). Two ends of a walk are counted without a line of their own:
 * "infinite loop detected at insn 12", and "BPF program is too large", which names none. The sum
 * is "processed N insns" at the end of the log, when the log has all of it. */

#define VLOG_LINES_INSNS_MAX 1000000 /* the verifier's own limit on a program's length */

/* What the log says of an instruction. Texts are stretches of the log, not terminated. */
struct vlog_insn {
	int64_t visits; /* times processed, pruned ones among them; 0: never */
	int64_t pruned; /* times that the path ended there, as the state was known to be safe */
	int64_t first;	/* which of the different instructions was visited first: from 0 */
	const char *text, *source; /* "(85) call foo#7"; "s += i; @ e.bpf.c:26"; or NULL */
	size_t text_len, source_len;
};

struct vlog_func {
	int64_t start; /* its first instruction */
	int64_t visits;
	int64_t insns_self; /* the kernel's own count (7.3), or VLOG_UNKNOWN */
	const char *name;   /* where the log names it (7.3; global functions), or NULL */
	size_t name_len;
};

enum vlog_coverage {
	VLOG_COVERS_NOTHING,  /* no instruction: a log without a walk */
	VLOG_COVERS_WHOLE,    /* as many as the verifier says that it processed */
	VLOG_COVERS_PART,     /* fewer */
	VLOG_COVERS_UNKNOWN,  /* the verifier's count is not known */
	VLOG_COVERS_TOO_MUCH, /* more, or a function's count differs: the log was misread */
};

struct vlog_lines {
	struct vlog_insn *insns; /* by number */
	size_t nr_insns;	 /* one more than the largest number */
	size_t nr_visited;	 /* different instructions that were visited */
	struct vlog_func *funcs; /* by number; none when the log does not tell */
	size_t nr_funcs;
	int64_t visits;	   /* sum over insns */
	int64_t unplaced;  /* counted by the verifier at an instruction that it does not name */
	int64_t processed; /* "processed N insns", or VLOG_UNKNOWN */
	enum vlog_coverage coverage;
};

/* Reads a log of any kernel and level; odd text is passed over. `processed` is taken for the
 * verifier's count where the log does not have it (VLOG_UNKNOWN: nowhere known). The log must
 * outlive *out. Returns 0 or -ENOMEM; release with vlog_lines__release. */
int vlog_lines__read(const char *log, int64_t processed, struct vlog_lines *out);
void vlog_lines__release(struct vlog_lines *l);
const char *vlog_coverage__name(enum vlog_coverage c); /* "whole", "part" … */
/* Index in funcs of the one that an instruction belongs to, or -1. */
int vlog_lines__func_of(const struct vlog_lines *l, int64_t insn);

/* --- by source line -------------------------------------------------------------------------- */

/* Where an instruction comes from, as far as somebody else knows. */
struct vlog_place {
	const char *file, *text; /* borrowed; NULL: not known */
	long line;
};

/* A source line, or an instruction of which no source is known. */
struct vlog_line {
	char *file;	    /* NULL: not known */
	long line;	    /* 0: not known */
	char *text;	    /* source; the instruction's own text where no source is known */
	int is_source;	    /* what text is */
	int func;	    /* index, or -1; a line inlined into two functions is two lines */
	int64_t first_insn; /* its lowest instruction that was visited */
	int64_t first;	    /* rank of its first visit */
	int64_t visits, pruned;
	size_t nr_insns; /* different instructions of it that were visited */
};

enum vlog_line_order { VLOG_BY_VISITS, VLOG_BY_INSNS, VLOG_BY_FIRST };

/* The lines that were visited: those that cost most first, or in the order of their first visit.
 * places (NULL, or one for each of nr instructions) complete what the log says: the log's own file
 * and line come first, and get the folder of the only file of that name; where it has only the text
 * (before 6.8) a place counts if its text is the same, where it has nothing it is taken. Without any place lines of equal text in one function are one. Returns 0 or -ENOMEM;
 * *out (caller releases with vlog_line__free) has *n. */
int vlog_lines__by_source(const struct vlog_lines *l, const struct vlog_place *places, size_t nr,
			  enum vlog_line_order order, struct vlog_line **out, size_t *n);
void vlog_line__free(struct vlog_line *lines, size_t n);

#endif
