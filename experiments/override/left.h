/* SPDX-License-Identifier: GPL-2.0-only */
/* copyout made to say that it left bytes. */
#ifndef OVERRIDE_LEFT_H
#define OVERRIDE_LEFT_H

struct bpf_link;
struct context;
struct record;

/* From here on vfs_read is an event of the trail. The link goes to bpf_link__destroy; NULL after a
 * failure, which is a check of r. */
struct bpf_link *left__watch_vfs_read(const struct context *ctx, struct record *r);

/* Emits a measurement for each number of bytes left. 0 or -errno. */
int left__measure(const struct context *ctx);

#endif
