// SPDX-License-Identifier: GPL-2.0-only
/* `assay kernel update`: entries for releases that Debian's archive has by now. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "cli/cli.h"
#include "cli/cmd_kernel.h"
#include "vm/aptindex.h"
#include "vm/kernels_add.h"
#include "vm/releases.h"

#define INI_MAX (4 << 20)

struct update {
	struct cli *cli;
	const struct kernel_args *args;
	const struct kernels *ks; /* as they are now */
	struct apt_offers offers;
	struct releases releases;
	char *was, *text;  /* of kernels.ini: as it is, and as it is to be */
	struct strv added; /* names */
	size_t gone, unknown;
};

static int ask_archive(struct update *u)
{
	const struct source_opts o = { .paths = &u->cli->paths,
				       .cancel_fd = u->cli->cancel_fd,
				       .verbose = u->cli->verbose };
	char *reason = NULL;
	int err = apt_offers__fetch(&o, &u->offers, &reason);

	if (err && err != -EINTR)
		log_err("kernel update: Debian's archive cannot be asked: %s", reason);
	free(reason);
	for (size_t i = 0; !err && i < u->offers.lacking.n; i++)
		log_debug("the mirror has no suite %s", u->offers.lacking.v[i]);
	if (!err && u->offers.stale.n)
		log_err("kernel update: %zu of the package lists could not be fetched, such as %s: "
			"what follows goes by older ones, and may lack releases",
			u->offers.stale.n, u->offers.stale.v[0]);
	return err == -EINVAL ? -EIO : err;
}

/* Of a release the newest revision that is there, and not only in the index: NULL when none is.
 * (A package that left the archive may stay in the index of a suite that is no more maintained.) */
static const struct apt_offer *find_there(struct update *u, const struct release *r, int *err)
{
	bool gone = true;

	for (size_t i = 0; i < r->n; i++) {
		const struct apt_offer *o = r->offers[i];
		char *said = NULL;
		int is = apt_offer__there(o, u->cli->cancel_fd, &said);

		if (is && is != -EINTR)
			printf("not added: %s=%s is in the index of %s, but %s%s (%s)\n",
			       o->package, o->version, o->suites.v[0],
			       is == -ENOENT ? "the archive has it no more"
					     : "it cannot be asked for",
			       is == -ENOENT ? "" : " now", said ? said : strerror(-is));
		free(said);
		if (!is)
			return o;
		if (is == -EINTR) {
			*err = is;
			return NULL;
		}
		gone = gone && is == -ENOENT;
	}
	u->gone += gone;
	u->unknown += !gone;
	return NULL;
}

static void print_entry(const struct kernel_new *n, const struct release *r, bool dry)
{
	char version[24];

	printf("%s: %s  %s  ", dry ? "would be added" : "new", kver__str(n->version, version),
	       n->package);
	for (size_t i = 0; i < n->suites->n; i++)
		printf("%s%s", i ? ", " : "", n->suites->v[i]);
	if (n->configs)
		printf("  a new branch: configured as %s, without patches\n", n->like);
	else if (r->like->series)
		printf("  as %s, series %s\n", n->like, r->like->series);
	else
		printf("  as %s\n", n->like);
}

static int add_entry(struct update *u, const struct release *r, const struct apt_offer *o)
{
	struct strv bare = { 0 };
	char *package = str_fmt("%s=%s", o->package, o->version), *next = NULL, name[24];
	struct kernel_new n = {
		.version = r->version,
		.package = package,
		.sha256 = o->sha256,
		.suites = &o->suites,
		.like = r->like->name,
	};
	int err = package ? 0 : -ENOMEM;

	kver__str(r->version, name);
	if (!err && r->new_branch) {
		n.configs = &bare;
		err = kernels__bare_configs(&u->cli->paths, r->like, &bare);
	}
	if (!err)
		err = kernels_text__add(u->text, &n, &next);
	if (!err) {
		free(u->text);
		u->text = next;
		err = strv__add(&u->added, name);
	} else if (err != -ENOMEM) {
		log_err("%s: no entry %s can be written after the model of %s: %s",
			u->cli->paths.ini, name, n.like, strerror(-err));
	}
	if (!err)
		print_entry(&n, r, u->args->dry_run);
	strv__free(&bare);
	free(package);
	return err;
}

/* All in order of their versions: each goes behind the one before it. */
static int add_entries(struct update *u)
{
	int err = 0;

	for (size_t i = 0; !err && i < u->releases.n; i++) {
		const struct release *r = &u->releases.v[i];
		const struct apt_offer *o;
		char version[24];

		if (!r->wanted)
			continue;
		if (!r->like) {
			printf("not added: %s: there is no entry to go by\n",
			       kver__str(r->version, version));
			continue;
		}
		o = find_there(u, r, &err);
		if (o)
			err = add_entry(u, r, o);
	}
	return err;
}

/* What else the archive has, of branches that kernels.ini has. */
static void print_others(const struct update *u)
{
	const struct release *last = NULL;

	for (size_t i = 0; i < u->releases.n; i++) {
		const struct release *r = &u->releases.v[i];
		char version[24];

		if (r->wanted || r->new_branch)
			continue;
		kver__str(r->version, version);
		if (!last)
			printf("not asked for: ");
		printf("%s%s", last ? ", " : "", version);
		last = r;
	}
	if (last)
		printf(" (`assay kernel update VERSION...` adds what you name, --older all of "
		       "them)\n");
}

/* Told before the archive is asked. */
static int check_writable(const struct update *u)
{
	const char *ini = u->cli->paths.ini, *slash = strrchr(ini, '/');
	char *dir = slash ? strndup(ini, (size_t)(slash - ini + 1)) : strdup("./");
	int err = !dir ? -ENOMEM : access(ini, W_OK) || access(dir, W_OK) ? -errno : 0;

	if (err && err != -ENOMEM)
		log_err("kernel update: %s cannot be written: %s: it is that of an installation; a "
			"checkout of assay has its own (--dry-run tells what is new)",
			ini, strerror(-err));
	free(dir);
	return err;
}

/* Which patches apply, for those that have a series. */
static int check_added(struct update *u)
{
	struct kernels *ks = NULL;
	struct kernel_list l = { 0 };
	int err = kernels__load(&u->cli->paths, &ks);

	if (!err) {
		l.v = calloc(u->added.n + 1, sizeof(*l.v));
		err = l.v ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !err && i < u->added.n; i++) {
		const struct kernel *k = kernels__find(ks, u->added.v[i], NULL);

		if (k && k->series)
			l.v[l.n++] = k;
	}
	if (!err && l.n)
		err = check_patches__print(u->cli, &l);
	kernel_list__release(&l);
	kernels__free(ks);
	return err;
}

static int write_and_check(struct update *u)
{
	int err;

	if (!u->added.n) {
		printf("nothing %sadded to %s\n", u->args->dry_run ? "would be " : "",
		       u->cli->paths.ini);
		return 0;
	}
	if (u->args->dry_run)
		return 0;
	err = kernels_text__save(&u->cli->paths, u->was, u->text);
	if (err)
		return err == -EINVAL ? -EIO : err;
	printf("%zu %s added to %s\n", u->added.n, u->added.n == 1 ? "entry" : "entries",
	       u->cli->paths.ini);
	fflush(stdout);
	return u->args->no_check ? 0 : check_added(u);
}

int kernel__update(struct cli *cli, const struct kernel_args *a)
{
	struct update u = { .cli = cli, .args = a };
	struct strv words = { 0 };
	const struct releases_request rq = { .words = &words, .older = a->older };
	int err = cli__kernels(cli, &u.ks);

	for (size_t i = 1; !err && i < a->words.n; i++)
		err = strv__split(&words, a->words.v[i], ",");
	if (!err)
		err = releases__check_words(&words);
	if (!err && !a->dry_run)
		err = check_writable(&u);
	if (!err)
		err = file_read(cli->paths.ini, INI_MAX, &u.was, NULL);
	if (!err) {
		u.text = strdup(u.was);
		err = u.text ? ask_archive(&u) : -ENOMEM;
	}
	if (!err)
		err = releases__choose(u.ks, &u.offers, &rq, &u.releases);
	if (!err)
		err = add_entries(&u);
	if (!err)
		print_others(&u);
	if (!err)
		err = write_and_check(&u);
	if (!err && (u.unknown || u.offers.stale.n))
		err = EXIT_HARNESS;
	releases__free(&u.releases);
	apt_offers__release(&u.offers);
	strv__free(&u.added);
	strv__free(&words);
	free(u.was);
	free(u.text);
	return err;
}
