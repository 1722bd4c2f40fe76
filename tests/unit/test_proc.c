// SPDX-License-Identifier: GPL-2.0-only
/* What a program is given, and what comes back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>

#include "proc_fixture.h"

static void gives_the_exit_status(void **state)
{
	(void)state;
	expect_run((struct proc_opts){ .argv = SH("exit 0"), .cancel_fd = -1 }, 0, 0, "");
	expect_run((struct proc_opts){ .argv = SH("exit 77") }, 0, 77, "");
	expect_run((struct proc_opts){ .argv = SH("exit 255") }, 0, 255, "");
	expect_run((struct proc_opts){ .argv = SH("kill -KILL $$") }, 0, 128 + SIGKILL, "");
	assert_int_equal(proc_run(&(struct proc_opts){ .argv = SH("exit 5") }, NULL), 0);
}

static void delivers_lines(void **state)
{
	(void)state;
	expect_run((struct proc_opts){ .argv = SH("echo a; echo; echo b >&2; printf c") }, 0, 0,
		   "<a><><b><c>");
	expect_run((struct proc_opts){ .argv = SH("printf ab; sleep 0.05; printf 'cd\\n'") }, 0, 0,
		   "<abcd>");
	expect_run((struct proc_opts){ .argv = SH("printf '\\n\\n'") }, 0, 0, "<><>");
	/* Output closed long before the end. */
	expect_run((struct proc_opts){ .argv = SH("echo x; exec >&- 2>&-; sleep 0.05; exit 4") }, 0,
		   4, "<x>");
}

static void takes_much_output(void **state)
{
	struct tally t = { 0 };
	struct proc_opts o = { .argv = SH("yes 0123456789 | head -n 300000"),
			       .on_line = count_line,
			       .ctx = &t };
	int status;

	(void)state;
	assert_int_equal(proc_run(&o, &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(t.lines, 300000);
	assert_int_equal(t.bytes, 3000000);
	/* A line without end does not fill the memory. */
	t = (struct tally){ 0 };
	o.argv = SH("head -c 12000000 /dev/zero | tr '\\0' x");
	assert_int_equal(proc_run(&o, &status), 0);
	assert_int_equal(t.bytes, 12000000);
	assert_true(t.lines > 2 && t.longest < 5000000);
}

static void says_exactly_what_is_missing(void **state)
{
	static const char *const missing[] = { "assay-no-such-program", NULL };
	static const char *const missing_path[] = { "./missing", NULL };
	static const char *const empty[] = { "", NULL };
	static const char *const none[] = { NULL };
	static const char *const plain[] = { "./plain", NULL };
	static const char *const script[] = { "./script", NULL };
	static const char *const folder[] = { "/", NULL };

	(void)state;
	assert_int_equal(file_write("plain", "x", 1), 0);
	assert_int_equal(file_write("script", "#!/no/such/interpreter\n", 23), 0);
	assert_int_equal(chmod("script", 0755), 0);
	expect_run((struct proc_opts){ .argv = missing }, -ENOENT, -99, "");
	expect_run((struct proc_opts){ .argv = missing_path }, -ENOENT, -99, "");
	expect_run((struct proc_opts){ .argv = empty }, -ENOENT, -99, "");
	expect_run((struct proc_opts){ .argv = none }, -ENOENT, -99, "");
	expect_run((struct proc_opts){ .argv = plain }, -EACCES, -99, "");
	expect_run((struct proc_opts){ .argv = script }, -ENOEXEC, -99, "");
	expect_run((struct proc_opts){ .argv = folder }, -EACCES, -99, "");
	/* What is missing here is not the program. */
	expect_run((struct proc_opts){ .argv = SH("exit 0"), .dir = "missing" }, -ENOTDIR, -99, "");
	expect_run((struct proc_opts){ .argv = SH("exit 0"), .stdin_path = "missing" }, -EBADF, -99,
		   "");
	expect_run((struct proc_opts){ .argv = SH("exit 0"), .log_path = "missing/log" }, -ENOTDIR,
		   -99, "");
	/* A program that itself says "not found" did run. */
	expect_run((struct proc_opts){ .argv = SH("exit 127") }, 0, 127, "");
}

static void sets_the_folder(void **state)
{
	static const char *const relative[] = { "./here", NULL };

	(void)state;
	assert_int_equal(dir_make("d"), 0);
	assert_int_equal(file_write("d/here", "#!/bin/sh\nls\n", 13), 0);
	assert_int_equal(chmod("d/here", 0755), 0);
	expect_run((struct proc_opts){ .argv = relative, .dir = "d" }, 0, 0, "<here>");
}

static void adds_to_the_environment(void **state)
{
	static const char *const env[] = { "ASSAY_A=new", "ASSAY_C=", NULL };

	(void)state;
	setenv("ASSAY_A", "old", 1);
	setenv("ASSAY_AB", "stays", 1);
	expect_run((struct proc_opts){ .argv = SH("echo $ASSAY_A $ASSAY_AB ${ASSAY_C-unset}; "
						  "env | grep -c ^ASSAY_A="),
				       .env = env },
		   0, 0, "<new stays><1>");
	unsetenv("ASSAY_A");
	unsetenv("ASSAY_AB");
}

static void gives_stdin(void **state)
{
	(void)state;
	expect_run((struct proc_opts){ .argv = SH("cat; echo end") }, 0, 0, "<end>");
	assert_int_equal(file_write("in", "hello\n", 6), 0);
	expect_run((struct proc_opts){ .argv = SH("cat; echo end"), .stdin_path = "in" }, 0, 0,
		   "<hello><end>");
}

static void appends_to_the_log(void **state)
{
	struct proc_opts o = { .argv = SH("echo out; printf err >&2"), .log_path = "log" };
	char *log;

	(void)state;
	assert_int_equal(file_write("log", "before\n", 7), 0);
	expect_run(o, 0, 0, "<out><err>");
	assert_int_equal(proc_run(&o, NULL), 0);
	assert_int_equal(file_read("log", 0, &log, NULL), 0);
	assert_string_equal(log, "before\nout\nerrout\nerr");
	free(log);
	/* A log that can't be written is not kept quiet about. */
	o.log_path = "/dev/full";
	expect_run(o, -ENOSPC, 0, "<out><err>");
}

static int only_stdout(void)
{
	struct strbuf lines = STRBUF_INIT;
	struct proc_opts o = { .argv = SH("echo out; echo err >&2"),
			       .stdout_only = true,
			       .on_line = keep_line,
			       .ctx = &lines };
	int fd = open("stderr", O_WRONLY | O_CREAT, 0600);
	char *err = NULL;

	dup2(fd, 2);
	if (proc_run(&o, NULL) || strcmp(strbuf__str(&lines), "<out>"))
		return 1;
	if (file_read("stderr", 0, &err, NULL) || strcmp(err, "err\n"))
		return 2;
	strbuf__free(&lines);
	free(err);
	return 0;
}

static void passes_stderr_through(void **state)
{
	(void)state;
	assert_int_equal(in_child(only_stdout), 0);
}

static int own_streams(void)
{
	struct proc_opts o = { .argv = SH("cat; echo err >&2"), .own_stdio = true };
	int in = open("in", O_RDONLY), out = open("out", O_WRONLY | O_CREAT, 0600);
	char *text = NULL;

	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	if (proc_run(&o, NULL) || file_read("out", 0, &text, NULL))
		return 1;
	if (strcmp(text, "hello\nerr\n"))
		return 2;
	free(text);
	return 0;
}

static void leaves_its_own_streams(void **state)
{
	(void)state;
	assert_int_equal(file_write("in", "hello\n", 6), 0);
	assert_int_equal(in_child(own_streams), 0);
}

static int without_streams(void)
{
	struct strbuf lines = STRBUF_INIT;
	struct proc_opts o = { .argv = SH("echo out; echo err >&2; cat"),
			       .on_line = keep_line,
			       .ctx = &lines };
	int ret;

	close(0);
	close(1);
	close(2);
	ret = proc_run(&o, NULL) ? 1 : strcmp(strbuf__str(&lines), "<out><err>") ? 2 : 0;
	strbuf__free(&lines);
	return ret;
}

static void works_without_streams_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(in_child(without_streams), 0);
}

static int wait_for(pid_t pid, int pidfd)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
	int ws = -1;

	assert_int_equal(poll(&pfd, 1, 60000), 1);
	assert_int_equal(waitpid(pid, &ws, 0), pid);
	close(pidfd);
	return ws;
}

static void spawn_gives_streams(void **state)
{
	int out = open("out", O_WRONLY | O_CREAT, 0600),
	    err = open("err", O_WRONLY | O_CREAT, 0600);
	struct spawn_opts o = { .argv = SH("echo out; echo err >&2; cat; exit 6"),
				.stdout_fd = out,
				.stderr_fd = err };
	char *text;
	int pidfd;
	pid_t pid;

	(void)state;
	assert_int_equal(proc_spawn(&o, &pid, &pidfd), 0);
	assert_int_equal(wait_for(pid, pidfd), 6 << 8);
	assert_int_equal(file_read("out", 0, &text, NULL), 0);
	assert_string_equal(text, "out\n");
	free(text);
	assert_int_equal(file_read("err", 0, &text, NULL), 0);
	assert_string_equal(text, "err\n");
	free(text);
	close(out);
	close(err);
	o.stdout_fd = o.stderr_fd = -1;
	assert_int_equal(proc_spawn(&o, &pid, &pidfd), 0);
	assert_int_equal(wait_for(pid, pidfd), 6 << 8);
}

static int swapped_streams(void)
{
	int one = open("one", O_WRONLY | O_CREAT, 0600),
	    two = open("two", O_WRONLY | O_CREAT, 0600);
	struct spawn_opts o = { .argv = SH("echo out; echo err >&2"),
				.stdout_fd = 2,
				.stderr_fd = 1 };
	int pidfd, ws;
	pid_t pid;

	dup2(one, 1);
	dup2(two, 2);
	if (proc_spawn(&o, &pid, &pidfd) || waitpid(pid, &ws, 0) != pid || ws)
		return 1;
	return 0;
}

static void spawn_swaps_streams(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(in_child(swapped_streams), 0);
	assert_int_equal(file_read("one", 0, &text, NULL), 0);
	assert_string_equal(text, "err\n");
	free(text);
	assert_int_equal(file_read("two", 0, &text, NULL), 0);
	assert_string_equal(text, "out\n");
	free(text);
}

static void spawn_keeps_the_named_descriptors(void **state)
{
	int keep = open("kept", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int leak = open("leak", O_WRONLY | O_CREAT, 0600); /* not close-on-exec */
	struct spawn_opts o = { .keep_fds = &keep, .nr_keep_fds = 1, .stdout_fd = -1 };
	char *script = str_fmt("echo x >&%d; test ! -e /proc/$$/fd/%d", keep, leak), *text;
	int pidfd, bad = 999;
	pid_t pid;

	(void)state;
	o.argv = SH(script);
	o.stderr_fd = -1;
	assert_true(keep > 2 && leak > 2);
	assert_int_equal(proc_spawn(&o, &pid, &pidfd), 0);
	assert_int_equal(wait_for(pid, pidfd), 0);
	assert_int_equal(file_read("kept", 0, &text, NULL), 0);
	assert_string_equal(text, "x\n");
	/* Ours are as they were. */
	assert_int_equal(fcntl(keep, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(leak, F_GETFD), 0);
	o.keep_fds = &bad;
	assert_int_equal(proc_spawn(&o, &pid, &pidfd), -EBADF);
	free(text);
	free(script);
	close(keep);
	close(leak);
}

static void spawn_says_what_is_missing(void **state)
{
	static const char *const missing[] = { "assay-no-such-program", NULL };
	struct spawn_opts o = { .argv = missing, .stdout_fd = -1, .stderr_fd = -1 };
	int pidfd = -7;
	pid_t pid = -7;

	(void)state;
	assert_int_equal(proc_spawn(&o, &pid, &pidfd), -ENOENT);
	assert_int_equal(pid, -7);
	assert_int_equal(pidfd, -7);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left to reap */
	assert_int_equal(errno, ECHILD);
}

static void collects_output(void **state)
{
	static const char *const missing[] = { "assay-no-such-program", NULL };
	char *out = (char *)"stale";
	int status = -1;

	(void)state;
	assert_int_equal(proc_output(SH("printf 'a\\nb'; exit 3"), &out, &status), 0);
	assert_string_equal(out, "a\nb");
	assert_int_equal(status, 3);
	free(out);
	assert_int_equal(proc_output(SH("exit 0"), &out, NULL), 0);
	assert_string_equal(out, "");
	free(out);
	assert_int_equal(proc_output(missing, &out, &status), -ENOENT);
	assert_null(out);
}

static void leaks_no_descriptors(void **state)
{
	static const char *const missing[] = { "assay-no-such-program", NULL };
	int before = dup(0), after;
	char *out;

	(void)state;
	close(before);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(proc_output(SH("echo x"), &out, NULL), 0);
		free(out);
		assert_int_equal(proc_output(missing, &out, NULL), -ENOENT);
		proc_run(&(struct proc_opts){ .argv = SH("exit"), .dir = "missing" }, NULL);
		proc_run(&(struct proc_opts){ .argv = SH("exit"), .log_path = "log" }, NULL);
	}
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void finds_programs(void **state)
{
	const char *old = getenv("PATH");
	char *saved = old ? strdup(old) : NULL, *path, *want;

	assert_int_equal(dir_make("bin/folder"), 0);
	assert_int_equal(file_write("bin/plain", "", 0), 0);
	assert_int_equal(file_write("bin/assay-tool", "", 0), 0);
	assert_int_equal(chmod("bin/assay-tool", 0755), 0);
	setenv("PATH", "/no/such/folder::bin:/usr/bin:/bin", 1);
	path = proc_which("assay-tool");
	want = str_fmt("%s/bin/assay-tool", (const char *)*state);
	assert_string_equal(path, want);
	free(path);
	path = proc_which("bin/assay-tool");
	assert_int_equal(path[0], '/');
	assert_true(str_ends(path, "bin/assay-tool"));
	free(path);
	free(want);
	assert_null(proc_which("plain"));
	assert_null(proc_which("folder"));
	assert_null(proc_which("./bin/plain"));
	assert_null(proc_which(""));
	path = proc_which("/bin/sh");
	assert_string_equal(path, "/bin/sh");
	free(path);
	unsetenv("PATH");
	path = proc_which("sh");
	assert_non_null(path);
	assert_int_equal(path[0], '/');
	free(path);
	if (saved)
		setenv("PATH", saved, 1);
	free(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_the_exit_status),
		TEST(delivers_lines),
		TEST(takes_much_output),
		TEST(says_exactly_what_is_missing),
		TEST(sets_the_folder),
		TEST(adds_to_the_environment),
		TEST(gives_stdin),
		TEST(appends_to_the_log),
		TEST(passes_stderr_through),
		TEST(leaves_its_own_streams),
		TEST(works_without_streams_of_its_own),
		TEST(spawn_gives_streams),
		TEST(spawn_swaps_streams),
		TEST(spawn_keeps_the_named_descriptors),
		TEST(spawn_says_what_is_missing),
		TEST(collects_output),
		TEST(leaks_no_descriptors),
		TEST(finds_programs),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
