// SPDX-License-Identifier: GPL-2.0-only
/* `assay kernel`: its words, and those that take few lines: path, prune, sources. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/cli.h"
#include "cli/cmd_kernel.h"
#include "vm/source.h"

#define DEFAULT_TREE_LIMIT (6ull << 30)

enum { OPT_LIMIT = 0x400, OPT_SOURCE, OPT_DRY_RUN, OPT_OLDER, OPT_NO_CHECK };

static const struct argp_option options[] = {
	{ "limit", OPT_LIMIT, "SIZE", 0, "prune: what the build trees may take (default 6G)", 0 },
	{ "kernel-source", OPT_SOURCE, "DIR|TARBALL", 0,
	  "build, path: the source instead of the entry's (it is copied, never changed)", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "update: only tell what would be added", 0 },
	{ "older", OPT_OLDER, NULL, 0,
	  "update: also releases older than the newest entry of their branch", 0 },
	{ "no-check", OPT_NO_CHECK, NULL, 0,
	  "update: do not fetch the new sources to see which patches apply", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct kernel_args *a = state->input;

	switch (key) {
	case OPT_LIMIT:
		if (num_size(arg, 0, UINT64_MAX / 2, &a->limit))
			argp_error(state, "--limit: '%s' is no size such as 6G or 0", arg);
		return 0;
	case OPT_SOURCE:
		a->source = arg;
		return 0;
	case OPT_DRY_RUN:
		a->dry_run = true;
		return 0;
	case OPT_OLDER:
		a->older = true;
		return 0;
	case OPT_NO_CHECK:
		a->no_check = true;
		return 0;
	case ARGP_KEY_ARG:
		return strv__add(&a->words, arg) ? ENOMEM : 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "build [KERNEL...]\npath KERNEL\nprune\nsources [KERNEL...]\n"
		    "update [BRANCH|VERSION...]\ncheck-patches [KERNEL...]",
	.doc = "Builds kernels, says where one lies, bounds the cache, fetches sources, finds new "
	       "releases. Without a name: the default kernel; for check-patches all.\vKERNEL is a "
	       "name, a branch, a glob or \"all\". "
	       "build gets, patches, configures and builds what is not up to date. "
	       "path prints the folder with vmlinux, BTF, config, System.map, patches and build log. "
	       "prune removes build trees until they fit into --limit, least recently used first, the "
	       "default kernel's last; the built kernels stay. sources downloads without building. "
	       "update asks Debian's archive for releases newer than the entries of vm/kernels.ini, and "
	       "writes them there. check-patches tries every entry's patches on its source, without "
	       "building. deb:FILE, apt:PACKAGE or vmlinux:FILE is a KERNEL, too.\n\n"
	       "Exit status: 0 as asked, 1 a patch does not apply (update, check-patches), 2 wrong use, "
	       "3 a kernel, a source or the archive could not be had.",
};

static int path_one(struct cli *cli, const struct kernel *k)
{
	struct image *img = NULL;
	int err = cli__lookup(cli, k, &img);

	if (!err)
		puts(img->dir);
	else if (err == -ENOENT)
		log_err("%s is not built, or not as it would be built now; `assay kernel build %s`",
			k->name, k->name);
	image__free(img);
	return err;
}

static int source_one(struct cli *cli, const struct kernel *k)
{
	struct source_opts opts = {
		.paths = &cli->paths,
		.cancel_fd = cli->cancel_fd,
		.verbose = cli->verbose,
	};
	struct source src = { 0 };
	int err;

	if (k->source)
		err = source__user(k, &opts, &src);
	else
		err = source__obtain(k, &opts, &src);
	if (!err)
		printf("%s: %s\n  %s\n", k->name, src.what, src.path);
	source__release(&src);
	return err;
}

/* Does `one` for every kernel named, or the default one; a failure does not stop the others. */
static int for_each(struct cli *cli, const struct kernel_args *a,
		    int (*one)(struct cli *cli, const struct kernel *k))
{
	struct kernel_list l;
	int err, first = 0;

	/* A wrong name is found before any work is done. */
	err = kernel_list__make(cli, a, false, &l);
	if (!err && cli->kernel_source && l.n > 1) {
		log_err("--kernel-source goes with one kernel; %zu are named", l.n);
		kernel_list__release(&l);
		err = -EINVAL;
	}
	if (err)
		return err;
	for (size_t i = 0; i < l.n && first != -EINTR; i++) {
		err = one(cli, l.v[i]);
		if (err == -EINTR || (err && !first))
			first = err == -EINVAL ? -EIO : err; /* not the user's words are at fault */
	}
	kernel_list__release(&l);
	return first;
}

static int do_path(struct cli *cli, const struct kernel_args *a)
{
	return for_each(cli, a, path_one);
}

static int do_sources(struct cli *cli, const struct kernel_args *a)
{
	return for_each(cli, a, source_one);
}

static int do_prune(struct cli *cli, const struct kernel_args *a)
{
	const struct kernels *ks;
	uint64_t freed = 0;
	char buf[32];
	int err;

	if (a->words.n > 1) {
		log_err("kernel prune takes no names; --limit says how much stays");
		return -EINVAL;
	}
	err = cli__kernels(cli, &ks);
	if (!err)
		err = image__prune(&cli->paths, a->limit, kernels__default(ks)->name,
				   cli->cancel_fd, &freed);
	if (!err)
		printf("%s freed in %s/trees\n", fmt_bytes((double)freed, buf, sizeof(buf)),
		       cli->paths.cache);
	else if (err == -EINTR)
		log_err("prune %s/trees: interrupted; the next one goes on", cli->paths.cache);
	else
		log_err("prune %s/trees: %s", cli->paths.cache, strerror(-err));
	return err;
}

static const struct verb {
	const char *name;
	int (*run)(struct cli *cli, const struct kernel_args *a);
} verbs[] = {
	{ "build", kernel__build },   { "path", do_path },
	{ "prune", do_prune },	      { "sources", do_sources },
	{ "update", kernel__update }, { "check-patches", kernel__check_patches },
};
#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int unknown_verb(const char *word)
{
	const char *names[NR_VERBS];
	size_t i;

	for (i = 0; i < NR_VERBS; i++)
		names[i] = verbs[i].name;
	if (word)
		return cli__unknown("word", word, str_nearest(word, names, NR_VERBS),
				    "`assay kernel --help` shows what there is");
	log_err("kernel: say what to do; `assay kernel --help` shows what there is");
	return -EINVAL;
}

int cmd_kernel(struct cli *cli, int argc, char **argv)
{
	struct kernel_args a = { .limit = DEFAULT_TREE_LIMIT };
	int status, err;
	size_t i;

	/* --limit wins over the environment. */
	status = cli__exit_status(cli__tree_limit(&a.limit));
	if (status || !cli__parse(&argp, "kernel", argc, argv, &a, &status))
		goto out;
	cli->kernel_source = a.source;
	for (i = 0; a.words.n && i < NR_VERBS; i++)
		if (strcmp(verbs[i].name, a.words.v[0]) == 0)
			break;
	err = a.words.n && i < NR_VERBS ? verbs[i].run(cli, &a)
					: unknown_verb(a.words.n ? a.words.v[0] : NULL);
	status = err > 0 ? err : cli__exit_status(err);
out:
	strv__free(&a.words);
	return status;
}
