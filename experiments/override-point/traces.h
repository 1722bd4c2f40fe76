/* SPDX-License-Identifier: GPL-2.0-only */
/* Does a point leave the kernel as it found it? The next point of the boot begins there. */
#ifndef OVERRIDE_POINT_TRACES_H
#define OVERRIDE_POINT_TRACES_H

struct record;

#define TRACES_MAX 24

/* What the files said that a point may change; NULL: there is no such file. */
struct traces {
	char *text[TRACES_MAX];
};

void traces__take(struct traces *t);
/* A check: they say the same now. */
void traces__check(struct record *r, const struct traces *before);
void traces__free(struct traces *t);

#endif
