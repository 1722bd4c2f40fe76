/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_INTAKE_H
#define ASSAY_CLI_INTAKE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "model/kver.h"
#include "model/verdict.h"
#include "store/store.h"

struct plan_item;

/* Somebody who follows many experiments at once. */
struct intake_watch {
	void (*begin)(void *ctx, const struct plan_item *item);
	/* fraction is negative when unknown; what may be NULL. */
	void (*progress)(void *ctx, double fraction, const char *what);
	/* Its row is stored. The status is the worst of it and its records. */
	void (*end)(void *ctx, const struct plan_item *item, enum status status,
		    const char *reason);
	void *ctx;
};

/* What is the same for all experiments on one kernel, or on the host. Borrowed. */
struct intake_opts {
	const char *objects; /* folder with <experiment>.dis */
	struct store *store;
	int64_t run;
	const struct guest_info *guest;
	struct kver version;	     /* expectations are judged by these */
	const struct strv *features; /* provided by the kernel's patches */
	/* Called for every record once it is stored; may be NULL. */
	void (*on_record)(void *ctx, const struct stored_record *r);
	const struct intake_watch
		*watch;	   /* shows what is done, in place of a line of its own; NULL */
	bool keep_machine; /* what else the host did meanwhile, as a text (cli/machine.h) */
	void *ctx;
};

/* Takes in the events of one experiment (wire/event.h): shows its progress, judges its records and
 * stores them with their texts. */
struct intake;

/* NULL on ENOMEM. Starts the clock and the display of progress. */
struct intake *intake__begin(const struct intake_opts *o, const struct plan_item *item);
/* 0: goes on; 1: the experiment has ended; -errno: the event is damaged (-EBADMSG) or could not be
 * stored. */
int intake__event(struct intake *in, const json_t *event);
/* Nothing more will come: a record whose log was still to come is kept with what there is. */
void intake__close(struct intake *in);
/* Something else says that it failed, and why. */
void intake__fail(struct intake *in, enum status status, const char *reason);
/* Results can't be kept (-ENOSPC, for one): as if an event could not be stored. */
void intake__store_failed(struct intake *in, int err);
/* An object's program that ended the guest, or its own time, keeps none of those behind it from
 * being loaded: stores its record, and gives the index of the next one. False when there is none,
 * or nothing such happened. */
bool intake__next_program(struct intake *in, size_t *next);
void intake__excuse(struct intake *in); /* it was never started: not having ended is no failure */
bool intake__dirty(const struct intake *in); /* the kernel has had a splat, or may not be well */
/* Stores how it ended, worsens *worst by it and by its records, and frees. 0, or -errno when
 * results could not be stored. */
int intake__finish(struct intake *in, enum status *worst);
/* Name under which a text is kept that belongs to the item as a whole. "" or its point. */
const char *intake__text_name(const struct plan_item *item);

#endif
