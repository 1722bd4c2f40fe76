// SPDX-License-Identifier: GPL-2.0-only
#include "diff/stat.h"

#include <math.h>
#include <string.h>

#include "model/record.h"

static double known(double v)
{
	return v < 0 ? NAN : v;
}

static double get_duration(const struct record *r)
{
	return known((double)r->stats.verification_time_us);
}

static double get_insns(const struct record *r)
{
	return known((double)r->stats.insns);
}

static double get_states(const struct record *r)
{
	return known((double)r->stats.total_states);
}

static double get_peak(const struct record *r)
{
	return known((double)r->stats.peak_states);
}

static double get_max_per_insn(const struct record *r)
{
	return known((double)r->stats.max_states_per_insn);
}

static double get_mark_read(const struct record *r)
{
	return known((double)r->stats.mark_read);
}

static double get_xlated(const struct record *r)
{
	return known((double)r->xlated_size);
}

static double get_jited(const struct record *r)
{
	return known((double)r->jited_size);
}

static double get_stack(const struct record *r)
{
	return known((double)r->stats.stack_depth);
}

static double get_load_time(const struct record *r)
{
	return known(r->load_time_us);
}

const struct stat diff_stats[] = {
	{ "duration", { "verification_time", "dur" }, "us", true, get_duration },
	{ "total_insns", { "insns" }, "", false, get_insns },
	{ "total_states", { "states" }, "", false, get_states },
	{ "peak_states", { "peak" }, "", false, get_peak },
	{ "max_states_per_insn", { NULL }, "", false, get_max_per_insn },
	{ "max_mark_read_len", { "mark_read" }, "", false, get_mark_read },
	{ "xlated_size", { "prog_size", "size" }, "B", false, get_xlated },
	{ "prog_size_jited", { "jited_size" }, "B", false, get_jited },
	{ "stack_depth", { "stack" }, "B", false, get_stack },
	{ "load_time_us", { "load_time" }, "us", true, get_load_time },
};
const size_t nr_diff_stats = sizeof(diff_stats) / sizeof(diff_stats[0]);

#define NR_ALIASES (sizeof(diff_stats[0].aliases) / sizeof(diff_stats[0].aliases[0]))

static bool is_name(const char *name, const char *of, size_t len)
{
	return of && strlen(of) == len && strncmp(of, name, len) == 0;
}

const struct stat *stat__find(const char *name, size_t len)
{
	for (size_t i = 0; i < nr_diff_stats; i++) {
		bool is = is_name(name, diff_stats[i].name, len);

		for (size_t j = 0; j < NR_ALIASES; j++)
			is |= is_name(name, diff_stats[i].aliases[j], len);
		if (is)
			return &diff_stats[i];
	}
	return NULL;
}

const char *stat__series(const struct stat *s)
{
	return s->aliases[0];
}

double stat__pct(double a, double b)
{
	if (a == 0 && b == 0)
		return 0;
	return a == 0 ? NAN : 100 * (b - a) / fabs(a);
}
