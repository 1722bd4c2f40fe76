/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_OVERRIDE_REPORT_H
#define ASSAY_STUDY_OVERRIDE_REPORT_H

#include <stdio.h>

struct answers;
struct strbuf;
struct study_data;

/* docs/override.md of a run of the override study, as Markdown. Every number and every sentence on
 * what was found comes from the data. It embeds the pictures that `assay plot` makes, from the
 * folder override/ beside it. 0, -ENOMEM, or -EIO when out cannot be written. */
int study_report__document(const struct study_data *d, FILE *out);
/* The conclusions for a screen: one paragraph each. The same errors. */
int study_report__summary(const struct study_data *d, FILE *out);

/* The document's sections. All append; memory that runs out is seen at the end. */
void override_report__design(struct strbuf *sb, const struct answers *a);
void override_report__taxonomy(struct strbuf *sb, const struct answers *a);
void override_report__cause(struct strbuf *sb, const struct answers *a);
void override_report__rest(struct strbuf *sb, const struct answers *a);
void override_report__suspicions(struct strbuf *sb, const struct answers *a);
void override_report__choice(struct strbuf *sb, const struct answers *a);
void override_report__cure(struct strbuf *sb, const struct answers *a);
void override_report__pictures(struct strbuf *sb, const struct answers *a);
void override_report__limits(struct strbuf *sb, const struct answers *a);
void override_report__repeat(struct strbuf *sb, const struct answers *a);

#endif
