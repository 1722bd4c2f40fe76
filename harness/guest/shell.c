// SPDX-License-Identifier: GPL-2.0-only
/* `assay shell`: relays between a pseudo-terminal and the raw port. One process does both
 * directions without ever blocking in the driver (see guest/port.h); while there is something that
 * the host has not taken yet, it looks again after a short sleep instead of waiting to be woken. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "guest/jobs.h"
#include "guest/port.h"
#include "wire/event.h"

#define RELAY_SIZE   16384
#define PORT_WAIT_MS 3000
#define RETRY_MS     2	  /* while the host has not taken all */
#define UNHEARD_MS   3000 /* without a connected host before the shell is ended */
#define FLUSH_MS     3000 /* for the last output to be taken */

/* Bytes on their way in one direction. */
struct flow {
	char data[RELAY_SIZE];
	size_t start, end;
};

struct relay {
	int port, master;
	struct flow to_host, to_shell;
	uint64_t unheard_since; /* ns; 0: the host is there */
	bool shell_closed;	/* no process has the terminal open */
};

static bool flow__empty(const struct flow *f)
{
	return f->start == f->end;
}

static int open_master(const json_t *job, char slave[64])
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int64_t n;

	if (fd < 0)
		return -errno;
	if (!wire_int(job, "rows", &n) && n > 0 && n < 10000)
		size.ws_row = (unsigned short)n;
	if (!wire_int(job, "cols", &n) && n > 0 && n < 10000)
		size.ws_col = (unsigned short)n;
	if (grantpt(fd) || unlockpt(fd) || ptsname_r(fd, slave, 64) ||
	    ioctl(fd, TIOCSWINSZ, &size)) {
		int err = errno;

		close(fd);
		return -err;
	}
	return fd;
}

struct shell_args {
	const char *slave, *term;
};

static int shell_main(void *arg)
{
	static const char *const shells[] = { "/bin/sh", "/bin/busybox" };
	const struct shell_args *a = arg;
	int fd = open(a->slave, O_RDWR);

	if (fd < 0)
		return 126;
	ioctl(fd, TIOCSCTTY, 0);
	for (int i = 0; i <= 2; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	setenv("TERM", a->term, 1);
	setenv("PS1", "guest:\\w# ", 1);
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		execl(shells[i], "sh", (char *)NULL);
	dprintf(STDERR_FILENO, "assay-guest: %s: %s\r\n", shells[0], strerror(errno));
	return 127;
}

static int push_to_host(struct relay *r)
{
	ssize_t n = port__write_some(r->port, r->to_host.data + r->to_host.start,
				     r->to_host.end - r->to_host.start);

	if (n < 0)
		return (int)n;
	r->to_host.start += (size_t)n;
	return 0;
}

static void push_to_shell(struct relay *r)
{
	ssize_t n = write(r->master, r->to_shell.data + r->to_shell.start,
			  r->to_shell.end - r->to_shell.start);

	if (n > 0)
		r->to_shell.start += (size_t)n;
	else if (n < 0 && errno == EIO)
		r->to_shell.start = r->to_shell.end; /* nobody reads any more */
}

static void pull_from_shell(struct relay *r)
{
	ssize_t n;

	if (!flow__empty(&r->to_host) || r->shell_closed)
		return;
	n = read(r->master, r->to_host.data, RELAY_SIZE);
	r->to_host.start = 0;
	r->to_host.end = n > 0 ? (size_t)n : 0;
	/* EIO: the last descriptor of the terminal was closed. */
	r->shell_closed = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static int pull_from_host(struct relay *r)
{
	ssize_t n;

	if (!flow__empty(&r->to_shell))
		return 0;
	n = port__read_some(r->port, r->to_shell.data, RELAY_SIZE);
	if (n < 0)
		return (int)n;
	r->to_shell.start = 0;
	r->to_shell.end = (size_t)n;
	return 0;
}

/* Waits until there may be something to do. The port is left out of the poll while the host is not
 * connected: it would report a hang-up at once, again and again. */
static bool wait_for_work(struct relay *r, int signal_fd)
{
	bool host_gone = r->unheard_since != 0;
	struct pollfd fds[] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = r->shell_closed ? -1 : r->master,
		  .events = (short)((flow__empty(&r->to_host) ? POLLIN : 0) |
				    (flow__empty(&r->to_shell) ? 0 : POLLOUT)) },
		{ .fd = host_gone || !flow__empty(&r->to_shell) ? -1 : r->port, .events = POLLIN },
	};
	int timeout = -1;

	if (!flow__empty(&r->to_host) || (!flow__empty(&r->to_shell) && r->shell_closed))
		timeout = RETRY_MS;
	else if (host_gone)
		timeout = 20;
	poll(fds, 3, timeout);
	if (fds[2].revents & POLLHUP && !(fds[2].revents & POLLIN))
		r->unheard_since = exp__now_ns();
	return fds[0].revents != 0;
}

/* While the host was away: is it back? */
static void look_for_host(struct relay *r)
{
	struct pollfd fd = { .fd = r->port, .events = POLLIN };

	if (!r->unheard_since)
		return;
	poll(&fd, 1, 0);
	if (!(fd.revents & POLLHUP))
		r->unheard_since = 0;
}

static int relay_step(struct relay *r)
{
	int err = pull_from_host(r);

	if (!flow__empty(&r->to_shell))
		push_to_shell(r);
	pull_from_shell(r);
	if (!err && !flow__empty(&r->to_host))
		err = push_to_host(r);
	return err;
}

/* Until the shell has ended or the host has gone. */
static void relay_run(struct relay *r, const struct supervisor *s, pid_t pid, int *status)
{
	uint64_t limit = (uint64_t)UNHEARD_MS * 1000000;

	for (;;) {
		if (wait_for_work(r, s->signal_fd) && child__reap(s, pid, status))
			return;
		look_for_host(r);
		if (r->unheard_since && exp__now_ns() - r->unheard_since > limit)
			break;
		if (relay_step(r))
			break;
	}
	kill(-pid, SIGHUP);
	kill(-pid, SIGKILL);
	for (int i = 0; i < 1000 && !child__reap(s, pid, status); i++)
		nap_us(2000);
}

/* What the shell wrote last. */
static void relay_flush(struct relay *r)
{
	uint64_t start = exp__now_ns();

	while (exp__now_ns() - start < (uint64_t)FLUSH_MS * 1000000) {
		pull_from_shell(r);
		if (flow__empty(&r->to_host))
			return;
		if (push_to_host(r))
			return;
		if (!flow__empty(&r->to_host))
			nap_us(RETRY_MS * 1000);
	}
}

int job__shell(const json_t *job, const struct supervisor *s, const struct sink *sink)
{
	struct relay *r = calloc(1, sizeof(*r));
	struct shell_args args = { .term = "dumb" };
	const char *failed = "out of memory";
	int status = 126 << 8, err = -ENOMEM;
	char slave[64] = "";
	pid_t pid;

	if (!r)
		goto out;
	r->master = -1;
	failed = "no virtio-serial port " WIRE_TTY_PORT;
	err = r->port = port__open(WIRE_TTY_PORT, PORT_WAIT_MS);
	if (err < 0)
		goto out;
	failed = "no pseudo-terminal (CONFIG_UNIX98_PTYS)";
	err = r->master = open_master(job, slave);
	if (err < 0)
		goto out;
	wire_str(job, "term", &args.term);
	args.slave = slave;
	failed = "fork";
	err = pid = child__start(shell_main, &args);
	if (err < 0)
		goto out;
	err = 0;
	relay_run(r, s, pid, &status);
	child__clear(s, pid);
	relay_flush(r);
out:
	if (err < 0)
		sink__log(sink, "error", "shell: %s: %s", failed, strerror(-err));
	if (r && r->port >= 0)
		close(r->port);
	if (r && r->master >= 0)
		close(r->master);
	free(r);
	return job__exit(sink, child__exit_status(status));
}
