// SPDX-License-Identifier: GPL-2.0-only
#include "cli/study_world.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/plan.h"
#include "study/design.h"

/* --- kernels and experiments ----------------------------------------------------------------- */

static const char *kernel_name(void *ctx, const char *name, const char **nearest)
{
	const struct study_place *p = ctx;
	const struct kernel *k =
		name ? kernels__find(p->kernels, name, nearest) : kernels__default(p->kernels);

	return k ? k->name : NULL;
}

static bool has_experiment(void *ctx, const char *name, const char **nearest)
{
	const struct study_place *p = ctx;
	int i = catalog__find(p->catalog, name, nearest);

	return i >= 0 && !catalog__on_host(p->catalog, (size_t)i);
}

static bool param_at(void *ctx, const char *experiment, size_t i, const char **name,
		     const char **value)
{
	const struct study_place *p = ctx;
	size_t e = (size_t)catalog__find(p->catalog, experiment, NULL);
	struct catalog_param param;

	if (i >= catalog__nr_params(p->catalog, e))
		return false;
	catalog__param(p->catalog, e, i, &param);
	*name = param.name;
	*value = param.value;
	return true;
}

static bool find_param(const struct study_place *p, const char *experiment, const char *name,
		       struct catalog_param *out)
{
	size_t e = (size_t)catalog__find(p->catalog, experiment, NULL);

	for (size_t i = 0; i < catalog__nr_params(p->catalog, e); i++) {
		catalog__param(p->catalog, e, i, out);
		if (!strcmp(out->name, name))
			return true;
	}
	return false;
}

static int check_value(void *ctx, const char *experiment, const char *name, const char *value,
		       char **same, char **why)
{
	struct catalog_param param;
	uint64_t n;
	int err, flag;

	if (!find_param(ctx, experiment, name, &param)) {
		*why = str_fmt("%s has no such parameter", experiment);
		return *why ? -EINVAL : -ENOMEM;
	}
	err = plan__check_value(&param, value, why);
	if (err)
		return err;
	if (!strcmp(param.type, "uint") && !num_u64(value, 0, UINT64_MAX, &n))
		*same = str_fmt("%llu", (unsigned long long)n);
	else if (!strcmp(param.type, "bool") && !num_bool(value, &flag))
		*same = strdup(flag ? "yes" : "no");
	else
		*same = strdup(value);
	return *same ? 0 : -ENOMEM;
}

int study_place__init(struct cli *cli, struct study_place *p)
{
	int err = cli__catalog(cli, &p->catalog);

	if (!err)
		err = cli__kernels(cli, &p->kernels);
	p->world = (struct study_world){
		.kernel = kernel_name,
		.experiment = has_experiment,
		.param = param_at,
		.value = check_value,
		.ctx = p,
	};
	return err;
}

/* --- files ----------------------------------------------------------------------------------- */

int studies__list(const struct cli *cli, struct strv *paths)
{
	char *pattern = str_fmt("%s/*/*.study", cli->experiments);
	glob_t g = { 0 };
	int err = pattern ? 0 : -ENOMEM, found;

	if (err)
		return err;
	found = glob(pattern, 0, NULL, &g);
	free(pattern);
	if (found == GLOB_NOSPACE)
		err = -ENOMEM;
	else if (found && found != GLOB_NOMATCH)
		err = -EIO;
	for (size_t i = 0; !err && !found && i < g.gl_pathc; i++)
		err = strv__add(paths, g.gl_pathv[i]);
	globfree(&g);
	if (err)
		log_err("%s: its studies can't be listed: %s", cli->experiments, strerror(-err));
	return err;
}

int studies__find(const struct cli *cli, const char *name, char **path)
{
	struct strv paths = { 0 }, names = { 0 };
	int err = studies__list(cli, &paths);
	size_t i;

	*path = NULL;
	for (i = 0; !err && i < paths.n; i++) {
		char *one = design__name(paths.v[i]);

		err = one ? strv__add(&names, one) : -ENOMEM;
		if (!err && !*path && !strcmp(one, name) && !(*path = strdup(paths.v[i])))
			err = -ENOMEM;
		free(one);
	}
	if (!err && !*path)
		err = cli__unknown("study", name,
				   str_nearest(name, (const char *const *)names.v, names.n),
				   "`assay study` shows all, --design names a file");
	strv__free(&paths);
	strv__free(&names);
	return err;
}
