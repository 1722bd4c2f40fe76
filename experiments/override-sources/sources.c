// SPDX-License-Identifier: GPL-2.0-only
#include "sources.h"

#include <fcntl.h>
#include <sys/mman.h>

const struct source sources[] = {
	{ .name = "tmpfs", .place = PLACE_MEMORY, .copyout = true },
	{ .name = "ext4-virtio", .place = PLACE_DISK, .copyout = true },
	{ .name = "ext4-ram", .place = PLACE_RAM, .copyout = true },
	{ .name = "ext4-big", .place = PLACE_DISK, .big = true, .copyout = true },
	/* The disk writes to the reader's pages. */
	{ .name = "ext4-direct", .place = PLACE_DISK, .flags = O_DIRECT },
	/* The reader looks at the page cache's pages. */
	{ .name = "ext4-private", .place = PLACE_DISK, .map = MAP_PRIVATE },
	{ .name = "ext4-shared", .place = PLACE_DISK, .map = MAP_SHARED },
	/* copy_to_user, which is not copyout. */
	{ .name = "proc-512",
	  .place = PLACE_PATH,
	  .path = SOURCE_TARGET_DIR "512",
	  .contents = CONTENTS_TARGET,
	  .max_size = 512,
	  .own = SOURCE_PROC_READ },
	{ .name = "proc-4096",
	  .place = PLACE_PATH,
	  .path = SOURCE_TARGET_DIR "4096",
	  .contents = CONTENTS_TARGET,
	  .max_size = 4096,
	  .own = SOURCE_PROC_READ },
	{ .name = "dev-target",
	  .place = PLACE_PATH,
	  .path = SOURCE_TARGET_DEVICE,
	  .contents = CONTENTS_TARGET,
	  .own = SOURCE_DEV_READ },
	/* clear_user: nothing is copied from anywhere. */
	{ .name = "dev-zero",
	  .place = PLACE_PATH,
	  .path = "/dev/zero",
	  .device = true,
	  .contents = CONTENTS_ZERO },
	{ .name = "dev-null",
	  .place = PLACE_PATH,
	  .path = "/dev/null",
	  .device = true,
	  .contents = CONTENTS_UNKNOWN,
	  .empty = true },
	{ .name = "dev-urandom",
	  .place = PLACE_PATH,
	  .path = "/dev/urandom",
	  .device = true,
	  .contents = CONTENTS_UNKNOWN,
	  .copyout = true },
};

const size_t nr_sources = sizeof(sources) / sizeof(sources[0]);
