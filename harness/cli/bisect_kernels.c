// SPDX-License-Identifier: GPL-2.0-only
#include "cli/bisect_kernels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "vm/kernels.h"

/* What a name has beyond the version: "-stock". */
static const char *suffix(const struct kernel *k)
{
	char version[24];

	kver__str(k->version, version);
	return str_starts(k->name, version) ? k->name + strlen(version) : k->name;
}

/* By name; by globs those of the same kind that somebody has run. */
static bool is_meant(const struct kernel *k, const struct kernel *like, const struct strv *only)
{
	bool candidate = !k->untested && !strcmp(suffix(k), suffix(like));

	for (size_t i = 0; i < only->n; i++)
		if (!strcmp(only->v[i], k->name) || (candidate && str_glob(only->v[i], k->name)))
			return true;
	return !only->n && candidate;
}

static int find(const struct kernels *ks, const char *name, const struct kernel **out)
{
	const char *nearest;

	*out = kernels__find(ks, name, &nearest);
	return *out ? 0 : cli__unknown("kernel", name, nearest, "`assay list kernels` shows all");
}

/* By version; entries of one version as they stand in the file. */
static void insert(struct kernel_line *l, const struct kernel *k, bool down)
{
	size_t i = l->n++;

	for (; i > 0; i--) {
		int c = kver__cmp(l->v[i - 1]->version, k->version);

		if (down ? c >= 0 : c <= 0)
			break;
		l->v[i] = l->v[i - 1];
	}
	l->v[i] = k;
}

int kernel_line__choose(const struct kernels *ks, const char *good, const char *bad,
			const char *only, struct kernel_line *out)
{
	const struct kernel *from, *to;
	struct strv names = { 0 };
	bool down;
	int err;

	*out = (struct kernel_line){ 0 };
	err = find(ks, good, &from);
	if (!err)
		err = find(ks, bad, &to);
	if (!err && from == to) {
		log_err("%s and %s are the same kernel: there is nothing between", good, bad);
		err = -EINVAL;
	}
	if (!err && only)
		err = strv__split(&names, only, ",");
	if (!err) {
		out->v = calloc(kernels__count(ks) + 2, sizeof(struct kernel *));
		err = out->v ? 0 : -ENOMEM;
	}
	if (err)
		goto out;
	down = kver__cmp(from->version, to->version) > 0;
	for (size_t i = 0; i < kernels__count(ks); i++) {
		const struct kernel *k = kernels__at(ks, i);
		int a = kver__cmp(k->version, from->version),
		    b = kver__cmp(k->version, to->version);

		if ((down ? a < 0 && b > 0 : a > 0 && b < 0) && is_meant(k, from, &names))
			insert(out, k, down);
	}
	memmove(out->v + 1, out->v, out->n * sizeof(struct kernel *));
	out->v[0] = from;
	out->v[out->n + 1] = to;
	out->n += 2;
out:
	strv__free(&names);
	return err;
}

/* --- notes --------------------------------------------------------------------------------------
 */

static void note_list(struct strbuf *sb, const char *what, const char *name, const struct strv *a,
		      const struct strv *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strv__has(b, a->v[i]))
			strbuf__addf(sb, "only %s has the %s %s\n", name, what, a->v[i]);
}

static void note_branches(struct strbuf *sb, const struct kernel *a, const struct kernel *b)
{
	if (kver__same_branch(a->version, b->version)) {
		if (!kver__cmp(a->version, b->version))
			strbuf__addf(sb,
				     "%s and %s have the same version: the difference is in "
				     "how they are made\n",
				     a->name, b->name);
		return;
	}
	strbuf__addf(sb,
		     "%s -> %s is a step between branches, not along one: what changed can be "
		     "anything between the points where they part, and can have reached the older "
		     "branch at another time\n",
		     a->name, b->name);
}

char *kernel_step__notes(const struct kernel *a, const struct kernel *b)
{
	const char *sa = a->series ? a->series : "none", *sb = b->series ? b->series : "none";
	struct strbuf out = STRBUF_INIT;

	note_branches(&out, a, b);
	if (strcmp(sa, sb) != 0)
		strbuf__addf(&out, "their patch series differ: %s and %s\n", sa, sb);
	note_list(&out, "patches", a->name, &a->more, &b->more);
	note_list(&out, "patches", b->name, &b->more, &a->more);
	note_list(&out, "configuration", a->name, &a->configs, &b->configs);
	note_list(&out, "configuration", b->name, &b->configs, &a->configs);
	if (!a->like != !b->like)
		strbuf__addf(&out, "only %s has its BTF damaged\n", a->like ? a->name : b->name);
	if (!out.data)
		return strdup("");
	return strbuf__detach(&out);
}
