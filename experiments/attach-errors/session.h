/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ATTACH_ERRORS_SESSION_H
#define ATTACH_ERRORS_SESSION_H

#include <stdbool.h>

#include "attach-errors.skel.h"

#define TRACE_DIR "/sys/kernel/debug/tracing/"

struct bpf_object;
struct bpf_program;
struct exp;
struct record;

typedef struct attach_errors_bpf__bss globals;

/* One program, loaded by itself: a kernel may refuse it for reasons that are not its own. */
struct session {
	struct bpf_object *obj;
	struct bpf_program *prog; /* NULL unless loaded */
	globals *g;
	char *said; /* what libbpf warned of while loading, or NULL */
};

/* 0 or -errno of the load. */
int attach_errors__load(struct session *s, const char *prog);
void attach_errors__close(struct session *s);

/* The ways to attach a program to a kprobe, each down to a descriptor, without libbpf. They differ
 * in who creates the probe: perf_event_open, or a line in tracefs' kprobe_events. */
enum way { WAY_PERF_EVENT, WAY_TRACEFS, NR_WAYS };

struct probe {
	const char *symbol;
	unsigned int offset;
	bool retprobe;
};

extern const char *const attach_errors_ways[NR_WAYS];
/* Returns the event's descriptor or -errno. */
int attach_errors__probe(const struct probe *p, enum way way);
/* PERF_EVENT_IOC_SET_BPF and PERF_EVENT_IOC_ENABLE: 0 or -errno. */
int attach_errors__set_program(int event, int prog);
/* Closes the event, and removes what it left in tracefs. Takes a negative descriptor, too. */
void attach_errors__unprobe(int event, enum way way);

/* The parts of the experiment. 0 or -errno. loads: programs can be loaded at all, which the state
 * of the kernel's BTF decides. */
int attach_errors__override(struct exp *e, bool loads);
int attach_errors__notrace(struct exp *e);
int attach_errors__btf(struct exp *e, bool *loads);
int attach_errors__module(struct exp *e, bool loads);

/* Emits a measurement that is skipped for the damaged BTF. */
int attach_errors__skipped(struct exp *e, const char *name);
/* A check that `text` has a line that matches the extended regular expression. */
void attach_errors__says(struct record *r, const char *who, const char *text, const char *regex);
/* The first line of text that matches, without "libbpf: "; "" when none; caller frees. */
char *attach_errors__line(const char *text, const char *regex);

#endif
