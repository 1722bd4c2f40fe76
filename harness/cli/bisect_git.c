// SPDX-License-Identifier: GPL-2.0-only
#include "cli/bisect_git.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/proc.h"
#include "vm/lock.h"

#define ARGS_MAX    96
#define SHALLOW_MAX (16 << 20)

/* The names that a bisection gives to its two sides: "good" and "bad" would mislead whoever looks
 * for a mend. */
#define OLD "before"
#define NEW "after"

/* Of an environment as git gives it to its hooks: they would have us work elsewhere. */
static const char *const unset[] = {
	"GIT_DIR",	  "GIT_WORK_TREE",	  "GIT_INDEX_FILE",
	"GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_NAMESPACE",  "GIT_PREFIX",
};
/* Hooks and housekeeping are none of our business; whose tree it is, neither. */
static const char *const config[] = {
	"safe.directory=*",	     "core.hooksPath=/dev/null", "gc.auto=0",
	"advice.detachedHead=false", "core.fsmonitor=false",
};

static void on_line(void *ctx, const char *line)
{
	strbuf__addf(ctx, "%s\n", line);
}

static void pass_line(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "%s\n", line);
}

/* git in a folder. out: gets its standard output; NULL: all that it says is passed on to stderr.
 * 0 or -errno; *status: how it ended. */
static int git(const char *dir, int cancel_fd, const char *const *args, struct strbuf *out,
	       int *status)
{
	const char *argv[ARGS_MAX];
	struct proc_opts o = {
		.argv = argv,
		.on_line = out ? on_line : pass_line,
		.ctx = out,
		.stdout_only = out,
		.cancel_fd = cancel_fd,
	};
	size_t n = 0;
	int err;

	argv[n++] = "env";
	for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++) {
		argv[n++] = "-u";
		argv[n++] = unset[i];
	}
	argv[n++] = "git";
	for (size_t i = 0; i < sizeof(config) / sizeof(config[0]); i++) {
		argv[n++] = "-c";
		argv[n++] = config[i];
	}
	argv[n++] = "-C";
	argv[n++] = dir;
	while (*args && n < ARGS_MAX - 1)
		argv[n++] = *args++;
	argv[n] = NULL;
	err = *args ? -E2BIG : proc_run(&o, status);
	if (!err && *status == 127) {
		log_err("git is missing here: apt-get install git");
		err = -ENOENT;
	}
	if (err && err != -EINTR && err != -ENOENT)
		log_err("git in %s: %s", dir, strerror(-err));
	return err;
}

#define GIT(dir, cancel, out, status, ...) \
	git(dir, cancel, (const char *const[]){ __VA_ARGS__, NULL }, out, status)

/* Its first line; NULL when it fails. Caller frees. */
static char *git_line(const char *dir, int cancel_fd, const char *const *args)
{
	struct strbuf out = STRBUF_INIT;
	int status = 0, err = git(dir, cancel_fd, args, &out, &status);
	char *line = NULL;

	if (!err && !status && out.len)
		line = strndup(out.data, strcspn(out.data, "\n"));
	strbuf__free(&out);
	return line;
}

#define GIT_LINE(dir, cancel, ...) git_line(dir, cancel, (const char *const[]){ __VA_ARGS__, NULL })

/* One that must succeed; what it says is passed on. */
static int git_do(const struct scratch *s, const char *const *args)
{
	int status = 0, err = git(s->dir, s->cancel_fd, args, NULL, &status);

	if (!err && status) {
		log_err("git %s in %s failed (exit status %d)", args[0], s->dir, status);
		err = -EIO;
	}
	return err;
}

#define GIT_DO(s, ...) git_do(s, (const char *const[]){ __VA_ARGS__, NULL })

/* --- the scratch checkout ----------------------------------------------------------------------
 */

/* The user's objects are seen from ours; where the user's history is cut off, so is ours. */
static int borrow(const struct scratch *s)
{
	char *objects = GIT_LINE(s->user, s->cancel_fd, "rev-parse", "--path-format=absolute",
				 "--git-path", "objects");
	char *shallow = GIT_LINE(s->user, s->cancel_fd, "rev-parse", "--path-format=absolute",
				 "--git-path", "shallow");
	char *alternates = str_fmt("%s/.git/objects/info/alternates", s->dir);
	char *ours = str_fmt("%s/.git/shallow", s->dir);
	char *text = objects ? str_fmt("%s\n", objects) : NULL;
	int err = text && shallow && alternates && ours ? 0 : -EIO;

	if (!err)
		err = file_write(alternates, text, strlen(text));
	if (!err && file_exists(shallow))
		err = file_copy(shallow, ours);
	else if (!err && unlink(ours) && errno != ENOENT)
		err = -errno;
	if (err)
		log_err("%s: its objects cannot be used from %s: %s", s->user, s->dir,
			strerror(-err));
	free(objects);
	free(shallow);
	free(alternates);
	free(ours);
	free(text);
	return err;
}

static int prepare(struct scratch *s, const char *cache)
{
	char hex[HASH_HEX], *name, *git_dir = NULL, *busy;
	struct hash *h = hash__new();
	int err = 0;

	if (!h)
		return -ENOMEM;
	hash__add_str(h, s->user);
	hash__end(h, hex);
	name = str_fmt("bisect-%.12s", hex);
	busy = str_fmt("bisects %s", s->user);
	s->dir = str_fmt("%s/bisect/%.12s", cache, hex);
	git_dir = s->dir ? str_fmt("%s/.git", s->dir) : NULL;
	if (!name || !busy || !git_dir)
		err = -ENOMEM;
	if (!err)
		s->lock = lock__take(cache, name, busy, s->cancel_fd);
	if (!err && s->lock < 0)
		err = s->lock;
	if (!err)
		err = dir_make(s->dir);
	if (!err && !file_exists(git_dir))
		err = GIT_DO(s, "init", "-q", "-b", "scratch");
	free(name);
	free(busy);
	free(git_dir);
	return err ? err : borrow(s);
}

int scratch__open(struct scratch *s, const char *path, const char *cache, int cancel_fd)
{
	char *real = realpath(path, NULL);

	*s = (struct scratch){ .lock = -1, .cancel_fd = cancel_fd };
	if (!real) {
		int err = -errno;

		log_err("%s: %s", path, strerror(-err));
		return err == -ENOMEM ? err : -EINVAL;
	}
	s->user = GIT_LINE(real, cancel_fd, "rev-parse", "--show-toplevel");
	if (!s->user)
		log_err("%s is no git tree: commits can be bisected only in one", real);
	free(real);
	if (cancel_pending(cancel_fd))
		return -EINTR;
	return s->user ? prepare(s, cache) : -EINVAL;
}

void scratch__close(struct scratch *s)
{
	free(s->user);
	free(s->dir);
	if (s->lock >= 0)
		close(s->lock);
	*s = (struct scratch){ .lock = -1 };
}

int scratch__resolve(const struct scratch *s, const char *rev, char **commit)
{
	char *name = str_fmt("%s^{commit}", rev);

	*commit = name ? GIT_LINE(s->user, s->cancel_fd, "rev-parse", "--verify", "--quiet",
				  "--end-of-options", name)
		       : NULL;
	free(name);
	if (*commit)
		return 0;
	if (cancel_pending(s->cancel_fd))
		return -EINTR;
	log_err("%s: '%s' is no commit there", s->user, rev);
	return -EINVAL;
}

int scratch__is_ancestor(const struct scratch *s, const char *old, const char *new)
{
	int status = 0,
	    err = GIT(s->dir, s->cancel_fd, NULL, &status, "merge-base", "--is-ancestor", old, new);

	return err ? err : status > 1 ? -EIO : status;
}

int scratch__checkout(const struct scratch *s, const char *commit)
{
	int err = GIT_DO(s, "checkout", "-q", "--force", "--detach", commit);

	return err ? err : GIT_DO(s, "clean", "-ffdxq");
}

char *scratch__subject(const struct scratch *s, const char *commit)
{
	return GIT_LINE(s->dir, s->cancel_fd, "log", "-1", "--format=%s", commit);
}

int scratch__between(const struct scratch *s, const char *old, const char *new, struct strv *out)
{
	struct strbuf text = STRBUF_INIT;
	char *not_old = str_fmt("^%s", old);
	int status = 0;
	int err = not_old ? GIT(s->dir, s->cancel_fd, &text, &status, "rev-list", "--topo-order",
				"--reverse", new, not_old)
			  : -ENOMEM;

	if (!err && status)
		err = -EIO;
	if (!err)
		err = strv__split(out, strbuf__str(&text), "\n");
	strbuf__free(&text);
	free(not_old);
	return err;
}

char *git_clean_commit(const char *dir, int cancel_fd)
{
	struct strbuf changed = STRBUF_INIT;
	int status = 0, err = GIT(dir, cancel_fd, &changed, &status, "status", "--porcelain");
	char *commit = NULL;

	if (!err && !status && !changed.len)
		commit = GIT_LINE(dir, cancel_fd, "rev-parse", "HEAD");
	strbuf__free(&changed);
	return commit;
}

/* --- git bisect --------------------------------------------------------------------------------
 */

/* "# first after commit: [SHA] subject", or "# possible first …", once for each. */
static int read_log(const struct scratch *s, struct strv *commits)
{
	static const char mark[] = "first " NEW " commit: [";
	struct strbuf text = STRBUF_INIT;
	int status = 0;
	int err = GIT(s->dir, s->cancel_fd, &text, &status, "bisect", "log");
	const char *p = strbuf__str(&text);

	while (!err && !status && (p = strstr(p, mark))) {
		char *sha;

		p += sizeof(mark) - 1;
		sha = strndup(p, strcspn(p, "]"));
		err = !sha ? -ENOMEM : strv__has(commits, sha) ? 0 : strv__add(commits, sha);
		free(sha);
	}
	strbuf__free(&text);
	return err;
}

static int run(const struct scratch *s, const char *const *step)
{
	const char *args[ARGS_MAX] = { "bisect", "run" };
	size_t n = 2;
	int status = 0, err;

	while (*step && n < ARGS_MAX - 1)
		args[n++] = *step++;
	err = *step ? -E2BIG : git(s->dir, s->cancel_fd, args, NULL, &status);
	/* How it ended is told by its log: its exit status differs with git's versions. */
	return err == -EINTR || cancel_pending(s->cancel_fd) ? -EINTR : err;
}

/* git starts no bisection in a checkout of nothing. */
static int need_head(const struct scratch *s, const char *commit)
{
	char *head = GIT_LINE(s->dir, s->cancel_fd, "rev-parse", "--verify", "--quiet", "HEAD");
	int err = head ? 0 : scratch__checkout(s, commit);

	free(head);
	return err;
}

int scratch__bisect(const struct scratch *s, const char *old, const char *new,
		    const char *const *step, struct git_answer *out)
{
	struct strbuf said = STRBUF_INIT;
	int status, err;

	*out = (struct git_answer){ { 0 } };
	/* What an earlier one left, if any; it fails when there is nothing. */
	err = GIT(s->dir, s->cancel_fd, &said, &status, "bisect", "reset", "HEAD");
	strbuf__free(&said);
	if (!err)
		err = need_head(s, old);
	if (!err)
		err = GIT_DO(s, "bisect", "start", "--term-old=" OLD, "--term-new=" NEW, new, old);
	if (!err)
		err = read_log(s, &out->commits);
	if (!err && !out->commits.n) {
		err = run(s, step);
		if (!err)
			err = read_log(s, &out->commits);
		if (!err && !out->commits.n) {
			log_err("git bisect run came to no end: see above");
			err = -EIO;
		}
	}
	return err;
}
