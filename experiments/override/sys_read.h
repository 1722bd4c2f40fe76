/* SPDX-License-Identifier: GPL-2.0-only */
/* The control: a program that overrides the system call, whatever is read. */
#ifndef OVERRIDE_SYS_READ_H
#define OVERRIDE_SYS_READ_H

struct context;

/* Emits one measurement. 0 or -errno. */
int sys_read__measure(const struct context *ctx);

#endif
