/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVERRIDE_CONTEXT_H
#define OVERRIDE_CONTEXT_H

#include "guest/hook.h"

/* What all measurements of the experiment work with. */
struct context {
	struct exp *e;
	struct bpf_program *override;
	struct override_state *g;
};

#endif
