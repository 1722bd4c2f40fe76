// SPDX-License-Identifier: GPL-2.0-only
#include "generate.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest/insn.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define VALUE_SIZE	  (COMPARE_MAX + 8) /* and a NUL behind the longest */
#define MAX_INSNS(len)	  (3 * (len) + 32)
#define HELPER_STRNCMP	  182
#define FILTER_MIN_PACKET 64 /* what BPF_PROG_TEST_RUN wants for a socket filter */

static const char *const names[] = {
	[COMPARE_LOOP] = "loop",
	[COMPARE_UNROLLED] = "unrolled",
	[COMPARE_WORDS] = "words",
	[COMPARE_STRNCMP] = "strncmp",
};

const char *loops_compare__name(enum compare_kind kind)
{
	return names[kind];
}

/* --- the strings ------------------------------------------------------------------------- */

/* The first `length` bytes of both; the last one may be made to differ. A NUL ends them. */
static int set_text(int fd, size_t length, bool same)
{
	char value[VALUE_SIZE] = { 0 };
	__u32 zero = 0;

	memset(value, 'x', length);
	if (!same)
		value[length - 1] = 'y';
	return bpf_map_update_elem(fd, &zero, value, BPF_ANY) ? -errno : 0;
}

int loops_compare_maps__new(struct compare_maps *m)
{
	LIBBPF_OPTS(bpf_map_create_opts, constant, .map_flags = BPF_F_RDONLY_PROG);
	int err;

	m->text = m->wanted = -1;
	m->text = bpf_map_create(BPF_MAP_TYPE_ARRAY, "text", sizeof(__u32), VALUE_SIZE, 1, NULL);
	if (m->text < 0)
		return -errno;
	m->wanted = bpf_map_create(BPF_MAP_TYPE_ARRAY, "wanted", sizeof(__u32), VALUE_SIZE, 1,
				   &constant);
	if (m->wanted < 0)
		return -errno;
	err = set_text(m->wanted, COMPARE_MAX, true);
	if (!err && bpf_map_freeze(m->wanted))
		err = -errno;
	return err;
}

void loops_compare_maps__release(struct compare_maps *m)
{
	if (m->text >= 0)
		close(m->text);
	if (m->wanted >= 0)
		close(m->wanted);
	m->text = m->wanted = -1;
}

/* --- the programs ------------------------------------------------------------------------ */

static void add(struct compare *c, const struct bpf_insn *insns, size_t n)
{
	memcpy(c->insns + c->n, insns, n * sizeof(*insns));
	c->n += n;
}
#define ADD(c, ...)                                      \
	add(c, (const struct bpf_insn[]){ __VA_ARGS__ }, \
	    ARRAY_SIZE(((const struct bpf_insn[]){ __VA_ARGS__ })))

static void add_strings(struct compare *c, const struct compare_maps *m)
{
	ADD(c, INSN_IMM64(BPF_REG_1, BPF_PSEUDO_MAP_VALUE, m->text, 0),
	    INSN_IMM64(BPF_REG_2, BPF_PSEUDO_MAP_VALUE, m->wanted, 0));
}

/* Where the strings are found to be the same, and where not: 1 falls through to here. */
static void add_end(struct compare *c)
{
	ADD(c, INSN_MOV(BPF_REG_0, 1), INSN_EXIT, INSN_MOV(BPF_REG_0, 0), INSN_EXIT);
}

/* From the instruction that is about to be added to the end's "not the same". */
static short to_different(size_t remaining)
{
	return (short)(remaining + 2);
}

static void add_loop(struct compare *c)
{
	ADD(c, INSN_MOV(BPF_REG_3, 0), INSN_LOAD(BPF_B, BPF_REG_4, BPF_REG_1, 0),
	    INSN_LOAD(BPF_B, BPF_REG_5, BPF_REG_2, 0),
	    INSN_IF_REG(BPF_JNE, BPF_REG_4, BPF_REG_5, to_different(4)), INSN_ADD(BPF_REG_1, 1),
	    INSN_ADD(BPF_REG_2, 1), INSN_ADD(BPF_REG_3, 1),
	    INSN_IF(BPF_JNE, BPF_REG_3, (int)c->length, -7));
}

static void add_written_out(struct compare *c, unsigned char size, size_t bytes)
{
	size_t rounds = c->length / bytes;

	for (size_t i = 0; i < rounds; i++)
		ADD(c, INSN_LOAD(size, BPF_REG_4, BPF_REG_1, (short)(i * bytes)),
		    INSN_LOAD(size, BPF_REG_5, BPF_REG_2, (short)(i * bytes)),
		    INSN_IF_REG(BPF_JNE, BPF_REG_4, BPF_REG_5, to_different(3 * (rounds - i - 1))));
}

static void add_strncmp(struct compare *c)
{
	/* (text, size, wanted) */
	ADD(c, INSN_MOV_REG(BPF_REG_3, BPF_REG_2), INSN_MOV(BPF_REG_2, (int)c->length),
	    INSN_CALL(HELPER_STRNCMP), INSN_IF(BPF_JNE, BPF_REG_0, 0, to_different(0)));
}

int loops_compare__new(struct compare *c, enum compare_kind kind, size_t length,
		       const struct compare_maps *m)
{
	c->n = 0;
	c->length = length;
	if (!length || length % 8 || length > COMPARE_MAX)
		return -EINVAL;
	c->insns = calloc(MAX_INSNS(length), sizeof(*c->insns));
	if (!c->insns)
		return -ENOMEM;
	add_strings(c, m);
	switch (kind) {
	case COMPARE_LOOP:
		add_loop(c);
		break;
	case COMPARE_UNROLLED:
		add_written_out(c, BPF_B, 1);
		break;
	case COMPARE_WORDS:
		add_written_out(c, BPF_DW, 8);
		break;
	default:
		add_strncmp(c);
	}
	add_end(c);
	return 0;
}

void loops_compare__free(struct compare *c)
{
	free(c->insns);
	c->insns = NULL;
}

int loops_compare__run(const struct compare *c, const struct compare_maps *m, bool same)
{
	char packet[FILTER_MIN_PACKET] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = 1);
	int err = set_text(m->text, c->length, same);
	int fd;

	if (err)
		return err;
	fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "compare", "GPL", c->insns, c->n, NULL);
	if (fd < 0)
		return -errno;
	err = bpf_prog_test_run_opts(fd, &run) ? -errno : 0;
	close(fd);
	return err ? err : (int)run.retval;
}
