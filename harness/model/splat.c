// SPDX-License-Identifier: GPL-2.0-only
#include "model/splat.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"

/* What the rules look for stands near a line's start; the rest of an endless line is not read. */
#define LINE_LOOK_MAX 1024

/* A stretch of text that is not NUL-terminated. */
struct view {
	const char *p;
	size_t len;
};

static const char *const names[] = {
	[SPLAT_NONE] = "none",
	[SPLAT_WARN] = "WARN",
	[SPLAT_LOCKDEP] = "lockdep",
	[SPLAT_RCU_STALL] = "RCU stall",
	[SPLAT_HUNG_TASK] = "hung task",
	[SPLAT_SOFT_LOCKUP] = "soft lockup",
	[SPLAT_HARD_LOCKUP] = "hard lockup",
	[SPLAT_OOM] = "out of memory",
	[SPLAT_BUG] = "BUG",
	[SPLAT_OOPS] = "oops",
	[SPLAT_PANIC] = "panic",
};

struct rule {
	enum splat splat;
	const char *start; /* how the line starts */
	const char *has;   /* and what it contains, or NULL */
};

/* Formats of 5.4 to 7.x, read from kernel/{panic,hung_task,watchdog,watchdog_hld}.c, kernel/rcu,
 * kernel/locking, mm/oom_kill.c and arch/x86. The first rule that fits decides; a line must start
 * with the text, since boot advice ("Spectre V2 : WARNING: ..."), the echo of the command line
 * and messages about user programs ("traps: sh[7] general protection fault ip:...") contain the
 * same words further in. */
static const struct rule rules[] = {
	{ SPLAT_PANIC, "Kernel panic - not syncing", NULL },
	{ SPLAT_PANIC, "---[ end Kernel panic", NULL },

	{ SPLAT_OOPS, "Oops: ", NULL },
	{ SPLAT_OOPS, "general protection fault", NULL },
	{ SPLAT_OOPS, "double fault", NULL },
	{ SPLAT_OOPS, "PANIC: double fault", NULL },
	{ SPLAT_OOPS, "stack segment", NULL },
	{ SPLAT_OOPS, "BUG: unable to handle ", NULL },
	{ SPLAT_OOPS, "BUG: kernel NULL pointer dereference", NULL },
	{ SPLAT_OOPS, "unable to handle ", NULL },
	{ SPLAT_OOPS, "Unable to handle kernel ", NULL },
	{ SPLAT_OOPS, "Internal error: ", NULL },

	{ SPLAT_SOFT_LOCKUP, "BUG: soft lockup", NULL },
	{ SPLAT_HARD_LOCKUP, "Watchdog detected hard LOCKUP", NULL },
	/* watchdog.c names the CPU first since it reports buddies (6.5) */
	{ SPLAT_HARD_LOCKUP, "CPU", ": Watchdog detected hard LOCKUP" },
	{ SPLAT_HUNG_TASK, "INFO: task ", " for more than " },
	{ SPLAT_RCU_STALL, "INFO: rcu", "stall" },
	{ SPLAT_RCU_STALL, "rcu_", " kthread starved for " },
	{ SPLAT_OOM, "Out of memory: Kill", NULL },

	{ SPLAT_LOCKDEP, "WARNING: possible ", NULL },
	{ SPLAT_LOCKDEP, "WARNING: inconsistent lock state", NULL },
	{ SPLAT_LOCKDEP, "WARNING: suspicious RCU usage", NULL },
	{ SPLAT_LOCKDEP, "WARNING: ", " lock order detected" },
	{ SPLAT_LOCKDEP, "WARNING: bad unlock balance", NULL },
	{ SPLAT_LOCKDEP, "WARNING: bad contention", NULL },
	{ SPLAT_LOCKDEP, "WARNING: held lock freed", NULL },
	{ SPLAT_LOCKDEP, "WARNING: lock held when returning", NULL },
	{ SPLAT_LOCKDEP, "WARNING: ", " still has locks held" },
	{ SPLAT_LOCKDEP, "WARNING: Nested lock was not taken", NULL },
	{ SPLAT_LOCKDEP, "WARNING: chain_key collision", NULL },
	{ SPLAT_LOCKDEP, "INFO: trying to register non-static key", NULL },
	{ SPLAT_LOCKDEP, "[ BUG: ", " ]" }, /* "Invalid wait context" */
	{ SPLAT_LOCKDEP, "BUG: MAX_", " too low" },

	{ SPLAT_WARN, "WARNING: CPU: ", " at " },
	/* since 6.19: "WARNING: file:line at function, CPU#0: comm/pid" */
	{ SPLAT_WARN, "WARNING: ", ", CPU#" },

	{ SPLAT_BUG, "BUG: ", NULL },
	{ SPLAT_BUG, "kernel BUG at ", NULL },
	{ SPLAT_BUG, "UBSAN: ", NULL },
	{ SPLAT_BUG, "KASAN: ", NULL },
};

/* Who speaks, up to the blank after the colon, where the rules don't care. */
static const char *const speakers[] = { "NMI watchdog: ", "watchdog: ", "rcu: ", "traps: PANIC" };

static bool starts(struct view v, const char *s)
{
	size_t n = strlen(s);

	return v.len >= n && !memcmp(v.p, s, n);
}

static bool has(struct view v, const char *s)
{
	return memmem(v.p, v.len, s, strlen(s)) != NULL;
}

static struct view skip(struct view v, size_t n)
{
	return (struct view){ v.p + n, v.len - n };
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length of "[   12.345678]" at the start of v, 0 when there is none. */
static size_t timestamp(struct view v)
{
	size_t i = 1, dots = 0, digits = 0;

	if (!v.len || v.p[0] != '[')
		return 0;
	while (i < v.len && v.p[i] == ' ')
		i++;
	for (; i < v.len && (is_digit(v.p[i]) || v.p[i] == '.'); i++) {
		dots += v.p[i] == '.';
		digits += v.p[i] != '.';
	}
	return i < v.len && v.p[i] == ']' && dots == 1 && digits >= 2 ? i + 1 : 0;
}

/* Length of "[  T123]" or "[    C0]", which CONFIG_PRINTK_CALLER adds. */
static size_t caller(struct view v)
{
	size_t i = 1, digits;

	if (!v.len || v.p[0] != '[')
		return 0;
	while (i < v.len && v.p[i] == ' ')
		i++;
	if (i >= v.len || (v.p[i] != 'T' && v.p[i] != 'C'))
		return 0;
	digits = ++i;
	while (i < v.len && is_digit(v.p[i]))
		i++;
	return i < v.len && v.p[i] == ']' && i > digits ? i + 1 : 0;
}

static size_t level(struct view v)
{
	size_t i = 1;

	if (!v.len || v.p[0] != '<')
		return 0;
	while (i < v.len && is_digit(v.p[i]))
		i++;
	return i < v.len && v.p[i] == '>' && i > 1 ? i + 1 : 0;
}

static struct view skip_blanks(struct view v)
{
	while (v.len && (v.p[0] == ' ' || v.p[0] == '\r'))
		v = skip(v, 1);
	return v;
}

static struct view skip_speaker(struct view v)
{
	for (size_t i = 0; i < sizeof(speakers) / sizeof(speakers[0]); i++) {
		if (starts(v, speakers[i]))
			return skip(v, (size_t)(strchr(speakers[i], ':') + 2 - speakers[i]));
	}
	return v;
}

/* The message without level, time and speaker. When a program left the console in the middle of a
 * line, the kernel's line begins there: at the first timestamp. */
static struct view message(struct view v)
{
	size_t n;

	v = skip_blanks(v);
	v = skip(v, level(v));
	n = timestamp(v);
	for (size_t i = 0; !n && i < v.len; i++) {
		size_t at = timestamp(skip(v, i));

		if (at)
			n = i + at;
	}
	v = skip_blanks(skip(v, n));
	n = caller(v);
	if (n)
		v = skip_blanks(skip(v, n));
	return skip_speaker(v);
}

/* "invalid opcode: 0000 [#1] SMP": how die() begins on x86, whatever the trap is called. */
static bool is_die(struct view v)
{
	size_t i = 0, start;

	while (i < v.len && (isalnum((unsigned char)v.p[i]) || strchr(" ,-/", v.p[i])))
		i++;
	if (!i || !starts(skip(v, i), ": "))
		return false;
	start = i += 2;
	while (i < v.len && isxdigit((unsigned char)v.p[i]))
		i++;
	if (i != start + 4 || !starts(skip(v, i), " [#"))
		return false;
	start = i += 3;
	while (i < v.len && is_digit(v.p[i]))
		i++;
	return i > start && i < v.len && v.p[i] == ']';
}

static enum splat classify(struct view line)
{
	struct view v;

	if (line.len > LINE_LOOK_MAX)
		line.len = LINE_LOOK_MAX;
	v = message(line);
	if (!v.len)
		return SPLAT_NONE;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (starts(v, rules[i].start) && (!rules[i].has || has(v, rules[i].has)))
			return rules[i].splat;
	}
	return is_die(v) ? SPLAT_OOPS : SPLAT_NONE;
}

static struct view line_at(const char *text)
{
	const char *end = strchr(text, '\n');

	return (struct view){ text, end ? (size_t)(end - text) : strlen(text) };
}

const char *splat__name(enum splat s)
{
	return (size_t)s < sizeof(names) / sizeof(names[0]) ? names[s] : "?";
}

enum splat splat__classify(const char *line)
{
	return line ? classify(line_at(line)) : SPLAT_NONE;
}

enum splat splat__scan(const char *text, const char **first)
{
	enum splat worst = SPLAT_NONE;

	if (first)
		*first = NULL;
	while (text && *text) {
		struct view line = line_at(text);
		enum splat s = classify(line);

		if (s && !worst && first)
			*first = text;
		if (s > worst)
			worst = s;
		text += line.len + (text[line.len] == '\n');
	}
	return worst;
}

/* The start of the line that p is in, and then of up to n lines before it. */
static const char *lines_back(const char *text, const char *p, int n)
{
	for (;;) {
		while (p > text && p[-1] != '\n')
			p--;
		if (n-- <= 0 || p == text)
			return p;
		p--;
	}
}

char *splat__excerpt(const char *text, const char *at, int lines)
{
	struct strbuf sb = STRBUF_INIT;
	const char *p, *from;

	if (!text || !at || at < text)
		return strbuf__detach(&sb);
	from = lines_back(text, at, 0);
	for (p = lines_back(text, at, 2); *p && lines >= 0;) {
		struct view line = line_at(p);
		size_t len = line.len;

		while (len && p[len - 1] == '\r') /* serial consoles end lines with \r\n */
			len--;
		strbuf__add(&sb, p, len);
		strbuf__add(&sb, "\n", 1);
		if (p >= from) {
			lines--;
			if (has(line, "---[ end trace") || has(line, "---[ end Kernel panic"))
				break;
		}
		p += line.len + (p[line.len] == '\n');
	}
	if (sb.failed) {
		strbuf__free(&sb);
		return NULL;
	}
	return strbuf__detach(&sb);
}
