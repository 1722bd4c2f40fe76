/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_VM_H
#define ASSAY_VM_VM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "model/splat.h"
#include "model/timing.h"
#include "vm/accel.h"

struct pollfd;

struct vm_opts {
	const char *qemu; /* NULL: qemu-system-x86_64 from PATH */
	const char *vmlinux;
	const char *initramfs;
	const char *append;	   /* added to the kernel's command line, or NULL */
	const char *console;	   /* file for the kernel's messages (created) */
	enum accel accel;	   /* settled: not ACCEL_AUTO */
	enum timing timing;	   /* TIMING_ICOUNT takes ACCEL_TCG */
	unsigned int cpus, mem_mb; /* 0: 1 CPU, 512 MB */
	unsigned int threads;	   /* of each core; cpus is a multiple of it; 0: 1 */
	bool tty;		   /* add the raw port of `assay shell` */
	int boot_timeout_ms;	   /* 0: 60 s */
	int cancel_fd;		   /* or -1 */
	const char *const *drives; /* raw disk images, NULL-terminated, or NULL (virtio-blk) */
	/* Neither makes another machine of it (vm/snapshot.h). */
	bool qmp;     /* add QEMU's monitor */
	int state_fd; /* a saved state that it goes on from, read from the file's position; 0: boot
		       */
	const char *console_before; /* with it: what the console's file begins with; or NULL */
	size_t console_before_len;
};

/* QEMU's command line; pure, for tests and for `assay run -v`. fds: numbers of the inherited
 * sockets. */
int vm_argv(const struct vm_opts *o, const char *qemu, int wire_fd, int tty_fd, struct strv *argv);

/* How a conversation with the guest ended. */
enum vm_end {
	VM_DONE,      /* the awaited event came */
	VM_TIMEOUT,   /* it did not come in time */
	VM_PANIC,     /* the kernel panicked or oopsed to death: see excerpt */
	VM_SPLAT,     /* a splat on the console that ends the run (lockup, stall, hung task, BUG) */
	VM_DIED,      /* QEMU ended by itself, or the guest powered off or reset: see detail */
	VM_CANCELLED, /* cancel_fd */
	VM_BAD_STREAM, /* the event stream is damaged */
	VM_FAILED,     /* a system call of ours: see detail */
};
const char *vm_end__name(enum vm_end e);

struct vm_outcome {
	enum vm_end end;
	enum splat splat; /* on the console meanwhile; can be set for VM_DONE too */
	int err;	  /* -ENOSPC: VM_FAILED because the host's disk is full; else 0 */
	char *detail;	  /* one sentence: what and, where known, why; NULL for VM_DONE */
	char *excerpt;	  /* console lines around the trouble, or the last ones; NULL for VM_DONE */
};
void vm_outcome__release(struct vm_outcome *o);

struct vm;
/* Starts QEMU (dies with us, own process group). 0 or -errno, logged. */
int vm__start(const struct vm_opts *opts, struct vm **out);
/* Waits for the guest's hello (0, or -errno). On anything but VM_DONE, detail says the likely
 * reason (no console, no virtio-console, no initramfs, panic at mounting root, ...). hello is
 * borrowed from the vm. */
int vm__wait_hello(struct vm *vm, const json_t **hello, struct vm_outcome *o);
/* Steals the reference. 0 or -errno: -EPIPE when QEMU is gone, -ETIMEDOUT when it takes nothing. */
int vm__send(struct vm *vm, json_t *job);
/* Hands every event to on_event (borrowed) until it returns 1 (VM_DONE) or a negative errno
 * (VM_FAILED), or trouble ends it. Looks at the console all the while. timeout_ms is for the whole
 * call, or from the last event for which on_event returned 2; 0: none. When a fatal splat shows,
 * the guest is given a moment to print the rest. */
void vm__pump(struct vm *vm, int timeout_ms, int (*on_event)(void *ctx, const json_t *event),
	      void *ctx, struct vm_outcome *o);
int vm__tty_fd(const struct vm *vm); /* the raw port, or -1 */

/* Descriptors of the caller's that vm__pump waits for as well. on_ready is called when poll(2)
 * found any of them ready, with revents set; it may change fd (negative: not waited for) and
 * events. It returns 0 or a negative errno, which ends vm__pump with VM_FAILED. */
struct vm_watch {
	struct pollfd *fds;
	unsigned int nr; /* at most VM_WATCH_MAX */
	int (*on_ready)(void *ctx, struct pollfd *fds);
	void *ctx;
};
#define VM_WATCH_MAX 4
void vm__watch(struct vm *vm, const struct vm_watch *watch); /* borrowed; NULL: none */

/* Ends the guest: asks for poweroff, then kills; frees. Safe at any time and with NULL. */
void vm__stop(struct vm *vm);
/* The same at once, for a guest whose end nobody looks at. */
void vm__kill(struct vm *vm);
const char *vm__cpu_model(const struct vm *vm); /* QEMU's -cpu */

/* The socket of the monitor, which is the caller's from then on; or -1. */
int vm__take_qmp_fd(struct vm *vm);
/* For a guest that goes on from a saved state and says no hello: what it said then. Steals the
 * reference. */
void vm__set_hello(struct vm *vm, json_t *hello);
const json_t *vm__hello(const struct vm *vm); /* borrowed; NULL before it came */
/* All of the console's file until now; caller frees. 0 or -errno. */
int vm__console_text(const struct vm *vm, char **text, size_t *len);

#endif
