// SPDX-License-Identifier: GPL-2.0-only
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "guest/experiment.h"

#define RAM_DISK "/dev/ram0"
#define DISK_DIR "/run/assay-disk"
#define RAM_DIR	 "/run/assay-ram"

#define TARGET_DIR "/proc/bpf_target/"
#define PROC_READ  "bpf_target_proc_read"
#define DEV_READ   "bpf_target_dev_read"

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
	  .path = TARGET_DIR "512",
	  .contents = CONTENTS_TARGET,
	  .max_size = 512,
	  .own = PROC_READ },
	{ .name = "proc-4096",
	  .place = PLACE_PATH,
	  .path = TARGET_DIR "4096",
	  .contents = CONTENTS_TARGET,
	  .max_size = 4096,
	  .own = PROC_READ },
	{ .name = "dev-target",
	  .place = PLACE_PATH,
	  .path = "/dev/bpf_target",
	  .contents = CONTENTS_TARGET,
	  .own = DEV_READ },
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

/* --- places ------------------------------------------------------------------------------ */

/* The empty file system of the one disk, byte for byte. */
static int copy_disk(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CLOEXEC);
	size_t chunk = 1u << 20;
	char *buf = malloc(chunk);
	int err = in < 0 || out < 0 ? -errno : buf ? 0 : -ENOMEM;
	ssize_t n = 1;

	while (!err && n > 0) {
		n = read(in, buf, chunk);
		err = n < 0 ? -errno : write_all(out, buf, (size_t)n);
	}
	free(buf);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return err;
}

static int mount_at(const char *device, const char *dir)
{
	mkdir(dir, 0755);
	return mount(device, dir, "ext4", 0, NULL) && errno != EBUSY ? -errno : 0;
}

int places__set_up(struct exp *e)
{
	const char *disk = exp__disk();
	int err;

	if (!disk)
		return -ENODEV;
	err = copy_disk(disk, RAM_DISK);
	if (err)
		return exp__fail(e, err, "copy %s to %s", disk, RAM_DISK);
	err = mount_at(disk, DISK_DIR);
	if (!err)
		err = mount_at(RAM_DISK, RAM_DIR);
	return err ? exp__fail(e, err, "mount the disks") : 0;
}

void places__clear(void)
{
	umount(DISK_DIR);
	umount(RAM_DIR);
}

static const char *disk_name(const struct source *s)
{
	return s->place == PLACE_DISK ? "vda" : s->place == PLACE_RAM ? "ram0" : NULL;
}

bool source__on_disk(const struct source *s)
{
	return disk_name(s);
}

/* --- files ------------------------------------------------------------------------------ */

static void fill(unsigned char *to, size_t size, enum source_contents contents)
{
	if (contents == CONTENTS_PATTERN)
		reader__pattern(to, size);
	else if (contents == CONTENTS_TARGET)
		for (size_t i = 0; i < size; i++)
			to[i] = (unsigned char)('a' + i % 16);
	else
		memset(to, 0, size);
}

static int write_file(const char *path, const unsigned char *contents, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int err = fd < 0 ? -errno : write_all(fd, contents, size);

	if (!err && fsync(fd))
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

static int open_file(const struct source *s, const unsigned char *contents, size_t size)
{
	char *path =
		s->place == PLACE_PATH
			? strdup(s->path)
			: str_fmt("%s/%s", s->place == PLACE_RAM ? RAM_DIR : DISK_DIR, s->name);
	int err = path ? 0 : -ENOMEM, fd = -1;

	if (!err && s->place != PLACE_PATH)
		err = write_file(path, contents, size);
	if (!err)
		fd = open(path, O_RDONLY | O_CLOEXEC | s->flags);
	if (!err && fd < 0)
		err = -errno;
	free(path);
	return err ? err : fd;
}

int source__open(const struct source *s, size_t size, size_t big_size, struct input *in)
{
	unsigned char *contents;
	int err;

	if (s->big)
		size = big_size;
	if (s->max_size && size > s->max_size)
		size = s->max_size;
	in->expected = s->empty ? 0 : (long)size;
	in->disk = disk_name(s);
	if (s->place == PLACE_MEMORY)
		return reader__open(&in->reader, size);
	contents = malloc(size);
	if (!contents)
		return -ENOMEM;
	fill(contents, size, s->contents);
	err = open_file(s, contents, size);
	if (err >= 0)
		err = reader__open_fd(&in->reader, err, size,
				      s->contents == CONTENTS_UNKNOWN ? NULL : contents);
	in->reader.map = s->map;
	free(contents);
	return err;
}
