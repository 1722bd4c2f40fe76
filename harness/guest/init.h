/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_INIT_H
#define ASSAY_GUEST_INIT_H

/* PID 1 of the VM: makes the system usable, says hello and does jobs until told to power off. */
void init__main(void) __attribute__((noreturn));

#endif
