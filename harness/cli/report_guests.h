/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_GUESTS_H
#define ASSAY_CLI_REPORT_GUESTS_H

#include <stddef.h>

#include "base/str.h"

struct guest_info;

/* The guests that a report's figures come from. */
struct report_guests {
	struct strv kernels; /* names */
	struct strv texts;   /* "5.10.218 (release 5.10.218, TCG, wall clock)" */
};

/* Adds one unless it is there. Returns 0 or -ENOMEM. */
int report_guests__add(struct report_guests *g, const struct guest_info *info);
/* All of them in words; caller frees; NULL on ENOMEM. */
char *report_guests__str(const struct report_guests *g);
void report_guests__release(struct report_guests *g);

#endif
