/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_JOBS_H
#define ASSAY_GUEST_JOBS_H

#include <jansson.h>

#include "guest/sink.h"
#include "guest/supervise.h"

struct kfacts;

/* The jobs that the host gives to PID 1 (wire/event.h). Each sends its closing event (end, or exit)
 * whatever happens. Return 0 or -errno of the sink. */
int job__run(const json_t *job, const struct kfacts *kernel, const struct supervisor *s,
	     const struct sink *sink);
int job__exec(const json_t *job, const struct supervisor *s, const struct sink *sink);
int job__shell(const json_t *job, const struct supervisor *s, const struct sink *sink);
/* Sets the clock and stirs the host's random bytes into the kernel's, which draws new ones from
 * then on: a state that was saved once goes on many times. Sends `renewed`. */
int job__renew(const json_t *job, const struct sink *sink);

/* Sends `exit`. */
int job__exit(const struct sink *sink, int status);

#endif
