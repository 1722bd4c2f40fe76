// SPDX-License-Identifier: GPL-2.0-only
#include "cli/machine.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

/* The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal; guests' time
 * is part of user's. See proc_stat(5). */
static void parse_stat(struct machine *m, const char *stat)
{
	enum { STEAL = 7, FIELDS };
	uint64_t v[FIELDS] = { 0 }, all = 0;

	if (sscanf(stat,
		   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64,
		   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != FIELDS)
		return;
	for (int i = 0; i < FIELDS; i++)
		all += v[i];
	m->ticks = all;
	m->steal = v[STEAL];
}

static void parse_mhz(struct machine *m, const char *cpuinfo)
{
	const char *line = cpuinfo;
	double mhz;

	while ((line = strstr(line, "cpu MHz"))) {
		const char *colon = line + strcspn(line, ":\n");

		line = colon;
		if (*colon != ':' || sscanf(colon + 1, "%lf", &mhz) != 1 || mhz <= 0)
			continue;
		if (m->mhz_low == 0 || mhz < m->mhz_low)
			m->mhz_low = mhz;
		if (mhz > m->mhz_high)
			m->mhz_high = mhz;
	}
}

void machine__parse(struct machine *m, const char *loadavg, const char *stat, const char *cpuinfo)
{
	*m = (struct machine){ .load = -1 };
	if (loadavg && sscanf(loadavg, "%lf", &m->load) != 1)
		m->load = -1;
	if (stat)
		parse_stat(m, stat);
	if (cpuinfo)
		parse_mhz(m, cpuinfo);
}

static char *text_of(const char *path)
{
	char *text = NULL;

	return file_read(path, 0, &text, NULL) ? NULL : text;
}

void machine__read(struct machine *m)
{
	char *loadavg = text_of("/proc/loadavg"), *stat = text_of("/proc/stat");
	char *cpuinfo = text_of("/proc/cpuinfo");

	machine__parse(m, loadavg, stat, cpuinfo);
	free(loadavg);
	free(stat);
	free(cpuinfo);
}

static void put_load(struct strbuf *sb, const char *when, double load)
{
	if (load < 0)
		strbuf__addf(sb, "%s unknown", when);
	else
		strbuf__addf(sb, "%s %.2f", when, load);
}

static void put_mhz(struct strbuf *sb, const char *when, const struct machine *m)
{
	if (m->mhz_high > 0)
		strbuf__addf(sb, "%s %.0f to %.0f MHz", when, m->mhz_low, m->mhz_high);
	else
		strbuf__addf(sb, "%s unknown", when);
}

char *machine__text(const struct machine *before, const struct machine *after)
{
	struct strbuf sb = STRBUF_INIT;

	put_load(&sb, "load average of the host: before", before->load);
	put_load(&sb, ", after", after->load);
	if (before->ticks && after->ticks > before->ticks && after->steal >= before->steal)
		strbuf__addf(&sb, "\nsteal time: %.2f %% of all CPUs\n",
			     100 * (double)(after->steal - before->steal) /
				     (double)(after->ticks - before->ticks));
	else
		strbuf__addf(&sb, "\nsteal time: unknown\n");
	put_mhz(&sb, "CPU frequency: before", before);
	put_mhz(&sb, ", after", after);
	strbuf__addf(&sb, "\n");
	if (sb.failed) {
		strbuf__free(&sb);
		return NULL;
	}
	return strbuf__detach(&sb);
}
