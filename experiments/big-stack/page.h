/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BIG_STACK_PAGE_H
#define BIG_STACK_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

#define BIG_STACK_PAGE 4096u
/* 512 loads and additions, and what comes around up to 16 reads. */
#define BIG_STACK_MAX_INSNS 1280u

enum place { IN_STACK, IN_ARRAY };

/* How a page that a thread writes, or reads, is brought into a program: by how many reads of how
 * many bytes, and to where. */
struct way {
	const char *name;
	enum place place;
	unsigned int bytes, reads; /* 0 reads: the program does all but that */
};

/* Where the program finds the page. */
enum page_hook {
	AT_SYS_ENTER, /* raw tracepoint: the buffer of pwrite64 */
	AT_COPYOUT,   /* kprobe on copyout(to, from, n): the page that goes to a reader */
};

/* Map descriptors, and the thread that is meant. */
struct page_env {
	enum page_hook hook;
	int results; /* array of one struct page_result */
	int texts;   /* per-CPU array of one page */
	uint64_t thread;
};

struct page_result {
	uint64_t sum; /* of the page's 8-byte words */
	uint64_t runs;
	uint64_t begun, ended, cpu; /* AT_COPYOUT: ns of the monotonic clock */
};

/* A program for env->hook into p, of BIG_STACK_MAX_INSNS. Adds the words up if sum
 * is set. Returns its length. */
size_t big_stack__program(struct bpf_insn *p, const struct way *w, const struct page_env *env,
			  bool sum);
/* One that stores 8 bytes at r10 - depth. */
size_t big_stack__store(struct bpf_insn *p, unsigned int depth);

#endif
