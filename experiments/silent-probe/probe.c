// SPDX-License-Identifier: GPL-2.0-only
#include "probe.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "diagnosis.h"
#include "guest/experiment.h"

#define TRACEFS	 "/sys/kernel/tracing/"
#define INSTANCE TRACEFS "instances/assay_silent_probe/"
#define GROUP	 "assay"
#define MAX_CPUS 64

static const char *const control_files[] = {
	[PROBE_KPROBE] = TRACEFS "kprobe_events",
	[PROBE_UPROBE] = TRACEFS "uprobe_events",
};

/* --- events ------------------------------------------------------------------------------ */

static int add_event(enum probe_kind kind, const char *name, const char *where)
{
	char line[512];

	snprintf(line, sizeof(line), "p:" GROUP "/%s %s\n", name, where);
	return exp__write_str(control_files[kind], line);
}

static void remove_event(enum probe_kind kind, const char *name)
{
	char line[128];

	snprintf(line, sizeof(line), "-:" GROUP "/%s\n", name);
	exp__write_str(control_files[kind], line);
}

/* A descriptor of the event for one program, or -errno. */
static int open_event(const char *group, const char *name)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	char path[256];
	uint64_t id;
	int err, fd;

	snprintf(path, sizeof(path), TRACEFS "events/%s/%s/id", group, name);
	err = exp__read_u64(path, &id);
	if (err)
		return err;
	attr.config = id;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int attach(struct probe *p, const struct bpf_program *prog)
{
	int fd = open_event(p->group, p->name), err;

	if (fd < 0)
		return fd;
	p->link = bpf_program__attach_perf_event(prog, fd);
	if (p->link)
		return 0;
	err = -errno;
	close(fd);
	return err;
}

/* --- ftrace ------------------------------------------------------------------------------ */

/* "entries: 12" and "overrun: 0" of one CPU's buffer; a CPU that is not there has none. */
static uint64_t recorded_on(unsigned int cpu)
{
	static const char *const words[] = { "entries: ", "overrun: " };
	char path[128], *text = NULL;
	uint64_t sum = 0;

	snprintf(path, sizeof(path), INSTANCE "per_cpu/cpu%u/stats", cpu);
	if (file_read(path, 0, &text, NULL))
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strstr(text, words[i]);

		if (at)
			sum += strtoull(at + strlen(words[i]), NULL, 10);
	}
	free(text);
	return sum;
}

static int64_t recorded(void)
{
	int64_t sum = 0;

	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
		sum += (int64_t)recorded_on(cpu);
	return sum;
}

static int enable_traced(const struct probe *p, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), INSTANCE "events/%s/%s/enable", p->group, p->traced);
	return exp__write_str(path, value);
}

/* --- the profile ------------------------------------------------------------------------- */

/* "  name   hits   misses", or "  path name   hits". */
static int read_profile(const struct probe *p, struct probe_counts *c)
{
	const char *path =
		p->kind == PROBE_KPROBE ? TRACEFS "kprobe_profile" : TRACEFS "uprobe_profile";
	char *text = NULL, *save = NULL;
	int err = file_read(path, 0, &text, NULL);

	if (err)
		return err;
	err = -ENOENT;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[64];
		long long hits, misses;

		if (p->kind == PROBE_KPROBE &&
		    sscanf(line, "%63s %lld %lld", name, &hits, &misses) == 3 &&
		    !strcmp(name, p->name)) {
			c->hits = hits;
			c->misses = misses;
			err = 0;
		} else if (p->kind == PROBE_UPROBE &&
			   sscanf(line, "%*s %63s %lld", name, &hits) == 2 &&
			   !strcmp(name, p->name)) {
			c->hits = hits;
			err = 0;
		}
	}
	free(text);
	return err;
}

/* --- a probe ----------------------------------------------------------------------------- */

static int name_it(struct probe *p, const char *where)
{
	static unsigned int serial;
	const char *slash;

	if (p->kind != PROBE_TRACEPOINT) {
		snprintf(p->group, sizeof(p->group), GROUP);
		snprintf(p->name, sizeof(p->name), "silent_%u", serial++);
		return 0;
	}
	slash = strchr(where, '/');
	if (!slash)
		return -EINVAL;
	snprintf(p->group, sizeof(p->group), "%.*s", (int)(slash - where), where);
	snprintf(p->name, sizeof(p->name), "%s", slash + 1);
	return 0;
}

int silent_probe__open(struct probe *p, enum probe_kind kind, const char *where,
		       const struct bpf_program *prog)
{
	int err;

	*p = (struct probe){ .kind = kind };
	err = name_it(p, where);
	if (!err && kind != PROBE_TRACEPOINT)
		err = add_event(kind, p->name, where);
	if (err) {
		p->name[0] = '\0';
		return err;
	}
	return attach(p, prog);
}

int silent_probe__trace(struct probe *p, const char *where)
{
	int err = 0;

	snprintf(p->traced, sizeof(p->traced), "%s%s", p->name,
		 p->kind == PROBE_TRACEPOINT ? "" : "_traced");
	if (p->kind != PROBE_TRACEPOINT)
		err = add_event(p->kind, p->traced, where);
	if (err) {
		p->traced[0] = '\0';
		return err;
	}
	/* It stays for the next probe: a new instance is given files for every event there is. */
	if (mkdir(INSTANCE, 0755) && errno != EEXIST)
		return -errno;
	p->recorded_before = recorded();
	/* Of a tracepoint, only what concerns this process: where it slept, it is an argument. */
	if (p->kind == PROBE_TRACEPOINT) {
		char path[256], filter[32];

		snprintf(path, sizeof(path), INSTANCE "events/%s/%s/filter", p->group, p->traced);
		snprintf(filter, sizeof(filter), "pid == %d", getpid());
		err = exp__write_str(path, filter);
	}
	return err ? err : enable_traced(p, "1");
}

int silent_probe__read(const struct probe *p, struct probe_counts *c)
{
	c->traced = recorded() - p->recorded_before;
	c->hits = c->misses = COUNT_UNKNOWN;
	return p->kind == PROBE_TRACEPOINT ? 0 : read_profile(p, c);
}

void silent_probe__close(struct probe *p)
{
	bpf_link__destroy(p->link);
	p->link = NULL;
	if (p->traced[0])
		enable_traced(p, "0");
	if (p->kind == PROBE_TRACEPOINT)
		return;
	if (p->traced[0])
		remove_event(p->kind, p->traced);
	if (p->name[0])
		remove_event(p->kind, p->name);
}

void silent_probe__end_tracing(void)
{
	rmdir(INSTANCE);
}

uint64_t silent_probe__code_offset(const void *code)
{
	char *text = NULL, *save = NULL;
	uint64_t at = (uintptr_t)code, found = 0;

	if (file_read("/proc/self/maps", 0, &text, NULL))
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t start, end, offset;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &start, &end, &offset) ==
			    3 &&
		    at >= start && at < end)
			found = at - start + offset;
	}
	free(text);
	return found;
}
