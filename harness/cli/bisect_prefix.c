// SPDX-License-Identifier: GPL-2.0-only
#include "cli/bisect_prefix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/cli.h"
#include "vm/compiled.h"
#include "vm/inputs.h"
#include "vm/kernels.h"
#include "vm/patch.h"
#include "vm/series.h"
#include "vm/tree.h"

#define PATCH_MAX (16 << 20)

/* How many patches there are up to this one. */
static int count_up_to(const struct prefixes *p, const char *patch, size_t *count)
{
	char *file = str_fmt("%s.patch", patch);
	const char *near;

	if (!file)
		return -ENOMEM;
	for (*count = 0; *count < p->patches.n;) {
		const char *is = p->patches.v[(*count)++];

		if (!strcmp(is, patch) || !strcmp(is, file)) {
			free(file);
			return 0;
		}
	}
	near = str_nearest(file, (const char *const *)p->patches.v, p->patches.n);
	free(file);
	return cli__unknown("patch", patch, near, "the file `series` of its folder lists them");
}

static int add_point(struct prefixes *p, size_t n)
{
	char *name = n ? str_fmt("+%zu %s", n, p->patches.v[n - 1]) : strdup("+0 none");
	int err = name ? strv__add(&p->points, name) : -ENOMEM;

	free(name);
	return err;
}

static int add_points(struct prefixes *p, const char *from, const char *to)
{
	size_t last = p->patches.n;
	int err = from ? count_up_to(p, from, &p->first) : 0;

	if (!err && to)
		err = count_up_to(p, to, &last);
	if (!err && p->first >= last) {
		log_err("bisect: no patch lies between %s and %s", from ? from : "none",
			to ? to : "the last one");
		err = -EINVAL;
	}
	for (size_t n = p->first; !err && n <= last; n++)
		err = add_point(p, n);
	return err;
}

int prefixes__read(struct prefixes *p, const struct kernel *entry, const char *patches,
		   const char *from, const char *to)
{
	struct series s;
	char *dir;
	int err;

	*p = (struct prefixes){ .entry = entry };
	if (!entry->series || entry->like) {
		log_err("kernel %s has no series of patches of its own", entry->name);
		return -EINVAL;
	}
	dir = str_fmt("%s/%s", patches, entry->series);
	err = dir ? series__read(dir, &entry->more, &s) : -ENOMEM;
	free(dir);
	if (err)
		return err;
	p->patches = s.patches;
	p->features = s.features;
	p->providers = s.providers;
	return add_points(p, from, to);
}

void prefixes__release(struct prefixes *p)
{
	strv__free(&p->patches);
	strv__free(&p->features);
	strv__free(&p->providers);
	strv__free(&p->points);
}

static bool is_applied(const struct prefixes *p, const char *patch, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(p->patches.v[i], patch))
			return true;
	return false;
}

/* What the first n patches provide, and the entry's own traits. */
static int take_features(const struct prefixes *p, size_t n, struct strv *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < p->features.n; i++)
		if (!*p->providers.v[i] || is_applied(p, p->providers.v[i], n))
			err = strv__add(out, p->features.v[i]);
	for (size_t i = 0; !err && i < p->entry->traits.n; i++)
		err = strv__add(out, p->entry->traits.v[i]);
	return err;
}

int prefixes__kernel(const struct prefixes *p, size_t point, struct kernel *out)
{
	int err;

	*out = *p->entry;
	out->partial = true;
	out->nr_patches = p->first + point;
	out->features = (struct strv){ 0 };
	out->slot = str_fmt("%s+series", p->entry->name);
	out->name = str_fmt("%s+%zu", p->entry->name, out->nr_patches);
	err = out->slot && out->name ? take_features(p, out->nr_patches, &out->features) : -ENOMEM;
	if (err)
		prefixes__release_kernel(out);
	return err;
}

void prefixes__release_kernel(struct kernel *k)
{
	strv__free(&k->features);
	free(k->slot);
	free(k->name);
	*k = (struct kernel){ 0 };
}

/* --- points that need no build ------------------------------------------------------------------
 */

/* Was the tree built at that point, and left so? */
static bool is_built_at(const struct tree *t, const struct kernel *k,
			const struct kernel_paths *paths)
{
	char *source = tree__mark(t, "source"), *built = tree__mark(t, "built");
	char *building = tree__mark(t, "building"), hex[HASH_HEX];
	struct inputs in;
	bool is = false;

	if (source && built && !building && !inputs__read(k, paths, &in)) {
		is = !inputs__patched(&in, source, hex) && tree__marked(t, "patched", hex);
		inputs__release(&in);
	}
	free(source);
	free(built);
	free(building);
	return is;
}

/* The files that the patches between two points touch. */
static int touched(const struct prefixes *p, const char *patches, size_t a, size_t b,
		   struct strv *out)
{
	size_t from = p->first + (a < b ? a : b), to = p->first + (a < b ? b : a);
	int err = 0;

	for (size_t i = from; !err && i < to; i++) {
		char *path = str_fmt("%s/%s/%s", patches, p->entry->series, p->patches.v[i]);
		char *text = NULL, *reason = NULL;
		struct patch patch = { 0 };

		err = path ? file_read(path, PATCH_MAX, &text, NULL) : -ENOMEM;
		if (!err)
			err = patch__parse(text, &patch, &reason);
		if (!err)
			err = patch__paths(&patch, out);
		patch__release(&patch);
		free(reason);
		free(text);
		free(path);
	}
	return err;
}

bool prefixes__are_same(const struct prefixes *p, const struct kernel_paths *paths,
			const char *source, size_t built, size_t other)
{
	struct strv files = { 0 };
	struct tree t = { 0 };
	struct kernel k;
	bool same = false;

	if (prefixes__kernel(p, built, &k))
		return false;
	if (source)
		k.source = (char *)source;
	if (!tree__init(&t, &k, paths->cache) && is_built_at(&t, &k, paths))
		same = !touched(p, paths->patches, built, other, &files) &&
		       !compiled__matter(t.dir, &files);
	strv__free(&files);
	tree__release(&t);
	prefixes__release_kernel(&k);
	return same;
}
