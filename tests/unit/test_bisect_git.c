// SPDX-License-Identifier: GPL-2.0-only
/* `git bisect run` over the commits of a small repository, with a shell command as the step; the
 * repository itself must stay as it is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "base/proc.h"
#include "cli/bisect_git.h"
#include "folder_fixture.h"

/* What a shell command prints; caller frees. It must succeed. */
static char *sh(const char *command)
{
	const char *argv[] = { "sh", "-euc", command, dir, NULL };
	char *out = NULL;
	int status = 0;

	assert_int_equal(proc_output(argv, &out, &status), 0);
	if (status)
		fail_msg("exit status %d of: %s", status, command);
	out[strcspn(out, "\n")] = '\0';
	return out;
}

static void shell(const char *command)
{
	free(sh(command));
}

/* Sixteen commits on `main`, each with its number in the file n, and one on a branch from the
 * fifth. The user is on that branch, in the middle of a bisection, with a changed file. */
#define MAKE                                                                                        \
	"export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'; " \
	"export GIT_CONFIG_GLOBAL=/dev/null; "                                                      \
	"mkdir $0/user; cd $0/user; git init -q -b main .; "                                        \
	"git config user.name t; git config user.email t@example.org; "                             \
	"for i in $(seq 1 16); do echo $i > n; git add n; git commit -qm \"commit $i\"; done; "     \
	"git checkout -q -b side main~11; echo side > s; git add s; git commit -qm side; "
#define DISTURB \
	"cd $0/user; git bisect start main main~8 >/dev/null; echo changed > n; echo new > new; "
/* All that could tell of a change there. */
#define LOOK                                                                       \
	"cd $0/user; { git status --porcelain; git for-each-ref; git stash list; " \
	"git bisect log 2>/dev/null || :; git rev-parse HEAD; "                    \
	"find .git -type f ! -name index -exec sha256sum {} + | sort; } | sha256sum"

struct scene {
	struct scratch s;
	char *old, *new;
	char *before; /* LOOK */
	char *cache;
};

static int make(void **state)
{
	struct scene *sc = calloc(1, sizeof(*sc));

	assert_int_equal(setup(NULL), 0);
	shell(MAKE);
	shell(DISTURB);
	sc->before = sh(LOOK);
	sc->cache = at("cache");
	*state = sc;
	return 0;
}

static int unmake(void **state)
{
	struct scene *sc = *state;
	char *after = sh(LOOK);

	assert_string_equal(sc->before, after);
	scratch__close(&sc->s);
	free(after);
	free(sc->before);
	free(sc->cache);
	free(sc->old);
	free(sc->new);
	free(sc);
	return teardown(NULL);
}

static void take(struct scene *sc, const char *old, const char *new)
{
	char *user = at("user");

	assert_int_equal(scratch__open(&sc->s, user, sc->cache, -1), 0);
	assert_int_equal(scratch__resolve(&sc->s, old, &sc->old), 0);
	assert_int_equal(scratch__resolve(&sc->s, new, &sc->new), 0);
	free(user);
}

static int bisect(struct scene *sc, const char *script, struct git_answer *a)
{
	const char *step[] = { "sh", "-c", script, NULL };
	int err;

	listen_begin();
	err = scratch__bisect(&sc->s, sc->old, sc->new, step, a);
	listen_end();
	return err;
}

static void assert_subject(const struct scene *sc, const char *commit, const char *subject)
{
	char *is = scratch__subject(&sc->s, commit);

	assert_non_null(is);
	assert_string_equal(is, subject);
	free(is);
}

static void test_found(void **state)
{
	struct scene *sc = *state;
	struct git_answer a;

	take(sc, "main~15", "main");
	assert_int_equal(bisect(sc, "test $(cat n) -lt 12", &a), 0);
	assert_int_equal(a.commits.n, 1);
	assert_subject(sc, a.commits.v[0], "commit 12");
	strv__free(&a.commits);
	/* Again in the same checkout, which the first one has left somewhere. */
	assert_int_equal(bisect(sc, "test $(cat n) -lt 3", &a), 0);
	assert_subject(sc, a.commits.v[0], "commit 3");
	strv__free(&a.commits);
}

/* Those that can't be told are left out, and those next to the change with it. */
static void test_silent(void **state)
{
	struct scene *sc = *state;
	struct git_answer a;

	take(sc, "main~15", "main");
	assert_int_equal(bisect(sc, "n=$(cat n); [ $n = 8 ] && exit 125; test $n -lt 12", &a), 0);
	assert_int_equal(a.commits.n, 1);
	assert_subject(sc, a.commits.v[0], "commit 12");
	strv__free(&a.commits);
	assert_int_equal(
		bisect(sc, "n=$(cat n); case $n in 11|12) exit 125;; esac; test $n -lt 12", &a), 0);
	assert_int_equal(a.commits.n, 3);
	strv__free(&a.commits);
}

/* All but the ends say nothing. */
static void test_all_silent(void **state)
{
	struct scene *sc = *state;
	struct git_answer a;

	take(sc, "main~3", "main");
	assert_int_equal(bisect(sc, "exit 125", &a), 0);
	assert_int_equal(a.commits.n, 3);
	strv__free(&a.commits);
}

/* A step that fails for good ends it at once. */
static void test_abort(void **state)
{
	struct scene *sc = *state;
	struct git_answer a;
	char *count;

	take(sc, "main~15", "main");
	assert_int_equal(bisect(sc, "echo x >> ../../../count; exit 128", &a), -EIO);
	assert_int_equal(a.commits.n, 0);
	count = sh("wc -l < $0/count");
	assert_string_equal(count, "1");
	free(count);
}

/* Neighbours: git has nothing to ask. */
static void test_neighbours(void **state)
{
	struct scene *sc = *state;
	struct git_answer a;

	take(sc, "main~1", "main");
	assert_int_equal(bisect(sc, "exit 128", &a), 0);
	assert_int_equal(a.commits.n, 1);
	assert_string_equal(a.commits.v[0], sc->new);
	strv__free(&a.commits);
}

static void test_order(void **state)
{
	struct scene *sc = *state;
	struct strv between = { 0 };
	char *side = NULL, *none = NULL;

	take(sc, "main~3", "main");
	assert_int_equal(scratch__is_ancestor(&sc->s, sc->old, sc->new), 0);
	assert_int_equal(scratch__is_ancestor(&sc->s, sc->new, sc->old), 1);
	assert_int_equal(scratch__resolve(&sc->s, "side", &side), 0);
	assert_int_equal(scratch__is_ancestor(&sc->s, side, sc->new), 1);
	assert_int_equal(scratch__between(&sc->s, sc->old, sc->new, &between), 0);
	assert_int_equal(between.n, 3);
	assert_subject(sc, between.v[0], "commit 14");
	listen_begin();
	assert_int_equal(scratch__resolve(&sc->s, "v9.99", &none), -EINVAL);
	assert_int_equal(scratch__resolve(&sc->s, "--help", &none), -EINVAL);
	listen_end();
	says("'v9.99' is no commit there");
	strv__free(&between);
	free(side);
}

/* What is checked out is the commit and nothing else. */
static void test_checkout(void **state)
{
	struct scene *sc = *state;
	char *path, *is;

	take(sc, "main~15", "main");
	assert_int_equal(scratch__checkout(&sc->s, sc->new), 0);
	path = str_fmt("%s/left-over", sc->s.dir);
	assert_int_equal(file_write(path, "x", 1), 0);
	is = git_clean_commit(sc->s.dir, -1);
	assert_null(is);
	assert_int_equal(scratch__checkout(&sc->s, sc->old), 0);
	assert_false(file_exists(path));
	is = git_clean_commit(sc->s.dir, -1);
	assert_non_null(is);
	assert_string_equal(is, sc->old);
	free(is);
	free(path);
}

/* A step inherits what git sets for hooks; it must not lead us elsewhere. */
static void test_environment(void **state)
{
	struct scene *sc = *state;
	struct git_answer a;

	setenv("GIT_DIR", "/nonexistent", 1);
	setenv("GIT_INDEX_FILE", "/nonexistent", 1);
	take(sc, "main~15", "main");
	assert_int_equal(bisect(sc, "test $(cat n) -lt 5", &a), 0);
	unsetenv("GIT_DIR");
	unsetenv("GIT_INDEX_FILE");
	assert_subject(sc, a.commits.v[0], "commit 5");
	strv__free(&a.commits);
}

static void test_no_tree(void **state)
{
	struct scratch s;
	char *cache = at("cache"), *none = at("none");

	(void)state;
	listen_begin();
	assert_int_equal(scratch__open(&s, dir, cache, -1), -EINVAL);
	scratch__close(&s);
	assert_int_equal(scratch__open(&s, none, cache, -1), -EINVAL);
	scratch__close(&s);
	listen_end();
	says("is no git tree");
	free(cache);
	free(none);
}

/* A linked worktree of the user's, and a history that is cut off. */
static void test_shapes(void **state)
{
	struct scene *sc = *state;
	struct scratch s;
	struct git_answer a;
	const char *step[] = { "sh", "-c", "test $(cat n) -lt 14", NULL };
	char *path = at("shallow"), *old = NULL, *new = NULL;

	shell("cd $0; git clone -q --depth 6 --branch main file://$0/user shallow 2>/dev/null");
	assert_int_equal(scratch__open(&s, path, sc->cache, -1), 0);
	assert_int_equal(scratch__resolve(&s, "HEAD~5", &old), 0);
	assert_int_equal(scratch__resolve(&s, "HEAD", &new), 0);
	listen_begin();
	assert_int_equal(scratch__bisect(&s, old, new, step, &a), 0);
	listen_end();
	assert_int_equal(a.commits.n, 1);
	strv__free(&a.commits);
	scratch__close(&s);
	free(old);
	free(new);
	free(path);
	shell("cd $0/shallow; git worktree add -q --detach $0/linked HEAD~2 2>/dev/null");
	path = at("linked");
	assert_int_equal(scratch__open(&s, path, sc->cache, -1), 0);
	assert_int_equal(scratch__resolve(&s, "HEAD", &new), 0);
	assert_int_equal(scratch__checkout(&s, new), 0);
	scratch__close(&s);
	free(new);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)
		TEST(test_found),
		TEST(test_silent),
		TEST(test_all_silent),
		TEST(test_abort),
		TEST(test_neighbours),
		TEST(test_order),
		TEST(test_checkout),
		TEST(test_environment),
		TEST(test_shapes),
		cmocka_unit_test_setup_teardown(test_no_tree, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
