// SPDX-License-Identifier: GPL-2.0-only
/* `assay shell`: relays bytes between standard input and output and a shell in a guest, which runs
 * on a pseudo-terminal there. */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/rawterm.h"
#include "cli/visit.h"
#include "vm/vm.h"
#include "wire/event.h"

#define FLOW_SIZE   16384
#define CTRL_D	    0x04
#define ESCAPE	    0x1d /* Ctrl-] */
#define HANG_UP_MS  300
#define LAST_OUT_MS 100

enum { FD_IN, FD_TTY, FD_TIMER, NR_FDS };

struct shell {
	int in, tty, timer;
	char flow[FLOW_SIZE]; /* typed, on its way to the guest */
	size_t start, end;
	bool terminal;
	int escapes; /* in a row */

	int status;
	bool failed; /* the guest program could not do its part */
	bool escaped;
	bool no_reader; /* nobody reads our output any more */
};

static const struct argp_child children[] = {
	{ &visit_argp, 0, NULL, 0 },
	{ &cli_vm_argp, 0, "Guest:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct visit_opts *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = o;
		state->child_inputs[1] = &o->vm;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': a shell takes no arguments; `assay exec` runs a command",
			   arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.parser = parse,
	.doc = "Boots a kernel and opens a busybox shell in the guest. The size of the terminal is "
	       "that of the start. The shell ends as shells do (exit, Ctrl-D); a guest that hangs is "
	       "left with Ctrl-] typed twice. Standard input need not be a terminal: its end is "
	       "the shell's.\vExit status: the shell's; 3 with a message when assay itself failed.",
	.children = children,
};

/* --- the relay ----------------------------------------------------------------------------- */

static int open_timer(int ms)
{
	struct itimerspec its = {
		.it_value.tv_nsec = 1,
		.it_interval.tv_nsec = ms * 1000000l,
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &its, NULL);
	return fd < 0 ? -errno : fd;
}

/* Two in a row say that the user wants out; the guest gets them all the same. */
static void look_for_escape(struct shell *s, const char *data, size_t len)
{
	for (size_t i = 0; i < len && s->terminal && !s->escaped; i++) {
		s->escapes = data[i] == ESCAPE ? s->escapes + 1 : 0;
		s->escaped = s->escapes == 2;
	}
}

static int read_input(struct shell *s, struct pollfd *fds)
{
	ssize_t n = read(s->in, s->flow, sizeof(s->flow));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n > 0) {
		look_for_escape(s, s->flow, (size_t)n);
		s->start = 0;
		s->end = (size_t)n;
		return s->escaped ? -ECANCELED : 0;
	}
	/* The end of the input. On the guest's terminal it is a character, which counts only
	 * while the shell waits for input: said again until the shell has ended. */
	s->in = -1;
	s->timer = open_timer(HANG_UP_MS);
	fds[FD_TIMER].fd = s->timer;
	return s->timer < 0 ? s->timer : 0;
}

static int end_input(struct shell *s)
{
	char end = CTRL_D;
	uint64_t ticks;

	if (read(s->timer, &ticks, sizeof(ticks)) < 0 || s->start < s->end)
		return 0;
	send(s->tty, &end, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	return 0;
}

/* 1 when there was something, 0 when not, -ENOTCONN when QEMU has gone, or -errno. */
static int write_output(struct shell *s)
{
	char buf[FLOW_SIZE];
	ssize_t n = recv(s->tty, buf, sizeof(buf), MSG_DONTWAIT);
	int err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -ENOTCONN;
	err = write_all(STDOUT_FILENO, buf, (size_t)n);
	s->no_reader = err == -EPIPE;
	return err ? err : 1;
}

static int send_input(struct shell *s)
{
	ssize_t n =
		send(s->tty, s->flow + s->start, s->end - s->start, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		s->start += (size_t)n;
	return 0;
}

static int on_ready(void *ctx, struct pollfd *fds)
{
	struct shell *s = ctx;
	int err = 0;

	if (fds[FD_TTY].revents & (POLLIN | POLLHUP | POLLERR))
		err = write_output(s);
	if (err == -ENOTCONN) { /* vm__pump will find out why */
		fds[FD_TTY].fd = fds[FD_IN].fd = fds[FD_TIMER].fd = -1;
		return 0;
	}
	if (err < 0)
		return err;
	err = 0;
	if (fds[FD_IN].revents)
		err = read_input(s, fds);
	if (!err && fds[FD_TIMER].revents)
		err = end_input(s);
	if (!err && s->start < s->end)
		err = send_input(s);
	/* More is read when this has gone: the guest sets the pace. */
	fds[FD_TTY].events = (short)(POLLIN | (s->start < s->end ? POLLOUT : 0));
	fds[FD_IN].fd = s->start < s->end ? -1 : s->in;
	return err;
}

/* What the shell printed last may still be on its way when its exit is known. */
static void last_output(struct shell *s)
{
	struct pollfd fd = { .fd = s->tty, .events = POLLIN };

	while (poll(&fd, 1, LAST_OUT_MS) == 1 && write_output(s) > 0)
		;
}

static int on_event(void *ctx, const json_t *event)
{
	struct shell *s = ctx;
	const char *type = wire_type(event), *text, *level = "";
	int64_t status;

	if (!strcmp(type, "log") && !wire_str(event, "text", &text)) {
		wire_str(event, "level", &level);
		s->failed |= !strcmp(level, "error");
		log_at(s->failed ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, "guest: %s", text);
	}
	if (strcmp(type, "exit"))
		return 0;
	if (wire_int(event, "status", &status) || status < 0 || status > 255)
		return -EBADMSG;
	s->status = (int)status;
	return 1;
}

/* --- the command --------------------------------------------------------------------------- */

static json_t *make_job(void)
{
	struct winsize size = { 0 };
	const char *term = getenv("TERM");

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	return json_pack("{s:s, s:i, s:i, s:s}", "job", "shell", "rows", size.ws_row, "cols",
			 size.ws_col, "term", term && *term ? term : "dumb");
}

static int exit_status(const struct shell *s, const struct visit *v, const struct vm_outcome *o)
{
	if (s->escaped) {
		log_err("left with Ctrl-]: the guest was ended");
		return EXIT_HARNESS;
	}
	if (s->no_reader)
		return 128 + SIGPIPE;
	if (o->end != VM_DONE) {
		visit__complain(o);
		return EXIT_HARNESS;
	}
	visit__warn(v, o);
	return s->failed ? EXIT_HARNESS : s->status;
}

static int converse(struct shell *s, struct visit *v)
{
	struct vm *vm = visit__vm(v);
	struct pollfd fds[NR_FDS] = {
		[FD_IN] = { .fd = s->in, .events = POLLIN },
		[FD_TTY] = { .fd = vm__tty_fd(vm), .events = POLLIN },
		[FD_TIMER] = { .fd = -1, .events = POLLIN },
	};
	struct vm_watch watch = { .fds = fds, .nr = NR_FDS, .on_ready = on_ready, .ctx = s };
	struct rawterm *raw = NULL;
	struct vm_outcome o = { 0 };
	int status, err;

	s->tty = vm__tty_fd(vm);
	if (s->terminal) {
		err = rawterm__enter(s->in, &raw);
		if (err) {
			log_err("the terminal can't be set to raw mode: %s", strerror(-err));
			return EXIT_HARNESS;
		}
	}
	err = vm__send(vm, make_job());
	if (!err) {
		vm__watch(vm, &watch);
		vm__pump(vm, 0, on_event, s, &o);
		vm__watch(vm, NULL);
		if (o.end == VM_DONE)
			last_output(s);
	}
	rawterm__leave(raw);
	if (err)
		log_err("the shell can't be started in the guest: %s", strerror(-err));
	status = err ? EXIT_HARNESS : exit_status(s, v, &o);
	vm_outcome__release(&o);
	return status;
}

int cmd_shell(struct cli *cli, int argc, char **argv)
{
	struct shell s = { .in = STDIN_FILENO, .timer = -1 };
	struct visit_opts o = { .tty = true };
	struct visit *v = NULL;
	int status, err;

	cli_vm__init(&o.vm);
	if (!cli__parse(&argp, "shell", argc, argv, &o, &status))
		goto out;
	s.terminal = isatty(STDIN_FILENO) == 1;
	err = visit__open(cli, &o, &v);
	status = err ? cli__exit_status(err) : converse(&s, v);
out:
	if (s.timer >= 0)
		close(s.timer);
	visit__close(v);
	visit_opts__release(&o);
	return status;
}
