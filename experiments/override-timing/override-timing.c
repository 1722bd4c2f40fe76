// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "guest/pass.h"
#include "model/record.h"
#include "override-timing.skel.h"
#include "placement.h"
#include "variants.h"

#define READ_SIZE 4096

#define VULNERABILITIES "/sys/devices/system/cpu/vulnerabilities"

/* The file's first line; nothing is said of what the CPU does not have. */
static void label_file(struct record *r, const char *name, const char *path)
{
	char *text = NULL;

	if (file_read(path, 4096, &text, NULL))
		return;
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "Not affected") != 0)
		record__label(r, name, text);
	free(text);
}

/* The word of the command line that begins with `name`, or "default". */
static void label_option(struct record *r, const char *label, const char *name)
{
	char *text = NULL, *word, *save = NULL;
	const char *value = "default";

	if (file_read("/proc/cmdline", 4096, &text, NULL))
		return;
	for (word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		if (!strncmp(word, name, strlen(name)))
			value = word + strlen(name);
	record__label(r, label, value);
	free(text);
}

/* What differs from boot to boot, for whoever compares runs. */
static int report_environment(struct exp *e)
{
	struct record *r = exp__measurement(e, "environment");
	DIR *d = opendir(VULNERABILITIES);
	struct utsname u = { 0 };
	struct dirent *entry;

	uname(&u);
	label_file(r, "online", "/sys/devices/system/cpu/online");
	label_file(r, "smt", "/sys/devices/system/cpu/smt/control");
	label_option(r, "mitigations", "mitigations=");
	/* "#1 SMP PREEMPT Thu Jan 1 …" */
	record__label(r, "preemption", strstr(u.version, " PREEMPT ") ? "full" : "none");
	while (d && (entry = readdir(d))) {
		char path[sizeof(VULNERABILITIES) + sizeof(entry->d_name) + 1];

		snprintf(path, sizeof(path), VULNERABILITIES "/%s", entry->d_name);
		if (entry->d_name[0] != '.')
			label_file(r, entry->d_name, path);
	}
	if (d)
		closedir(d);
	return exp__emit(e, r);
}

static int measure_copyout(const struct context *ctx)
{
	struct input in = { .reader = READER_INIT, .expected = READ_SIZE };
	struct tally t = { 0 };
	int err;

	if (!exp__has(ctx->e, NEED_FILE, EXP_COPYOUT_DIR "body_calls"))
		return pass__no_copyout(ctx, "placement");
	err = reader__open(&in.reader, READ_SIZE);
	if (!err)
		err = exp__copyout_watch();
	if (!err)
		err = pass__run(ctx, &in, 1, NULL, &t);
	in.calls = t.body;
	if (!err)
		err = placement__measure(ctx, &in);
	if (!err)
		err = variants__measure(ctx, &in);
	exp__copyout_unwatch();
	reader__close(&in.reader);
	exp__copyout_variant("plain");
	return err;
}

static int measure_with(struct context *ctx, void *globals)
{
	struct override_timing_bpf__bss *g = globals;
	int err;

	ctx->state = &g->override_state;
	err = report_environment(ctx->e);
	return err ? err : measure_copyout(ctx);
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	return pass__frame(e, obj, sizeof(struct override_timing_bpf__bss), measure_with);
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_KPROBE_OVERRIDE", "the kernel offers bpf_override_return" },
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS_ON_NOTRACE",
	  "copyout_bpf lies in lib/, which is compiled without ftrace" },
	{ NEED_CONFIG, "CONFIG_OPTPROBES", "kprobes are optimised, or kept from it" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "reads",
	  .type = PARAM_UINT,
	  .value = "200",
	  .min = 1,
	  .max = 10000000,
	  .help = "reads for each placement or barrier, and hook" },
	{ .name = "limit_s",
	  .type = PARAM_UINT,
	  .value = "10",
	  .min = 1,
	  .max = 3600,
	  .help = "how long to wait for an optimised kprobe to lose its override" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "X16",
	  .title = "override success by number of CPUs, SMT, mitigations and preemption",
	  .origin = "activity log of a thesis, 29 March, 6 May 2020",
	  .cause = "None of them decides. On 1, 2 and 4 CPUs, pinned, migrating or "
		   "preempted, with and without mitigations, int3 and ftrace override "
		   "every read, and an optimised kprobe none. They change how long "
		   "optimisation takes, and how many reads fit in before: more CPUs only "
		   "looked more reliable. A preemptible kernel takes 140 to 610 ms "
		   "instead of 20 to 120: its optimiser waits for every task to leave "
		   "the code (synchronize_rcu_tasks), and some 10,000 to 50,000 reads "
		   "are overridden first. Siblings (SMT) and nosmt change nothing. Seen "
		   "on 5.10.218, 5.10.218-preempt and 6.1.192.",
	  .shows = "placement environment" },
	{ .id = "X17",
	  .title = "override success by barrier before the call, and by branch hint",
	  .origin = "activity log of a thesis, 3 and 25 April 2020",
	  .cause = "Barriers and branch hints make no difference: the call is not "
		   "executed ahead of its time, it is executed because the optimised "
		   "kprobe goes on with the function. Seen on 5.10.218, 5.10.262 and "
		   "6.1.192.",
	  .shows = "barrier" },
	{ .id = "K7",
	  .title = "barrier and branch-hint variants of copyout, chosen at run time",
	  .origin = "activity log of a thesis, 3, 25 and 27 April 2020",
	  .cause = "The feature copyout-variants: a barrier and a hint are chosen in "
		   "debugfs, static "
		   "keys before the call, in one boot.",
	  .shows = "barrier" },
	{ 0 },
};

const struct experiment experiment_override_timing = {
	.name = "override-timing",
	.summary = "whether CPUs, preemption or barriers decide over the override of copyout",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 120,
	.elf_bytes = override_timing_bpf__elf_bytes,
	.measure = measure,
};
