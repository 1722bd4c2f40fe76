// SPDX-License-Identifier: GPL-2.0-only
/* `assay probe`: what can hang on a function of a kernel or of a program, and if not, why. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/probe_file_report.h"
#include "cli/probe_report.h"
#include "cli/probe_targets.h"
#include "cli/visit.h"
#include "vm/functions.h"
#include "vm/vm.h"

#define TIMEOUT_MS 60000

struct probe_args {
	struct visit_opts visit;
	struct probe_targets targets;
	bool json;
};

enum { OPT_JSON = 0x300 };

static const struct argp_option options[] = {
	{ "json", OPT_JSON, NULL, 0, "print what was found as JSON", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct probe_args *a = state->input;
	char why[640] = "";
	int err;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->visit.vm;
		return 0;
	case OPT_JSON:
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		err = probe_targets__add(&a->targets, arg, why, sizeof(why));
		if (err == -EINVAL)
			argp_error(state, "%s", why);
		return err == -ENOMEM ? ENOMEM : 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state,
			   "which function? `assay probe -k KERNEL FUNCTION` or FILE:FUNCTION");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = { { &cli_vm_argp, 0, "Guest:", 1 }, { 0 } };
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FUNCTION...\nFILE:FUNCTION...\nFILE:PROVIDER:NAME...\nFILE:...",
	.doc = "Boots a kernel and finds out what can hang on a function: symbol, ftrace entry, BTF, "
	       "error injection, and each hook, which is tried for a moment. Says why not, and when "
	       "an override is going to be lost. The same of a program on this host, which is "
	       "copied into the guest and not run there: FILE:FUNCTION is for uprobes, "
	       "FILE:PROVIDER:NAME for a USDT probe, each of whose locations is tried; FILE: lists "
	       "the USDT probes of a file.\v"
	       "FUNCTION is a function of the kernel (vfs_read). FILE has a '/' (./server, "
	       "/usr/sbin/nginx), or is the name of a program of vm/programs.ini, which assay builds "
	       "(memcached). It is to be a program or shared library of x86-64; what its symbols, "
	       "debug information and ELF notes say is shown, and that a uprobe there puts its "
	       "breakpoint into a process that maps the file, as the kernel that was booted does it. "
	       "Functions of the kernel and of programs may be mixed.\n"
	       "\n"
	       "  assay probe -k 5.10.218 vfs_read\n"
	       "  assay probe memcached:process_command_ascii\n"
	       "  assay probe memcached:memcached:command__get\n"
	       "  assay probe /lib/x86_64-linux-gnu/libc.so.6:\n"
	       "\n"
	       "Exit status: 0 when each can be hooked somehow, 1 when one can't or there is no such, "
	       "2 wrong use, 3 assay failed or was cut off.",
	.children = children,
};

/* --- the guest's answer ------------------------------------------------------------------------
 */

static int collect(void *ctx, int fd, const void *data, size_t len)
{
	if (fd == 1)
		strbuf__add(ctx, data, len);
	else
		log_debug("guest: %.*s", (int)len, (const char *)data);
	return 0;
}

static json_t *make_job(const struct probe_args *a)
{
	json_t *argv = json_pack("[sss]", "/init", "probe", "--json");

	for (size_t i = 0; i < a->targets.n; i++)
		json_array_append_new(argv, json_string(a->targets.v[i].in_guest));
	return json_pack("{s:s, s:o, s:i, s:i}", "job", "exec", "argv", argv, "rows", 0, "cols", 0);
}

static int ask(struct visit *v, const struct probe_args *a, json_t **out)
{
	struct strbuf said = STRBUF_INIT;
	struct command c = { .timeout_ms = TIMEOUT_MS, .out = collect, .ctx = &said };
	struct vm_outcome o = { 0 };
	int status;

	c.job = make_job(a);
	status = c.job ? command__run(visit__vm(v), &c, &o) : -EINVAL;
	if (status < 0 && o.end != VM_DONE)
		visit__complain(&o);
	else if (status > 0)
		log_err("the guest's probe ended with status %d; -v shows what it said", status);
	*out = status ? NULL : json_loads(strbuf__str(&said), JSON_REJECT_DUPLICATES, NULL);
	if (!status && json_array_size(*out) != a->targets.n) {
		log_err("the guest's answer can't be read");
		status = -EBADMSG;
	}
	if (!status)
		visit__warn(v, &o);
	vm_outcome__release(&o);
	json_decref(c.job);
	strbuf__free(&said);
	return status == 2 ? -EINVAL : status > 0 ? -EIO : status;
}

/* What a program's debug information says, read here: known stays false when it has none. */
static void find_functions(const struct wanted *w, struct function **v, struct probe_functions *f)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = str_fmt("%s/assay-probe-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	char *path = dir && mkdtemp(dir) ? str_fmt("%s/" FUNCTIONS_FILE, dir) : NULL;

	f->known = path && !functions__write(w->path, NULL, path) &&
		   !functions__find(dir, w->target.name, v, &f->n);
	f->v = *v;
	if (path)
		dir_remove(dir);
	free(path);
	free(dir);
}

static void report_file(const json_t *facts, const struct wanted *w, const struct image *img)
{
	struct probe_functions f = { 0 };
	struct function *v = NULL;

	if (w->target.kind == PROBE_SYMBOL)
		find_functions(w, &v, &f);
	probe_file_report__print(stdout, facts, w->target.file, img->name, &f, term_color(stdout));
	functions__free(v, f.n);
}

/* A kernel of before there was such a table has none: then less is said. */
static void report_kernel(const json_t *facts, const struct image *img)
{
	const char *name = json_string_value(json_object_get(facts, "function"));
	struct function *v = NULL;
	struct probe_functions f = { 0 };

	f.known = name && !functions__find(img->dir, name, &v, &f.n);
	f.v = v;
	probe_report__print(stdout, facts, img->name, img->version, &f, term_color(stdout));
	functions__free(v, f.n);
}

static bool report(const json_t *answer, const struct probe_targets *targets,
		   const struct image *img, bool json)
{
	bool all = true;
	const json_t *facts;
	size_t i;

	if (json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_array_foreach (answer, i, facts) {
		const struct wanted *w = &targets->v[i];
		bool kernel = w->target.kind == PROBE_KERNEL;

		all &= kernel ? probe_report__any(facts) : probe_file_report__any(facts);
		if (json)
			continue;
		if (i)
			putchar('\n');
		if (kernel)
			report_kernel(facts, img);
		else
			report_file(facts, w, img);
	}
	return all;
}

int cmd_probe(struct cli *cli, int argc, char **argv)
{
	struct probe_args a = { 0 };
	struct visit *v = NULL;
	json_t *answer = NULL;
	int status, err;

	cli_vm__init(&a.visit.vm);
	if (!cli__parse(&argp, "probe", argc, argv, &a, &status))
		goto out;
	err = probe_targets__prepare(&a.targets, cli, &a.visit);
	if (!err)
		err = visit__open(cli, &a.visit, &v);
	if (!err)
		err = ask(v, &a, &answer);
	if (err)
		status = cli__exit_status(err);
	else
		status = report(answer, &a.targets, visit__image(v), a.json) ? EXIT_AS_EXPECTED
									     : EXIT_UNEXPECTED;
out:
	json_decref(answer);
	visit__close(v);
	probe_targets__release(&a.targets);
	visit_opts__release(&a.visit);
	return status;
}
