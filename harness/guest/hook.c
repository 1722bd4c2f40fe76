// SPDX-License-Identifier: GPL-2.0-only
#include "guest/hook.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "guest/experiment.h"

#define TRACE_DIR   "/sys/kernel/debug/tracing/"
#define EVENT_GROUP "assay"
#define EVENT	    HOOK_EVENT

const struct hook hooks[NR_HOOKS] = {
	[HOOK_INT3] = { "int3", "copyout_bpf", "plain", false, false, false },
	[HOOK_OPTIMISED] = { "optimised", "copyout_bpf", "plain", false, true, true },
	[HOOK_FTRACE] = { "ftrace", "copyout_ftrace", "ftrace", true, true, false },
};

const char *const hook__events[NR_OVERRIDE_EVENTS] = {
	[OVERRIDE_READ] = "read",
	[OVERRIDE_VFS_READ] = "vfs_read",
	[OVERRIDE_RUNS] = "override",
	[OVERRIDE_RETURNED] = "returned",
};

void hook__arm(struct override_state *s)
{
	s->reader = exp__this_thread();
}

void hook__disarm(struct override_state *s)
{
	s->reader = 0;
}

void hook__reset(struct override_state *s, long result)
{
	memset(s, 0, sizeof(*s));
	s->result = result;
}

/* Through an event of its own, not libbpf's perf event: only such a kprobe is in kprobe_profile,
 * where the kernel counts the hits that it missed. */
int hook__attach(const struct bpf_program *prog, const char *symbol, struct bpf_link **link)
{
	char line[128];
	int err;

	*link = NULL;
	/* Left over from a run that was killed: a second probe would join the event. */
	exp__write_str(TRACE_DIR "kprobe_events", "-:" EVENT_GROUP "/" EVENT);
	snprintf(line, sizeof(line), "p:" EVENT_GROUP "/" EVENT " %s", symbol);
	err = exp__write_str(TRACE_DIR "kprobe_events", line);
	if (err)
		return err;
	*link = bpf_program__attach_tracepoint(prog, EVENT_GROUP, EVENT);
	if (*link)
		return 0;
	err = -errno;
	exp__write_str(TRACE_DIR "kprobe_events", "-:" EVENT_GROUP "/" EVENT);
	return err;
}

void hook__detach(struct bpf_link **link)
{
	if (!*link)
		return;
	bpf_link__destroy(*link);
	*link = NULL;
	exp__write_str(TRACE_DIR "kprobe_events", "-:" EVENT_GROUP "/" EVENT);
}

double hook__missed(void)
{
	char *text = NULL, *line, *save = NULL;
	double missed = -1;

	if (file_read(HOOK_PROFILE, 0, &text, NULL))
		return -1;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long long hit, miss;
		char name[64];

		if (sscanf(line, "%63s %llu %llu", name, &hit, &miss) == 3 && !strcmp(name, EVENT))
			missed = (double)miss;
	}
	free(text);
	return missed;
}

bool hook__optimised(const char *flags)
{
	return flags && strstr(flags, "OPTIMIZED");
}
