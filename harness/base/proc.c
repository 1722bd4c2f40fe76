// SPDX-License-Identifier: GPL-2.0-only
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#define GRACE_MS  2000	     /* from SIGTERM to SIGKILL */
#define LINE_PART (4u << 20) /* a longer line is delivered in parts */

/* A program that runs under our eyes. */
struct run {
	const struct proc_opts *o;
	struct strbuf *collect; /* output as it is, or NULL */
	struct strbuf line;	/* the part of a line that came so far */
	pid_t pid;
	int pidfd, out_fd, log_fd, cancel_fd;
	bool same_group;
	bool ended;	  /* the program itself */
	int stop_err;	  /* why we are ending it: -ETIMEDOUT, -EINTR, or 0 */
	int64_t deadline; /* ms; 0: none */
	int output_err;	  /* first failure to keep the output */
};

static void deliver_line(struct run *r)
{
	if (!r->line.failed)
		r->o->on_line(r->o->ctx, strbuf__str(&r->line));
	else if (!r->output_err)
		r->output_err = -ENOMEM;
	if (r->line.data)
		r->line.data[0] = '\0';
	r->line.len = 0;
	r->line.failed = false;
}

static void split_lines(struct run *r, const char *data, size_t len)
{
	while (len) {
		const char *nl = memchr(data, '\n', len);
		size_t n = nl ? (size_t)(nl - data) : len;

		strbuf__add(&r->line, data, n);
		if (nl || r->line.len >= LINE_PART)
			deliver_line(r);
		n += nl != NULL;
		data += n;
		len -= n;
	}
}

static void take_output(struct run *r, const char *data, size_t len)
{
	int err;

	if (r->log_fd >= 0) {
		err = write_all(r->log_fd, data, len);
		if (err && !r->output_err)
			r->output_err = err;
	}
	if (r->collect)
		strbuf__add(r->collect, data, len);
	if (r->o->on_line)
		split_lines(r, data, len);
}

/* One read from the pipe; returns the number of bytes, 0 when there is nothing now. */
static size_t read_output(struct run *r)
{
	char buf[65536];
	ssize_t n = read(r->out_fd, buf, sizeof(buf));

	if (n > 0) {
		take_output(r, buf, n);
		return n;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(r->out_fd);
		r->out_fd = -1;
	}
	return 0;
}

/* What the program left in the pipe, and no more: a grandchild may hold the other end for ever
 * and even go on writing. */
static void drain(struct run *r)
{
	int cap = r->out_fd < 0 ? 0 : fcntl(r->out_fd, F_GETPIPE_SZ);
	size_t left = cap > 0 ? cap : 65536, n;

	while (r->out_fd >= 0 && left) {
		n = read_output(r);
		if (!n)
			break;
		left -= n < left ? n : left;
	}
	if (r->o->on_line && (r->line.len || r->line.failed))
		deliver_line(r);
}

static void signal_all(const struct run *r, int sig)
{
	kill(r->same_group ? r->pid : -r->pid, sig);
}

static void stop(struct run *r, int err)
{
	r->stop_err = err;
	r->deadline = clock_ms() + GRACE_MS;
	signal_all(r, SIGTERM);
	/* A stopped process takes no SIGTERM. */
	signal_all(r, SIGCONT);
}

/* Waits until the program has ended, or the grace of its group is over. */
static int watch(struct run *r)
{
	/* While it is being stopped, an open pipe means that others of its group still clean up. */
	while (!r->ended || (r->stop_err && r->out_fd >= 0)) {
		struct pollfd pfd[] = {
			{ .fd = r->ended ? -1 : r->pidfd, .events = POLLIN },
			{ .fd = r->out_fd, .events = POLLIN },
			{ .fd = r->stop_err ? -1 : r->cancel_fd, .events = POLLIN },
		};
		int64_t left = r->deadline ? r->deadline - clock_ms() : -1;

		if (r->deadline && left < 0)
			left = 0;
		if (poll(pfd, 3, left > INT_MAX ? INT_MAX : (int)left) < 0 && errno != EINTR)
			return -errno;
		if (r->out_fd >= 0 && pfd[1].revents)
			read_output(r);
		if (pfd[0].revents)
			r->ended = true;
		else if (pfd[2].revents)
			stop(r, -EINTR);
		else if (r->deadline && clock_ms() >= r->deadline && r->stop_err)
			break;
		else if (r->deadline && clock_ms() >= r->deadline)
			stop(r, -ETIMEDOUT);
	}
	return 0;
}

static int reap(struct run *r, int *status)
{
	int ws = 0;

	while (waitpid(r->pid, &ws, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (status)
		*status = WIFSIGNALED(ws) ? 128 + WTERMSIG(ws) : WEXITSTATUS(ws);
	return 0;
}

static int follow(struct run *r, int *status)
{
	int err, reap_err;

	r->deadline = r->o->timeout_ms > 0 ? clock_ms() + r->o->timeout_ms : 0;
	err = watch(r);
	if (err || r->stop_err) {
		/* Before it is reaped: until then nobody else can have its number. */
		signal_all(r, SIGKILL);
		if (!err)
			err = r->stop_err;
	}
	reap_err = reap(r, status);
	drain(r);
	return err ? err : reap_err ? reap_err : r->output_err;
}

/* -ENOENT is kept for the program itself. */
static int open_aux(const char *path, int flags, int missing)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);

	if (fd >= 0)
		return fd;
	return errno == ENOENT ? missing : -errno;
}

static int open_capture(struct run *r, struct child_opts *c, int *write_end)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	r->out_fd = fds[0];
	*write_end = c->fds[1] = fds[1];
	if (!r->o->stdout_only)
		c->fds[2] = fds[1];
	return fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int run_program(struct run *r, int *status)
{
	const struct proc_opts *o = r->o;
	struct child_opts c = {
		.argv = o->argv,
		.dir = o->dir,
		.env = o->env,
		.fds = { -1, -1, -1 },
	};
	int in = -1, write_end = -1, err = 0;

	/* At a terminal the program must be in the foreground group to read from it. */
	c.same_group = r->same_group = o->own_stdio && isatty(STDIN_FILENO) == 1;
	if (!o->own_stdio) {
		in = open_aux(o->stdin_path ? o->stdin_path : "/dev/null", O_RDONLY, -EBADF);
		c.fds[0] = in;
		err = in < 0 ? in : open_capture(r, &c, &write_end);
	}
	if (!err && o->log_path && !o->own_stdio) {
		r->log_fd = open_aux(o->log_path, O_WRONLY | O_CREAT | O_APPEND, -ENOTDIR);
		err = r->log_fd < 0 ? r->log_fd : 0;
	}
	if (!err)
		err = child_start(&c, &r->pid, &r->pidfd);
	if (in >= 0)
		close(in);
	if (write_end >= 0)
		close(write_end);
	return err ? err : follow(r, status);
}

static int run_collecting(const struct proc_opts *o, struct strbuf *collect, int *status)
{
	struct run r = {
		.o = o,
		.collect = collect,
		.line = STRBUF_INIT,
		.pidfd = -1,
		.out_fd = -1,
		.log_fd = -1,
		.cancel_fd = o->cancel_fd > 0 ? o->cancel_fd : -1,
	};
	int err;

	if (cancel_pending(r.cancel_fd))
		return -EINTR;
	err = run_program(&r, status);
	strbuf__free(&r.line);
	if (r.pidfd >= 0)
		close(r.pidfd);
	if (r.out_fd >= 0)
		close(r.out_fd);
	if (r.log_fd >= 0 && close(r.log_fd) < 0 && !err)
		err = -errno;
	return err;
}

int proc_run(const struct proc_opts *opts, int *status)
{
	return run_collecting(opts, NULL, status);
}

int proc_output(const char *const *argv, char **out, int *status)
{
	struct proc_opts o = { .argv = argv, .stdout_only = true, .cancel_fd = -1 };
	struct strbuf sb = STRBUF_INIT;
	int err = run_collecting(&o, &sb, status);

	*out = NULL;
	if (err) {
		strbuf__free(&sb);
		return err;
	}
	*out = strbuf__detach(&sb);
	return *out ? 0 : -ENOMEM;
}

int proc_spawn(const struct spawn_opts *opts, pid_t *pid, int *pidfd)
{
	struct child_opts c = {
		.argv = opts->argv,
		.keep_fds = opts->keep_fds,
		.nr_keep_fds = opts->nr_keep_fds,
	};
	int null, err;

	null = open_aux("/dev/null", O_RDWR, -ENODEV);
	if (null < 0)
		return null;
	c.fds[0] = null;
	c.fds[1] = opts->stdout_fd < 0 ? null : opts->stdout_fd;
	c.fds[2] = opts->stderr_fd < 0 ? null : opts->stderr_fd;
	err = child_start(&c, pid, pidfd);
	close(null);
	return err;
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) &&
	       !faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);
}

static char *absolute(const char *dir, const char *name)
{
	char real[PATH_MAX];

	if (dir[0] != '/') {
		if (!realpath(dir, real))
			return NULL;
		dir = real;
	}
	return str_fmt("%s%s%s", dir, str_ends(dir, "/") ? "" : "/", name);
}

char *proc_which(const char *name)
{
	const char *path = getenv("PATH");
	struct strv dirs = { 0 };
	char *found = NULL;

	if (strchr(name, '/')) {
		if (!is_program(name))
			return NULL;
		return name[0] == '/' ? strdup(name) : absolute(".", name);
	}
	if (!*name || strv__split(&dirs, path ? path : "/usr/local/bin:/usr/bin:/bin", ":") ||
	    strv__add(&dirs, "/usr/sbin") || strv__add(&dirs, "/sbin"))
		goto out;
	for (size_t i = 0; i < dirs.n && !found; i++) {
		found = absolute(dirs.v[i], name);
		if (found && !is_program(found)) {
			free(found);
			found = NULL;
		}
	}
out:
	strv__free(&dirs);
	return found;
}
