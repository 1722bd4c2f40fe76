// SPDX-License-Identifier: GPL-2.0-only
/* A run of the store as suites of test cases. */
#include "cli/suites.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/report_text.h"
#include "cli/source_line.h"
#include "model/record.h"
#include "store/store.h"

/* Names of the cases that are no record's. */
#define WHOLE	  "(experiment)"
#define RUN_SUITE "run"

struct reading {
	const struct suites_of *of;
	struct suites *suites;
	struct {
		char *key;
		unsigned int statuses; /* bits of those that its records have */
		bool ended;
	} * seen;
	size_t n;
};

static int add_suite(struct reading *r, const struct guest_info *g, const char *experiment,
		     struct suite **out)
{
	char number[24];
	int err = 0;

	*out = suites__suite(r->suites, g->kernel, experiment);
	if (!*out)
		return -ENOMEM;
	if (r->suites->n > r->n) {
		void *v = realloc(r->seen, r->suites->n * sizeof(*r->seen));

		if (!v)
			return -ENOMEM;
		r->seen = v;
		memset(&r->seen[r->n], 0, (r->suites->n - r->n) * sizeof(*r->seen));
		r->n = r->suites->n;
	}
	snprintf(number, sizeof(number), "%u", g->cpus);
	err = suite__property(*out, "release", g->release);
	err = err ?: suite__property(*out, "build_id", g->build_id);
	err = err ?: suite__property(*out, "accel", g->accel);
	err = err ?: suite__property(*out, "timing", g->timing);
	err = err ?: suite__property(*out, "cpu_model", g->cpu_model);
	return err ?: suite__property(*out, "cpus", g->cpus ? number : NULL);
}

static size_t index_of(const struct reading *r, const struct suite *s)
{
	return (size_t)(s - r->suites->v);
}

/* --- texts ---------------------------------------------------------------------------------- */

static int take_path(void *ctx, const struct stored_text *t)
{
	char **path = ctx;

	free(*path);
	*path = file_exists(t->path) ? strdup(t->path) : NULL;
	return 0;
}

/* The path of a text that the run kept, or NULL in *path. */
static int find_text(const struct reading *r, const char *kernel, const char *experiment,
		     const char *name, const char *kind, char **path)
{
	*path = NULL;
	return store__texts(r->of->store, r->of->run->id, kernel, experiment, name, kind, take_path,
			    path);
}

struct text_kind {
	const char *kind, *title, *option; /* of `assay show` */
};

/* Attaches the first of the kinds that there is. name NULL: the experiment's own. */
static int attach_text(const struct reading *r, const char *kernel, const char *experiment,
		       const char *name, const struct text_kind *kinds, struct suite_case *c)
{
	int err = 0;

	for (; kinds->kind; kinds++) {
		err = find_text(r, kernel, experiment, name, kinds->kind, &c->log);
		if (err || c->log)
			break;
	}
	if (err || !c->log)
		return err;
	c->log_title = strdup(kinds->title);
	c->log_shown = str_fmt("%s %s%s%s -k %s %s", r->suites->show, experiment, name ? " " : "",
			       name ? name : "", kernel, kinds->option);
	return c->log_title && c->log_shown ? 0 : -ENOMEM;
}

/* Where in the source the verifier stopped; for what was accepted, where the program begins. */
static int attach_source(const struct reading *r, const struct stored_record *sr,
			 struct suite_case *c)
{
	const char *kernel = sr->guest.kernel, *experiment = sr->record->experiment;
	char *log = NULL, *disasm = NULL;
	int err = 0;

	if (sr->record->verdict == VERDICT_REJECT)
		err = find_text(r, kernel, experiment, sr->record->name, "log", &log);
	if (!err)
		err = find_text(r, kernel, experiment, sr->record->name, "disasm", &disasm);
	if (!err)
		err = source_line__of_texts(experiment, log, disasm, &c->source, &c->line);
	free(log);
	free(disasm);
	return err;
}

/* --- records -------------------------------------------------------------------------------- */

static char *case_name(const struct record *r)
{
	char *labels = record__labels_str(r), *name;

	name = labels ? str_fmt(*labels ? "%s[%s]" : "%s", r->name, labels) : NULL;
	free(labels);
	return name;
}

static char *details_of(const struct record *r)
{
	struct strbuf sb = STRBUF_INIT;

	if (r->kind == RECORD_PROGRAM)
		strbuf__addf(&sb, "verdict: %s%s%s", verdict__name(r->verdict), r->err ? " " : "",
			     r->err ? errno__name(r->err) : "");
	if (r->failure)
		strbuf__addf(&sb, "%sunmet on this kernel: %s", sb.len ? "\n" : "", r->failure);
	if (r->expected)
		strbuf__addf(&sb, "%sexpected: %s", sb.len ? "\n" : "", r->expected);
	if (r->message)
		strbuf__addf(&sb, "%smessage: %s", sb.len ? "\n" : "", r->message);
	for (size_t i = 0; i < r->nr_checks; i++)
		if (!r->checks[i].ok)
			strbuf__addf(&sb, "%sdoes not hold: %s; found: %s", sb.len ? "\n" : "",
				     r->checks[i].text, r->checks[i].found);
	if (!sb.failed && sb.len)
		return strbuf__detach(&sb);
	strbuf__free(&sb);
	return strdup("");
}

static int set_reason(struct suite_case *c, const char *reason, enum status status)
{
	c->type = status__name(status);
	c->reason = report_text__clean(reason && *reason ? reason : status__name(status));
	return c->reason ? 0 : -ENOMEM;
}

static int on_record(void *ctx, const struct stored_record *sr)
{
	static const struct text_kind kinds[] = {
		{ "log", "verifier log", "--log" },
		{ "libbpf", "libbpf's messages", "--libbpf" },
		{ NULL, NULL, NULL },
	};
	const struct record *rec = sr->record;
	struct reading *r = ctx;
	struct suite_case *c;
	struct suite *s;
	char *name;
	int err;

	if (r->of->program && strcmp(r->of->program, rec->name) != 0)
		return 0;
	err = add_suite(r, &sr->guest, rec->experiment, &s);
	name = case_name(rec);
	c = !err && name ? suite__add(s, name, case_end__of(rec->status)) : NULL;
	free(name);
	if (!c)
		return err ?: -ENOMEM;
	r->seen[index_of(r, s)].statuses |= 1u << rec->status;
	if (rec->kind == RECORD_PROGRAM && rec->load_time_us >= 0)
		c->seconds = rec->load_time_us / 1e6;
	if (c->end == CASE_PASSED)
		return 0;
	c->details = details_of(rec);
	err = c->details ? set_reason(c, rec->reason, rec->status) : -ENOMEM;
	if (!err && c->end == CASE_FAILED)
		err = attach_source(r, sr, c);
	if (!err && c->end != CASE_SKIPPED)
		err = attach_text(r, sr->guest.kernel, rec->experiment, rec->name, kinds, c);
	return err;
}

/* --- experiments ---------------------------------------------------------------------------- */

static int on_suite(void *ctx, const struct stored_experiment *e)
{
	struct reading *r = ctx;
	struct suite *s;
	int err = add_suite(r, &e->guest, e->experiment, &s);

	if (err)
		return err;
	r->seen[index_of(r, s)].ended = true;
	if (e->seconds >= 0)
		s->seconds = (s->seconds < 0 ? 0 : s->seconds) + e->seconds;
	return suite__property(s, "parameters",
			       e->params && strcmp(e->params, "{}") ? e->params : NULL);
}

static int add_whole(struct reading *r, struct suite *s, const struct stored_experiment *e,
		     enum status status, const char *reason)
{
	static const struct text_kind kinds[] = {
		{ "console-excerpt", "end of the guest's console", "--console" },
		{ "dmesg", "kernel messages", "--dmesg" },
		{ NULL, NULL, NULL },
	};
	struct suite_case *c = suite__add(s, WHOLE, case_end__of(status));
	int err;

	if (!c)
		return -ENOMEM;
	if (c->end == CASE_PASSED)
		return 0;
	err = set_reason(c, reason, status);
	if (!err && c->end != CASE_SKIPPED)
		err = attach_text(r, e ? e->kernel : s->kernel, s->experiment, NULL, kinds, c);
	if (!err && c->end != CASE_SKIPPED && e && e->params && strcmp(e->params, "{}")) {
		c->details = str_fmt("parameters: %s", e->params);
		err = c->details ? 0 : -ENOMEM;
	}
	return err;
}

/* Once the records are known: a status that none of them shares is a case of its own. */
static int on_whole(void *ctx, const struct stored_experiment *e)
{
	struct reading *r = ctx;
	struct suite *s = suites__suite(r->suites, e->kernel, e->experiment);
	unsigned int statuses;

	if (!s)
		return -ENOMEM;
	statuses = r->seen[index_of(r, s)].statuses;
	if (statuses & 1u << e->status || (e->status == STATUS_OK && s->n))
		return 0;
	return add_whole(r, s, e, e->status, e->reason);
}

/* Records whose experiment never ended: the run stopped there. */
static int add_unended(struct reading *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->n; i++)
		if (!r->seen[i].ended)
			err = add_whole(r, &r->suites->v[i], NULL, STATUS_HARNESS,
					"the experiment did not end");
	return err;
}

/* A run that was cut off, or is not over, is never a whole one. */
static int add_state(struct reading *r)
{
	const struct run_info *run = r->of->run;
	struct suite_case *c;
	struct suite *s;

	if (run->state == RUN_COMPLETE && r->suites->n)
		return 0;
	s = suites__suite(r->suites, "", RUN_SUITE);
	c = s ? suite__add(s, run->name, CASE_ERROR) : NULL;
	if (!c)
		return -ENOMEM;
	c->type = run->state == RUN_COMPLETE ? "empty" : run_state__name(run->state);
	if (run->state == RUN_CUT_OFF)
		c->reason =
			str_fmt("the run was cut off: %s; what is missing was not measured",
				run->cut_off_reason ? run->cut_off_reason : "no reason is known");
	else
		c->reason = strdup(run->state == RUN_RUNNING ? "the run is not over"
							     : "nothing was recorded");
	return c->reason ? 0 : -ENOMEM;
}

int suites__of_run(const struct suites_of *of, struct suites **out)
{
	struct reading r = { .of = of, .suites = suites__new(of->run->name) };
	int64_t id = of->run->id;
	int err = r.suites ? 0 : -ENOMEM;

	*out = NULL;
	if (!err && of->run->started) {
		r.suites->started = strdup(of->run->started);
		r.suites->show = str_fmt("assay show %s", of->run->name);
		err = r.suites->started && r.suites->show ? 0 : -ENOMEM;
	}
	if (!err && !of->program)
		err = store__experiments(of->store, id, of->kernel, of->experiment, on_suite, &r);
	if (!err)
		err = store__records(of->store, id, of->kernel, of->experiment, on_record, &r);
	if (!err && !of->program)
		err = store__experiments(of->store, id, of->kernel, of->experiment, on_whole, &r);
	if (!err && !of->program)
		err = add_unended(&r);
	if (!err)
		err = add_state(&r);
	free(r.seen);
	if (err)
		suites__free(r.suites);
	else
		*out = r.suites;
	return err;
}
