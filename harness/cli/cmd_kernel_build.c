// SPDX-License-Identifier: GPL-2.0-only
/* `assay kernel build`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/cli.h"
#include "cli/cmd_kernel.h"
#include "cli/kernel_build.h"

static int add_row(struct table *t, const struct kernel *k, const struct kernel_built *b)
{
	const struct image *img = b->image;
	char time[32], id[16] = "", *result;
	int err;

	if (img)
		snprintf(id, sizeof(id), "%.12s", img->build_id);
	if (!img)
		result = str_fmt("failed: %s", b->why ? b->why : "no reason given");
	else if (b->was)
		result = strdup("was up to date");
	else
		result = str_fmt("%s in %s", k->prebuilt ? "ready" : "built",
				 fmt_seconds(b->seconds, time, sizeof(time)));
	err = result ? table__row(t,
				  (const char *[]){ k->name, img ? img->release : "", id, result })
		     : -ENOMEM;
	free(result);
	return err;
}

static int print_table(const struct kernel_list *l, const struct kernel_built *b)
{
	static const struct column columns[] = {
		{ "kernel", ALIGN_LEFT, 0 },
		{ "release", ALIGN_LEFT, 0 },
		{ "build id", ALIGN_LEFT, 0 },
		{ "result", ALIGN_LEFT, 0 },
	};
	struct table *t = table__new(columns, sizeof(columns) / sizeof(columns[0]));
	int err = t ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < l->n; i++)
		err = add_row(t, l->v[i], &b[i]);
	if (!err)
		table__print(t, stdout, term_color(stdout));
	table__free(t);
	return err;
}

static int print(const struct kernel_list *l, const struct kernel_built *b)
{
	const struct image *img = b->image;

	if (l->n > 1)
		return print_table(l, b);
	if (img)
		printf("%s: %s, build id %.12s, in %s\n", l->v[0]->name, img->release,
		       img->build_id, img->dir);
	return 0;
}

int kernel__build(struct cli *cli, const struct kernel_args *a)
{
	struct kernel_built *b = NULL;
	struct kernel_list l = { 0 };
	size_t failed = 0;
	int err = kernel_list__make(cli, a, false, &l);

	if (err)
		return err;
	if (cli->kernel_source && l.n > 1) {
		log_err("--kernel-source goes with one kernel; %zu are named", l.n);
		err = -EINVAL;
		goto out;
	}
	b = calloc(l.n, sizeof(*b));
	err = b ? kernel_build__all(cli, l.v, l.n, b) : -ENOMEM;
	if (!err)
		err = print(&l, b);
	for (size_t i = 0; !err && i < l.n; i++)
		failed += !b[i].image;
	if (!err && failed)
		err = EXIT_HARNESS;
	if (b)
		kernel_built__release(b, l.n);
out:
	free(b);
	kernel_list__release(&l);
	return err;
}
