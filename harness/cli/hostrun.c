// SPDX-License-Identifier: GPL-2.0-only
#include "cli/hostrun.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpuinfo.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/intake.h"
#include "wire/event.h"

/* As in session.c: the guest program ends an experiment at its own limit. */
#define GRACE_MS 10000
#define DAY_MS	 86400000ull

struct hostrun {
	const struct hostrun_opts *o;
	struct guest_info host;
	struct intake_opts intake;
	struct intake *in;
	bool ended;
	int err; /* of an event */
};

static void on_line(void *ctx, const char *line)
{
	struct hostrun *h = ctx;
	json_t *event;

	if (h->ended || h->err)
		return;
	event = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	if (!event || !wire_type(event))
		h->err = -EBADMSG;
	else
		h->err = intake__event(h->in, event);
	if (h->err > 0) {
		h->ended = true;
		h->err = 0;
	}
	json_decref(event);
}

/* assay-guest run NAME --json -p NAME=VALUE …: its events come as lines. */
static int arguments(const struct hostrun *h, const struct plan_item *item, uint64_t limit_ms,
		     struct strv *argv)
{
	/* It takes a day at most; with 0 it is never started. */
	uint64_t ms = !limit_ms ? 1 : limit_ms < DAY_MS ? limit_ms : DAY_MS;
	char *timeout = str_fmt("--timeout=%" PRIu64 "ms", ms);
	const char *name;
	json_t *value;
	int err = strv__add(argv, h->o->guest);

	err = err ? err : strv__add(argv, "run");
	err = err ? err : strv__add(argv, item->experiment);
	err = err ? err : strv__add(argv, "--json");
	if (!err)
		err = timeout ? strv__add(argv, timeout) : -ENOMEM;
	free(timeout);
	json_object_foreach (item->params, name, value) {
		char *set = str_fmt("-p%s.%s=%s", item->experiment, name, json_string_value(value));

		if (!err)
			err = set ? strv__add(argv, set) : -ENOMEM;
		free(set);
	}
	return err;
}

static uint64_t time_limit(const struct hostrun *h, const struct plan_item *item)
{
	uint64_t ms = h->o->timeout_ms ? h->o->timeout_ms : item->timeout_s * 1000ull;
	uint64_t now = clock_ns(), left;

	if (!h->o->deadline_ns)
		return ms;
	if (now >= h->o->deadline_ns)
		return 0;
	left = (h->o->deadline_ns - now) / 1000000 + 1;
	return left < ms ? left : ms;
}

static void blame(struct hostrun *h, int err, int status)
{
	char why[128];

	if (err == -ETIMEDOUT) {
		intake__fail(h->in, STATUS_TIMEOUT, "it did not end in time");
	} else if (err || h->err) {
		snprintf(why, sizeof(why), "it could not be run here: %s",
			 strerror(err ? -err : -h->err));
		intake__fail(h->in, STATUS_HARNESS, why);
	} else if (!h->ended) {
		snprintf(why, sizeof(why), "the program ended with status %d before the experiment",
			 status);
		intake__fail(h->in, STATUS_HARNESS, why);
	}
	if (h->err)
		intake__store_failed(h->in, h->err);
}

static int run_item(struct hostrun *h, const struct plan_item *item, struct session_result *out)
{
	char self[4096] = "", *experiments = str_fmt("ASSAY_EXPERIMENTS=%s", h->o->experiments);
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *program = n > 0 ? str_fmt("ASSAY_PROGRAM=%s", self) : NULL;
	const char *const env[] = { program, experiments, NULL };
	struct strv argv = { 0 };
	uint64_t limit = time_limit(h, item);
	int err = arguments(h, item, limit, &argv), status = 0;

	h->ended = false;
	h->err = 0;
	h->in = !err && program && experiments ? intake__begin(&h->intake, item) : NULL;
	if (!h->in) {
		err = -ENOMEM;
		goto out;
	}
	err = limit ? proc_run(
			      &(struct proc_opts){
				      .argv = (const char *const *)argv.v,
				      .env = env,
				      .on_line = on_line,
				      .ctx = h,
				      .stdout_only = true,
				      .timeout_ms = (int)(limit + GRACE_MS),
				      .cancel_fd = h->o->cancel_fd,
			      },
			      &status)
		    : -ETIMEDOUT;
	intake__close(h->in);
	if (err == -EINTR) {
		intake__fail(h->in, STATUS_HARNESS, "interrupted");
		*out = (struct session_result){ .worst = out->worst,
						.cut_off = true,
						.reason = "interrupted" };
	} else {
		blame(h, err, status);
	}
	err = intake__finish(h->in, &out->worst);
out:
	strv__free(&argv);
	free(program);
	free(experiments);
	return err;
}

static int set_host(struct hostrun *h)
{
	struct utsname uts = { 0 };
	struct guest_info *g = &h->host;

	uname(&uts);
	*g = (struct guest_info){
		.kernel = strdup(HOSTRUN_KERNEL),
		.release = strdup(uts.release),
		.build_id = strdup(""),
		.image_key = strdup(""),
		.accel = strdup("none"),
		.timing = strdup("wall"),
		.cpu_model = cpuinfo__model(),
		.cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN),
	};
	return g->kernel && g->release && g->build_id && g->image_key && g->accel && g->timing
		       ? 0
		       : -ENOMEM;
}

int hostrun__run(const struct hostrun_opts *o, const struct plan *plan, struct session_result *out)
{
	static const struct strv no_features;
	struct hostrun h = { .o = o };
	size_t i;
	int err = set_host(&h);

	*out = (struct session_result){ 0 };
	h.intake = (struct intake_opts){
		.objects = o->objects,
		.store = o->store,
		.run = o->run,
		.guest = &h.host,
		.features = &no_features,
		.on_record = o->on_record,
		.ctx = o->ctx,
	};
	for (i = 0; !err && i < plan->nr_items && !out->cut_off; i++) {
		if (!plan->items[i].on_host)
			continue;
		err = run_item(&h, &plan->items[i], out);
		if (!out->cut_off && out->worst >= STATUS_TIMEOUT && o->deadline_ns &&
		    clock_ns() >= o->deadline_ns)
			*out = (struct session_result){ .worst = out->worst,
							.cut_off = true,
							.reason = OUT_OF_TIME };
	}
	guest_info__release(&h.host);
	return err;
}
