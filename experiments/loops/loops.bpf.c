// SPDX-License-Identifier: GPL-2.0-only
/* Ways to do something many times, and to compare two strings in particular: which of them does
 * the verifier of which kernel take? All but the last ones are only loaded, never attached. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"
#include "read.h"
#include "trail.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define TEXT 12 /* characters that are looked at */
#define ROOM 16 /* for them: a power of two, as offsets are masked with it */

/* What is compared, on the stack of each program: what vfs_write(file, buf, count, pos) is given.
 */
struct text {
	char at[ROOM];
};

static const char wanted[TEXT] = LOOPS_WANTED;

static __always_inline void fetch(struct pt_regs *ctx, struct text *text)
{
	bpf_probe_read_user(text->at, sizeof(text->at), (const void *)PT_REGS_PARM2(ctx));
}

/* --- loops ------------------------------------------------------------------------------- */

/* As clang writes it: a jump back. Refused altogether before 5.3. */
EXPECT_ACCEPT(">=5.3")
EXPECT_ANY("<5.3")
SEC("kprobe/vfs_write")
int loop_bounded(struct pt_regs *ctx)
{
	struct text text = { 0 };
	int sum = 0;

	fetch(ctx, &text);
#pragma clang loop unroll(disable)
	for (int i = 0; i < TEXT; i++)
		sum += text.at[i];
	return sum;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int loop_unrolled(struct pt_regs *ctx)
{
	struct text text = { 0 };
	int sum = 0;

	fetch(ctx, &text);
#pragma clang loop unroll(full)
	for (int i = 0; i < TEXT; i++)
		sum += text.at[i];
	return sum;
}

/* The bound is not known, and yet there is one. */
EXPECT_ACCEPT(">=5.3")
EXPECT_ANY("<5.3")
SEC("kprobe/vfs_write")
int loop_of_input_bounded(struct pt_regs *ctx)
{
	__u64 len = PT_REGS_PARM3(ctx);
	struct text text = { 0 };
	int sum = 0;

	fetch(ctx, &text);
#pragma clang loop unroll(disable)
	for (int i = 0; i < TEXT; i++) {
		if (i >= len)
			break;
		sum += text.at[i];
	}
	return sum;
}

/* The condition is open, and nothing changes from one round to the next. */
EXPECT_ANY("<5.3")
EXPECT_REJECT(">=5.3", "EINVAL", "infinite loop detected at insn [0-9]+")
SEC("kprobe/vfs_write")
int loop_endless(struct pt_regs *ctx)
{
	__u64 len = PT_REGS_PARM3(ctx);

	asm volatile("1: if %[len] != 0 goto 1b" : : [len] "r"(len));
	return 0;
}

/* --- loops by the kernel ----------------------------------------------------------------- */

struct sum {
	const struct text *text;
	int value;
};

static long add(__u32 i, struct sum *sum)
{
	if (i < TEXT)
		sum->value += sum->text->at[i & (ROOM - 1)];
	return 0;
}

/* Before 5.13 a program can't even hold the address of a function of its own: the verifier finds
 * none, and wonders at the description of one. */
#define NO_CALLBACKS "number of funcs in func_info doesn't match number of subprogs"
EXPECT_ACCEPT(">=5.17")
EXPECT_REJECT("<5.13", "EINVAL", NO_CALLBACKS)
EXPECT_ANY(">=5.13,<5.17")
SEC("kprobe/vfs_write")
int loop_helper(struct pt_regs *ctx)
{
	struct text text = { 0 };
	struct sum sum = { .text = &text };

	fetch(ctx, &text);
	bpf_loop(TEXT, add, &sum, 0);
	return sum.value;
}

/* As many rounds as the helper allows: the verifier looks at one. */
EXPECT_ACCEPT(">=5.17")
EXPECT_REJECT("<5.13", "EINVAL", NO_CALLBACKS)
EXPECT_ANY(">=5.13,<5.17")
SEC("kprobe/vfs_write")
int loop_helper_8m(struct pt_regs *ctx)
{
	struct text text = { 0 };
	struct sum sum = { .text = &text };

	fetch(ctx, &text);
	bpf_loop(1 << 23, add, &sum, 0);
	return sum.value;
}

/* Iterators of numbers ("open-coded"), in the kernel since 6.4. */
struct numbers {
	__u64 opaque;
} __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct numbers *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct numbers *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct numbers *it) __weak __ksym;

EXPECT_ANY(">=6.4") /* accepted by mainline */
EXPECT_REJECT("<5.13", "EINVAL", "BPF_CALL uses reserved fields")
EXPECT_REJECT(">=6.1,<6.4", "EACCES", "R0 invalid mem access 'scalar'")
EXPECT_ANY(">=5.13,<6.1")
SEC("kprobe/vfs_write")
int loop_iterator(struct pt_regs *ctx)
{
	struct text text = { 0 };
	struct numbers it;
	int sum = 0, *i;

	fetch(ctx, &text);
	bpf_iter_num_new(&it, 0, TEXT);
	while ((i = bpf_iter_num_next(&it)))
		sum += text.at[*i & (ROOM - 1)];
	bpf_iter_num_destroy(&it);
	return sum;
}

/* --- strings ----------------------------------------------------------------------------- */

EXPECT_ACCEPT(">=5.3")
EXPECT_ANY("<5.3")
SEC("kprobe/vfs_write")
int string_loop(struct pt_regs *ctx)
{
	struct text text = { 0 };

	fetch(ctx, &text);
#pragma clang loop unroll(disable)
	for (int i = 0; i < TEXT; i++)
		if (text.at[i] != wanted[i])
			return 0;
	return 1;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int string_unrolled(struct pt_regs *ctx)
{
	struct text text = { 0 };

	fetch(ctx, &text);
#pragma clang loop unroll(full)
	for (int i = 0; i < TEXT; i++)
		if (text.at[i] != wanted[i])
			return 0;
	return 1;
}

EXPECT_ACCEPT(">=5.17")
EXPECT_REJECT("<5.17", "EINVAL", "invalid func unknown#182")
SEC("kprobe/vfs_write")
int string_helper(struct pt_regs *ctx)
{
	struct text text = { 0 };

	fetch(ctx, &text);
	return bpf_strncmp(text.at, TEXT, wanted) == 0;
}

/* In pieces that clang compares in place; for all twelve bytes at once it would call memcmp, which
 * nobody has (see verifier-errors). */
EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int string_memcmp(struct pt_regs *ctx)
{
	struct text text = { 0 };

	fetch(ctx, &text);
	return !__builtin_memcmp(text.at, "get ", 4) && !__builtin_memcmp(text.at + 4, "one_", 4) &&
	       !__builtin_memcmp(text.at + 8, "key", 4);
}

/* --- strings that are read ---------------------------------------------------------------- */

__u64 thread; /* bpf_get_current_pid_tgid() of the thread that is meant; 0: nobody */

static __always_inline int by_loop(const struct text *text)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < TEXT; i++)
		if (text->at[i] != wanted[i])
			return 0;
	return 1;
}

static __always_inline int by_unrolled(const struct text *text)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < TEXT; i++)
		if (text->at[i] != wanted[i])
			return 0;
	return 1;
}

static __always_inline int by_words(const struct text *text)
{
	return !__builtin_memcmp(text->at, "get ", 4) &&
	       !__builtin_memcmp(text->at + 4, "one_", 4) &&
	       !__builtin_memcmp(text->at + 8, "key", 4);
}

static __always_inline int by_helper(const struct text *text)
{
	return bpf_strncmp(text->at, TEXT, wanted) == 0;
}

/* On copyout(to, from, n), whatever it is called: the file's first bytes lie at `from`. */
#define AT_COPYOUT(name, event)                                                                    \
	SEC("kprobe")                                                                              \
	int copyout_##name(struct pt_regs *ctx)                                                    \
	{                                                                                          \
		struct text text = { 0 };                                                          \
                                                                                                   \
		if (bpf_get_current_pid_tgid() != thread)                                          \
			return 0;                                                                  \
		bpf_probe_read_kernel(text.at, sizeof(text.at), (const void *)PT_REGS_PARM2(ctx)); \
		trail_note(event, by_##name(&text));                                               \
		return 0;                                                                          \
	}

EXPECT_ACCEPT(">=5.5")
EXPECT_ANY("<5.5")
AT_COPYOUT(loop, EVENT_LOOP)

EXPECT_ACCEPT(">=5.5")
EXPECT_ANY("<5.5")
AT_COPYOUT(unrolled, EVENT_UNROLLED)

EXPECT_ACCEPT(">=5.5")
EXPECT_ANY("<5.5")
AT_COPYOUT(words, EVENT_WORDS)

EXPECT_ACCEPT(">=5.17")
EXPECT_REJECT("<5.17", "EINVAL", "invalid func unknown#182")
AT_COPYOUT(helper, EVENT_HELPER)
