// SPDX-License-Identifier: GPL-2.0-only
#include "diff/baseline.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "base/utf8.h"
#include "diff/baseline_text.h"
#include "diff/side.h"

#define BASELINE_MAX (16 << 20)

struct reader {
	const char *name; /* for messages */
	unsigned int line;
	struct side *side;
	uint64_t patches; /* that the head announces */
};

__attribute__((format(printf, 2, 3))) static int wrong(const struct reader *r, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf__addv(&sb, fmt, ap);
	va_end(ap);
	log_err("%s:%u: %s", r->name, r->line, strbuf__str(&sb));
	strbuf__free(&sb);
	return -EINVAL;
}

static bool is_utf8(const char *s)
{
	size_t left = strlen(s), n;

	for (; left; s += n, left -= n) {
		n = utf8_decode(s, left, NULL);
		if (!n)
			return false;
	}
	return true;
}

static int unescape(const struct reader *r, const char *text, size_t len, char **out)
{
	free(*out);
	*out = baseline_text__unescape(text, len);
	if (*out)
		return is_utf8(*out) ? 0 : wrong(r, "a byte that is not UTF-8");
	return errno == ENOMEM ? -ENOMEM
			       : wrong(r,
				       "a backslash that is not followed by x and two digits: "
				       "'%.*s'",
				       (int)len, text);
}

/* --- the head ----------------------------------------------------------------------------------
 */

/* The word at *p, which moves behind it. */
static int next_word(const struct reader *r, const char **p, char **out)
{
	size_t len;

	*p += strspn(*p, " ");
	len = strcspn(*p, " ");
	if (!len)
		return wrong(r, "a word is missing at the end of the line");
	*p += len;
	return unescape(r, *p - len, len, out);
}

static int end_words(const struct reader *r, const char *p)
{
	return *p ? wrong(r, "more than belongs to the line: '%s'", p + strspn(p, " ")) : 0;
}

static int twice(const struct reader *r, const char *key)
{
	return wrong(r, "a second line '# %s'", key);
}

static int read_asked(const struct reader *r, const char *value)
{
	struct facts *f = &r->side->facts;
	int err = f->has_asked ? twice(r, "asked") : 0;

	f->has_asked = true;
	while (!err && *value) {
		char *option = NULL;

		err = next_word(r, &value, &option);
		if (!err)
			err = strv__add(&f->asked, option);
		free(option);
	}
	return err;
}

static int read_patch(const struct reader *r, const char *value)
{
	struct facts *f = &r->side->facts;
	struct fact_patch *v = reallocarray(f->patches, f->nr_patches + 1, sizeof(*v)), *p;
	int err;

	if (!v)
		return -ENOMEM;
	f->patches = v;
	p = &v[f->nr_patches++];
	*p = (struct fact_patch){ 0 };
	err = next_word(r, &value, &p->name);
	err = err ? err : next_word(r, &value, &p->hash);
	err = err ? err : next_word(r, &value, &p->change);
	err = err ? err : end_words(r, value);
	if (!err && !strcmp(p->change, "-")) {
		free(p->change);
		p->change = NULL;
	}
	return err;
}

static int read_object(const struct reader *r, const char *value)
{
	struct facts *f = &r->side->facts;
	struct fact_of *v = reallocarray(f->objects, f->nr_objects + 1, sizeof(*v)), *o;
	const char *known;
	int err;

	if (!v)
		return -ENOMEM;
	f->objects = v;
	f->has_objects = true;
	o = &v[f->nr_objects];
	*o = (struct fact_of){ 0 };
	err = next_word(r, &value, &o->experiment);
	known = err ? NULL : facts__object(f, o->experiment);
	f->nr_objects++;
	err = err ? err : next_word(r, &value, &o->value);
	err = err ? err : end_words(r, value);
	return !err && known ? wrong(r, "a second object of %s", o->experiment) : err;
}

static int read_value(struct reader *r, const char *key, const char *value)
{
	struct facts *f = &r->side->facts;
	const struct {
		const char *key;
		char **to;
	} values[] = {
		{ "kernel", &f->kernel },
		{ "release", &f->release },
		{ "image-key", &f->image_key },
		{ "source", &f->source },
		{ "source-sha256", &f->source_hash },
		{ "damage", &f->damage },
		{ "compiler", &f->compiler },
		{ "linker", &f->linker },
		{ "pahole", &f->pahole },
		{ "config-sha256", &f->config_hash },
		{ "assay", &f->assay },
		{ "clang", &f->clang },
		{ "libbpf", &f->libbpf },
		{ "guest-program", &f->guest },
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (!strcmp(key, values[i].key))
			return *values[i].to ? twice(r, key)
					     : unescape(r, value, strlen(value), values[i].to);
	if (!strcmp(key, "asked"))
		return read_asked(r, value);
	if (!strcmp(key, "patch"))
		return read_patch(r, value);
	if (!strcmp(key, "object"))
		return read_object(r, value);
	if (strcmp(key, "patches"))
		return wrong(r, "a line '# %s', which no baseline of this form has", key);
	if (f->has_patches)
		return twice(r, key);
	f->has_patches = true;
	return num_u64(value, 0, 10000, &r->patches)
		       ? wrong(r, "'%s' is no number of patches", value)
		       : 0;
}

static int read_head_line(struct reader *r, const char *line)
{
	size_t len;
	char *key;
	int err;

	if (!str_starts(line, "# "))
		return wrong(r, "a line of the head begins with '# '");
	line += 2;
	len = strcspn(line, " ");
	key = strndup(line, len);
	err = key ? read_value(r, key, line + len + (line[len] == ' ')) : -ENOMEM;
	free(key);
	return err;
}

static int end_head(struct reader *r)
{
	struct side *s = r->side;
	struct facts *f = &s->facts;

	if (!f->kernel)
		return wrong(r, "the head does not say which kernel it is of ('# kernel NAME')");
	if (f->has_patches ? f->nr_patches != r->patches : f->nr_patches != 0)
		return wrong(r, "the head lists %zu patches, not the %llu that it announces",
			     f->nr_patches, (unsigned long long)r->patches);
	f->has_kernel = f->source_hash || f->config_hash || f->compiler;
	free(s->kernel);
	free(s->title);
	s->kernel = strdup(f->kernel);
	s->title = str_fmt("%s (baseline)", f->kernel);
	s->guest.kernel = strdup(f->kernel);
	s->guest.cpus = BASELINE_CPUS;
	s->guest.mem_mb = BASELINE_MEM_MB;
	s->guest.release = f->release ? strdup(f->release) : NULL;
	return s->kernel && s->title && s->guest.kernel ? 0 : -ENOMEM;
}

/* --- verdicts ----------------------------------------------------------------------------------
 */

struct fields {
	char *experiment, *name, *labels, *outcome, *message, *reason;
};

static void release_fields(struct fields *f)
{
	free(f->experiment);
	free(f->name);
	free(f->labels);
	free(f->outcome);
	free(f->message);
	free(f->reason);
}

/* "name[labels]": a bracket of the name itself is escaped. */
static int split_name(const struct reader *r, const char *text, size_t len, struct fields *f)
{
	const char *open = memchr(text, '[', len);
	size_t name = open ? (size_t)(open - text) : len;
	int err = unescape(r, text, name, &f->name);

	if (err)
		return err;
	if (open && text[len - 1] != ']')
		return wrong(r, "the labels of '%.*s' have no end", (int)len, text);
	return open ? unescape(r, open + 1, len - name - 2, &f->labels)
		    : unescape(r, "", 0, &f->labels);
}

static int split(const struct reader *r, const char *line, struct fields *f)
{
	const char *at[5];
	size_t len[5], n = 0;
	int err;

	for (const char *p = line;; p += len[n - 1] + 1) {
		if (n == 5)
			return wrong(r, "more than five fields");
		at[n] = p;
		len[n] = strcspn(p, "\t");
		n++;
		if (!p[len[n - 1]])
			break;
	}
	if (n < 3 || !len[0] || !len[2])
		return wrong(r, "no line of experiment, name and outcome with tabs between them");
	err = unescape(r, at[0], len[0], &f->experiment);
	err = err ? err : split_name(r, at[1], len[1], f);
	err = err ? err : unescape(r, at[2], len[2], &f->outcome);
	err = err ? err : unescape(r, n > 3 ? at[3] : "", n > 3 ? len[3] : 0, &f->message);
	return err ? err : unescape(r, n > 4 ? at[4] : "", n > 4 ? len[4] : 0, &f->reason);
}

/* What an outcome says, from its words. */
struct outcome {
	bool program;
	enum verdict verdict;
	enum status status;
	int err;
	char failure[32];
};

static int read_verdict(const char *word, struct outcome *o)
{
	o->program = true;
	o->verdict = VERDICT_NONE;
	return strcmp(word, "none") ? verdict__parse(word, &o->verdict) : 0;
}

/* The first word tells a program's verdict or a measurement's status; then any of the rest. */
static int read_outcome(const struct reader *r, const char *text, struct outcome *o)
{
	static const char failure[] = "failure:";
	struct strv words = { 0 };
	int err = strv__split(&words, text, " ");

	*o = (struct outcome){ 0 };
	for (size_t i = 0; !err && i < words.n; i++) {
		const char *w = words.v[i];

		if (i == 0 && (!status__parse(w, &o->status) || !read_verdict(w, o)))
			continue;
		if (i && *w == 'E' && !errno__parse(w, &o->err))
			continue;
		if (i && str_starts(w, failure) && strlen(w) < sizeof(o->failure)) {
			strcpy(o->failure, w + sizeof(failure) - 1);
			continue;
		}
		if (i && o->program && !status__parse(w, &o->status))
			continue;
		err = wrong(r, "'%s' is no outcome, because of '%s'", text, w);
	}
	strv__free(&words);
	return err;
}

static int set(char **to, const char *value)
{
	if (!*value)
		return 0;
	free(*to);
	*to = strdup(value);
	return *to ? 0 : -ENOMEM;
}

static int add_cell(const struct reader *r, const struct fields *f, const struct outcome *o)
{
	struct cell *c = side__add(r->side, o->program ? RECORD_PROGRAM : RECORD_MEASUREMENT,
				   f->experiment, f->name, f->labels);
	const char *object = facts__object(&r->side->facts, f->experiment);

	if (!c)
		return -ENOMEM;
	c->verdict = o->verdict;
	c->status = o->status;
	c->err = o->err;
	return set(&c->failure, o->failure) || set(&c->message, f->message) ||
			       set(&c->reason, f->reason) ||
			       (o->program && object && set(&c->object, object))
		       ? -ENOMEM
		       : 0;
}

static int read_line(struct reader *r, const char *line)
{
	struct fields f = { 0 };
	struct outcome o;
	int err = split(r, line, &f);

	err = err ? err : read_outcome(r, f.outcome, &o);
	if (!err && !*f.name && o.program)
		err = wrong(r, "a verdict without the name of its program");
	else if (!err && !*f.name)
		err = side__end(r->side, f.experiment, "{}", o.status, *f.reason ? f.reason : NULL);
	else if (!err)
		err = add_cell(r, &f, &o);
	release_fields(&f);
	return err;
}

/* Tabs aside: what is written holds none. */
static int check_letters(const struct reader *r, const char *line)
{
	for (const char *p = line; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '\r')
			return wrong(r, "a carriage return: lines end with a line feed alone");
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return wrong(r, "a control character, \\x%02x", c);
	}
	return 0;
}

/* Lines are sorted, so that one that is there twice stands beside itself. */
static int check_order(const struct reader *r, const char *before, const char *line)
{
	size_t len = baseline_text__key_len(line);

	if (baseline_text__key_len(before) == len && !strncmp(before, line, len))
		return wrong(r, "'%.*s' is there twice", (int)len, line);
	if (strcmp(before, line) > 0)
		return wrong(r, "out of order: lines are sorted, as by LC_ALL=C sort");
	return 0;
}

/* An experiment of which only cells are told ended well. */
static int end_others(struct side *s)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->n; i++)
		if (!side__whole(s, s->cells[i].experiment))
			err = side__end(s, s->cells[i].experiment, "{}", STATUS_OK, NULL);
	return err;
}

static int read_verdicts(struct reader *r, const struct strv *lines, size_t first)
{
	int err;

	r->line = (unsigned int)first + 1;
	err = end_head(r);
	for (size_t i = first; !err && i < lines->n; i++) {
		const char *line = lines->v[i];

		r->line = (unsigned int)i + 1;
		err = check_letters(r, line);
		if (!err && *line == '#')
			err = wrong(r, "a line of the head among the verdicts");
		err = err ? err : read_line(r, line);
		if (!err && i > first)
			err = check_order(r, lines->v[i - 1], line);
	}
	return err;
}

static int read_lines(struct reader *r, const struct strv *lines)
{
	size_t i;
	int err;

	r->line = 1;
	if (!lines->n || !str_starts(lines->v[0], BASELINE_FORM))
		return wrong(r, "not a baseline: its first line does not begin with '%s'",
			     BASELINE_FORM);
	err = check_letters(r, lines->v[0]);
	for (i = 1; !err && i < lines->n && *lines->v[i] == '#'; i++) {
		r->line = (unsigned int)i + 1;
		err = check_letters(r, lines->v[i]);
		err = err ? err : read_head_line(r, lines->v[i]);
	}
	err = err ? err : read_verdicts(r, lines, i);
	return err ? err : end_others(r->side);
}

/* A file that was cut, by a full disk say, lacks verdicts and looks well. */
static int check_end(struct reader *r, const char *text, size_t lines)
{
	size_t len = strlen(text);

	r->line = (unsigned int)lines;
	if (len && text[len - 1] != '\n')
		return wrong(r, "the last line has no end: the file was cut off");
	return 0;
}

int baseline__parse(const char *text, const char *name, struct side **out)
{
	struct reader r = { .name = name, .side = side__new("", "") };
	struct strv lines = { 0 };
	int err = r.side ? baseline_text__lines(text, &lines) : -ENOMEM;

	*out = NULL;
	if (!err) {
		r.side->from_baseline = true;
		err = read_lines(&r, &lines);
	}
	if (!err)
		err = check_end(&r, text, lines.n);
	if (!err)
		err = side__sort(r.side);
	if (err == -ENOMEM)
		log_err("%s: memory ran out", name);
	if (err)
		side__free(r.side);
	else
		*out = r.side;
	strv__free(&lines);
	return err;
}

int baseline__read(const char *path, struct side **out)
{
	char *text = NULL;
	size_t len;
	int err = file_read(path, BASELINE_MAX, &text, &len);

	*out = NULL;
	if (err && err != -ENOENT)
		log_err("%s: cannot be read: %s", path, strerror(-err));
	if (!err && strlen(text) != len) {
		log_err("%s: not a baseline: it holds a byte 0", path);
		err = -EINVAL;
	}
	err = err ? err : baseline__parse(text, path, out);
	free(text);
	return err;
}
