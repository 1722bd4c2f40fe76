// SPDX-License-Identifier: GPL-2.0-only
#include "model/vlog.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Everything of interest stands at a log's end, and a log can have 100 MB: it is read backwards,
 * line by line, in place. Formats of 5.4 to 7.3, from kernel/bpf/verifier.c, log.c, liveness.c and
 * diagnostics.c. */

/* How far up the statistics may begin: a line per subprogram (7.3) and the rest. */
#define STATS_LINES_MAX (VLOG_MAX_SUBPROGS + 32)
/* More lines than this in a row are no reason but a format that is not known here. */
#define REASON_LINES_MAX 4
#define MESSAGE_MAX	 4096

/* A stretch of the log. */
struct span {
	const char *p;
	size_t len;
};

enum line_kind {
	LINE_BLANK,
	LINE_INSN,   /* "12: (85) call bpf_get_prandom_u32#7" */
	LINE_STATE,  /* "12: R1=ctx() R10=fp0" and what else tells the state of the walk */
	LINE_REASON, /* none of these: what the verifier has to say */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool starts(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && !memcmp(s.p, prefix, n);
}

static const char *find(struct span s, const char *what)
{
	return memmem(s.p, s.len, what, strlen(what));
}

static struct span skip(struct span s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return (struct span){ s.p + n, s.len - n };
}

static size_t digits(struct span s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.p[n]))
		n++;
	return n;
}

/* The number at the start of s, or VLOG_UNKNOWN. */
static int64_t number(struct span s)
{
	size_t n = digits(s);
	int64_t v = 0;

	if (!n || n > 18)
		return VLOG_UNKNOWN;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (s.p[i] - '0');
	return v;
}

/* The number that follows `key` in s, or VLOG_UNKNOWN. */
static int64_t number_after(struct span s, const char *key)
{
	const char *p = find(s, key);

	return p ? number(skip(s, (size_t)(p - s.p) + strlen(key))) : VLOG_UNKNOWN;
}

/* The line that ends at *end, which then moves to the line's start. False at the log's start. */
static bool line_before(const char *log, const char **end, struct span *line)
{
	const char *stop = *end, *start;

	if (stop == log)
		return false;
	if (stop[-1] == '\n')
		stop--;
	for (start = stop; start > log && start[-1] != '\n';)
		start--;
	while (stop > start && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t'))
		stop--;
	*line = (struct span){ start, (size_t)(stop - start) };
	*end = start;
	return true;
}

/* "R1=ctx", "R0_rw=inv". A reason goes on with a blank: "R1 type=inv expected=fp". */
static bool is_register(struct span s)
{
	size_t n;

	if (!s.len || s.p[0] != 'R')
		return false;
	n = digits(skip(s, 1));
	if (!n)
		return false;
	s = skip(s, 1 + n);
	if (s.len && s.p[0] == '_')
		while (s.len && s.p[0] != '=' && s.p[0] != ' ')
			s = skip(s, 1);
	return s.len && s.p[0] == '=';
}

/* Lines that a log of level 2 is full of: how they start, and what they contain beside. */
static const struct {
	const char *start, *has;
} walk_lines[] = {
	{ ";", NULL }, /* source */
	{ " ", NULL }, /* " R0=…", "Live regs" (6.16), "stack use/def" (7.1) */
	{ "\t", NULL },
	{ "frame", ": R" },
	{ "frame", ": fp" },
	{ "frame ", ": propagating " },
	{ "from ", " to " },
	{ "last_idx ", " first_idx " },
	{ "regs=", " before " },
	{ "parent didn't have ", NULL },
	{ "parent already had ", NULL },
	{ "mark_precise: ", NULL },
	{ "force_precise: ", NULL },
	{ "propagating ", NULL },
	{ "propagate_backedges: ", NULL },
	{ "caller:", NULL },
	{ "callee:", NULL },
	{ "returning from callee:", NULL },
	{ "to caller at ", NULL },
	{ "cur state:", NULL }, /* after "infinite loop detected" since 6.7 */
	{ "old state:", NULL },
	{ "Live regs before insn", NULL },
	{ "stack use/def ", NULL },
	{ "(", " insn " }, /* "(0,5) frame 0 insn 7 +live -8" (6.18) */
	{ "(", " live stack update done " },
	{ "SCC ", NULL },
	{ "func#", " @" },
	{ "func '", " has btf_id " }, /* reading an argument of an fentry program */
	{ "Func#", " is global and " },
	{ "Func#", " is safe for any args" },
	{ "Validating ", " func#" },
	{ "safe", NULL },
	{ "libbpf: ", " LOAD LOG --" },
	{ "-- ", " LOAD LOG --" },
};

/* A line that starts with a number: "12: (85) call", "12: R1=ctx()", "12: safe". */
static enum line_kind classify_numbered(struct span s)
{
	s = skip(s, digits(s));
	if (s.len && s.p[0] == ' ') {
		/* "123   0: .1........ (b7) r0 = 0": live registers with a loop's number */
		while (s.len && s.p[0] == ' ')
			s = skip(s, 1);
		s = skip(s, digits(s));
		return starts(s, ": ") ? LINE_STATE : LINE_REASON;
	}
	if (!starts(s, ":"))
		return LINE_REASON;
	s = skip(s, 1);
	if (starts(s, " "))
		s = skip(s, 1);
	if (s.len >= 4 && s.p[0] == '(' && is_hex(s.p[1]) && is_hex(s.p[2]) && s.p[3] == ')')
		return LINE_INSN;
	return LINE_STATE;
}

static enum line_kind classify(struct span s)
{
	if (!s.len)
		return LINE_BLANK;
	if (is_digit(s.p[0]))
		return classify_numbered(s);
	if (is_register(s))
		return LINE_STATE;
	for (size_t i = 0; i < sizeof(walk_lines) / sizeof(walk_lines[0]); i++) {
		if (starts(s, walk_lines[i].start) &&
		    (!walk_lines[i].has || find(s, walk_lines[i].has)))
			return LINE_STATE;
	}
	return LINE_REASON;
}

void vlog_stats__init(struct vlog_stats *s)
{
	memset(s, 0, sizeof(*s));
	s->verification_time_us = VLOG_UNKNOWN;
	s->insns = VLOG_UNKNOWN;
	s->max_states_per_insn = VLOG_UNKNOWN;
	s->total_states = VLOG_UNKNOWN;
	s->peak_states = VLOG_UNKNOWN;
	s->mark_read = VLOG_UNKNOWN;
	s->stack_depth = VLOG_UNKNOWN;
}

/* "128+0", and since 7.1 "128+0 max 128". */
static void parse_depths(struct span s, struct vlog_stats *st)
{
	int64_t sum = 0;
	int n = 0;

	for (;;) {
		int64_t depth = number(s);

		if (depth < 0 || depth > INT32_MAX)
			return;
		if (n < VLOG_MAX_SUBPROGS)
			st->subprog_stack[n++] = (int)depth;
		sum += depth;
		s = skip(s, digits(s));
		if (!starts(s, "+"))
			break;
		s = skip(s, 1);
	}
	st->nr_subprogs = n;
	st->stack_depth = sum;
}

/* "subprog 1 (name) static insns_self 5 insns_total 5 stack 88" (7.3). */
static bool parse_subprog(struct span s, struct vlog_stats *st)
{
	int64_t index = number(skip(s, strlen("subprog ")));
	int64_t depth = number_after(s, " stack ");

	if (!find(s, " (") || index < 0 || depth < 0 || depth > INT32_MAX)
		return false;
	if (index < VLOG_MAX_SUBPROGS) {
		st->subprog_stack[index] = (int)depth;
		if (index >= st->nr_subprogs)
			st->nr_subprogs = (int)index + 1;
	}
	/* The line "stack depth max" stands above these and does not overwrite the sum. */
	st->stack_depth = (st->stack_depth < 0 ? 0 : st->stack_depth) + depth;
	return true;
}

static void parse_processed(struct span s, struct vlog_stats *st)
{
	st->insns = number_after(s, "processed ");
	st->max_states_per_insn = number_after(s, "max_states_per_insn ");
	st->total_states = number_after(s, "total_states ");
	st->peak_states = number_after(s, "peak_states ");
	st->mark_read = number_after(s, "mark_read ");
}

/* Takes the statistics from a line; false when it has none. */
static bool parse_stats_line(struct span s, struct vlog_stats *st)
{
	if (starts(s, "processed ") && find(s, " insns")) {
		if (st->insns < 0)
			parse_processed(s, st);
		return true;
	}
	if (starts(s, "verification time ") && find(s, " usec")) {
		if (st->verification_time_us < 0)
			st->verification_time_us = number_after(s, "verification time ");
		return true;
	}
	if (starts(s, "stack depth max ")) {
		if (st->stack_depth < 0)
			st->stack_depth = number_after(s, "stack depth max ");
		return true;
	}
	if (starts(s, "stack depth ") && is_digit(skip(s, strlen("stack depth ")).p[0])) {
		if (st->stack_depth < 0)
			parse_depths(skip(s, strlen("stack depth ")), st);
		return true;
	}
	if (starts(s, "subprog "))
		return parse_subprog(s, st);
	/* Before the subprograms are counted the list is empty (6.18). */
	return starts(s, "insns processed ") || starts(s, "stack depth");
}

/* Some reasons end without a newline ("invalid type id 7 in func info" in 5.10): the statistics
 * then start in the middle of the line. Returns where, or NULL. */
static const char *glued_stats(struct span s)
{
	static const char *const heads[] = { "verification time ", "processed " };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		const char *p = find(s, heads[i]);
		struct span rest;

		if (!p)
			continue;
		rest = skip(s, (size_t)(p - s.p));
		if (number_after(rest, heads[i]) >= 0 &&
		    (find(rest, " usec") || find(rest, " insns (limit ")))
			return p;
	}
	return NULL;
}

/* Reads the statistics; returns where they begin: the end of what stands above them. */
static const char *parse_stats(const char *log, const char *end, struct vlog_stats *st)
{
	const char *begin = end;
	struct span line;

	for (int i = 0; i < STATS_LINES_MAX && line_before(log, &end, &line); i++) {
		const char *glued;

		if (parse_stats_line(line, st)) {
			begin = end;
			continue;
		}
		if (classify(line) == LINE_INSN)
			break;
		glued = classify(line) == LINE_REASON ? glued_stats(line) : NULL;
		if (glued) {
			parse_stats_line(skip(line, (size_t)(glued - line.p)), st);
			return glued;
		}
	}
	return begin;
}

/* 7.3 repeats the reason as a report of many lines below it; returns where the last one begins,
 * or end when there is none. */
static const char *cut_report(const char *log, const char *end)
{
	static const char head[] = "Verification failed: ";
	const char *p = log, *found = end;

	while ((p = memmem(p, (size_t)(end - p), head, sizeof(head) - 1))) {
		if (p == log || p[-1] == '\n')
			found = p;
		p++;
	}
	return found;
}

/* The reason above `end` as stretch of whole lines; empty when there is none. */
static struct span find_reason(const char *log, const char *end)
{
	const char *first = NULL, *last = NULL;
	struct span line;
	int n = 0;

	while (line_before(log, &end, &line)) {
		enum line_kind kind = classify(line);

		if (kind == LINE_REASON && n < REASON_LINES_MAX) {
			first = line.p;
			if (!n++)
				last = line.p + line.len;
		} else if (n || kind == LINE_INSN) {
			/* An instruction at the very end: the walk was cut off without a word. */
			break;
		}
	}
	return first ? (struct span){ first, (size_t)(last - first) } : (struct span){ log, 0 };
}

/* Copies the lines of a reason, joined by "; ". */
static char *join_reason(struct span s)
{
	char *out, *o;

	if (s.len > MESSAGE_MAX)
		s.len = MESSAGE_MAX;
	out = malloc(2 * s.len + 1);
	if (!out)
		return NULL;
	for (o = out; s.len; s = skip(s, 1)) {
		if (*s.p != '\n') {
			*o++ = *s.p;
			continue;
		}
		while (o > out && (o[-1] == '\r' || o[-1] == ' ' || o[-1] == '\t'))
			o--;
		*o++ = ';';
		*o++ = ' ';
	}
	*o = '\0';
	return out;
}

/* The number of the last instruction printed above `end`. */
static int64_t last_insn(const char *log, const char *end)
{
	struct span line;

	while (line_before(log, &end, &line)) {
		size_t n = digits(line);

		if (n && n < line.len && line.p[n] == ':')
			return number(line);
	}
	return VLOG_UNKNOWN;
}

int vlog__parse(const char *log, int rejected, struct vlog *out)
{
	struct span reason;
	const char *end;

	memset(out, 0, sizeof(*out));
	vlog_stats__init(&out->stats);
	out->message_insn = VLOG_UNKNOWN;
	if (!log)
		return 0;
	end = parse_stats(log, log + strlen(log), &out->stats);
	if (!rejected)
		return 0;
	reason = find_reason(log, cut_report(log, end));
	if (!reason.len)
		return 0;
	out->message = join_reason(reason);
	if (!out->message)
		return -ENOMEM;
	out->message_insn = last_insn(log, reason.p);
	return 0;
}

void vlog__release(struct vlog *v)
{
	free(v->message);
	v->message = NULL;
}
