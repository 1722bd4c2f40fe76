// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "model/record.h"

#define PMU_TYPE    "/sys/bus/event_source/devices/kprobe/type"
#define EVENT_GROUP "assay"
#define EVENT	    "attach_errors"

const char *const attach_errors_ways[] = {
	[WAY_PERF_EVENT] = "perf_event_open",
	[WAY_TRACEFS] = "tracefs",
};

int attach_errors__load(struct session *s, const char *prog)
{
	size_t size;
	const void *elf = attach_errors_bpf__elf_bytes(&size);
	struct bpf_program *p;
	int err;

	*s = (struct session){ 0 };
	free(exp__libbpf_said());
	s->obj = bpf_object__open_mem(elf, size, NULL);
	if (!s->obj)
		return -errno;
	bpf_object__for_each_program (p, s->obj) {
		bool wanted = !strcmp(bpf_program__name(p), prog);

		bpf_program__set_autoload(p, wanted);
		if (wanted)
			s->prog = p;
	}
	err = bpf_object__load(s->obj);
	s->said = exp__libbpf_said();
	if (!err) {
		s->g = exp__map_globals(s->obj, sizeof(*s->g));
		err = s->g ? 0 : -errno;
	}
	if (err)
		s->prog = NULL;
	return err;
}

void attach_errors__close(struct session *s)
{
	if (s->g)
		munmap(s->g, sizeof(*s->g));
	bpf_object__close(s->obj);
	free(s->said);
	*s = (struct session){ 0 };
}

static int perf_event_open(struct perf_event_attr *attr)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_perf_event(const struct probe *p)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	uint64_t type;
	int err = exp__read_u64(PMU_TYPE, &type);

	if (err)
		return err;
	attr.type = (__u32)type;
	attr.config = p->retprobe; /* bit 0, says the device's format/retprobe */
	attr.kprobe_func = (uintptr_t)p->symbol;
	attr.probe_offset = p->offset;
	return perf_event_open(&attr);
}

static void remove_event(void)
{
	exp__write_str(TRACE_DIR "kprobe_events", "-:" EVENT_GROUP "/" EVENT);
}

static int open_tracefs(const struct probe *p)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	char line[160];
	uint64_t id;
	int err;

	/* Left over from a run that was killed: a second probe would join the event. */
	remove_event();
	snprintf(line, sizeof(line), "%c:" EVENT_GROUP "/" EVENT " %s+%u", p->retprobe ? 'r' : 'p',
		 p->symbol, p->offset);
	err = exp__write_str(TRACE_DIR "kprobe_events", line);
	if (!err)
		err = exp__read_u64(TRACE_DIR "events/" EVENT_GROUP "/" EVENT "/id", &id);
	if (err)
		return err;
	attr.config = id;
	err = perf_event_open(&attr);
	if (err < 0)
		remove_event();
	return err;
}

int attach_errors__probe(const struct probe *p, enum way way)
{
	return way == WAY_PERF_EVENT ? open_perf_event(p) : open_tracefs(p);
}

int attach_errors__set_program(int event, int prog)
{
	if (ioctl(event, PERF_EVENT_IOC_SET_BPF, prog) || ioctl(event, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return 0;
}

void attach_errors__unprobe(int event, enum way way)
{
	if (event < 0)
		return;
	close(event);
	if (way == WAY_TRACEFS)
		remove_event();
}

char *attach_errors__line(const char *text, const char *regex)
{
	static const char prefix[] = "libbpf: ";
	char *copy = strdup(text ? text : ""), *save = NULL, *found = NULL;
	regex_t re;

	if (!copy || regcomp(&re, regex, REG_EXTENDED | REG_NOSUB))
		goto out;
	for (char *line = strtok_r(copy, "\n", &save); line && !found;
	     line = strtok_r(NULL, "\n", &save))
		if (!regexec(&re, line, 0, NULL, 0))
			found = strdup(line + (str_starts(line, prefix) ? strlen(prefix) : 0));
	regfree(&re);
out:
	free(copy);
	return found ? found : strdup("");
}

void attach_errors__says(struct record *r, const char *who, const char *text, const char *regex)
{
	char *line = attach_errors__line(text, regex), *what = str_fmt("%s says /%s/", who, regex);

	if (line && what)
		exp__check(r, *line, what, "%s", *line ? line : text && *text ? text : "nothing");
	free(what);
	free(line);
}

int attach_errors__skipped(struct exp *e, const char *name)
{
	struct record *r = exp__measurement(e, name);

	record__fail(r, STATUS_SKIPPED, "the kernel's BTF is damaged: no program can be loaded");
	return exp__emit(e, r);
}
