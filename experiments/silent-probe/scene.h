/* SPDX-License-Identifier: GPL-2.0-only */
/* What is probed, and what is done under the eyes of the probes. */
#ifndef SILENT_PROBE_SCENE_H
#define SILENT_PROBE_SCENE_H

#include <stdint.h>

#include "silent-probe.skel.h"

typedef struct silent_probe_bpf__bss globals;

enum place { IN_ORIGINAL, IN_COPY, OUT_OF_LINE, NR_PLACES };

/* What the cases act on. */
struct scene {
	struct bpf_object *obj;
	globals *g;
	uint64_t events;
	int map;			  /* a hash map */
	long (*copy)(long, const char *); /* target, as the copied file has it */
	char places[4][256];		  /* "/path:0x1234", by enum place */
};

/* obj and events are set by the caller. 0 or -errno; silent_scene__release also after a failure. */
int silent_scene__set(struct scene *s);
void silent_scene__release(struct scene *s);

/* `events` times each: */
void silent_scene__call_target(struct scene *s);
void silent_scene__call_copy(struct scene *s);
void silent_scene__call_inlined(struct scene *s);
void silent_scene__call_out_of_line(struct scene *s);
void silent_scene__call_getpgid(struct scene *s);
void silent_scene__update_map(struct scene *s);
void silent_scene__sleep_often(struct scene *s);

#endif
