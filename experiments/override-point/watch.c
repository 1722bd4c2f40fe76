// SPDX-License-Identifier: GPL-2.0-only
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "guest/hook.h"
#include "model/override_outcome.h"

#define TEXT_MAX 8192

#define DRIVER_COUNTS SOURCE_TARGET_DIR "body_calls"

#define CALIBRATIONS 5
#define ATTEMPTS     20

/* A file of the kernel's that gives its text anew when it is read from the start. */
static bool reread(int fd, char text[TEXT_MAX])
{
	ssize_t n = fd < 0 ? -1 : pread(fd, text, TEXT_MAX - 1, 0);

	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

int watch__open(struct watch *w, const struct point *p)
{
	w->profile = open(HOOK_PROFILE, O_RDONLY | O_CLOEXEC);
	w->list = open("/sys/kernel/debug/kprobes/list", O_RDONLY | O_CLOEXEC);
	w->body = p->target.body;
	if (w->body == BODY_COPYOUT)
		return exp__copyout_watch();
	return w->body == BODY_DRIVER ? exp__write_str(DRIVER_COUNTS, "0") : 0;
}

void watch__close(struct watch *w)
{
	if (w->body == BODY_COPYOUT)
		exp__copyout_unwatch();
	if (w->profile >= 0)
		close(w->profile);
	if (w->list >= 0)
		close(w->list);
	*w = (struct watch)WATCH_INIT;
}

/* A debugfs attribute has no position to go back to: it is opened each time. */
static int64_t copyout_calls(void)
{
	char text[32] = "";
	ssize_t n;
	int fd = open(EXP_COPYOUT_DIR "body_calls", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return OVERRIDE_UNKNOWN;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? strtoll(text, NULL, 10) : OVERRIDE_UNKNOWN;
}

/* Lines "bpf_target_proc_read 12". Two of the functions never run for the same point. */
static int64_t driver_calls(void)
{
	char *text = NULL, *line, *save = NULL;
	int64_t calls = 0;

	if (file_read(DRIVER_COUNTS, 4096, &text, NULL))
		return OVERRIDE_UNKNOWN;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *count = strchr(line, ' ');

		if (count)
			calls += strtoll(count, NULL, 10);
	}
	free(text);
	return calls;
}

int64_t watch__body(const struct watch *w)
{
	if (w->body == BODY_COPYOUT)
		return copyout_calls();
	return w->body == BODY_DRIVER ? driver_calls() : OVERRIDE_UNKNOWN;
}

void watch__learn(struct watch *w, const char *symbol)
{
	int64_t before = watch__body(w);

	watch__state(w, symbol);
	w->poll_calls = before < 0 ? 0 : watch__body(w) - before;
	w->polls = 0;
}

int64_t watch__polled(const struct watch *w)
{
	return w->polls * w->poll_calls;
}

/* "ffffffff81234560  k  copyout_bpf+0x0    [OPTIMIZED]" */
enum probe_state watch__state(struct watch *w, const char *symbol)
{
	char text[TEXT_MAX], *line, *save = NULL;

	w->polls++;
	if (!reread(w->list, text))
		return PROBE_ABSENT;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[256], kind[8];

		if (sscanf(line, "%*s %7s %255[^+ ]", kind, name) != 2 || strcmp(name, symbol) != 0)
			continue;
		if (strstr(line, "[DISABLED]"))
			return PROBE_DISABLED;
		if (strstr(line, "[FTRACE]"))
			return PROBE_FTRACE;
		return strstr(line, "[OPTIMIZED]") ? PROBE_OPTIMISED : PROBE_PLAIN;
	}
	return PROBE_ABSENT;
}

static uint64_t runs_of_readers(const struct point *p)
{
	uint64_t runs = 0;

	for (unsigned int i = 0; i < POINT_READERS; i++)
		runs += __atomic_load_n(&p->state->slots[i].runs, __ATOMIC_RELAXED);
	return runs;
}

static uint64_t runs_of_others(const struct point *p)
{
	return __atomic_load_n(&p->state->runs_others, __ATOMIC_RELAXED);
}

struct profile {
	uint64_t hits, nmissed;
	uint64_t before, after; /* runs for others when reading began, and ended */
};

static bool read_profile(const struct watch *w, const struct point *p, struct profile *out)
{
	char text[TEXT_MAX], *line, *save = NULL;
	bool found = false;

	out->before = runs_of_others(p);
	if (!reread(w->profile, text))
		return false;
	out->after = runs_of_others(p);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long long hits, nmissed;
		char name[64];

		if (sscanf(line, "%63s %llu %llu", name, &hits, &nmissed) != 3 ||
		    strcmp(name, HOOK_EVENT) != 0)
			continue;
		out->hits = hits;
		out->nmissed = nmissed;
		found = true;
	}
	return found;
}

void watch__start(struct watch *w, const struct point *p, bool has_hits)
{
	struct profile s;

	w->has_hits = has_hits;
	w->own_runs = OVERRIDE_UNKNOWN;
	for (int i = 0; has_hits && i < CALIBRATIONS; i++) {
		if (!read_profile(w, p, &s))
			continue;
		if (w->own_runs < 0 || (int64_t)(s.after - s.before) < w->own_runs)
			w->own_runs = (int64_t)(s.after - s.before);
	}
}

/* The kernel counts every hit that it passes on, whoever made it, and the program counts its runs,
 * whoever they are for: the difference is what was missed. To read the profile may hit the probe as
 * well: copyout, when the text has been made. */
struct probe_counts watch__counts(const struct watch *w, const struct point *p)
{
	struct probe_counts counts = { OVERRIDE_UNKNOWN, OVERRIDE_UNKNOWN };
	struct profile s;

	if (!w->has_hits || w->own_runs < 0)
		return counts;
	for (int i = 0; i < ATTEMPTS; i++) {
		/* Somebody else hit it meanwhile: there is no saying whether before or after. */
		if (!read_profile(w, p, &s) || (int64_t)(s.after - s.before) != w->own_runs)
			continue;
		counts.missed = (int64_t)(s.hits - runs_of_readers(p) - s.before);
		counts.nmissed = (int64_t)s.nmissed;
		break;
	}
	return counts;
}
