/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_OVERRIDE_TEXT_H
#define ASSAY_STUDY_OVERRIDE_TEXT_H

#include "base/str.h"
#include "model/compare.h"

/* Numbers as the override study's document writes them. All append to sb. */

void text__count(struct strbuf *sb, unsigned long long n);     /* "12,345" */
void text__of(struct strbuf *sb, struct proportion p);	       /* "12 of 345" */
void text__interval(struct strbuf *sb, struct proportion p);   /* "97.2–100 %": Wilson, 95 % */
void text__proportion(struct strbuf *sb, struct proportion p); /* "12 of 345 (2.0–6.0 %)" */
/* "+0.1 [-0.5, 0.7]" in percentage points; "–" when unknown. */
void text__points(struct strbuf *sb, struct estimate d);
/* "× 1.32 [1.10, 1.58]", "× 1.3 [too few]", "–". */
void text__ratio(struct strbuf *sb, struct estimate r);
void text__number(struct strbuf *sb, double value); /* three digits that count; "–" */
void text__ns(struct strbuf *sb, double ns);	    /* "1.23 µs", "45.6 ms" */
void text__ns_list(struct strbuf *sb, const double *ns, size_t n); /* median (q1–q3) of three */
/* "reads" or "1 read": with the count. */
void text__counted(struct strbuf *sb, unsigned long long n, const char *one, const char *many);
/* What Markdown would take for its own is escaped; a table's cell stays one line. */
void text__escaped(struct strbuf *sb, const char *s);
/* "a, b and c". */
void text__list(struct strbuf *sb, const struct strv *names);

#endif
