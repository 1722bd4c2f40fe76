// SPDX-License-Identifier: GPL-2.0-only
#include "cli/study_open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/study_past.h"
#include "store/store.h"
#include "study/data.h"
#include "study/override_report.h"

/* --- which run ------------------------------------------------------------------------------- */

struct newest {
	struct store *store;
	const char *name; /* of the study, or NULL */
	char *run;
	int64_t id;
};

static int is_plan(void *ctx, const struct stored_text *t)
{
	(void)t;
	*(bool *)ctx = true;
	return 0;
}

static int on_run(void *ctx, const struct run_info *r)
{
	struct newest *n = ctx;
	bool study = false;
	int err = store__texts(n->store, r->id, "", "", n->name, STUDY_TEXT_KIND, is_plan, &study);

	if (err || !study || r->id < n->id)
		return err;
	free(n->run);
	n->id = r->id;
	n->run = strdup(r->name);
	return n->run ? 0 : -ENOMEM;
}

static int find_run(struct store *s, const char *which, const char *name, struct run_info *out)
{
	struct newest n = { .store = s, .name = name };
	int err = which ? 0 : store__runs(s, on_run, &n);

	if (!err && !which && !n.run) {
		log_err("there is no run of %s%s; `assay study %s` makes one",
			name ? "the study " : "a study", name ? name : "",
			name ? name : "override");
		err = -EINVAL;
	}
	if (!err)
		err = store__find_run(s, which ? which : n.run, out);
	if (err == -ENOENT)
		log_err("there is no run '%s'; `assay list runs` shows all", which ? which : n.run);
	if (err == -ENOENT || err == -ENOTUNIQ)
		err = -EINVAL;
	free(n.run);
	return err;
}

int study__open(struct store *s, const char *which, const char *name, struct run_info *run,
		struct study_data **out)
{
	int err = find_run(s, which, name, run);

	if (!err)
		err = study_data__read(s, run, out);
	if (err == -ENODATA) {
		log_err("run %s is no study: it has no points; `assay study override` makes one",
			run->name);
		err = -EINVAL;
	}
	return err;
}

/* --- answers --------------------------------------------------------------------------------- */

static const struct study_kind {
	const char *name;
	int (*summary)(const struct study_data *d, FILE *out);
	int (*document)(const struct study_data *d, FILE *out);
} kinds[] = {
	{ "override", study_report__summary, study_report__document },
};

static const struct study_kind *find_kind(const struct study_data *d)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, d->study))
			return &kinds[i];
	return NULL;
}

int study__summary(const struct study_data *d, FILE *out)
{
	const struct study_kind *k = find_kind(d);

	if (!k)
		return 0;
	fputc('\n', out);
	return k->summary(d, out);
}

int study__document(const struct study_data *d, FILE *out)
{
	const struct study_kind *k = find_kind(d);

	if (k)
		return k->document(d, out);
	log_err("run %s is of the study '%s', which has no document", d->run, d->study);
	return -EINVAL;
}
