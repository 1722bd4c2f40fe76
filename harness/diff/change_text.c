// SPDX-License-Identifier: GPL-2.0-only
#include "diff/changes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "diff/side.h"

static const char *const names[NR_CHANGE_KINDS] = {
	[CHANGE_FLIP] = "flip",		  [CHANGE_STATUS] = "status",
	[CHANGE_MESSAGE] = "message",	  [CHANGE_STAT] = "statistic",
	[CHANGE_MEASURE] = "measurement", [CHANGE_VANISHED] = "vanished",
	[CHANGE_APPEARED] = "appeared",
};

const char *change_kind__name(enum change_kind k)
{
	return (int)k >= 0 && k < NR_CHANGE_KINDS ? names[k] : "?";
}

/* "reject EACCES", "skipped (kfunc)" */
static void put_answer(struct strbuf *sb, const struct cell *c)
{
	if (c->verdict == VERDICT_NONE)
		strbuf__addf(sb, "%s", status__name(c->status));
	else
		strbuf__addf(sb, "%s", verdict__name(c->verdict));
	if (*c->failure)
		strbuf__addf(sb, " (%s)", c->failure);
	if (c->err)
		strbuf__addf(sb, " %s", errno__name(c->err));
}

static void put_status(struct strbuf *sb, const struct cell *c)
{
	strbuf__addf(sb, "%s", status__name(c->status));
	if (c->reason)
		strbuf__addf(sb, " (%s)", c->reason);
	else if (c->verdict != VERDICT_NONE)
		strbuf__addf(sb, " (%s)", verdict__name(c->verdict));
}

static void put_message(struct strbuf *sb, const struct cell *c)
{
	if (c->err)
		strbuf__addf(sb, "%s ", errno__name(c->err));
	if (c->message)
		strbuf__addf(sb, "\"%s\"", c->message);
	else
		strbuf__addf(sb, "no message");
}

static void put_value(struct strbuf *sb, double v)
{
	if (v == floor(v) && fabs(v) < 1e15)
		strbuf__addf(sb, "%.0f", v);
	else
		strbuf__addf(sb, "%.4g", v);
}

static void put_effect(struct strbuf *sb, const struct change *c)
{
	const struct interval *i = &c->effect.ci;

	if (!c->test || isnan(c->effect.value))
		return;
	strbuf__addf(sb,
		     c->test[0] == 'r' ? ", %.3g times [%.3g, %.3g]" : ", by %+.3g [%.3g, %.3g]",
		     c->effect.value, i->low, i->high);
}

static void put_figures(struct strbuf *sb, const struct change *c)
{
	if (c->unit && *c->unit && c->test && isnan(c->effect.value)) {
		/* A matrix: vb of va cells. */
		strbuf__addf(sb, "%s: %.0f of %.0f %s differ", c->what, c->vb, c->va, c->unit);
		return;
	}
	strbuf__addf(sb, "%s ", c->what);
	put_value(sb, c->va);
	strbuf__addf(sb, " -> ");
	put_value(sb, c->vb);
	if (c->unit && *c->unit)
		strbuf__addf(sb, " %s", c->unit);
	if (!isnan(c->pct))
		strbuf__addf(sb, " (%+.1f %%)", c->pct);
	put_effect(sb, c);
}

static void put_pair(struct strbuf *sb, const struct change *c,
		     void (*put)(struct strbuf *sb, const struct cell *c))
{
	put(sb, c->a);
	strbuf__addf(sb, " -> ");
	put(sb, c->b);
}

char *change__sentence(const struct change *c)
{
	struct strbuf sb = STRBUF_INIT;

	switch (c->kind) {
	case CHANGE_FLIP:
		put_pair(&sb, c, put_answer);
		break;
	case CHANGE_STATUS:
		if (c->what)
			strbuf__addf(&sb, "check \"%s\" %s", c->what,
				     c->vb != 0 ? "fails -> holds" : "holds -> fails");
		else
			put_pair(&sb, c, put_status);
		break;
	case CHANGE_MESSAGE:
		put_pair(&sb, c, put_message);
		break;
	case CHANGE_STAT:
	case CHANGE_MEASURE:
		put_figures(&sb, c);
		break;
	case CHANGE_VANISHED:
		strbuf__addf(&sb, "vanished; it was ");
		put_answer(&sb, c->a);
		break;
	case CHANGE_APPEARED:
		strbuf__addf(&sb, "appeared: ");
		put_answer(&sb, c->b);
		break;
	}
	if (sb.failed) {
		strbuf__free(&sb);
		return NULL;
	}
	return strbuf__detach(&sb);
}
