// SPDX-License-Identifier: GPL-2.0-only
/* `assay list rows`: the catalogue, where each row applies, and what was last seen of it. */
#include "cli/cmd_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/hostrun.h"
#include "cli/report_table.h"
#include "cli/report_text.h"
#include "cli/rows.h"
#include "model/kver.h"
#include "store/store.h"

/* As many runs are looked through at most: enough for every kernel, quick with a large store. */
#define RUNS_MAX 100

struct ids {
	int64_t v[RUNS_MAX]; /* a ring */
	size_t n;
};

static int add_id(void *ctx, const struct run_info *r)
{
	struct ids *ids = ctx;

	ids->v[ids->n++ % RUNS_MAX] = r->id;
	return 0;
}

static int read_runs(struct cli *cli, struct rows *rows)
{
	struct ids ids = { 0 };
	struct store *s = NULL;
	int err = store__open(cli->results, false, &s);
	size_t i;

	if (err == -ENOENT)
		return 0;
	if (!err)
		err = store__runs(s, add_id, &ids);
	for (i = 0; !err && i < ids.n && i < RUNS_MAX; i++)
		err = rows__read(rows, s, ids.v[(ids.n - 1 - i) % RUNS_MAX]);
	store__close(s);
	return err;
}

/* One that asks for a feature or a version that the kernel has not. What else an experiment needs
 * shows when it is run. */
static bool need_rules_out(const json_t *need, const struct kernel *k)
{
	const char *kind = json_string_value(json_object_get(need, "kind"));
	const char *name = json_string_value(json_object_get(need, "name"));
	struct krange *range = NULL;
	char why[128];
	bool out = false;

	if (!kind || !name)
		return false;
	if (strcmp(kind, "feature") == 0)
		return !strv__has(&k->features, name);
	if (strcmp(kind, "kernel") == 0 && !krange__parse(name, &range, why, sizeof(why)))
		out = !krange__match(range, k->version, (const char *const *)k->features.v,
				     k->features.n);
	krange__free(range);
	return out;
}

static bool applies(const struct catalog *c, const struct row_entry *e, const struct kernel *k)
{
	const json_t *need;
	size_t i;

	if (catalog__on_host(c, e->experiment))
		return false;
	if (k->experiments.n && !strv__has(&k->experiments, e->name))
		return false;
	json_array_foreach (json_object_get(catalog__json(c, e->experiment), "needs"), i, need)
		if (need_rules_out(need, k))
			return false;
	return true;
}

/* What became of a row, the worst first: a heading for the kernels where it is so. */
enum found { FOUND_FAILED, FOUND_OK, FOUND_SKIPPED, FOUND_NOT_RUN, NR_FOUND, FOUND_NOWHERE };
static const char *const found_names[NR_FOUND] = { "FAILED", "ok", "skipped", "not run" };

/* k NULL: the host. */
static enum found find(const struct catalog *c, const struct row_entry *e, const struct kernel *k)
{
	static const enum found found[] = {
		[ROW_ABSENT] = FOUND_NOWHERE,
		[ROW_SKIPPED] = FOUND_SKIPPED,
		[ROW_OK] = FOUND_OK,
		[ROW_FAILED] = FOUND_FAILED,
	};
	enum row_state state = row_entry__state(e, k ? k->name : HOSTRUN_KERNEL, NULL);

	if (state != ROW_NEVER)
		return found[state];
	if (k ? !k->untested && applies(c, e, k) : catalog__on_host(c, e->experiment))
		return FOUND_NOT_RUN;
	return FOUND_NOWHERE;
}

static int print_row(struct report_table *t, const struct catalog *c, const struct kernels *ks,
		     const struct row_entry *e)
{
	struct strbuf where[NR_FOUND] = { 0 }, note = { 0 };
	const char *result = "-";
	enum found f;
	int err;

	for (size_t i = 0; i <= kernels__count(ks); i++) {
		const struct kernel *k = i ? kernels__at(ks, i - 1) : NULL;

		f = find(c, e, k);
		if (f < NR_FOUND)
			strbuf__addf(&where[f], " %s", k ? k->name : HOSTRUN_KERNEL);
	}
	strbuf__addf(&note, "%s —", e->row.title);
	for (f = NR_FOUND; f-- > 0;)
		if (where[f].data)
			result = found_names[f];
	for (f = 0; f < NR_FOUND; f++) {
		if (where[f].data)
			strbuf__addf(&note, " %s:%s;", found_names[f], where[f].data);
		note.failed |= where[f].failed;
		strbuf__free(&where[f]);
	}
	if (note.data)
		note.data[note.len - 1] = '\0'; /* the last semicolon */
	err = note.failed
		      ? -ENOMEM
		      : report_table__row(t, (const char *const[]){ e->row.id, e->name, result },
					  note.data);
	strbuf__free(&note);
	return err;
}

static int print_rows(const struct catalog *c, const struct kernels *ks, const struct rows *rows)
{
	static const struct report_column columns[] = {
		{ .title = "row" },
		{ .title = "experiment" },
		{ .title = "last result", .status = true },
	};
	struct report_table *t = report_table__new(columns, sizeof(columns) / sizeof(columns[0]));
	int err = t ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < rows->n; i++)
		err = print_row(t, c, ks, &rows->v[i]);
	if (!err)
		err = report_table__print(t, stdout, 0, report_text__width(stdout),
					  term_color(stdout));
	if (!err)
		printf("\nThe worst of the last results, then each kernel where the row applies. "
		       "`assay run --row ROW` runs one, `assay catalogue` says more.\n");
	report_table__free(t);
	return err;
}

int list_rows(struct cli *cli)
{
	const struct catalog *c = NULL;
	const struct kernels *ks = NULL;
	struct rows rows = { 0 };
	int err = cli__catalog(cli, &c);

	err = err ? err : cli__kernels(cli, &ks);
	err = err ? err : rows__new(c, &rows);
	err = err ? err : read_runs(cli, &rows);
	err = err ? err : print_rows(c, ks, &rows);
	rows__release(&rows);
	return err;
}
