// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/exp.h"
#include "guest/load.h"
#include "guest/verify_failure.h"
#include "model/record.h"
#include "model/stack.h"
#include "model/stats.h"

static int fill_series(struct record *r, const struct load_result *l)
{
	int err = 0;

	if (!l->n)
		return 0;
	if (l->verification_us)
		err = record__series(r, "verification_time", "us", l->verification_us, l->n);
	if (!err)
		err = record__series(r, "load_time", "us", l->load_us, l->n);
	return err;
}

/* How well the median is known, where that was asked for. */
static int fill_precision(struct record *r, const struct load_result *l)
{
	const struct interval *ci = &l->median_ci;
	int err;

	if (!l->n || !(ci->high > 0))
		return 0;
	err = record__metric(r, "median_low", "us", ci->low);
	if (!err)
		err = record__metric(r, "median_high", "us", ci->high);
	return err ? err : record__metric(r, "conclusive", "", l->precise);
}

static int fill(struct record *r, const struct program_info *p, const struct load_result *l)
{
	const char *type = libbpf_bpf_prog_type_str(p->type);
	int err = record__set(&r->prog_type, type ? type : "unknown");

	if (!err)
		err = record__set(&r->section, p->section);
	for (size_t i = 0; !err && i < p->tags.n; i++)
		err = strv__add(&r->tags, p->tags.v[i]);
	if (!err && l->message)
		err = record__set(&r->message, l->message);
	else if (!err && l->trouble)
		err = record__set(&r->message, l->trouble);
	if (!err)
		err = fill_series(r, l);
	if (!err)
		err = fill_precision(r, l);
	/* Said where the log is read: the statistics at its end are missing, or its beginning. */
	if (!err && l->log_cut)
		err = record__metric(r, "log_kept", "bytes", (double)l->log_len);
	r->verdict = l->verdict;
	r->err = l->err;
	r->stats = l->stats;
	r->load_time_us = l->n ? stats__median(l->load_us, l->n) : -1;
	r->xlated_size = l->xlated_size;
	r->jited_size = l->jited_size;
	if (!err && p->failure) {
		r->verdict = VERDICT_NONE;
		err = record__set(&r->failure, failure__name(p->failure->kind));
		if (!err && p->failure->message) {
			r->err = p->failure->err;
			err = record__set(&r->message, p->failure->message);
		}
	}
	return err;
}

/* The tags are judged where the features of the kernel are known to the full: by the host, or by
 * `assay-guest run`. What is known here is whether the loads can be judged at all. A program that
 * failed before it reached the verifier, with an errno, is left to its tags when it has any: a
 * missing attach target may be what they expect. */
static void set_status(struct record *r, const struct program_info *p, const struct load_result *l)
{
	r->status = STATUS_OK;
	if (p->failure)
		record__fail(r, STATUS_SKIPPED, "%s", p->failure->reason);
	if (p->failure || !l->trouble)
		return;
	if (l->n || l->insns || !l->err || !p->tags.n)
		record__fail(r, STATUS_HARNESS, "%s", l->trouble);
}

static int send_texts(struct exp *e, const struct program_info *p, const struct load_result *l,
		      const struct libbpf_messages *messages)
{
	char *layout = NULL;
	int err = 0;

	if (l->log_cut)
		sink__log(&e->sink, "warning",
			  "the verifier log of %s is longer than %zu bytes and was cut", p->name,
			  l->log_len);
	if (l->log_len)
		err = exp__text(e, p->name, "log", l->log, l->log_len);
	if (!err && messages && messages->all.len)
		err = exp__text(e, p->name, "libbpf", messages->all.data, messages->all.len);
	if (err || !l->insns)
		return err;
	layout = stack__layout(l->insns, l->nr_insns, p->name);
	if (!layout)
		return -ENOMEM;
	err = exp__text(e, p->name, "stack", layout, strlen(layout));
	free(layout);
	return err;
}

int program__report(struct exp *e, const struct program_info *p, const struct load_result *l,
		    const struct libbpf_messages *messages)
{
	struct record *r = record__new(RECORD_PROGRAM, e->def->name, p->name);
	int err = -ENOMEM;

	if (!r)
		return err;
	err = fill(r, p, l);
	if (err)
		goto out;
	set_status(r, p, l);
	/* The texts first: who gets the record may already want to judge it by its log. */
	err = send_texts(e, p, l, messages);
	if (!err)
		err = sink__record(&e->sink, r);
out:
	record__free(r);
	return err;
}
