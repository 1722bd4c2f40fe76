/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_SNAPSHOT_H
#define ASSAY_VM_SNAPSHOT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct vm_opts;

/* A guest's saved state, in memory: what a restored one begins with. */
struct snapshot {
	int fd;	       /* a file in memory with QEMU's migration stream */
	json_t *hello; /* what the guest said when it had booted */
	char *console; /* what it wrote on its console until then */
	size_t console_len;
};
void snapshot__init(struct snapshot *s);
void snapshot__release(struct snapshot *s);
/* A descriptor of its own for a QEMU, at the beginning; the caller's to close. Or -errno. */
int snapshot__open(const struct snapshot *s);

/* What a state belongs to. */
struct snapshot_of {
	const char *build_id, *image_key; /* of the kernel */
	const struct vm_opts *vm;	  /* its initramfs is read */
};
/* The key: equal for guests that would boot to the same state. QEMU's version and program, the
 * accelerator (with KVM also the host's CPU and kernel) and all arguments of the machine are in it.
 * 0 or -errno, logged. */
int snapshot__key(const struct snapshot_of *of, char key[HASH_HEX]);

/* Kept ones are in <cache>/snapshots/<key>/: meta.json, console, state. meta.json has a SHA-256
 * over all of them and the key. */
struct snapshot_limits {
	unsigned int number;
	int64_t bytes;
};
extern const struct snapshot_limits snapshot_limits;

/* Reads and checks one. 0; -ENOENT when there is none; -EBADMSG when it is damaged, cut short or
 * another's: it is removed, and *why (caller frees) says what was wrong; or another -errno. */
int snapshot__load(const char *cache, const char *key, struct snapshot *out, char **why);
/* Keeps it, all or nothing; one that is there stays. Those that were used least recently go while
 * there are too many. 0 or -errno, silently. */
int snapshot__keep(const char *cache, const char *key, const struct snapshot *s,
		   const struct snapshot_limits *limits);
void snapshot__discard(const char *cache, const char *key);

#endif
