// SPDX-License-Identifier: GPL-2.0-only
/* Numbers of a text that a read returns: added up and averaged where the text passes, on its way to
 * the reader or once it is in the reader's buffer. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define NEEDS_STRTOL                           \
	EXPECT_ACCEPT("+tracing-strtol|>=6.1") \
	EXPECT_REJECT("-tracing-strtol,<6.1", "EINVAL", "unknown func bpf_strtol#105")

#define PAGE	4096u
#define PAGES	16u /* of the largest read: 64 KiB */
#define CHUNK	64u /* bytes that digits_chunk goes through */
#define NUMBERS 32u /* that strtol_chunk takes */
#define NUMBER	24u /* characters of a number, with a sign and what ends it */
#define CARRY	32u /* room for the beginning of a number that the next page ends */

/* --- what the reader shares with us ------------------------------------------------------ */

__u64 reader;	   /* bpf_get_current_pid_tgid() of the thread that is meant; 0: nobody */
__u64 user_buffer; /* of the read that the thread is in, as `enter` saw it */
__u64 runs;	   /* of a reducing program */
__u64 failures;	   /* reads of the text that failed, and what was no number */

/* Where the parser stands: a number may begin in one page and end in the next. */
__u64 value, in_number, negative; /* digits */
__u64 at, end;			  /* strtol: in the text; what is not taken is carried over */
long sum;
__u64 count;

struct numbers {
	long sum, average;
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct numbers);
} results SEC(".maps");

/* The stack has 512 bytes. */
struct text {
	char at[2 *
		PAGE]; /* a page, and before it what was carried over; masked with 2 * PAGE - 1 */
	char beyond[NUMBER];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct text);
} texts SEC(".maps");

static __always_inline struct text *the_text(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&texts, &zero);
}

static __always_inline int is_reader(void)
{
	return bpf_get_current_pid_tgid() == reader;
}

/* BPF before its version 4 has no signed division. */
static __always_inline long average_of(long sum, __u64 count)
{
	if (!count)
		return 0;
	return sum < 0 ? -(long)(-(__u64)sum / count) : (long)((__u64)sum / count);
}

static __always_inline void report(void)
{
	struct numbers n = { .sum = sum, .average = average_of(sum, count), .count = count };
	__u32 zero = 0;

	bpf_map_update_elem(&results, &zero, &n, BPF_ANY);
}

/* --- digit by digit ---------------------------------------------------------------------- */

/* One character, without a branch: each would double the paths that the verifier follows. */
struct digits {
	__u64 value, in, negative, count;
	long sum;
};

static __always_inline void digits__take(struct digits *d, __u8 c)
{
	__u64 digit = (__u64)c - '0';
	__u64 is = (digit - 10) >> 63 & ~(digit >> 63);
	__u64 ends = d->in & ~is;

	d->sum += (long)(((d->value ^ -d->negative) + d->negative) & -ends);
	d->count += ends;
	d->value = (d->value * 10 + digit) & -is;
	d->negative = (((__u64)c ^ '-') - 1) >> 63 | (d->negative & is);
	d->in = is;
}

static __always_inline struct digits digits__load(void)
{
	return (struct digits){ .value = value, .in = in_number, .negative = negative };
}

static __always_inline void digits__store(const struct digits *d)
{
	value = d->value;
	in_number = d->in;
	negative = d->negative;
	sum += d->sum;
	count += d->count;
}

/* A function that is not static is verified once, by itself, and not again for each call: 64 KiB
 * cost the verifier little more than these few bytes. */
__attribute__((noinline)) int digits_chunk(__u32 from, __u32 to)
{
	struct text *text = the_text();
	struct digits d = digits__load();

	if (!text)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < CHUNK; i++) {
		__u32 where = from + i;

		if (where >= to)
			break;
		digits__take(&d, (__u8)text->at[where & (2 * PAGE - 1)]);
	}
	digits__store(&d);
	return 0;
}

__attribute__((noinline)) int digits_page(__u32 n)
{
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PAGE; i += CHUNK) {
		if (i >= n)
			break;
		digits_chunk(i, n);
	}
	return 0;
}

/* The same with bpf_loop, which came with 5.17: the verifier goes through the body once, however
 * often it runs. */
struct byte_loop {
	struct text *text;
	struct digits d;
};

static long take_byte(__u32 i, struct byte_loop *l)
{
	digits__take(&l->d, (__u8)l->text->at[i & (2 * PAGE - 1)]);
	return 0;
}

static __always_inline void bpf_loop_page(struct text *text, __u32 n)
{
	struct byte_loop l = { .text = text, .d = digits__load() };

	bpf_loop(n, take_byte, &l, 0);
	digits__store(&l.d);
}

/* --- by bpf_strtol ----------------------------------------------------------------------- */

/* Takes whole numbers. One that reaches the end of what there is may go on in the next page. */
__attribute__((noinline)) int strtol_chunk(void)
{
	struct text *text = the_text();
	__u64 here = at;
	long total = 0;
	__u64 n = 0;

	if (!text)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < NUMBERS; i++) {
		long number = 0, used;

		if (here >= end)
			break;
		used = bpf_strtol(text->at + (here & (2 * PAGE - 1)), NUMBER, 10, &number);
		if (used <= 0 || here + used >= end)
			break;
		here += used;
		total += number;
		n++;
	}
	at = here;
	sum += total;
	count += n;
	return 0;
}

__attribute__((noinline)) int strtol_page(void)
{
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PAGE / 2; i += NUMBERS) {
		if (at >= end)
			break;
		strtol_chunk();
	}
	return 0;
}

/* What is left goes to the text's beginning, and `end` behind it. */
static __always_inline void strtol_carry(struct text *text)
{
	__u64 left = end - at;

	if (left >= CARRY) {
		failures++;
		left = 0;
	}
	if (left)
		bpf_probe_read_kernel(text->at, left & (CARRY - 1),
				      text->at + (at & (2 * PAGE - 1)));
	at = 0;
	end = left;
}

/* --- a read's text, page by page --------------------------------------------------------- */

enum parser { DIGITS, BPF_LOOP, STRTOL };

static __always_inline bool fetch(struct text *text, __u64 where, __u64 n, const char *from,
				  bool kernel)
{
	long err;

	/* The bounds again, which clang knows and the verifier no longer does. */
	asm volatile("" : "+r"(n), "+r"(where));
	where &= CARRY - 1;
	if (n > PAGE)
		return false;
	if (kernel)
		err = bpf_probe_read_kernel(text->at + where, n, from);
	else
		err = bpf_probe_read_user(text->at + where, n, from);
	return !err;
}

/* A page or less, in a function that is not static, see digits_chunk. Negative: what went wrong. */
__attribute__((noinline)) int digits_take(__u64 from, __u32 n, __u32 kernel)
{
	struct text *text = the_text();

	if (!text || !fetch(text, 0, n, (const char *)from, kernel))
		return -1;
	return digits_page(n);
}

__attribute__((noinline)) int strtol_take(__u64 from, __u32 n, __u32 kernel)
{
	struct text *text = the_text();
	__u64 where = end;

	if (!text || !fetch(text, where, n, (const char *)from, kernel))
		return -1;
	end = where + n;
	/* Ends a number that the text breaks off. */
	text->at[end & (2 * PAGE - 1)] = 0;
	strtol_page();
	strtol_carry(text);
	return 0;
}

__attribute__((noinline)) int bpf_loop_take(__u64 from, __u32 n, __u32 kernel)
{
	struct text *text = the_text();

	if (!text || !fetch(text, 0, n, (const char *)from, kernel))
		return -1;
	bpf_loop_page(text, n);
	return 0;
}

static __always_inline void reduce(__u64 from, __u64 len, bool kernel, enum parser parser)
{
	runs++;
#pragma clang loop unroll(disable)
	for (__u32 page = 0; page < PAGES; page++) {
		__u64 done = page * PAGE, n = len - done;
		int err;

		if (done >= len)
			break;
		if (n > PAGE)
			n = PAGE;
		if (parser == DIGITS)
			err = digits_take(from + done, n, kernel);
		else if (parser == STRTOL)
			err = strtol_take(from + done, n, kernel);
		else
			err = bpf_loop_take(from + done, n, kernel);
		if (err)
			failures++;
	}
	report();
}

/* --- the programs, attached by the loader ------------------------------------------------ */

/* vfs_read(file, buf, count, pos): a read begins. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int enter(struct pt_regs *ctx)
{
	if (!is_reader())
		return 0;
	user_buffer = PT_REGS_PARM2(ctx);
	value = in_number = negative = 0;
	at = end = 0;
	sum = 0;
	count = 0;
	return 0;
}

/* The end of vfs_read: the text is in the reader's buffer. */
EXPECT_ACCEPT("*")
SEC("kretprobe")
int exit_digits(struct pt_regs *ctx)
{
	long n = PT_REGS_RC(ctx);

	if (is_reader() && n > 0)
		reduce(user_buffer, n, false, DIGITS);
	return 0;
}

NEEDS_STRTOL
SEC("kretprobe")
int exit_strtol(struct pt_regs *ctx)
{
	long n = PT_REGS_RC(ctx);

	if (is_reader() && n > 0)
		reduce(user_buffer, n, false, STRTOL);
	return 0;
}

EXPECT_ACCEPT(">=5.17")
EXPECT_REJECT("<5.17", "EINVAL", "number of funcs in func_info doesn't match number of subprogs")
SEC("kretprobe")
int exit_bpf_loop(struct pt_regs *ctx)
{
	long n = PT_REGS_RC(ctx);

	if (is_reader() && n > 0)
		reduce(user_buffer, n, false, BPF_LOOP);
	return 0;
}

/* copyout(to, from, n): once for each page, before it is copied. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int copyout_digits(struct pt_regs *ctx)
{
	if (is_reader())
		reduce(PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx), true, DIGITS);
	return 0;
}

NEEDS_STRTOL
SEC("kprobe")
int copyout_strtol(struct pt_regs *ctx)
{
	if (is_reader())
		reduce(PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx), true, STRTOL);
	return 0;
}

/* In the place of the copy. 0: no byte is left, so that the reader is told that all were read. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int override_digits(struct pt_regs *ctx)
{
	if (!is_reader())
		return 0;
	reduce(PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx), true, DIGITS);
	bpf_override_return(ctx, 0);
	return 0;
}

/* --- how much one program can go through by itself --------------------------------------- */

const volatile __u32 plain_bytes = 64; /* set by the loader before each load */

/* The same loop in the program itself: the verifier goes round it for every byte. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int plain_loop(struct pt_regs *ctx)
{
	struct text *text = the_text();
	struct digits d = digits__load();

	if (!text)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < plain_bytes; i++) {
		if (i >= end)
			break;
		digits__take(&d, (__u8)text->at[i & (2 * PAGE - 1)]);
	}
	digits__store(&d);
	return 0;
}
