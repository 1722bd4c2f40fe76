// SPDX-License-Identifier: GPL-2.0-only
/* `assay doctor`: checks the host and says what mends it. */
#include "cli/cmd_doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/cli.h"

static const char *const mark_names[] = {
	[MARK_OK] = "ok",
	[MARK_WARN] = "warn",
	[MARK_FAIL] = "FAIL",
};

const char *mark__name(enum mark m)
{
	return mark_names[m];
}

void doctor__note(struct doctor *d, enum mark m, const char *what, const char *mend,
		  const char *found_fmt, ...)
{
	struct finding *v = realloc(d->v, (d->n + 1) * sizeof(*v)), *f;
	struct strbuf found = STRBUF_INIT;
	va_list ap;

	if (!v) {
		d->err = -ENOMEM;
		return;
	}
	d->v = v;
	f = &v[d->n++];
	va_start(ap, found_fmt);
	strbuf__addv(&found, found_fmt, ap);
	va_end(ap);
	*f = (struct finding){ .mark = m,
			       .what = strdup(what),
			       .found = strbuf__detach(&found),
			       .mend = mend && *mend ? strdup(mend) : NULL };
	if (!f->what || !f->found || (mend && *mend && !f->mend))
		d->err = -ENOMEM;
	d->nr_failed += m == MARK_FAIL;
	d->nr_warned += m == MARK_WARN;
}

void doctor__release(struct doctor *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free(d->v[i].what);
		free(d->v[i].found);
		free(d->v[i].mend);
	}
	free(d->v);
	memset(d, 0, sizeof(*d));
}

static int print(const struct doctor *d)
{
	static const struct column columns[] = {
		{ "", ALIGN_LEFT, 0 },
		{ "what", ALIGN_LEFT, 0 },
		{ "found", ALIGN_LEFT, 0 },
	};
	struct table *t = table__new(columns, 3);
	int err = t ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; i < d->n && !err; i++) {
		const struct finding *f = &d->v[i];

		err = table__row(t, (const char *[]){ mark__name(f->mark), f->what, f->found });
		if (!err && f->mend) {
			char *mend = str_fmt("-> %s", f->mend);

			err = mend ? table__row(t, (const char *[]){ "", "", mend }) : -ENOMEM;
			free(mend);
		}
	}
	if (!err)
		table__print(t, stdout, term_color(stdout));
	table__free(t);
	return err;
}

static const struct argp argp = {
	.doc = "Checks this host: tools and their versions, KVM, space, memory, kernel sources, "
	       "results. For each failure it says what mends it.\vExit status: 0 when nothing "
	       "FAILs, 1 otherwise.",
};

int cmd_doctor(struct cli *cli, int argc, char **argv)
{
	struct doctor d = { 0 };
	int status, err;

	if (!cli__parse(&argp, "doctor", argc, argv, NULL, &status))
		return status;
	doctor__check_tools(&d);
	doctor__check_headers(&d);
	doctor__check_guest(&d, cli);
	doctor__check_kvm(&d, cli->paths.cache);
	doctor__check_memory(&d);
	doctor__check_cache(&d, cli->paths.cache);
	doctor__check_sources(&d, cli);
	doctor__check_results(&d, cli->results);
	err = d.err ? d.err : print(&d);
	if (err) {
		log_err("doctor: %s", strerror(-err));
		status = EXIT_HARNESS;
	} else {
		printf("\n%d failed, %d warned, %zu ok\n", d.nr_failed, d.nr_warned,
		       d.n - (size_t)d.nr_failed - (size_t)d.nr_warned);
		status = d.nr_failed ? EXIT_UNEXPECTED : EXIT_AS_EXPECTED;
	}
	doctor__release(&d);
	return status;
}
