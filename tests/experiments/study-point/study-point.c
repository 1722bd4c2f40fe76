// SPDX-License-Identifier: GPL-2.0-only

/* One point of a study: takes some time, tells what it was given and on how many CPUs, and can end
 * badly. The harness must keep one record of each point, whatever becomes of the others. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/record.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct record *r = exp__measurement(e, "point");
	const char *end = exp__param_str(e, "end");
	int err;

	(void)obj;
	usleep((useconds_t)exp__param_u64(e, "ms") * 1000);
	if (!strcmp(end, "skip"))
		return exp__skip(e, "it was asked to");
	record__label(r, "point", exp__param_str(e, "point"));
	record__label(r, "word", exp__param_str(e, "word"));
	record__metric(r, "n", "1", (double)exp__param_u64(e, "n"));
	record__metric(r, "cpus", "CPUs", (double)sysconf(_SC_NPROCESSORS_ONLN));
	err = exp__emit(e, r);
	if (err || strcmp(end, "panic") != 0)
		return err;
	usleep(200000); /* for the event to leave the guest */
	err = exp__write_str("/proc/sysrq-trigger", "c");
	return exp__fail(e, err ? err : -EIO, "the kernel did not panic");
}

static const char *const ends[] = { "ok", "skip", "panic", NULL };

static const struct param params[] = {
	{ .name = "point", .type = PARAM_STRING, .value = "", .help = "id of the point" },
	{ .name = "n",
	  .type = PARAM_UINT,
	  .value = "1",
	  .max = 100,
	  .help = "a number that is given back" },
	{ .name = "ms",
	  .type = PARAM_UINT,
	  .value = "20",
	  .max = 60000,
	  .help = "how long it takes, in ms" },
	{ .name = "word", .type = PARAM_STRING, .value = "", .help = "a word that is given back" },
	{ .name = "end",
	  .type = PARAM_STRING,
	  .value = "ok",
	  .choices = ends,
	  .help = "how it ends" },
	{ 0 },
};

const struct experiment experiment_study_point = {
	.name = "study-point",
	.summary = "Self-test: one point of a study.",
	.params = params,
	.timeout_s = 30,
	.measure = measure,
};
