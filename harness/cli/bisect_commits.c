// SPDX-License-Identifier: GPL-2.0-only
/* `assay bisect --kernel-source GITTREE GOOD BAD …`: over commits, by `git bisect run`. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/bisect.h"
#include "cli/bisect_commit.h"
#include "cli/bisect_git.h"
#include "cli/bisect_line.h"
#include "cli/bisect_report.h"
#include "vm/inputs.h"

struct commits {
	struct cli *cli;
	const struct bisect_args *a;
	struct trial trial;
	struct scratch scratch;
	const struct kernel *entry;
	char *ends[2];	   /* the older commit and the newer one */
	char *kept;	   /* folder of what commits said */
	char self[4096];   /* our own program, found before anybody can replace it */
	struct strv found; /* a sentence for each record */
	bool exact;
};

/* --- the ends ----------------------------------------------------------------------------------
 */

static int try_end(void *ctx, size_t point, struct answers **out)
{
	struct commits *c = ctx;
	struct commit commit = {
		.entry = c->entry, .source = c->scratch.dir, .id = c->ends[point], .kept = c->kept
	};
	char *path = commit__kept(c->kept, commit.id);
	int err = !path		      ? -ENOMEM
		  : file_exists(path) ? 0
				      : scratch__checkout(&c->scratch, c->ends[point]);

	free(path);
	return err ? err : commit__ask(&c->trial, c->a, &commit, out);
}

/* Which of the two is the older one does not matter to the user; to git it does. */
static int order(struct commits *c)
{
	char *newer;
	int not ;

	if (!strcmp(c->ends[0], c->ends[1])) {
		log_err("GOOD and BAD are the same commit: there is nothing between");
		return -EINVAL;
	}
	not = scratch__is_ancestor(&c->scratch, c->ends[0], c->ends[1]);
	if (not <= 0)
		return not ;
	not = scratch__is_ancestor(&c->scratch, c->ends[1], c->ends[0]);
	if (not < 0)
		return not ;
	if (not ) {
		log_info("bisect: neither commit came of the other: git will try where they part, "
			 "too");
		return 0;
	}
	newer = c->ends[0];
	c->ends[0] = c->ends[1];
	c->ends[1] = newer;
	return 0;
}

/* --- what commits said -------------------------------------------------------------------------
 */

/* A folder for all commits that are asked the same in the same way. */
static int name_kept(struct commits *c)
{
	struct kernel k = *c->entry;
	struct inputs in;
	char key[KEY_HEX], *of = NULL;
	int err;

	if (c->a->no_series) {
		k.partial = true;
		k.nr_patches = 0;
	}
	err = inputs__read(&k, &c->cli->paths, &in);
	if (err)
		return err;
	err = inputs__built(&in, "commits", key);
	inputs__release(&in);
	if (!err)
		of = trial__memo(&c->trial, key);
	if (of) {
		of[strlen(of) - strlen(".json")] = '\0';
		c->kept = str_fmt("%s.commits", of);
	}
	free(of);
	return err ? err : c->kept ? dir_make(c->kept) : -ENOMEM;
}

/* What told nothing the last time is asked again; all of it with --rerun. */
static int forget(const struct commits *c)
{
	DIR *d = opendir(c->kept);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		char *path = *de->d_name == '.' ? NULL : str_fmt("%s/%s", c->kept, de->d_name);
		struct answers *a = NULL;

		if (path && (c->a->rerun || answers__load(path, &a) || !answers__are_final(a)))
			unlink(path);
		answers__free(a);
		free(path);
	}
	if (d)
		closedir(d);
	return d ? 0 : -errno;
}

/* --- one record --------------------------------------------------------------------------------
 */

static int add_machine(const struct bisect_args *a, struct strv *argv)
{
	char text[160];
	int err;

	snprintf(text, sizeof(text), "--cpus=%u --threads=%u --mem=%uM --accel=%s", a->vm.cpus,
		 a->vm.threads, a->vm.mem_mb, accel__name(a->vm.accel));
	err = strv__split(argv, text, " ");
	if (!err && a->vm.append)
		err = strv__add(argv, "--append") || strv__add(argv, a->vm.append) ? -ENOMEM : 0;
	if (!err && a->timeout_ms) {
		snprintf(text, sizeof(text), "--timeout=%llums", (unsigned long long)a->timeout_ms);
		err = strv__add(argv, text);
	}
	for (size_t i = 0; !err && i < a->params.n; i++)
		err = strv__add(argv, "-p") || strv__add(argv, a->params.v[i]) ? -ENOMEM : 0;
	return err;
}

/* A record of an object is found by the object's path. */
static int add_record(const struct bisect_args *a, const char *record, struct strv *argv)
{
	size_t len = strcspn(record, ":");
	char *word = NULL;
	int err;

	for (size_t i = 0; !word && i < a->objects.n; i++) {
		const char *path = a->objects.v[i], *slash = strrchr(path, '/');
		const char *name = slash ? slash + 1 : path;

		if (strlen(name) == len && !strncmp(name, record, len))
			word = str_fmt("%s%s", path, record + len);
	}
	err = strv__add(argv, word ? word : record);
	free(word);
	return err;
}

/* The command line of a step, as a user could give it. */
static int step_argv(const struct commits *c, const char *record, const char *good, const char *bad,
		     struct strv *argv)
{
	static const char *const by[] = { "verdict", "message", "status" };
	const struct bisect_args *a = c->a;
	const char *const words[] = { c->self,	      "--results", c->cli->results,
				      "bisect",	      "--step",	   "--kernel-source",
				      c->scratch.dir, "-k",	   c->entry->name,
				      "--answers",    c->kept,	   "--by",
				      by[a->by],      "--good",	   good,
				      "--bad",	      bad };
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(words) / sizeof(words[0]); i++)
		err = strv__add(argv, words[i]);
	if (!err && a->no_series)
		err = strv__add(argv, "--no-series");
	if (!err && a->rerun)
		err = strv__add(argv, "--rerun");
	if (!err)
		err = add_machine(a, argv);
	for (size_t i = 0; !err && i < a->globals.n; i++)
		err = strv__add(argv, "--set-global") || strv__add(argv, a->globals.v[i]) ? -ENOMEM
											  : 0;
	return err ? err : add_record(a, record, argv);
}

static void add_commits(const struct commits *c, const struct strv *ids, struct strbuf *sb)
{
	for (size_t i = 0; i < ids->n; i++) {
		char *subject = scratch__subject(&c->scratch, ids->v[i]);

		strbuf__addf(sb, "%s%.*s (\"%s\")", i ? "\n  " : "", COMMIT_SHORT, ids->v[i],
			     subject ? subject : "");
		free(subject);
	}
}

static int note_found(struct commits *c, const char *record, const struct answer *from,
		      const struct answer *to, const struct strv *ids)
{
	char *a = answer__says(from), *b = answer__says(to), *text;
	struct strbuf sb = STRBUF_INIT;
	int err;

	strbuf__addf(&sb, "%s flips with ", record);
	if (ids->n > 1)
		strbuf__addf(&sb, "one of %zu commits, between which nothing could be told:\n  ",
			     ids->n);
	add_commits(c, ids, &sb);
	strbuf__addf(&sb, "%s%s -> %s", ids->n > 1 ? "\n  " : ": ", a ? a : "", b ? b : "");
	c->exact &= ids->n == 1;
	text = strbuf__detach(&sb);
	err = text ? strv__add(&c->found, text) : -ENOMEM;
	free(text);
	free(a);
	free(b);
	return err;
}

static int bisect_record(struct commits *c, const struct line *ends, const char *record)
{
	const struct answer *from = answers__find(ends->answers[0], record);
	const struct answer *to = answers__find(ends->answers[1], record);
	char *good = answer__value(from, c->a->by), *bad = answer__value(to, c->a->by);
	struct git_answer found = { { 0 } };
	struct strv argv = { 0 };
	int err = good && bad ? step_argv(c, record, good, bad, &argv) : -ENOMEM;

	log_info("bisect: %s", record);
	if (!err)
		err = scratch__bisect(&c->scratch, c->ends[0], c->ends[1],
				      (const char *const *)argv.v, &found);
	if (!err)
		err = note_found(c, record, from, to, &found.commits);
	strv__free(&found.commits);
	strv__free(&argv);
	free(good);
	free(bad);
	return err;
}

/* --- all of it ---------------------------------------------------------------------------------
 */

/* The tried commits from one end to the other, as git lists them. */
static int print_tried(const struct commits *c, const struct line *ends,
		       const struct line_opts *like)
{
	struct strv ids = { 0 }, names = { 0 };
	struct answers **v = NULL;
	size_t n = 0;
	int err = strv__add(&ids, c->ends[0]);

	if (!err)
		err = scratch__between(&c->scratch, c->ends[0], c->ends[1], &ids);
	v = calloc(ids.n + 1, sizeof(struct answers *));
	err = err ? err : v ? 0 : -ENOMEM;
	for (size_t i = 0; !err && i < ids.n; i++) {
		char *path = commit__kept(c->kept, ids.v[i]), *subject = NULL, *name = NULL;

		if (path && !answers__load(path, &v[n])) {
			subject = scratch__subject(&c->scratch, ids.v[i]);
			name = str_fmt("%.*s %s", COMMIT_SHORT, ids.v[i], subject ? subject : "");
			err = name ? strv__add(&names, name) : -ENOMEM;
			n++;
		}
		free(path);
		free(subject);
		free(name);
	}
	if (!err)
		bisect_report__table(stdout, like->what, &names, v, ends);
	for (size_t i = 0; i < n; i++)
		answers__free(v[i]);
	free(v);
	strv__free(&ids);
	strv__free(&names);
	return err;
}

static int find_self(struct commits *c)
{
	ssize_t n = readlink("/proc/self/exe", c->self, sizeof(c->self) - 1);

	return n < 0 ? -errno : 0;
}

static int open_all(struct commits *c)
{
	const struct bisect_args *a = c->a;
	struct cli *cli = c->cli;
	int err = find_self(c);

	if (!err)
		err = cli__kernel(cli, a->vm.kernels_arg, &c->entry);
	if (!err && c->entry->like) {
		log_err("kernel %s is a copy of another one: it takes no source", c->entry->name);
		err = -EINVAL;
	}
	if (!err)
		err = bisect__open_trial(cli, a, &c->trial);
	if (!err)
		err = scratch__open(&c->scratch, a->vm.kernel_source, cli->paths.cache,
				    cli->cancel_fd);
	for (size_t i = 0; !err && i < 2; i++)
		err = scratch__resolve(&c->scratch, a->names.v[i], &c->ends[i]);
	if (!err)
		err = order(c);
	if (!err)
		err = name_kept(c);
	return err ? err : forget(c);
}

static int bisect_all(struct commits *c, const struct line_opts *o, struct line *ends)
{
	int err = line__run(o, ends);

	for (size_t t = 0; !err && ends->end == LINE_FOUND && t < ends->tracks.n; t++)
		if (ends->differs[t])
			err = bisect_record(c, ends, ends->tracks.v[t]);
	return err;
}

static void print_all(struct commits *c, const struct line_opts *o, const struct line *ends)
{
	if (ends->end == LINE_SAME) {
		bisect_report__print(
			&(const struct bisect_report){ .out = stdout, .opts = o, .line = ends });
		return;
	}
	/* Also of one that was cut off. */
	c->scratch.cancel_fd = -1;
	if (!ends->search || print_tried(c, ends, o))
		return;
	if (c->found.n)
		putchar('\n');
	for (size_t i = 0; i < c->found.n; i++)
		puts(c->found.v[i]);
}

int bisect__commits(struct cli *cli, struct bisect_args *a)
{
	struct commits c = { .cli = cli, .a = a, .scratch = { .lock = -1 }, .exact = true };
	struct strv points = { 0 };
	const struct line_opts o = {
		.points = &points,
		.what = "commit",
		.try_point = try_end,
		.ctx = &c,
		.by = a->by,
		.wanted = &a->wanted,
		.also = &a->also,
	};
	struct line ends = { 0 };
	int err = open_all(&c), status;

	for (size_t i = 0; !err && i < 2; i++) {
		char *name = strndup(c.ends[i], COMMIT_SHORT);

		err = name ? strv__add(&points, name) : -ENOMEM;
		free(name);
	}
	if (err) {
		status = cli__exit_status(err);
	} else {
		err = bisect_all(&c, &o, &ends);
		print_all(&c, &o, &ends);
		status = bisect__finish(&c.trial, &ends, err);
		if (!status && !c.exact)
			status = EXIT_UNEXPECTED;
	}
	line__release(&ends);
	trial__close(&c.trial);
	scratch__close(&c.scratch);
	strv__free(&points);
	strv__free(&c.found);
	free(c.ends[0]);
	free(c.ends[1]);
	free(c.kept);
	return status;
}
