// SPDX-License-Identifier: GPL-2.0-only
/* `assay bisect GOOD BAD …` over the kernels of the list. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/bisect.h"
#include "cli/bisect_kernels.h"
#include "cli/bisect_line.h"
#include "cli/bisect_report.h"

struct entries {
	struct trial trial;
	struct kernel_line kernels;
};

static int try_entry(void *ctx, size_t point, struct answers **out)
{
	struct entries *e = ctx;

	return trial__ask(&e->trial, e->kernels.v[point], NULL, out);
}

static char *notes(void *ctx, size_t before, size_t after)
{
	const struct entries *e = ctx;

	return kernel_step__notes(e->kernels.v[before], e->kernels.v[after]);
}

/* Leaves out what would take a build; the ends stay. */
static int keep_built(struct cli *cli, struct kernel_line *l)
{
	const struct image_opts opts = { .paths = &cli->paths, .cancel_fd = cli->cancel_fd };
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; !err && i < l->n; i++) {
		struct image *img = NULL;

		if (i && i + 1 < l->n)
			err = image__lookup(l->v[i], &opts, &img);
		if (err == -ENOENT)
			log_info("bisect: %s is not built: left out", l->v[i]->name);
		else
			l->v[n++] = l->v[i];
		image__free(img);
		err = err == -ENOENT ? 0 : err;
	}
	l->n = n;
	return err;
}

static int choose(struct cli *cli, const struct bisect_args *a, struct kernel_line *out)
{
	const struct kernels *ks;
	int err = cli__kernels(cli, &ks);

	if (!err)
		err = kernel_line__choose(ks, a->names.v[0], a->names.v[1], a->vm.kernels_arg, out);
	if (!err && a->built)
		err = keep_built(cli, out);
	return err;
}

int bisect__kernels(struct cli *cli, struct bisect_args *a)
{
	struct entries e = { 0 };
	struct strv points = { 0 };
	const struct line_opts o = {
		.points = &points,
		.what = "kernel",
		.try_point = try_entry,
		.ctx = &e,
		.by = a->by,
		.wanted = &a->wanted,
		.also = &a->also,
	};
	struct line line = { 0 };
	const struct bisect_report report = {
		.out = stdout, .opts = &o, .line = &line, .notes = notes, .ctx = &e
	};
	int err = choose(cli, a, &e.kernels), status;

	for (size_t i = 0; !err && i < e.kernels.n; i++)
		err = strv__add(&points, e.kernels.v[i]->name);
	if (!err)
		err = bisect__open_trial(cli, a, &e.trial);
	if (err) {
		status = cli__exit_status(err);
	} else {
		err = line__run(&o, &line);
		bisect_report__print(&report);
		status = bisect__finish(&e.trial, &line, err);
	}
	line__release(&line);
	trial__close(&e.trial);
	strv__free(&points);
	free(e.kernels.v);
	return status;
}
