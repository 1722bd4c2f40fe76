// SPDX-License-Identifier: GPL-2.0-only
#include "raw.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <unistd.h>

#include "guest/caps.h"
#include "guest/experiment.h"
#include "guest/insn.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define CTX_LEN	  96   /* struct pt_regs of x86-64: the third argument */
#define CLOSED_FD 9999 /* more than a process may have open */

/* --- E4 ---------------------------------------------------------------------------------- */

static const struct bpf_insn nothing_returned[] = { INSN_EXIT };
static const struct bpf_insn zero_returned[] = { INSN_MOV(BPF_REG_0, 0), INSN_EXIT };

/* --- E12: what is left of a call that nobody relocated ----------------------------------- */

/* clang leaves "call -1" in a relocation's place: to the verifier a call of the instruction itself,
 * which thereby begins a function, and the jump leaves the one that it stands in. */
static const struct bpf_insn call_not_relocated[] = {
	INSN_LOAD(BPF_DW, BPF_REG_1, BPF_REG_1, CTX_LEN),
	INSN_IF(BPF_JEQ, BPF_REG_1, 0, 1),
	INSN_CALL_FUNC(-1),
	INSN_MOV(BPF_REG_0, 0),
	INSN_EXIT,
};

/* The same without a jump over it. */
static const struct bpf_insn call_not_relocated_straight[] = {
	INSN_LOAD(BPF_DW, BPF_REG_1, BPF_REG_1, CTX_LEN),
	INSN_CALL_FUNC(-1),
	INSN_MOV(BPF_REG_0, 0),
	INSN_EXIT,
};

static const struct bpf_insn call_beyond_the_end[] = {
	INSN_LOAD(BPF_DW, BPF_REG_1, BPF_REG_1, CTX_LEN),
	INSN_IF(BPF_JEQ, BPF_REG_1, 0, 1),
	INSN_CALL_FUNC(100),
	INSN_MOV(BPF_REG_0, 0),
	INSN_EXIT,
};

static const struct bpf_insn jump_beyond_the_end[] = {
	INSN_GOTO(97),
	INSN_MOV(BPF_REG_0, 0),
	INSN_EXIT,
};

/* The nearest that passes: the call has a function to go to. */
static const struct bpf_insn call_of_a_function[] = {
	INSN_LOAD(BPF_DW, BPF_REG_1, BPF_REG_1, CTX_LEN),
	INSN_IF(BPF_JEQ, BPF_REG_1, 0, 1),
	INSN_CALL_FUNC(2),
	INSN_MOV(BPF_REG_0, 0),
	INSN_EXIT,
	INSN_MOV(BPF_REG_0, 0),
	INSN_EXIT,
};

/* --- E16: references to maps that were not relocated ------------------------------------- */

#define LOOKUP(kind, value)                                                                     \
	{                                                                                       \
		INSN_STORE(BPF_DW, -8, 0), INSN_MOV_REG(BPF_REG_2, BPF_REG_10),                 \
			INSN_ADD(BPF_REG_2, -8), INSN_IMM64(BPF_REG_1, kind, value, 0),         \
			INSN_CALL(BPF_FUNC_map_lookup_elem), INSN_MOV(BPF_REG_0, 0), INSN_EXIT, \
	}

static const struct bpf_insn map_fd_0[] = LOOKUP(BPF_PSEUDO_MAP_FD, 0);
static const struct bpf_insn map_fd_closed[] = LOOKUP(BPF_PSEUDO_MAP_FD, CLOSED_FD);
static const struct bpf_insn map_not_relocated[] = LOOKUP(0, 0);

/* With the descriptor of a map, which is put in when there is one. */
#define MAP_AT 3
static const struct bpf_insn map_fd_right[] = LOOKUP(BPF_PSEUDO_MAP_FD, 0);

/* --- E3 by a loader without privileges --------------------------------------------------- */

/* One byte of a key's eight is written. */
static const struct bpf_insn half_a_key[] = {
	INSN_STORE(BPF_B, -8, 1),
	INSN_MOV_REG(BPF_REG_2, BPF_REG_10),
	INSN_ADD(BPF_REG_2, -8),
	INSN_IMM64(BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, 0),
	INSN_CALL(BPF_FUNC_map_lookup_elem),
	INSN_MOV(BPF_REG_0, 0),
	INSN_EXIT,
};
static const struct bpf_insn a_whole_key[] = {
	INSN_STORE(BPF_DW, -8, 1),
	INSN_MOV_REG(BPF_REG_2, BPF_REG_10),
	INSN_ADD(BPF_REG_2, -8),
	INSN_IMM64(BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, 0),
	INSN_CALL(BPF_FUNC_map_lookup_elem),
	INSN_MOV(BPF_REG_0, 0),
	INSN_EXIT,
};

/* --- all of them ------------------------------------------------------------------------- */

struct raw {
	const char *name;
	const struct bpf_insn *insns;
	size_t n;
	const char *tags[3];
};

#define RAW(name, ...)                         \
	{                                      \
#name, name, ARRAY_SIZE(name), \
		{                              \
			__VA_ARGS__, NULL      \
		}                              \
	}
#define ACCEPT		"assay:accept:*"
#define REJECT(e, says) "assay:reject:*:" e ":" says

static const struct raw programs[] = {
	RAW(nothing_returned, REJECT("EACCES", "^R0 !read_ok$")),
	RAW(zero_returned, ACCEPT),
	RAW(call_not_relocated, REJECT("EINVAL", "jump out of range from insn 1 to 3")),
	RAW(call_not_relocated_straight, REJECT("EINVAL", "last insn is not an exit or jmp")),
	RAW(call_beyond_the_end, REJECT("EINVAL", "call to invalid destination")),
	RAW(jump_beyond_the_end, REJECT("EINVAL", "jump out of range from insn 0 to 98")),
	RAW(call_of_a_function, ACCEPT),
	/* The guest's descriptor 0 is /dev/null: a file, and no map. */
	RAW(map_fd_0, REJECT("EINVAL", "fd 0 is not pointing to valid bpf_map")),
	RAW(map_fd_closed, REJECT("EBADF", "fd 9999 is not pointing to valid bpf_map")),
	RAW(map_not_relocated, "assay:reject:<5.18:EACCES:R1 type=inv expected=map_ptr",
	    "assay:reject:>=5.18:EACCES:R1 type=scalar expected=map_ptr"),
};

static const struct raw with_map[] = { RAW(map_fd_right, ACCEPT) };

static const struct raw unprivileged[] = {
	RAW(half_a_key,
	    REJECT("EACCES", "invalid (indirect )?read from stack R2 off -8\\+1 size 8")),
	RAW(a_whole_key, ACCEPT),
};

static int load_with_map(struct exp *e, const struct raw *p, enum bpf_prog_type type, int map)
{
	struct bpf_insn insns[ARRAY_SIZE(half_a_key)];

	for (size_t i = 0; i < p->n; i++)
		insns[i] = p->insns[i];
	insns[MAP_AT].imm = map;
	return exp__load_record(e, p->name, type, insns, p->n, p->tags);
}

/* Kernels that let a privileged program have unwritten stack refuse it to others still. */
static int load_unprivileged(struct exp *e, const struct raw *p, int map)
{
	uint64_t before;
	int err, restored;

	err = caps__set_effective(0, &before);
	if (err)
		return exp__fail(e, err, "give up capabilities");
	err = load_with_map(e, p, BPF_PROG_TYPE_SOCKET_FILTER, map);
	restored = caps__set_effective(before, NULL);
	return err ? err : restored;
}

static int load_those_with_map(struct exp *e)
{
	int map = bpf_map_create(BPF_MAP_TYPE_HASH, "by_id", sizeof(__u64), sizeof(__u64), 1, NULL);
	int err = 0;

	if (map < 0)
		return exp__fail(e, -errno, "create a map");
	for (size_t i = 0; !err && i < ARRAY_SIZE(with_map); i++)
		err = load_with_map(e, &with_map[i], BPF_PROG_TYPE_KPROBE, map);
	for (size_t i = 0; !err && i < ARRAY_SIZE(unprivileged); i++)
		err = load_unprivileged(e, &unprivileged[i], map);
	close(map);
	return err;
}

int verifier_errors__raw_programs(struct exp *e)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(programs); i++) {
		const struct raw *p = &programs[i];

		err = exp__load_record(e, p->name, BPF_PROG_TYPE_KPROBE, p->insns, p->n, p->tags);
	}
	return err ? err : load_those_with_map(e);
}
