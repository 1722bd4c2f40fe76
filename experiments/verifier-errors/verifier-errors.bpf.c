// SPDX-License-Identifier: GPL-2.0-only
/* One program for each of the verifier's usual complaints, and beside it the nearest one that
 * passes. They are only loaded, never attached. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Stack that the program has not written. Some kernels refuse it to a helper, later ones let a
 * privileged program have it: "bpf: Allow reads from uninit stack" is in mainline 6.3, 5.10.222 and
 * 6.1.100. Branches that were not looked at are not judged, nor older kernels, whose message does
 * not name the register. */
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

/* "bpf: Replace invalid memory access message" renamed the type: 'inv' until 5.17. */
#define REJECT_NO_POINTER(reg)                                                 \
	EXPECT_REJECT("<5.18", "EACCES", "^" reg " invalid mem access 'inv'$") \
	EXPECT_REJECT(">=5.18", "EACCES", "^" reg " invalid mem access 'scalar'$")

struct word {
	char text[6];
};

struct event {
	__u32 pid, kind;
	__u64 bytes;
};

/* Seven bytes between the two that no assignment reaches. */
struct padded {
	__u8 kind;
	__u64 id;
};

#define HASH(name, key_type, value_type)         \
	struct {                                 \
		__uint(type, BPF_MAP_TYPE_HASH); \
		__uint(max_entries, 64);         \
		__type(key, key_type);           \
		__type(value, value_type);       \
	} name SEC(".maps")

HASH(words, struct word, __u64);
HASH(events, __u64, struct event);
HASH(by_padded, struct padded, __u64);
HASH(by_id, __u64, __u64);
HASH(ids, __u64, __u32);

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} stream SEC(".maps");

/* Not on the stack, which then holds nothing but the variable in question. */
static const __u64 one = 1;

/* --- E3: stack that nobody wrote --------------------------------------------------------- */

REJECT_UNWRITTEN("invalid indirect read from stack R2 off -8\\+1 size 6")
SEC("kprobe/vfs_read")
int array_not_initialised(struct pt_regs *ctx)
{
	struct word query;

	query.text[0] = 'S';
	return bpf_map_lookup_elem(&words, &query) != NULL;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int array_initialised(struct pt_regs *ctx)
{
	struct word query = { 0 };

	query.text[0] = 'S';
	return bpf_map_lookup_elem(&words, &query) != NULL;
}

REJECT_UNWRITTEN("invalid indirect read from stack R3 off -16\\+4 size 16")
SEC("kprobe/vfs_read")
int struct_not_initialised(struct pt_regs *ctx)
{
	struct event event;

	event.pid = bpf_get_current_pid_tgid() >> 32;
	return bpf_map_update_elem(&events, &one, &event, BPF_ANY);
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int struct_initialised(struct pt_regs *ctx)
{
	struct event event = { 0 };

	event.pid = bpf_get_current_pid_tgid() >> 32;
	return bpf_map_update_elem(&events, &one, &event, BPF_ANY);
}

/* Written on one way only. On the other nothing of the stack was written at all. */
REJECT_UNKNOWN_STACK("invalid indirect read from stack R2 off -8\\+0 size 8")
SEC("kprobe/vfs_read")
int argument_not_initialised(struct pt_regs *ctx)
{
	__u64 argument;

	if (PT_REGS_PARM3(ctx))
		argument = PT_REGS_PARM3(ctx);
	return bpf_map_lookup_elem(&by_id, &argument) != NULL;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int argument_initialised(struct pt_regs *ctx)
{
	__u64 argument = 0;

	if (PT_REGS_PARM3(ctx))
		argument = PT_REGS_PARM3(ctx);
	return bpf_map_lookup_elem(&by_id, &argument) != NULL;
}

REJECT_UNWRITTEN("invalid indirect read from stack R2 off -16\\+1 size 16")
SEC("kprobe/vfs_read")
int padding_in_key(struct pt_regs *ctx)
{
	struct padded key;

	key.kind = 1;
	key.id = PT_REGS_PARM3(ctx);
	return bpf_map_lookup_elem(&by_padded, &key) != NULL;
}

/* Naming all members is no better: C says nothing of the padding, and clang leaves it. */
REJECT_UNWRITTEN("invalid indirect read from stack R2 off -16\\+1 size 16")
SEC("kprobe/vfs_read")
int padding_named_members(struct pt_regs *ctx)
{
	struct padded key = { .kind = 1, .id = PT_REGS_PARM3(ctx) };

	return bpf_map_lookup_elem(&by_padded, &key) != NULL;
}

REJECT_UNWRITTEN("invalid indirect read from stack R4 off -16\\+1 size 16")
SEC("kprobe/vfs_read")
int padding_in_output(struct pt_regs *ctx)
{
	struct padded out;

	out.kind = 1;
	out.id = PT_REGS_PARM3(ctx);
	return bpf_perf_event_output(ctx, &stream, BPF_F_CURRENT_CPU, &out, sizeof(out));
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int padding_zeroed(struct pt_regs *ctx)
{
	struct padded key;

	__builtin_memset(&key, 0, sizeof(key));
	key.kind = 1;
	key.id = PT_REGS_PARM3(ctx);
	return bpf_map_lookup_elem(&by_padded, &key) != NULL;
}

/* --- E4: a register that nobody wrote ---------------------------------------------------- */

/* A variable whose address nobody takes is a register. clang warns, and passes on whatever the
 * register holds: here nothing. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wuninitialized"
EXPECT_REJECT("*", "EACCES", "^R3 !read_ok$")
SEC("kprobe/vfs_read")
int pointer_not_initialised(struct pt_regs *ctx)
{
	const void *from;
	char first = 0;

	bpf_probe_read_kernel(&first, sizeof(first), from);
	return first;
}
#pragma clang diagnostic pop

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int pointer_initialised(struct pt_regs *ctx)
{
	const void *from = NULL;
	char first = 0;

	bpf_probe_read_kernel(&first, sizeof(first), from);
	return first;
}

EXPECT_REJECT("*", "EACCES", "^R9 !read_ok$")
SEC("kprobe/vfs_read")
int register_not_written(struct pt_regs *ctx)
{
	long value;

	asm volatile("%0 = r9" : "=r"(value));
	return value;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int register_written(struct pt_regs *ctx)
{
	long value;

	asm volatile("r9 = 0\n\t%0 = r9" : "=r"(value) : : "r9");
	return value;
}

/* A call to a helper leaves r1 to r5 without a value, and so the context in r1. */
EXPECT_REJECT("*", "EACCES", "^R1 !read_ok$")
SEC("kprobe/vfs_read")
int register_lost_in_call(struct pt_regs *ctx)
{
	long value;

	asm volatile("r1 = %[ctx]\n\t"
		     "call %[helper]\n\t"
		     "%[value] = *(u64 *)(r1 + 96)"
		     : [value] "=r"(value)
		     : [ctx] "r"(ctx), [helper] "i"(BPF_FUNC_get_current_pid_tgid)
		     : "r0", "r1", "r2", "r3", "r4", "r5");
	return value;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int register_kept_over_call(struct pt_regs *ctx)
{
	long value;

	asm volatile("r6 = %[ctx]\n\t"
		     "call %[helper]\n\t"
		     "%[value] = *(u64 *)(r6 + 96)"
		     : [value] "=r"(value)
		     : [ctx] "r"(ctx), [helper] "i"(BPF_FUNC_get_current_pid_tgid)
		     : "r0", "r1", "r2", "r3", "r4", "r5", "r6");
	return value;
}

/* --- E5, E11: a value that is no pointer ------------------------------------------------- */

/* The kernel's address of the current task: to the verifier a number as any other. */
REJECT_NO_POINTER("R0")
SEC("kprobe/vfs_read")
int task_dereferenced(struct pt_regs *ctx)
{
	const long *task = (const long *)bpf_get_current_task();

	return *task != 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int task_probe_read(struct pt_regs *ctx)
{
	const long *task = (const long *)bpf_get_current_task();
	long value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), task);
	return value != 0;
}

/* A pointer that was taken from a map is a number, too, when it comes back. */
REJECT_NO_POINTER("R1")
SEC("kprobe/vfs_read")
int stored_pointer_dereferenced(struct pt_regs *ctx)
{
	__u64 *stored = bpf_map_lookup_elem(&by_id, &one);

	if (!stored)
		return 0;
	return *(const int *)*stored;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int stored_pointer_probe_read(struct pt_regs *ctx)
{
	__u64 *stored = bpf_map_lookup_elem(&by_id, &one);
	int value = 0;

	if (stored)
		bpf_probe_read_kernel(&value, sizeof(value), (const void *)*stored);
	return value;
}

/* copyout(to, from, n): `from` is memory of the kernel. It is loaded only, not attached: copyout is
 * inlined in most kernels. */
REJECT_NO_POINTER("R1")
SEC("kprobe/copyout")
int buffer_dereferenced(struct pt_regs *ctx)
{
	const char *from = (const char *)PT_REGS_PARM2(ctx);

	return from[0] == '0';
}

EXPECT_ACCEPT("*")
SEC("kprobe/copyout")
int buffer_probe_read(struct pt_regs *ctx)
{
	const char *from = (const char *)PT_REGS_PARM2(ctx);
	char first = 0;

	bpf_probe_read_kernel(&first, sizeof(first), from);
	return first == '0';
}

/* --- E7: builtins that stay within what the compiler writes out --------------------------- */

/* Four bytes are compared in place; from eight on clang 14 may call memcmp instead, which no
 * object can (see memcmp.bpf.c). In place it is a dereference as any other. */
REJECT_NO_POINTER("R1")
SEC("kprobe/vfs_write")
int memcmp_on_argument(struct pt_regs *ctx)
{
	return __builtin_memcmp((const void *)PT_REGS_PARM2(ctx), "get ", 4) == 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int memcmp_on_copy(struct pt_regs *ctx)
{
	char command[4] = { 0 };

	bpf_probe_read_user(command, sizeof(command), (const void *)PT_REGS_PARM2(ctx));
	return __builtin_memcmp(command, "get ", 4) == 0;
}

/* --- E9, E10: values of maps ------------------------------------------------------------- */

EXPECT_REJECT("*", "EACCES", "^R0 invalid mem access 'map_value_or_null'$")
SEC("kprobe/vfs_read")
int lookup_not_checked(struct pt_regs *ctx)
{
	__u64 *value = bpf_map_lookup_elem(&by_id, &one);

	return *value != 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int lookup_checked(struct pt_regs *ctx)
{
	__u64 *value = bpf_map_lookup_elem(&by_id, &one);

	return value && *value != 0;
}

/* Two lines: the second is the general complaint behind every access that is out of bounds. */
EXPECT_REJECT("*", "EACCES",
	      "invalid access to map value, value_size=4 off=0 size=8[[:space:]]+"
	      "R1 min value is outside of the (allowed memory|array) range")
SEC("kprobe/vfs_read")
int u32_read_as_u64(struct pt_regs *ctx)
{
	__u64 *value = bpf_map_lookup_elem(&ids, &one);

	return value ? *value != 0 : 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int u32_read_as_u32(struct pt_regs *ctx)
{
	__u32 *value = bpf_map_lookup_elem(&ids, &one);

	return value ? *value != 0 : 0;
}

/* --- E14: a map where memory is expected ------------------------------------------------- */

/* What the old loader made of a string literal: its relocation was bound to the first map. */
EXPECT_REJECT("*", "EACCES", "R1 type=map_ptr expected=fp, pkt, pkt_meta, ")
SEC("kprobe/vfs_read")
int map_given_as_text(struct pt_regs *ctx)
{
	return bpf_trace_printk((const char *)&words, 6);
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int text_on_stack(struct pt_regs *ctx)
{
	char text[] = "hello";

	return bpf_trace_printk(text, sizeof(text));
}

/* Since 5.2 constants have a map of their own, and libbpf binds a literal's relocation to that. */
EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int text_literal(struct pt_regs *ctx)
{
	return bpf_trace_printk("hello", sizeof("hello"));
}

/* --- E12: the nearest call that is one --------------------------------------------------- */

EXPECT_ACCEPT("*")
SEC("cgroup/sysctl")
int calls_helper(struct bpf_sysctl *ctx)
{
	char text[8] = "42";
	long number = 0;

	return bpf_strtol(text, sizeof(text), 10, &number) > 0 && number == 42;
}

/* --- E21: 512 bytes of stack ------------------------------------------------------------- */

EXPECT_ANY("<5.10.33|>=5.11,<5.12") /* EACCES, "invalid stack off=-520 size=8" */
EXPECT_REJECT("5.10.*,>=5.10.33|>=5.12", "EACCES", "invalid write to stack R10 off=-520 size=8")
SEC("kprobe/vfs_read")
int frame_of_520(struct pt_regs *ctx)
{
	asm volatile("r1 = 0\n\t*(u64 *)(r10 - 520) = r1" : : : "r1", "memory");
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int frame_of_512(struct pt_regs *ctx)
{
	asm volatile("r1 = 0\n\t*(u64 *)(r10 - 512) = r1" : : : "r1", "memory");
	return 0;
}

/* Each frame fits; the chain of calls does not. Frames are rounded up to 32 bytes. */
#define FRAME(name, size)                                              \
	static __noinline int name(__u64 seed)                         \
	{                                                              \
		char buf[size] = { 0 };                                \
                                                                       \
		bpf_probe_read_kernel(buf, sizeof(buf), (void *)seed); \
		return buf[seed & 31];                                 \
	}
#define CALLER(name, size, callee)                                     \
	static __noinline int name(__u64 seed)                         \
	{                                                              \
		char buf[size] = { 0 };                                \
                                                                       \
		bpf_probe_read_kernel(buf, sizeof(buf), (void *)seed); \
		return callee(seed + buf[0]) + buf[seed & 31];         \
	}

FRAME(leaf_256, 256)
CALLER(caller_256, 256, leaf_256)
CALLER(caller_224, 224, leaf_256)

/* From 6.12 on, with the JIT, the first function, which writes nothing, takes nothing, where it
 * took 32 before (round_up_stack_depth). When that came between 6.2 and 6.11 has not been looked
 * at. */
EXPECT_REJECT("<6.2", "EACCES", "combined stack size of 3 calls is 544\\. Too large")
EXPECT_ANY(">=6.2,<6.12")
EXPECT_ACCEPT(">=6.12")
SEC("kprobe/vfs_read")
int frames_of_544(struct pt_regs *ctx)
{
	return caller_256(PT_REGS_PARM3(ctx));
}

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int frames_of_512(struct pt_regs *ctx)
{
	return caller_224(PT_REGS_PARM3(ctx));
}

/* --- E24: the section's name ------------------------------------------------------------- */

/* In C the slip of the pen is a tab: the section is "<TAB>racepoint/…". */
EXPECT_REJECT("*", "EINVAL",
	      "'section_tab': missing BPF prog type, check ELF section name '[[:space:]]racepoint/")
SEC("\tracepoint/syscalls/sys_enter_read")
int section_tab(void *ctx)
{
	return 0;
}

EXPECT_REJECT("*", "EINVAL",
	      "'section_backslash': missing BPF prog type, check ELF section name '[\\]tracepoint/")
SEC("\\tracepoint/syscalls/sys_enter_read")
int section_backslash(void *ctx)
{
	return 0;
}

EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_enter_read")
int section_right(void *ctx)
{
	return 0;
}
