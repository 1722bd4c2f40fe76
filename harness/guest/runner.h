/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_RUNNER_H
#define ASSAY_GUEST_RUNNER_H

struct run_request;
struct sink;

/* Runs the experiment in this process: needs, parameters, each program, measure. Its events go to
 * the sink; the last one is an `end` with what the experiment came to as far as it can tell by
 * itself. Returns 0, or -errno when the events could not be sent. */
int runner__run(const struct run_request *rq, const struct sink *sink);

#endif
