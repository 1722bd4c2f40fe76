/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader and the BPF programs of read-tracepoint share. */
#ifndef READ_TRACEPOINT_H
#define READ_TRACEPOINT_H

#include <linux/types.h>

/* The records of syscalls:sys_enter_read and sys_exit_read, as tracefs describes them; the loader
 * compares each member with the `format` file. The first eight bytes are not for BPF programs:
 * they get a kernel pointer there, and the verifier keeps them from reading it. */
struct enter_read {
	unsigned short common_type;
	unsigned char common_flags;
	unsigned char common_preempt_count;
	int common_pid;
	int __syscall_nr;
	__u64 fd;
	__u64 buf;
	__u64 count;
};

struct exit_read {
	unsigned short common_type;
	unsigned char common_flags;
	unsigned char common_preempt_count;
	int common_pid;
	int __syscall_nr;
	long ret;
};

/* What happens in one read, in the trail of `both_ways` (bpf/trail.h). */
enum tracepoint_event {
	EVENT_READ,	/* read(2) is called; the value: bytes asked for */
	EVENT_ENTER,	/* the value: the file descriptor */
	EVENT_VFS_READ, /* the value: 0 */
	EVENT_COPYOUT,	/* the value: the buffer's first byte, before the copy */
	EVENT_EXIT,	/* the value: its first byte after it */
	EVENT_RETURNED, /* the value: what read(2) returned */
	NR_EVENTS
};

/* Who reads. Each kind reads a size of its own, by which the programs count and never filter. */
enum reader_kind {
	KIND_TARGET,	  /* the read that is meant */
	KIND_LOW_HALF,	  /* same thread and fd; the buffer's address has the same low 32 bits */
	KIND_OTHER_FD,	  /* same thread and buffer, another fd */
	KIND_MAIN_THREAD, /* same process and fd, its main thread, another buffer */
	KIND_FORK_BUFFER, /* another process: same fd, same address of the buffer */
	KIND_FORK,	  /* another process: same fd, another buffer */
	NR_KINDS
};
#define KIND_SIZE(kind) (3001 + (kind)) /* bytes that one read asks for, and gets */

/* What an event is compared with. */
enum filter {
	FILTER_NOTHING,
	FILTER_FD,
	FILTER_TGID,
	FILTER_PID,
	FILTER_TGID_IN_LOW_HALF, /* the process's number where the thread's is */
	FILTER_PID_IN_HIGH_HALF, /* the thread's number where the process's is */
	FILTER_BUFFER,
	FILTER_BUFFER_U32, /* against a map whose value has four bytes */
	FILTER_FD_TGID,
	FILTER_FD_PID_BUFFER,
	FILTER_EXIT_NOTHING,
	FILTER_EXIT_PID,
	FILTER_EXIT_ENTERED, /* the thread whose entry matched fd, pid and buffer */
	NR_FILTERS
};

/* User space to BPF: what to look for. */
struct wanted {
	__u64 buf; /* 0: nothing */
	__u32 fd, tgid, pid;
};

#define SEEN_BYTES 16

/* BPF to user space: the last read that matched fd, pid and buffer. */
struct seen {
	__u64 buf, count;
	__u32 fd, tgid, pid;
	int enter_nr, exit_nr;
	long ret;
	char before[SEEN_BYTES], after[SEEN_BYTES]; /* of the buffer, on entry and on exit */
};

#endif
