// SPDX-License-Identifier: GPL-2.0-only
/* Numbers parsed in the kernel: who is offered the helpers, which mistakes the verifier finds, and
 * what a program makes of the bytes that a read is about to return. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static long (*bpf_kstrtol)(const char *buf, __u64 buf_len, __u32 base,
			   long *res) = ASSAY_HELPER(kstrtol);
static long (*bpf_kstrtol_nosize)(const char *buf, __u32 base,
				  long *res) = ASSAY_HELPER(kstrtol_nosize);
static long (*bpf_kstrtol_base)(const char *buf, __u32 base,
				long *res) = ASSAY_HELPER(kstrtol_base);
static long (*bpf_dmesg_print)(const char *str, __u32 len) = ASSAY_HELPER(dmesg_print);
static long (*bpf_dmesg_print_nosize)(const char *str) = ASSAY_HELPER(dmesg_print_nosize);

/* bpf_strtol came to 5.2 for programs on sysctls. All types have it since mainline 6.1, "bpf:
 * expose bpf_strtol and bpf_strtoul to all program types"; before, the patch that is called
 * tracing-strtol offers it to tracing programs. */
#define OFFERED	    "+tracing-strtol|>=6.1"
#define NOT_OFFERED "-tracing-strtol,<6.1"
#define NEEDS_STRTOL(name)     \
	EXPECT_ACCEPT(OFFERED) \
	EXPECT_REJECT(NOT_OFFERED, "EINVAL", "^unknown func bpf_" name "$")

/* A helper of the patches. Without it the placeholder's number stays in the call. */
#define NO_SUCH_HELPER "^invalid func unknown#1733427[0-9]+$" /* ASSAY_HELPER_BASE */
#define NEEDS_HELPER(feature)      \
	EXPECT_ACCEPT("+" feature) \
	EXPECT_REJECT("-" feature, "EINVAL", NO_SUCH_HELPER)
#define REJECT_WRONG_PROTO(regex)                       \
	EXPECT_REJECT("+wrong-protos", "EINVAL", regex) \
	EXPECT_REJECT("-wrong-protos", "EINVAL", NO_SUCH_HELPER)

/* --- the verdicts: bpf_strtol ------------------------------------------------------------ */

NEEDS_STRTOL("strtol#105")
SEC("kprobe/vfs_read")
int strtol_kprobe(struct pt_regs *ctx)
{
	char text[8] = "42";
	long number = 0;

	return bpf_strtol(text, sizeof(text), 10, &number) > 0 && number == 42;
}

NEEDS_STRTOL("strtoul#106")
SEC("kprobe/vfs_read")
int strtoul_kprobe(struct pt_regs *ctx)
{
	char text[8] = "42";
	unsigned long number = 0;

	return bpf_strtoul(text, sizeof(text), 10, &number) > 0 && number == 42;
}

/* The same helper in a program of the type that always had it. */
EXPECT_ACCEPT(">=5.2")
EXPECT_ANY("<5.2")
SEC("cgroup/sysctl")
int strtol_sysctl(struct bpf_sysctl *ctx)
{
	char text[8] = "42";
	long number = 0;

	return bpf_strtol(text, sizeof(text), 10, &number) > 0 && number == 42;
}

/* The result variable is not initialised, and is the lowest of the stack: 5.10.262
 * refuses that, too, see masked-read, result_lowest_not_initialised. */
EXPECT_REJECT("+tracing-strtol,<6.1", "EACCES",
	      "invalid indirect read from stack R4 off -16\\+0 size 8")
EXPECT_REJECT("-tracing-strtol,<6.1", "EINVAL", "^unknown func bpf_strtol#105$")
EXPECT_ACCEPT("6.1.*,>=6.1.120|>=6.8")
EXPECT_ANY(">=6.1,<6.1.120|>=6.2,<6.8")
SEC("kprobe/vfs_read")
int strtol_result_not_initialised(struct pt_regs *ctx)
{
	char text[8] = "42";
	long number;

	return bpf_strtol(text, sizeof(text), 10, &number) > 0 && number == 42;
}

/* --- the verdicts: bpf_kstrtol ----------------------------------------------------------- */

NEEDS_HELPER("kstrtol")
SEC("kprobe/vfs_read")
int kstrtol_right(struct pt_regs *ctx)
{
	char text[4] = "42";
	long number = 0;

	return !bpf_kstrtol(text, sizeof(text), 10, &number) && number == 42;
}

/* No size follows the pointer to memory: the prototype breaks the verifier's rules, and every
 * program that calls the helper is rejected for it. */
REJECT_WRONG_PROTO("^kernel subsystem misconfigured func bpf_kstrtol_nosize#[0-9]+$")
SEC("kprobe/vfs_read")
int kstrtol_nosize(struct pt_regs *ctx)
{
	char text[4] = "42";
	long number = 0;

	return !bpf_kstrtol_nosize(text, 10, &number) && number == 42;
}

/* The base stands where the prototype declares the size: four bytes for a base of ten. */
REJECT_WRONG_PROTO("^invalid (indirect access to|read from) stack R1 off=-4 size=10$")
SEC("kprobe/vfs_read")
int kstrtol_base(struct pt_regs *ctx)
{
	char text[4] = "42";
	long number = 0;

	return !bpf_kstrtol_base(text, 10, &number) && number == 42;
}

/* The nearest program that passes: the buffer happens to be as large as the base. */
NEEDS_HELPER("wrong-protos")
SEC("kprobe/vfs_read")
int kstrtol_base_fits(struct pt_regs *ctx)
{
	char text[10] = "42";
	long number = 0;

	return !bpf_kstrtol_base(text, 10, &number) && number == 42;
}

/* --- the verdicts: bpf_dmesg_print ------------------------------------------------------- */

NEEDS_HELPER("dmesg-print")
SEC("kprobe/vfs_read")
int dmesg_print_right(struct pt_regs *ctx)
{
	char text[8] = "hello";

	bpf_dmesg_print(text, sizeof(text));
	return 0;
}

REJECT_WRONG_PROTO("^kernel subsystem misconfigured func bpf_dmesg_print_nosize#[0-9]+$")
SEC("kprobe/vfs_read")
int dmesg_print_nosize(struct pt_regs *ctx)
{
	char text[8] = "hello";

	bpf_dmesg_print_nosize(text);
	return 0;
}

/* --- at work: attached by the loader ----------------------------------------------------- */

/* copyout(to, from, n), with what is read in the kernel's memory, or vfs_write(file, buf, count,
 * pos), with what is written in the program's: buffer and length are the same arguments. */
__u64 reader; /* bpf_get_current_pid_tgid() of the thread that is meant; 0: nobody */
__u64 kernel_buffer;
__u64 base;
__u64 runs;

struct numbers {
	long sum, average;
	__u64 count;
	long error; /* of the helper that ended it, 0 at the end of the text */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct numbers);
} results SEC(".maps");

#define TEXT	    64 /* a power of two: offsets are masked with it */
#define NUMBER	    24 /* characters of a number with the blanks before it */
#define MAX_NUMBERS 16

struct text {
	char at[TEXT + NUMBER];
};

static __always_inline int is_reader(void)
{
	return bpf_get_current_pid_tgid() == reader;
}

/* Returns how many bytes there are. */
static __always_inline __u64 fetch(struct pt_regs *ctx, struct text *text)
{
	const void *from = (const void *)PT_REGS_PARM2(ctx);
	__u64 len = PT_REGS_PARM3(ctx);

	runs++;
	if (len > TEXT)
		len = TEXT;
	if (kernel_buffer)
		bpf_probe_read_kernel(text->at, len, from);
	else
		bpf_probe_read_user(text->at, len, from);
	return len;
}

/* BPF before its version 4 has no signed division. */
static __always_inline long average(long sum, __u64 count)
{
	if (!count)
		return 0;
	return sum < 0 ? -(long)(-(__u64)sum / count) : (long)((__u64)sum / count);
}

static __always_inline void report(struct numbers *n)
{
	__u32 zero = 0;

	bpf_map_update_elem(&results, &zero, n, BPF_ANY);
}

/* Adds what a helper parsed; false when it found no number. */
static __always_inline bool take(struct numbers *n, long number, long used)
{
	if (used <= 0) {
		n->error = used;
		return false;
	}
	n->sum += number;
	n->count++;
	return true;
}

NEEDS_STRTOL("strtol#105")
SEC("kprobe")
int sum_strtol(struct pt_regs *ctx)
{
	struct numbers n = { 0 };
	struct text text = { 0 };
	__u64 len, at = 0;

	if (!is_reader())
		return 0;
	len = fetch(ctx, &text);
	for (int i = 0; i < MAX_NUMBERS && at < len; i++) {
		long number = 0;
		long used = bpf_strtol(text.at + (at & (TEXT - 1)), NUMBER, base, &number);

		if (!take(&n, number, used))
			break;
		at += used;
	}
	n.average = average(n.sum, n.count);
	report(&n);
	return 0;
}

NEEDS_STRTOL("strtoul#106")
SEC("kprobe")
int sum_strtoul(struct pt_regs *ctx)
{
	struct numbers n = { 0 };
	struct text text = { 0 };
	__u64 len, at = 0;

	if (!is_reader())
		return 0;
	len = fetch(ctx, &text);
	for (int i = 0; i < MAX_NUMBERS && at < len; i++) {
		unsigned long number = 0;
		long used = bpf_strtoul(text.at + (at & (TEXT - 1)), NUMBER, base, &number);

		if (!take(&n, number, used))
			break;
		at += used;
	}
	n.average = n.count ? (__u64)n.sum / n.count : 0;
	report(&n);
	return 0;
}

/* The whole text is one number. */
NEEDS_HELPER("kstrtol")
SEC("kprobe")
int whole_kstrtol(struct pt_regs *ctx)
{
	struct numbers n = { 0 };
	struct text text = { 0 };

	if (!is_reader())
		return 0;
	fetch(ctx, &text);
	n.error = bpf_kstrtol(text.at, TEXT, base, &n.sum);
	n.count = !n.error;
	n.average = n.sum;
	report(&n);
	return 0;
}

/* The text goes to the kernel's log as it is. */
NEEDS_HELPER("dmesg-print")
SEC("kprobe")
int print_dmesg(struct pt_regs *ctx)
{
	struct numbers n = { 0 };
	struct text text = { 0 };

	if (!is_reader())
		return 0;
	fetch(ctx, &text);
	n.sum = bpf_dmesg_print(text.at, TEXT);
	report(&n);
	return 0;
}
