// SPDX-License-Identifier: GPL-2.0-only
#include "diff/facts.h"

#include <string.h>

static enum fact_state same_text(const char *a, const char *b)
{
	if (!a || !b)
		return FACT_UNKNOWN;
	return strcmp(a, b) ? FACT_DIFFERS : FACT_SAME;
}

static enum fact_state both(enum fact_state a, enum fact_state b)
{
	if (a == FACT_DIFFERS || b == FACT_DIFFERS)
		return FACT_DIFFERS;
	return a == FACT_UNKNOWN || b == FACT_UNKNOWN ? FACT_UNKNOWN : FACT_SAME;
}

static enum fact_state same_list(const struct strv *a, const struct strv *b)
{
	if (a->n != b->n)
		return FACT_DIFFERS;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]))
			return FACT_DIFFERS;
	return FACT_SAME;
}

/* The same source has no two hashes, but it may be had from two places. */
static enum fact_state kernel(const struct facts *a, const struct facts *b)
{
	enum fact_state state =
		both(same_text(a->release, b->release), same_text(a->source_hash, b->source_hash));

	if (!a->damage != !b->damage || (a->damage && strcmp(a->damage, b->damage)))
		state = FACT_DIFFERS;
	return state;
}

/* What was asked for comes first: with the same asked for, another source makes another .config,
 * and then it is the source that is to be named. */
static enum fact_state config(const struct facts *a, const struct facts *b)
{
	enum fact_state made = same_text(a->config_hash, b->config_hash), asked;

	if (!a->has_asked || !b->has_asked)
		return made;
	asked = same_list(&a->asked, &b->asked);
	if (asked == FACT_SAME && made == FACT_DIFFERS && kernel(a, b) == FACT_SAME)
		return FACT_DIFFERS;
	return asked;
}

static const char *without_number(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits == 4 && name[4] == '-' ? name + 5 : name;
}

bool fact_patch__same_name(const struct fact_patch *a, const struct fact_patch *b)
{
	return !strcmp(without_number(a->name), without_number(b->name));
}

bool fact_patch__same_change(const struct fact_patch *a, const struct fact_patch *b)
{
	if (!strcmp(a->hash, b->hash))
		return true;
	return a->change && b->change && !strcmp(a->change, b->change);
}

static enum fact_state series(const struct facts *a, const struct facts *b)
{
	if (!a->has_patches || !b->has_patches)
		return FACT_UNKNOWN;
	if (a->nr_patches != b->nr_patches)
		return FACT_DIFFERS;
	for (size_t i = 0; i < a->nr_patches; i++)
		if (!fact_patch__same_name(&a->patches[i], &b->patches[i]) ||
		    !fact_patch__same_change(&a->patches[i], &b->patches[i]))
			return FACT_DIFFERS;
	return FACT_SAME;
}

static enum fact_state compiler(const struct facts *a, const struct facts *b)
{
	return both(same_text(a->compiler, b->compiler),
		    both(same_text(a->linker, b->linker), same_text(a->pahole, b->pahole)));
}

static enum fact_state object(const struct facts *a, const struct facts *b, const char *experiment)
{
	const char *x = facts__object(a, experiment), *y = facts__object(b, experiment);

	if (!a->has_objects || !b->has_objects)
		return FACT_UNKNOWN;
	if (!x && !y)
		return same_text(a->guest, b->guest);
	return x && y && !strcmp(x, y) ? FACT_SAME : FACT_DIFFERS;
}

static enum fact_state objects(const struct facts *a, const struct facts *b)
{
	if (!a->has_objects || !b->has_objects)
		return FACT_UNKNOWN;
	for (size_t i = 0; i < a->nr_objects; i++) {
		const char *hash = facts__object(b, a->objects[i].experiment);

		if (hash && strcmp(hash, a->objects[i].value))
			return FACT_DIFFERS;
	}
	return FACT_SAME;
}

static enum fact_state params(const struct facts *a, const struct facts *b, const char *experiment)
{
	const char *x = facts__params(a, experiment), *y = facts__params(b, experiment);

	return !x == !y && (!x || !strcmp(x, y)) ? FACT_SAME : FACT_DIFFERS;
}

static enum fact_state all_params(const struct facts *a, const struct facts *b)
{
	for (size_t i = 0; i < a->nr_params; i++)
		if (params(a, b, a->params[i].experiment) == FACT_DIFFERS)
			return FACT_DIFFERS;
	for (size_t i = 0; i < b->nr_params; i++)
		if (params(a, b, b->params[i].experiment) == FACT_DIFFERS)
			return FACT_DIFFERS;
	return FACT_SAME;
}

void facts__differ(const struct facts *a, const struct facts *b, const char *experiment,
		   enum fact_state out[FACT_MAX])
{
	/* assay's key of a build holds all that the kernel was made of. */
	bool same_build = same_text(a->image_key, b->image_key) == FACT_SAME;

	out[FACT_KERNEL] = same_build ? FACT_SAME : kernel(a, b);
	out[FACT_CONFIG] = same_build ? FACT_SAME : config(a, b);
	out[FACT_SERIES] = same_build ? FACT_SAME : series(a, b);
	out[FACT_COMPILER] = same_build ? FACT_SAME : compiler(a, b);
	out[FACT_OBJECT] = experiment ? object(a, b, experiment) : objects(a, b);
	out[FACT_CLANG] = same_text(a->clang, b->clang);
	out[FACT_LIBBPF] = same_text(a->libbpf, b->libbpf);
	out[FACT_GUEST] = same_text(a->guest, b->guest);
	out[FACT_PARAMS] = experiment ? params(a, b, experiment) : all_params(a, b);
}
