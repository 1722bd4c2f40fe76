// SPDX-License-Identifier: GPL-2.0-only
#include "study/design.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/inifile.h"
#include "base/log.h"
#include "base/num.h"

#define SUFFIX ".study"

/* The value of the last key, which following lines may continue. */
struct pending {
	char *name;
	struct strbuf value;
	int line;
};

struct reader {
	struct inifile in; /* first: its callbacks find the rest by it */
	struct design *d;
	struct design_section *section; /* NULL: [study] */
	bool study_seen;
	struct strv seen; /* keys of this section */
	struct pending pending;
};

#define complain(r, line, ...) inifile__complain(&(r)->in, line, __VA_ARGS__)

/* --- values ---------------------------------------------------------------------------------- */

static char *trimmed(const char *s, size_t len)
{
	while (len && isspace((unsigned char)*s)) {
		s++;
		len--;
	}
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	return strndup(s, len);
}

/* "none | a b" to its parts; an empty one is a mistake. 0, -EINVAL or -ENOMEM. */
static int split_values(const char *text, struct strv *out)
{
	const char *end;
	int err = 0;

	do {
		char *value;

		end = strchrnul(text, '|');
		value = trimmed(text, (size_t)(end - text));
		if (!value)
			return -ENOMEM;
		err = *value ? strv__add(out, value) : -EINVAL;
		free(value);
		text = end + 1;
	} while (!err && *end);
	return err;
}

static bool has_double(const struct strv *values, const char **which)
{
	for (size_t i = 0; i < values->n; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(values->v[i], values->v[j])) {
				*which = values->v[i];
				return true;
			}
	return false;
}

/* --- keys ------------------------------------------------------------------------------------ */

/* Keeps an entry, and says what is wrong with it by itself. */
static int add_entry(struct reader *r, enum design_use use, const char *factor, const char *text,
		     int line)
{
	struct design_entry *v, e = { .use = use, .line = line };
	const char *twice = NULL;
	int err = split_values(text, &e.values);

	if (err == -EINVAL)
		complain(r, line, "%s: an empty value; values are separated by '|'", factor);
	else if (!err && use == DESIGN_SET && e.values.n > 1)
		complain(r, line, "%s: one value is wanted here, not %zu", factor, e.values.n);
	else if (!err && has_double(&e.values, &twice))
		complain(r, line, "%s: '%s' comes twice", factor, twice);
	if (err) {
		strv__free(&e.values);
		return err == -EINVAL ? 0 : err;
	}
	e.factor = strdup(factor);
	v = reallocarray(r->section->entries, r->section->nr_entries + 1, sizeof(*v));
	if (v)
		r->section->entries = v;
	if (!v || !e.factor) {
		free(e.factor);
		strv__free(&e.values);
		return -ENOMEM;
	}
	v[r->section->nr_entries++] = e;
	return 0;
}

static int set_text(char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
	return *to ? 0 : -ENOMEM;
}

static int unknown_key(struct reader *r, const char *name, int line, const char *const *known,
		       size_t n)
{
	const char *near = str_nearest(name, known, n);

	if (near)
		complain(r, line, "unknown key '%s' (did you mean '%s'?)", name, near);
	else
		complain(r, line, "unknown key '%s'", name);
	return 0;
}

static int study_key(struct reader *r, const char *name, const char *value, int line)
{
	static const char *const known[] = { "experiment", "question" };

	if (!strcmp(name, "experiment")) {
		r->d->line = line;
		return set_text(&r->d->experiment, value);
	}
	if (!strcmp(name, "question"))
		return set_text(&r->d->question, value);
	return unknown_key(r, name, line, known, 2);
}

static int set_quick(struct reader *r, const char *value, int line)
{
	int yes = 1;

	if (num_bool(value, &yes))
		complain(r, line, "quick = %s: neither yes nor no", value);
	r->section->full_only = !yes;
	return 0;
}

static int set_answers(struct reader *r, const char *value, int line)
{
	if (value[strspn(value, "0123456789, ")])
		complain(r, line, "answers = %s: no list of numbers", value);
	return set_text(&r->section->answers, value);
}

static int block_key(struct reader *r, const char *name, const char *value, int line)
{
	static const struct {
		const char *prefix;
		enum design_use use;
	} uses[] = {
		{ "set.", DESIGN_SET },
		{ "vary.", DESIGN_VARY },
		{ "cross.", DESIGN_CROSS },
		{ "quick.", DESIGN_QUICK },
	};
	static const char *const known[] = { "title", "answers", "quick", "experiment" };

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		size_t len = strlen(uses[i].prefix);

		if (str_starts(name, uses[i].prefix) && name[len])
			return add_entry(r, uses[i].use, name + len, value, line);
	}
	if (!strcmp(name, "title"))
		return set_text(&r->section->title, value);
	if (!strcmp(name, "answers"))
		return set_answers(r, value, line);
	if (!strcmp(name, "quick"))
		return set_quick(r, value, line);
	if (!strcmp(name, "experiment")) {
		r->section->experiment_line = line;
		return set_text(&r->section->experiment, value);
	}
	if (strchr(name, '.')) {
		complain(r, line,
			 "unknown key '%s': a factor of a block is given as set.FACTOR, "
			 "vary.FACTOR, cross.FACTOR or quick.FACTOR",
			 name);
		return 0;
	}
	return unknown_key(r, name, line, known, sizeof(known) / sizeof(known[0]));
}

/* Takes the key that is complete now. */
static int take_pending(struct reader *r)
{
	struct pending *p = &r->pending;
	const char *value = strbuf__str(&p->value);
	int err = p->value.failed ? -ENOMEM : 0;

	if (!err && p->name) {
		if (!*value)
			complain(r, p->line, "'%s' has no value", p->name);
		else if (!r->section)
			err = study_key(r, p->name, value, p->line);
		else if (r->section == &r->d->base || r->section == &r->d->quick)
			err = add_entry(r, DESIGN_SET, p->name, value, p->line);
		else
			err = block_key(r, p->name, value, p->line);
	}
	free(p->name);
	strbuf__free(&p->value);
	*p = (struct pending){ 0 };
	return err;
}

static int on_key(struct inifile *f, const char *name, const char *value)
{
	struct reader *r = (struct reader *)f;
	struct pending *p = &r->pending;
	int err;

	if (f->continued && p->name && !strcmp(p->name, name)) {
		strbuf__addf(&p->value, " %s", value);
		return p->value.failed ? -ENOMEM : 0;
	}
	err = take_pending(r);
	if (err)
		return err;
	if (strv__has(&r->seen, name)) {
		complain(r, f->line, "key '%s' comes twice in this section", name);
		return 0;
	}
	err = strv__add(&r->seen, name);
	p->name = strdup(name);
	strbuf__add(&p->value, value, strlen(value));
	p->line = f->line;
	return err || !p->name || p->value.failed ? -ENOMEM : 0;
}

/* --- sections -------------------------------------------------------------------------------- */

static bool is_block_name(const char *s)
{
	return *s && !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static int begin_single(struct reader *r, struct design_section *s, const char *name)
{
	if (s->line)
		complain(r, r->in.section_line, "section [%s] comes twice (first in line %d)", name,
			 s->line);
	s->line = r->in.section_line;
	r->section = s;
	return 0;
}

static int begin_block(struct reader *r, const char *name)
{
	struct design *d = r->d;
	struct design_section *v;

	if (!is_block_name(name))
		complain(r, r->in.section_line,
			 "'%s' is no name for a block (small letters, digits, '-')", name);
	for (size_t i = 0; i < d->nr_blocks; i++)
		if (!strcmp(d->blocks[i].name, name))
			complain(r, r->in.section_line,
				 "section [%s] comes twice (first in line %d)", name,
				 d->blocks[i].line);
	v = reallocarray(d->blocks, d->nr_blocks + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	d->blocks = v;
	v += d->nr_blocks++;
	*v = (struct design_section){ .line = r->in.section_line, .name = strdup(name) };
	v->answers = strdup("");
	r->section = v;
	return v->name && v->answers ? 0 : -ENOMEM;
}

static int begin_section(struct inifile *f, const char *name)
{
	struct reader *r = (struct reader *)f;

	strv__free(&r->seen);
	r->section = NULL;
	if (!strcmp(name, "base"))
		return begin_single(r, &r->d->base, name);
	if (!strcmp(name, "quick"))
		return begin_single(r, &r->d->quick, name);
	if (strcmp(name, "study") != 0)
		return begin_block(r, name);
	if (r->study_seen)
		complain(r, f->section_line, "section [study] comes twice");
	r->study_seen = true;
	return 0;
}

/* What a block has that goes together badly, whatever its factors are. */
static void check_block(struct reader *r, const struct design_section *b)
{
	if (!b->title)
		complain(r, b->line, "block [%s] has no title", b->name);
	for (size_t i = 0; i < b->nr_entries; i++) {
		const struct design_entry *e = &b->entries[i];
		bool many = design_section__find(b, DESIGN_VARY, e->factor) ||
			    design_section__find(b, DESIGN_CROSS, e->factor);

		if (e->use == DESIGN_CROSS && design_section__find(b, DESIGN_VARY, e->factor))
			complain(r, e->line, "'%s' is both varied and crossed in this block",
				 e->factor);
		if (e->use == DESIGN_SET && design_section__find(b, DESIGN_CROSS, e->factor))
			complain(r, e->line, "'%s' is both set and crossed in this block",
				 e->factor);
		if (e->use == DESIGN_QUICK && b->full_only)
			complain(r, e->line,
				 "quick.%s: this block is not in the quick form (quick = no)",
				 e->factor);
		else if (e->use == DESIGN_QUICK && !many && e->values.n > 1)
			complain(r, e->line,
				 "quick.%s: one value is wanted, for the block has neither vary.%s "
				 "nor cross.%s",
				 e->factor, e->factor, e->factor);
	}
}

static void end_section(struct inifile *f)
{
	struct reader *r = (struct reader *)f;

	if (take_pending(r))
		f->err = -ENOMEM;
	else if (r->section && r->section != &r->d->base && r->section != &r->d->quick)
		check_block(r, r->section);
}

/* --- the whole ------------------------------------------------------------------------------- */

char *design__name(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strlen(base);

	if (str_ends(base, SUFFIX))
		len -= strlen(SUFFIX);
	return strndup(base, len);
}

static void check_whole(struct reader *r)
{
	if (!r->d->experiment)
		complain(r, 1, "no section [study] with 'experiment = NAME'");
	if (!r->d->question)
		complain(r, 1, "no section [study] with 'question = TEXT'");
	if (!r->d->nr_blocks)
		complain(r, 1, "no block: a section with a name of its own");
}

int design__read(const char *path, struct design **out)
{
	struct reader r = {
		.in = {
			.path = path,
			.begin = begin_section,
			.key = on_key,
			.end = end_section,
		},
		.d = calloc(1, sizeof(*r.d)),
	};
	int err = -ENOMEM;

	if (!r.d)
		return err;
	r.d->path = strdup(path);
	r.d->name = design__name(path);
	if (r.d->path && r.d->name)
		err = inifile__read(&r.in);
	/* A file that can't be read has no sections to miss. */
	if (!err || err == -EINVAL) {
		check_whole(&r);
		err = r.in.err;
	}
	strv__free(&r.seen);
	free(r.pending.name);
	strbuf__free(&r.pending.value);
	if (err)
		design__free(r.d);
	else
		*out = r.d;
	return err;
}

static void release_section(struct design_section *s)
{
	for (size_t i = 0; i < s->nr_entries; i++) {
		free(s->entries[i].factor);
		strv__free(&s->entries[i].values);
	}
	free(s->entries);
	free(s->name);
	free(s->title);
	free(s->answers);
	free(s->experiment);
}

void design__free(struct design *d)
{
	if (!d)
		return;
	release_section(&d->base);
	release_section(&d->quick);
	for (size_t i = 0; i < d->nr_blocks; i++)
		release_section(&d->blocks[i]);
	free(d->blocks);
	free(d->path);
	free(d->name);
	free(d->experiment);
	free(d->question);
	free(d);
}

const struct design_entry *design_section__find(const struct design_section *s, enum design_use use,
						const char *factor)
{
	for (size_t i = 0; i < s->nr_entries; i++)
		if (s->entries[i].use == use && !strcmp(s->entries[i].factor, factor))
			return &s->entries[i];
	return NULL;
}
