/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COPYOUT_TRAMPOLINE_EVENTS_EMIT_H
#define COPYOUT_TRAMPOLINE_EVENTS_EMIT_H

#include <stdint.h>

#include "events.h"

struct exp;
struct trail;

/* Emits the measurement events_<name>: between the read and its return those of a call of copyout
 * (", fentry, fexit"), as often as it was called. 0 or -errno. */
int events__emit(struct exp *e, const char *name, const struct trail *t, const char *of_call,
		 uint64_t calls);

#endif
