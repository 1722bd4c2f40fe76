// SPDX-License-Identifier: GPL-2.0-only
/* The tracepoints of read(2): what their records hold, and by what a read is recognised. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"
#include "read-tracepoint.h"
#include "trail.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wanted);
} wanted SEC(".maps");

/* The address of the buffer once more, where only half of it fits. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} wanted_u32 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

/* From entry to exit: the buffer of the thread that is in a read. The record of the exit has none.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u64);
} entered SEC(".maps");

__u64 matched[NR_FILTERS][NR_KINDS];
__u64 sink; /* keeps the compiler from leaving out reads whose value nobody needs */

static __always_inline void note(enum filter filter, __u64 size, bool matches)
{
	__u64 kind = size - KIND_SIZE(0);

	if (matches && kind < NR_KINDS)
		__sync_fetch_and_add(&matched[filter][kind], 1);
}

static __always_inline void fill_seen(const struct enter_read *ctx, __u64 id)
{
	__u32 zero = 0;
	struct seen *s = bpf_map_lookup_elem(&seen, &zero);

	if (!s)
		return;
	s->buf = ctx->buf;
	s->count = ctx->count;
	s->fd = ctx->fd;
	s->tgid = id >> 32;
	s->pid = id;
	s->enter_nr = ctx->__syscall_nr;
	bpf_probe_read_user(s->before, sizeof(s->before), (const void *)ctx->buf);
}

EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_enter_read")
int enter(struct enter_read *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), buf = ctx->buf, size = ctx->count;
	__u32 zero = 0, pid = id, tgid = id >> 32, fd = ctx->fd;
	struct wanted *w = bpf_map_lookup_elem(&wanted, &zero);
	__u32 *low = bpf_map_lookup_elem(&wanted_u32, &zero);
	bool exact;

	if (!w || !low || !w->buf)
		return 0;
	exact = fd == w->fd && pid == w->pid && buf == w->buf;
	note(FILTER_NOTHING, size, true);
	note(FILTER_FD, size, fd == w->fd);
	note(FILTER_TGID, size, tgid == w->tgid);
	note(FILTER_PID, size, pid == w->pid);
	note(FILTER_TGID_IN_LOW_HALF, size, pid == w->tgid);
	note(FILTER_PID_IN_HIGH_HALF, size, tgid == w->pid);
	note(FILTER_BUFFER, size, buf == w->buf);
	note(FILTER_BUFFER_U32, size, (__u32)buf == *low);
	note(FILTER_FD_TGID, size, fd == w->fd && tgid == w->tgid);
	note(FILTER_FD_PID_BUFFER, size, exact);
	if (!exact)
		return 0;
	bpf_map_update_elem(&entered, &id, &buf, BPF_ANY);
	trail_note(EVENT_ENTER, fd);
	fill_seen(ctx, id);
	return 0;
}

EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_exit_read")
int leave(struct exit_read *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *buf;
	__u32 zero = 0;
	struct wanted *w = bpf_map_lookup_elem(&wanted, &zero);
	struct seen *s = bpf_map_lookup_elem(&seen, &zero);

	if (!w || !s || !w->buf)
		return 0;
	note(FILTER_EXIT_NOTHING, ctx->ret, true);
	note(FILTER_EXIT_PID, ctx->ret, (__u32)id == w->pid);
	buf = bpf_map_lookup_elem(&entered, &id);
	if (!buf)
		return 0;
	note(FILTER_EXIT_ENTERED, ctx->ret, true);
	s->exit_nr = ctx->__syscall_nr;
	s->ret = ctx->ret;
	bpf_probe_read_user(s->after, sizeof(s->after), (const void *)*buf);
	trail_note(EVENT_EXIT, s->after[0]);
	bpf_map_delete_elem(&entered, &id);
	return 0;
}

/* --- between entry and exit --------------------------------------------------------------- */

/* The read that is meant: its thread is in it, and its buffer comes along by the map. */
EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int inside_vfs_read(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (bpf_map_lookup_elem(&entered, &id))
		trail_note(EVENT_VFS_READ, 0);
	return 0;
}

/* On copyout(to, from, n), whatever it is called. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int inside_copyout(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *buf = bpf_map_lookup_elem(&entered, &id);
	char first = 0;

	if (!buf || *buf != (__u64)PT_REGS_PARM1(ctx))
		return 0;
	bpf_probe_read_user(&first, sizeof(first), (const void *)*buf);
	trail_note(EVENT_COPYOUT, first);
	return 0;
}

/* --- the verdicts ------------------------------------------------------------------------ */

#define BAD_POINTER "R[0-9] invalid mem access '(inv|scalar)'"

/* The record's first eight bytes are tracefs's; a BPF program must not look at them. */
EXPECT_REJECT("*", "EACCES", "invalid bpf_context access off=4 size=4")
SEC("tracepoint/syscalls/sys_enter_read")
int common_pid(struct enter_read *ctx)
{
	sink = ctx->common_pid;
	return 0;
}

EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_enter_read")
int syscall_nr(struct enter_read *ctx)
{
	sink = ctx->__syscall_nr;
	return 0;
}

/* To the verifier the buffer's address is a number. */
EXPECT_REJECT("*", "EACCES", BAD_POINTER)
SEC("tracepoint/syscalls/sys_enter_read")
int enter_dereferences(struct enter_read *ctx)
{
	sink = *(volatile char *)ctx->buf;
	return 0;
}

EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_enter_read")
int enter_probe_read_user(struct enter_read *ctx)
{
	char byte = 0;

	bpf_probe_read_user(&byte, sizeof(byte), (const void *)ctx->buf);
	sink = byte;
	return 0;
}

/* So it is when it comes from a map. */
EXPECT_REJECT("*", "EACCES", BAD_POINTER)
SEC("tracepoint/syscalls/sys_exit_read")
int exit_dereferences(struct exit_read *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u64 *buf = bpf_map_lookup_elem(&entered, &id);

	if (buf)
		sink = *(volatile char *)*buf;
	return 0;
}

EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_exit_read")
int exit_probe_read_user(struct exit_read *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u64 *buf = bpf_map_lookup_elem(&entered, &id);
	char byte = 0;

	if (buf)
		bpf_probe_read_user(&byte, sizeof(byte), (const void *)*buf);
	sink = byte;
	return 0;
}

/* The address, asked of the map in which half of it fits. */
EXPECT_REJECT("*", "EACCES", "invalid access to map value, value_size=4 off=0 size=8")
SEC("tracepoint/syscalls/sys_enter_read")
int u64_from_u32_map(struct enter_read *ctx)
{
	__u32 zero = 0;
	__u64 *buf = bpf_map_lookup_elem(&wanted_u32, &zero);

	sink = buf && *buf == ctx->buf;
	return 0;
}

EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_enter_read")
int u32_from_u32_map(struct enter_read *ctx)
{
	__u32 zero = 0;
	__u32 *buf = bpf_map_lookup_elem(&wanted_u32, &zero);

	sink = buf && *buf == (__u32)ctx->buf;
	return 0;
}

/* --- accepted, and refused where they are attached --------------------------------------- */

/* A fourth argument, as pread64 has and read has not. */
struct too_long {
	struct enter_read read;
	__u64 pos;
};

EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_enter_read")
int enter_with_fourth_argument(struct too_long *ctx)
{
	sink = ctx->pos;
	return 0;
}

/* The record of the entry, expected at the exit. */
EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_exit_read")
int exit_with_buffer(struct enter_read *ctx)
{
	sink = ctx->buf;
	return 0;
}

/* No longer than the exit's record: what the struct calls fd is the return value. */
EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_exit_read")
int exit_with_fd(struct enter_read *ctx)
{
	sink = ctx->fd;
	return 0;
}
