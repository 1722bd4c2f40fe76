/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MEMCACHED_PROBE_H
#define ASSAY_MEMCACHED_PROBE_H

#include <stdint.h>
#include <sys/types.h>

#include "shared.h"

#define MC_PROVIDER "memcached"
#define MC_PROBE    "command__get"
#define MC_FUNCTION "process_command_ascii"

struct bpf_link;
struct bpf_object;
struct exp;
struct usdt_notes;

/* One of the programs of memcached.bpf.c, in an object of its own: on kernels without BPF cookies
 * libbpf tells the locations of a probe apart by address, and two programs of one object may not
 * have the same (see measure_collision). */
struct mc_probe {
	struct bpf_object *obj;
	struct bpf_link *link;
};
/* 0 or -errno; what can't be attached is still to be closed. */
int mc_probe__load(struct mc_probe *p, const char *program);
int mc_probe__attach_usdt(struct mc_probe *p, const char *program, pid_t pid);
int mc_probe__attach_function(struct mc_probe *p, const char *program, const char *path);
int mc_probe__attach_offset(struct mc_probe *p, const char *program, uint64_t offset);
void mc_probe__detach(struct mc_probe *p);
void mc_probe__close(struct mc_probe *p);
int mc_probe__map(const struct mc_probe *p, const char *name); /* descriptor, or -errno */

/* Calls back for each entry of the map `counts`. */
int mc_probe__entries(const struct mc_probe *p,
		      int (*seen)(void *ctx, const struct entry *e, uint64_t n), void *ctx);

/* The measurements. 0 or -errno. */
int mc_notes__measure(struct exp *e, const struct usdt_notes *notes);
int mc_keys__measure(struct exp *e);
int mc_arguments__measure(struct exp *e, struct usdt_notes *notes); /* sets their hits */
int mc_commands__measure(struct exp *e);
int mc_events__measure(struct exp *e, const struct usdt_notes *notes);

#endif
