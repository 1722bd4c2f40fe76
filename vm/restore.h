/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_RESTORE_H
#define ASSAY_VM_RESTORE_H

struct snapshot;
struct vm;
struct vm_opts;
struct vm_outcome;

/* A restored guest answers within that, or within vm_opts.boot_timeout_ms when this is shorter. */
#define RESTORE_MS 20000

/* Saves a guest that has said hello and got no job yet (started with vm_opts.qmp). It stands still
 * from then on: vm__kill. cancel_fd: or -1. 0 or -errno, and *why (caller frees) says what went
 * wrong. */
int snapshot__take(struct vm *vm, int cancel_fd, struct snapshot *out, char **why);

/* Starts a guest that goes on from there, and has it renew its clock and random numbers; it is
 * ready for a job then. Its console begins with that of the boot. As vm__start and vm__wait_hello:
 * 0 and the outcome (VM_DONE: *out is the guest; else it is NULL), or -errno, logged. */
int snapshot__restore(const struct snapshot *s, const struct vm_opts *opts, struct vm **out,
		      struct vm_outcome *o);

#endif
