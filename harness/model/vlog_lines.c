// SPDX-License-Identifier: GPL-2.0-only
/* Counting what a full log shows of the verifier's walk. */
#include "model/vlog_lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/vlog.h"

#define FUNCS_MAX 1024 /* no kernel takes more than 256 */

struct walk {
	struct vlog_lines *out;
	size_t room;	    /* instructions that there is memory for */
	bool head;	    /* the log's beginning is there: it lists the functions */
	bool walking;	    /* instructions are those that the verifier comes by */
	const char *source; /* the last comment; NULL: none yet */
	size_t source_len;
};

/* --- one line ------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* The number at *p, which moves behind it; -1 when there is none below `limit`. */
static int64_t take_number(const char **p, const char *end, int64_t limit)
{
	const char *s = *p;
	int64_t n = 0;

	for (; s < end && is_digit(*s); s++) {
		n = n * 10 + (*s - '0');
		if (n > limit)
			return -1;
	}
	if (s == *p)
		return -1;
	*p = s;
	return n;
}

/* Moves *p behind `what` when it is there. */
static bool take(const char **p, const char *end, const char *what)
{
	size_t n = strlen(what);

	if ((size_t)(end - *p) < n || memcmp(*p, what, n) != 0)
		return false;
	*p += n;
	return true;
}

static const char *find(const char *p, const char *end, const char *what)
{
	return memmem(p, (size_t)(end - p), what, strlen(what));
}

/* "(85) call …"; opcodes that the kernel can't name are "BUG_ld_00". */
static bool is_insn(const char *p, const char *end)
{
	if (end - p >= 4 && p[0] == '(' && is_hex(p[1]) && is_hex(p[2]) && p[3] == ')')
		return true;
	return take(&p, end, "BUG_");
}

/* "R1=ctx() R10=fp0", "frame1: R0=0", "fp-8=mm": a state, with which each walk begins. */
static bool is_state(const char *p, const char *end)
{
	if (take(&p, end, "frame") || take(&p, end, "fp-"))
		return p < end && is_digit(*p);
	return take(&p, end, "R") && p < end && is_digit(*p);
}

/* --- counting ------------------------------------------------------------------------------- */

static struct vlog_insn *insn_at(struct walk *w, int64_t number)
{
	struct vlog_lines *out = w->out;
	size_t wanted = (size_t)number + 1, room = w->room ? w->room : 64;
	struct vlog_insn *v;

	while (room < wanted)
		room *= 2;
	if (room > w->room) {
		v = realloc(out->insns, room * sizeof(*v));
		if (!v)
			return NULL;
		memset(v + w->room, 0, (room - w->room) * sizeof(*v));
		out->insns = v;
		w->room = room;
	}
	if (wanted > out->nr_insns)
		out->nr_insns = wanted;
	return &out->insns[number];
}

static int count(struct walk *w, int64_t number, bool pruned)
{
	struct vlog_insn *insn = insn_at(w, number);

	if (!insn)
		return -ENOMEM;
	if (!insn->visits++)
		insn->first = (int64_t)w->out->nr_visited++;
	insn->pruned += pruned;
	w->out->visits++;
	return 0;
}

static int count_insn(struct walk *w, int64_t number, const char *p, const char *end)
{
	/* "(b7) r0 = 0                        ; R0_w=0": what it did stands behind it. */
	const char *state = find(p, end, " ;");
	struct vlog_insn *insn;

	if (count(w, number, false))
		return -ENOMEM;
	insn = &w->out->insns[number];
	if (!insn->source) {
		insn->source = w->source;
		insn->source_len = w->source_len;
	}
	if (insn->text)
		return 0;
	if (state)
		end = state;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	insn->text = p;
	insn->text_len = (size_t)(end - p);
	return 0;
}

/* What came before was none of the walk: newer kernels print the program for other reasons first,
 * with the same lines once instructions have three digits. */
static void begin_again(struct walk *w)
{
	struct vlog_lines *out = w->out;

	if (out->nr_insns)
		memset(out->insns, 0, out->nr_insns * sizeof(*out->insns));
	out->nr_insns = out->nr_visited = 0;
	out->visits = out->unplaced = 0;
	w->walking = false;
	w->head = true;
	w->source = NULL;
}

/* --- lines of a log ------------------------------------------------------------------------- */

static struct vlog_func *func_at(struct walk *w, int64_t number)
{
	struct vlog_lines *out = w->out;
	struct vlog_func *v;

	if (number < 0 || number >= FUNCS_MAX)
		return NULL;
	if ((size_t)number >= out->nr_funcs) {
		v = realloc(out->funcs, ((size_t)number + 1) * sizeof(*v));
		if (!v)
			return NULL;
		for (; out->nr_funcs <= (size_t)number; out->nr_funcs++)
			v[out->nr_funcs] =
				(struct vlog_func){ .start = -1, .insns_self = VLOG_UNKNOWN };
		out->funcs = v;
	}
	return &out->funcs[number];
}

/* "func#1 @4" */
static void function(struct walk *w, const char *p, const char *end)
{
	int64_t number, start;
	struct vlog_func *f;

	number = take_number(&p, end, FUNCS_MAX);
	if (number < 0 || !take(&p, end, " @"))
		return;
	start = take_number(&p, end, VLOG_LINES_INSNS_MAX);
	f = start < 0 ? NULL : func_at(w, number);
	if (f)
		f->start = start;
	w->head = true;
}

static void name_function(struct walk *w, int64_t number, const char *name, size_t len)
{
	struct vlog_func *f =
		number >= 0 && (size_t)number < w->out->nr_funcs ? &w->out->funcs[number] : NULL;

	if (!f || f->name || !len)
		return;
	f->name = name;
	f->name_len = len;
}

/* "Validating twice() func#1..." */
static void validating(struct walk *w, const char *p, const char *end)
{
	const char *mark = find(p, end, "() func#"), *number = mark ? mark + 8 : NULL;

	if (mark)
		name_function(w, take_number(&number, end, FUNCS_MAX), p, (size_t)(mark - p));
}

/* "subprog 1 (twice) static insns_self 5 insns_total 5 stack 88" */
static void subprog(struct walk *w, const char *p, const char *end)
{
	static const char key[] = " insns_self ";
	int64_t number = take_number(&p, end, FUNCS_MAX), self;
	const char *close = find(p, end, ")"), *at = find(p, end, key);

	if (number < 0 || !take(&p, end, " (") || !close || !at)
		return;
	name_function(w, number, p, (size_t)(close - p));
	at += sizeof(key) - 1;
	self = take_number(&at, end, INT64_MAX / 16);
	if (self >= 0 && (size_t)number < w->out->nr_funcs)
		w->out->funcs[number].insns_self = self;
}

/* "12: (85) call", "12: R1=ctx()", "12: safe" */
static int numbered(struct walk *w, const char *p, const char *end)
{
	int64_t number = take_number(&p, end, VLOG_LINES_INSNS_MAX - 1);

	if (number < 0 || !take(&p, end, ":"))
		return 0;
	take(&p, end, " ");
	if (is_state(p, end)) {
		/* Here the walk begins: what came before was printed for another reason, with the
		 * heading that says so cut off. */
		if (!w->walking && !number)
			begin_again(w);
		w->walking = true;
	}
	/* A log without its head, or of level 1, need not have a state. */
	if (w->head && !w->walking)
		return 0;
	if (is_insn(p, end))
		return count_insn(w, number, p, end);
	return end - p == 4 && take(&p, end, "safe") ? count(w, number, true) : 0;
}

/* "from 9 to 12: safe", "from 9 to 12 (speculative execution): safe" */
static int branch(struct walk *w, const char *p, const char *end)
{
	int64_t number;

	if (end - p < 6 || memcmp(end - 6, ": safe", 6) != 0)
		return 0;
	if (take_number(&p, end, INT32_MAX) < 0 || !take(&p, end, " to "))
		return 0;
	number = take_number(&p, end, VLOG_LINES_INSNS_MAX - 1);
	return number < 0 ? 0 : count(w, number, true);
}

static int read_line(struct walk *w, const char *p, const char *end)
{
	int64_t number;

	if (p == end)
		return 0;
	if (is_digit(*p))
		return numbered(w, p, end);
	if (take(&p, end, "; ")) {
		w->source = p;
		w->source_len = (size_t)(end - p);
	} else if (take(&p, end, "from ")) {
		return branch(w, p, end);
	} else if (take(&p, end, "infinite loop detected at insn ")) {
		number = take_number(&p, end, VLOG_LINES_INSNS_MAX - 1);
		return number < 0 ? 0 : count(w, number, false);
	} else if (take(&p, end, "BPF program is too large. Processed ")) {
		w->out->unplaced++;
	} else if (take(&p, end, "func#")) {
		function(w, p, end);
	} else if (take(&p, end, "Validating ")) {
		validating(w, p, end);
	} else if (take(&p, end, "subprog ")) {
		subprog(w, p, end);
	} else if (take(&p, end, "Live regs before insn") || take(&p, end, "stack use/def ")) {
		begin_again(w);
	}
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------ */

int vlog_lines__func_of(const struct vlog_lines *l, int64_t insn)
{
	int best = -1;

	for (size_t i = 0; i < l->nr_funcs; i++)
		if (l->funcs[i].start >= 0 && l->funcs[i].start <= insn &&
		    (best < 0 || l->funcs[i].start > l->funcs[best].start))
			best = (int)i;
	return best;
}

static void sum_functions(struct vlog_lines *l)
{
	for (size_t i = 0; i < l->nr_insns; i++) {
		int f = l->insns[i].visits ? vlog_lines__func_of(l, (int64_t)i) : -1;

		if (f >= 0)
			l->funcs[f].visits += l->insns[i].visits;
	}
}

static enum vlog_coverage judge(const struct vlog_lines *l)
{
	if (!l->visits)
		return VLOG_COVERS_NOTHING;
	if (l->processed < 0)
		return VLOG_COVERS_UNKNOWN;
	if (l->visits + l->unplaced > l->processed)
		return VLOG_COVERS_TOO_MUCH;
	if (l->visits + l->unplaced < l->processed)
		return VLOG_COVERS_PART;
	for (size_t i = 0; i < l->nr_funcs && !l->unplaced; i++)
		if (l->funcs[i].insns_self >= 0 && l->funcs[i].insns_self != l->funcs[i].visits)
			return VLOG_COVERS_TOO_MUCH;
	return VLOG_COVERS_WHOLE;
}

static const char *after_line(const char *p)
{
	p = strchrnul(p, '\n');
	return *p ? p + 1 : p;
}

/* Since 6.4 a log that is too long loses its beginning: the number of the instruction with which it
 * then begins may have lost its first digits. A walk that begins there begins with number 0. */
static bool cut_off(const char *log)
{
	const char *p = log;
	int64_t number = take_number(&p, p + strlen(p), VLOG_LINES_INSNS_MAX);

	return number > 0 || (number == 0 && *log == '0' && p > log + 1);
}

int vlog_lines__read(const char *log, int64_t processed, struct vlog_lines *out)
{
	struct walk w = { .out = out };
	const char *p;
	struct vlog v;
	int err;

	memset(out, 0, sizeof(*out));
	out->processed = processed;
	if (!log)
		return 0;
	err = vlog__parse(log, 0, &v);
	if (!err && v.stats.insns >= 0)
		out->processed = v.stats.insns;
	vlog__release(&v);
	p = cut_off(log) ? after_line(log) : log;
	for (const char *end; *p && !err; p = *end ? end + 1 : end) {
		const char *stop;

		end = strchrnul(p, '\n');
		for (stop = end; stop > p && strchr("\r \t", stop[-1]);)
			stop--;
		err = read_line(&w, p, stop);
	}
	sum_functions(out);
	out->coverage = judge(out);
	if (err)
		vlog_lines__release(out);
	return err;
}

void vlog_lines__release(struct vlog_lines *l)
{
	free(l->insns);
	free(l->funcs);
	memset(l, 0, sizeof(*l));
}

const char *vlog_coverage__name(enum vlog_coverage c)
{
	static const char *const names[] = {
		[VLOG_COVERS_NOTHING] = "nothing",   [VLOG_COVERS_WHOLE] = "whole",
		[VLOG_COVERS_PART] = "part",	     [VLOG_COVERS_UNKNOWN] = "unknown",
		[VLOG_COVERS_TOO_MUCH] = "too much",
	};

	return names[c];
}
