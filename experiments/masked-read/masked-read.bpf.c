// SPDX-License-Identifier: GPL-2.0-only
/* A key of variable length is read into a buffer on the stack and counted: what convinces the
 * verifier that the length fits? The programs are only loaded, never attached. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* A byte of the stack that the program has not written: some kernels refuse it to a helper, later
 * ones let a privileged program have it. "bpf: Allow reads from uninit stack" is in mainline 6.3,
 * 5.10.222 and 6.1.100. Branches that were not looked at are not judged, nor older kernels, whose
 * message does not name the register. */
#define REJECT_UNWRITTEN(regex)                                                     \
	EXPECT_REJECT("5.10.*,>=5.10.33,<5.10.222|6.1.*,<6.1.100", "EACCES", regex) \
	EXPECT_ACCEPT("5.10.*,>=5.10.222|6.1.*,>=6.1.100|>=6.3")                    \
	EXPECT_ANY("<5.10.33|>=5.11,<6.1|6.2.*")

/* Nothing was written there or below: the verifier has no state for that part of the stack, and
 * went on refusing it until "bpf: Fix accesses to uninit stack slots" (mainline 6.8, 6.1.191). */
#define REJECT_UNKNOWN_STACK(regex)                        \
	EXPECT_REJECT("5.10.*,>=5.10.33", "EACCES", regex) \
	EXPECT_ACCEPT("6.1.*,>=6.1.191|>=6.8")             \
	EXPECT_ANY("<5.10.33|>=5.11,<6.1.191|>=6.2,<6.8")

/* An access that leaves the stack is refused everywhere. The errno became EINVAL with "bpf: Fix
 * verification of indirect var-off stack access" (mainline 6.8, 5.10.209, 6.1.75). */
#define REJECT_OUT_OF_STACK(where)                                              \
	EXPECT_REJECT("5.10.*,>=5.10.209|6.1.*,>=6.1.75|>=6.8", "EINVAL",       \
		      "invalid (indirect access|write) to stack R1 " where "$") \
	EXPECT_ANY("<5.10.209|>=5.11,<6.1.75|>=6.2,<6.8")

/* Not on the stack, which then holds nothing but the key. */
static const __u64 one = 1;

#define KEYS(size)                                 \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_HASH);   \
		__uint(max_entries, 64);           \
		__uint(key_size, size);            \
		__uint(value_size, sizeof(__u64)); \
	} keys_##size SEC(".maps")

KEYS(80);
KEYS(126);
KEYS(127);
KEYS(128);
KEYS(254);
KEYS(255);
KEYS(256);

/* vfs_write(file, buf, count, pos) stands for any function that is given a key and its length. */
static __always_inline const void *key_arg(struct pt_regs *ctx)
{
	return (const void *)PT_REGS_PARM2(ctx);
}

static __always_inline __u64 len_arg(struct pt_regs *ctx)
{
	return PT_REGS_PARM3(ctx);
}

static __always_inline void count_key(void *keys, const char *key)
{
	__u64 *hits = bpf_map_lookup_elem(keys, key);

	if (hits)
		__sync_fetch_and_add(hits, 1);
	else
		bpf_map_update_elem(keys, key, &one, BPF_ANY);
}

/* Reads `len` bytes, a size as the helper takes it. */
static __always_inline int read_and_count(struct pt_regs *ctx, void *keys, char *key, __u32 len)
{
	bpf_probe_read_user(key, len, key_arg(ctx));
	count_key(keys, key);
	return 0;
}

/* --- masked: len & 0xff ------------------------------------------------------------------ */

/* Up to 255 bytes to an address 80 bytes below the end of the stack. */
REJECT_OUT_OF_STACK("off=-80 size=255")
SEC("kprobe/vfs_write")
int mask_ff_buf_80(struct pt_regs *ctx)
{
	char key[80] = {};

	return read_and_count(ctx, &keys_80, key, len_arg(ctx) & 0xff);
}

REJECT_OUT_OF_STACK("off=-128 size=255")
SEC("kprobe/vfs_write")
int mask_ff_buf_126(struct pt_regs *ctx)
{
	char key[126] = {};

	return read_and_count(ctx, &keys_126, key, len_arg(ctx) & 0xff);
}

REJECT_OUT_OF_STACK("off=-128 size=255")
SEC("kprobe/vfs_write")
int mask_ff_buf_127(struct pt_regs *ctx)
{
	char key[127] = {};

	return read_and_count(ctx, &keys_127, key, len_arg(ctx) & 0xff);
}

/* One byte short: inside the stack, as variables are aligned to eight, but nobody wrote it. */
REJECT_UNWRITTEN("invalid indirect read from stack R1 off -256\\+254 size 255")
SEC("kprobe/vfs_write")
int mask_ff_buf_254(struct pt_regs *ctx)
{
	char key[254] = {};

	return read_and_count(ctx, &keys_254, key, len_arg(ctx) & 0xff);
}

/* A buffer as large as the mask: the pair that passes everywhere. */
EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int mask_ff_buf_255(struct pt_regs *ctx)
{
	char key[255] = {};

	return read_and_count(ctx, &keys_255, key, len_arg(ctx) & 0xff);
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int mask_ff_buf_256(struct pt_regs *ctx)
{
	char key[256] = {};

	return read_and_count(ctx, &keys_256, key, len_arg(ctx) & 0xff);
}

/* --- masked: len & 0x7f ------------------------------------------------------------------ */

REJECT_OUT_OF_STACK("off=-80 size=127")
SEC("kprobe/vfs_write")
int mask_7f_buf_80(struct pt_regs *ctx)
{
	char key[80] = {};

	return read_and_count(ctx, &keys_80, key, len_arg(ctx) & 0x7f);
}

/* Byte 126 is padding that nobody wrote. */
REJECT_UNWRITTEN("invalid indirect read from stack R1 off -128\\+126 size 127")
SEC("kprobe/vfs_write")
int mask_7f_buf_126(struct pt_regs *ctx)
{
	char key[126] = {};

	return read_and_count(ctx, &keys_126, key, len_arg(ctx) & 0x7f);
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int mask_7f_buf_127(struct pt_regs *ctx)
{
	char key[127] = {};

	return read_and_count(ctx, &keys_127, key, len_arg(ctx) & 0x7f);
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int mask_7f_buf_128(struct pt_regs *ctx)
{
	char key[128] = {};

	return read_and_count(ctx, &keys_128, key, len_arg(ctx) & 0x7f);
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int mask_7f_buf_255(struct pt_regs *ctx)
{
	char key[255] = {};

	return read_and_count(ctx, &keys_255, key, len_arg(ctx) & 0x7f);
}

/* --- clamped: if (len > sizeof(key)) len = sizeof(key) ----------------------------------- */

/* The length is a byte, as a USDT argument of one byte is. clang compares one copy of the register,
 * masked to a byte, and passes another, masked again: the bound that the comparison proved stays
 * with the first, and the second may be anything up to 255. */
REJECT_OUT_OF_STACK("off=-80 size=255")
SEC("kprobe/vfs_write")
int clamp_u8_buf_80(struct pt_regs *ctx)
{
	char key[80] = {};
	__u8 len = len_arg(ctx);

	if (len > sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_80, key, len);
}

REJECT_OUT_OF_STACK("off=-128 size=255")
SEC("kprobe/vfs_write")
int clamp_u8_buf_126(struct pt_regs *ctx)
{
	char key[126] = {};
	__u8 len = len_arg(ctx);

	if (len > sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_126, key, len);
}

REJECT_OUT_OF_STACK("off=-128 size=255")
SEC("kprobe/vfs_write")
int clamp_u8_buf_127(struct pt_regs *ctx)
{
	char key[127] = {};
	__u8 len = len_arg(ctx);

	if (len > sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_127, key, len);
}

/* No byte exceeds 255: the comparison disappears, and so does the trouble. */
EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int clamp_u8_buf_255(struct pt_regs *ctx)
{
	char key[255] = {};
	__u8 len = len_arg(ctx);

	if (len > sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_255, key, len);
}

/* The same byte, widened where clang can't see through it: one register, compared and passed. */
EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int clamp_u8_barrier_buf_80(struct pt_regs *ctx)
{
	char key[80] = {};
	__u64 len = (__u8)len_arg(ctx);

	asm volatile("" : "+r"(len));
	if (len > sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_80, key, len);
}

/* Leaving early instead of clamping is no better: again one copy is compared, another passed. */
REJECT_OUT_OF_STACK("off=-80 size=255")
SEC("kprobe/vfs_write")
int clamp_u8_return_buf_80(struct pt_regs *ctx)
{
	char key[80] = {};
	__u8 len = len_arg(ctx);

	if (len > sizeof(key))
		return 0;
	return read_and_count(ctx, &keys_80, key, len);
}

/* A 32-bit length: the comparison is made on the lower half (w2) and the whole register goes to
 * the helper, whose size argument is 32 bits wide, so that clang needs not clear the upper half. */
EXPECT_REJECT("*", "EACCES", "^R2 unbounded memory access, use 'var &= const'")
SEC("kprobe/vfs_write")
int clamp_u32_buf_80(struct pt_regs *ctx)
{
	char key[80] = {};
	__u32 len = len_arg(ctx);

	if (len > sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_80, key, len);
}

/* A signed length and one comparison: nothing says that it is not negative. */
EXPECT_REJECT("*", "EACCES", "^R2 min value is negative, either use unsigned or")
SEC("kprobe/vfs_write")
int clamp_signed_buf_80(struct pt_regs *ctx)
{
	char key[80] = {};
	__s64 len = len_arg(ctx);

	if (len > (__s64)sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_80, key, len);
}

/* As wide as a register and unsigned: the clamp that works, for any size of the buffer. */
EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int clamp_u64_buf_80(struct pt_regs *ctx)
{
	char key[80] = {};
	__u64 len = len_arg(ctx);

	if (len > sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_80, key, len);
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int clamp_u64_buf_126(struct pt_regs *ctx)
{
	char key[126] = {};
	__u64 len = len_arg(ctx);

	if (len > sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_126, key, len);
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int clamp_u64_buf_127(struct pt_regs *ctx)
{
	char key[127] = {};
	__u64 len = len_arg(ctx);

	if (len > sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_127, key, len);
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int clamp_u64_buf_255(struct pt_regs *ctx)
{
	char key[255] = {};
	__u64 len = len_arg(ctx);

	if (len > sizeof(key))
		len = sizeof(key);
	return read_and_count(ctx, &keys_255, key, len);
}

/* --- not bounded, not written ------------------------------------------------------------ */

EXPECT_REJECT("*", "EACCES", "^R2 min value is negative, either use unsigned or")
SEC("kprobe/vfs_write")
int no_bound_buf_80(struct pt_regs *ctx)
{
	char key[80] = {};

	return read_and_count(ctx, &keys_80, key, len_arg(ctx));
}

REJECT_UNKNOWN_STACK("invalid indirect read from stack R1 off -128\\+0 size 127")
SEC("kprobe/vfs_write")
int mask_7f_buf_128_not_zeroed(struct pt_regs *ctx)
{
	char key[128];

	return read_and_count(ctx, &keys_128, key, len_arg(ctx) & 0x7f);
}

/* A constant size: the helper is known to write all of it, and nothing has to be there before. */
EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int const_127_buf_127_not_zeroed(struct pt_regs *ctx)
{
	char key[127];

	return read_and_count(ctx, &keys_127, key, 127);
}

/* --- a result variable that nobody initialised ------------------------------------------- */

/* bpf_strtol is offered to sysctl programs by every kernel that has it. Its fourth argument points
 * to the result, which it only writes; the verifier wanted it to be initialised all the same. */
struct parsed {
	char text[16];
	long number;
};

REJECT_UNWRITTEN("invalid indirect read from stack R4 off -8\\+0 size 8")
SEC("cgroup/sysctl")
int result_not_initialised(struct bpf_sysctl *ctx)
{
	struct parsed p;

	if (bpf_sysctl_get_current_value(ctx, p.text, sizeof(p.text)) < 0)
		return 1;
	return bpf_strtol(p.text, sizeof(p.text), 0, &p.number) > 0 && p.number > 600;
}

EXPECT_ACCEPT("*")
SEC("cgroup/sysctl")
int result_initialised(struct bpf_sysctl *ctx)
{
	struct parsed p = { .number = 0 };

	if (bpf_sysctl_get_current_value(ctx, p.text, sizeof(p.text)) < 0)
		return 1;
	return bpf_strtol(p.text, sizeof(p.text), 0, &p.number) > 0 && p.number > 600;
}

/* The other way round, the result is the lowest variable of the stack. That helpers only write it
 * is known to the verifier since "bpf: Fix helper writes to read-only maps" (6.1.120). */
struct parsed_low {
	long number;
	char text[16];
};

EXPECT_REJECT("5.10.*,>=5.10.33", "EACCES",
	      "invalid indirect read from stack R4 off -24\\+0 size 8")
EXPECT_ACCEPT("6.1.*,>=6.1.120|>=6.8")
EXPECT_ANY("<5.10.33|>=5.11,<6.1.120|>=6.2,<6.8")
SEC("cgroup/sysctl")
int result_lowest_not_initialised(struct bpf_sysctl *ctx)
{
	struct parsed_low p;

	if (bpf_sysctl_get_current_value(ctx, p.text, sizeof(p.text)) < 0)
		return 1;
	return bpf_strtol(p.text, sizeof(p.text), 0, &p.number) > 0 && p.number > 600;
}

EXPECT_ACCEPT("*")
SEC("cgroup/sysctl")
int result_lowest_initialised(struct bpf_sysctl *ctx)
{
	struct parsed_low p = { .number = 0 };

	if (bpf_sysctl_get_current_value(ctx, p.text, sizeof(p.text)) < 0)
		return 1;
	return bpf_strtol(p.text, sizeof(p.text), 0, &p.number) > 0 && p.number > 600;
}
