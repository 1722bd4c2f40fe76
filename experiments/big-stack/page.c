// SPDX-License-Identifier: GPL-2.0-only
#include "page.h"

#include <linux/bpf.h>
#include <sys/syscall.h>

/* struct pt_regs of x86-64: the second and the third argument. */
#define REGS_SI 104
#define REGS_DX 96

#define MAX_JUMPS 64

struct writer {
	struct bpf_insn *p;
	size_t n;
	size_t to_end[MAX_JUMPS]; /* jumps to the program's end */
	size_t nr_jumps;
};

static void put(struct writer *w, int code, int dst, int src, int off, int imm)
{
	w->p[w->n++] = (struct bpf_insn){ .code = (__u8)code,
					  .dst_reg = (__u8)(dst & 15),
					  .src_reg = (__u8)(src & 15),
					  .off = (__s16)off,
					  .imm = imm };
}

static void move(struct writer *w, int dst, int src)
{
	put(w, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void set(struct writer *w, int dst, int value)
{
	put(w, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
}

static void add(struct writer *w, int dst, int value)
{
	put(w, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value);
}

static void set_wide(struct writer *w, int dst, int kind, uint64_t value)
{
	put(w, BPF_LD | BPF_IMM | BPF_DW, dst, kind, 0, (int)(uint32_t)value);
	put(w, 0, 0, 0, 0, (int)(uint32_t)(value >> 32));
}

static void load(struct writer *w, int dst, int src, int off)
{
	put(w, BPF_LDX | BPF_MEM | BPF_DW, dst, src, off, 0);
}

static void store(struct writer *w, int dst, int off, int src)
{
	put(w, BPF_STX | BPF_MEM | BPF_DW, dst, src, off, 0);
}

static void call(struct writer *w, int func)
{
	put(w, BPF_JMP | BPF_CALL, 0, 0, 0, func);
}

/* A jump to the end; where that is, finish() knows. */
static void leave_if(struct writer *w, int op, int dst, int src, int imm)
{
	w->to_end[w->nr_jumps++] = w->n;
	put(w, BPF_JMP | op, dst, src, 0, imm);
}

static size_t finish(struct writer *w)
{
	for (size_t i = 0; i < w->nr_jumps; i++)
		w->p[w->to_end[i]].off = (__s16)(w->n - w->to_end[i] - 1);
	set(w, BPF_REG_0, 0);
	put(w, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return w->n;
}

/* r0: the only element of the map. */
static void look_up(struct writer *w, int map)
{
	put(w, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0);
	set_wide(w, BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint32_t)map);
	move(w, BPF_REG_2, BPF_REG_10);
	add(w, BPF_REG_2, -4);
	call(w, BPF_FUNC_map_lookup_elem);
	leave_if(w, BPF_JEQ | BPF_K, BPF_REG_0, 0, 0);
}

static void leave_unless_thread(struct writer *w, uint64_t thread)
{
	call(w, BPF_FUNC_get_current_pid_tgid);
	set_wide(w, BPF_REG_1, 0, thread);
	leave_if(w, BPF_JNE | BPF_X, BPF_REG_0, BPF_REG_1, 0);
}

/* Leaves unless it is the thread's pwrite64; r9: the buffer that is written. */
static void find_buffer(struct writer *w, uint64_t thread)
{
	move(w, BPF_REG_6, BPF_REG_1);
	load(w, BPF_REG_7, BPF_REG_6, 8);
	leave_if(w, BPF_JNE | BPF_K, BPF_REG_7, 0, SYS_pwrite64);
	leave_unless_thread(w, thread);
	load(w, BPF_REG_3, BPF_REG_6, 0);
	add(w, BPF_REG_3, REGS_SI);
	move(w, BPF_REG_1, BPF_REG_10);
	add(w, BPF_REG_1, -8);
	set(w, BPF_REG_2, 8);
	call(w, BPF_FUNC_probe_read_kernel);
	/* The buffer may take its place: 4,096 bytes are then really left for it. */
	load(w, BPF_REG_9, BPF_REG_10, -8);
}

/* Leaves unless copyout has a page for the thread; r9: where it lies, r6: the time. */
static void find_page(struct writer *w, uint64_t thread)
{
	load(w, BPF_REG_9, BPF_REG_1, REGS_SI);
	load(w, BPF_REG_7, BPF_REG_1, REGS_DX);
	leave_if(w, BPF_JNE | BPF_K, BPF_REG_7, 0, BIG_STACK_PAGE);
	leave_unless_thread(w, thread);
	call(w, BPF_FUNC_ktime_get_ns);
	move(w, BPF_REG_6, BPF_REG_0);
}

/* r7: the sum. Offsets of the buffer are constant, so that the loads are a row of them. */
static void read_part(struct writer *w, const struct way *way, int helper, unsigned int part,
		      bool sum)
{
	int base = way->place == IN_STACK ? BPF_REG_10 : BPF_REG_8;
	int start = way->place == IN_STACK ? -(int)way->bytes : 0;

	move(w, BPF_REG_1, base);
	add(w, BPF_REG_1, start);
	set(w, BPF_REG_2, (int)way->bytes);
	move(w, BPF_REG_3, BPF_REG_9);
	add(w, BPF_REG_3, (int)(part * way->bytes));
	call(w, helper);
	leave_if(w, BPF_JNE | BPF_K, BPF_REG_0, 0, 0);
	for (unsigned int i = 0; sum && i < way->bytes / 8; i++) {
		load(w, BPF_REG_1, base, start + (int)(8 * i));
		put(w, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_7, BPF_REG_1, 0, 0);
	}
}

static void put_results(struct writer *w, const struct page_env *env)
{
	if (env->hook == AT_COPYOUT) {
		call(w, BPF_FUNC_ktime_get_ns);
		move(w, BPF_REG_8, BPF_REG_0);
		call(w, BPF_FUNC_get_smp_processor_id);
		move(w, BPF_REG_9, BPF_REG_0);
	}
	look_up(w, env->results);
	store(w, BPF_REG_0, offsetof(struct page_result, sum), BPF_REG_7);
	if (env->hook == AT_COPYOUT) {
		store(w, BPF_REG_0, offsetof(struct page_result, begun), BPF_REG_6);
		store(w, BPF_REG_0, offsetof(struct page_result, ended), BPF_REG_8);
		store(w, BPF_REG_0, offsetof(struct page_result, cpu), BPF_REG_9);
	}
	load(w, BPF_REG_1, BPF_REG_0, offsetof(struct page_result, runs));
	add(w, BPF_REG_1, 1);
	store(w, BPF_REG_0, offsetof(struct page_result, runs), BPF_REG_1);
}

size_t big_stack__program(struct bpf_insn *p, const struct way *way, const struct page_env *env,
			  bool sum)
{
	int helper = BPF_FUNC_probe_read_user;
	struct writer w = { .p = p };

	if (env->hook == AT_COPYOUT) {
		helper = BPF_FUNC_probe_read_kernel;
		find_page(&w, env->thread);
	} else {
		find_buffer(&w, env->thread);
	}
	set(&w, BPF_REG_7, 0);
	if (way->place == IN_ARRAY) {
		look_up(&w, env->texts);
		move(&w, BPF_REG_8, BPF_REG_0);
	}
	for (unsigned int i = 0; i < way->reads; i++)
		read_part(&w, way, helper, i, sum);
	put_results(&w, env);
	return finish(&w);
}

size_t big_stack__store(struct bpf_insn *p, unsigned int depth)
{
	struct writer w = { .p = p };

	put(&w, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -(int)depth, 0);
	return finish(&w);
}
