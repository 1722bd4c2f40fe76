// SPDX-License-Identifier: GPL-2.0-only
#include "traces.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "guest/cachestate.h"
#include "guest/experiment.h"
#include "guest/hook.h"

#define INJECTION "/sys/kernel/debug/fail_function/"

static const char *const paths[] = {
	"/sys/kernel/debug/tracing/kprobe_events",
	"/sys/kernel/debug/kprobes/list",
	HOOK_OPTIMISATION,
	INJECTION "inject",
	INJECTION "probability",
	INJECTION "interval",
	INJECTION "space",
	INJECTION "verbose",
	INJECTION "task-filter",
	INJECTION "times",
	"/proc/thread-self/make-it-fail",
	"/proc/sys/vm/vfs_cache_pressure",
	"/proc/self/cgroup",
	"/sys/fs/cgroup/cgroup.subtree_control",
	CACHE_CGROUP "/cgroup.procs",
	"/proc/mounts",
	EXP_COPYOUT_DIR "variant",
	EXP_COPYOUT_DIR "barrier",
	EXP_COPYOUT_DIR "hint",
	EXP_COPYOUT_DIR "watch",
};

#define NR_PATHS (sizeof(paths) / sizeof(paths[0]))

_Static_assert(NR_PATHS <= TRACES_MAX, "traces for all paths");

/* A line's end would stand in the middle of a check's sentence. */
static void chop(char *text)
{
	size_t len = strlen(text);

	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
}

void traces__take(struct traces *t)
{
	*t = (struct traces){ 0 };
	for (size_t i = 0; i < NR_PATHS; i++) {
		if (file_read(paths[i], 0, &t->text[i], NULL))
			t->text[i] = NULL;
		else
			chop(t->text[i]);
	}
}

static const char *shown(const char *text)
{
	return !text ? "(none)" : *text ? text : "(empty)";
}

void traces__check(struct record *r, const struct traces *before)
{
	struct traces now;
	size_t at = 0;

	traces__take(&now);
	while (at < NR_PATHS && !strcmp(shown(before->text[at]), shown(now.text[at])))
		at++;
	if (at == NR_PATHS)
		exp__check(r, true, "the kernel is left as it was", "%zu files say the same", at);
	else
		exp__check(r, false, "the kernel is left as it was", "%s was %.80s, is %.80s",
			   paths[at], shown(before->text[at]), shown(now.text[at]));
	traces__free(&now);
}

void traces__free(struct traces *t)
{
	for (size_t i = 0; i < NR_PATHS; i++)
		free(t->text[i]);
}
