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
#include "cli/report_brief.h"
#include "cli/report_guests.h"
#include "cli/report_section.h"
#include "cli/report_text.h"
#include "model/record.h"
#include "store/store.h"

#define INDENT	     2	/* of lines that go on */
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
	/* Of one program only those guests count that have it. */
	return err || r->opts->program ? err : report_guests__add(&r->guests, &e->guest);
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

/* --- the end ------------------------------------------------------------------------------- */

static size_t count_experiments(const struct report *r)
{
	size_t n = 0, i, k;

	for (i = 0; i < r->n; i++) {
		for (k = 0; k < i; k++)
			if (strcmp(report_section__experiment(r->sections[i]),
				   report_section__experiment(r->sections[k])) == 0)
				break;
		n += k == i;
	}
	return n;
}

/* Returns how many columns it took. */
static size_t put_count(const struct report *r, int n, enum status s, bool first, FILE *out)
{
	static const char *const words[][2] = {
		[STATUS_OK] = { "ok", "ok" },
		[STATUS_SKIPPED] = { "skipped", "skipped" },
		[STATUS_UNEXPECTED] = { "unexpected", "unexpected" },
		[STATUS_TIMEOUT] = { "timed out", "timed out" },
		[STATUS_CRASHED] = { "crashed", "crashed" },
		[STATUS_HARNESS] = { "harness error", "harness errors" },
	};
	char text[48];

	if (!n && s != STATUS_OK && s != STATUS_UNEXPECTED)
		return 0;
	if (n || s == STATUS_OK)
		snprintf(text, sizeof(text), "%d %s", n, words[s][n != 1]);
	else
		snprintf(text, sizeof(text), "none %s", words[s][0]);
	if (!first)
		fputs(", ", out);
	report_text__put(out, n && r->style.color ? report_text__status_ink(s) : NULL, text);
	return strlen(text) + (first ? 0 : 2);
}

/* The result, then what it is the result of. */
static int print_sum(const struct report *r, FILE *out)
{
	static const enum status order[] = { STATUS_OK,	     STATUS_UNEXPECTED, STATUS_TIMEOUT,
					     STATUS_CRASHED, STATUS_HARNESS,	STATUS_SKIPPED };
	size_t experiments = count_experiments(r), column = 0, i;
	char *guests = report_guests__str(&r->guests), *what = NULL;
	int counts[6] = { 0 };

	if (guests)
		what = str_fmt("%zu experiment%s on %s", experiments, experiments == 1 ? "" : "s",
			       guests);
	free(guests);
	if (!what)
		return -ENOMEM;
	for (i = 0; i < r->n; i++)
		report_section__count(r->sections[i], counts);
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		column += put_count(r, counts[order[i]], order[i], i == 0, out);
	fputs(": ", out);
	report_text__wrap_from(out, column + 2, INDENT, what, r->style.width);
	free(what);
	return 0;
}

/* Which they were: whoever reads only the end must not search. */
static int print_failures(const struct report *r, FILE *out)
{
	struct strv names = { 0 };
	struct strbuf sb = STRBUF_INIT;
	size_t i;
	int err = 0;

	for (i = 0; i < r->n && !err; i++)
		err = report_section__failures(r->sections[i], &names);
	for (i = 0; i < names.n && i < FAILURES_MAX; i++)
		strbuf__addf(&sb, "%s%s", i ? "; " : "", names.v[i]);
	if (names.n > FAILURES_MAX)
		strbuf__addf(&sb, "; and %zu more", names.n - FAILURES_MAX);
	if (!err && names.n)
		report_text__wrap(
			out, r->style.color ? report_text__status_ink(STATUS_UNEXPECTED) : NULL,
			"look at: ", strbuf__str(&sb), r->style.width);
	strbuf__free(&sb);
	strv__free(&names);
	return err;
}

static void print_state(const struct report *r, FILE *out)
{
	const struct run_info *run = r->run;
	char *first;

	if (run->state == RUN_RUNNING)
		fprintf(out, "run %s is not over\n", run->name);
	if (run->state != RUN_CUT_OFF)
		return;
	first = str_fmt("run %s was cut off: ", run->name);
	report_text__wrap(out, r->style.color ? report_text__status_ink(STATUS_HARNESS) : NULL,
			  first ? first : "",
			  run->cut_off_reason ? run->cut_off_reason : "no reason is known",
			  r->style.width);
	free(first);
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

static int found_text(void *ctx, const struct stored_text *t)
{
	(void)ctx;
	(void)t;
	return 1;
}

/* The section with the program whose log is the most telling; NULL when no program has one. */
static const struct report_section *example_of(const struct report *r, const char **program)
{
	const struct report_section *best = NULL;
	int rank, highest = 0;
	size_t i;

	*program = NULL;
	for (i = 0; i < r->n; i++) {
		const char *example = report_section__example(r->sections[i], &rank);

		if (example && rank > highest) {
			best = r->sections[i];
			*program = example;
			highest = rank;
		}
	}
	return best;
}

/* Sets *command to one that shows a log, or a console, that this run has; to NULL when it has
 * neither. */
static int log_command(const struct report *r, struct store *s, char **command)
{
	const char *program, *kernel, *experiment;
	const struct report_section *best = example_of(r, &program);
	bool many = r->style.many_kernels;
	int found = 0;

	*command = NULL;
	if (best) {
		kernel = report_section__kernel(best);
		experiment = report_section__experiment(best);
		found = store__texts(s, r->run->id, kernel, experiment, program, "log", found_text,
				     NULL);
		if (found > 0)
			*command = str_fmt("%s %s %s%s%s --log", r->style.show, experiment, program,
					   many ? " -k " : "", many ? kernel : "");
	}
	if (!found) {
		found = store__texts(s, r->run->id, NULL, "", NULL, "console", found_text, NULL);
		if (found > 0)
			*command = str_fmt("%s --console", r->style.show);
	}
	return found < 0 ? found : found && !*command ? -ENOMEM : 0;
}

static bool is_brief(const struct report *r)
{
	return r->opts->brief_from && r->n >= r->opts->brief_from;
}

static int print_end(const struct report *r, struct store *s, FILE *out)
{
	char *dir = store__run_dir(s, r->run->name), *command = NULL;
	char cwd[PATH_MAX];
	int err = dir ? log_command(r, s, &command) : -ENOMEM;

	if (!err && !r->n)
		fputs(r->opts->kernel || r->opts->experiment || r->opts->program
			      ? "nothing was recorded of this\n"
			      : "nothing was recorded\n",
		      out);
	else if (!err)
		err = print_sum(r, out);
	if (!err)
		err = print_failures(r, out);
	if (!err) {
		print_state(r, out);
		fprintf(out, "evidence: %s\n", short_path(dir, cwd, sizeof(cwd)));
		if (is_brief(r))
			fprintf(out, "in full:  %s [EXPERIMENT]\n", r->style.show);
		if (command)
			fprintf(out, "a log:    %s\n", command);
	}
	free(command);
	free(dir);
	return err;
}

/* "build/assay show 12": ids of runs are shorter than their names. NULL on ENOMEM. */
static char *show_command(const struct run_info *run, const struct report_opts *opts)
{
	char cwd[PATH_MAX];

	return str_fmt("%s show %" PRId64,
		       opts->prog ? opts->prog
				  : short_path(program_invocation_name, cwd, sizeof(cwd)),
		       run->id);
}

int report__print(struct store *s, const struct run_info *run, const struct report_opts *opts)
{
	struct report r = { .opts = opts, .run = run };
	char *show = show_command(run, opts);
	bool brief;
	size_t i;
	int err;

	if (!show)
		return -ENOMEM;
	r.style = (struct report_style){
		.width = opts->width ? opts->width : report_text__width(opts->out),
		.color = opts->color || term_color(opts->out),
		.sort = opts->sort,
		.reverse = opts->reverse,
		.details = opts->program,
		.show = show,
	};
	/* In the order in which they ended; what never ended comes last with its records. */
	err = store__experiments(s, run->id, opts->kernel, opts->experiment, on_experiment, &r);
	if (!err)
		err = store__records(s, run->id, opts->kernel, opts->experiment, on_record, &r);
	if (opts->program)
		drop_empty(&r);
	r.style.many_kernels = r.guests.kernels.n > 1;
	brief = is_brief(&r);
	if (!err && brief)
		err = report_brief__print((const struct report_section *const *)r.sections, r.n,
					  &r.style, opts->out);
	for (i = 0; i < r.n && !err; i++) {
		const char *experiment = report_section__experiment(r.sections[i]);

		if (brief && report_brief__enough(r.sections[i]))
			continue;
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
	report_guests__release(&r.guests);
	free(show);
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
