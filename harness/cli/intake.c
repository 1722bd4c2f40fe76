// SPDX-License-Identifier: GPL-2.0-only
#include "cli/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/term.h"
#include "cli/disasm.h"
#include "cli/evidence.h"
#include "cli/machine.h"
#include "cli/plan.h"
#include "model/expect.h"
#include "model/timing.h"
#include "wire/event.h"
#include "wire/record_json.h"

#define POINT_LABEL "point"

struct intake {
	const struct intake_opts *o;
	const struct plan_item *item; /* borrowed */
	char *params;
	uint64_t start_ns;
	struct evidence *evidence; /* texts that the judge needs */
	struct record *pending;	   /* a program whose log may still come */
	struct {
		char *name; /* of an object: its program that was begun last; NULL: none */
		size_t index, total;
		bool open; /* it has no record yet */
	} program;
	struct machine before; /* with keep_machine */
	struct disasm *disasm;
	struct progress *progress;
	enum status status, worst;
	char *reason;
	/* The same since the object was begun, or went on behind a program. */
	enum status round;
	char *round_reason;
	bool ended;
	bool dirty;
	int store_err;
};

void intake__fail(struct intake *in, enum status status, const char *reason)
{
	if (status__worse(in->status, status) == status)
		record__set(&in->reason, reason);
	if (status__worse(in->round, status) == status)
		record__set(&in->round_reason, reason);
	in->status = status__worse(in->status, status);
	in->round = status__worse(in->round, status);
}

/* --- events -------------------------------------------------------------------------------- */

static int judge(struct intake *in, struct record *r)
{
	struct judgement j = { 0 };
	int err;

	if (r->kind != RECORD_PROGRAM || r->status == STATUS_HARNESS || r->status == STATUS_SKIPPED)
		return 0;
	err = expect__judge((const char *const *)r->tags.v, r->tags.n, in->o->version,
			    (const char *const *)in->o->features->v, in->o->features->n, r->verdict,
			    r->err, evidence__text(in->evidence, r->name),
			    r->verdict == VERDICT_NONE ? r->message : NULL, &j);
	if (err)
		return err;
	err = record__set(&r->expected, j.expected);
	if (!err && j.status != STATUS_OK)
		err = record__fail(r, j.status, "%s", j.reason);
	judgement__release(&j);
	return err;
}

static int keep_disasm(struct intake *in, const struct record *r)
{
	const char *text;
	size_t len;

	if (r->kind != RECORD_PROGRAM || !disasm__find(in->disasm, r->name, &text, &len))
		return 0;
	return store__add_text(in->o->store, in->o->run, in->o->guest->kernel, in->item->experiment,
			       r->name, "disasm", text, len, true);
}

static int label_globals(const struct intake *in, struct record *r)
{
	const char *name;
	json_t *value;
	int err = 0;

	json_object_foreach (in->item->globals, name, value)
		if (!err)
			err = record__label(r, name, json_string_value(value));
	return err;
}

static int finish_record(struct intake *in, struct record *r)
{
	struct stored_record sr = { .guest = *in->o->guest, .record = r };
	int err = judge(in, r);

	/* One that the experiment gave itself is the same. */
	if (!err && in->item->point && !record__get_label(r, POINT_LABEL))
		err = record__label(r, POINT_LABEL, in->item->point);
	if (!err)
		err = label_globals(in, r);
	if (!err)
		err = timing__set_units(r, in->o->guest->timing);
	if (!err)
		err = store__add_record(in->o->store, in->o->run, in->o->guest, r, &sr.id);
	if (!err)
		err = keep_disasm(in, r);
	in->status = status__worse(in->status, r->status);
	in->worst = status__worse(in->worst, r->status);
	if (!err && in->o->on_record)
		in->o->on_record(in->o->ctx, &sr);
	evidence__drop(in->evidence, r->name);
	record__free(r);
	return err;
}

static int finish_pending(struct intake *in)
{
	struct record *r = in->pending;

	in->pending = NULL;
	return r ? finish_record(in, r) : 0;
}

static int on_record(struct intake *in, const json_t *event)
{
	struct record *r = NULL;
	char why[256] = "";
	int err = finish_pending(in);

	if (err)
		return err;
	err = record_json__unpack(json_object_get(event, "record"), &r, why, sizeof(why));
	if (err) {
		log_err("%s on %s: the guest sent a damaged record: %s", in->item->experiment,
			in->o->guest->kernel, why);
		return -EBADMSG;
	}
	if (in->program.name && !strcmp(in->program.name, r->name))
		in->program.open = false;
	if (r->kind != RECORD_PROGRAM)
		return finish_record(in, r);
	in->pending = r;
	return 0;
}

/* "n=5 debug=true"; caller frees. */
static char *globals_str(const json_t *globals)
{
	struct strbuf sb = STRBUF_INIT;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)globals, name, value)
		strbuf__addf(&sb, "%s%s=%s", sb.len ? " " : "", name, json_string_value(value));
	return strbuf__detach(&sb);
}

/* Logs and disassembly are a program's, the same for all points; the last one stays. What the
 * experiment itself says is each point's own. With other global variables everything is another. */
static char *text_name(const struct intake *in, const char *name, const char *kind)
{
	static const char *const of_programs[] = { "log", "libbpf", "stack" };

	if (json_object_size(in->item->globals)) {
		char *values = globals_str(in->item->globals);
		char *kept_as = values ? str_fmt("%s%s[%s]", name, *name ? " " : "", values) : NULL;

		free(values);
		return kept_as;
	}

	for (size_t i = 0; i < sizeof(of_programs) / sizeof(of_programs[0]); i++)
		if (!strcmp(kind, of_programs[i]))
			return strdup(name);
	if (!in->item->point)
		return strdup(name);
	return str_fmt("%s%s%s", in->item->point, *name ? "." : "", name);
}

static int on_text(struct intake *in, const json_t *event)
{
	const char *name = "", *kind, *data;
	char *kept_as;
	int64_t part;
	int err = 0;

	wire_str(event, "name", &name);
	if (wire_str(event, "kind", &kind) || wire_str(event, "data", &data) ||
	    wire_int(event, "part", &part))
		return -EBADMSG;
	if (strcmp(kind, "log") == 0 || strcmp(kind, "libbpf") == 0) {
		err = evidence__add(in->evidence, name, data);
		if (err)
			return err;
	}
	kept_as = text_name(in, name, kind);
	if (!kept_as)
		return -ENOMEM;
	err = store__add_text(in->o->store, in->o->run, in->o->guest->kernel, in->item->experiment,
			      kept_as, kind, data, strlen(data), part == 0);
	free(kept_as);
	return err;
}

static void on_progress(struct intake *in, const json_t *event)
{
	int64_t done = 0, total = 0;
	const char *what = NULL;
	double fraction;

	wire_int(event, "done", &done);
	wire_int(event, "total", &total);
	wire_str(event, "what", &what);
	fraction = total > 0 ? (double)done / (double)total : -1;
	if (in->o->watch)
		in->o->watch->progress(in->o->watch->ctx, fraction, what);
	else
		progress__update(in->progress, fraction, what);
}

static int on_program(struct intake *in, const json_t *event)
{
	int64_t index = 0, total = 0;
	const char *name;
	int err = finish_pending(in);

	if (err)
		return err;
	if (wire_str(event, "name", &name) || wire_int(event, "index", &index) ||
	    wire_int(event, "total", &total) || index < 0 || total <= index)
		return -EBADMSG;
	in->program.index = (size_t)index;
	in->program.total = (size_t)total;
	in->program.open = true;
	if (in->o->watch)
		in->o->watch->progress(in->o->watch->ctx, (double)index / (double)total, name);
	else
		progress__update(in->progress, (double)index / (double)total, name);
	return record__set(&in->program.name, name);
}

static int on_end(struct intake *in, const json_t *event)
{
	const char *word, *reason = NULL, *splat = NULL;
	enum status status;
	int err = finish_pending(in);

	if (err)
		return err;
	if (wire_str(event, "status", &word) || status__parse(word, &status))
		return -EBADMSG;
	wire_str(event, "reason", &reason);
	if (status__worse(in->status, status) == status && reason && *reason)
		err = record__set(&in->reason, reason);
	if (!err && status__worse(in->round, status) == status)
		err = record__set(&in->round_reason, reason && *reason ? reason : NULL);
	in->status = status__worse(in->status, status);
	in->round = status__worse(in->round, status);
	in->dirty = !wire_str(event, "splat", &splat) || status >= STATUS_TIMEOUT;
	in->ended = true;
	return err;
}

/* An error is about the job itself: it was not understood, and no end will come. */
static void on_log(struct intake *in, const json_t *event)
{
	const char *level = "", *text;

	if (wire_str(event, "text", &text))
		return;
	log_debug("guest: %s", text);
	if (wire_str(event, "level", &level) || strcmp(level, "error") != 0)
		return;
	intake__fail(in, STATUS_HARNESS, text);
	in->dirty = in->ended = true;
}

int intake__event(struct intake *in, const json_t *event)
{
	const char *type = wire_type(event);
	int err = 0;

	if (strcmp(type, "record") == 0)
		err = on_record(in, event);
	else if (strcmp(type, "text") == 0)
		err = on_text(in, event);
	else if (strcmp(type, "program") == 0)
		err = on_program(in, event);
	else if (strcmp(type, "progress") == 0)
		on_progress(in, event);
	else if (strcmp(type, "end") == 0)
		err = on_end(in, event);
	else if (strcmp(type, "log") == 0)
		on_log(in, event);
	if (err)
		in->store_err = err;
	return err ? err : in->ended;
}

/* --- begin and end ------------------------------------------------------------------------- */

struct intake *intake__begin(const struct intake_opts *o, const struct plan_item *item)
{
	struct intake *in = calloc(1, sizeof(*in));
	char *label = str_fmt("%s on %s", item->experiment, o->guest->kernel);

	if (!in || !label)
		goto fail;
	in->o = o;
	in->item = item;
	in->start_ns = clock_ns();
	if (o->keep_machine)
		machine__read(&in->before);
	in->evidence = evidence__new();
	in->disasm = disasm__open(o->objects, item->experiment);
	in->progress = o->watch ? NULL : progress__new(label, true);
	in->params = json_dumps(item->factors	? item->factors
				: item->globals ? item->globals
						: item->params,
				JSON_COMPACT | JSON_SORT_KEYS);
	if (!in->evidence || (!in->progress && !o->watch) || !in->params)
		goto fail;
	free(label);
	if (o->watch)
		o->watch->begin(o->watch->ctx, item);
	return in;
fail:
	free(label);
	if (in) {
		progress__done(in->progress, NULL);
		disasm__close(in->disasm);
		evidence__free(in->evidence);
		free(in->params);
	}
	free(in);
	return NULL;
}

void intake__close(struct intake *in)
{
	if (finish_pending(in))
		in->store_err = -EIO;
}

void intake__store_failed(struct intake *in, int err)
{
	in->store_err = err;
}

void intake__excuse(struct intake *in)
{
	in->ended = true;
}

const char *intake__text_name(const struct plan_item *item)
{
	return item->point ? item->point : "";
}

bool intake__dirty(const struct intake *in)
{
	return in->dirty;
}

/* A program that has no record because of what became of the guest. */
static int store_open_program(struct intake *in)
{
	struct record *r = record__new(RECORD_PROGRAM, in->item->experiment, in->program.name);

	in->program.open = false;
	if (!r)
		return -ENOMEM;
	r->status = STATUS_OK;
	record__fail(r, in->round, "%s",
		     in->round_reason ? in->round_reason : status__name(in->round));
	return finish_record(in, r);
}

bool intake__next_program(struct intake *in, size_t *next)
{
	if (!in->program.name || in->store_err ||
	    (in->round != STATUS_TIMEOUT && in->round != STATUS_CRASHED))
		return false;
	if (in->program.open)
		in->store_err = store_open_program(in);
	*next = in->program.index + 1;
	if (in->store_err || *next >= in->program.total)
		return false;
	in->round = STATUS_OK;
	record__set(&in->round_reason, NULL);
	in->ended = in->dirty = false;
	return true;
}

/* Times were taken beside whatever else the host did. */
static int keep_machine(const struct intake *in)
{
	struct machine now;
	char *text;
	int err;

	machine__read(&now);
	text = machine__text(&in->before, &now);
	if (!text)
		return -ENOMEM;
	err = store__add_text(in->o->store, in->o->run, in->o->guest->kernel, in->item->experiment,
			      intake__text_name(in->item), "machine", text, strlen(text), true);
	free(text);
	return err;
}

int intake__finish(struct intake *in, enum status *worst)
{
	int err;

	if (in->store_err && in->status < STATUS_HARNESS)
		intake__fail(in, STATUS_HARNESS,
			     in->store_err == -EBADMSG
				     ? "the guest's events could not be understood"
				     : "the results could not be stored");
	if (in->status == STATUS_OK && !in->ended)
		intake__fail(in, STATUS_HARNESS, "the experiment did not end");
	err = store__add_experiment(in->o->store, in->o->run, in->o->guest, in->item->experiment,
				    in->params, in->status, in->reason,
				    (double)(clock_ns() - in->start_ns) / 1e9);
	if (!err && in->store_err != -EBADMSG)
		err = in->store_err;
	if (!err && in->o->keep_machine)
		err = keep_machine(in);
	in->worst = status__worse(in->worst, in->status);
	*worst = status__worse(*worst, in->worst);
	if (!err && in->o->watch)
		in->o->watch->end(in->o->watch->ctx, in->item, in->worst, in->reason);
	progress__done(in->progress, status__name(in->status));
	record__set(&in->reason, NULL);
	free(in->round_reason);
	free(in->program.name);
	disasm__close(in->disasm);
	evidence__free(in->evidence);
	free(in->params);
	free(in);
	return err;
}
