// SPDX-License-Identifier: GPL-2.0-only
#include "model/stack.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/str.h"
#include "model/stack_frame.h"

#define LIST_MAX 8 /* instructions named in one cell */

static int by_offset(const void *a, const void *b)
{
	const struct access *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return (x->insn > y->insn) - (x->insn < y->insn);
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	if (x->insn != y->insn)
		return x->insn < y->insn ? -1 : 1;
	return x->reg - y->reg;
}

static int by_insn(const void *a, const void *b)
{
	const struct access *x = *(const struct access *const *)a;
	const struct access *y = *(const struct access *const *)b;

	return (x->insn > y->insn) - (x->insn < y->insn);
}

static void print_fp(struct strbuf *sb, int64_t off)
{
	strbuf__addf(sb, "fp%+lld", (long long)off);
}

/* A register that is stored whole and loaded whole again was spilled: the register that `a`
 * spills or fills, or -1. */
static int spilled(const struct access *slot, size_t n, const struct access *a)
{
	for (size_t i = 0; i < n && a->size == 8 && (!a->write || a->spill >= 0); i++) {
		const struct access *other = &slot[i];

		if (other->write == a->write || other->off != a->off || other->size != 8)
			continue;
		if (a->write)
			return a->spill;
		if (other->spill >= 0)
			return other->spill;
	}
	return -1;
}

/* The instructions of a slot that write (or read), with what is spilled and filled. */
static void print_insns(struct strbuf *sb, const struct access *slot, size_t n, bool write,
			const struct access **scratch)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		if (slot[i].write == write)
			scratch[m++] = &slot[i];
	}
	qsort(scratch, m, sizeof(*scratch), by_insn);
	for (size_t i = 0; i < m && i < LIST_MAX; i++) {
		int reg = spilled(slot, n, scratch[i]);

		strbuf__addf(sb, "%s%zu", i ? ", " : "", scratch[i]->insn);
		if (reg >= 0)
			strbuf__addf(sb, write ? " (spill of r%d)" : " (fill of r%d)", reg);
	}
	if (m > LIST_MAX)
		strbuf__addf(sb, ", … %zu in all", m);
	if (!m)
		strbuf__addf(sb, "-");
}

/* Accesses that overlap are one slot; f->accesses is sorted by offset. */
static void print_slots(struct strbuf *sb, struct frame *f, const struct access **scratch)
{
	if (f->nr_accesses)
		strbuf__addf(sb, "  %-10s %5s  %-28s %s\n", "slot", "bytes", "written by insn",
			     "read by insn");
	for (size_t i = 0, next; i < f->nr_accesses; i = next) {
		const struct access *slot = &f->accesses[i];
		struct strbuf cell = STRBUF_INIT, off = STRBUF_INIT;
		int64_t end = slot->off + slot->size;

		for (next = i + 1; next < f->nr_accesses && f->accesses[next].off < end; next++) {
			int64_t e = f->accesses[next].off + f->accesses[next].size;

			end = e > end ? e : end;
		}
		print_fp(&off, slot->off);
		print_insns(&cell, slot, next - i, true, scratch);
		strbuf__addf(sb, "  %-10s %5lld  %-28s ", strbuf__str(&off),
			     (long long)(end - slot->off), strbuf__str(&cell));
		print_insns(sb, slot, next - i, false, scratch);
		strbuf__addf(sb, "\n");
		sb->failed |= cell.failed || off.failed;
		strbuf__free(&cell);
		strbuf__free(&off);
	}
}

static void print_place(struct strbuf *sb, const struct place *p)
{
	struct strbuf off = STRBUF_INIT;

	print_fp(&off, p->off);
	strbuf__addf(&off, "%s", p->variable ? "+?" : "");
	strbuf__addf(sb, "  %-10s ", strbuf__str(&off));
	sb->failed |= off.failed;
	strbuf__free(&off);
	switch (p->use) {
	case USE_HELPER:
		strbuf__addf(sb, "r%d of helper #%lld at insn %zu", p->reg, (long long)p->callee,
			     p->insn);
		break;
	case USE_KFUNC:
		strbuf__addf(sb, "r%d of the kernel function with BTF id %lld at insn %zu", p->reg,
			     (long long)p->callee, p->insn);
		break;
	case USE_FUNCTION:
		if (p->callee < 0)
			strbuf__addf(sb, "r%d of a function, called at insn %zu", p->reg, p->insn);
		else
			strbuf__addf(sb, "r%d of the function at insn %lld, called at insn %zu",
				     p->reg, (long long)p->callee, p->insn);
		break;
	case USE_STORED:
		strbuf__addf(sb, "r%d, stored to memory at insn %zu", p->reg, p->insn);
		break;
	case USE_ACCESSED:
		strbuf__addf(sb, "r%d, accessed at insn %zu", p->reg, p->insn);
		break;
	case USE_UNSEEN:
		strbuf__addf(sb, "r%d since insn %zu, not followed further", p->reg, p->insn);
		break;
	}
	if (p->has_next)
		strbuf__addf(sb, ", r%d = %lld", p->reg + 1, (long long)p->next);
	strbuf__addf(sb, "\n");
}

static void print_places(struct strbuf *sb, const struct frame *f)
{
	if (f->nr_places)
		strbuf__addf(sb, "  %-10s held by\n", "address");
	for (size_t i = 0; i < f->nr_places; i++)
		print_place(sb, &f->places[i]);
}

/* How far below the frame pointer anything reaches, in bytes. */
static int64_t depth_of(const struct frame *f)
{
	int64_t low = 0;

	for (size_t i = 0; i < f->nr_accesses; i++)
		low = f->accesses[i].off < low ? f->accesses[i].off : low;
	for (size_t i = 0; i < f->nr_places; i++)
		low = f->places[i].off < low ? f->places[i].off : low;
	return -low;
}

/* What lies between the deepest byte and the frame pointer and no instruction writes. */
static void print_unwritten(struct strbuf *sb, const struct frame *f, int64_t depth)
{
	int64_t at = -depth;
	int gaps = 0;

	for (size_t i = 0; i <= f->nr_accesses; i++) {
		bool last = i == f->nr_accesses;
		int64_t from = last ? 0 : f->accesses[i].off;
		int64_t end = last ? 0 : from + f->accesses[i].size;

		if (!last && !f->accesses[i].write)
			continue;
		if (from > 0)
			from = 0;
		if (from > at) {
			strbuf__addf(sb, "%s",
				     gaps++ ? ", " : "  never written by an instruction: ");
			print_fp(sb, at);
			strbuf__addf(sb, " (%lld byte%s)", (long long)(from - at),
				     from - at == 1 ? "" : "s");
		}
		at = end > at ? end : at;
	}
	if (gaps)
		strbuf__addf(sb, "\n");
}

static void print_frame(struct strbuf *sb, struct frame *f, bool only)
{
	const struct access **scratch = calloc(f->nr_accesses + 1, sizeof(*scratch));
	int64_t depth = depth_of(f);

	if (!scratch) {
		sb->failed = true;
		return;
	}
	if (f->nr_accesses)
		qsort(f->accesses, f->nr_accesses, sizeof(*f->accesses), by_offset);
	if (f->nr_places)
		qsort(f->places, f->nr_places, sizeof(*f->places), by_place);
	if (!only)
		strbuf__addf(sb, "function at insn %zu: depth %lld bytes\n", f->start,
			     (long long)depth);
	if (!f->nr_accesses && !f->nr_places)
		strbuf__addf(sb, "  the stack is not used\n");
	print_slots(sb, f, scratch);
	print_places(sb, f);
	print_unwritten(sb, f, depth);
	free(scratch);
}

char *stack__layout(const struct bpf_insn *insns, size_t n, const char *title)
{
	struct strbuf head = STRBUF_INIT, body = STRBUF_INIT;
	uint8_t *marks = stack_frame__marks(insns, n);
	size_t functions = 0;
	int64_t total = 0;

	if (!marks)
		return NULL;
	for (size_t i = 0; i < n; i++)
		functions += !!(marks[i] & MARK_FUNCTION);
	for (size_t start = 0, end; start < n && !body.failed; start = end) {
		struct frame f = { .insns = insns, .start = start };

		for (end = start + 1; end < n && !(marks[end] & MARK_FUNCTION);)
			end++;
		f.end = end;
		stack_frame__decode(&f, marks);
		if (f.failed)
			body.failed = true;
		else
			print_frame(&body, &f, functions == 1);
		total += depth_of(&f);
		stack_frame__release(&f);
	}
	strbuf__addf(&head, "stack of %s: %lld bytes", title ? title : "the program",
		     (long long)total);
	if (functions > 1)
		strbuf__addf(&head, " in %zu functions", functions);
	strbuf__addf(&head, ", %zu instructions\n%s", n, strbuf__str(&body));
	head.failed |= body.failed;
	free(marks);
	strbuf__free(&body);
	if (head.failed) {
		strbuf__free(&head);
		return NULL;
	}
	return strbuf__detach(&head);
}
