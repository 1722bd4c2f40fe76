// SPDX-License-Identifier: GPL-2.0-only
#include "cli/formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/csv.h"
#include "cli/github.h"
#include "cli/json_out.h"
#include "cli/junit.h"
#include "cli/ktap.h"
#include "cli/suites.h"
#include "model/record.h"
#include "store/store.h"

static int csv_record(FILE *out, const char *run, const struct stored_record *r)
{
	(void)run;
	csv__record(out, r);
	return r->record->kind != RECORD_PROGRAM;
}

const struct format formats[] = {
	{ .name = "table", .help = "for people" },
	{ .name = "json",
	  .help = "all that is known, an object a line",
	  .record = json_out__record },
	{ .name = "csv",
	  .help = "programs, with veristat's columns",
	  .head = csv__header,
	  .record = csv_record },
	{ .name = "junit", .help = "JUnit XML", .suites = junit__print },
	{ .name = "ktap", .help = "the kernel's test protocol", .suites = ktap__print },
	{ .name = "github", .help = "annotations of GitHub Actions", .suites = github__print },
};
const size_t nr_formats = sizeof(formats) / sizeof(formats[0]);

const struct format *format__find(const char *name, const char **nearest)
{
	const char *names[sizeof(formats) / sizeof(formats[0])];

	for (size_t i = 0; i < nr_formats; i++) {
		names[i] = formats[i].name;
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	}
	if (nearest)
		*nearest = str_nearest(name, names, nr_formats);
	return NULL;
}

bool format__is_table(const struct format *f)
{
	return !f || f == &formats[0];
}

/* --- options -------------------------------------------------------------------------------- */

enum { OPT_FORMAT = 0x6f00, OPT_JSON, OPT_CSV };

static const struct argp_option options[] = {
	{ "format", OPT_FORMAT, "FORMAT", 0, "how to print", 0 },
	{ "json", OPT_JSON, NULL, 0, "the same as --format json", 0 },
	{ "csv", OPT_CSV, NULL, 0, "the same as --format csv", 0 },
	{ 0 },
};

/* "how to print: table (for people; the default), json (…), …" */
static char *help(int key, const char *text, void *input)
{
	struct strbuf sb = STRBUF_INIT;

	(void)input;
	if (key != OPT_FORMAT)
		return (char *)text;
	strbuf__addf(&sb, "%s: ", text);
	for (size_t i = 0; i < nr_formats; i++)
		strbuf__addf(&sb, "%s%s (%s%s)", i ? ", " : "", formats[i].name, formats[i].help,
			     i ? "" : "; the default");
	return strbuf__detach(&sb);
}

static error_t choose(struct format_choice *c, const char *name, const char *option,
		      struct argp_state *state)
{
	const char *nearest = NULL;
	const struct format *f = format__find(name, &nearest);

	if (!f) {
		argp_error(state, "--format: there is none called '%s'%s%s%s", name,
			   nearest ? ": did you mean '" : "", nearest ? nearest : "",
			   nearest ? "'?" : "; see --help");
		return EINVAL;
	}
	if (c->format && c->format != f) {
		argp_error(state, "only one of %s and %s at a time", c->option, option);
		return EINVAL;
	}
	c->format = f;
	c->option = option;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case OPT_FORMAT:
		return choose(state->input, arg, "--format", state);
	case OPT_JSON:
		return choose(state->input, "json", "--json", state);
	case OPT_CSV:
		return choose(state->input, "csv", "--csv", state);
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp format_argp = { .options = options, .parser = parse, .help_filter = help };

/* --- printing ------------------------------------------------------------------------------- */

static void begin(struct format_stream *s)
{
	if (!s->begun && s->format->head)
		s->format->head(s->out);
	s->begun = true;
}

void format_stream__record(struct format_stream *s, const char *run, const struct stored_record *r)
{
	int ret;

	if (format__is_table(s->format) || !s->format->record || s->err)
		return;
	begin(s);
	ret = s->format->record(s->out, run, r);
	s->left_out += ret > 0;
	if (ret < 0)
		s->err = ret;
	fflush(s->out);
}

static int print_suites(const struct format *f, const struct suites_of *of, FILE *out)
{
	struct suites *suites = NULL;
	int err = suites__of_run(of, &suites);

	if (!err)
		err = f->suites(suites, out);
	suites__free(suites);
	return err;
}

int format_stream__end(struct format_stream *s, const struct suites_of *of)
{
	if (format__is_table(s->format))
		return 0;
	if (s->format->suites)
		return print_suites(s->format, of, s->out);
	begin(s);
	if (s->left_out)
		log_info("%s has no place for measurements; %d %s left out, --format json has all",
			 s->format->name, s->left_out, s->left_out == 1 ? "is" : "are");
	return s->err;
}

struct walk {
	struct format_stream stream;
	const struct suites_of *of;
};

static int on_record(void *ctx, const struct stored_record *r)
{
	struct walk *w = ctx;

	if (w->of->program && strcmp(w->of->program, r->record->name) != 0)
		return 0;
	format_stream__record(&w->stream, w->of->run->name, r);
	return w->stream.err;
}

int format__run(const struct format *f, const struct suites_of *of, FILE *out)
{
	struct walk w = { .stream = { .format = f, .out = out }, .of = of };
	int err = 0;

	if (f->record)
		err = store__records(of->store, of->run->id, of->kernel, of->experiment, on_record,
				     &w);
	return err ? err : format_stream__end(&w.stream, of);
}
