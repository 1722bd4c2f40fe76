// SPDX-License-Identifier: GPL-2.0-only
#include "raw.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/experiment.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define INSN(c, d, s, o, i)                                                         \
	{                                                                           \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) \
	}
#define MOV(dst, value)	    INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define MOV_REG(dst, src)   INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define ADD(dst, value)	    INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value)
#define LOAD64(dst, s, off) INSN(BPF_LDX | BPF_MEM | BPF_DW, dst, s, off, 0)
#define STORE64(off, value) INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, off, value)
#define STORE8(off, value)  INSN(BPF_ST | BPF_MEM | BPF_B, BPF_REG_10, 0, off, value)
#define GOTO(off)	    INSN(BPF_JMP | BPF_JA, 0, 0, off, 0)
#define GOTO_IF_0(reg, off) INSN(BPF_JMP | BPF_JEQ | BPF_K, reg, 0, off, 0)
#define CALL(helper)	    INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define CALL_FUNC(off)	    INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, off)
/* Takes two. */
#define LOAD_IMM64(dst, kind, value) \
	INSN(BPF_LD | BPF_IMM | BPF_DW, dst, kind, 0, value), INSN(0, 0, 0, 0, 0)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define CTX_LEN	  96   /* struct pt_regs of x86-64: the third argument */
#define CLOSED_FD 9999 /* more than a process may have open */

/* --- E4 ---------------------------------------------------------------------------------- */

static const struct bpf_insn nothing_returned[] = { EXIT };
static const struct bpf_insn zero_returned[] = { MOV(BPF_REG_0, 0), EXIT };

/* --- E12: what is left of a call that nobody relocated ----------------------------------- */

/* clang leaves "call -1" in a relocation's place: to the verifier a call of the instruction itself,
 * which thereby begins a function, and the jump leaves the one that it stands in. */
static const struct bpf_insn call_not_relocated[] = {
	LOAD64(BPF_REG_1, BPF_REG_1, CTX_LEN),
	GOTO_IF_0(BPF_REG_1, 1),
	CALL_FUNC(-1),
	MOV(BPF_REG_0, 0),
	EXIT,
};

/* The same without a jump over it. */
static const struct bpf_insn call_not_relocated_straight[] = {
	LOAD64(BPF_REG_1, BPF_REG_1, CTX_LEN),
	CALL_FUNC(-1),
	MOV(BPF_REG_0, 0),
	EXIT,
};

static const struct bpf_insn call_beyond_the_end[] = {
	LOAD64(BPF_REG_1, BPF_REG_1, CTX_LEN),
	GOTO_IF_0(BPF_REG_1, 1),
	CALL_FUNC(100),
	MOV(BPF_REG_0, 0),
	EXIT,
};

static const struct bpf_insn jump_beyond_the_end[] = {
	GOTO(97),
	MOV(BPF_REG_0, 0),
	EXIT,
};

/* The nearest that passes: the call has a function to go to. */
static const struct bpf_insn call_of_a_function[] = {
	LOAD64(BPF_REG_1, BPF_REG_1, CTX_LEN),
	GOTO_IF_0(BPF_REG_1, 1),
	CALL_FUNC(2),
	MOV(BPF_REG_0, 0),
	EXIT,
	MOV(BPF_REG_0, 0),
	EXIT,
};

/* --- E16: references to maps that were not relocated ------------------------------------- */

#define LOOKUP(kind, value)                                                                 \
	{                                                                                   \
		STORE64(-8, 0), MOV_REG(BPF_REG_2, BPF_REG_10), ADD(BPF_REG_2, -8),         \
			LOAD_IMM64(BPF_REG_1, kind, value), CALL(BPF_FUNC_map_lookup_elem), \
			MOV(BPF_REG_0, 0), EXIT,                                            \
	}

static const struct bpf_insn map_fd_0[] = LOOKUP(BPF_PSEUDO_MAP_FD, 0);
static const struct bpf_insn map_fd_closed[] = LOOKUP(BPF_PSEUDO_MAP_FD, CLOSED_FD);
static const struct bpf_insn map_not_relocated[] = LOOKUP(0, 0);

/* --- E3 by a loader without privileges --------------------------------------------------- */

/* One byte of a key's eight is written; `map` is put in when it is there. */
#define MAP_AT 3
static const struct bpf_insn half_a_key[] = {
	STORE8(-8, 1),
	MOV_REG(BPF_REG_2, BPF_REG_10),
	ADD(BPF_REG_2, -8),
	LOAD_IMM64(BPF_REG_1, BPF_PSEUDO_MAP_FD, 0),
	CALL(BPF_FUNC_map_lookup_elem),
	MOV(BPF_REG_0, 0),
	EXIT,
};
static const struct bpf_insn a_whole_key[] = {
	STORE64(-8, 1),
	MOV_REG(BPF_REG_2, BPF_REG_10),
	ADD(BPF_REG_2, -8),
	LOAD_IMM64(BPF_REG_1, BPF_PSEUDO_MAP_FD, 0),
	CALL(BPF_FUNC_map_lookup_elem),
	MOV(BPF_REG_0, 0),
	EXIT,
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
	RAW(nothing_returned, REJECT("EACCES", "R0 !read_ok")),
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

static const struct raw unprivileged[] = {
	RAW(half_a_key, REJECT("EACCES", "invalid indirect read from stack R2 off -8\\+1 size 8")),
	RAW(a_whole_key, ACCEPT),
};

/* The capabilities that count for the calling thread; those that it may raise again stay. */
static int set_effective(__u64 wanted, __u64 *before)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	if (before)
		*before = data[0].effective | (__u64)data[1].effective << 32;
	data[0].effective = (__u32)wanted;
	data[1].effective = (__u32)(wanted >> 32);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

static int load_unprivileged(struct exp *e, const struct raw *p, int map)
{
	struct bpf_insn insns[ARRAY_SIZE(half_a_key)];
	__u64 before;
	int err, restored;

	for (size_t i = 0; i < p->n; i++)
		insns[i] = p->insns[i];
	insns[MAP_AT].imm = map;
	err = set_effective(0, &before);
	if (err)
		return exp__fail(e, err, "give up capabilities");
	err = exp__load_record(e, p->name, BPF_PROG_TYPE_SOCKET_FILTER, insns, p->n, p->tags);
	restored = set_effective(before, NULL);
	return err ? err : restored;
}

/* Kernels that let a privileged program have unwritten stack refuse it to others still. */
static int measure_unprivileged(struct exp *e)
{
	int map = bpf_map_create(BPF_MAP_TYPE_HASH, "by_id", sizeof(__u64), sizeof(__u64), 1, NULL);
	int err = 0;

	if (map < 0)
		return exp__fail(e, -errno, "create a map");
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
	return err ? err : measure_unprivileged(e);
}
