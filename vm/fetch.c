// SPDX-License-Identifier: GPL-2.0-only
#include "vm/fetch.h"

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

struct talk {
	const struct source_opts *o;
	struct progress *progress;
	char *last; /* line that is no progress: the error, if it fails */
};

int check_sha256(const char *kernel, const char *path, const char *sha256, bool again)
{
	char is[HASH_HEX];
	int err = hash_file(path, is);

	if (err) {
		log_err("kernel %s: %s: cannot be read: %s", kernel, path, strerror(-err));
		return err;
	}
	if (!strcmp(is, sha256))
		return 0;
	log_at(again ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR,
	       "kernel %s: %s: its SHA-256 is %s, but kernels.ini says %s: removed%s", kernel, path,
	       is, sha256, again ? "; it is fetched anew" : " and refused");
	if (unlink(path))
		log_err("%s: cannot be removed: %s", path, strerror(errno));
	return -EBADMSG;
}

/* "… 12%" of wget, "#### 12.3%" of curl. */
static double percent(const char *line)
{
	const char *end = strrchr(line, '%'), *s = end;

	while (s && s > line && strchr("0123456789.", s[-1]))
		s--;
	return s && s < end ? strtod(s, NULL) : -1;
}

static void on_line(void *ctx, const char *line)
{
	struct talk *t = ctx;
	double p = percent(line);

	if (t->o->verbose && *line)
		fprintf(stderr, "%s\n", line);
	if (p >= 0 && p <= 100) {
		progress__update(t->progress, p / 100, NULL);
	} else if (line[strspn(line, " \t-=O#")]) {
		free(t->last);
		t->last = strdup(line);
	}
}

static int download(struct talk *t, const char *url, const char *path, int *status)
{
	/* curl draws its bar with carriage returns. */
	static const char script[] =
		"set -o pipefail; curl -fL --retry 3 --connect-timeout 30 --speed-limit 1000 "
		"--speed-time 60 -# -C - -o \"$2\" -- \"$1\" 2>&1 | stdbuf -oL tr '\\r' '\\n'";
	const char *curl[] = { "bash", "-c", script, "assay", url, path, NULL };
	const char *wget[] = { "wget",	    "-c",	    "--progress=dot:mega",
			       "--tries=3", "--timeout=30", "-O",
			       path,	    "--",	    url,
			       NULL };
	char *has_wget = proc_which("wget"), *has_curl = proc_which("curl");
	bool use_wget = has_wget && !str_starts(url, "file:");
	const char *env[] = { "LC_ALL=C", NULL };
	struct proc_opts opts = { .argv = use_wget ? wget : curl,
				  .env = env,
				  .on_line = on_line,
				  .ctx = t,
				  .cancel_fd = t->o->cancel_fd };
	int err;

	if (!use_wget && !has_curl) {
		log_err("%s: to fetch it takes wget or curl: apt-get install wget", url);
		err = -ENOENT;
	} else {
		err = proc_run(&opts, status);
	}
	free(has_wget);
	free(has_curl);
	return err;
}

/* Did the server refuse to go on where the file ends? wget and curl tell it apart from a network
 * that fails, after which what came so far is worth keeping. */
static bool refused_to_continue(int status)
{
	static const int codes[] = { 1, 8, /* wget: generic; an error response such as 416 */
				     22, 33, 36 /* curl: error response; no ranges; bad resume */ };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (status == codes[i])
			return true;
	return false;
}

/* 0, -ESTALE when the file cannot be continued, or -errno. */
static int attempt(const char *kernel, const char *url, const char *path,
		   const struct source_opts *o)
{
	char *title = str_fmt("kernel %s: download", kernel);
	bool partial = file_exists(path);
	struct talk t = { .o = o };
	int status = 0, err;

	if (!title)
		return -ENOMEM;
	t.progress = o->verbose ? NULL : progress__new(title, false);
	err = download(&t, url, path, &status);
	progress__done(t.progress, err || status ? NULL : url);
	if (!err && status && partial && refused_to_continue(status)) {
		err = -ESTALE;
	} else if (!err && status) {
		log_err("kernel %s: %s: cannot be fetched: %s", kernel, url,
			t.last ? t.last : "no reason given");
		err = -EIO;
	}
	free(t.last);
	free(title);
	return err;
}

int fetch_url(const char *kernel, const char *url, const char *sha256, const char *path,
	      const struct source_opts *o)
{
	int err;

	for (;;) {
		/* What was left may be damaged, or of something else. */
		bool partial = file_exists(path);

		err = attempt(kernel, url, path, o);
		if (!err)
			err = check_sha256(kernel, path, sha256, partial);
		if (!partial || (err != -ESTALE && err != -EBADMSG))
			return err;
		if (unlink(path) && errno != ENOENT)
			return -errno;
	}
}
