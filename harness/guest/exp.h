/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_EXP_H
#define ASSAY_GUEST_EXP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "guest/load.h"
#include "guest/sink.h"
#include "model/verdict.h"

struct kfacts;
struct libbpf_messages;
struct params;
struct verify_failure;

/* A running experiment, as the runner sees it. */
struct exp {
	const struct experiment *def;
	struct sink sink;
	struct kfacts *kernel;
	struct params *params;
	struct strv features;
	struct loads loads; /* of each program, for its times */

	/* Set by exp__skip, exp__fail and the runner; only ever the first reason. */
	enum status status;
	char *reason;
	unsigned int nr_measurements;
	uint64_t last_progress_ns;
};

/* Keeps the sentence unless there is one already. */
void exp__stop(struct exp *e, enum status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What a program was, besides what the kernel said of it. */
struct program_info {
	const char *name, *section;
	unsigned int type;
	struct strv tags;
	const struct verify_failure *failure; /* why the verifier had no say; or NULL */
};

/* Sends the record of a program and its texts. messages may be NULL. 0 or -errno. */
int program__report(struct exp *e, const struct program_info *p, const struct load_result *r,
		    const struct libbpf_messages *messages);

#endif
