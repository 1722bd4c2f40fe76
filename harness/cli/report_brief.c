// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_brief.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/report_section.h"
#include "cli/report_table.h"

static void count(char *cell, size_t len, size_t n)
{
	snprintf(cell, len, n ? "%zu" : "", n);
}

static int add_line(struct report_table *t, const struct report_section *s)
{
	char accepted[24], rejected[24], measurements[24], checks[24], skipped[24];
	char seconds[24] = "";
	struct report_section_sum sum;
	char *note = NULL;
	int err;

	report_section__sum(s, &sum);
	count(accepted, sizeof(accepted), sum.accepted);
	count(rejected, sizeof(rejected), sum.rejected);
	count(measurements, sizeof(measurements), sum.measurements);
	count(checks, sizeof(checks), sum.checks);
	count(skipped, sizeof(skipped), sum.skipped);
	if (sum.seconds >= 0)
		snprintf(seconds, sizeof(seconds), "%.1f", sum.seconds);
	if (sum.status != STATUS_SKIPPED && sum.skip_reason)
		note = str_fmt("skipped: %s", sum.skip_reason);
	err = report_table__row(t,
				(const char *[]){ sum.experiment, sum.kernel, accepted, rejected,
						  measurements, checks, skipped, seconds,
						  status__name(sum.status) },
				sum.status == STATUS_SKIPPED ? sum.reason : note);
	free(note);
	return err;
}

int report_brief__print(const struct report_section *const *sections, size_t n,
			const struct report_style *style, FILE *out)
{
	static const struct report_column columns[] = {
		{ "experiment", NULL, ALIGN_LEFT, false },
		{ "kernel", NULL, ALIGN_LEFT, false },
		{ "accepted", "(programs)", ALIGN_RIGHT, false },
		{ "rejected", "(programs)", ALIGN_RIGHT, false },
		{ "measured", "(records)", ALIGN_RIGHT, false },
		{ "checked", "(facts)", ALIGN_RIGHT, false },
		{ "skipped", "(records)", ALIGN_RIGHT, false },
		{ "time", "(s)", ALIGN_RIGHT, false },
		{ "status", NULL, ALIGN_LEFT, true },
	};
	struct report_table *t = report_table__new(columns, sizeof(columns) / sizeof(columns[0]));
	int err = t ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++)
		err = add_line(t, sections[i]);
	if (!err)
		err = report_table__print(t, out, 0, style->width, style->color);
	if (!err)
		fputc('\n', out);
	report_table__free(t);
	return err;
}

bool report_brief__enough(const struct report_section *s)
{
	struct report_section_sum sum;

	report_section__sum(s, &sum);
	return sum.status <= STATUS_SKIPPED;
}
