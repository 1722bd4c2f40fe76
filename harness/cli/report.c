// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/term.h"
#include "cli/report_guests.h"
#include "cli/report_section.h"
#include "cli/report_text.h"
#include "model/record.h"
#include "store/store.h"

#define FAILURES_MAX 12 /* named at the end; a run with more has other worries */

struct report {
	const struct report_opts *opts;
	const struct run_info *run;
	struct report_style style;
	struct report_section **sections; /* in the order in which they began */
	size_t n;
	struct report_guests guests;
};

static int section_of(struct report *r, const char *kernel, const char *experiment,
		      struct report_section **out)
{
	struct report_section **sections;
	size_t i;
	int err;

	for (i = 0; i < r->n; i++) {
		*out = r->sections[i];
		if (report_section__is(*out, kernel, experiment))
			return 0;
	}
	sections = realloc(r->sections, (r->n + 1) * sizeof(*sections));
	if (!sections)
		return -ENOMEM;
	r->sections = sections;
	err = report_section__new(kernel, experiment, &r->style, out);
	if (!err)
		r->sections[r->n++] = *out;
	return err;
}

static int on_experiment(void *ctx, const struct stored_experiment *e)
{
	struct report *r = ctx;
	struct report_section *section;
	int err = section_of(r, e->kernel, e->experiment, &section);

	if (!err)
		err = report_section__ended(section, e);
	return err ? err : report_guests__add(&r->guests, &e->guest);
}

static int on_record(void *ctx, const struct stored_record *sr)
{
	struct report *r = ctx;
	struct report_section *section;
	int err;

	if (r->opts->program && strcmp(r->opts->program, sr->record->name) != 0)
		return 0;
	err = section_of(r, sr->guest.kernel, sr->record->experiment, &section);
	if (!err)
		err = report_section__add(section, sr);
	return err ? err : report_guests__add(&r->guests, &sr->guest);
}

/* Sections without the program that was asked for. */
static void drop_empty(struct report *r)
{
	size_t kept = 0, i;

	for (i = 0; i < r->n; i++) {
		if (report_section__is_empty(r->sections[i]))
			report_section__free(r->sections[i]);
		else
			r->sections[kept++] = r->sections[i];
	}
	r->n = kept;
}

/* How many different kernels, or experiments, there are. */
static size_t count_names(const struct report *r,
			  const char *(*name)(const struct report_section *s))
{
	size_t n = 0, i, k;

	for (i = 0; i < r->n; i++) {
		for (k = 0; k < i; k++)
			if (strcmp(name(r->sections[i]), name(r->sections[k])) == 0)
				break;
		n += k == i;
	}
	return n;
}

static void print_sum(const struct report *r, FILE *out)
{
	size_t experiments = count_names(r, report_section__experiment);
	size_t kernels = count_names(r, report_section__kernel);
	int counts[6] = { 0 }, i;
	size_t k;

	for (k = 0; k < r->n; k++)
		report_section__count(r->sections[k], counts);
	fprintf(out, "%zu experiment%s on %zu kernel%s: %d ok, %d unexpected", experiments,
		experiments == 1 ? "" : "s", kernels, kernels == 1 ? "" : "s", counts[STATUS_OK],
		counts[STATUS_UNEXPECTED]);
	for (i = 0; i < 6; i++)
		if (counts[i] && i != STATUS_OK && i != STATUS_UNEXPECTED)
			fprintf(out, ", %d %s", counts[i], status__name(i));
	fputc('\n', out);
}

/* The folder as the user would type it: relative where it lies below the working directory. */
static const char *short_path(const char *path, char *cwd, size_t len)
{
	size_t n;

	if (!getcwd(cwd, len))
		return path;
	n = strlen(cwd);
	return strncmp(path, cwd, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static int print_end(const struct report *r, struct store *s, FILE *out)
{
	char *dir = store__run_dir(s, r->run->name), cwd[PATH_MAX];

	if (!dir)
		return -ENOMEM;
	if (!r->n)
		fputs(r->opts->kernel || r->opts->experiment || r->opts->program
			      ? "nothing was recorded of this\n"
			      : "nothing was recorded\n",
		      out);
	else
		print_sum(r, out);
	if (r->run->state == RUN_CUT_OFF) {
		char *first = str_fmt("run %s was cut off: ", r->run->name);

		report_text__wrap(
			out, first ? first : "",
			r->run->cut_off_reason ? r->run->cut_off_reason : "no reason is known", 0);
		free(first);
	} else if (r->run->state == RUN_RUNNING) {
		fprintf(out, "run %s is not over\n", r->run->name);
	}
	fprintf(out, "evidence: %s; `assay show %s --log` (--disasm, --console, ...) prints it\n",
		short_path(dir, cwd, sizeof(cwd)), r->run->name);
	free(dir);
	return 0;
}

int report__print(struct store *s, const struct run_info *run, const struct report_opts *opts)
{
	struct report r = { .opts = opts, .run = run };
	size_t i;
	int err;

	r.style = (struct report_style){ .width = opts->width ? opts->width : width_of(opts->out),
					 .color = term_color(opts->out),
					 .sort = opts->sort,
					 .reverse = opts->reverse };
	/* In the order in which they ended; what never ended comes last with its records. */
	err = store__experiments(s, run->id, opts->kernel, opts->experiment, on_experiment, &r);
	if (!err)
		err = store__records(s, run->id, opts->kernel, opts->experiment, on_record, &r);
	if (opts->program)
		drop_empty(&r);
	for (i = 0; i < r.n && !err; i++) {
		const char *experiment = report_section__experiment(r.sections[i]);

		err = report_section__print(
			r.sections[i], opts->summary ? opts->summary(opts->ctx, experiment) : NULL,
			opts->out);
		fputc('\n', opts->out);
	}
	if (!err)
		err = print_end(&r, s, opts->out);
	for (i = 0; i < r.n; i++)
		report_section__free(r.sections[i]);
	free(r.sections);
	return err;
}

int report__run(struct store *s, int64_t run, const char *kernel, const char *experiment, FILE *out)
{
	struct report_opts opts = { .out = out, .kernel = kernel, .experiment = experiment };
	struct run_info info;
	char id[24];
	int err;

	snprintf(id, sizeof(id), "%" PRId64, run);
	err = store__find_run(s, id, &info);
	if (err)
		return err;
	err = report__print(s, &info, &opts);
	run_info__release(&info);
	return err;
}
