// SPDX-License-Identifier: GPL-2.0-only
#include "study/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "study/design.h"
#include "study/points.h"

#define CPUS_MAX    8
#define THREADS_MAX 2

/* --- factors --------------------------------------------------------------------------------- */

static const struct boot_factor {
	const char *name, *value;
	uint64_t max; /* of a number from 1 on; 0: it is none */
} boot_factors[] = {
	{ "kernel", NULL, 0 }, /* the default one */
	{ "cpus", "1", CPUS_MAX },
	{ "threads", "1", THREADS_MAX },
	{ "append", "", 0 },
};
#define NR_BOOT (sizeof(boot_factors) / sizeof(boot_factors[0]))

static const struct boot_factor *find_boot(const char *name)
{
	for (size_t i = 0; i < NR_BOOT; i++)
		if (!strcmp(boot_factors[i].name, name))
			return &boot_factors[i];
	return NULL;
}

bool factor__of_boot(const char *name)
{
	return find_boot(name);
}

static int add_factor(struct factors *f, const char *name, const char *value)
{
	struct factor *v = reallocarray(f->v, f->n + 1, sizeof(*v));
	char *same = NULL;
	int err;

	if (!v)
		return -ENOMEM;
	f->v = v;
	v[f->n++] = (struct factor){ name, strdup(value) };
	if (!v[f->n - 1].value)
		return -ENOMEM;
	/* A default outside of what a user may give stays as it is. */
	err = *value ? factors__value(f, name, value, &same, NULL) : -EINVAL;
	if (!err) {
		free(v[f->n - 1].value);
		v[f->n - 1].value = same;
	}
	return err == -ENOMEM ? err : 0;
}

int factors__of_block(const struct design *d, const struct study_world *w,
		      const struct design_section *block, struct factors *f)
{
	const char *name, *value, *nearest = NULL;
	int err = 0;

	*f = (struct factors){
		.experiment = block && block->experiment ? block->experiment : d->experiment,
		.w = w,
	};
	for (size_t i = 0; !err && i < NR_BOOT; i++) {
		value = boot_factors[i].value;
		if (!value)
			value = w->kernel(w->ctx, NULL, &nearest);
		err = add_factor(f, boot_factors[i].name, value ? value : "");
	}
	for (size_t i = 0; !err && w->param(w->ctx, f->experiment, i, &name, &value); i++)
		if (!factor__of_boot(name) && strcmp(name, STUDY_POINT_PARAM) != 0)
			err = add_factor(f, name, value);
	return err;
}

void factors__release(struct factors *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].value);
	free(f->v);
	*f = (struct factors){ 0 };
}

const struct factor *factors__find(const struct factors *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].name, name))
			return &f->v[i];
	return NULL;
}

static int set_text(char **to, char *text)
{
	if (!to) {
		free(text);
		return 0;
	}
	*to = text;
	return text ? 0 : -ENOMEM;
}

/* -EINVAL with the reason where somebody wants it. */
static int wrong(char **why, char *text)
{
	return set_text(why, text) ? -ENOMEM : -EINVAL;
}

static int check_kernel(const struct study_world *w, const char *value, char **same, char **why)
{
	const char *nearest = NULL, *full = w->kernel(w->ctx, value, &nearest);

	if (full)
		return set_text(same, strdup(full));
	return wrong(why,
		     str_fmt("unknown kernel '%s'%s%s%s", value, nearest ? ": did you mean '" : "",
			     nearest ? nearest : "", nearest ? "'?" : ""));
}

static int check_count(const struct boot_factor *b, const char *value, char **same, char **why)
{
	uint64_t n;

	if (!num_u64(value, 1, b->max, &n))
		return set_text(same, str_fmt("%llu", (unsigned long long)n));
	return wrong(why, str_fmt("'%s' is no whole number from 1 to %llu", value,
				  (unsigned long long)b->max));
}

int factors__value(const struct factors *f, const char *name, const char *value, char **same,
		   char **why)
{
	const struct boot_factor *b = find_boot(name);
	char *one = NULL, *reason = NULL;
	int err;

	if (!b) {
		err = f->w->value(f->w->ctx, f->experiment, name, value, &one, &reason);
		if (err == -EINVAL)
			return wrong(why, reason);
		free(reason);
		return err ? err : set_text(same, one);
	}
	if (!strcmp(name, "kernel"))
		return check_kernel(f->w, value, same, why);
	if (b->max)
		return check_count(b, value, same, why);
	return set_text(same, strdup(strcmp(value, "none") ? value : ""));
}

/* --- the design ------------------------------------------------------------------------------ */

struct checker {
	const struct design *d;
	const struct study_world *w;
	int err;
};

static void complain(struct checker *c, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void complain(struct checker *c, int line, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf__addv(&sb, fmt, ap);
	va_end(ap);
	log_err("%s:%d: %s", c->d->path, line, strbuf__str(&sb));
	strbuf__free(&sb);
	if (!c->err)
		c->err = -EINVAL;
}

static void unknown_factor(struct checker *c, const struct factors *f, const struct design_entry *e)
{
	const char **names = calloc(f->n + 1, sizeof(*names)), *near = NULL;

	if (!names) {
		c->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < f->n; i++)
		names[i] = f->v[i].name;
	if (!strcmp(e->factor, STUDY_POINT_PARAM))
		complain(c, e->line, "'%s' is no factor: it gets the id of each point", e->factor);
	else if ((near = str_nearest(e->factor, names, f->n)))
		complain(c, e->line, "%s has no parameter '%s' (did you mean '%s'?)", f->experiment,
			 e->factor, near);
	else
		complain(c, e->line,
			 "%s has no parameter '%s', and it is none of kernel, cpus, "
			 "threads, append",
			 f->experiment, e->factor);
	free(names);
}

static void check_entries(struct checker *c, const struct factors *f,
			  const struct design_section *s)
{
	for (size_t i = 0; i < s->nr_entries; i++) {
		const struct design_entry *e = &s->entries[i];

		if (!factors__find(f, e->factor)) {
			unknown_factor(c, f, e);
			continue;
		}
		for (size_t v = 0; v < e->values.n; v++) {
			char *why = NULL;
			int err = factors__value(f, e->factor, e->values.v[v], NULL, &why);

			if (err == -EINVAL)
				complain(c, e->line, "%s: %s", e->factor, why);
			else if (err)
				c->err = err;
			free(why);
		}
	}
}

/* Of [base] and [quick] (block NULL), or of a block. */
static void check_section(struct checker *c, const struct design_section *block)
{
	struct factors f;
	int err = factors__of_block(c->d, c->w, block, &f);

	if (err) {
		c->err = err;
	} else if (block) {
		check_entries(c, &f, block);
	} else {
		check_entries(c, &f, &c->d->base);
		check_entries(c, &f, &c->d->quick);
	}
	factors__release(&f);
}

static bool check_experiment(struct checker *c, const char *name, int line)
{
	const char *near = NULL;

	if (c->w->experiment(c->w->ctx, name, &near))
		return true;
	complain(c, line, "no experiment '%s' that can measure a point%s%s%s", name,
		 near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

int design__check(const struct design *d, const struct study_world *w)
{
	struct checker c = { d, w, 0 };
	bool known = check_experiment(&c, d->experiment, d->line);

	if (known)
		check_section(&c, NULL);
	for (size_t i = 0; i < d->nr_blocks; i++) {
		const struct design_section *b = &d->blocks[i];

		if (b->experiment ? check_experiment(&c, b->experiment, b->experiment_line) : known)
			check_section(&c, b);
	}
	return c.err;
}
