// SPDX-License-Identifier: GPL-2.0-only

/* Never comes back, and has started a process that gave itself a session of its own. The harness
 * must say: timeout, after the limit that was given, with "waiting for nothing" as what it was
 * doing; the next job must find the process gone and the guest usable. */
#include <signal.h>
#include <unistd.h>

#include "guest/experiment.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	(void)obj;
	if (fork() == 0) {
		setsid();
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
	exp__progress(e, 1, 1, "waiting for nothing");
	while (pause())
		;
	return 0;
}

const struct experiment experiment_hang = {
	.name = "hang",
	.summary = "Self-test: never ends.",
	.timeout_s = 2,
	.measure = measure,
};
