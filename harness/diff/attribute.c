// SPDX-License-Identifier: GPL-2.0-only
#include "diff/attribute.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "diff/facts.h"
#include "diff/side.h"
#include "model/kver.h"

#define FEW 6 /* names in a row that a sentence bears */

struct sides {
	const struct facts *a, *b;
	const char *experiment;
	/* What differs between the guests; NULL: nothing is known of them, "": nothing differs. */
	const char *guests;
	enum fact_state state[FACT_MAX];
};

static const char *or_unknown(const char *s)
{
	return s ? s : "unknown";
}

/* Names, or how many when they are too many for a sentence. */
static void list(struct strbuf *sb, const char *what, const struct strv *names)
{
	if (!names->n)
		return;
	strbuf__addf(sb, "%s%s: ", sb->len ? "; " : "", what);
	if (names->n > FEW)
		strbuf__addf(sb, "%zu, from %s to %s", names->n, names->v[0],
			     names->v[names->n - 1]);
	else
		for (size_t i = 0; i < names->n; i++)
			strbuf__addf(sb, "%s%s", i ? ", " : "", names->v[i]);
}

static void in_brackets(struct strbuf *out, struct strbuf *what)
{
	if (what->len)
		strbuf__addf(out, " (%s)", what->data);
	out->failed |= what->failed;
	strbuf__free(what);
}

/* --- the kernel ---------------------------------------------------------------------------- */

/* The point releases between two of one branch, either of which may be the newer. */
static void between(struct strbuf *sb, struct kver a, struct kver b)
{
	unsigned int first = (a.patch < b.patch ? a.patch : b.patch) + 1;
	unsigned int last = a.patch < b.patch ? b.patch : a.patch;

	if (!kver__same_branch(a, b) || first >= last)
		return;
	strbuf__addf(sb, ", one of the %u point releases %u.%u.%u to %u.%u.%u", last - first + 1,
		     a.major, a.minor, first, a.major, a.minor, last);
}

static void add_kernel(struct strbuf *out, const struct sides *s)
{
	const struct facts *a = s->a, *b = s->b;
	struct strbuf why = STRBUF_INIT;
	struct kver x, y;

	strbuf__addf(out, "the kernel");
	if (a->release && b->release && strcmp(a->release, b->release)) {
		strbuf__addf(&why, "%s -> %s", a->release, b->release);
		if (!kver__parse(a->release, &x) && !kver__parse(b->release, &y))
			between(&why, x, y);
	} else if (a->source_hash && b->source_hash && strcmp(a->source_hash, b->source_hash)) {
		strbuf__addf(&why, "its source: %s -> %s", or_unknown(a->source),
			     or_unknown(b->source));
	}
	if (a->damage)
		strbuf__addf(&why, "%sthe first: %s", why.len ? "; " : "", a->damage);
	if (b->damage)
		strbuf__addf(&why, "%sthe second: %s", why.len ? "; " : "", b->damage);
	in_brackets(out, &why);
}

/* --- configuration ------------------------------------------------------------------------- */

struct options {
	struct strv only_a, only_b, changed;
};

static size_t name_len(const char *option)
{
	return strcspn(option, "=");
}

/* Order of names: "A=y" before "AB=y". */
static int cmp_names(const char *a, const char *b)
{
	size_t x = name_len(a), y = name_len(b), n = x < y ? x : y;
	int order = strncmp(a, b, n);

	return order ? order : (x > y) - (x < y);
}

static int by_name(const void *a, const void *b)
{
	return cmp_names(*(char *const *)a, *(char *const *)b);
}

static int add_changed(struct strv *to, const char *a, const char *b)
{
	char *text = str_fmt("%s -> %s", a, b + name_len(b) + 1);
	int err = text ? strv__add(to, text) : -ENOMEM;

	free(text);
	return err;
}

static int copy_sorted(struct strv *to, const struct strv *from)
{
	for (size_t i = 0; i < from->n; i++)
		if (strv__add(to, from->v[i]))
			return -ENOMEM;
	if (to->n)
		qsort(to->v, to->n, sizeof(*to->v), by_name);
	return 0;
}

static int compare_options(const struct strv *first, const struct strv *second, struct options *o)
{
	struct strv a = { 0 }, b = { 0 };
	size_t i = 0, j = 0;
	int err = copy_sorted(&a, first);

	err = err ? err : copy_sorted(&b, second);
	while (!err && (i < a.n || j < b.n)) {
		int order = i == a.n ? 1 : j == b.n ? -1 : cmp_names(a.v[i], b.v[j]);

		if (order < 0)
			err = strv__add(&o->only_a, a.v[i++]);
		else if (order > 0)
			err = strv__add(&o->only_b, b.v[j++]);
		else if (!strcmp(a.v[i], b.v[j]))
			i++, j++;
		else
			err = add_changed(&o->changed, a.v[i++], b.v[j++]);
	}
	strv__free(&a);
	strv__free(&b);
	return err;
}

static void list_options(struct strbuf *sb, const struct strv *a, const struct strv *b)
{
	struct options o = { 0 };

	if (compare_options(a, b, &o))
		sb->failed = true;
	list(sb, "changed", &o.changed);
	list(sb, "only in the first", &o.only_a);
	list(sb, "only in the second", &o.only_b);
	strv__free(&o.changed);
	strv__free(&o.only_a);
	strv__free(&o.only_b);
}

static void add_config(struct strbuf *out, const struct sides *s)
{
	struct strbuf why = STRBUF_INIT;

	strbuf__addf(out, "the configuration");
	if (s->a->has_asked && s->b->has_asked)
		list_options(&why, &s->a->asked, &s->b->asked);
	/* With the same asked for, or with kernels of somebody else. */
	if (!why.len && s->a->config.n && s->b->config.n)
		list_options(&why, &s->a->config, &s->b->config);
	in_brackets(out, &why);
}

/* What comes with another source is the kernel's doing, but worth a look. */
static void add_own_options(struct strbuf *out, const struct sides *s)
{
	struct strbuf why = STRBUF_INIT;

	if (s->state[FACT_CONFIG] != FACT_SAME || !s->a->config.n || !s->b->config.n)
		return;
	list_options(&why, &s->a->config, &s->b->config);
	if (why.len)
		strbuf__addf(out, "; its source brings other options with the same asked for: %s",
			     why.data);
	out->failed |= why.failed;
	strbuf__free(&why);
}

/* --- patches, tools ------------------------------------------------------------------------ */

static const struct fact_patch *find_patch(const struct facts *f, const struct fact_patch *like)
{
	for (size_t i = 0; i < f->nr_patches; i++)
		if (fact_patch__same_name(&f->patches[i], like))
			return &f->patches[i];
	return NULL;
}

static void add_series(struct strbuf *out, const struct sides *s)
{
	struct strv only_a = { 0 }, only_b = { 0 }, changed = { 0 };
	struct strbuf why = STRBUF_INIT;
	int err = 0;

	for (size_t i = 0; !err && i < s->a->nr_patches; i++) {
		const struct fact_patch *p = &s->a->patches[i], *q = find_patch(s->b, p);

		if (!q)
			err = strv__add(&only_a, p->name);
		else if (!fact_patch__same_change(p, q))
			err = strv__add(&changed, p->name);
	}
	for (size_t i = 0; !err && i < s->b->nr_patches; i++)
		if (!find_patch(s->a, &s->b->patches[i]))
			err = strv__add(&only_b, s->b->patches[i].name);
	strbuf__addf(out, "the patch series");
	list(&why, "other contents", &changed);
	list(&why, "only in the first", &only_a);
	list(&why, "only in the second", &only_b);
	out->failed |= err;
	in_brackets(out, &why);
	strv__free(&only_a);
	strv__free(&only_b);
	strv__free(&changed);
}

static void add_tool(struct strbuf *sb, const char *name, const char *a, const char *b)
{
	if (a && b && strcmp(a, b))
		strbuf__addf(sb, "%s%s%s%s -> %s", sb->len ? "; " : "", name, *name ? " " : "", a,
			     b);
}

static void add_compiler(struct strbuf *out, const struct sides *s)
{
	struct strbuf why = STRBUF_INIT;

	add_tool(&why, "", s->a->compiler, s->b->compiler);
	add_tool(&why, "", s->a->linker, s->b->linker);
	add_tool(&why, "pahole", s->a->pahole, s->b->pahole);
	strbuf__addf(out, "the kernel's compiler");
	in_brackets(out, &why);
}

static bool has_object(const struct sides *s)
{
	return facts__object(s->a, s->experiment) || facts__object(s->b, s->experiment);
}

static void add_object(struct strbuf *out, const struct sides *s)
{
	if (!has_object(s))
		strbuf__addf(out, "the guest program, which makes this experiment's programs");
	else
		strbuf__addf(out, "the BPF object");
}

static void add_clang(struct strbuf *out, const struct sides *s)
{
	strbuf__addf(out, "clang (%s -> %s)", s->a->clang, s->b->clang);
}

static void add_libbpf(struct strbuf *out, const struct sides *s)
{
	strbuf__addf(out, "libbpf (%s -> %s)", s->a->libbpf, s->b->libbpf);
}

static void add_guest(struct strbuf *out, const struct sides *s)
{
	(void)s;
	strbuf__addf(out, "the guest program, which loads it");
}

static void add_params(struct strbuf *out, const struct sides *s)
{
	const char *a = facts__params(s->a, s->experiment), *b = facts__params(s->b, s->experiment);

	strbuf__addf(out, "the parameters (%s -> %s)", a ? a : "default", b ? b : "default");
}

/* --- the sentence -------------------------------------------------------------------------- */

static const struct {
	const char *name; /* when it is the same, or unknown */
	void (*add)(struct strbuf *out, const struct sides *s);
} facts_of[FACT_MAX] = {
	[FACT_KERNEL] = { "kernel", add_kernel },
	[FACT_CONFIG] = { "configuration", add_config },
	[FACT_SERIES] = { "patches", add_series },
	[FACT_COMPILER] = { "kernel's compiler", add_compiler },
	[FACT_OBJECT] = { "object", add_object },
	[FACT_CLANG] = { "clang", add_clang },
	[FACT_LIBBPF] = { "libbpf", add_libbpf },
	[FACT_GUEST] = { "guest program", add_guest },
	[FACT_PARAMS] = { "parameters", add_params },
};

static size_t count(const struct sides *s, enum fact_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < FACT_MAX; i++)
		n += s->state[i] == state;
	return n;
}

static void add_names(struct strbuf *out, const struct sides *s, enum fact_state state,
		      const char *before)
{
	bool first = true;

	for (size_t i = 0; i < FACT_MAX; i++) {
		if (s->state[i] != state)
			continue;
		strbuf__addf(out, "%s%s", first ? before : ", ", facts_of[i].name);
		first = false;
	}
}

static void add_differing(struct strbuf *out, const struct sides *s)
{
	bool first = true;

	for (size_t i = 0; i < FACT_MAX; i++) {
		if (s->state[i] != FACT_DIFFERS)
			continue;
		if (!first)
			strbuf__addf(out, ", ");
		facts_of[i].add(out, s);
		first = false;
	}
	if (s->guests && *s->guests)
		strbuf__addf(out, "%sthe guest (%s)", first ? "" : ", ", s->guests);
}

/* The only one that differs is named as the cause only when no other is unknown. */
static void compose(struct strbuf *out, const struct sides *s)
{
	size_t differ = count(s, FACT_DIFFERS) + (s->guests && *s->guests);
	size_t unknown = count(s, FACT_UNKNOWN);

	if (!differ && !unknown) {
		strbuf__addf(out, "nothing that is recorded differs: it varies from run to run%s",
			     s->guests ? "" : ", or with the guest's CPUs and memory");
		return;
	}
	if (differ == 1 && !unknown && s->state[FACT_KERNEL] == FACT_DIFFERS)
		strbuf__addf(out, "same %s, configuration and compiler: it is ",
			     has_object(s) ? "object" : "guest program");
	else if (differ == 1 && !unknown)
		strbuf__addf(out, "all else is the same: it is ");
	else if (differ)
		strbuf__addf(out, "differ: ");
	add_differing(out, s);
	if (s->state[FACT_KERNEL] == FACT_DIFFERS)
		add_own_options(out, s);
	if (unknown)
		add_names(out, s, FACT_UNKNOWN,
			  differ ? "; unknown: "
				 : "unknown: nothing that was kept differs, not kept: ");
}

/* Guest and object are one and the same for an experiment without object: named once. And a clang
 * that made the same object, or none, is the cause of nothing. */
static void settle(struct sides *s)
{
	if (!s->a->has_objects || !s->b->has_objects)
		return;
	if (!has_object(s))
		s->state[FACT_GUEST] = FACT_SAME;
	if (!has_object(s) || s->state[FACT_OBJECT] == FACT_SAME)
		s->state[FACT_CLANG] = FACT_SAME;
}

static char *cause(const struct facts *a, const struct facts *b, const char *experiment,
		   const char *guests)
{
	struct sides s = { a, b, experiment, guests, { 0 } };
	struct strbuf out = STRBUF_INIT;

	if (!facts__known(a) || !facts__known(b)) {
		bool neither = !facts__known(a) && !facts__known(b);

		strbuf__addf(&out, "unknown: %s kept no facts about kernel and tools",
			     neither	       ? "both sides"
			     : facts__known(a) ? "the second"
					       : "the first");
	} else {
		facts__differ(a, b, experiment, s.state);
		settle(&s);
		compose(&out, &s);
	}
	if (!out.failed)
		return strbuf__detach(&out);
	strbuf__free(&out);
	return NULL;
}

char *attribute__cause(const struct facts *a, const struct facts *b, const char *experiment)
{
	return cause(a, b, experiment, NULL);
}

static void add_number(struct strbuf *sb, const char *name, unsigned int a, unsigned int b,
		       const char *unit)
{
	if (a && b && a != b)
		strbuf__addf(sb, "%s%s %u -> %u%s", sb->len ? "; " : "", name, a, b, unit);
}

/* The verifier is told how many CPUs there are, and its JIT which. */
int attribute__cell(const struct side *a, const struct side *b, const struct cell *cell, char **out)
{
	const struct guest_info *x = &a->guest, *y = &b->guest;
	struct strbuf guests = STRBUF_INIT;

	add_tool(&guests, "accelerator", x->accel, y->accel);
	add_tool(&guests, "CPU", x->cpu_model, y->cpu_model);
	add_number(&guests, "CPUs", x->cpus, y->cpus, "");
	add_number(&guests, "memory", x->mem_mb, y->mem_mb, " MB");
	*out = guests.failed ? NULL
			     : cause(&a->facts, &b->facts, cell->experiment, strbuf__str(&guests));
	strbuf__free(&guests);
	return *out ? 0 : -ENOMEM;
}
