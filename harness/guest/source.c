// SPDX-License-Identifier: GPL-2.0-only
#include "guest/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "guest/experiment.h"

/* Its low byte, of ext4's superblock, which begins after 1024 bytes. */
#define EXT4_MAGIC_AT (1024 + 0x38)
#define EXT4_MAGIC    0x53

#define RAM_DISK "/dev/ram0"
#define DISK_DIR "/run/assay-disk"
#define RAM_DIR	 "/run/assay-ram"

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

static int set_up_ram(const char *disk)
{
	int fd = open(RAM_DISK, O_RDONLY | O_CLOEXEC);
	char byte = 0;
	int err = fd < 0 ? -errno : 0;

	/* A copy that is there already is as good: ext4's magic number is in its superblock. */
	if (!err && (pread(fd, &byte, 1, EXT4_MAGIC_AT) != 1 || (unsigned char)byte != EXT4_MAGIC))
		err = copy_disk(disk, RAM_DISK);
	if (fd >= 0)
		close(fd);
	return err ? err : mount_at(RAM_DISK, RAM_DIR);
}

int place__set_up(struct exp *e, enum source_place place)
{
	const char *disk = exp__disk();
	int err;

	if (!disk)
		return -ENODEV;
	err = place == PLACE_RAM ? set_up_ram(disk) : mount_at(disk, DISK_DIR);
	return err ? exp__fail(e, err, "mount the %s", place == PLACE_RAM ? "RAM disk" : "disk")
		   : 0;
}

int places__set_up(struct exp *e)
{
	int err = place__set_up(e, PLACE_RAM); /* a copy of the disk while nobody writes to it */

	return err ? err : place__set_up(e, PLACE_DISK);
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

/* Marsaglia's xorshift64 from a random start: quick, and no two files are alike. */
static void fill_random(unsigned char *to, size_t size)
{
	uint64_t x = 0;

	if (getrandom(&x, sizeof(x), 0) != sizeof(x) || !x)
		x = exp__now_ns() | 1;
	for (size_t i = 0; i < size; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		to[i] = (unsigned char)(x >> 32);
	}
}

static void fill(unsigned char *to, size_t size, enum source_contents contents)
{
	if (contents == CONTENTS_PATTERN)
		reader__pattern(to, size);
	else if (contents == CONTENTS_RANDOM)
		fill_random(to, size);
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

/* tmpfs without a mount point. */
static int open_memory(const unsigned char *contents, size_t size)
{
	int fd = memfd_create("assay-read", MFD_CLOEXEC);
	int err = fd < 0 ? -errno : write_all(fd, contents, size);

	if (!err)
		return fd;
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
	/* Without a name it is gone with its reader, and the next one has a file of its own. */
	if (path && s->place != PLACE_PATH)
		unlink(path);
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
	contents = malloc(size);
	if (!contents)
		return -ENOMEM;
	fill(contents, size, s->contents);
	err = s->place == PLACE_MEMORY ? open_memory(contents, size) : open_file(s, contents, size);
	if (err >= 0)
		err = reader__open_fd(&in->reader, err, size,
				      s->contents == CONTENTS_UNKNOWN ? NULL : contents);
	in->reader.map = s->map;
	free(contents);
	return err;
}
