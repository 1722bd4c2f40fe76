// SPDX-License-Identifier: GPL-2.0-only
#include "guest/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest/kfacts.h"
#include "guest/registry.h"
#include "guest/run.h"
#include "wire/event.h"

#define OUT_PART (48u << 10) /* bytes in one `out` event: a multiple of 3, so no padding inside */

int job__exit(const struct sink *sink, int status)
{
	return sink__send(sink, json_pack("{ss si}", "ev", "exit", "status", status));
}

/* --- run ------------------------------------------------------------------------------------- */

/* The guest must be the kernel that was asked for; a boot loader or a stale file that starts
 * another one is the oldest mistake of all. Returns a sentence (caller frees) or NULL. */
static char *wrong_kernel(const json_t *job, const struct kfacts *kernel)
{
	const char *release = "", *build_id = "";

	wire_str(job, "release", &release);
	wire_str(job, "build_id", &build_id);
	if ((!*release || strcmp(release, kfacts__release(kernel)) == 0) &&
	    (!*build_id || strcasecmp(build_id, kfacts__build_id(kernel)) == 0))
		return NULL;
	return str_fmt("this is kernel %s (build id %s), not %s (build id %s)",
		       kfacts__release(kernel),
		       *kfacts__build_id(kernel) ? kfacts__build_id(kernel) : "none",
		       *release ? release : "any", *build_id ? build_id : "any");
}

static int read_request(const json_t *job, struct run_request *rq)
{
	json_t *features = json_object_get(job, "features"), *feature;
	int64_t n = 0;
	size_t i;
	int err = 0;

	rq->params = json_object_get(job, "params");
	json_array_foreach (features, i, feature)
		if (!err && json_is_string(feature))
			err = strv__add(&rq->features, json_string_value(feature));
	if (!wire_int(job, "repeats", &n) && n > 0 && n <= INT_MAX)
		rq->repeats = (unsigned int)n;
	rq->precision = json_number_value(json_object_get(job, "precision"));
	n = 0;
	if (!wire_int(job, "timeout_ms", &n) && n > 0)
		rq->timeout_ms = n < INT_MAX ? (unsigned int)n : INT_MAX;
	wire_str(job, "object", &rq->object);
	rq->globals = json_object_get(job, "globals");
	rq->programs = json_object_get(job, "programs");
	n = 0;
	if (!wire_int(job, "first", &n) && n > 0)
		rq->first = (size_t)n;
	return err;
}

static int refuse_unknown(const struct sink *sink, const char *name, const char *nearest)
{
	return run__refuse(sink, name, "the guest has no experiment '%s'%s%s%s", name,
			   nearest ? "; did you mean " : "", nearest ? nearest : "",
			   nearest ? "?" : "");
}

int job__run(const json_t *job, const struct kfacts *kernel, const struct supervisor *s,
	     const struct sink *sink)
{
	struct run_request rq = { 0 };
	const char *name = "", *nearest = NULL;
	char *wrong = wrong_kernel(job, kernel);
	struct experiment of_object = { 0 };
	int err = read_request(job, &rq);

	wire_str(job, "experiment", &name);
	of_object.name = name;
	rq.ex = rq.object ? &of_object : registry__find(name, &nearest);
	if (wrong)
		err = run__refuse(sink, name, "%s", wrong);
	else if (err)
		err = run__refuse(sink, name, "out of memory");
	else if (!rq.ex)
		err = refuse_unknown(sink, name, nearest);
	else
		err = run__supervise(&rq, s, sink, NULL);
	strv__free(&rq.features);
	free(wrong);
	return err;
}

/* --- exec ------------------------------------------------------------------------------------ */

struct exec_args {
	char **argv;
	int out, err;
};

static int exec_main(void *arg)
{
	const struct exec_args *a = arg;
	int null = open("/dev/null", O_RDONLY), err;

	dup2(null, STDIN_FILENO);
	dup2(a->out, STDOUT_FILENO);
	dup2(a->err, STDERR_FILENO);
	execvp(a->argv[0], a->argv);
	err = errno;
	dprintf(STDERR_FILENO, "assay-guest: %s: %s\n", a->argv[0], strerror(err));
	return err == ENOENT ? 127 : 126;
}

struct out {
	const struct sink *sink;
	int fd;
};

static int on_out(void *ctx, const char *data, size_t len)
{
	const struct out *o = ctx;
	int err = 0;

	while (len && !err) {
		size_t n = len < OUT_PART ? len : OUT_PART;
		char *text = base64__encode(data, n);

		if (!text)
			return -ENOMEM;
		err = sink__send(o->sink,
				 json_pack("{ss si ss}", "ev", "out", "fd", o->fd, "data", text));
		free(text);
		data += n;
		len -= n;
	}
	return err;
}

/* A NULL-terminated copy of the job's argv that borrows its strings; NULL when there is none. */
static char **read_argv(const json_t *job)
{
	json_t *array = json_object_get(job, "argv"), *word;
	char **argv = calloc(json_array_size(array) + 1, sizeof(*argv));
	size_t i;

	json_array_foreach (array, i, word) {
		if (!argv || !json_is_string(word))
			goto bad;
		argv[i] = (char *)json_string_value(word);
	}
	if (argv && argv[0] && *argv[0])
		return argv;
bad:
	free(argv);
	return NULL;
}

static void set_size(const json_t *job)
{
	static const struct {
		const char *key, *env;
	} sizes[] = { { "rows", "LINES" }, { "cols", "COLUMNS" } };

	for (size_t i = 0; i < 2; i++) {
		char text[32];
		int64_t n = 0;

		unsetenv(sizes[i].env);
		if (wire_int(job, sizes[i].key, &n) || n <= 0)
			continue;
		snprintf(text, sizeof(text), "%lld", (long long)n);
		setenv(sizes[i].env, text, 1);
	}
}

static void close_pair(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static void close_one(int *fd)
{
	close(*fd);
	*fd = -1;
}

static int exec_run(const struct exec_args *template, const struct supervisor *s,
		    const struct sink *sink, unsigned int timeout_ms, struct child_end *end)
{
	struct exec_args args = *template;
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, ret = 0;
	struct out to_out = { sink, STDOUT_FILENO }, to_err = { sink, STDERR_FILENO };
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		ret = -errno;
		goto done;
	}
	args.out = out[1];
	args.err = err[1];
	pid = child__start(exec_main, &args);
	if (pid < 0) {
		ret = pid;
		goto done;
	}
	close_one(&out[1]);
	close_one(&err[1]);
	child__watch(s, pid,
		     (struct watch[]){ { .fd = out[0], .data = on_out, .ctx = &to_out },
				       { .fd = err[0], .data = on_out, .ctx = &to_err } },
		     2, timeout_ms, end);
done:
	close_pair(out);
	close_pair(err);
	return ret;
}

int job__exec(const json_t *job, const struct supervisor *s, const struct sink *sink)
{
	struct exec_args args = { .argv = read_argv(job) };
	struct child_end end = { 0 };
	int64_t timeout_ms = 0;
	int err;

	if (!args.argv) {
		sink__log(sink, "error", "exec: the job has no argv of strings");
		return job__exit(sink, 126);
	}
	set_size(job);
	wire_int(job, "timeout_ms", &timeout_ms);
	err = exec_run(&args, s, sink, timeout_ms > 0 ? (unsigned int)timeout_ms : 0, &end);
	if (err)
		sink__log(sink, "error", "exec: %s could not be started: %s", args.argv[0],
			  strerror(-err));
	else if (end.err)
		sink__log(sink, "error", "exec: the output of %s could not be passed on: %s",
			  args.argv[0], strerror(-end.err));
	err = job__exit(sink, err ? 126 : child__exit_status(end.status));
	free(args.argv);
	return err;
}
