// SPDX-License-Identifier: GPL-2.0-only
#include "vm/qemu.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "vm/vm.h"

#define DEFAULT_QEMU	 "qemu-system-x86_64"
#define LAST_WORDS	 2048
#define LAST_WORDS_LINES 3
/* A process in an uninterruptible call, such as a KVM that hangs, survives SIGKILL for a while;
 * nobody waits for it longer than this. */
#define KILL_WAIT_MS 5000

void qemu__init(struct qemu *q)
{
	*q = (struct qemu){
		.pidfd = -1, .wire_fd = -1, .tty_fd = -1, .qmp_fd = -1, .stderr_fd = -1
	};
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int port_open(int *ours, int *theirs)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return -errno;
	*ours = fds[0];
	*theirs = fds[1];
	return 0;
}

/* The other ends of the sockets, and the state to begin with: -1 for none. */
struct given {
	int wire, tty, qmp, state;
};

/* What does not make another machine of it. */
static int add_monitor(struct strv *argv, const struct given *g)
{
	char *qmp = str_fmt("socket,id=qmp,fd=%d", g->qmp), *state = str_fmt("fd:%d", g->state);
	int err = qmp && state ? 0 : -ENOMEM;

	if (!err && g->qmp >= 0)
		err = strv__add(argv, "-chardev")
			      ?: strv__add(argv, qmp)
			      ?: strv__add(argv, "-mon")
			      ?: strv__add(argv, "chardev=qmp,mode=control");
	if (!err && g->state >= 0)
		err = strv__add(argv, "-incoming") ?: strv__add(argv, state);
	free(qmp);
	free(state);
	return err;
}

static int spawn(struct qemu *q, const struct vm_opts *o, const char *program,
		 const struct given *g)
{
	int all[] = { g->wire, g->tty, g->qmp, g->state }, keep[4], nr = 0;
	struct spawn_opts so = {
		.keep_fds = keep,
		.stdout_fd = q->stderr_fd,
		.stderr_fd = q->stderr_fd,
	};
	struct strbuf line = STRBUF_INIT;
	struct strv argv = { 0 };
	int err;

	for (int i = 0; i < 4; i++)
		if (all[i] >= 0)
			keep[nr++] = all[i];
	so.nr_keep_fds = nr;
	err = vm_argv(o, program, g->wire, g->tty, &argv);
	if (!err)
		err = add_monitor(&argv, g);
	if (err)
		goto out;
	for (size_t i = 0; i < argv.n; i++)
		strbuf__addf(&line, strchr(argv.v[i], ' ') ? " '%s'" : " %s", argv.v[i]);
	log_debug("starting%s", strbuf__str(&line));
	so.argv = (const char *const *)argv.v;
	err = proc_spawn(&so, &q->pid, &q->pidfd);
out:
	strbuf__free(&line);
	strv__free(&argv);
	return err;
}

char *qemu__find(const char *name)
{
	char *program;

	if (!name)
		name = DEFAULT_QEMU;
	program = proc_which(name);
	if (!program)
		log_err("%s: not found; install QEMU for x86 (package qemu-system-x86)", name);
	return program;
}

int qemu__start(struct qemu *q, const struct vm_opts *o)
{
	char *program = qemu__find(o->qemu);
	struct given g = { -1, -1, -1, o->state_fd > 0 ? o->state_fd : -1 };
	int err;

	if (!program)
		return -ENOENT;
	q->stderr_fd = memfd_create("assay-qemu-stderr", MFD_CLOEXEC);
	err = q->stderr_fd < 0 ? -errno : port_open(&q->wire_fd, &g.wire);
	if (!err && o->tty)
		err = port_open(&q->tty_fd, &g.tty);
	if (!err && o->qmp)
		err = port_open(&q->qmp_fd, &g.qmp);
	if (!err)
		err = spawn(q, o, program, &g);
	if (err)
		log_err("%s: can't start it: %s", program, strerror(-err));
	close_fd(&g.wire);
	close_fd(&g.tty);
	close_fd(&g.qmp);
	free(program);
	return err;
}

static bool readable_within(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int n;

	do {
		n = poll(&pfd, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

static bool reap(struct qemu *q, int timeout_ms)
{
	siginfo_t si = { 0 };

	if (!q->pid)
		return true;
	if (!readable_within(q->pidfd, timeout_ms))
		return false;
	/* What a wrapper left of its group. Before it is reaped: until then nobody else can have
	 * the number. */
	kill(-q->pid, SIGKILL);
	/* It fails when SIGCHLD is ignored: ended it has all the same. */
	waitid(P_PID, q->pid, &si, WEXITED);
	q->status = si.si_code == CLD_EXITED || !si.si_code ? si.si_status : -si.si_status;
	q->pid = 0;
	return true;
}

bool qemu__ended(struct qemu *q)
{
	return reap(q, 0);
}

/* A line's message: QEMU puts its path in front. */
static const char *message(const char *line)
{
	const char *p = strstr(line, "qemu-system-");

	p = p ? strstr(p, ": ") : NULL;
	return p ? p + 2 : line;
}

char *qemu__last_words(const struct qemu *q)
{
	struct strv lines = { 0 };
	struct strbuf out = STRBUF_INIT;
	char buf[LAST_WORDS + 1];
	size_t first = 0;
	off_t size;
	ssize_t n;

	size = q->stderr_fd < 0 ? 0 : lseek(q->stderr_fd, 0, SEEK_END);
	n = size <= 0 ? 0
		      : pread(q->stderr_fd, buf, LAST_WORDS,
			      size > LAST_WORDS ? size - LAST_WORDS : 0);
	if (n <= 0)
		return NULL;
	for (ssize_t i = 0; i < n; i++) {
		if (!buf[i])
			buf[i] = '?';
	}
	buf[n] = '\0';
	if (strv__split(&lines, buf, "\r\n"))
		goto out;
	if (lines.n > LAST_WORDS_LINES)
		first = lines.n - LAST_WORDS_LINES;
	for (size_t i = first; i < lines.n; i++) {
		/* TCG lacks features that a CPU model names: true, and of no interest. */
		if (strstr(lines.v[i], "warning: TCG doesn't support"))
			continue;
		strbuf__addf(&out, "%s%s", out.len ? "; " : "", message(lines.v[i]));
	}
out:
	strv__free(&lines);
	if (!out.len || out.failed) {
		strbuf__free(&out);
		return NULL;
	}
	return strbuf__detach(&out);
}

void qemu__release(struct qemu *q)
{
	/* Not after it was reaped: the number may be another's by then. */
	if (q->pid && !qemu__ended(q)) {
		kill(-q->pid, SIGKILL);
		if (!reap(q, KILL_WAIT_MS))
			log_warn("QEMU (process %d) does not die from SIGKILL; it hangs in the "
				 "host's kernel",
				 (int)q->pid);
	}
	close_fd(&q->pidfd);
	close_fd(&q->wire_fd);
	close_fd(&q->tty_fd);
	close_fd(&q->qmp_fd);
	close_fd(&q->stderr_fd);
	qemu__init(q);
}
