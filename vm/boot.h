/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_BOOT_H
#define ASSAY_VM_BOOT_H

#include "vm/vm.h"

/* What is known about a guest that did not say hello. */
struct boot_facts {
	const char *vmlinux;
	enum vm_end end;
	const char *detail;	 /* what vm__pump made of it */
	const char *console;	 /* the kernel's messages, at least the end of them; may be NULL */
	const char *stderr_text; /* QEMU's last words, or NULL */
	int qemu_status;	 /* for VM_DIED: 0 when the guest ended it */
	int timeout_ms;
};

/* The likely reason as a sentence; pure. Caller frees, NULL on ENOMEM. */
char *boot_reason(const struct boot_facts *f);

#endif
