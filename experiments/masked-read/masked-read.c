// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "masked-read.skel.h"
#include "model/record.h"
#include "model/verdict.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MAX_MASK 255
#define MAX_SIZE 256
/* One load, two moves, one mask; the buffer's zeroes, eight bytes an instruction and up to three
 * for the rest; the address, the call and the end. */
#define MAX_INSNS  (5 + MAX_SIZE / 8 + 3 + 5)
#define MAX_LISTED 8 /* mismatches named in a check */

/* struct pt_regs of x86-64: the third and the second argument. */
#define CTX_LEN 96
#define CTX_KEY 104

struct axis {
	unsigned int v[MAX_SIZE];
	size_t n;
};

/* The map being filled; cells[row][column] for mask and size. */
struct map {
	struct axis masks, sizes;
	char *cells[MAX_MASK + 1];
	size_t accepted, rejected, other;
};

static const struct bpf_insn zero_stores[] = {
	{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .src_reg = BPF_REG_0 },
	{ .code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .src_reg = BPF_REG_0 },
	{ .code = BPF_STX | BPF_MEM | BPF_H, .dst_reg = BPF_REG_10, .src_reg = BPF_REG_0 },
	{ .code = BPF_STX | BPF_MEM | BPF_B, .dst_reg = BPF_REG_10, .src_reg = BPF_REG_0 },
};

static unsigned int aligned(unsigned int size)
{
	return (size + 7) / 8 * 8;
}

static struct bpf_insn insn(unsigned char code, int dst, int src, short off, int imm)
{
	return (struct bpf_insn){
		.code = code, .dst_reg = dst & 15, .src_reg = src & 15, .off = off, .imm = imm
	};
}

/* As clang does it: the buffer begins at a multiple of eight and its last bytes are padding that
 * nothing writes. */
static size_t read_program(struct bpf_insn *p, unsigned int mask, unsigned int size)
{
	int start = -(int)aligned(size);
	unsigned int done = 0;
	size_t n = 0;

	p[n++] = insn(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_2, BPF_REG_1, CTX_LEN, 0);
	p[n++] = insn(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, (int)mask);
	p[n++] = insn(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_1, CTX_KEY, 0);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(zero_stores); i++) {
		unsigned int width = 8u >> i;

		for (; done + width <= size; done += width) {
			p[n] = zero_stores[i];
			p[n++].off = (short)(start + (int)done);
		}
	}
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_10, 0, 0);
	p[n++] = insn(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, start);
	p[n++] = insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_probe_read_kernel);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	p[n++] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return n;
}

/* What the verifier is expected to do: the most that can be read must lie in the stack and, where
 * every byte must have been written by the program, in the buffer. */
static bool accepts(unsigned int mask, unsigned int size, bool uninit_allowed)
{
	return mask <= (uninit_allowed ? aligned(size) : size);
}

static int try_cell(struct exp *e, unsigned int mask, unsigned int size)
{
	struct bpf_insn insns[MAX_INSNS];
	size_t n = read_program(insns, mask, size);

	return exp__try_load(e, "masked_read_cell", BPF_PROG_TYPE_KPROBE, insns, n, NULL, 0, 0);
}

static char cell_of(int err)
{
	switch (err) {
	case 0:
		return '.';
	case -EACCES:
		return 'x';
	case -EINVAL:
		return 'o';
	default:
		return 'e';
	}
}

/* --- the axes ---------------------------------------------------------------------------- */

/* Around every power of two, and around the sizes that the programs use. */
static void coarse_axis(struct axis *a, unsigned int max)
{
	static const unsigned int edges[] = {
		0,  1,	7,  8,	 9,   15,  16,	17,  31,  32,  33,  63,
		64, 65, 80, 125, 126, 127, 128, 129, 254, 255, 256,
	};

	for (size_t i = 0; i < ARRAY_SIZE(edges) && edges[i] <= max; i++)
		a->v[a->n++] = edges[i];
}

static void whole_axis(struct axis *a, unsigned int min, unsigned int max)
{
	for (unsigned int v = min; v <= max; v++)
		a->v[a->n++] = v;
}

static void drop_zero(struct axis *a)
{
	memmove(a->v, a->v + 1, --a->n * sizeof(a->v[0]));
}

static void choose_axes(struct map *m, bool whole)
{
	if (whole) {
		whole_axis(&m->masks, 0, MAX_MASK);
		whole_axis(&m->sizes, 1, MAX_SIZE);
		return;
	}
	coarse_axis(&m->masks, MAX_MASK);
	coarse_axis(&m->sizes, MAX_SIZE);
	drop_zero(&m->sizes);
}

/* --- the map ----------------------------------------------------------------------------- */

/* Fills the cells and lists in `wrong` where the verdict is not the predicted one. */
static int fill(struct exp *e, struct map *m, bool uninit_allowed, struct strbuf *wrong,
		size_t *nr_wrong)
{
	for (size_t row = 0; row < m->masks.n; row++) {
		unsigned int mask = m->masks.v[row];

		m->cells[row] = calloc(1, m->sizes.n + 1);
		if (!m->cells[row])
			return -ENOMEM;
		exp__progress(e, row * m->sizes.n, m->masks.n * m->sizes.n, "masks and sizes");
		for (size_t col = 0; col < m->sizes.n; col++) {
			unsigned int size = m->sizes.v[col];
			int err = try_cell(e, mask, size);

			m->cells[row][col] = cell_of(err);
			m->accepted += !err;
			m->rejected += err == -EACCES || err == -EINVAL;
			m->other += err && err != -EACCES && err != -EINVAL;
			if (!err == accepts(mask, size, uninit_allowed))
				continue;
			if (++*nr_wrong <= MAX_LISTED)
				strbuf__addf(wrong, "; mask 0x%02x size %u: %s", mask, size,
					     err ? errno__name(-err) : "accepted");
		}
	}
	return 0;
}

/* The names of an axis for the matrix, in one block; NULL when memory ran out. */
static char **axis_names(const struct axis *a, const char *fmt)
{
	char **names = calloc(a->n, sizeof(*names) + 8);
	char *text = names ? (char *)(names + a->n) : NULL;

	for (size_t i = 0; names && i < a->n; i++) {
		names[i] = text + i * 8;
		snprintf(names[i], 8, fmt, a->v[i]);
	}
	return names;
}

static int add_matrix(struct record *r, struct map *m)
{
	struct matrix matrix = {
		.name = "verdicts",
		.row_axis = "mask",
		.col_axis = "buffer size",
		.legend =
			". accepted, x rejected with EACCES (bytes that nobody wrote), o rejected "
			"with EINVAL (beyond the stack), e anything else",
		.row_names = axis_names(&m->masks, "0x%02x"),
		.col_names = axis_names(&m->sizes, "%u"),
		.cells = m->cells,
		.nr_rows = m->masks.n,
		.nr_cols = m->sizes.n,
	};
	int err = -ENOMEM;

	if (matrix.row_names && matrix.col_names)
		err = record__matrix(r, &matrix);
	free(matrix.row_names);
	free(matrix.col_names);
	return err;
}

static void report_map(struct record *r, struct map *m, bool uninit_allowed, size_t nr_wrong,
		       const char *wrong, uint64_t elapsed_ns)
{
	size_t cells = m->masks.n * m->sizes.n;

	record__metric(r, "accepted", "programs", (double)m->accepted);
	record__metric(r, "rejected", "programs", (double)m->rejected);
	record__metric(r, "other", "programs", (double)m->other);
	record__metric(r, "load_mean", "us", (double)elapsed_ns / 1e3 / (double)cells);
	add_matrix(r, m);
	exp__check(r, !m->other, "every load is accepted or rejected by the verifier",
		   "%zu of %zu ended with another error", m->other, cells);
	exp__check(r, !nr_wrong,
		   uninit_allowed ? "accepted exactly where mask <= size, rounded up to eight"
				  : "accepted exactly where mask <= size",
		   "%zu of %zu cells differ%s", nr_wrong, cells, wrong);
}

static int measure_map(struct exp *e, struct record *r, bool whole, bool uninit_allowed)
{
	struct strbuf wrong = STRBUF_INIT;
	uint64_t start = exp__now_ns();
	struct map m = { 0 };
	size_t nr_wrong = 0;
	int err;

	choose_axes(&m, whole);
	err = fill(e, &m, uninit_allowed, &wrong, &nr_wrong);
	if (!err)
		report_map(r, &m, uninit_allowed, nr_wrong, strbuf__str(&wrong),
			   exp__now_ns() - start);
	for (size_t row = 0; row < m.masks.n; row++)
		free(m.cells[row]);
	strbuf__free(&wrong);
	return err;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	const char *which = exp__param_str(e, "map");
	struct record *r = exp__measurement(e, "map");
	/* One cell tells the two kinds of kernel apart, as the program mask_7f_buf_126 does. */
	bool uninit_allowed = !try_cell(e, 0x7f, 126);
	int err = 0;

	(void)obj;
	record__label(r, "map", which);
	record__label(r, "uninit_stack", uninit_allowed ? "allowed" : "refused");
	if (strcmp(which, "none") != 0)
		err = measure_map(e, r, !strcmp(which, "full"), uninit_allowed);
	if (!err)
		return exp__emit(e, r);
	record__free(r);
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_EVENTS", "the programs are kprobe programs" },
	{ NEED_CONFIG, "CONFIG_CGROUP_BPF",
	  "the programs with a result variable are sysctl programs" },
	{ 0 },
};

static const char *const map_choices[] = { "none", "coarse", "full", NULL };
static const struct param params[] = {
	{ .name = "map",
	  .type = PARAM_STRING,
	  .value = "coarse",
	  .choices = map_choices,
	  .help = "masks and buffer sizes of the map: none, the edges, or all 65,536" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "X1",
	  .title = "masked or clamped variable-length read: mask against buffer size",
	  .origin = "notes on porting mctop to libbpf",
	  .cause = "the verifier knows a length by its bounds only: a read is accepted where the "
		   "largest masked value fits the buffer and, on kernels that ask for it, all of "
		   "those bytes are initialised",
	  .shows = "map" },
	{ .id = "E1",
	  .title = "invalid stack type R1 off=-80 access_size=255",
	  .origin = "notes on porting mctop to libbpf",
	  .cause = "the length is a byte, and the program clamps it by a comparison: that bounds "
		   "one register, and clang passes a copy that was masked again, whose bound is "
		   "the mask's 255; the buffer has 80 bytes. A mask of 0xff and 80 bytes are the "
		   "same to the verifier. Kernels from 5.12 and 5.10.33 on say 'invalid indirect "
		   "access to stack R1 off=-80 size=255'",
	  .fix = "mask with a power of two minus one that fits the buffer, or a buffer as large "
		 "as the mask, or a length of 64 bits, which the same comparison bounds",
	  .shows = "clamp_u8_buf_80 mask_ff_buf_80",
	  .passes = "clamp_u8_barrier_buf_80 clamp_u64_buf_80 clamp_u8_buf_255 mask_ff_buf_255" },
	{ .id = "E2",
	  .title = "invalid indirect read from stack off -128+126 size 127",
	  .origin = "notes on porting mctop to libbpf",
	  .cause = "the mask 0x7f allows 127 bytes and the buffer has 126: byte 126 is stack "
		   "that was never written. Since 6.3, and since 5.10.222 and 6.1.100 of the "
		   "stable branches, a privileged program may read such stack",
	  .fix = "a buffer of 127 bytes",
	  .shows = "mask_7f_buf_126",
	  .passes = "mask_7f_buf_127" },
	{ .id = "E18",
	  .title = "invalid indirect read from stack off -16+0 size 8",
	  .origin = "activity log of a thesis, 15 March 2020",
	  .cause = "bpf_strtol only writes its result variable, but the verifier asked for it to "
		   "be initialised as if it read it. Since 6.3, 5.10.222 and 6.1.100 a "
		   "privileged program need not; 5.10.262 still asks for it where the variable "
		   "is the lowest of the stack, and since 6.1.120 the verifier knows that the "
		   "helper only writes it",
	  .fix = "long number = 0",
	  .shows = "result_not_initialised result_lowest_not_initialised",
	  .passes = "result_initialised result_lowest_initialised" },
	{ 0 },
};

const struct experiment experiment_masked_read = {
	.name = "masked-read",
	.summary = "what convinces the verifier that a read of variable length fits its buffer",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 600,
	.elf_bytes = masked_read_bpf__elf_bytes,
	.measure = measure,
};
