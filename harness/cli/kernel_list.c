// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd_kernel.h"
#include "vm/prebuilt.h"

static int add(struct kernel_list *l, const struct kernel *k)
{
	const struct kernel **v;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == k)
			return 0;
	v = reallocarray(l->v, l->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	l->v[l->n++] = k;
	return 0;
}

/* "all", or a glob: every kernel whose name it matches. */
static int add_matching(struct kernel_list *l, const struct kernels *ks, const char *glob)
{
	bool all = !strcmp(glob, "all"), found = false;
	int err = 0;

	for (size_t i = 0; !err && i < kernels__count(ks); i++) {
		const struct kernel *k = kernels__at(ks, i);

		if (!all && !str_glob(glob, k->name))
			continue;
		found = true;
		err = add(l, k);
	}
	if (!err && !found)
		err = cli__unknown("kernel", glob, NULL, "`assay list kernels` shows all");
	return err;
}

static int add_word(struct cli *cli, struct kernel_list *l, const struct kernels *ks,
		    const char *word)
{
	const struct kernel *k;
	int err;

	/* A file's name may hold what would be a glob's. */
	if (!prebuilt__is(word) && (!strcmp(word, "all") || strpbrk(word, "*?[")))
		return add_matching(l, ks, word);
	err = cli__kernel(cli, word, &k);
	return err ? err : add(l, k);
}

int kernel_list__make(struct cli *cli, const struct kernel_args *a, bool all,
		      struct kernel_list *out)
{
	struct kernel_list l = { 0 };
	struct strv names = { 0 };
	const struct kernels *ks;
	int err = cli__kernels(cli, &ks);

	for (size_t i = 1; !err && i < a->words.n; i++)
		err = prebuilt__split(a->words.v[i], &names);
	for (size_t i = 0; !err && i < names.n; i++)
		err = add_word(cli, &l, ks, names.v[i]);
	if (!err && !names.n)
		err = all ? add_matching(&l, ks, "all") : add(&l, kernels__default(ks));
	strv__free(&names);
	if (err)
		kernel_list__release(&l);
	else
		*out = l;
	return err;
}

void kernel_list__release(struct kernel_list *l)
{
	free(l->v);
	*l = (struct kernel_list){ 0 };
}
