// SPDX-License-Identifier: GPL-2.0-only
/* E44: a USDT probe with several locations, registered as events of tracefs under one name and
 * under several; what is a duplicate, and what is busy. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <linux/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "guest/usdt.h"
#include "memcached.skel.h"
#include "model/record.h"
#include "probe.h"
#include "server.h"

#define TRACING "/sys/kernel/debug/tracing/"
#define GROUP	"assay_memcached"
#define EVENTS	TRACING "uprobe_events"
#define FOUND	4 /* gets of a key that is there, and of one that is not */
#define ABSENT	3

struct events {
	struct exp *e;
	uint64_t found, absent; /* file offsets of the two locations that a text client hits */
};

/* --- tracefs --------------------------------------------------------------------------------- */

static int add_event(const char *name, uint64_t offset)
{
	char text[128];

	snprintf(text, sizeof(text), "p:" GROUP "/%s " SERVER_PATH ":0x%" PRIx64, name, offset);
	return exp__write_str(EVENTS, text);
}

static int remove_event(const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "-:" GROUP "/%s", name);
	return exp__write_str(EVENTS, text);
}

/* One write, and no more: the EINTR that tracefs gives for an event that perf holds is no
 * interruption, and who tries again on EINTR does so forever. */
static int enable_event(const char *name, bool on)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), TRACING "events/" GROUP "/%s/enable", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, on ? "1" : "0", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

/* The kernel's own words for the last event that it refused; "" when it had none. */
static void last_error(char *buf, size_t len)
{
	static const char mark[] = "trace_uprobe: error: ";
	char *log = NULL, *at, *next = NULL;

	*buf = '\0';
	if (file_read(TRACING "error_log", 0, &log, NULL))
		return;
	for (at = log; (at = strstr(at, mark)); at++)
		next = at + strlen(mark);
	if (next)
		snprintf(buf, len, "%.*s", (int)strcspn(next, "\n"), next);
	free(log);
}

struct hits {
	uint64_t of[2]; /* in the order in which the locations were added */
	unsigned int lines;
};

/* Hits of the lines of uprobe_profile that are for events of this name. */
static int read_hits(const char *event, struct hits *h)
{
	char *text = NULL, *save = NULL;
	int err = file_read(TRACING "uprobe_profile", 0, &text, NULL);

	for (char *line = err ? NULL : strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[64] = "";
		uint64_t n;

		if (sscanf(line, "%*s %63s %" SCNu64, name, &n) != 2 || strcmp(name, event) != 0)
			continue;
		if (h->lines < 2)
			h->of[h->lines] = n;
		h->lines++;
	}
	free(text);
	return err;
}

/* --- measurements ------------------------------------------------------------------------------
 */

static int load(void)
{
	struct mc_client c;
	bool found;
	int err = mc_client__open(&c);

	if (!err)
		err = mc_client__set(&c, "user:1", "x");
	for (int i = 0; !err && i < FOUND; i++)
		err = mc_client__get(&c, "user:1", &found);
	for (int i = 0; !err && i < ABSENT; i++)
		err = mc_client__get(&c, "nobody", &found);
	mc_client__close(&c);
	return err;
}

static void check_hits(struct record *r, const struct hits *h, unsigned int lines, uint64_t first,
		       uint64_t second, const char *text)
{
	record__metric(r, "hits_found", "hits", (double)h->of[0]);
	record__metric(r, "hits_absent", "hits", (double)h->of[1]);
	exp__check(r, h->lines == lines && h->of[0] == first && h->of[1] == second, text,
		   "%u locations, %" PRIu64 " and %" PRIu64 " hits", h->lines, h->of[0], h->of[1]);
}

/* The same location once more under the same name. */
static int measure_same_address(struct events *v)
{
	struct record *r = exp__measurement(v->e, "event_same_address");
	int first = add_event("get", v->found), again = add_event("get", v->found);
	char said[128];

	last_error(said, sizeof(said));
	exp__observed(r, again, "%s", said);
	exp__check(r, !first, "the first event is registered", "%s", exp__err_name(first));
	exp__check(r, again == -EEXIST, "the second, at the same address, fails with EEXIST", "%s",
		   exp__err_name(again));
	exp__check(r, !strcmp(said, "There is already the exact same probe event"),
		   "tracefs' error_log says why", "%s", said);
	remove_event("get");
	return exp__emit(v->e, r);
}

/* Another location under the same name, before the event is enabled or after it was. */
static int measure_second(struct events *v, bool enabled)
{
	struct record *r = exp__measurement(v->e, enabled ? "event_second_location_late"
							  : "event_second_location");
	struct hits h = { 0 };
	int err = add_event("get", v->found), second;

	if (!err && enabled)
		err = enable_event("get", true);
	second = add_event("get", v->absent);
	if (!err && !enabled)
		err = enable_event("get", true);
	if (!err)
		err = load();
	if (!err)
		err = read_hits("get", &h);
	enable_event("get", false);
	remove_event("get");
	record__label(r, "event", enabled ? "enabled before" : "enabled afterwards");
	exp__check(r, !err && !second, "a second location under the same name is registered", "%s",
		   exp__err_name(err ? err : second));
	if (enabled)
		check_hits(r, &h, 2, FOUND, 0, "only the first location is ever hit");
	else
		check_hits(r, &h, 2, FOUND, ABSENT, "both locations are hit");
	return exp__emit(v->e, r);
}

/* Each location under a name of its own. */
static int measure_distinct(struct events *v)
{
	struct record *r = exp__measurement(v->e, "event_distinct_names");
	struct hits found = { 0 }, absent = { 0 };
	int err = add_event("get_1", v->found);

	if (!err)
		err = enable_event("get_1", true);
	if (!err)
		err = add_event("get_2", v->absent);
	if (!err)
		err = enable_event("get_2", true);
	if (!err)
		err = load();
	if (!err)
		err = read_hits("get_1", &found);
	if (!err)
		err = read_hits("get_2", &absent);
	enable_event("get_1", false);
	enable_event("get_2", false);
	remove_event("get_1");
	remove_event("get_2");
	exp__check(r, !err, "both are registered, the second while the first is enabled", "%s",
		   exp__err_name(err));
	found.of[1] = absent.of[0];
	check_hits(r, &found, 1, FOUND, ABSENT, "both locations are hit");
	return exp__emit(v->e, r);
}

/* What a tool does that replaces an event: it removes the old one first. */
static int measure_busy_enabled(struct events *v)
{
	struct record *r = exp__measurement(v->e, "event_busy_enabled");
	int err = add_event("get", v->found), busy, after;

	if (!err)
		err = enable_event("get", true);
	busy = remove_event("get");
	exp__observed(r, busy, "write to uprobe_events: %s", strerror(-busy));
	enable_event("get", false);
	after = remove_event("get");
	exp__check(r, !err && busy == -EBUSY, "an event that is enabled can't be removed: EBUSY",
		   "%s", exp__err_name(err ? err : busy));
	exp__check(r, !after, "once it is disabled it can", "%s", exp__err_name(after));
	return exp__emit(v->e, r);
}

static int open_perf(const char *name)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
					.size = sizeof(attr),
					.sample_period = 1 };
	char path[128];
	uint64_t id;
	int err, fd;

	snprintf(path, sizeof(path), TRACING "events/" GROUP "/%s/id", name);
	err = exp__read_u64(path, &id);
	if (err)
		return err;
	attr.config = id;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The same with an event that a BPF program would hang on: perf holds it. */
static int measure_busy_perf(struct events *v)
{
	struct record *r = exp__measurement(v->e, "event_busy_perf");
	int err = add_event("get", v->found), fd = err ? err : open_perf("get"), busy, both, after;

	busy = remove_event("get");
	exp__observed(r, busy, "write to uprobe_events: %s", strerror(-busy));
	both = enable_event("get", true);
	if (!both)
		enable_event("get", false);
	if (fd >= 0)
		close(fd);
	after = remove_event("get");
	exp__check(r, fd >= 0 && busy == -EBUSY, "an event that perf holds can't be removed: EBUSY",
		   "%s", exp__err_name(fd < 0 ? fd : busy));
	exp__check(r, both == -EINTR, "nor be enabled in tracefs: EINTR", "%s",
		   exp__err_name(both));
	exp__check(r, !after, "once perf lets go it can be removed", "%s", exp__err_name(after));
	return exp__emit(v->e, r);
}

/* --- two programs on one probe -----------------------------------------------------------------
 */

/* libbpf finds an argument's place by the BPF cookie of the hit (since 5.15) or, without cookies,
 * by its address in a map of the object: which can hold one program's locations. */
static int measure_collision(struct events *v)
{
	static const char *const names[] = { "mask_ff", "clamp" };
	int want = exp__kernel_version(v->e) < KERNEL_VERSION(5, 15, 0) ? -EEXIST : 0, got[2];
	struct record *r = exp__measurement(v->e, "usdt_two_programs");
	struct bpf_link *links[2] = { NULL };
	struct bpf_program *prog;
	struct bpf_object *obj;
	size_t size;
	const void *elf = memcached_bpf__elf_bytes(&size);
	int err;

	obj = bpf_object__open_mem(elf, size, NULL);
	err = obj ? 0 : -errno;
	for (prog = NULL; !err && (prog = bpf_object__next_program(obj, prog));)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), names[0]) ||
							!strcmp(bpf_program__name(prog), names[1]));
	if (!err)
		err = bpf_object__load(obj);
	for (int i = 0; !err && i < 2; i++) {
		prog = exp__loaded(obj, names[i]);
		links[i] = prog ? bpf_program__attach_usdt(prog, -1, SERVER_PATH, MC_PROVIDER,
							   MC_PROBE, NULL)
				: NULL;
		got[i] = links[i] ? 0 : -errno;
	}
	if (err) {
		exp__fail(v->e, err, "load two programs");
	} else {
		exp__observed(r, got[1], "%s", got[1] ? strerror(-got[1]) : "");
		exp__check(r, !got[0], "the first program of an object is attached", "%s",
			   exp__err_name(got[0]));
		exp__check(r, got[1] == want,
			   want ? "the second, at the same addresses, is not: EEXIST"
				: "and so is the second, at the same addresses",
			   "%s", exp__err_name(got[1]));
		err = exp__emit(v->e, r);
		r = NULL;
	}
	record__free(r);
	bpf_link__destroy(links[0]);
	bpf_link__destroy(links[1]);
	bpf_object__close(obj);
	return err;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int measure_all(struct events *v)
{
	int err = measure_same_address(v);

	if (!err)
		err = measure_second(v, false);
	if (!err)
		err = measure_second(v, true);
	if (!err)
		err = measure_distinct(v);
	if (!err)
		err = measure_busy_enabled(v);
	if (!err)
		err = measure_busy_perf(v);
	return err ? err : measure_collision(v);
}

int mc_events__measure(struct exp *e, const struct usdt_notes *notes)
{
	struct events v = { .e = e };
	struct mc_server server = { 0 };
	int err;

	for (size_t i = 0; i < notes->n; i++) {
		const struct usdt_note *n = &notes->v[i];

		if (n->hits)
			*(n->arg[3].place == USDT_CONSTANT ? &v.absent : &v.found) = n->offset;
	}
	if (!v.found || !v.absent)
		return exp__fail(e, -ENOENT, "find two locations that were hit");
	err = mc_server__start(&server, false);
	if (err)
		return exp__fail(e, err, "start memcached");
	err = measure_all(&v);
	mc_server__stop(&server);
	return err;
}
