// SPDX-License-Identifier: GPL-2.0-only
#include "cli/programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/plan.h"
#include "vm/program.h"

struct preparing {
	struct cli *cli;
	struct programs *list; /* of programs.ini */
	struct strv names;     /* that were asked for */
	struct strv *paths;
	int *errs; /* of each name */
};

static int load_list(struct preparing *p)
{
	/* Beside kernels.ini. */
	const char *ini = p->cli->paths.ini, *slash = strrchr(ini, '/');
	char *path = str_fmt("%.*sprograms.ini", slash ? (int)(slash - ini) + 1 : 0, ini);
	int err = path ? programs__load(path, &p->list) : -ENOMEM;

	free(path);
	return err;
}

static int build(struct preparing *p, const struct program *program)
{
	const struct source_opts opts = { .paths = &p->cli->paths,
					  .cancel_fd = p->cli->cancel_fd,
					  .verbose = p->cli->verbose };
	char *path = NULL;
	int err = program__ensure(program, &opts, &path);

	if (!err)
		err = strv__add(p->paths, path);
	free(path);
	return err;
}

static int build_needed(struct preparing *p, const char *name)
{
	const struct program *program;
	int err = p->list ? 0 : load_list(p);

	if (err)
		return err;
	program = programs__find(p->list, name);
	if (!program) {
		log_err("program %s: experiments need it, and vm/programs.ini has no section of "
			"that name",
			name);
		return -ENOENT;
	}
	return build(p, program);
}

/* Each program once. */
static int ask(struct preparing *p, const char *name)
{
	int *errs;
	size_t i;

	for (i = 0; i < p->names.n; i++)
		if (!strcmp(p->names.v[i], name))
			return p->errs[i];
	errs = reallocarray(p->errs, i + 1, sizeof(*errs));
	if (!errs)
		return -ENOMEM;
	p->errs = errs;
	errs[i] = build_needed(p, name);
	return strv__add(&p->names, name) ? -ENOMEM : errs[i];
}

static int prepare_item(struct preparing *p, const struct catalog *c, struct plan_item *item)
{
	int i = catalog__find(c, item->experiment, NULL), err = 0;
	const json_t *needs = i < 0 ? NULL : json_object_get(catalog__json(c, (size_t)i), "needs");
	const json_t *need;
	size_t k;

	json_array_foreach (needs, k, need) {
		const char *kind = json_string_value(json_object_get(need, "kind"));
		const char *name = json_string_value(json_object_get(need, "name"));

		if (!kind || !name || strcmp(kind, "program") != 0)
			continue;
		err = ask(p, name);
		if (err == -EINTR || err == -ENOMEM)
			return err;
		if (err)
			item->blocked = "a program that it needs in the guest could not be built";
	}
	return 0;
}

int programs__prepare(struct cli *cli, const struct catalog *c, struct plan *plan,
		      struct strv *paths)
{
	struct preparing p = { .cli = cli, .paths = paths };
	int err = 0;

	for (size_t i = 0; !err && i < plan->nr_items; i++)
		err = prepare_item(&p, c, &plan->items[i]);
	programs__free(p.list);
	strv__free(&p.names);
	free(p.errs);
	return err;
}

int programs__get(struct cli *cli, const char *name, struct strv *paths)
{
	struct preparing p = { .cli = cli, .paths = paths };
	const struct program *program;
	int err = load_list(&p);

	if (err)
		return err;
	program = programs__find(p.list, name);
	if (program)
		err = build(&p, program);
	else
		err = cli__unknown(
			"program", name, programs__nearest(p.list, name),
			"vm/programs.ini has those that assay builds, and a file is named "
			"with a '/', such as ./program");
	programs__free(p.list);
	return err;
}
