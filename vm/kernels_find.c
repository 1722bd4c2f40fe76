// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "vm/kernels_list.h"
#include "vm/prebuilt.h"

void kernel__release(struct kernel *k)
{
	free(k->name);
	free(k->package);
	free(k->sha256);
	free(k->orig);
	free(k->pahole);
	free(k->tarball);
	free(k->tarball_sha256);
	free(k->source);
	free(k->series);
	free(k->like);
	strv__free(&k->more);
	strv__free(&k->suites);
	strv__free(&k->configs);
	strv__free(&k->features);
	strv__free(&k->traits);
	strv__free(&k->experiments);
	prebuilt__free(k->prebuilt);
}

void kernels__free(struct kernels *ks)
{
	if (!ks)
		return;
	for (size_t i = 0; i < ks->n; i++)
		kernel__release(&ks->v[i]);
	for (size_t i = 0; ks->given && i < ks->given->n; i++) {
		kernel__release(ks->given->v[i]);
		free(ks->given->v[i]);
	}
	if (ks->given)
		free(ks->given->v);
	free(ks->given);
	free(ks->v);
	free(ks);
}

size_t kernels__count(const struct kernels *ks)
{
	return ks->n;
}

const struct kernel *kernels__at(const struct kernels *ks, size_t i)
{
	return i < ks->n ? &ks->v[i] : NULL;
}

const struct kernel *kernels__default(const struct kernels *ks)
{
	return kernels__at(ks, ks->standard);
}

/* "5.10", and nothing else. */
static bool is_branch(const char *s, struct kver *v)
{
	const char *dot = strchr(s, '.');

	return !s[strspn(s, "0123456789.")] && dot && !strchr(dot + 1, '.') && !kver__parse(s, v);
}

static const char *nearest_name(const struct kernels *ks, const char *name)
{
	const char **names = calloc(ks->n + 1, sizeof(*names)), *near = NULL;

	if (names) {
		for (size_t i = 0; i < ks->n; i++)
			names[i] = ks->v[i].name;
		near = str_nearest(name, names, ks->n);
	}
	free(names);
	return near;
}

/* Does k stand for its branch, rather than `best`? */
static bool stands_for(const struct kernel *k, const struct kernel *best)
{
	if (k->untested != best->untested)
		return best->untested;
	if (!k->series != !best->series)
		return !best->series;
	return kver__cmp(k->version, best->version) > 0;
}

const struct kernel *kernels__find(const struct kernels *ks, const char *name, const char **nearest)
{
	const struct kernel *best = NULL;
	struct kver branch;

	if (nearest)
		*nearest = NULL;
	for (size_t i = 0; i < ks->n; i++)
		if (!strcmp(ks->v[i].name, name))
			return &ks->v[i];
	for (size_t i = 0; is_branch(name, &branch) && i < ks->n; i++) {
		const struct kernel *k = &ks->v[i];

		if (!kver__same_branch(k->version, branch))
			continue;
		if (!best || stands_for(k, best))
			best = k;
	}
	if (!best && nearest)
		*nearest = nearest_name(ks, name);
	return best;
}
