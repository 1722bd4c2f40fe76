// SPDX-License-Identifier: GPL-2.0-only
#include "vm/releases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vm/debver.h"

void releases__free(struct releases *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].offers);
	free(r->v);
	*r = (struct releases){ 0 };
}

static bool has_entry(const struct kernels *ks, struct kver v)
{
	for (size_t i = 0; i < kernels__count(ks); i++)
		if (!kver__cmp(kernels__at(ks, i)->version, v))
			return true;
	return false;
}

/* The newest version of a branch, or of all with branch NULL; false when there is no entry. */
static bool newest_entry(const struct kernels *ks, const struct kver *branch, struct kver *out)
{
	bool found = false;

	for (size_t i = 0; i < kernels__count(ks); i++) {
		struct kver v = kernels__at(ks, i)->version;

		if (branch && !kver__same_branch(v, *branch))
			continue;
		if (!found || kver__cmp(v, *out) > 0)
			*out = v;
		found = true;
	}
	return found;
}

static int add_offer(struct release *r, const struct apt_offer *o)
{
	const struct apt_offer **v = reallocarray(r->offers, r->n + 1, sizeof(*v));
	size_t at = r->n;

	if (!v)
		return -ENOMEM;
	r->offers = v;
	for (; at && debver__cmp(v[at - 1]->version, o->version) < 0; at--)
		v[at] = v[at - 1];
	v[at] = o;
	r->n++;
	return 0;
}

static int add(struct releases *rs, struct kver version, const struct apt_offer *o)
{
	struct release *v;
	size_t at = 0;

	while (at < rs->n && kver__cmp(rs->v[at].version, version) < 0)
		at++;
	if (at < rs->n && !kver__cmp(rs->v[at].version, version))
		return add_offer(&rs->v[at], o);
	v = reallocarray(rs->v, rs->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	rs->v = v;
	memmove(v + at + 1, v + at, (rs->n - at) * sizeof(*v));
	v[at] = (struct release){ .version = version };
	rs->n++;
	return add_offer(&v[at], o);
}

/* Can others be made after it? Not after variants, which are there for something of their own. */
static bool is_plain(const struct kernel *k)
{
	return !k->like && !k->more.n && !k->traits.n && !k->source;
}

/* The newest plain entry of a branch, one with a series before one without. */
static const struct kernel *plain_entry(const struct kernels *ks, struct kver branch)
{
	const struct kernel *best = NULL;

	for (size_t i = 0; i < kernels__count(ks); i++) {
		const struct kernel *k = kernels__at(ks, i);

		if (!kver__same_branch(k->version, branch) || !is_plain(k))
			continue;
		if (!best || (!best->series && k->series) ||
		    (!best->series == !k->series && kver__cmp(k->version, best->version) > 0))
			best = k;
	}
	return best;
}

/* Of the branch, or else of the nearest one before it. */
static const struct kernel *entry_to_go_by(const struct kernels *ks, struct kver version)
{
	const struct kernel *best = plain_entry(ks, version);
	struct kver before = { 0 };
	bool found = false;

	for (size_t i = 0; !best && i < kernels__count(ks); i++) {
		struct kver v = kernels__at(ks, i)->version;

		if (kver__cmp(v, version) > 0 || !is_plain(kernels__at(ks, i)))
			continue;
		if (!found || kver__cmp(v, before) > 0)
			before = v;
		found = true;
	}
	return best ? best : found ? plain_entry(ks, before) : NULL;
}

static bool moving_suite(const char *suite)
{
	return !strcmp(suite, "sid") || !strcmp(suite, "testing") || str_ends(suite, "-backports");
}

static bool only_moving(const struct release *r)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t s = 0; s < r->offers[i]->suites.n; s++)
			if (!moving_suite(r->offers[i]->suites.v[s]))
				return false;
	return true;
}

/* Is there a newer one of the same branch? */
static bool superseded(const struct releases *rs, const struct kernels *ks, const struct release *r)
{
	struct kver newest;

	if (r + 1 < rs->v + rs->n && kver__same_branch(r[1].version, r->version))
		return true;
	return newest_entry(ks, &r->version, &newest) && kver__cmp(newest, r->version) > 0;
}

static bool wanted_unasked(const struct releases *rs, const struct kernels *ks,
			   const struct release *r, bool older)
{
	struct kver newest;

	if (r->new_branch)
		return r == rs->v + rs->n - 1 &&
		       (!newest_entry(ks, NULL, &newest) || kver__cmp(r->version, newest) > 0);
	if (only_moving(r) && superseded(rs, ks, r))
		return false;
	return older ||
	       (newest_entry(ks, &r->version, &newest) && kver__cmp(r->version, newest) > 0);
}

/* A word: "6.1" or "6.1.180". */
struct word {
	struct kver version;
	bool branch;
};

static int parse_word(const char *s, struct word *w)
{
	const char *dot = strchr(s, '.');

	w->branch = dot && !strchr(dot + 1, '.');
	if (dot && !s[strspn(s, "0123456789.")] && !kver__parse(s, &w->version))
		return 0;
	log_err("kernel update: '%s' is neither a branch such as 6.1 nor a release such as 6.1.180",
		s);
	return -EINVAL;
}

int releases__check_words(const struct strv *words)
{
	struct word w;
	int err = 0;

	for (size_t i = 0; !err && i < words->n; i++)
		err = parse_word(words->v[i], &w);
	return err;
}

/* Marks what one word asks for. */
static int mark(struct releases *rs, const struct kernels *ks, const char *s, bool older)
{
	struct kver newest;
	struct word w;
	size_t found = 0;
	int err = parse_word(s, &w);

	for (size_t i = 0; !err && i < rs->n; i++) {
		struct release *r = &rs->v[i];

		if (w.branch ? !kver__same_branch(r->version, w.version)
			     : kver__cmp(r->version, w.version))
			continue;
		found++;
		r->wanted |= !w.branch || (r->new_branch ? !superseded(rs, ks, r)
							 : wanted_unasked(rs, ks, r, older));
	}
	if (err || found)
		return err;
	if (w.branch ? newest_entry(ks, &w.version, &newest) : has_entry(ks, w.version))
		return 0;
	log_err("kernel update: Debian's archive has no source of %s", s);
	return -EINVAL;
}

int releases__choose(const struct kernels *ks, const struct apt_offers *o,
		     const struct releases_request *rq, struct releases *out)
{
	struct releases rs = { 0 };
	struct kver v;
	int err = 0;

	for (size_t i = 0; !err && i < o->n; i++)
		if (debver__release(o->v[i].version, &v) && !has_entry(ks, v))
			err = add(&rs, v, &o->v[i]);
	for (size_t i = 0; !err && i < rs.n; i++) {
		struct release *r = &rs.v[i];

		r->new_branch = !newest_entry(ks, &r->version, &v);
		r->like = entry_to_go_by(ks, r->version);
	}
	for (size_t i = 0; !err && !rq->words->n && i < rs.n; i++)
		rs.v[i].wanted = wanted_unasked(&rs, ks, &rs.v[i], rq->older);
	for (size_t i = 0; !err && i < rq->words->n; i++)
		err = mark(&rs, ks, rq->words->v[i], rq->older);
	if (err)
		releases__free(&rs);
	else
		*out = rs;
	return err;
}
