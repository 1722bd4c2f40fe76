/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_OBJECTS_H
#define ASSAY_GUEST_OBJECTS_H

#include <stddef.h>

struct bpf_object;
struct bpf_program;
struct btf;
struct experiment;
struct strv;

/* An experiment's BPF object, opened afresh: nothing of it is in the kernel yet. Closed with
 * bpf_object__close. 0 or -errno; what libbpf printed went where libbpf_messages__to says. */
int object__open(const struct experiment *ex, struct bpf_object **out);
/* The same from the bytes of a file. CO-RE relocations are made against the BTF in the file
 * btf_path; NULL: against the kernel's. */
int object__open_mem(const char *named, const void *bytes, size_t size, const char *btf_path,
		     struct bpf_object **out);
/* Only the programs for which want() holds are loaded, whatever their sections say. */
void object__choose(struct bpf_object *obj, int (*want)(void *ctx, const char *name), void *ctx);
/* The expectation tags of a program: BTF declaration tags on its function. 0 or -ENOMEM. */
int object__tags(const struct bpf_object *obj, const char *program, struct strv *tags);

#endif
