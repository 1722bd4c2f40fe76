// SPDX-License-Identifier: GPL-2.0-only
/* `assay exec`: one command in a guest; its output is ours, its exit status is ours. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/visit.h"
#include "vm/vm.h"

struct exec_args {
	struct visit_opts visit;
	uint64_t timeout_ms;
	char **argv;
	int argc;
};

enum { OPT_TIMEOUT = 0x300 };

static const struct argp_option options[] = {
	{ "timeout", OPT_TIMEOUT, "TIME", 0,
	  "limit for the command, such as 90s or 5m (default: none)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct exec_args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->visit;
		state->child_inputs[1] = &a->visit.vm;
		return 0;
	case OPT_TIMEOUT:
		if (num_duration_ms(arg, 1, 7ull * 86400000, &a->timeout_ms))
			argp_error(state, "--timeout: '%s' is no time from 1ms to 7 days", arg);
		return 0;
	case ARGP_KEY_ARG: /* the rest is the guest's */
		a->argv = &state->argv[state->next - 1];
		a->argc = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command? `assay exec -k KERNEL -- COMMAND ARGUMENT...`");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = {
	{ &visit_argp, 0, NULL, 0 },
	{ &cli_vm_argp, 0, "Guest:", 1 },
	{ 0 },
};
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "-- COMMAND [ARGUMENT...]",
	.doc = "Boots a kernel and runs a command in the guest, in the folder /files, with busybox's "
	       "commands in PATH. Its output comes out here unchanged.\vExit status: the command's "
	       "(128 + N when signal N killed it). When assay itself fails it is 3 (2 for wrong use), "
	       "and stderr says why.",
	.children = children,
};

static int put(void *ctx, int fd, const void *data, size_t len)
{
	int err = write_all(fd == 1 ? STDOUT_FILENO : STDERR_FILENO, data, len);

	(void)ctx;
	if (err && err != -EPIPE)
		log_err("%s: %s", fd == 1 ? "standard output" : "standard error", strerror(-err));
	return err;
}

/* The guest program starts commands in the root folder: a shell goes to /files first. It has the
 * words as arguments, not as text, so that nothing in them is interpreted. */
static json_t *make_job(const struct exec_args *a)
{
	static const char *const prefix[] = { "/bin/sh", "-c", "cd /files && exec \"$@\"", "sh" };
	json_t *argv = json_array();
	struct winsize size = { 0 };

	for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++)
		json_array_append_new(argv, json_string(prefix[i]));
	for (int i = 0; i < a->argc; i++) {
		if (!json_array_append_new(argv, json_string(a->argv[i])))
			continue;
		log_err("exec: argument %d of the command is not valid UTF-8", i + 1);
		json_decref(argv);
		return NULL;
	}
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return json_pack("{s:s, s:o, s:i, s:i}", "job", "exec", "argv", argv, "rows", size.ws_row,
			 "cols", size.ws_col);
}

/* The command's exit status, or ours. */
static int converse(struct visit *v, const struct exec_args *a, json_t *job)
{
	const struct command c = { .job = job, .timeout_ms = (int)a->timeout_ms, .out = put };
	struct vm_outcome o = { 0 };
	int status = command__run(visit__vm(v), &c, &o);

	if (status == -EPIPE) {
		status = 128 + SIGPIPE;
	} else if (o.end == VM_TIMEOUT && o.splat == SPLAT_NONE) {
		log_err("the command did not end within %.1f s (--timeout)",
			(double)a->timeout_ms / 1000);
		status = EXIT_HARNESS;
	} else if (status < 0) {
		if (o.end != VM_DONE)
			visit__complain(&o);
		status = EXIT_HARNESS;
	}
	if (o.end == VM_DONE)
		visit__warn(v, &o);
	vm_outcome__release(&o);
	return status;
}

int cmd_exec(struct cli *cli, int argc, char **argv)
{
	struct exec_args a = { 0 };
	struct visit *v = NULL;
	json_t *job = NULL;
	int status, err;

	cli_vm__init(&a.visit.vm);
	if (!cli__parse(&argp, "exec", argc, argv, &a, &status))
		goto out;
	job = make_job(&a);
	if (!job) {
		status = EXIT_USAGE;
		goto out;
	}
	err = visit__open(cli, &a.visit, &v);
	status = err ? cli__exit_status(err) : converse(v, &a, job);
out:
	visit__close(v);
	json_decref(job);
	visit_opts__release(&a.visit);
	return status;
}
