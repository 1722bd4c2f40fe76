// SPDX-License-Identifier: GPL-2.0-only
/* `assay kernel check-patches`: does every entry's series apply to its source? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/term.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/cmd_kernel.h"
#include "vm/patchcheck.h"

struct tally {
	size_t fail, unknown, bare;
	int width[2]; /* of the columns: entries, series */
};

/* "5.10.218, 5.10.218-preempt": those from the i-th on whose source and series are equal; NULL for
 * one that an earlier one stands for. */
static char *names_of(const struct kernel_list *l, size_t i)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t j = 0; j < i; j++)
		if (patch_check__same(l->v[j], l->v[i]))
			return NULL;
	strbuf__addf(&sb, "%s", l->v[i]->name);
	for (size_t j = i + 1; j < l->n; j++)
		if (patch_check__same(l->v[i], l->v[j]))
			strbuf__addf(&sb, ", %s", l->v[j]->name);
	return strbuf__detach(&sb);
}

/* "5.10 + cure" */
static char *series_of(const struct kernel *k)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s", k->series);
	for (size_t i = 0; i < k->more.n; i++)
		strbuf__addf(&sb, " + %s", k->more.v[i]);
	return strbuf__detach(&sb);
}

static void widen(int *width, const char *s)
{
	if (s && (int)strlen(s) > *width)
		*width = (int)strlen(s);
}

static void measure(const struct kernel_list *l, struct tally *t)
{
	for (size_t i = 0; i < l->n; i++) {
		char *names = NULL, *series = NULL;

		if (!l->v[i]->series) {
			t->bare++;
			continue;
		}
		names = names_of(l, i);
		series = series_of(l->v[i]);
		widen(&t->width[0], names);
		widen(&t->width[1], series);
		free(names);
		free(series);
	}
}

static int check(struct cli *cli, const struct kernel *k, const char *names, struct tally *t)
{
	const struct source_opts o = { .paths = &cli->paths,
				       .cancel_fd = cli->cancel_fd,
				       .verbose = cli->verbose };
	struct patch_check c;
	char *series = series_of(k);
	int err = series ? patch_check__run(k, &o, &c) : -ENOMEM;

	if (!err) {
		printf("%-*s  %-*s  %2zu patches  %s%s\n", t->width[0], names, t->width[1], series,
		       c.patches, c.state == PATCHES_UNKNOWN ? "not checked: " : "",
		       c.state == PATCHES_APPLY ? "ok" : c.why);
		fflush(stdout);
		t->fail += c.state == PATCHES_FAIL;
		t->unknown += c.state == PATCHES_UNKNOWN;
		patch_check__release(&c);
	}
	free(series);
	return err;
}

int check_patches__print(struct cli *cli, const struct kernel_list *l)
{
	struct tally t = { 0 };
	int err = 0;

	measure(l, &t);
	for (size_t i = 0; !err && i < l->n; i++) {
		char *names = l->v[i]->series ? names_of(l, i) : NULL;

		if (names)
			err = check(cli, l->v[i], names, &t);
		free(names);
	}
	if (err)
		return err;
	if (t.bare)
		printf("%zu without a series\n", t.bare);
	return t.fail ? EXIT_UNEXPECTED : t.unknown ? EXIT_HARNESS : 0;
}

int kernel__check_patches(struct cli *cli, const struct kernel_args *a)
{
	struct kernel_list l;
	int err = kernel_list__make(cli, a, true, &l);

	if (err)
		return err;
	err = check_patches__print(cli, &l);
	kernel_list__release(&l);
	return err == -EINVAL ? -EIO : err;
}
