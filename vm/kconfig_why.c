// SPDX-License-Identifier: GPL-2.0-only
#include "vm/kconfig.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "vm/kconfig_expr.h"
#include "vm/kconfig_read.h"

/* Adds the parts of an expression whose value is below what is needed; how many. */
static size_t add_unmet_parts(const char *expr, const char *verb, const struct dotconfig *c,
			      int need, size_t before, struct strbuf *out)
{
	struct strv parts = { 0 };
	size_t n = 0;

	kexpr__split(expr, &parts);
	for (size_t k = 0; k < parts.n; k++) {
		if (kexpr__value(parts.v[k], c) >= need)
			continue;
		strbuf__addf(out, "%s%s %s, and ", before + n ? "; " : "", verb, parts.v[k]);
		kexpr__describe(parts.v[k], c, out);
		n++;
	}
	strv__free(&parts);
	return n;
}

static bool add_unmet(const struct kdefinition *d, const struct dotconfig *c, int need,
		      struct strbuf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < d->depends.n; i++)
		n += add_unmet_parts(d->depends.v[i], "it depends on", c, need, n, out);
	if (n)
		strbuf__addf(out, " (%s)", d->where);
	return n;
}

static void why_dropped(const struct kopt *o, const struct kfacts *f, const struct dotconfig *c,
			struct strbuf *out)
{
	int need = !strcmp(o->value, "y") ? 2 : 1;
	const struct kdefinition *d = NULL;

	/* Where it is defined more than once, one definition is enough. */
	for (size_t i = 0; !d && i < f->nr_defs; i++) {
		struct strbuf unmet = STRBUF_INIT;

		if (!add_unmet(&f->defs[i], c, need, &unmet))
			d = &f->defs[i];
		strbuf__free(&unmet);
	}
	if (!d)
		add_unmet(&f->defs[0], c, need, out);
	else if (!d->prompt)
		strbuf__addf(out,
			     "it has no prompt: kconfig sets it by itself, when something "
			     "selects it or by its default (%s)",
			     d->where);
	else if (d->prompt_if && kexpr__value(d->prompt_if, c) == 0) {
		add_unmet_parts(d->prompt_if, "it can be set only if", c, 1, 0, out);
		strbuf__addf(out, " (%s)", d->where);
	} else if (d->in_choice)
		strbuf__addf(out, "it is one of a choice, and another one is set (%s)", d->where);
	else
		strbuf__addf(out,
			     "its dependencies are met (%s): is the value one that it can "
			     "have?",
			     d->where);
}

static void why_set(const struct kfacts *f, const struct dotconfig *c, struct strbuf *out)
{
	for (size_t i = 0; i < f->nr_selectors; i++) {
		const struct kselector *s = &f->selectors[i];

		if (!dotconfig__get(c, s->name) ||
		    (s->condition && kexpr__value(s->condition, c) == 0))
			continue;
		strbuf__addf(out, "%s selects it (%s)", s->name, s->where);
		return;
	}
	if (!f->defs[0].prompt)
		strbuf__addf(out, "it has no prompt: kconfig sets it by its default (%s)",
			     f->defs[0].where);
	else if (f->defs[0].in_choice)
		strbuf__addf(out, "it is one of a choice, of which no other one is set (%s)",
			     f->defs[0].where);
	else
		strbuf__addf(out, "nothing selects it (%s)", f->defs[0].where);
}

bool kopt__exists(const struct kopt *o, const char *tree)
{
	struct kfacts f;
	bool exists;

	/* One that cannot be looked up is not taken for absent. */
	if (kfacts__read(tree, o->name, &f))
		return true;
	exists = f.nr_defs;
	kfacts__release(&f);
	return exists;
}

char *kopt__why(const struct kopt *o, const struct dotconfig *c, const char *tree)
{
	struct strbuf out = STRBUF_INIT;
	struct kfacts f;
	int err = kfacts__read(tree, o->name, &f);

	if (err)
		return str_fmt("its Kconfig entry cannot be read: %s", strerror(-err));
	if (!f.nr_defs)
		strbuf__addf(&out, "this kernel has no such option (for x86)");
	else if (strcmp(o->value, "n"))
		why_dropped(o, &f, c, &out);
	else
		why_set(&f, c, &out);
	kfacts__release(&f);
	return strbuf__detach(&out);
}
