/* SPDX-License-Identifier: GPL-2.0-only */
/* Where is read from. */
#ifndef ASSAY_GUEST_SOURCE_H
#define ASSAY_GUEST_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "guest/pass.h"

struct exp;

enum source_place {
	PLACE_MEMORY, /* tmpfs */
	PLACE_DISK,   /* ext4 on virtio-blk */
	PLACE_RAM,    /* ext4 on a RAM disk */
	PLACE_PATH,   /* a file that the kernel has */
};

enum source_contents {
	CONTENTS_PATTERN,
	CONTENTS_RANDOM,
	CONTENTS_TARGET,
	CONTENTS_ZERO,
	CONTENTS_UNKNOWN
};

struct source {
	const char *name;
	enum source_place place;
	const char *path; /* PLACE_PATH */
	enum source_contents contents;
	int flags;	 /* of open, O_RDONLY aside */
	int map;	 /* MAP_PRIVATE or MAP_SHARED: mapped, not read; else 0 */
	size_t max_size; /* of a read; 0: none */
	bool big;	 /* read in one piece */
	bool empty;	 /* a read gives nothing */
	bool device;	 /* of the kernel's own: recorded apart */
	bool copyout;	 /* expected: its reads pass copyout */
	const char *own; /* the injectable function that reads it, or NULL */
};

/* The files and functions of the driver that kernels with the feature target-driver have. */
#define SOURCE_TARGET_DIR    "/proc/bpf_target/"
#define SOURCE_TARGET_DEVICE "/dev/bpf_target"
#define SOURCE_PROC_READ     "bpf_target_proc_read"
#define SOURCE_DEV_READ	     "bpf_target_dev_read"

/* The two file systems on disks: mounts them. -ENODEV where there is no disk. */
int places__set_up(struct exp *e);
int place__set_up(struct exp *e, enum source_place place); /* one of them */
void places__clear(void);
/* Is it on a disk? */
bool source__on_disk(const struct source *s);

/* Opens what is read: a file of the kernel's, or a new one that nobody else reads. size: of a read,
 * big_size: of the big file's. in is zeroed and its reader READER_INIT before; it goes to
 * reader__close also after a failure; -ENOENT where the kernel has no such file. */
int source__open(const struct source *s, size_t size, size_t big_size, struct input *in);

#endif
