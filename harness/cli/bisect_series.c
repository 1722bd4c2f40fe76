// SPDX-License-Identifier: GPL-2.0-only
/* `assay bisect --series`: which patch of an entry's series changes a verdict. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/bisect.h"
#include "cli/bisect_line.h"
#include "cli/bisect_prefix.h"
#include "cli/bisect_report.h"

struct patches {
	struct trial trial;
	struct prefixes prefixes;
	char (*binary)[HASH_HEX]; /* of each point that was built; "" else */
};

/* An earlier point with the same binaries. */
static bool find_same(const struct patches *p, size_t point, size_t *same)
{
	for (*same = 0; *p->binary[point] && *same < p->prefixes.points.n; (*same)++)
		if (*same != point && !strcmp(p->binary[*same], p->binary[point]))
			return true;
	return false;
}

/* A point that was asked and is known to have the same binaries, without building. */
static bool take_same(struct patches *p, size_t point, struct answers **out)
{
	const struct cli *cli = p->trial.cli;

	for (size_t other = 0; other < p->prefixes.points.n; other++) {
		char *memo;
		bool taken;

		if (!*p->binary[other] || !prefixes__are_same(&p->prefixes, &cli->paths,
							      cli->kernel_source, other, point))
			continue;
		memo = trial__memo(&p->trial, p->binary[other]);
		taken = memo && !answers__load(memo, out);
		free(memo);
		if (!taken)
			continue;
		memcpy(p->binary[point], p->binary[other], HASH_HEX);
		(*out)->same_as = str_fmt("+%zu", p->prefixes.first + other);
		log_info("bisect: +%zu differs from +%zu in nothing that is compiled: not built",
			 p->prefixes.first + point, p->prefixes.first + other);
		return true;
	}
	return false;
}

static int try_prefix(void *ctx, size_t point, struct answers **out)
{
	struct patches *p = ctx;
	struct kernel k;
	size_t same;
	int err;

	if (take_same(p, point, out))
		return 0;
	err = prefixes__kernel(&p->prefixes, point, &k);
	if (err)
		return err;
	err = trial__ask(&p->trial, &k, p->binary[point], out);
	if (!err && find_same(p, point, &same)) {
		(*out)->same_as = str_fmt("+%zu", p->prefixes.first + same);
		log_info("bisect: kernel %s has the same binaries as +%zu: not run", k.name,
			 p->prefixes.first + same);
	}
	prefixes__release_kernel(&k);
	return err;
}

static char *step(void *ctx, size_t before, size_t after)
{
	const struct prefixes *p = &((struct patches *)ctx)->prefixes;

	if (after == before + 1)
		return str_fmt("with %s", p->patches.v[p->first + before]);
	return str_fmt("with one of %s to %s", p->patches.v[p->first + before],
		       p->patches.v[p->first + after - 1]);
}

static int open_all(struct cli *cli, const struct bisect_args *a, struct patches *p)
{
	const char *name = a->nr_ends ? a->names.v[0] : a->vm.kernels_arg;
	const struct kernel *entry;
	int err = cli__kernel(cli, name, &entry);

	if (!err)
		err = prefixes__read(&p->prefixes, entry, cli->paths.patches, a->from, a->to);
	if (!err) {
		p->binary = calloc(p->prefixes.points.n, sizeof(*p->binary));
		err = p->binary ? 0 : -ENOMEM;
	}
	return err ? err : bisect__open_trial(cli, a, &p->trial);
}

int bisect__series(struct cli *cli, struct bisect_args *a)
{
	struct patches p = { 0 };
	const struct line_opts o = {
		.points = &p.prefixes.points,
		.what = "patches",
		.try_point = try_prefix,
		.ctx = &p,
		.by = a->by,
		.wanted = &a->wanted,
		.also = &a->also,
	};
	struct line line = { 0 };
	const struct bisect_report report = {
		.out = stdout, .opts = &o, .line = &line, .step = step, .ctx = &p
	};
	int err, status;

	cli->kernel_source = a->vm.kernel_source;
	err = open_all(cli, a, &p);
	if (err) {
		status = cli__exit_status(err);
	} else {
		err = line__run(&o, &line);
		bisect_report__print(&report);
		status = bisect__finish(&p.trial, &line, err);
	}
	line__release(&line);
	trial__close(&p.trial);
	prefixes__release(&p.prefixes);
	free(p.binary);
	return status;
}
