/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVERRIDE_POINT_REPORT_H
#define OVERRIDE_POINT_REPORT_H

struct found;
struct point;
struct record;

/* Labels: the point's id, its hook, target and size, and every other parameter that has not its
 * default value. */
void report__labels(struct record *r, const struct point *p);
/* Metrics, series and checks. */
void report__found(struct record *r, const struct point *p, const struct found *f);

#endif
