/* SPDX-License-Identifier: GPL-2.0-only */
/* A probe through tracefs, so that the kernel keeps its profile, with a program on it, and beside
 * it an event for ftrace at the same place. */
#ifndef SILENT_PROBE_PROBE_H
#define SILENT_PROBE_PROBE_H

#include <stdint.h>

struct bpf_link;
struct bpf_program;
struct probe_counts;

enum probe_kind { PROBE_KPROBE, PROBE_UPROBE, PROBE_TRACEPOINT };

struct probe {
	enum probe_kind kind;
	char name[48]; /* of the event that carries the program */
	char group[16];
	struct bpf_link *link;
	char traced[64]; /* ftrace's event, in an instance of its own; "" when there is none */
	int64_t recorded_before;
};

/* where: "htab_map_update_elem", "/path:0x1234", or "sched/sched_stat_sleep". Attaches
 * prog. 0 or -errno; goes to silent_probe__close also after a failure. */
int silent_probe__open(struct probe *p, enum probe_kind kind, const char *where,
		       const struct bpf_program *prog);
/* Lets ftrace count, too; of one probe at a time. */
int silent_probe__trace(struct probe *p, const char *where);
/* Fills in traced, hits and misses. */
int silent_probe__read(const struct probe *p, struct probe_counts *c);
void silent_probe__close(struct probe *p);
/* Once, after the last. */
void silent_probe__end_tracing(void);

/* The file offset of code of this program, which is where a uprobe goes; 0 when it is not found. */
uint64_t silent_probe__code_offset(const void *code);

#endif
