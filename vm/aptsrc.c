// SPDX-License-Identifier: GPL-2.0-only
#include "vm/aptsrc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/term.h"

#define KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"

const char *const apt_suites[] = {
	"bullseye",
	"bullseye-security",
	"bullseye-updates",
	"bookworm",
	"bookworm-security",
	"bookworm-updates",
	"trixie",
	"trixie-security",
	"trixie-updates",
	"bullseye-backports",
	"bookworm-backports",
	"trixie-backports",
	"testing",
	"sid",
};
const size_t nr_apt_suites = sizeof(apt_suites) / sizeof(apt_suites[0]);

void apt_mirrors__release(struct apt_mirrors *m)
{
	strv__free(&m->main);
	strv__free(&m->security);
}

static int add_uri(struct strv *sv, const char *uri)
{
	return strv__has(sv, uri) ? 0 : strv__add(sv, uri);
}

static int add_mirror(struct apt_mirrors *m, char *line)
{
	char *field[4]; /* label, origin, release, URI */
	bool security;
	size_t len;

	for (int i = 0; i < 4; i++) {
		field[i] = line;
		line = strchr(line, '|');
		if (!line && i < 3)
			return 0;
		if (line)
			*line++ = '\0';
	}
	len = strlen(field[3]);
	while (len && strchr("/\r ", field[3][len - 1]))
		field[3][--len] = '\0';
	if (!len)
		return 0;
	security = str_ends(field[2], "-security");
	/* An unknown field comes back as its own "$(NAME)". */
	if (*field[1] == '$' || !*field[1]) {
		if (!security && !str_ends(field[3], "/debian"))
			return 0;
	} else if (strncmp(field[1], "Debian", strlen("Debian"))) {
		return 0;
	} else {
		security = !strcmp(field[0], "Debian-Security");
	}
	return add_uri(security ? &m->security : &m->main, field[3]);
}

static int add_beside(struct strv *to, const struct strv *from, const char *end, const char *other)
{
	int err = 0;

	for (size_t i = 0; !err && !to->n && i < from->n; i++) {
		const char *uri = from->v[i];
		char *guess;

		if (!str_ends(uri, end))
			continue;
		guess = str_fmt("%.*s%s", (int)(strlen(uri) - strlen(end)), uri, other);
		err = guess ? strv__add(to, guess) : -ENOMEM;
		free(guess);
	}
	return err;
}

int apt_mirrors__parse(const char *text, struct apt_mirrors *m)
{
	struct strv lines = { 0 };
	int err = strv__split(&lines, text, "\n");

	*m = (struct apt_mirrors){ 0 };
	for (size_t i = 0; !err && i < lines.n; i++)
		err = add_mirror(m, lines.v[i]);
	if (!err)
		err = add_beside(&m->security, &m->main, "/debian", "/debian-security");
	if (!err)
		err = add_beside(&m->main, &m->security, "/debian-security", "/debian");
	strv__free(&lines);
	if (err)
		apt_mirrors__release(m);
	return err;
}

char *apt_sources(const struct apt_mirrors *m, const char *type, const char *const *suites,
		  size_t n, const char *keyring)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < n; i++) {
		const struct strv *uris =
			str_ends(suites[i], "-security") ? &m->security : &m->main;

		if (!uris->n)
			continue;
		strbuf__addf(&sb, "%sTypes: %s\nURIs:", sb.len ? "\n" : "", type);
		for (size_t k = 0; k < uris->n; k++)
			strbuf__addf(&sb, " %s/", uris->v[k]);
		strbuf__addf(&sb, "\nSuites: %s\nComponents: main\n", suites[i]);
		if (keyring)
			strbuf__addf(&sb, "Signed-By: %s\n", keyring);
	}
	if (sb.failed) {
		strbuf__free(&sb);
		return NULL;
	}
	return strbuf__detach(&sb);
}

char *apt_file_name(const char *package)
{
	struct strbuf sb = STRBUF_INIT;

	for (const char *s = package; *s; s++) {
		if (*s == '=')
			strbuf__add(&sb, "_", 1);
		else if (*s == ':') /* apt writes an epoch so */
			strbuf__add(&sb, "%3a", 3);
		else
			strbuf__add(&sb, s, 1);
	}
	strbuf__addf(&sb, "_all.deb");
	return strbuf__detach(&sb);
}

const char *apt_keyring(void)
{
	return file_exists(KEYRING) ? KEYRING : NULL;
}

static void keep_line(void *ctx, const char *line)
{
	strbuf__addf(ctx, "%s\n", line);
}

int apt_mirrors__find(struct apt_mirrors *m)
{
	/* Without its caches apt has nothing of the host's to rewrite. */
	const char *argv[] = { "apt-get",
			       "indextargets",
			       "-o",
			       "Dir::Cache::pkgcache=",
			       "-o",
			       "Dir::Cache::srcpkgcache=",
			       "--format",
			       "$(LABEL)|$(ORIGIN)|$(RELEASE)|$(REPO_URI)",
			       "Created-By: Packages",
			       NULL,
			       NULL };
	size_t last = sizeof(argv) / sizeof(argv[0]) - 2;
	int err = 0;

	*m = (struct apt_mirrors){ 0 };
	/* A second time for a host that has sources but has never fetched their lists. */
	for (int i = 0; !err && i < 2 && !m->main.n && !m->security.n; i++) {
		/* apt's warnings of the host's sources are not for our users: they come along, and
		 * are no mirrors. */
		struct strbuf said = STRBUF_INIT;
		const struct proc_opts opts = { .argv = argv, .on_line = keep_line, .ctx = &said };
		int status;

		apt_mirrors__release(m);
		argv[last] = i ? "--no-release-info" : NULL;
		err = proc_run(&opts, &status);
		if (!err && !status)
			err = apt_mirrors__parse(strbuf__str(&said), m);
		strbuf__free(&said);
	}
	return err;
}

/* The host's apt.conf.d holds (proxies, credentials), except for places and for its hooks, which
 * are about its own packages. Valid-Until: a suite that is retired expires, while what is wanted of
 * it is pinned by its SHA-256. */
static int write_conf(const char *apt)
{
	struct strbuf sb = STRBUF_INIT;
	char *path = str_fmt("%s/apt.conf", apt);
	int err;

	strbuf__addf(&sb,
		     "Dir::State \"%s\";\n"
		     "Dir::State::Lists \"%s/lists\";\n"
		     "Dir::State::status \"%s/status\";\n"
		     "Dir::Cache \"%s/cache\";\n"
		     "Dir::Etc::SourceList \"%s/assay.sources\";\n"
		     "Dir::Etc::SourceParts \"-\";\n"
		     "Acquire::Languages \"none\";\n"
		     "Acquire::Retries \"3\";\n"
		     "Acquire::Check-Valid-Until \"false\";\n"
		     "#clear APT::Update::Pre-Invoke;\n"
		     "#clear APT::Update::Post-Invoke;\n"
		     "#clear APT::Update::Post-Invoke-Success;\n"
		     "#clear Acquire::IndexTargets::deb::DEP-11;\n"
		     "#clear Acquire::IndexTargets::deb::CNF;\n"
		     "#clear Acquire::IndexTargets::deb::Contents-deb;\n",
		     apt, apt, apt, apt, apt);
	err = !path || sb.failed ? -ENOMEM : file_write(path, strbuf__str(&sb), sb.len);
	strbuf__free(&sb);
	free(path);
	return err;
}

char *apt_state__tmpdir(const char *apt)
{
	return str_fmt("TMPDIR=%s/tmp", apt);
}

int apt_state__make(const char *apt)
{
	static const char *const dirs[] = { "lists/partial", "cache/archives/partial", "tmp" };
	char *status = str_fmt("%s/status", apt), *tmp = str_fmt("%s/tmp", apt);
	int err = status && tmp ? dir_remove(tmp) : -ENOMEM;

	for (size_t i = 0; !err && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char *dir = str_fmt("%s/%s", apt, dirs[i]);

		err = dir ? dir_make(dir) : -ENOMEM;
		free(dir);
	}
	if (!err)
		err = file_write(status, "", 0);
	if (!err)
		err = write_conf(apt);
	free(tmp);
	free(status);
	return err;
}

struct talk {
	const struct source_opts *o;
	struct progress *progress;
	char *error;   /* the last "E: …" */
	bool loading;  /* the package, not the lists */
	bool mismatch; /* what was downloaded is not what the signed index says */
};

static void on_line(void *ctx, const char *line)
{
	struct talk *t = ctx;
	double percent;

	if (sscanf(line, "dlstatus:%*[^:]:%lf:", &percent) == 1) {
		progress__update(t->progress, t->loading ? percent / 100 : -1, NULL);
		return;
	}
	if (t->o->verbose && *line)
		fprintf(stderr, "%s\n", line);
	t->mismatch =
		t->mismatch || strstr(line, "Hash Sum mismatch") || strstr(line, "unexpected size");
	if (str_starts(line, "E: ")) {
		free(t->error);
		t->error = strdup(line + 3);
	}
}

static int run_apt(struct talk *t, const char *apt, const char *dir, const char *const *args,
		   int *status)
{
	char *conf = str_fmt("%s/apt.conf", apt), *tmp = apt_state__tmpdir(apt);
	const char *env[] = { "LC_ALL=C", tmp, NULL };
	const char *argv[16] = { "apt-get", "-c", conf, "-q", "-o", "APT::Status-Fd=1" };
	struct proc_opts opts = { .argv = argv,
				  .env = env,
				  .dir = dir,
				  .on_line = on_line,
				  .ctx = t,
				  .cancel_fd = t->o->cancel_fd };
	size_t n = 6;
	int err;

	while (*args && n < sizeof(argv) / sizeof(argv[0]) - 1)
		argv[n++] = *args++;
	err = conf && tmp ? proc_run(&opts, status) : -ENOMEM;
	free(tmp);
	free(conf);
	return err;
}

/* One attempt, in some suites: 0 when the package is there, -ENOENT when it is not to be had. */
static int try_suites(struct talk *t, const struct apt_want *w, const struct apt_mirrors *m,
		      const char *apt, const char *dir, const char *const *suites, size_t n)
{
	const char *update[] = { "update", NULL };
	const char *binary[] = { "download", w->package, NULL };
	const char *source[] = { "source", "--download-only", "--only-source", w->package, NULL };
	const char *const *get = w->source ? source : binary;
	char *text = apt_sources(m, w->source ? "deb-src" : "deb", suites, n, apt_keyring());
	char *list = str_fmt("%s/assay.sources", apt);
	char *name = apt_file_name(w->package);
	char *part = name ? str_fmt("%s/%s", dir, name) : NULL;
	int status = 0, err = -ENOMEM;

	if (!text || !list || !part)
		goto out;
	err = *text ? file_write(list, text, strlen(text)) : -ENOENT;
	/* Of several suites some may be gone from the mirror: what counts is the package. */
	t->loading = false;
	if (!err)
		err = run_apt(t, apt, NULL, update, &status);
	t->loading = true;
	t->mismatch = false;
	if (!err)
		err = run_apt(t, apt, dir, get, &status);
	/* A damaged part was continued: from the beginning, then. (Of a source package, apt does
	 * so by itself.) */
	if (!err && status && t->mismatch && !w->source && !unlink(part))
		err = run_apt(t, apt, dir, get, &status);
	if (!err && status)
		err = -ENOENT;
out:
	free(part);
	free(name);
	free(text);
	free(list);
	return err;
}

static int fetch(const struct apt_want *w, const struct source_opts *o, const char *dir,
		 const struct apt_mirrors *m, char **reason)
{
	char *apt = str_fmt("%s/apt", o->paths->cache);
	struct talk t = { .o = o };
	int err = apt ? apt_state__make(apt) : -ENOMEM;

	if (err)
		goto out;
	t.progress = o->verbose ? NULL : progress__new(w->title, false);
	err = -ENOENT;
	if (w->suites->n)
		err = try_suites(&t, w, m, apt, dir, (const char *const *)w->suites->v,
				 w->suites->n);
	if (err == -ENOENT)
		err = try_suites(&t, w, m, apt, dir, apt_suites, nr_apt_suites);
	progress__done(t.progress, err ? NULL : w->package);
out:
	if (err && err != -EINTR)
		*reason = t.error ? strdup(t.error) : str_fmt("apt-get: %s", strerror(-err));
	free(t.error);
	free(apt);
	return err;
}

int apt_get(const struct apt_want *w, const struct source_opts *o, const char *dir, char **reason)
{
	char *program = proc_which("apt-get");
	struct apt_mirrors m = { 0 };
	int err;

	*reason = NULL;
	free(program);
	if (!program) {
		*reason = strdup("there is no apt-get here");
		return -ENOENT;
	}
	err = apt_mirrors__find(&m);
	if (!err && !m.main.n && !m.security.n) {
		*reason = strdup("apt's sources name no Debian archive");
		err = -ENOENT;
	}
	if (!err)
		err = fetch(w, o, dir, &m, reason);
	apt_mirrors__release(&m);
	return err;
}

int apt_fetch(const struct kernel *k, const struct source_opts *o, const char *dir, char **file,
	      char **reason)
{
	char *title = str_fmt("kernel %s: download", k->name);
	struct apt_want w = {
		.title = title, .package = k->package, .suites = &k->suites, .source = k->orig
	};
	int err;

	*reason = NULL;
	*file = NULL;
	err = title ? apt_get(&w, o, dir, reason) : -ENOMEM;
	if (!err) {
		*file = k->orig ? strdup(k->orig) : apt_file_name(k->package);
		err = *file ? 0 : -ENOMEM;
	}
	free(title);
	return err;
}
