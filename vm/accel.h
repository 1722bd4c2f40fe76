/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_ACCEL_H
#define ASSAY_VM_ACCEL_H

#include <stdbool.h>
#include <stddef.h>

enum accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };

const char *accel__name(enum accel a); /* "auto", "kvm", "tcg" */
int accel__parse(const char *s, enum accel *out);

/* Settles ACCEL_AUTO: KVM only if the given kernel really boots with it to the guest's hello
 * within a time limit; the answer is remembered in the cache per host (CPU model, host kernel,
 * access to /dev/kvm) and QEMU version. Says which and why in one line (log_info) the first time.
 * ACCEL_KVM that does not work is an error, logged. *why gets the reason as a sentence (caller
 * frees; NULL on failure). probe's accel and console are not used. Returns 0 or -errno (-EINTR when
 * cancelled, -ENODEV when KVM was asked for and does not work). */
struct vm_opts;
int accel__settle(enum accel wanted, const struct vm_opts *probe, const char *cache_dir,
		  enum accel *out, char **why);
/* What ACCEL_AUTO was settled to before on this host and QEMU (NULL: the one in PATH), without
 * trying anything; why as above. */
bool accel__remembered(const char *qemu, const char *cache_dir, enum accel *out, char **why);
/* The line that says which accelerator is taken and why. */
void accel__announce(enum accel a, const char *why);

#endif
