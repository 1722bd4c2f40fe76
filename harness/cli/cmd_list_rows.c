// SPDX-License-Identifier: GPL-2.0-only
/* `assay list rows`: the catalogue, where each row applies, and what was last seen of it. */
#include "cli/cmd_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static const char *cell(const struct catalog *c, const struct row_entry *e, const struct kernel *k)
{
	enum row_state state = row_entry__state(e, k ? k->name : HOSTRUN_KERNEL, NULL);

	if (state != ROW_NEVER)
		return row_state__name(state);
	if (k ? applies(c, e, k) : catalog__on_host(c, e->experiment))
		return "not run";
	return "-";
}

static int print_rows(const struct catalog *c, const struct kernels *ks, const struct rows *rows)
{
	size_t n = kernels__count(ks), nr = n + 3, i, j;
	struct report_column *columns = calloc(nr, sizeof(*columns));
	const char **cells = calloc(nr, sizeof(*cells));
	struct report_table *t = NULL;
	int err = -ENOMEM;

	if (!columns || !cells)
		goto out;
	columns[0].title = "row";
	columns[1].title = "experiment";
	columns[2].title = HOSTRUN_KERNEL;
	for (j = 0; j < n; j++)
		columns[3 + j].title = kernels__at(ks, j)->name;
	t = report_table__new(columns, nr);
	err = t ? 0 : -ENOMEM;
	for (i = 0; !err && i < rows->n; i++) {
		const struct row_entry *e = &rows->v[i];

		cells[0] = e->row.id;
		cells[1] = e->name;
		cells[2] = cell(c, e, NULL);
		for (j = 0; j < n; j++)
			cells[3 + j] = cell(c, e, kernels__at(ks, j));
		err = report_table__row(t, cells, e->row.title);
	}
	if (!err)
		err = report_table__print(t, stdout, 0, report_text__width(stdout),
					  term_color(stdout));
	if (!err)
		printf("\nLast results; -: does not apply there. `assay run --row ROW` runs one, "
		       "`assay catalogue` says more.\n");
out:
	report_table__free(t);
	free(cells);
	free(columns);
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
