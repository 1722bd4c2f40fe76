// SPDX-License-Identifier: GPL-2.0-only
/* The kernel looks at the instruction only when a process has the file mapped: before that every
 * offset up to the file's end is taken (measured on 5.10.218: hlt, int3 and bytes that are no
 * instruction), and the breakpoint is missing when a process starts, which nobody is told. So the
 * file is mapped here as the loader of programs would do it. Nothing of it runs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "guest/probe.h"
#include "model/verdict.h"

#define PMU	   "/sys/bus/event_source/devices/uprobe/"
#define BREAKPOINT 0xcc
#define SPAN	   4096ull

struct view {
	unsigned char *page, *at; /* page: NULL when there is none */
};

static int map(struct view *v, const char *path, uint64_t offset, size_t len, int prot)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;
	void *page;

	*v = (struct view){ NULL, NULL };
	if (fd < 0)
		return -errno;
	/* A file that was cut short: looking there would be SIGBUS. */
	if (fstat(fd, &st) || offset >= (uint64_t)st.st_size ||
	    (offset & (SPAN - 1)) + len > SPAN) {
		close(fd);
		return -EINVAL;
	}
	page = mmap(NULL, SPAN, prot, MAP_PRIVATE, fd, (off_t)(offset & ~(SPAN - 1)));
	if (page == MAP_FAILED)
		err = -errno;
	else
		*v = (struct view){ page, (unsigned char *)page + (offset & (SPAN - 1)) };
	close(fd);
	return err;
}

static void unmap(struct view *v)
{
	if (v->page)
		munmap(v->page, SPAN);
}

static uint16_t counter(const struct view *v)
{
	uint16_t n = 0;

	if (v->page)
		memcpy(&n, v->at, sizeof(n));
	return n;
}

/* The PMU's own bits of attr.config: retprobe is bit 0, the semaphore's offset bits 32 to 63 (both
 * are in its folder format/ since 4.17 and 4.20). */
static int open_uprobe(uint32_t pmu, const struct uprobe_place *p, bool on_return)
{
	struct perf_event_attr attr = { .type = pmu,
					.size = sizeof(attr),
					.sample_period = 1,
					.wakeup_events = 1,
					.config = (on_return ? 1 : 0) | p->semaphore << 32,
					.uprobe_path = (uint64_t)(unsigned long)p->path,
					.probe_offset = p->offset };
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Attaches it and looks at what the mapping got. An error, and why where that is known. */
static int try_mapped(json_t *into, const struct uprobe_place *p, bool on_return, const char **why)
{
	struct view code, data = { 0 };
	int fd = -1, err = map(&code, p->path, p->offset, 1, PROT_READ | PROT_EXEC);
	uint16_t before;
	uint64_t pmu;

	if (!err && p->semaphore)
		err = map(&data, p->path, p->semaphore, sizeof(uint16_t), PROT_READ | PROT_WRITE);
	if (err) {
		*why = err == -EINVAL ? "the file ends before" : "the file can't be mapped";
		goto out;
	}
	err = exp__read_u64(PMU "type", &pmu);
	if (err) {
		*why = "the kernel has no " PMU " (CONFIG_UPROBE_EVENTS)";
		goto out;
	}
	before = counter(&data);
	fd = open_uprobe((uint32_t)pmu, p, on_return);
	if (fd < 0) {
		err = fd;
		goto out;
	}
	json_object_set_new(into, "armed", json_boolean(*code.at == BREAKPOINT));
	if (p->semaphore)
		json_object_set_new(into, "counted", json_integer(counter(&data) - before));
	close(fd);
out:
	unmap(&code);
	unmap(&data);
	return err;
}

void probe__try_uprobe(json_t *into, const char *key, const struct uprobe_place *p, bool on_return)
{
	json_t *o = json_object();
	const char *why = NULL;
	int err = try_mapped(o, p, on_return, &why);

	if (err)
		json_object_set_new(o, "errno", json_string(errno__name(-err)));
	if (why)
		json_object_set_new(o, "message", json_string(why));
	json_object_set_new(into, key, o);
}
