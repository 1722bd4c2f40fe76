// SPDX-License-Identifier: GPL-2.0-only
#include "guest/standalone.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/proc.h"
#include "guest/kfacts.h"
#include "guest/params.h"
#include "guest/registry.h"
#include "guest/report.h"
#include "guest/run.h"

enum { EXIT_AS_EXPECTED, EXIT_UNEXPECTED, EXIT_USAGE, EXIT_HARNESS };

#define DEFAULT_TIMEOUT_MS 60000

/* An experiment that was chosen, and the parameters given for it. */
struct choice {
	const struct experiment *ex;
	json_t *params;
	const char *object; /* of `verify`: its path, and ex is of_object; else NULL */
	struct experiment of_object;
};

struct choices {
	struct choice *v;
	size_t n;
};

int standalone__unknown(const char *experiment, const char *nearest)
{
	if (nearest)
		log_err("unknown experiment '%s': did you mean '%s'? `assay-guest list` shows all",
			experiment, nearest);
	else
		log_err("unknown experiment '%s'; `assay-guest list` shows all", experiment);
	return EXIT_USAGE;
}

static void choices__release(struct choices *c)
{
	for (size_t i = 0; i < c->n; i++)
		json_decref(c->v[i].params);
	free(c->v);
}

static int choose(const struct strv *names, struct choices *c)
{
	if (!names->n) {
		log_err("run takes the name of at least one experiment");
		return EXIT_USAGE;
	}
	c->v = calloc(names->n, sizeof(*c->v));
	if (!c->v)
		return EXIT_HARNESS;
	for (; c->n < names->n; c->n++) {
		struct choice *choice = &c->v[c->n];
		const char *nearest;

		choice->ex = registry__find(names->v[c->n], &nearest);
		if (!choice->ex)
			return standalone__unknown(names->v[c->n], nearest);
		choice->params = json_object();
		if (!choice->params)
			return EXIT_HARNESS;
	}
	return 0;
}

static bool declares(const struct experiment *ex, const char *param)
{
	for (const struct param *p = ex->params; p && p->name; p++)
		if (strcmp(p->name, param) == 0)
			return true;
	return false;
}

/* Gives NAME=VALUE to the experiments that it is meant for. When no chosen one declares it, the
 * first one gets it all the same, so that checking its parameters names the nearest. */
static int assign(struct choices *c, const char *text)
{
	char *name = strdup(text), *value = name ? strchr(name, '=') : NULL, *dot;
	const char *only = NULL, *param = name;
	size_t given = 0;

	if (!value || value == name) {
		log_err("-p %s: not of the form NAME=VALUE", text);
		free(name);
		return EXIT_USAGE;
	}
	*value++ = '\0';
	dot = strchr(name, '.');
	if (dot) {
		*dot = '\0';
		only = name;
		param = dot + 1;
	}
	for (size_t i = 0; i < c->n; i++) {
		if (only ? strcmp(only, c->v[i].ex->name) != 0 : !declares(c->v[i].ex, param))
			continue;
		json_object_set_new(c->v[i].params, param, json_string(value));
		given++;
	}
	if (!given && only)
		log_err("-p %s: '%s' is not among the experiments to run", text, only);
	else if (!given)
		json_object_set_new(c->v[0].params, param, json_string(value));
	free(name);
	return !given && only ? EXIT_USAGE : 0;
}

static int check_params(const struct choices *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct params *p = NULL;
		char why[512];
		int err = params__new(c->v[i].ex, c->v[i].params, &p, why, sizeof(why));

		params__free(p);
		if (err) {
			log_err("%s: %s", c->v[i].ex->name, why);
			return err == -EINVAL ? EXIT_USAGE : EXIT_HARNESS;
		}
	}
	return 0;
}

static int run_one(const struct choice *c, const struct standalone_opts *o,
		   const struct supervisor *s, const struct sink *sink, bool *cancelled)
{
	struct run_request rq = {
		.ex = c->ex,
		.params = c->params,
		.features = o->features, /* borrowed */
		.repeats = o->repeats,
		.timeout_ms = o->timeout_ms,
		.object = c->object,
		.globals = o->globals,
	};
	int err;

	if (!rq.timeout_ms)
		rq.timeout_ms = c->ex->timeout_s ? c->ex->timeout_s * 1000 : DEFAULT_TIMEOUT_MS;
	err = run__supervise(&rq, s, sink, cancelled);
	if (err)
		log_err("%s: its results could not be reported: %s", c->ex->name, strerror(-err));
	return err;
}

static int run_all(const struct choices *c, const struct standalone_opts *o)
{
	struct report_opts ro = {
		.out = stdout, .json = o->json, .dir = o->dir, .features = &o->features
	};
	struct kfacts *kernel = NULL;
	struct report *report = NULL;
	struct supervisor s;
	struct sink sink;
	bool cancelled = false;
	int err = kfacts__new(&kernel), cancel_fd;

	if (err)
		goto out;
	ro.kernel = kfacts__version(kernel);
	err = report__new(&ro, &report);
	if (err)
		goto out;
	cancel_fd = cancel_open();
	err = cancel_fd < 0 ? cancel_fd : supervisor__init(&s, cancel_fd, false);
	sink = report__sink(report);
	for (size_t i = 0; !err && !cancelled && i < c->n; i++)
		err = run_one(&c->v[i], o, &s, &sink, &cancelled);
out:
	if (err)
		log_err("run: %s", strerror(-err));
	else if (cancelled)
		log_err("interrupted: the run was cut off");
	if (err || cancelled || report__worst(report) == STATUS_HARNESS)
		err = EXIT_HARNESS;
	else
		err = report__worst(report) > STATUS_SKIPPED ? EXIT_UNEXPECTED : EXIT_AS_EXPECTED;
	report__free(report);
	kfacts__free(kernel);
	return err;
}

static bool needs_root(const struct choices *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!c->v[i].ex->on_host)
			return true;
	return false;
}

/* The objects in place of experiments. */
static int choose_objects(const struct strv *files, struct choices *c)
{
	if (!files->n) {
		log_err("verify takes at least one BPF object, such as prog.bpf.o");
		return EXIT_USAGE;
	}
	c->v = calloc(files->n, sizeof(*c->v));
	if (!c->v)
		return EXIT_HARNESS;
	for (; c->n < files->n; c->n++) {
		const char *path = files->v[c->n], *slash = strrchr(path, '/');
		struct choice *choice = &c->v[c->n];

		if (access(path, R_OK)) {
			log_err("%s: %s", path, strerror(errno));
			return EXIT_USAGE;
		}
		choice->object = path;
		choice->of_object.name = slash ? slash + 1 : path;
		choice->ex = &choice->of_object;
	}
	return 0;
}

int standalone__verify(const struct standalone_opts *o, const struct strv *files)
{
	struct choices c = { 0 };
	int status = choose_objects(files, &c);

	if (!status && geteuid() != 0) {
		log_err("verify: loading BPF programs needs root; use sudo");
		status = EXIT_USAGE;
	}
	if (!status)
		status = run_all(&c, o);
	choices__release(&c);
	return status;
}

int standalone__run(const struct standalone_opts *o, const struct strv *names)
{
	struct choices c = { 0 };
	int status = choose(names, &c);

	for (size_t i = 0; !status && i < o->params.n; i++)
		status = assign(&c, o->params.v[i]);
	if (!status)
		status = check_params(&c);
	if (!status && geteuid() != 0 && needs_root(&c)) {
		log_err("run: loading BPF programs needs root; use sudo");
		status = EXIT_USAGE;
	}
	if (!status)
		status = run_all(&c, o);
	choices__release(&c);
	return status;
}
