// SPDX-License-Identifier: GPL-2.0-only
/* A folder in which tools are missing, and what programs say there. */
#include <dirent.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "setup.h"

#define RUN_TIMEOUT_MS 30000

char *place__at(const struct place *p, const char *name)
{
	return str_fmt("%s/%s", p->dir, name);
}

/* Links to everything in a folder of PATH, but for what an earlier one has. */
static void link_folder(const struct place *p, const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		char *from = str_fmt("%s/%s", folder, entry->d_name);
		char *to = str_fmt("%s/%s", p->tools, entry->d_name);

		if (from && to && *entry->d_name != '.')
			(void)!symlink(from, to); /* EEXIST: PATH's order is kept */
		free(from);
		free(to);
	}
	if (d)
		closedir(d);
}

static int link_tools(const struct place *p)
{
	const char *path = getenv("PATH");
	struct strv folders = { 0 };
	int err = strv__split(&folders, path ? path : "/usr/bin:/bin", ":");

	for (size_t i = 0; !err && i < folders.n; i++)
		link_folder(p, folders.v[i]);
	strv__free(&folders);
	return err;
}

int place__open(struct place *p, struct exp *e)
{
	char template[] = "/tmp/assay-setup-XXXXXX", *cache;
	int err;

	*p = (struct place){ .e = e };
	if (!mkdtemp(template))
		return exp__fail(e, -errno, "make a folder in /tmp");
	p->dir = strdup(template);
	p->tools = str_fmt("%s/tools", template);
	p->path_env = str_fmt("PATH=%s/tools", template);
	p->cache_env = str_fmt("ASSAY_CACHE=%s/cache", template);
	p->results_env = str_fmt("ASSAY_RESULTS=%s/results", template);
	cache = str_fmt("%s/cache", template);
	if (!p->dir || !p->tools || !p->path_env || !p->cache_env || !p->results_env || !cache)
		err = -ENOMEM;
	else
		err = dir_make(p->tools);
	if (!err)
		err = dir_make(cache);
	if (!err)
		err = link_tools(p);
	free(cache);
	return err ? exp__fail(e, err, "fill a folder in /tmp") : 0;
}

void place__close(struct place *p)
{
	if (p->dir)
		dir_remove(p->dir);
	free(p->dir);
	free(p->tools);
	free(p->path_env);
	free(p->cache_env);
	free(p->results_env);
	*p = (struct place){ 0 };
}

/* In the build's folder, or where `make install` puts it. */
char *setup__guest(const char *assay)
{
	const char *slash = strrchr(assay, '/');
	int len = slash ? (int)(slash - assay) : 1;
	char *guest = str_fmt("%.*s/assay-guest", len, slash ? assay : ".");

	if (guest && !file_exists(guest)) {
		free(guest);
		guest = str_fmt("%.*s/../lib/assay/assay-guest", len, slash ? assay : ".");
	}
	return guest;
}

/* --- tools ---------------------------------------------------------------------------------- */

int place__take_away(const struct place *p, const char *tool)
{
	char *path = str_fmt("%s/%s", p->tools, tool);
	int err = !path ? -ENOMEM : unlink(path) && errno != ENOENT ? -errno : 0;

	free(path);
	return err ? exp__fail(p->e, err, "take %s away", tool) : 0;
}

int place__fake(const struct place *p, const char *tool, const char *script)
{
	char *path = str_fmt("%s/%s", p->tools, tool), *text = str_fmt("#!/bin/sh\n%s\n", script);
	int err = place__take_away(p, tool);

	if (err)
		goto out;
	err = path && text ? file_write(path, text, strlen(text)) : -ENOMEM;
	if (!err && chmod(path, 0755))
		err = -errno;
	if (err)
		exp__fail(p->e, err, "put a script in the place of %s", tool);
out:
	free(path);
	free(text);
	return err;
}

int place__give_back(const struct place *p, const char *tool)
{
	char *real = proc_which(tool), *path = str_fmt("%s/%s", p->tools, tool);
	int err = place__take_away(p, tool);

	if (!err && real && (!path || symlink(real, path)))
		err = exp__fail(p->e, path ? -errno : -ENOMEM, "give %s back", tool);
	free(real);
	free(path);
	return err;
}

/* --- programs ------------------------------------------------------------------------------- */

static void keep_line(void *ctx, const char *line)
{
	strbuf__addf(ctx, "%s\n", line);
}

/* A shell sends the errors to a file and becomes the program. */
static int wrap(struct strv *argv, const char *errors, const char *const *program)
{
	static const char script[] = "exec \"$@\" 2>\"$0\"";
	int err = strv__add(argv, "/bin/sh");

	err = err ? err : strv__add(argv, "-c");
	err = err ? err : strv__add(argv, script);
	err = err ? err : strv__add(argv, errors);
	for (; !err && *program; program++)
		err = strv__add(argv, *program);
	return err;
}

int place__run(const struct place *p, bool doctored, const char *const *program, struct said *said)
{
	const char *const env[] = { p->path_env, p->cache_env, p->results_env, "LC_ALL=C", NULL };
	char *errors = place__at(p, "errors"), *text = NULL;
	struct strv argv = { 0 };
	int err = errors ? wrap(&argv, errors, program) : -ENOMEM;
	struct proc_opts opts = {
		.dir = p->dir,
		/* The last ones are for all. */
		.env = doctored ? env : env + 2,
		.on_line = keep_line,
		.ctx = &said->out,
		.stdout_only = true,
		.timeout_ms = RUN_TIMEOUT_MS,
		.cancel_fd = -1,
	};

	*said = (struct said){ .status = -1 };
	opts.argv = (const char *const *)argv.v;
	if (!err)
		err = proc_run(&opts, &said->status);
	if (!err)
		err = file_read(errors, 0, &text, NULL);
	if (text)
		strbuf__addf(&said->err, "%s", text);
	free(text);
	free(errors);
	strv__free(&argv);
	return err ? exp__fail(p->e, err, "run %s", program[0]) : 0;
}

void said__release(struct said *said)
{
	strbuf__free(&said->out);
	strbuf__free(&said->err);
}

/* --- checks --------------------------------------------------------------------------------- */

void said__check_status(const struct said *said, struct record *r, int status)
{
	char text[40];

	snprintf(text, sizeof(text), "it ends with status %d", status);
	exp__check(r, said->status == status, text, "%d", said->status);
}

void said__check_line(const struct said *said, struct record *r, const char *line)
{
	const char *text = strbuf__str(&said->err);
	int first = (int)strcspn(text, "\n");
	bool one = text[first] == '\n' && !text[first + 1];

	exp__observed(r, 0, "%.*s", first, text);
	exp__check(r, one, "one line of errors", "%s", one ? "one" : text);
	exp__check(r, (size_t)first == strlen(line) && !strncmp(text, line, (size_t)first),
		   "it names the object, what is wrong and what mends it", "%.*s", first, text);
}

void said__check_match(struct record *r, const char *text, const char *what, const char *regex)
{
	bool match = false;
	regex_t re;

	if (!regcomp(&re, regex, REG_EXTENDED | REG_NOSUB | REG_NEWLINE)) {
		match = !regexec(&re, text, 0, NULL, 0);
		regfree(&re);
	}
	exp__check(r, match, what, "%s", match ? "it does" : text);
}
