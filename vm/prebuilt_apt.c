// SPDX-License-Identifier: GPL-2.0-only
/* A kernel package of Debian's archive, through an apt state of our own (vm/aptsrc.h). */
#include "vm/prebuilt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/term.h"
#include "vm/aptsrc.h"
#include "vm/lock.h"
#include "vm/prebuilt_control.h"
#include "vm/source.h"

#define KEYRING	   "/usr/share/keyrings/debian-archive-keyring.gpg"
#define OS_RELEASE "/etc/os-release"
#define STEPS_MAX  4 /* from linux-image-amd64 to a kernel */

struct fetching {
	const char *kernel;
	const struct prebuilt *p;
	const struct image_opts *o;
	char *state, *conf;
	struct apt_mirrors mirrors;
	struct progress *progress;
	char *error; /* the last of apt's */
	struct control c;
};

static void on_line(void *ctx, const char *line)
{
	struct fetching *f = ctx;
	double percent;

	if (sscanf(line, "dlstatus:%*[^:]:%lf:", &percent) == 1) {
		progress__update(f->progress, percent / 100, NULL);
		return;
	}
	if (f->o->verbose && *line)
		fprintf(stderr, "%s\n", line);
	if (str_starts(line, "E: ") || str_starts(line, "W: Failed to fetch ")) {
		free(f->error);
		f->error = strdup(line + 3);
	}
}

static void keep_text(void *ctx, const char *line)
{
	strbuf__addf(ctx, "%s\n", line);
}

static int run(struct fetching *f, const char *const *argv, const char *dir, struct strbuf *text)
{
	char *tmp = apt_state__tmpdir(f->state);
	const char *env[] = { "LC_ALL=C", tmp, NULL };
	struct proc_opts opts = {
		.argv = argv,
		.env = env,
		.dir = dir,
		.on_line = text ? keep_text : on_line,
		.ctx = text ? (void *)text : f,
		.cancel_fd = f->o->cancel_fd,
	};
	int status = 0, err = tmp ? proc_run(&opts, &status) : -ENOMEM;

	free(tmp);
	return err ? err : status ? -ENOENT : 0;
}

/* The record of a package, with "=VERSION" or without. 0 or -ENOENT. */
static int show(struct fetching *f, const char *package)
{
	const char *argv[] = { "apt-cache",	    "-c",    f->conf, "show",
			       "--no-all-versions", package, NULL };
	struct strbuf text = STRBUF_INIT;
	int err = run(f, argv, NULL, &text);

	control__release(&f->c);
	if (!err)
		err = control__parse(strbuf__str(&text), &f->c);
	strbuf__free(&text);
	return err;
}

static int update(struct fetching *f, const struct strv *suites)
{
	const char *argv[] = { "apt-get",	   "-c",     f->conf, "-q", "-o",
			       "APT::Status-Fd=1", "update", NULL };
	const char *keyring = file_exists(KEYRING) ? KEYRING : NULL;
	char *text =
		apt_sources(&f->mirrors, "deb", (const char *const *)suites->v, suites->n, keyring);
	char *list = str_fmt("%s/assay.sources", f->state);
	int err = text && list ? 0 : -ENOMEM;

	if (!err)
		err = *text ? file_write(list, text, strlen(text)) : -ENOENT;
	if (!err)
		err = run(f, argv, NULL, NULL);
	free(list);
	free(text);
	/* Of several suites some may be gone from the mirror: what counts is the package. */
	return err == -ENOENT ? 0 : err;
}

/* What apt itself said may be of a suite that is not on the mirror, or why there is none. */
static int not_found(struct fetching *f, const char *want, const struct strv *suites)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "there is no package %s in", want);
	for (size_t i = 0; i < suites->n; i++)
		strbuf__addf(&sb, "%s %s", i ? "," : "", suites->v[i]);
	if (f->error)
		strbuf__addf(&sb, " (apt said: %s)", f->error);
	free(f->error);
	f->error = strbuf__detach(&sb);
	return -ENOENT;
}

/* From what was asked for to the package of a kernel: its record is in f->c then. */
static int resolve(struct fetching *f, const struct strv *suites)
{
	char *want = f->p->version ? str_fmt("%s=%s", f->p->package, f->p->version)
				   : strdup(f->p->package);
	int err = want ? update(f, suites) : -ENOMEM;

	for (int i = 0; !err; i++) {
		err = show(f, want);
		if (err == -ENOENT)
			err = not_found(f, want, suites);
		if (err || control__is_kernel(&f->c))
			break;
		free(want);
		want = control__next(&f->c);
		if (!want || i == STEPS_MAX) {
			log_err("kernel %s: the package %s is no kernel and depends on none",
				f->kernel, f->c.package);
			err = -EINVAL;
		}
	}
	free(want);
	return err;
}

/* "bookworm", with its security and point-release updates. */
static int add_release(struct strv *suites, const char *name)
{
	static const char *const ends[] = { "", "-security", "-updates" };
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(ends) / sizeof(ends[0]); i++) {
		char *suite = str_fmt("%s%s", name, ends[i]);

		err = suite ? strv__add(suites, suite) : -ENOMEM;
		free(suite);
		if (strchr(name, '-')) /* such as bookworm-backports */
			break;
	}
	return err;
}

/* This host's release, if it says so. */
static int add_own_release(struct strv *suites)
{
	struct strv lines = { 0 };
	char *text = NULL;
	int err = file_read(OS_RELEASE, 1 << 16, &text, NULL);

	if (!err)
		err = strv__split(&lines, text, "\n");
	for (size_t i = 0; !err && i < lines.n; i++)
		if (str_starts(lines.v[i], "VERSION_CODENAME="))
			err = add_release(suites, strchr(lines.v[i], '=') + 1);
	strv__free(&lines);
	free(text);
	return err == -ENOENT ? 0 : err;
}

static int find(struct fetching *f)
{
	struct strv suites = { 0 };
	int err = f->p->suite ? add_release(&suites, f->p->suite) : add_own_release(&suites);

	if (!err)
		err = suites.n ? resolve(f, &suites) : -ENOENT;
	strv__free(&suites);
	if (err != -ENOENT || f->p->suite)
		return err;
	free(f->error);
	f->error = NULL;
	err = 0;
	for (size_t i = 0; !err && i < nr_apt_suites; i++)
		err = strv__add(&suites, apt_suites[i]);
	if (!err)
		err = resolve(f, &suites);
	strv__free(&suites);
	return err;
}

/* Is the file there, and the one of the signed index? */
static bool is_there(const struct fetching *f, const char *path)
{
	char hex[HASH_HEX];

	return file_exists(path) && !source__hash(f->o->paths, path, hex) &&
	       !strcasecmp(hex, f->c.sha256);
}

static int download(struct fetching *f, const char *dir, char **path)
{
	char *partial = str_fmt("%s/partial", dir), *want = control__version(&f->c);
	char *file = control__file(&f->c), *from = NULL;
	const char *argv[] = { "apt-get",	   "-c",       f->conf, "-q", "-o",
			       "APT::Status-Fd=1", "download", want,	NULL };
	int err = partial && want && file ? 0 : -ENOMEM;

	if (!err) {
		*path = str_fmt("%s/%s", dir, file);
		from = str_fmt("%s/%s", partial, file);
		err = *path && from ? dir_make(partial) : -ENOMEM;
	}
	if (!err && !is_there(f, *path)) {
		err = run(f, argv, partial, NULL);
		if (!err && !is_there(f, from)) {
			log_err("kernel %s: %s is not what the signed index says: removed",
				f->kernel, from);
			unlink(from);
			err = -EBADMSG;
		}
		if (!err && rename(from, *path))
			err = -errno;
	}
	if (err) {
		free(*path);
		*path = NULL;
	}
	free(from);
	free(file);
	free(want);
	free(partial);
	return err;
}

static int prepare(struct fetching *f)
{
	char *program = proc_which("apt-get");
	int err;

	free(program);
	if (!program) {
		f->error = strdup("there is no apt-get here");
		return -ENOENT;
	}
	f->state = str_fmt("%s/apt/kernels", f->o->paths->cache);
	f->conf = f->state ? str_fmt("%s/apt.conf", f->state) : NULL;
	err = f->conf ? apt_state__make(f->state) : -ENOMEM;
	if (!err)
		err = apt_mirrors__find(&f->mirrors);
	if (!err && !f->mirrors.main.n && !f->mirrors.security.n) {
		f->error = strdup("apt's sources name no Debian archive");
		err = -ENOENT;
	}
	return err;
}

static int fetch(struct fetching *f, const char *dir, char **path)
{
	char *title = str_fmt("kernel %s: download", f->kernel);
	int err = title ? prepare(f) : -ENOMEM;

	if (!err) {
		f->progress = f->o->verbose ? NULL : progress__new(title, false);
		err = find(f);
	}
	if (!err)
		err = download(f, dir, path);
	progress__done(f->progress, err ? NULL : strrchr(*path, '/') + 1);
	if (err && err != -EINTR && err != -EINVAL && err != -EBADMSG)
		log_err("kernel %s: %s can't be had from Debian's archive: %s; a package that is "
			"there already: -k deb:FILE",
			f->kernel, f->p->spec,
			f->error	 ? f->error
			: err == -ENOENT ? "it has no such package"
					 : strerror(-err));
	free(title);
	return err;
}

int prebuilt__fetched(const struct prebuilt *p, const char *cache, char **path)
{
	struct control c = { .package = p->package, .version = p->version, .arch = "amd64" };
	char *file;

	*path = NULL;
	if (!p->version)
		return -ENOENT;
	file = control__file(&c);
	*path = file ? str_fmt("%s/sources/%s", cache, file) : NULL;
	free(file);
	if (!*path)
		return -ENOMEM;
	if (file_exists(*path))
		return 0;
	free(*path);
	*path = NULL;
	return -ENOENT;
}

int prebuilt__fetch(const char *kernel, const struct prebuilt *p, const struct image_opts *o,
		    char **path)
{
	struct fetching f = { .kernel = kernel, .p = p, .o = o };
	const char *cache = o->paths->cache;
	char *dir = str_fmt("%s/sources", cache);
	int lock = -1, err = dir ? prebuilt__fetched(p, cache, path) : -ENOMEM;

	if (err == -ENOENT) {
		lock = lock__take(cache, "sources", "is fetching sources", o->cancel_fd);
		err = lock < 0 ? lock : fetch(&f, dir, path);
	}
	if (lock >= 0)
		close(lock);
	apt_mirrors__release(&f.mirrors);
	control__release(&f.c);
	free(f.error);
	free(f.state);
	free(f.conf);
	free(dir);
	return err;
}
