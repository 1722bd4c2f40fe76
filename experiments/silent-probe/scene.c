// SPDX-License-Identifier: GPL-2.0-only
#include "scene.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "probe.h"

#define COPY_PATH "/tmp/silent-probe-copy"
#define WANTED	  4711 /* the first argument of every call */
#define CODE_SIZE 8192 /* what is mapped of the copy: the function may lie across pages */

/* --- what is probed in this program ------------------------------------------------------ */

/* Nothing in it depends on where it lies: it is also called where the copied file is mapped. */
static __attribute__((noipa, aligned(64))) long target(long first, const char *second)
{
	asm volatile("nop" : : "r"(second));
	return first;
}

/* Where it is called by name it has no call; the copy with an address is for the pointer. */
static inline __attribute__((always_inline)) long inlined(long x)
{
	asm volatile("nop");
	return x + 1;
}
static long (*const volatile out_of_line)(long) = inlined;

/* --- what is done ------------------------------------------------------------------------ */

void silent_scene__call_target(struct scene *s)
{
	for (uint64_t i = 0; i < s->events; i++)
		target(WANTED, "second");
}

void silent_scene__call_copy(struct scene *s)
{
	for (uint64_t i = 0; i < s->events; i++)
		s->copy(WANTED, "second");
}

void silent_scene__call_inlined(struct scene *s)
{
	for (uint64_t i = 0; i < s->events; i++)
		inlined((long)i);
}

void silent_scene__call_out_of_line(struct scene *s)
{
	for (uint64_t i = 0; i < s->events; i++)
		out_of_line((long)i);
}

void silent_scene__call_getpgid(struct scene *s)
{
	for (uint64_t i = 0; i < s->events; i++)
		syscall(SYS_getpgid, 0);
}

void silent_scene__update_map(struct scene *s)
{
	__u64 key = 1, value = 1;

	for (uint64_t i = 0; i < s->events; i++)
		bpf_map_update_elem(s->map, &key, &value, BPF_ANY);
}

void silent_scene__sleep_often(struct scene *s)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	for (uint64_t i = 0; i < s->events; i++)
		nanosleep(&ms, NULL);
}

/* --- the scene --------------------------------------------------------------------------- */

/* The program that runs, copied: the same bytes in another inode, of which `target` is mapped. */
static int copy_program(struct scene *s, const char *self, uint64_t offset)
{
	uint64_t page = offset & ~(uint64_t)4095;
	char *code;
	int err, fd;

	if (mkdir("/tmp", 01777) && errno != EEXIST)
		return -errno;
	err = file_copy(self, COPY_PATH);
	if (err)
		return err;
	fd = open(COPY_PATH, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	code = mmap(NULL, CODE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, (off_t)page);
	err = code == MAP_FAILED ? -errno : 0;
	close(fd);
	if (!err)
		s->copy = (long (*)(long, const char *))(code + (offset - page));
	return err;
}

static int set_places(struct scene *s)
{
	uint64_t offset = silent_probe__code_offset(target);
	char self[200] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return -errno;
	if (!offset)
		return -ENOENT;
	snprintf(s->places[IN_ORIGINAL], sizeof(s->places[0]), "%s:0x%" PRIx64, self, offset);
	snprintf(s->places[IN_COPY], sizeof(s->places[0]), "%s:0x%" PRIx64, COPY_PATH, offset);
	snprintf(s->places[OUT_OF_LINE], sizeof(s->places[0]), "%s:0x%" PRIx64, self,
		 silent_probe__code_offset(out_of_line));
	return copy_program(s, self, offset);
}

int silent_scene__set(struct scene *s)
{
	s->g = exp__map_globals(s->obj, sizeof(*s->g));
	if (!s->g)
		return -errno;
	s->g->process = (__u32)getpid();
	s->g->wanted = WANTED;
	s->map =
		bpf_map_create(BPF_MAP_TYPE_HASH, "updated", sizeof(__u64), sizeof(__u64), 1, NULL);
	return s->map < 0 ? -errno : set_places(s);
}

void silent_scene__release(struct scene *s)
{
	if (s->copy)
		munmap((void *)((uintptr_t)s->copy & ~(uintptr_t)4095), CODE_SIZE);
	unlink(COPY_PATH);
	if (s->map >= 0)
		close(s->map);
	if (s->g)
		munmap(s->g, sizeof(*s->g));
}
