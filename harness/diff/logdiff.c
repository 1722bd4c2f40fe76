// SPDX-License-Identifier: GPL-2.0-only
#include "diff/logdiff.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Hexadecimal numbers of so many digits are addresses; constants of a program are shorter. */
#define ADDRESS_DIGITS 8
#define BARE_ADDRESS   16 /* without 0x, as %p prints it; more are a build id */

/* --- one text ------------------------------------------------------------------------------ */

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Numbers after these words name things of one boot or one load. */
static const char *const ids[] = {
	"btf_id ",  "btf_id=", "attach_btf_id ", "btf_obj_id=", "type_id=",
	"type_id ", "obj_id=", "func_id=",	 "id=",		"id:",
	"fd ",	    "fd=",     "name_offset:",	 "uid=",
};

/* Length of such a word at s, or 0. */
static size_t id_word(const char *s)
{
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (str_starts(s, ids[i]) && digits(s + strlen(ids[i])))
			return strlen(ids[i]);
	return 0;
}

/* At the beginning of a word: how much of s is to be replaced (*keep of it stays before `by`);
 * 0: nothing. */
static size_t variable(const char *s, bool registers, size_t *keep, const char **by)
{
	size_t n;

	*keep = 0;
	if (s[0] == '0' && s[1] == 'x') {
		n = strspn(s + 2, "0123456789abcdefABCDEF");
		*by = "ADDR";
		return n >= ADDRESS_DIGITS ? 2 + n : 0;
	}
	n = strspn(s, "0123456789abcdef");
	if (n >= BARE_ADDRESS && !is_word(s[n])) {
		*by = "ADDR";
		return n;
	}
	*by = "N";
	if (registers && *s == 'R' && (n = digits(s + 1)) && !is_word(s[1 + n])) {
		*keep = 1;
		return 1 + n;
	}
	*keep = id_word(s);
	return *keep ? *keep + digits(s + *keep) : 0;
}

/* What of it is replaced in the midst of a line: "#105", the number of a helper or kfunc, and
 * "[12]", that of a type. */
static size_t numbered(const char *s)
{
	size_t n = digits(s + 1);

	if (*s == '#')
		return n ? 1 + n : 0;
	return *s == '[' && n && s[1 + n] == ']' ? 1 + n : 0;
}

/* Blanks become one, and none at either end: before all else, for they may stand in an id. */
static void squeeze(char *s)
{
	char *to = s;

	for (char *p = s; *p; p++) {
		if (!isspace((unsigned char)*p))
			*to++ = *p;
		else if (to > s && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > s && to[-1] == ' ')
		to--;
	*to = '\0';
}

static char *normalise(const char *s, size_t len, bool registers)
{
	struct strbuf sb = STRBUF_INIT;
	char *copy = str_utf8(s, len), *p = copy;
	bool word = false; /* the character before belongs to a word */

	if (copy)
		squeeze(copy);
	while (p && *p) {
		const char *by = "N";
		size_t keep = 1, n = numbered(p);

		if (!n && !word)
			n = variable(p, registers, &keep, &by);
		if (n) {
			strbuf__add(&sb, p, keep);
			strbuf__addf(&sb, "%s", by);
			word = true;
			p += n;
			continue;
		}
		word = is_word(*p);
		strbuf__add(&sb, p++, 1);
	}
	if (!copy)
		sb.failed = true;
	free(copy);
	if (!sb.failed && !sb.data)
		return strdup("");
	return sb.failed ? (strbuf__free(&sb), NULL) : strbuf__detach(&sb);
}

char *logdiff__message(const char *message)
{
	return normalise(message ? message : "", message ? strlen(message) : 0, true);
}

/* --- one line of a log --------------------------------------------------------------------- */

/* Beginnings of lines that tell how exactly the verifier had to know a register, what it cost, or
 * what the source says there. */
static const char *const passed_over[] = {
	";",
	"last_idx ",
	"regs=",
	"parent ",
	"mark_precise:",
	"propagating ",
	"verification time ",
	"stack depth ",
	"processed ",
	"Live regs before insn",
	"stack use/def ",
	"SCC ",
	"cur state:",
	"old state:",
	"func#",
	"insn stack usage",
};

/* "R1=…", "R1_w=…", "R10=fp0", "fp-8=…", "refs=1", "cb": what the state of a frame is made of. */
static bool is_state(const char *s)
{
	size_t n;

	if (*s == 'R' && (n = digits(s + 1)))
		return s[1 + n] == '=' || s[1 + n] == '_';
	return (str_starts(s, "fp-") && strchr(s, '=')) || str_starts(s, "refs=");
}

/* Also without anything before it: 5.10 prints the state of a branch on a line of its own. */
static bool is_state_line(const char *s)
{
	size_t n;

	while (*s == ' ')
		s++;
	n = digits(s);
	if (n && s[n] == ':')
		s += n + 1;
	while (*s == ' ')
		s++;
	if (str_starts(s, "frame") && (n = digits(s + 5)) && s[5 + n] == ':')
		s += 5 + n + 1;
	while (*s == ' ')
		s++;
	return !*s || is_state(s);
}

/* "  0: .1........ (b4) w1 = 7", "  1   2: 0.......": which registers are live there, and in which
 * loop; "(0,4) frame 2 insn 7 +written -304": which stack slots are. 7.3 lists all instructions for
 * the latter, indented. */
static bool is_liveness(const char *s)
{
	size_t n;

	bool indented = *s == ' ';

	if (*s == '(') {
		n = strspn(s + 1, "0123456789,");
		return n && (str_starts(s + 1 + n, ") frame ") ||
			     str_starts(s + 1 + n, ") live stack update "));
	}
	s += strspn(s, " 0123456789");
	if (s[0] != ':' || s[1] != ' ')
		return false;
	n = strspn(s + 2, ".0123456789");
	return (n >= 10 && str_starts(s + 2 + n, " (")) || (indented && s[2] == '(');
}

/* "14: (15) if r1 == 0x0 goto pc+1 ; R1_w=…" */
static bool is_insn(const char *s)
{
	size_t n = digits(s);

	return n && str_starts(s + n, ": (");
}

/* "from 14 to 16: safe" and 5.10's "16: safe" are one; other lines of the kind only tell where it
 * goes on, as the next line does. */
static char *branch(const char *s)
{
	const char *to = strstr(s, " to "), *colon;

	if (str_starts(s, "from ") && to) {
		s = to + 4;
		colon = strchr(s, ':');
		if (!colon || strcmp(colon, ": safe") != 0)
			return strdup("");
	}
	return strdup(s);
}

/* A reason that the kernel ends without a newline has the statistics behind it. */
static void cut_statistics(char *s)
{
	static const char *const begins[] = { "verification time ", "processed " };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		char *at = strstr(s, begins[i]);

		if (at && digits(at + strlen(begins[i])))
			*at = '\0';
	}
}

char *logdiff__line(const char *line, unsigned long len)
{
	char *s, *out, *end;

	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	s = strndup(line, len);
	if (!s)
		return NULL;
	for (size_t i = 0; i < sizeof(passed_over) / sizeof(passed_over[0]); i++) {
		if (str_starts(s, passed_over[i])) {
			*s = '\0';
			break;
		}
	}
	cut_statistics(s);
	if (is_state_line(s) || is_liveness(s))
		*s = '\0';
	if (is_insn(s) && (end = strstr(s, " ;")))
		*end = '\0';
	out = branch(s);
	free(s);
	if (!out || !*out)
		return out;
	s = normalise(out, strlen(out), !is_insn(out));
	free(out);
	return s;
}

/* --- two logs ------------------------------------------------------------------------------ */

struct reader {
	const char *at; /* what is still to be read */
	const char *line;
	size_t len;
	long number;
	char *normal; /* owned; NULL at the end */
};

/* 7.3 explains a rejection once more in other words, behind the line that gives its reason. */
static bool is_report(const char *line)
{
	return str_starts(line, "Verification failed: ");
}

/* Goes to the next line that is compared. 0 or -ENOMEM. */
static int next_line(struct reader *r)
{
	free(r->normal);
	r->normal = NULL;
	while (*r->at && !is_report(r->at)) {
		r->line = r->at;
		r->len = strcspn(r->at, "\n");
		r->at += r->len + (r->at[r->len] == '\n');
		r->number++;
		r->normal = logdiff__line(r->line, r->len);
		if (!r->normal)
			return -ENOMEM;
		if (*r->normal)
			return 0;
		free(r->normal);
		r->normal = NULL;
	}
	return 0;
}

static char *raw(const char *line, size_t len)
{
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	return str_utf8(line, len);
}

static int fill(const struct reader *r, char **text, long *number)
{
	if (!r->normal)
		return 0;
	*text = raw(r->line, r->len);
	*number = r->number;
	return *text ? 0 : -ENOMEM;
}

int logdiff__find(const char *a, const char *b, struct logdiff *out)
{
	struct reader ra = { .at = a }, rb = { .at = b }, before = { 0 };
	int err;

	memset(out, 0, sizeof(*out));
	for (;;) {
		err = next_line(&ra);
		err = err ? err : next_line(&rb);
		if (err || (!ra.normal && !rb.normal))
			goto out;
		if (!ra.normal || !rb.normal || strcmp(ra.normal, rb.normal) != 0)
			break;
		before.line = ra.line;
		before.len = ra.len;
	}
	err = fill(&ra, &out->a, &out->line_a);
	err = err ? err : fill(&rb, &out->b, &out->line_b);
	if (!err && before.line && !(out->context = raw(before.line, before.len)))
		err = -ENOMEM;
	if (err)
		logdiff__release(out);
	else
		err = 1;
out:
	free(ra.normal);
	free(rb.normal);
	return err;
}

void logdiff__release(struct logdiff *d)
{
	free(d->a);
	free(d->b);
	free(d->context);
	memset(d, 0, sizeof(*d));
}
