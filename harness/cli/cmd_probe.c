// SPDX-License-Identifier: GPL-2.0-only
/* `assay probe`: what can hang on a function of a kernel, and if not, why. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/probe_report.h"
#include "cli/visit.h"
#include "vm/functions.h"
#include "vm/vm.h"

#define TIMEOUT_MS 60000

struct probe_args {
	struct visit_opts visit;
	struct strv functions;
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

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->visit.vm;
		return 0;
	case OPT_JSON:
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		return strv__add(&a->functions, arg) ? ENOMEM : 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which function? `assay probe -k KERNEL FUNCTION`");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = { { &cli_vm_argp, 0, "Guest:", 1 }, { 0 } };
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FUNCTION...",
	.doc = "Boots a kernel and finds out what can hang on a function: symbol, ftrace entry, BTF, "
	       "error injection, and each hook, which is tried for a moment. Says why not, and when "
	       "an override is going to be lost.\vExit status: 0 when each function can be hooked "
	       "somehow, 1 when one can't, 2 wrong use, 3 assay failed or was cut off.",
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

	for (size_t i = 0; i < a->functions.n; i++)
		json_array_append_new(argv, json_string(a->functions.v[i]));
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
	*out = status ? NULL : json_loads(strbuf__str(&said), JSON_REJECT_DUPLICATES, NULL);
	if (!status && !json_is_array(*out)) {
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

/* A kernel of before there was such a table has none: then less is said. */
static void report_one(const json_t *facts, const struct image *img)
{
	const char *name = json_string_value(json_object_get(facts, "function"));
	struct function *v = NULL;
	struct probe_functions f = { 0 };

	f.known = name && !functions__find(img->dir, name, &v, &f.n);
	f.v = v;
	probe_report__print(stdout, facts, img->name, img->version, &f, term_color(stdout));
	functions__free(v, f.n);
}

static bool report(const json_t *answer, const struct image *img, bool json)
{
	bool all = true;
	const json_t *facts;
	size_t i;

	if (json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_array_foreach (answer, i, facts) {
		all &= probe_report__any(facts);
		if (json)
			continue;
		if (i)
			putchar('\n');
		report_one(facts, img);
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
	err = visit__open(cli, &a.visit, &v);
	if (!err)
		err = ask(v, &a, &answer);
	if (err)
		status = cli__exit_status(err);
	else
		status = report(answer, visit__image(v), a.json) ? EXIT_AS_EXPECTED
								 : EXIT_UNEXPECTED;
out:
	json_decref(answer);
	visit__close(v);
	strv__free(&a.functions);
	visit_opts__release(&a.visit);
	return status;
}
