// SPDX-License-Identifier: GPL-2.0-only
#include "cli/study_watch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/plan.h"
#include "study/design.h"
#include "study/points.h"

/* What is done when so much of the present point is. */
static double done_until(const struct study_watch *w, double of_this)
{
	return ((double)w->points_begun - 1 + of_this) / (double)w->points_todo;
}

/* Its items carry the ids of our points, not copies of them. */
static const struct study_point *point_of(const struct study_watch *w, const struct plan_item *item)
{
	for (size_t i = 0; i < w->points->n; i++)
		if (w->points->v[i].id == item->point)
			return &w->points->v[i];
	return NULL;
}

static void on_begin(void *ctx, const struct plan_item *item)
{
	struct study_watch *w = ctx;
	char *boot = study_boot__label(w->boot);
	char *point = study_point__label(point_of(w, item), w->design);

	w->points_begun++;
	free(w->detail);
	w->detail = boot && point ? str_fmt("boot %zu of %zu · point %zu of %zu · %s · %s",
					    w->boots_begun, w->boots_todo, w->points_begun,
					    w->points_todo, boot, point)
				  : NULL;
	free(boot);
	free(point);
	progress__update(w->line, done_until(w, 0), w->detail);
}

static void on_progress(void *ctx, double fraction, const char *what)
{
	struct study_watch *w = ctx;

	(void)what;
	progress__update(w->line, done_until(w, fraction > 0 ? fraction : 0), w->detail);
}

static void on_end(void *ctx, const struct plan_item *item, enum status status, const char *reason)
{
	struct study_watch *w = ctx;
	const struct study_point *p = point_of(w, item);
	char *boot, *point;

	progress__update(w->line, done_until(w, 1), w->detail);
	/* What was interrupted is said once, of the whole. */
	if (status <= STATUS_SKIPPED || cancel_pending(w->cancel_fd))
		return;
	boot = study_boot__label(w->boot);
	point = study_point__label(p, w->design);
	log_warn("point %s (%s · %s): %s: %s", p->id, boot ? boot : "", point ? point : "",
		 status__name(status), reason ? reason : "no reason was given");
	free(boot);
	free(point);
}

void study_watch__init(struct study_watch *w, const struct design *d,
		       const struct study_points *points, int cancel_fd)
{
	*w = (struct study_watch){
		.intake = { on_begin, on_progress, on_end, w },
		.design = d,
		.points = points,
		.cancel_fd = cancel_fd,
	};
}

int study_watch__start(struct study_watch *w)
{
	char *label = str_fmt("study %s", w->design->name);

	if (!label)
		return -ENOMEM;
	if (w->points_todo)
		w->line = progress__new(label, true);
	free(label);
	return 0;
}

void study_watch__boot(struct study_watch *w, const struct study_boot *b)
{
	w->boot = b;
	w->boots_begun++;
}

void study_watch__done(struct study_watch *w, const char *result)
{
	progress__done(w->line, result);
	w->line = NULL;
	free(w->detail);
	w->detail = NULL;
}
