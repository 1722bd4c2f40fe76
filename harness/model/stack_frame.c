// SPDX-License-Identifier: GPL-2.0-only
#include "model/stack_frame.h"

#include <linux/bpf.h>
#include <stdlib.h>

/* Instruction classes and modes that older kernel headers lack. */
#define CLASS_JMP32    0x06
#define MODE_MEM       0x60
#define MODE_MEMSX     0x80
#define MODE_ATOMIC    0xc0
#define ATOMIC_FETCH   0x01
#define ATOMIC_CMPXCHG 0xf1
#define PSEUDO_KFUNC   2
#define PSEUDO_FUNC    4
/* What the compiler leaves in a call to a function that libbpf has yet to append. */
#define CALL_UNRESOLVED (-1)

/* --- where functions and blocks begin ------------------------------------------------------- */

static bool is_ld_imm64(const struct bpf_insn *in)
{
	return in->code == (BPF_LD | BPF_IMM | BPF_DW);
}

static bool is_call(const struct bpf_insn *in)
{
	return in->code == (BPF_JMP | BPF_CALL);
}

static bool is_jump(const struct bpf_insn *in)
{
	int class = BPF_CLASS(in->code), op = BPF_OP(in->code);

	return (class == BPF_JMP || class == CLASS_JMP32) && op != BPF_CALL && op != BPF_EXIT;
}

/* Where the jump at `insn` leads; outside of the program for a broken one. */
static int64_t target(const struct bpf_insn *in, size_t insn)
{
	bool far = in->code == (CLASS_JMP32 | BPF_JA);

	return (int64_t)insn + 1 + (far ? in->imm : in->off);
}

static void mark(uint8_t *marks, size_t n, int64_t at, int what)
{
	if (at >= 0 && (uint64_t)at < n)
		marks[at] |= what;
}

uint8_t *stack_frame__marks(const struct bpf_insn *insns, size_t n)
{
	uint8_t *marks = calloc(n ? n : 1, 1);

	if (!marks)
		return NULL;
	mark(marks, n, 0, MARK_FUNCTION);
	for (size_t i = 0; i < n; i++) {
		const struct bpf_insn *in = &insns[i];
		int64_t next = (int64_t)i + 1;

		if (is_ld_imm64(in)) {
			if (in->src_reg == PSEUDO_FUNC)
				mark(marks, n, next + in->imm, MARK_FUNCTION);
			mark(marks, n, next, MARK_SECOND);
			i++;
		} else if (is_call(in) && in->src_reg == BPF_PSEUDO_CALL &&
			   in->imm != CALL_UNRESOLVED) {
			mark(marks, n, next + in->imm, MARK_FUNCTION);
		} else if (is_jump(in)) {
			mark(marks, n, target(in, i), MARK_TARGET);
		}
	}
	return marks;
}

/* --- what the instructions do to the frame -------------------------------------------------- */

static bool grow(void **array, size_t n, size_t size)
{
	void *p;

	if (n & (n - 1)) /* not at a power of two: there is room */
		return true;
	p = realloc(*array, (n ? 2 * n : 1) * size);
	if (!p)
		return false;
	*array = p;
	return true;
}

static void add_access(struct frame *f, const struct access *a)
{
	if (f->failed || !grow((void **)&f->accesses, f->nr_accesses, sizeof(*a))) {
		f->failed = true;
		return;
	}
	f->accesses[f->nr_accesses++] = *a;
}

static void add_place(struct frame *f, const struct place *p)
{
	if (f->failed || !grow((void **)&f->places, f->nr_places, sizeof(*p))) {
		f->failed = true;
		return;
	}
	f->places[f->nr_places++] = *p;
}

static struct reg get(const struct frame *f, int r)
{
	return r < NR_REGS ? f->regs[r] : (struct reg){ REG_OTHER, 0, 0, false };
}

static bool in_frame(struct reg r)
{
	return r.kind == REG_FRAME || r.kind == REG_INSIDE;
}

/* Drops what is known of a register. An address that nothing was done with is worth a line: it
 * is where the decoding stops seeing what happens to the frame. */
static void lose(struct frame *f, int r)
{
	struct reg *reg = &f->regs[r];

	if (in_frame(*reg) && reg->value && !reg->used)
		add_place(f, &(struct place){ .off = reg->value,
					      .variable = reg->kind == REG_INSIDE,
					      .insn = reg->formed,
					      .use = USE_UNSEEN,
					      .reg = r });
	*reg = (struct reg){ REG_OTHER, 0, 0, false };
}

static void set(struct frame *f, int r, struct reg value)
{
	if (r >= BPF_REG_10)
		return;
	lose(f, r);
	f->regs[r] = value;
}

static bool reads(const struct bpf_insn *in, int r)
{
	bool src = in->src_reg == r, dst = in->dst_reg == r;

	switch (BPF_CLASS(in->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return (src && BPF_SRC(in->code) == BPF_X) || (dst && BPF_OP(in->code) != BPF_MOV);
	case BPF_LDX:
		return src;
	case BPF_ST:
		return dst;
	case BPF_STX:
		return src || dst;
	case BPF_LD:
		return false;
	default:
		return is_jump(in) && (dst || (src && BPF_SRC(in->code) == BPF_X));
	}
}

static bool writes(const struct bpf_insn *in, int r)
{
	int class = BPF_CLASS(in->code);

	return in->dst_reg == r &&
	       (class == BPF_ALU || class == BPF_ALU64 || class == BPF_LDX || class == BPF_LD);
}

/* Is a callee-saved register read from here on, as the text runs, before it is written? */
static bool read_later(const struct frame *f, size_t from, int r)
{
	for (size_t i = from; i < f->end; i++) {
		if (reads(&f->insns[i], r))
			return true;
		if (writes(&f->insns[i], r))
			return false;
	}
	return false;
}

/* Drops everything. Control goes on at instruction `next` (f->end: nowhere), and with it go
 * addresses in r6 to r9 that are read there: they are lost from sight, used before or not. */
static void forget(struct frame *f, size_t next)
{
	for (int r = 0; r < BPF_REG_10; r++) {
		if (r >= BPF_REG_6 && in_frame(f->regs[r]))
			f->regs[r].used = !read_later(f, next, r);
		lose(f, r);
	}
	f->regs[BPF_REG_10] = (struct reg){ REG_FRAME, 0, f->start, true };
}

static void use(struct frame *f, int r)
{
	if (r < NR_REGS)
		f->regs[r].used = true;
}

static int access_size(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

/* A load or store through register `base`. */
static void touch(struct frame *f, size_t insn, int base, bool write, int spill)
{
	const struct bpf_insn *in = &f->insns[insn];
	struct reg reg = get(f, base);

	if (reg.kind == REG_INSIDE)
		add_place(f, &(struct place){ .off = reg.value + in->off,
					      .insn = insn,
					      .variable = true,
					      .use = USE_ACCESSED,
					      .reg = base });
	if (reg.kind == REG_FRAME)
		add_access(f, &(struct access){ .off = reg.value + in->off,
						.size = access_size(in->code),
						.insn = insn,
						.write = write,
						.spill = spill });
	use(f, base);
}

/* a + b, where at least one is an address in the frame. */
static struct reg add(struct reg a, struct reg b, size_t insn)
{
	bool known = a.kind == REG_CONST || b.kind == REG_CONST;

	if (a.kind == REG_INSIDE || b.kind == REG_INSIDE)
		known = false;
	if (a.kind != REG_FRAME && a.kind != REG_INSIDE)
		return add(b, a, insn);
	return (struct reg){ .kind = known ? REG_FRAME : REG_INSIDE,
			     .value = a.value + (b.kind == REG_CONST ? b.value : 0),
			     .formed = insn };
}

static void alu(struct frame *f, size_t insn)
{
	const struct bpf_insn *in = &f->insns[insn];
	bool wide = BPF_CLASS(in->code) == BPF_ALU64, from_reg = BPF_SRC(in->code) == BPF_X;
	struct reg src = { REG_CONST, wide ? in->imm : (int64_t)(uint32_t)in->imm, insn, false };
	struct reg dst = get(f, in->dst_reg), result = { REG_OTHER, 0, insn, false };

	if (from_reg)
		src = get(f, in->src_reg);
	if (BPF_OP(in->code) == BPF_MOV && (!from_reg || (wide && in->off == 0))) {
		result = src;
		result.formed = insn;
		result.used = false;
		if (from_reg)
			use(f, in->src_reg);
	} else if (wide && BPF_OP(in->code) == BPF_ADD && (in_frame(dst) || in_frame(src)) &&
		   !(in_frame(dst) && in_frame(src))) {
		result = add(dst, src, insn);
		use(f, in->dst_reg); /* the same address on its way, not a lost one */
		if (from_reg)
			use(f, in->src_reg);
	} else if (wide && BPF_OP(in->code) == BPF_SUB && in_frame(dst) && !in_frame(src)) {
		src.value = -src.value;
		result = add(dst, src, insn);
		use(f, in->dst_reg);
	}
	set(f, in->dst_reg, result);
}

static void call(struct frame *f, size_t insn)
{
	const struct bpf_insn *in = &f->insns[insn];
	struct place p = { .insn = insn, .use = USE_HELPER, .callee = in->imm };

	if (in->src_reg == BPF_PSEUDO_CALL) {
		p.use = USE_FUNCTION;
		p.callee = in->imm == CALL_UNRESOLVED ? -1 : (int64_t)insn + 1 + in->imm;
	} else if (in->src_reg == PSEUDO_KFUNC) {
		p.use = USE_KFUNC;
	}
	for (int r = BPF_REG_1; r <= BPF_REG_5; r++) {
		struct reg next = get(f, r + 1);

		if (!in_frame(f->regs[r]))
			continue;
		p.reg = r;
		p.off = f->regs[r].value;
		p.variable = f->regs[r].kind == REG_INSIDE;
		p.has_next = r < BPF_REG_5 && next.kind == REG_CONST;
		p.next = next.value;
		add_place(f, &p);
		use(f, r);
	}
	for (int r = BPF_REG_0; r <= BPF_REG_5; r++)
		lose(f, r);
}

static void store(struct frame *f, size_t insn)
{
	const struct bpf_insn *in = &f->insns[insn];
	struct reg src = get(f, in->src_reg);
	int spill = -1;

	if (BPF_MODE(in->code) == MODE_ATOMIC && BPF_CLASS(in->code) == BPF_STX) {
		touch(f, insn, in->dst_reg, false, -1);
		touch(f, insn, in->dst_reg, true, -1);
		if (in->imm == ATOMIC_CMPXCHG)
			set(f, BPF_REG_0, (struct reg){ REG_OTHER, 0, insn, false });
		else if (in->imm & ATOMIC_FETCH)
			set(f, in->src_reg, (struct reg){ REG_OTHER, 0, insn, false });
		return;
	}
	if (BPF_MODE(in->code) != MODE_MEM)
		return;
	if (BPF_CLASS(in->code) == BPF_STX && in_frame(src)) {
		add_place(f, &(struct place){ .off = src.value,
					      .variable = src.kind == REG_INSIDE,
					      .insn = insn,
					      .use = USE_STORED,
					      .reg = in->src_reg });
		use(f, in->src_reg);
	} else if (BPF_CLASS(in->code) == BPF_STX && src.kind == REG_OTHER &&
		   access_size(in->code) == 8) {
		spill = in->src_reg;
	}
	touch(f, insn, in->dst_reg, true, spill);
}

static void step(struct frame *f, size_t insn)
{
	const struct bpf_insn *in = &f->insns[insn];
	const struct reg unknown = { REG_OTHER, 0, insn, false };
	int mode = BPF_MODE(in->code);

	switch (BPF_CLASS(in->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		alu(f, insn);
		break;
	case BPF_LDX:
		if (mode == MODE_MEM || mode == MODE_MEMSX)
			touch(f, insn, in->src_reg, false, -1);
		set(f, in->dst_reg, unknown);
		break;
	case BPF_ST:
	case BPF_STX:
		store(f, insn);
		break;
	case BPF_LD:
		if (is_ld_imm64(in))
			set(f, in->dst_reg, unknown);
		else /* packet loads clobber what a call does */
			for (int r = BPF_REG_0; r <= BPF_REG_5; r++)
				lose(f, r);
		break;
	default:
		if (is_call(in))
			call(f, insn);
		break;
	}
}

/* Follows one function from top to bottom. What is known of the registers is dropped wherever
 * control may come from elsewhere. */
void stack_frame__decode(struct frame *f, const uint8_t *marks)
{
	forget(f, f->end);
	for (size_t i = f->start; i < f->end; i++) {
		const struct bpf_insn *in = &f->insns[i];

		if (marks[i] & MARK_SECOND)
			continue;
		if (marks[i] & MARK_TARGET)
			forget(f, i);
		step(f, i);
		if (in->code == (BPF_JMP | BPF_EXIT)) {
			forget(f, f->end);
		} else if (is_jump(in) && BPF_OP(in->code) == BPF_JA) {
			int64_t to = target(in, i);

			forget(f, to >= 0 ? (size_t)to : f->end);
		}
	}
	forget(f, f->end);
}

void stack_frame__release(struct frame *f)
{
	free(f->accesses);
	free(f->places);
	f->accesses = NULL;
	f->places = NULL;
}
