/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own fault injection into functions (lib/fault-inject.c, kernel/fail_function.c). */
#ifndef OVERRIDE_POINT_FAIL_FUNCTION_H
#define OVERRIDE_POINT_FAIL_FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

#define FAIL_FUNCTION_SETTINGS 6

/* An injection, and what its settings were before. */
struct fail_function {
	const char *symbol; /* NULL: none */
	char *before[FAIL_FUNCTION_SETTINGS];
};

/* Makes the function return `result`, for the thread that is armed; symbol is kept. A refusal's
 * reason goes to *reason, the caller's to free, where there is more to say than the errno. f is
 * zeroed before and goes to fail_function__remove also after a failure. 0 or -errno. */
int fail_function__inject(struct fail_function *f, const char *symbol, int64_t result,
			  bool by_breakpoint, char **reason);
void fail_function__remove(struct fail_function *f);

/* How often a function was made to fail since the injection, or -1. */
int64_t fail_function__count(void);

/* For the calling thread: a descriptor for fail_function__arm, to be closed, or -errno. The kernel
 * looks at the thread only in task context, which a breakpoint's handler is not (since 5.8 it is
 * treated like an NMI): there the injection as a whole is switched on and off, for everybody. */
int fail_function__open(bool by_breakpoint);
void fail_function__arm(int fd, bool on, bool by_breakpoint);

#endif
