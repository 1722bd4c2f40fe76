// SPDX-License-Identifier: GPL-2.0-only
/* `assay list`: experiments, rows, kernels, runs. */
#include "cli/cmd_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "base/utf8.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/report_table.h"
#include "cli/report_text.h"
#include "model/verdict.h"
#include "store/store.h"

/* --- experiments --------------------------------------------------------------------------- */

/* What it may be, "" for any text; NULL on ENOMEM. */
static char *param_values(const struct catalog_param *p)
{
	struct strbuf sb = STRBUF_INIT;
	char min[32], max[32];
	const json_t *choice;
	size_t i;

	if (strcmp(p->type, "uint") == 0)
		strbuf__addf(&sb, "%s to %s", fmt_count(p->min, min, sizeof(min)),
			     fmt_count(p->max, max, sizeof(max)));
	else if (strcmp(p->type, "bool") == 0)
		strbuf__addf(&sb, "yes, no");
	json_array_foreach (p->choices, i, choice)
		strbuf__addf(&sb, "%s%s", i ? ", " : "", json_string_value(choice));
	return sb.len ? strbuf__detach(&sb) : strdup("");
}

/* "-p map=coarse"; NULL on ENOMEM. */
static char *param_setting(const struct catalog_param *p)
{
	return str_fmt("-p %s=%s", p->name, p->value);
}

/* Beneath their experiment, the settings aligned. */
static int print_params(const struct catalog *c, size_t experiment, size_t width)
{
	size_t n = catalog__nr_params(c, experiment), widest = 0, i;
	struct catalog_param p;
	int err = 0;

	for (i = 0; i < n; i++) {
		size_t w;

		catalog__param(c, experiment, i, &p);
		w = strlen("-p =") + utf8_width(p.name) + utf8_width(p.value);
		widest = w > widest ? w : widest;
	}
	for (i = 0; i < n && !err; i++) {
		char *setting, *values, *first, *text;

		catalog__param(c, experiment, i, &p);
		setting = param_setting(&p);
		values = param_values(&p);
		first = setting ? str_fmt("    %s%*s  ", setting,
					  (int)(widest - utf8_width(setting)), "")
				: NULL;
		text = values ? str_fmt("%s%s%s%s", p.help, *values ? " (" : "", values,
					*values ? ")" : "")
			      : NULL;
		if (first && text)
			report_text__wrap(stdout, NULL, first, text, width);
		else
			err = -ENOMEM;
		free(setting);
		free(values);
		free(first);
		free(text);
	}
	return err;
}

static int list_experiments(struct cli *cli)
{
	size_t width = report_text__width(stdout), i;
	bool color = term_color(stdout);
	struct catalog *c = NULL;
	int err = catalog__load(cli->guest, &c);

	for (i = 0; !err && i < catalog__count(c); i++) {
		report_text__put(stdout, color ? INK_BOLD : NULL, catalog__name(c, i));
		printf("  ");
		report_text__put(stdout, color ? INK_DIM : NULL, catalog__rows(c, i));
		printf("\n");
		report_text__wrap(stdout, NULL, "    ", catalog__summary(c, i), width);
		err = print_params(c, i, width);
	}
	catalog__free(c);
	return err;
}

/* --- kernels ------------------------------------------------------------------------------- */

static char *source_of(const struct kernel *k)
{
	if (k->source)
		return strdup(k->source);
	if (k->package)
		return strdup(k->package);
	return strdup(k->tarball ? k->tarball : "");
}

static char *features_of(const struct kernel *k)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	for (i = 0; i < k->features.n; i++)
		strbuf__addf(&sb, "%s%s", i ? " " : "provides ", k->features.v[i]);
	return sb.len ? strbuf__detach(&sb) : strdup("");
}

/* "5.10 + cure": the series and its lists beyond the common one. */
static char *patches_of(const struct kernel *k)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	strbuf__addf(&sb, "%s", k->series ? k->series : "none");
	for (i = 0; i < k->more.n; i++)
		strbuf__addf(&sb, " + %s", k->more.v[i]);
	return strbuf__detach(&sb);
}

static const char *state_of(const struct kernel *k, const struct image *img)
{
	if (k->untested)
		return img ? "built, untested" : "untested";
	return img ? "built" : "not built";
}

static int kernel_row(const struct cli *cli, const struct kernel *k, bool is_default,
		      struct report_table *t)
{
	struct image_opts opts = { .paths = &cli->paths, .cancel_fd = cli->cancel_fd };
	char *source = source_of(k), *features = features_of(k), size[32] = "";
	char *patches = patches_of(k);
	char *name = str_fmt("%s%s", k->name, is_default ? " *" : "");
	struct image *img = NULL;
	int err = image__lookup(k, &opts, &img);

	if (!err) {
		int64_t bytes = dir_size(img->dir);

		fmt_bytes(bytes < 0 ? 0 : (double)bytes, size, sizeof(size));
	}
	err = err == -ENOMEM || !source || !features || !patches || !name
		      ? -ENOMEM
		      : report_table__row(
				t,
				(const char *[]){ name, state_of(k, img), size, patches, source },
				features);
	image__free(img);
	free(name);
	free(patches);
	free(features);
	free(source);
	return err;
}

static int list_kernels(struct cli *cli)
{
	static const struct report_column columns[] = {
		{ "kernel", NULL, ALIGN_LEFT, false }, { "state", NULL, ALIGN_LEFT, false },
		{ "size", NULL, ALIGN_RIGHT, false },  { "patches", NULL, ALIGN_LEFT, false },
		{ "source", NULL, ALIGN_LEFT, false },
	};
	const struct kernels *ks;
	struct report_table *t;
	size_t i;
	int err = cli__kernels(cli, &ks);

	if (err)
		return err;
	t = report_table__new(columns, 5);
	err = t ? 0 : -ENOMEM;
	for (i = 0; i < kernels__count(ks) && !err; i++) {
		const struct kernel *k = kernels__at(ks, i);

		err = kernel_row(cli, k, k == kernels__default(ks), t);
	}
	if (!err)
		err = report_table__print(t, stdout, 0, report_text__width(stdout),
					  term_color(stdout));
	if (!err)
		printf("\n* the default; untested: nobody has run it, and -k all leaves it out; %s "
		       "names them\n",
		       cli->paths.ini);
	report_table__free(t);
	return err;
}

/* --- runs ---------------------------------------------------------------------------------- */

static char *counts_of(const struct run_info *r)
{
	struct strbuf sb = STRBUF_INIT;
	int i;

	for (i = 0; i < 6; i++)
		if (r->counts[i])
			strbuf__addf(&sb, "%s%d %s", sb.len ? ", " : "", r->counts[i],
				     status__name(i));
	return sb.len ? strbuf__detach(&sb) : strdup("none");
}

static int run_row(void *ctx, const struct run_info *r)
{
	char id[24], exit_status[12] = "", *counts = counts_of(r);
	int err = -ENOMEM;

	snprintf(id, sizeof(id), "%" PRId64, r->id);
	if (r->exit_status >= 0)
		snprintf(exit_status, sizeof(exit_status), "%d", r->exit_status);
	if (counts)
		err = table__row(ctx, (const char *[]){ id, r->name, run_state__name(r->state),
							exit_status, counts, r->command });
	free(counts);
	return err;
}

static int list_runs(struct cli *cli)
{
	static const struct column columns[] = {
		{ "id", ALIGN_RIGHT, 0 },      { "run", ALIGN_LEFT, 0 },
		{ "state", ALIGN_LEFT, 0 },    { "exit", ALIGN_RIGHT, 0 },
		{ "records", ALIGN_LEFT, 50 }, { "command", ALIGN_LEFT, 80 },
	};
	struct store *s = NULL;
	struct table *t;
	int err = store__open(cli->results, false, &s);

	if (err == -ENOENT) {
		printf("no runs yet in %s\n", cli->results);
		return 0;
	}
	if (err)
		return err;
	t = table__new(columns, 6);
	err = t ? store__runs(s, run_row, t) : -ENOMEM;
	if (!err)
		table__print(t, stdout, term_color(stdout));
	table__free(t);
	store__close(s);
	return err;
}

/* --- the command --------------------------------------------------------------------------- */

static const struct listing {
	const char *name, *title;
	int (*print)(struct cli *cli);
} listings[] = {
	{ "experiments", "Experiments", list_experiments },
	{ "rows", "Catalogue", list_rows },
	{ "kernels", "Kernels", list_kernels },
	{ "runs", "Runs", list_runs },
};
#define NR_LISTINGS (sizeof(listings) / sizeof(listings[0]))

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const struct listing **chosen = state->input;
	const char *names[NR_LISTINGS], *nearest;
	size_t i;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (*chosen) {
		argp_error(state,
			   "one of experiments, rows, kernels, runs at a time; '%s' is too many",
			   arg);
		return EINVAL;
	}
	for (i = 0; i < NR_LISTINGS; i++) {
		names[i] = listings[i].name;
		if (strcmp(arg, names[i]) == 0) {
			*chosen = &listings[i];
			return 0;
		}
	}
	nearest = str_nearest(arg, names, NR_LISTINGS);
	argp_error(state, "there is nothing to list called '%s'%s%s%s", arg,
		   nearest ? ": did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return EINVAL;
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "[experiments|rows|kernels|runs]",
	.doc = "Lists what there is; without a word, all four.",
};

int cmd_list(struct cli *cli, int argc, char **argv)
{
	const struct listing *chosen = NULL;
	int status, err = 0, one;
	size_t i;

	if (!cli__parse(&argp, "list", argc, argv, &chosen, &status))
		return status;
	if (chosen)
		return cli__exit_status(chosen->print(cli));
	for (i = 0; i < NR_LISTINGS; i++) {
		fputs(i ? "\n" : "", stdout);
		report_text__put(stdout, term_color(stdout) ? INK_BOLD : NULL, listings[i].title);
		fputs("\n\n", stdout);
		one = listings[i].print(cli);
		err = err ? err : one;
	}
	return cli__exit_status(err);
}
