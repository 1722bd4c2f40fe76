/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_SYSTEM_H
#define ASSAY_GUEST_SYSTEM_H

#include "base/str.h"

/* What PID 1 makes of a kernel and an initramfs: a system in which experiments can run. */

/* Mounts what there is, gives stdin, stdout and stderr to /dev/null (the console is the kernel's
 * alone), raises limits, brings the loopback device up. Sentences about what did not work are
 * added to `problems`: each is to be told to the host, none ends the guest. */
void system__set_up(struct strv *problems);
/* One line into the kernel's log, for when there is no other way to be heard. */
void system__complain(const char *text);
void system__power_off(void) __attribute__((noreturn));

#endif
