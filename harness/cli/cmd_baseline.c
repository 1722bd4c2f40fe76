// SPDX-License-Identifier: GPL-2.0-only
/* `assay baseline`: what a run showed becomes what is expected. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/baselines.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/plan.h"
#include "diff/baseline.h"
#include "diff/side.h"
#include "store/store.h"
#include "vm/kernels.h"

#define REASONS_SHOWN 5

struct args {
	const char *action, *run, *kernels;
};

static const struct argp_option options[] = {
	{ "kernel", 'k', "NAME[,NAME...]", 0,
	  "update: these kernels of the run, which may have no baseline yet (default: those that have "
	  "one)",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'k':
		a->kernels = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!a->action)
			a->action = arg;
		else if (!a->run && !strcmp(a->action, "update"))
			a->run = arg;
		else
			argp_error(state, "'%s' is too many", arg);
		return 0;
	case ARGP_KEY_END:
		if (a->action && strcmp(a->action, "update") && strcmp(a->action, "show"))
			argp_error(state, "'%s' is neither update nor show", a->action);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[show]\nupdate [RUN]",
	.doc = "Shows which kernels have a baseline, or writes what a run (default: the latest) showed "
	       "as the baseline of its kernels: results/baseline/KERNEL.txt, one line for every "
	       "verdict.\vOnly a complete run of all experiments with their own parameters becomes a "
	       "baseline, and only when nothing in it timed out, crashed or failed. `assay regress` "
	       "compares with baselines. Exit status: 2 when a run is refused: nothing is written then.",
};

/* --- update ---------------------------------------------------------------------------------- */

struct update {
	struct cli *cli;
	const struct catalog *catalog;
	const struct kernels *kernels;
	struct store *store;
	struct run_info run;
	struct strv names;   /* of the kernels to write */
	struct side **sides; /* of each */
	size_t nr_sides;
};

static int add_name(struct strv *names, const char *name)
{
	return strv__has(names, name) ? 0 : strv__add(names, name);
}

static int note_kernel(void *ctx, const struct stored_experiment *e)
{
	return add_name(ctx, e->kernel);
}

/* A kernel of the run by name, the newest entry of a branch, or all that a glob matches. */
static int add_asked(struct update *u, const char *word, const struct strv *in_run)
{
	const struct kernel *k = kernels__find(u->kernels, word, NULL);
	size_t before = u->names.n;
	int err = 0;

	for (size_t i = 0; !err && i < in_run->n; i++) {
		const char *name = in_run->v[i];

		if (!strcmp(name, word) || str_glob(word, name) || (k && !strcmp(name, k->name)))
			err = add_name(&u->names, name);
	}
	if (!err && u->names.n == before) {
		log_err("run %s has nothing of a kernel '%s'", u->run.name, word);
		err = -EINVAL;
	}
	return err;
}

static int choose(struct update *u, const char *asked)
{
	struct strv in_run = { 0 }, words = { 0 };
	int err = store__experiments(u->store, u->run.id, NULL, NULL, note_kernel, &in_run);

	if (!err)
		err = asked ? strv__split(&words, asked, ",") : baselines__list(u->cli, &words);
	for (size_t i = 0; !err && i < words.n; i++)
		if (asked)
			err = add_asked(u, words.v[i], &in_run);
		else if (strv__has(&in_run, words.v[i]))
			err = add_name(&u->names, words.v[i]);
	if (!err && !u->names.n) {
		log_err("run %s has no kernel that has a baseline; name those that are to get one "
			"with -k",
			u->run.name);
		err = -EINVAL;
	}
	strv__free(&in_run);
	strv__free(&words);
	return err;
}

static int say(struct strv *why, char *sentence)
{
	int err = sentence ? strv__add(why, sentence) : -ENOMEM;

	free(sentence);
	return err;
}

/* All experiments that are for the kernel, and no others, which nobody could run again. */
static int check_experiments(const struct update *u, const struct side *s, struct strv *why)
{
	static const struct strv none;
	const struct kernel *k = kernels__find(u->kernels, s->kernel, NULL);
	struct plan plan = { 0 };
	int err;

	if (!k || strcmp(k->name, s->kernel))
		return say(why, strdup("it is no entry of vm/kernels.ini"));
	err = plan__make(
		u->catalog, u->kernels,
		&(struct plan_request){
			.names = &none, .rows = &none, .kernels = s->kernel, .params = &none },
		&plan);
	for (size_t i = 0; !err && i < plan.nr_items; i++)
		if (plan__wants(&plan, i, k) && !side__whole(s, plan.items[i].experiment))
			err = say(why, str_fmt("the run lacks %s", plan.items[i].experiment));
	for (size_t i = 0; !err && i < s->nr_wholes; i++) {
		int at = catalog__find(u->catalog, s->wholes[i].experiment, NULL);

		if (at < 0)
			err = say(why, str_fmt("%s is no experiment", s->wholes[i].experiment));
	}
	plan__release(&plan);
	return err;
}

/* 0, or -EINVAL with the reasons said. */
static int check(const struct update *u, const struct side *s)
{
	struct strv why = { 0 };
	int err = baseline__refusals(s, &why);

	if (!err)
		err = check_experiments(u, s, &why);
	for (size_t i = 0; !err && i < why.n && i < REASONS_SHOWN; i++)
		log_err("%s can't become a baseline: %s", s->title, why.v[i]);
	if (!err && why.n > REASONS_SHOWN)
		log_err("%s: and %zu more reasons", s->title, why.n - REASONS_SHOWN);
	if (!err && why.n)
		err = -EINVAL;
	strv__free(&why);
	return err;
}

static int read_sides(struct update *u)
{
	int err = 0, wrong = 0;

	u->sides = calloc(u->names.n, sizeof(*u->sides));
	if (!u->sides)
		return -ENOMEM;
	for (size_t i = 0; !err && i < u->names.n; i++) {
		err = side__of_run(u->store, &u->run, u->names.v[i], &u->sides[i]);
		u->nr_sides += !err;
		if (!err)
			err = check(u, u->sides[i]);
		/* All that is wrong is said at once. */
		if (err == -EINVAL) {
			wrong = err;
			err = 0;
		}
	}
	return err ? err : wrong;
}

static void print_delta(const char *path, const struct baseline_delta *d, bool is_new)
{
	if (is_new) {
		printf("%s: new, %zu lines\n", path, d->added);
		return;
	}
	if (!d->added && !d->changed && !d->removed && !d->head) {
		printf("%s: as it was\n", path);
		return;
	}
	printf("%s: %zu line%s added, %zu changed, %zu removed", path, d->added,
	       d->added == 1 ? "" : "s", d->changed, d->removed);
	for (size_t i = 0; i < d->facts.n; i++)
		printf("%s%s", i ? ", " : "; made with other: ", d->facts.v[i]);
	printf("\n");
}

static int write_side(const struct update *u, const struct side *s)
{
	char *path = baselines__path(u->cli, s->kernel), *text = NULL, *old = NULL;
	struct baseline_delta d = { 0 };
	int err = path ? baseline__print(s, &text) : -ENOMEM;

	if (!err)
		err = file_read(path, 0, &old, NULL);
	if (err == -ENOENT)
		err = 0;
	if (!err)
		err = baseline__delta(old, text, &d);
	if (!err && (!old || strcmp(old, text)))
		err = file_write(path, text, strlen(text));
	if (err)
		log_err("%s: cannot be written: %s", path ? path : s->kernel, strerror(-err));
	else
		print_delta(path, &d, !old);
	baseline_delta__release(&d);
	free(old);
	free(text);
	free(path);
	return err;
}

static int find_run(struct update *u, const char *name)
{
	int err = store__find_run(u->store, name, &u->run);

	if (err == -ENOENT) {
		log_err("there is no run '%s'; `assay list runs` shows all",
			name ? name : "latest");
		err = -EINVAL;
	}
	return err;
}

static int update(struct cli *cli, const struct args *a)
{
	struct update u = { .cli = cli };
	int err = cli__catalog(cli, &u.catalog);

	err = err ? err : cli__kernels(cli, &u.kernels);
	err = err ? err : cli__store(cli, false, &u.store);
	err = err ? err : find_run(&u, a->run);
	err = err ? err : choose(&u, a->kernels);
	err = err ? err : read_sides(&u);
	if (!err) {
		err = dir_make(cli->baseline);
		if (err)
			log_err("%s: cannot be made: %s", cli->baseline, strerror(-err));
	}
	for (size_t i = 0; !err && i < u.nr_sides; i++)
		err = write_side(&u, u.sides[i]);
	for (size_t i = 0; u.sides && i < u.names.n; i++)
		side__free(u.sides[i]);
	free(u.sides);
	strv__free(&u.names);
	run_info__release(&u.run);
	store__close(u.store);
	return err;
}

/* --- show ------------------------------------------------------------------------------------ */

static int add_row(struct table *t, const struct side *s)
{
	size_t n[4] = { 0 };
	char text[4][24];

	for (size_t i = 0; i < s->n; i++) {
		const struct cell *c = &s->cells[i];

		if (c->status != STATUS_OK)
			n[3]++;
		if (c->kind == RECORD_MEASUREMENT)
			n[2]++;
		else
			n[c->verdict == VERDICT_REJECT]++;
	}
	for (size_t i = 0; i < 4; i++)
		snprintf(text[i], sizeof(text[i]), "%zu", n[i]);
	return table__row(t, (const char *const[]){ s->kernel, text[0], text[1], text[2], text[3],
						    s->facts.source });
}

static int show(struct cli *cli)
{
	static const struct column columns[] = {
		{ "kernel", ALIGN_LEFT, 0 },	{ "accepted", ALIGN_RIGHT, 0 },
		{ "rejected", ALIGN_RIGHT, 0 }, { "measured", ALIGN_RIGHT, 0 },
		{ "not ok", ALIGN_RIGHT, 0 },	{ "source", ALIGN_LEFT, 60 },
	};
	struct table *t = table__new(columns, sizeof(columns) / sizeof(columns[0]));
	struct strv kernels = { 0 };
	int err = t ? baselines__list(cli, &kernels) : -ENOMEM;

	for (size_t i = 0; !err && i < kernels.n; i++) {
		struct side *s = NULL;

		err = baselines__read(cli, kernels.v[i], &s);
		if (!err)
			err = add_row(t, s);
		side__free(s);
	}
	if (!err && kernels.n)
		table__print(t, stdout, false);
	else if (!err)
		printf("no kernel has a baseline; `assay baseline update RUN -k KERNEL` makes one\n");
	table__free(t);
	strv__free(&kernels);
	return err;
}

int cmd_baseline(struct cli *cli, int argc, char **argv)
{
	struct args a = { 0 };
	int status, err;

	if (!cli__parse(&argp, "baseline", argc, argv, &a, &status))
		return status;
	err = a.action && !strcmp(a.action, "update") ? update(cli, &a) : show(cli);
	return err ? cli__exit_status(err) : EXIT_AS_EXPECTED;
}
