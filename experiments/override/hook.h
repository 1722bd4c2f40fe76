/* SPDX-License-Identifier: GPL-2.0-only */
/* The program on its kprobe, and what the kernel says about both. Part of override.c. */
#ifndef OVERRIDE_HOOK_H
#define OVERRIDE_HOOK_H

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "model/verdict.h"
#include "override.skel.h"

#define COPYOUT_DIR  "/sys/kernel/debug/copyout/"
#define TRACE_DIR    "/sys/kernel/debug/tracing/"
#define OPTIMISATION "/proc/sys/debug/kprobes-optimization"
#define EVENT_GROUP  "assay"
#define EVENT	     "override"

typedef struct override_bpf__bss globals;

struct context {
	struct exp *e;
	struct bpf_program *override;
	globals *g;
};

static uint64_t this_thread(void)
{
	return (uint64_t)getpid() << 32 | (uint32_t)syscall(SYS_gettid);
}

static const char *err_name(int err)
{
	return err ? errno__name(-err) : "success";
}

/* From here to disarm, what this thread reads is overridden: also what it reads from /proc. */
static void arm(globals *g)
{
	g->reader = this_thread();
}

static void disarm(globals *g)
{
	g->reader = 0;
}

static void reset(globals *g, long result)
{
	memset(g, 0, sizeof(*g));
	g->result = result;
}

/* Through an event of its own, not libbpf's perf event: only such a kprobe is in kprobe_profile,
 * where the kernel counts the hits that it missed. */
static int attach(struct context *c, const char *symbol, struct bpf_link **link)
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
	*link = bpf_program__attach_tracepoint(c->override, EVENT_GROUP, EVENT);
	if (*link)
		return 0;
	err = -errno;
	exp__write_str(TRACE_DIR "kprobe_events", "-:" EVENT_GROUP "/" EVENT);
	return err;
}

static void detach(struct bpf_link **link)
{
	if (!*link)
		return;
	bpf_link__destroy(*link);
	*link = NULL;
	exp__write_str(TRACE_DIR "kprobe_events", "-:" EVENT_GROUP "/" EVENT);
}

/* Hits of the event's kprobe that did not reach the program; -1 when the kernel does not say. */
static double missed_hits(void)
{
	char *text = NULL, *line, *save = NULL;
	double missed = -1;

	if (file_read(TRACE_DIR "kprobe_profile", 0, &text, NULL))
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

static bool optimised(const char *flags)
{
	return flags && strstr(flags, "OPTIMIZED");
}

static int watch(uint64_t tgid)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, tgid);
	return exp__write_str(COPYOUT_DIR "watch", text);
}

static int body_calls(uint64_t *out)
{
	return exp__read_u64(COPYOUT_DIR "body_calls", out);
}

#endif
