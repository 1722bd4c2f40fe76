// SPDX-License-Identifier: GPL-2.0-only
/* What a program prints, and what else comes out. Every program runs once, for one thread. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static long (*bpf_dmesg_print)(const char *str, __u32 len) = ASSAY_HELPER(dmesg_print);

__u64 reader; /* bpf_get_current_pid_tgid() of the thread that is meant; 0: nobody */
__u64 runs;
long returned;	 /* by the helper that prints */
__u64 pointer;	 /* whose bytes are printed */
char source[64]; /* "01 02 03", from the loader */

#define PROGRAM(name)                   \
	EXPECT_ACCEPT("*")              \
	SEC("kprobe/__x64_sys_getpgid") \
	int name(struct pt_regs *ctx)

static __always_inline int is_reader(void)
{
	if (bpf_get_current_pid_tgid() != reader)
		return 0;
	runs++;
	return 1;
}

/* A format that lies on the stack, as all did before there were global data. */
#define PRINT(format, ...)                                                            \
	({                                                                            \
		char format_[] = format;                                              \
		returned = bpf_trace_printk(format_, sizeof(format_), ##__VA_ARGS__); \
	})

#define PREVIOUS "full buffer %s\n"

/* Two characters without a NUL, and behind them the format of the previous message. A struct, as
 * the order of variables on the stack is the compiler's. */
struct two {
	char number[2];
	char previous[sizeof(PREVIOUS)];
};

/* The same with room for a NUL. */
struct three {
	char number[3];
	char previous[sizeof(PREVIOUS)];
};

/* --- the previous format in the output ---------------------------------------------------- */

PROGRAM(unterminated)
{
	struct two s = { { '0', '1' }, PREVIOUS };
	char all[] = "x";

	if (!is_reader())
		return 0;
	bpf_trace_printk(s.previous, sizeof(s.previous), all);
	PRINT("char %s", s.number);
	return 0;
}

PROGRAM(terminated)
{
	struct three s = { "01", PREVIOUS };
	char all[] = "x";

	if (!is_reader())
		return 0;
	bpf_trace_printk(s.previous, sizeof(s.previous), all);
	PRINT("char %s", s.number);
	return 0;
}

/* It reads as many bytes as it is told. */
PROGRAM(probe_read)
{
	struct two s = { { 0 }, PREVIOUS };

	if (!is_reader())
		return 0;
	bpf_probe_read_kernel(s.number, sizeof(s.number), source);
	PRINT("char %s", s.number);
	return 0;
}

/* It reads one byte less, and puts a NUL behind them. */
PROGRAM(probe_read_str)
{
	struct three s = { { 0 }, PREVIOUS };

	if (!is_reader())
		return 0;
	bpf_probe_read_kernel_str(s.number, sizeof(s.number), source);
	PRINT("char %s", s.number);
	return 0;
}

PROGRAM(probe_read_str_too_small)
{
	struct two s = { { 0 }, PREVIOUS };

	if (!is_reader())
		return 0;
	bpf_probe_read_kernel_str(s.number, sizeof(s.number), source);
	PRINT("char %s", s.number);
	return 0;
}

/* The last eight bytes of the program's stack, and no NUL in them: what follows is the kernel's. */
PROGRAM(top_of_stack)
{
	long out;

	if (!is_reader())
		return 0;
	asm volatile("r1 = 0x64636261\n"
		     "*(u32 *)(r10 - 8) = r1\n" /* "abcd" */
		     "r1 = 0x68676665\n"
		     "*(u32 *)(r10 - 4) = r1\n" /* "efgh" */
		     "r1 = 0x7325\n"
		     "*(u64 *)(r10 - 16) = r1\n" /* "%s" */
		     "r1 = r10\n"
		     "r1 += -16\n"
		     "r2 = 3\n"
		     "r3 = r10\n"
		     "r3 += -8\n"
		     "call %[print]\n"
		     "%[out] = r0\n"
		     : [out] "=r"(out)
		     : [print] "i"(BPF_FUNC_trace_printk)
		     : "r0", "r1", "r2", "r3", "r4", "r5");
	returned = out;
	return 0;
}

/* --- formats that the helper refuses ------------------------------------------------------ */

PROGRAM(format_without_nul)
{
	char format[4] = { 'a', 'b', 'c', 'd' };

	if (is_reader())
		returned = bpf_trace_printk(format, sizeof(format));
	return 0;
}

PROGRAM(format_with_nul)
{
	char format[5] = "abcd";

	if (is_reader())
		returned = bpf_trace_printk(format, sizeof(format));
	return 0;
}

/* More than one NUL. */
PROGRAM(format_padded)
{
	char format[16] = "abcd";

	if (is_reader())
		returned = bpf_trace_printk(format, sizeof(format));
	return 0;
}

PROGRAM(two_strings)
{
	char a[] = "first", b[] = "second";

	if (is_reader())
		PRINT("%s %s", a, b);
	return 0;
}

/* --- addresses ---------------------------------------------------------------------------- */

/* An address as %p, and as a number. */
PROGRAM(address)
{
	if (!is_reader())
		return 0;
	pointer = PT_REGS_IP(ctx);
	PRINT("as p %p as lx %lx", (void *)pointer, pointer);
	return 0;
}

/* The variable that holds the text's address, in place of the text. */
PROGRAM(trace_pointer)
{
	__u64 variable[2] = { 0 };

	if (!is_reader())
		return 0;
	pointer = PT_REGS_IP(ctx);
	variable[0] = pointer;
	PRINT("pointer %s", (char *)variable);
	return 0;
}

PROGRAM(trace_text)
{
	char text[] = "42";

	if (is_reader())
		PRINT("pointer %s", text);
	return 0;
}

/* --- the helper of the patches ------------------------------------------------------------ */

/* Without it the placeholder's number stays in the call. */
#define DMESG_PROGRAM(name)                                                    \
	EXPECT_ACCEPT("+dmesg-print")                                          \
	EXPECT_REJECT("-dmesg-print", "EINVAL", "invalid func unknown#[0-9]+") \
	SEC("kprobe/__x64_sys_getpgid")                                        \
	int name(struct pt_regs *ctx)

DMESG_PROGRAM(dmesg_text)
{
	char text[8] = "42";

	if (is_reader())
		returned = bpf_dmesg_print(text, sizeof(text));
	return 0;
}

/* The address of a variable that holds an address of the kernel's code. */
DMESG_PROGRAM(dmesg_kernel_address)
{
	__u64 variable;

	if (!is_reader())
		return 0;
	pointer = PT_REGS_IP(ctx);
	variable = pointer;
	returned = bpf_dmesg_print((char *)&variable, sizeof(variable));
	return 0;
}

/* A pointer to the text on the stack. */
DMESG_PROGRAM(dmesg_stack_pointer)
{
	char text[8] = "42";
	char *variable = text;

	if (!is_reader())
		return 0;
	pointer = (__u64)variable;
	returned = bpf_dmesg_print((char *)&variable, sizeof(variable));
	return 0;
}

/* A pointer to a text in a map. */
DMESG_PROGRAM(dmesg_map_pointer)
{
	char *variable = source;

	if (!is_reader())
		return 0;
	pointer = (__u64)variable;
	returned = bpf_dmesg_print((char *)&variable, sizeof(variable));
	return 0;
}
