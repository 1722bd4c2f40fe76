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
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "wire/record_json.h"

#define DEFAULT_LIMIT_S 300
#define BUILD_LIMIT_S	3600  /* a kernel from nothing, on a slow machine */
#define INPUT_MAX	60000 /* fits into a pipe */
#define MAX_ARGS	60

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

/* --- running it ---------------------------------------------------------------------------- */

/* cmocka cuts a long message and its newline with it, which spoils the next line of TAP. */
static void show(const char *text)
{
	size_t len = text ? strlen(text) : 0;

	printf("%s%s", text ? text : "(nothing)", len && text[len - 1] == '\n' ? "" : "\n");
	fflush(stdout);
}

static const char *assay_bin(void)
{
	const char *bin = getenv("ASSAY_BIN");

	return bin && *bin ? bin : "build/assay";
}

/* A regular file would be no test of piped input. */
static int open_input(const struct call *c)
{
	int fds[2], fd;

	if (!c->input) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		return fd;
	}
	assert_true(strlen(c->input) <= INPUT_MAX);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write_all(fds[1], c->input, strlen(c->input)), 0);
	close(fds[1]);
	return fds[0];
}

static void set_environment(const struct call *c)
{
	char *guest = str_fmt("%s-guest-test", assay_bin());

	if (c->results)
		setenv("ASSAY_RESULTS", c->results, 1);
	if (c->selftest)
		setenv("ASSAY_GUEST", guest, 1);
	for (size_t i = 0; c->env && c->env[i]; i++)
		putenv((char *)c->env[i]);
	free(guest);
}

static void child(const struct call *c, const char *const *args, int in, int out, int err)
{
	const char *argv[MAX_ARGS + 2] = { c->program ? c->program : assay_bin() };

	for (int i = 0; args[i] && i < MAX_ARGS; i++)
		argv[i + 1] = args[i];
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	set_environment(c);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static pid_t start(const struct call *c, const char *const *args, int out, int err)
{
	int in = open_input(c);
	pid_t pid;

	if (access(assay_bin(), X_OK))
		fail_msg("%s: %s (ASSAY_BIN)", assay_bin(), strerror(errno));
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child(c, args, in, out, err);
	setpgid(pid, pid);
	close(in);
	return pid;
}

/* Exit status, or -1 when it had to be killed. */
static int await(pid_t pid, unsigned int limit_s)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), status = 0;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	bool ended;

	assert_true(fd >= 0);
	ended = poll(&pfd, 1, (int)limit_s * 1000) == 1;
	if (!ended)
		kill(-pid, SIGKILL);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!ended)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *slurp(FILE *f, size_t *len)
{
	struct strbuf sb = STRBUF_INIT;
	char buf[4096];
	size_t n;

	rewind(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf__add(&sb, buf, n);
	fclose(f);
	strbuf__add(&sb, "", 0);
	assert_false(sb.failed);
	*len = sb.len;
	return strbuf__detach(&sb);
}

void assay_start(struct running *r, const struct call *c, const char *const *args)
{
	*r = (struct running){ .out = tmpfile(), .err = tmpfile() };
	assert_non_null(r->out);
	assert_non_null(r->err);
	r->limit_s = c->limit_s ? c->limit_s : DEFAULT_LIMIT_S;
	r->pid = start(c, args, fileno(r->out), fileno(r->err));
}

struct said {
	int fd;
	const char *text;
};

/* Its stderr is a file of ours: read without moving the position that it writes at. */
static bool has_said(void *ctx)
{
	const struct said *s = ctx;
	char buf[65536];
	ssize_t n = pread(s->fd, buf, sizeof(buf), 0);

	return n > 0 && memmem(buf, (size_t)n, s->text, strlen(s->text));
}

void assay_await(const struct running *r, const char *text)
{
	struct said s = { .fd = fileno(r->err), .text = text };

	if (!wait_until(has_said, &s, r->limit_s))
		fail_msg("assay did not say \"%s\" within %u s", text, r->limit_s);
}

void assay_wait(struct running *r, struct outcome *o)
{
	o->status = await(r->pid, r->limit_s);
	o->out = slurp(r->out, &o->out_len);
	o->err = slurp(r->err, &o->err_len);
	if (o->status < 0) {
		show(o->out);
		show(o->err);
		fail_msg("assay did not end within %u s; it said: see above", r->limit_s);
	}
}

void assay_call(struct outcome *o, const struct call *c, const char *const *args)
{
	struct running r;

	assay_start(&r, c, args);
	assay_wait(&r, o);
}

void assay_run(struct outcome *o, bool selftest, const char *results, const char *const *args)
{
	const struct call c = { .results = results, .selftest = selftest };

	assay_call(o, &c, args);
}

void outcome__release(struct outcome *o)
{
	free(o->out);
	free(o->err);
	*o = (struct outcome){ 0 };
}

void assert_status(const struct outcome *o, int status)
{
	if (o->status == status)
		return;
	show(o->out);
	show(o->err);
	fail_msg("exit status %d instead of %d; it said: see above", o->status, status);
}

void assert_has(const char *text, const char *part)
{
	if (text && strstr(text, part))
		return;
	show(text);
	fail_msg("\"%s\" is not in: see above", part);
}

void assert_lacks(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		return;
	show(text);
	fail_msg("\"%s\" is in: see above", part);
}

bool matches(const char *text, const char *regex)
{
	regex_t re;
	bool found;

	assert_int_equal(regcomp(&re, regex, REG_EXTENDED | REG_NOSUB | REG_NEWLINE), 0);
	found = text && !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return found;
}

void assert_matches(const char *text, const char *regex)
{
	if (matches(text, regex))
		return;
	show(text);
	fail_msg("/%s/ does not match: see above", regex);
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
	const char *keep = getenv("ASSAY_TEST_KEEP");

	if (keep && *keep == '1')
		print_message("kept: %s\n", dir);
	else
		assert_int_equal(dir_remove(dir), 0);
	free(dir);
}

/* A build takes minutes: what it says of its progress is passed on as it comes. */
void need_kernel(const char *kernel)
{
	const struct call c = { 0 };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), fds[2];
	char line[1024];
	FILE *said;
	pid_t pid;

	assert_true(null >= 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = start(&c, ARGS("kernel", "build", kernel), null, fds[1]);
	close(null);
	close(fds[1]);
	said = fdopen(fds[0], "r");
	assert_non_null(said);
	while (fgets(line, sizeof(line), said)) {
		printf("progress: %s", line);
		fflush(stdout);
	}
	fclose(said);
	if (await(pid, BUILD_LIMIT_S))
		fail_msg("the kernel %s could not be built: see above", kernel);
}

/* As the program finds it. */
static char *cache_dir(void)
{
	const char *dir = getenv("ASSAY_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
	char *path;

	if (dir && *dir)
		path = strdup(dir);
	else if (xdg && *xdg)
		path = str_fmt("%s/assay", xdg);
	else
		path = str_fmt("%s/.cache/assay", getenv("HOME"));
	assert_non_null(path);
	return path;
}

struct image *find_image(const char *kernel)
{
	struct kernel_paths paths = {
		.ini = "vm/kernels.ini",
		.configs = "vm/config",
		.patches = "kernel-patches",
		.cache = cache_dir(),
	};
	const struct image_opts opts = { .paths = &paths, .cancel_fd = -1 };
	struct kernels *ks = NULL;
	struct image *img = NULL;
	const struct kernel *k;
	const char *nearest;

	assert_int_equal(kernels__load(&paths, &ks), 0);
	k = kernels__find(ks, kernel, &nearest);
	assert_non_null(k);
	if (image__lookup(k, &opts, &img))
		fail_msg("%s: kernel %s is not there", paths.cache, kernel);
	kernels__free(ks);
	free((char *)paths.cache);
	return img;
}

/* --- what it left ---------------------------------------------------------------------------- */

struct query {
	const char *name;
	enum status status;
	char *text;
	struct records *records;
	int seen;
};

static struct store *open_latest(const char *results, struct run_info *run)
{
	struct store *s;

	assert_int_equal(store__open(results, false, &s), 0);
	assert_int_equal(store__find_run(s, "latest", run), 0);
	return s;
}

void find_run(const char *results, struct run_info *run)
{
	store__close(open_latest(results, run));
}

enum run_state run_state(const char *results)
{
	struct run_info run;
	enum run_state state;

	find_run(results, &run);
	state = run.state;
	run_info__release(&run);
	return state;
}

static int take_experiment(void *ctx, const struct stored_experiment *e)
{
	struct query *q = ctx;

	q->status = e->status;
	free(q->text);
	q->text = strdup(e->reason ? e->reason : "");
	q->seen++;
	return 0;
}

static void query_experiments(const char *results, const char *kernel, const char *experiment,
			      struct query *q)
{
	struct run_info run;
	struct store *s = open_latest(results, &run);

	assert_int_equal(store__experiments(s, run.id, kernel, experiment, take_experiment, q), 0);
	run_info__release(&run);
	store__close(s);
}

enum status experiment_status(const char *results, const char *kernel, const char *experiment,
			      char **reason)
{
	struct query q = { 0 };

	query_experiments(results, kernel, experiment, &q);
	if (q.seen != 1)
		fail_msg("%s: the store has it %d times", experiment, q.seen);
	if (reason)
		*reason = q.text;
	else
		free(q.text);
	return q.status;
}

int count_experiments(const char *results)
{
	struct query q = { 0 };

	query_experiments(results, NULL, NULL, &q);
	free(q.text);
	return q.seen;
}

static int take_record(void *ctx, const struct stored_record *sr)
{
	struct query *q = ctx;
	json_t *json = record_json__pack(sr->record);
	struct record *copy = NULL;
	char why[256] = "";

	if (!json || record_json__unpack(json, &copy, why, sizeof(why)))
		fail_msg("%s %s can't be copied: %s", sr->record->experiment, sr->record->name,
			 why);
	json_decref(json);
	q->records->v = reallocarray(q->records->v, q->records->n + 1, sizeof(copy));
	assert_non_null(q->records->v);
	q->records->v[q->records->n++] = copy;
	return 0;
}

void records__load(struct records *rs, const char *results, const char *kernel,
		   const char *experiment)
{
	struct query q = { .records = rs };
	struct run_info run;
	struct store *s = open_latest(results, &run);

	*rs = (struct records){ 0 };
	assert_int_equal(store__records(s, run.id, kernel, experiment, take_record, &q), 0);
	run_info__release(&run);
	store__close(s);
}

void records__release(struct records *rs)
{
	for (size_t i = 0; i < rs->n; i++)
		record__free(rs->v[i]);
	free(rs->v);
	*rs = (struct records){ 0 };
}

const struct record *records__find(const struct records *rs, const char *name, const char *label,
				   const char *value)
{
	for (size_t i = 0; i < rs->n; i++) {
		const char *has = label ? record__get_label(rs->v[i], label) : NULL;

		if (!strcmp(rs->v[i]->name, name) && (!label || (has && !strcmp(has, value))))
			return rs->v[i];
	}
	return NULL;
}

const struct record *records__get(const struct records *rs, const char *name)
{
	const struct record *r = records__find(rs, name, NULL, NULL);

	if (!r)
		fail_msg("there is no record '%s' among %zu", name, rs->n);
	return r;
}

double metric(const struct record *r, const char *name)
{
	const struct metric *m = record__get_metric(r, name);

	if (!m)
		fail_msg("%s %s has no metric '%s'", r->experiment, r->name, name);
	return m->value;
}

static int take_text(void *ctx, const struct stored_text *t)
{
	struct query *q = ctx;

	if (!q->seen++ && q->name)
		assert_int_equal(file_read(t->path, 0, &q->text, NULL), 0);
	return 0;
}

static void query_texts(const char *results, const char *kernel, const char *experiment,
			const char *name, const char *kind, struct query *q)
{
	struct run_info run;
	struct store *s = open_latest(results, &run);

	assert_int_equal(store__texts(s, run.id, kernel, experiment, name, kind, take_text, q), 0);
	run_info__release(&run);
	store__close(s);
}

char *find_text(const char *results, const char *kernel, const char *experiment, const char *name,
		const char *kind)
{
	struct query q = { .name = "first" };

	query_texts(results, kernel, experiment, name, kind, &q);
	return q.text;
}

int count_texts(const char *results, const char *experiment, const char *kind)
{
	struct query q = { 0 };

	query_texts(results, NULL, experiment, NULL, kind, &q);
	return q.seen;
}

/* --- processes ------------------------------------------------------------------------------- */

int count_qemus(const char *mark, pid_t *found)
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
		/* A zombie's is empty. */
		if (!file_read(path, 0, &cmdline, &len) && strstr(cmdline, "qemu-system") &&
		    memmem(cmdline, len, mark, strlen(mark))) {
			n++;
			if (found)
				*found = (pid_t)pid;
		}
		free(cmdline);
		free(path);
	}
	closedir(proc);
	return n;
}

bool wait_until(bool (*is_so)(void *ctx), void *ctx, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds * 10; i++) {
		if (is_so(ctx))
			return true;
		usleep(100000);
	}
	return is_so(ctx);
}

static bool no_qemu(void *ctx)
{
	return !count_qemus(ctx, NULL);
}

void assert_no_qemu(const char *mark, unsigned int seconds)
{
	if (!wait_until(no_qemu, (void *)mark, seconds))
		fail_msg("QEMU still runs %u s later", seconds);
}
