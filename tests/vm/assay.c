// SPDX-License-Identifier: GPL-2.0-only
#include "assay.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "model/record.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

static const char *assay_bin(void)
{
	const char *bin = getenv("ASSAY_BIN");

	return bin && *bin ? bin : "build/assay";
}

static void child(bool selftest, const char *results, const char *const *args, int out, int err)
{
	const char *argv[64] = { assay_bin() };
	int i;

	for (i = 0; args[i] && i < 62; i++)
		argv[i + 1] = args[i];
	setpgid(0, 0);
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	if (err >= 0)
		dup2(err, STDERR_FILENO);
	close(STDIN_FILENO);
	open("/dev/null", O_RDONLY);
	if (results)
		setenv("ASSAY_RESULTS", results, 1);
	if (selftest) {
		char *guest = str_fmt("%s-guest-test", assay_bin());

		setenv("ASSAY_GUEST", guest, 1);
	}
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

pid_t assay_start(bool selftest, const char *results, const char *const *args)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		child(selftest, results, args, null, null);
	}
	setpgid(pid, pid);
	return pid;
}

static char *slurp(FILE *f)
{
	struct strbuf sb = STRBUF_INIT;
	char buf[4096];
	size_t n;

	rewind(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf__add(&sb, buf, n);
	fclose(f);
	strbuf__add(&sb, "", 0);
	return strbuf__detach(&sb);
}

void assay_run(struct outcome *o, bool selftest, const char *results, const char *const *args)
{
	FILE *out = tmpfile(), *err = tmpfile();
	int status;
	pid_t pid;

	assert_non_null(out);
	assert_non_null(err);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child(selftest, results, args, fileno(out), fileno(err));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	o->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	o->out = slurp(out);
	o->err = slurp(err);
	assert_int_not_equal(o->status, 127);
}

void outcome__release(struct outcome *o)
{
	free(o->out);
	free(o->err);
	*o = (struct outcome){ 0 };
}

char *temp_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = str_fmt("%s/assay-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");

	assert_non_null(path);
	assert_non_null(mkdtemp(path));
	return path;
}

void temp_dir_remove(char *dir)
{
	assert_int_equal(dir_remove(dir), 0);
	free(dir);
}

/* --- what a run left in the store ------------------------------------------------------------ */

struct query {
	const char *name;
	enum status status;
	char *text;
	struct record *record;
	int seen;
};

static void latest(const char *results, struct store **s, struct run_info *run)
{
	assert_int_equal(store__open(results, false, s), 0);
	assert_int_equal(store__find_run(*s, "latest", run), 0);
}

static int take_experiment(void *ctx, const struct stored_experiment *e)
{
	struct query *q = ctx;

	q->status = e->status;
	free(q->text);
	q->text = e->reason ? strdup(e->reason) : NULL;
	q->seen++;
	return 0;
}

enum status experiment_status(const char *results, const char *experiment, char **reason)
{
	struct query q = { 0 };
	struct run_info run;
	struct store *s;

	latest(results, &s, &run);
	assert_int_equal(store__experiments(s, run.id, NULL, experiment, take_experiment, &q), 0);
	run_info__release(&run);
	store__close(s);
	assert_int_equal(q.seen, 1);
	if (reason)
		*reason = q.text ? q.text : strdup("");
	else
		free(q.text);
	return q.status;
}

static int take_record(void *ctx, const struct stored_record *r)
{
	struct query *q = ctx;

	if (strcmp(r->record->name, q->name) != 0)
		return 0;
	q->seen++;
	if (q->record)
		return 0;
	q->record = record__new(r->record->kind, r->record->experiment, r->record->name);
	assert_non_null(q->record);
	q->record->status = r->record->status;
	q->record->verdict = r->record->verdict;
	q->record->err = r->record->err;
	q->record->stats = r->record->stats;
	q->record->xlated_size = r->record->xlated_size;
	q->record->jited_size = r->record->jited_size;
	record__set(&q->record->reason, r->record->reason);
	record__set(&q->record->message, r->record->message);
	record__set(&q->record->expected, r->record->expected);
	return 0;
}

struct record *find_record(const char *results, const char *experiment, const char *name)
{
	struct query q = { .name = name };
	struct run_info run;
	struct store *s;

	latest(results, &s, &run);
	assert_int_equal(store__records(s, run.id, NULL, experiment, take_record, &q), 0);
	run_info__release(&run);
	store__close(s);
	if (!q.record)
		fail_msg("%s: no record '%s'", experiment, name);
	return q.record;
}

static int take_text(void *ctx, const struct stored_text *t)
{
	struct query *q = ctx;

	return q->text ? 0 : file_read(t->path, 0, &q->text, NULL);
}

char *find_text(const char *results, const char *experiment, const char *name, const char *kind)
{
	struct query q = { 0 };
	struct run_info run;
	struct store *s;

	latest(results, &s, &run);
	assert_int_equal(
		store__texts(s, run.id, NULL, experiment, name, kind, take_text, &q), 0);
	run_info__release(&run);
	store__close(s);
	return q.text;
}

enum run_state run_state(const char *results)
{
	struct run_info run;
	enum run_state state;
	struct store *s;

	latest(results, &s, &run);
	state = run.state;
	run_info__release(&run);
	store__close(s);
	return state;
}

int count_processes(const char *mark)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int n = 0;

	assert_non_null(proc);
	while ((d = readdir(proc))) {
		char *path, *cmdline = NULL;
		size_t len = 0;
		uint64_t pid;

		if (num_u64(d->d_name, 1, INT32_MAX, &pid))
			continue;
		path = str_fmt("/proc/%s/cmdline", d->d_name);
		if (!file_read(path, 0, &cmdline, &len) && strstr(cmdline, "qemu-system") &&
		    memmem(cmdline, len, mark, strlen(mark)))
			n++;
		free(cmdline);
		free(path);
	}
	closedir(proc);
	return n;
}

void need_kernel(const char *kernel)
{
	const char *const args[] = { "kernel", "build", kernel, NULL };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		child(false, NULL, args, STDERR_FILENO, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("the kernel %s could not be built: see above", kernel);
}
