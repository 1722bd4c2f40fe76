/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader and the BPF programs of read-path share. */
#ifndef READ_PATH_H
#define READ_PATH_H

#include <linux/types.h>

/* Functions on the way of a read, in the order in which they are called. Which of them a kernel
 * has, and which a file system passes, differs. */
#define READ_PATH_STEPS(STEP)            \
	STEP(ksys_read)                  \
	STEP(vfs_read)                   \
	STEP(new_sync_read)              \
	STEP(ext4_file_read_iter)        \
	STEP(shmem_file_read_iter)       \
	STEP(generic_file_read_iter)     \
	STEP(generic_file_buffered_read) \
	STEP(filemap_read)               \
	STEP(copy_page_to_iter)          \
	STEP(copy_page_to_iter_iovec)    \
	STEP(_copy_to_iter)              \
	STEP(copyout)                    \
	STEP(copyout_bpf)                \
	STEP(copyout_ftrace)             \
	STEP(raw_copy_to_user)

#define READ_PATH_STEP_ENUM(function) STEP_##function,
enum read_path_step { READ_PATH_STEPS(READ_PATH_STEP_ENUM) NR_STEPS };

/* One hit of a probe. */
struct event {
	__u64 ns; /* bpf_ktime_get_ns */
	__u64 at; /* address of the function; 0 where it returns */
	__u64 cpu;
};
#define MAX_EVENTS 32

/* What happens to the bytes of one read or write, in its trail (bpf/trail.h). */
enum bytes_event {
	BYTES_CALL, /* the system call; the value: bytes asked for */
	BYTES_LOOK, /* the helpers read; the value: what bpf_probe_read_user of the buffer gave */
	BYTES_COPYOUT,	/* copyout's entry, where only its arguments are noted */
	BYTES_WRITE,	/* the value: what bpf_probe_write_user gave */
	BYTES_RETURNED, /* the value: what the call returned, or -errno */
	NR_BYTES_EVENTS
};

#define TEXT 64 /* a power of two */

/* What the helpers made of copyout's (or vfs_write's) arguments: their results, and the bytes. */
struct access {
	long ret;
	char bytes[TEXT];
};

enum access_kind {
	KERNEL_OF_FROM,	    /* bpf_probe_read_kernel of the kernel's address */
	KERNEL_STR_OF_FROM, /* bpf_probe_read_kernel_str of it */
	USER_OF_FROM,	    /* bpf_probe_read_user of it */
	USER_OF_TO,	    /* bpf_probe_read_user of the reader's address */
	USER_STR_OF_TO,
	OLD_OF_TO,    /* bpf_probe_read of it */
	KERNEL_OF_TO, /* bpf_probe_read_kernel of it */
	WRITE_TO, /* bpf_probe_write_user there; the bytes: what bpf_probe_read_user then sees */
	NR_ACCESSES
};

#endif
