// SPDX-License-Identifier: GPL-2.0-only
#include "vm/kernels.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "base/inifile.h"
#include "vm/kernels_list.h"
#include "vm/series.h"

#define STEPS_MAX 1000000

struct loader {
	struct inifile in; /* first: its callbacks find the rest by it */
	const struct kernel_paths *paths;
	struct kernels *ks;
	bool in_assay; /* the section is [assay] */
	bool assay_seen;
	char *standard; /* value of `default` */
	int standard_line;
	int series_line, more_line; /* of the section's keys */
};

#define complain(l, line, ...) inifile__complain(&(l)->in, line, __VA_ARGS__)

static bool all_of(const char *s, const char *set)
{
	return *s && !s[strspn(s, set)];
}

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool plain_name(const char *s)
{
	return isalnum((unsigned char)*s) && all_of(s, ALNUM "._+-");
}

static int set_text(char **to, const char *value)
{
	*to = strdup(value);
	return *to ? 0 : -ENOMEM;
}

static int set_version(struct loader *l, struct kernel *k, const char *v)
{
	(void)l;
	if (!all_of(v, "0123456789.") || kver__parse(v, &k->version))
		return -EINVAL;
	return 0;
}

static int set_package(struct loader *l, struct kernel *k, const char *v)
{
	const char *eq = strchr(v, '=');

	(void)l;
	if (!eq || eq == v ||
	    strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789+.-") != (size_t)(eq - v))
		return -EINVAL;
	if (!isalnum((unsigned char)*v) || !all_of(eq + 1, ALNUM ".+~:-"))
		return -EINVAL;
	return set_text(&k->package, v);
}

static int set_orig(struct loader *l, struct kernel *k, const char *v)
{
	(void)l;
	return plain_name(v) && strstr(v, ".orig.tar.") ? set_text(&k->orig, v) : -EINVAL;
}

static int set_pahole(struct loader *l, struct kernel *k, const char *v)
{
	(void)l;
	return all_of(v, "0123456789.") ? set_text(&k->pahole, v) : -EINVAL;
}

static int set_untested(struct loader *l, struct kernel *k, const char *v)
{
	(void)l;
	if (strcmp(v, "yes") != 0)
		return -EINVAL;
	k->untested = true;
	return 0;
}

static bool is_sha256(const char *v)
{
	return strlen(v) == 64 && all_of(v, "0123456789abcdef");
}

static int set_sha256(struct loader *l, struct kernel *k, const char *v)
{
	(void)l;
	return is_sha256(v) ? set_text(&k->sha256, v) : -EINVAL;
}

static int set_tarball(struct loader *l, struct kernel *k, const char *v)
{
	const char *name = strrchr(v, '/');

	(void)l;
	if (!str_starts(v, "https://") && !str_starts(v, "http://") && !str_starts(v, "file://"))
		return -EINVAL;
	if (!name || !plain_name(name + 1) || !strstr(name, ".tar"))
		return -EINVAL;
	return set_text(&k->tarball, v);
}

static int set_tarball_sha256(struct loader *l, struct kernel *k, const char *v)
{
	(void)l;
	return is_sha256(v) ? set_text(&k->tarball_sha256, v) : -EINVAL;
}

static int set_source(struct loader *l, struct kernel *k, const char *v)
{
	const char *slash = strrchr(l->paths->ini, '/');

	if (!*v)
		return -EINVAL;
	if (*v == '/' || !slash)
		return set_text(&k->source, v);
	k->source = str_fmt("%.*s/%s", (int)(slash - l->paths->ini), l->paths->ini, v);
	return k->source ? 0 : -ENOMEM;
}

static int set_series(struct loader *l, struct kernel *k, const char *v)
{
	l->series_line = l->in.line;
	return plain_name(v) ? set_text(&k->series, v) : -EINVAL;
}

/* Lists of patches beyond the series' own: "cure" is <series>/series-cure. */
static int set_more(struct loader *l, struct kernel *k, const char *v)
{
	int err = strv__split(&k->more, v, ", ");

	l->more_line = l->in.line;
	for (size_t i = 0; !err && i < k->more.n; i++)
		if (!plain_name(k->more.v[i]))
			err = -EINVAL;
	return err ? err : k->more.n ? 0 : -EINVAL;
}

static int set_configs(struct loader *l, struct kernel *k, const char *v)
{
	int err = strv__split(&k->configs, v, ",");

	if (!err && !k->configs.n)
		return -EINVAL;
	for (size_t i = 0; !err && i < k->configs.n; i++) {
		const char *name = k->configs.v[i];
		char *path = str_fmt("%s/%s", l->paths->configs, name);

		if (!path)
			return -ENOMEM;
		if (!plain_name(name) || !file_exists(path))
			complain(l, l->in.line, "configuration fragment '%s' does not exist (%s)",
				 name, path);
		free(path);
	}
	return err;
}

static int set_suites(struct loader *l, struct kernel *k, const char *v)
{
	int err = strv__split(&k->suites, v, ", ");

	(void)l;
	for (size_t i = 0; !err && i < k->suites.n; i++)
		if (!plain_name(k->suites.v[i]))
			err = -EINVAL;
	return err ? err : k->suites.n ? 0 : -EINVAL;
}

/* Words for expectations, beside what the series provides: "+no-btf". */
static int set_traits(struct loader *l, struct kernel *k, const char *v)
{
	int err = strv__split(&k->traits, v, ", ");

	(void)l;
	for (size_t i = 0; !err && i < k->traits.n; i++)
		if (!plain_name(k->traits.v[i]))
			err = -EINVAL;
	return err ? err : k->traits.n ? 0 : -EINVAL;
}

static int set_experiments(struct loader *l, struct kernel *k, const char *v)
{
	int err = strv__split(&k->experiments, v, ", ");

	(void)l;
	return err ? err : k->experiments.n ? 0 : -EINVAL;
}

static int set_like(struct loader *l, struct kernel *k, const char *v)
{
	(void)l;
	return plain_name(v) ? set_text(&k->like, v) : -EINVAL;
}

static int set_btf(struct loader *l, struct kernel *k, const char *v)
{
	(void)l;
	(void)k;
	return strcmp(v, "damaged") ? -EINVAL : 0;
}

static int set_steps(struct loader *l, struct kernel *k, const char *v)
{
	uint64_t n;

	(void)l;
	if (num_u64(v, 1, STEPS_MAX, &n))
		return -EINVAL;
	k->steps = n;
	return 0;
}

/* What a section may hold; `want` completes "KEY = VALUE: is not …". */
static const struct key {
	const char *name;
	int (*set)(struct loader *l, struct kernel *k, const char *value);
	const char *want;
} keys[] = {
	{ "version", set_version, "a kernel version such as 5.10.218" },
	{ "package", set_package, "a Debian package and its version, PACKAGE=VERSION" },
	{ "sha256", set_sha256, "a SHA-256 of 64 lower-case hexadecimal digits" },
	{ "suites", set_suites, "a list of suites" },
	{ "tarball", set_tarball, "the URL of a .tar file" },
	{ "tarball-sha256", set_tarball_sha256, "a SHA-256 of 64 lower-case hexadecimal digits" },
	{ "source", set_source, "the path of a folder or tarball" },
	{ "series", set_series, "the name of a folder below kernel-patches/" },
	{ "configs", set_configs, "a list of files below vm/config/" },
	{ "more", set_more, "a list of words, each of a list of patches series-WORD" },
	{ "steps", set_steps, "a number from 1 to 1000000" },
	{ "orig", set_orig, "the name of an .orig.tar file" },
	{ "pahole", set_pahole, "a version of pahole such as 1.30" },
	{ "untested", set_untested, "'yes'" },
	{ "like", set_like, "the name of an entry" },
	{ "btf", set_btf, "'damaged'" },
	{ "traits", set_traits, "a list of words" },
	{ "experiments", set_experiments, "a list of experiments" },
};
#define NR_KEYS	  (sizeof(keys) / sizeof(keys[0]))
#define KEYS_LIKE (3u << (NR_KEYS - 4)) /* `like` and `btf` */
#define KEYS_ANY  (3u << (NR_KEYS - 2)) /* `traits` and `experiments` */

static void unknown_key(struct loader *l, const char *name)
{
	const char *known[NR_KEYS], *near;

	for (size_t i = 0; i < NR_KEYS; i++)
		known[i] = keys[i].name;
	if (l->in_assay)
		known[0] = "default";
	near = str_nearest(name, known, l->in_assay ? 1 : NR_KEYS);
	if (near)
		complain(l, l->in.line, "unknown key '%s' (did you mean '%s'?)", name, near);
	else
		complain(l, l->in.line, "unknown key '%s'", name);
}

static int copy_text(char **to, const char *from)
{
	return from ? set_text(to, from) : 0;
}

static int copy_texts(struct strv *to, const struct strv *from)
{
	int err = 0;

	for (size_t i = 0; !err && i < from->n; i++)
		err = strv__add(to, from->v[i]);
	return err;
}

static int copy_entry(struct kernel *k, const struct kernel *from)
{
	int err = copy_text(&k->package, from->package);

	k->version = from->version;
	k->steps = from->steps;
	k->untested = from->untested;
	if (!err)
		err = copy_text(&k->sha256, from->sha256);
	if (!err)
		err = copy_text(&k->orig, from->orig);
	if (!err)
		err = copy_text(&k->pahole, from->pahole);
	if (!err)
		err = copy_text(&k->tarball, from->tarball);
	if (!err)
		err = copy_text(&k->tarball_sha256, from->tarball_sha256);
	if (!err)
		err = copy_text(&k->source, from->source);
	if (!err)
		err = copy_text(&k->series, from->series);
	if (!err)
		err = copy_texts(&k->more, &from->more);
	if (!err)
		err = copy_texts(&k->suites, &from->suites);
	if (!err)
		err = copy_texts(&k->configs, &from->configs);
	return err ? err : copy_texts(&k->features, &from->features);
}

/* What the patches provide, once all of the section is known. */
static int take_series(struct loader *l, struct kernel *k)
{
	char *dir = str_fmt("%s/%s", l->paths->patches, k->series);
	struct series s;
	int err = dir ? series__read(dir, &k->more, &s) : -ENOMEM;

	free(dir);
	if (!err) {
		k->features = s.features;
		s.features = (struct strv){ 0 };
		series__release(&s);
	} else if (err != -ENOMEM) {
		complain(l, k->more.n ? l->more_line : l->series_line,
			 "series '%s' of kernel '%s' cannot be used", k->series, k->name);
		err = 0;
	}
	return err;
}

/* An entry that takes another one's build has nothing else of its own. */
static void finish_like(struct loader *l, struct kernel *k)
{
	const struct kernel *from = NULL;

	if ((l->in.keys & ~KEYS_ANY) != KEYS_LIKE) {
		complain(l, k->line,
			 "kernel '%s': 'like' and 'btf' go together, without other keys of a build",
			 k->name);
		return;
	}
	if (!k->like) /* refused, and said */
		return;
	for (const struct kernel *o = l->ks->v; o < k; o++)
		if (!strcmp(o->name, k->like))
			from = o;
	if (!from || from->like)
		complain(l, k->line,
			 "kernel '%s' is like '%s', which is no entry before it that is "
			 "built from source",
			 k->name, k->like);
	else if (copy_entry(k, from))
		l->in.err = -ENOMEM;
}

static void check_build(struct loader *l, struct kernel *k)
{
	if (!(l->in.keys & 1))
		complain(l, k->line, "kernel '%s' has no 'version'", k->name);
	if (!k->package && !k->tarball && !k->source)
		complain(l, k->line, "kernel '%s' has neither 'package', 'tarball' nor 'source'",
			 k->name);
	if (!k->package != !k->sha256)
		complain(l, k->line, "kernel '%s': 'package' and 'sha256' go together", k->name);
	if (k->orig && !k->package)
		complain(l, k->line, "kernel '%s': 'orig' without 'package'", k->name);
	if (k->tarball_sha256 && !k->tarball)
		complain(l, k->line, "kernel '%s': 'tarball-sha256' without 'tarball'", k->name);
	if (!k->configs.n)
		complain(l, k->line, "kernel '%s' has no 'configs'", k->name);
	if (k->more.n && !k->series)
		complain(l, k->line, "kernel '%s': 'more' without 'series'", k->name);
	if (k->series && take_series(l, k))
		l->in.err = -ENOMEM;
}

static void end_section(struct inifile *f)
{
	struct loader *l = (struct loader *)f;
	struct kernel *k = l->ks->n ? &l->ks->v[l->ks->n - 1] : NULL;

	if (!k || l->in_assay || k->line != f->section_line)
		return;
	if (l->in.keys & KEYS_LIKE)
		finish_like(l, k);
	else
		check_build(l, k);
	if (copy_texts(&k->features, &k->traits))
		l->in.err = -ENOMEM;
}

static int begin_section(struct inifile *f, const char *name)
{
	struct loader *l = (struct loader *)f;
	struct kernel *v;

	l->in_assay = !strcmp(name, "assay");
	if (l->in_assay) {
		if (l->assay_seen)
			complain(l, l->in.section_line, "section [assay] comes twice");
		l->assay_seen = true;
		return 0;
	}
	if (!plain_name(name)) {
		complain(l, l->in.section_line,
			 "'%s' is no name for a kernel (letters, digits, '.', '_', '+', '-')",
			 name);
		l->in.skip = true;
	}
	for (size_t i = 0; i < l->ks->n; i++) {
		if (strcmp(l->ks->v[i].name, name))
			continue;
		complain(l, l->in.section_line, "section [%s] comes twice (first in line %d)", name,
			 l->ks->v[i].line);
		l->in.skip = true;
	}
	if (l->in.skip)
		return 0;
	v = reallocarray(l->ks->v, l->ks->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->ks->v = v;
	v += l->ks->n;
	memset(v, 0, sizeof(*v));
	v->line = l->in.section_line;
	v->name = strdup(name);
	if (!v->name)
		return -ENOMEM;
	l->ks->n++;
	return 0;
}

static int set_key(struct inifile *f, const char *name, const char *value)
{
	struct loader *l = (struct loader *)f;
	struct kernel *k = l->in_assay ? NULL : &l->ks->v[l->ks->n - 1];
	unsigned int i = 0;
	int err;

	if (l->in_assay ? strcmp(name, "default") : 0) {
		unknown_key(l, name);
		return 0;
	}
	while (!l->in_assay && i < NR_KEYS && strcmp(keys[i].name, name))
		i++;
	if (i == NR_KEYS) {
		unknown_key(l, name);
		return 0;
	}
	if (!inifile__once(f, i, name))
		return 0;
	if (l->in_assay) {
		free(l->standard);
		l->standard = NULL;
		l->standard_line = l->in.line;
		return set_text(&l->standard, value);
	}
	err = keys[i].set(l, k, value);
	if (err == -EINVAL) {
		complain(l, l->in.line, "%s = %s: not %s", name, value, keys[i].want);
		err = 0;
	}
	return err;
}

static void find_default(struct loader *l)
{
	const char *near = NULL;
	const struct kernel *k;

	if (!l->standard) {
		complain(l, 1,
			 "no default kernel: it takes a section [assay] with 'default = NAME'");
		return;
	}
	k = kernels__find(l->ks, l->standard, &near);
	if (k)
		l->ks->standard = k - l->ks->v;
	else if (near)
		complain(l, l->standard_line, "unknown default kernel '%s' (did you mean '%s'?)",
			 l->standard, near);
	else
		complain(l, l->standard_line, "unknown default kernel '%s'", l->standard);
}

int kernels__load(const struct kernel_paths *paths, struct kernels **out)
{
	struct loader l = {
		.in = {
			.path = paths->ini,
			.begin = begin_section,
			.key = set_key,
			.end = end_section,
		},
		.paths = paths,
		.ks = calloc(1, sizeof(*l.ks)),
	};
	int err = -ENOMEM;

	if (l.ks)
		l.ks->given = calloc(1, sizeof(*l.ks->given));
	if (l.ks && l.ks->given)
		err = inifile__read(&l.in);
	if (!err) {
		find_default(&l);
		err = l.in.err;
	}
	free(l.standard);
	if (err)
		kernels__free(l.ks);
	else
		*out = l.ks;
	return err;
}
