// SPDX-License-Identifier: GPL-2.0-only
#include "vm/aptindex.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/term.h"
#include "vm/aptsrc.h"
#include "vm/lock.h"

#define HELPER	"/usr/lib/apt/apt-helper"
#define PACKAGE "linux-source-"

/* Where the next release is made; looked into for what is new, never for a pinned package. */
static const char *const development[] = { "testing", "sid" };
#define NR_DEVELOPMENT (sizeof(development) / sizeof(development[0]))

void apt_offers__release(struct apt_offers *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->v[i].package);
		free(o->v[i].version);
		free(o->v[i].sha256);
		free(o->v[i].url);
		strv__free(&o->v[i].suites);
	}
	free(o->v);
	strv__free(&o->read);
	strv__free(&o->lacking);
	strv__free(&o->stale);
	*o = (struct apt_offers){ 0 };
}

/* "linux-source-6.1", not the package that depends on the newest. */
static bool is_source(const char *name)
{
	const char *branch = name + strlen(PACKAGE);

	return str_starts(name, PACKAGE) && isdigit((unsigned char)*branch) &&
	       !branch[strspn(branch, "0123456789.")];
}

static struct apt_offer *find(struct apt_offers *o, const struct apt_index *x)
{
	for (size_t i = 0; i < o->n; i++)
		if (!strcmp(o->v[i].package, x->package) && !strcmp(o->v[i].version, x->version) &&
		    !strcmp(o->v[i].sha256, x->sha256))
			return &o->v[i];
	return NULL;
}

static struct apt_offer *add(struct apt_offers *o, struct apt_index *x)
{
	struct apt_offer *v = reallocarray(o->v, o->n + 1, sizeof(*v));
	size_t len = strlen(x->archive);

	if (!v)
		return NULL;
	o->v = v;
	v += o->n;
	*v = (struct apt_offer){ .package = x->package, .version = x->version };
	v->sha256 = x->sha256;
	x->package = x->version = x->sha256 = NULL;
	o->n++;
	v->url = str_fmt("%s%s%s", x->archive, len && x->archive[len - 1] == '/' ? "" : "/",
			 x->file);
	return v->url ? v : NULL;
}

static void end_package(struct apt_index *x)
{
	struct apt_offer *o;

	if (!x->err && x->package && x->version && x->sha256 && x->file) {
		o = find(x->to, x);
		if (!o)
			o = add(x->to, x);
		if (!o)
			x->err = -ENOMEM;
		else if (!strv__has(&o->suites, x->suite))
			x->err = strv__add(&o->suites, x->suite);
	}
	free(x->package);
	free(x->version);
	free(x->sha256);
	free(x->file);
	x->package = x->version = x->sha256 = x->file = NULL;
}

static void take(struct apt_index *x, char **to, const char *value)
{
	value += strspn(value, " \t");
	free(*to);
	*to = strdup(value);
	if (!*to)
		x->err = -ENOMEM;
}

void apt_index__line(struct apt_index *x, const char *line)
{
	struct {
		const char *name;
		char **to;
	} fields[] = {
		{ "Version:", &x->version },
		{ "SHA256:", &x->sha256 },
		{ "Filename:", &x->file },
	};

	if (!*line) {
		end_package(x);
		return;
	}
	if (str_starts(line, "Package:")) {
		const char *name = line + strlen("Package:");

		end_package(x);
		if (is_source(name + strspn(name, " \t")))
			take(x, &x->package, name);
	}
	/* An index has 60,000 packages; only few are kernels. */
	for (size_t i = 0; x->package && i < sizeof(fields) / sizeof(fields[0]); i++)
		if (str_starts(line, fields[i].name))
			take(x, fields[i].to, line + strlen(fields[i].name));
}

int apt_index__end(struct apt_index *x)
{
	end_package(x);
	return x->err;
}

/* --- fetching --------------------------------------------------------------------------------- */

struct fetching {
	const struct source_opts *o;
	char *dir, *conf; /* of the apt state */
	struct progress *progress;
	struct strbuf said; /* lines of `apt-get indextargets` */
	char *error;
	struct strv *stale;
	int err;
};

/* apt counts it as done, with a warning, when it can't fetch what it has an older copy of. What the
 * mirror answered that it does not have (a suite that it does not carry) is no older copy. */
static const char *not_fetched(const char *line)
{
	static const char says[] = " Failed to fetch ";

	if ((*line != 'W' && *line != 'E') || line[1] != ':' || !str_starts(line + 2, says) ||
	    strstr(line, "File not found") || strstr(line, "  404 "))
		return NULL;
	return line + 2 + strlen(says);
}

static void on_update(void *ctx, const char *line)
{
	struct fetching *f = ctx;

	progress__update(f->progress, -1, NULL);
	if (f->o->verbose && *line)
		fprintf(stderr, "%s\n", line);
	if (not_fetched(line) && strv__add(f->stale, not_fetched(line)))
		f->err = -ENOMEM;
	if (str_starts(line, "E: ")) {
		free(f->error);
		f->error = strdup(line + 3);
	}
}

static void on_target(void *ctx, const char *line)
{
	strbuf__addf(ctx, "%s\n", line);
}

static void on_index_line(void *ctx, const char *line)
{
	apt_index__line(ctx, line);
}

static int run(const struct fetching *f, const char *const *argv,
	       void (*on_line)(void *ctx, const char *line), void *ctx, int *status)
{
	char *tmp = apt_state__tmpdir(f->dir);
	const char *env[] = { "LC_ALL=C", tmp, NULL };
	int err = tmp ? 0 : -ENOMEM;

	if (!err)
		err = proc_run(
			&(struct proc_opts){
				.argv = argv,
				.env = env,
				.on_line = on_line,
				.ctx = ctx,
				.cancel_fd = f->o->cancel_fd,
			},
			status);
	free(tmp);
	return err;
}

static int write_sources(const struct fetching *f)
{
	const char *suites[32];
	struct apt_mirrors m;
	char *path = NULL, *text = NULL;
	size_t n = 0;
	int err = apt_mirrors__find(&m);

	if (err)
		return err;
	while (n < nr_apt_suites && n < 32 - NR_DEVELOPMENT) {
		suites[n] = apt_suites[n];
		n++;
	}
	for (size_t i = 0; i < NR_DEVELOPMENT; i++)
		suites[n++] = development[i];
	text = apt_sources(&m, "deb", suites, n, apt_keyring());
	path = str_fmt("%s/assay.sources", f->dir);
	if (!text || !path)
		err = -ENOMEM;
	else
		err = *text ? file_write(path, text, strlen(text)) : -ENOENT;
	free(path);
	free(text);
	apt_mirrors__release(&m);
	return err;
}

static int read_index(const struct fetching *f, const char *file, const char *suite,
		      const char *archive, struct apt_offers *out)
{
	const char *argv[] = { HELPER, "-c", f->conf, "cat-file", file, NULL };
	struct apt_index x = { .to = out, .suite = suite, .archive = archive };
	int status = 0, err;

	err = run(f, argv, on_index_line, &x, &status);
	if (!err && status)
		err = -EIO;
	if (apt_index__end(&x) && !err)
		err = x.err;
	return err;
}

/* Lines "FILE|SUITE|ARCHIVE". */
static int read_indexes(struct fetching *f, struct apt_offers *out)
{
	struct strv lines = { 0 };
	int err = strv__split(&lines, strbuf__str(&f->said), "\n");

	for (size_t i = 0; !err && i < lines.n; i++) {
		char *save = NULL, *file = strtok_r(lines.v[i], "|", &save);
		char *suite = strtok_r(NULL, "|", &save), *archive = strtok_r(NULL, "|", &save);

		if (!archive || *file != '/' || !file_exists(file))
			continue;
		progress__update(f->progress, (double)i / lines.n, suite);
		err = read_index(f, file, suite, archive, out);
		if (!err && !strv__has(&out->read, suite))
			err = strv__add(&out->read, suite);
	}
	for (size_t i = 0; !err && i < nr_apt_suites + NR_DEVELOPMENT; i++) {
		const char *suite =
			i < nr_apt_suites ? apt_suites[i] : development[i - nr_apt_suites];

		if (!strv__has(&out->read, suite))
			err = strv__add(&out->lacking, suite);
	}
	strv__free(&lines);
	return err;
}

static int fetch(struct fetching *f, struct apt_offers *out, char **reason)
{
	const char *update[] = { "apt-get", "-c", f->conf, "-q", "update", NULL };
	const char *targets[] = { "apt-get",
				  "-c",
				  f->conf,
				  "indextargets",
				  "--format",
				  "$(FILENAME)|$(RELEASE)|$(REPO_URI)",
				  "Created-By: Packages",
				  NULL };
	int status = 0, err = apt_state__make(f->dir);

	if (!err)
		err = write_sources(f);
	if (err == -ENOENT)
		*reason = strdup("apt's sources name no Debian archive");
	/* A suite that the mirror lacks makes it fail, after it has fetched the others. */
	if (!err)
		err = run(f, update, on_update, f, &status);
	if (!err)
		err = f->err;
	if (!err)
		err = run(f, targets, on_target, &f->said, &status);
	if (!err)
		err = read_indexes(f, out);
	if (!err && !out->read.n) {
		*reason = strdup(f->error	? f->error
				 : out->stale.n ? out->stale.v[0]
						: "no suite has an index");
		err = -ENOENT;
	}
	return err;
}

int apt_offers__fetch(const struct source_opts *o, struct apt_offers *out, char **reason)
{
	const char *cache = o->paths->cache;
	struct fetching f = { .o = o, .said = STRBUF_INIT, .stale = &out->stale };
	char *program = proc_which("apt-get");
	int lock = -1, err = -ENOMEM;

	*reason = NULL;
	*out = (struct apt_offers){ 0 };
	f.dir = str_fmt("%s/apt/index", cache);
	f.conf = str_fmt("%s/apt/index/apt.conf", cache);
	if (!program) {
		*reason = strdup("there is no apt-get here");
		err = -ENOENT;
	} else if (f.dir && f.conf) {
		lock = lock__take(cache, "index", "is asking Debian's archive", o->cancel_fd);
		err = lock < 0 ? lock : 0;
	}
	if (!err) {
		f.progress = o->verbose ? NULL : progress__new("Debian's package lists", false);
		err = fetch(&f, out, reason);
		progress__done(f.progress, err ? NULL : "read");
	}
	if (err && err != -EINTR && !*reason)
		*reason = strdup(strerror(-err));
	if (err)
		apt_offers__release(out);
	if (lock >= 0)
		close(lock);
	strbuf__free(&f.said);
	free(f.error);
	free(program);
	free(f.dir);
	free(f.conf);
	return err;
}
