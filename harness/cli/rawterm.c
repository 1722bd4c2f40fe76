// SPDX-License-Identifier: GPL-2.0-only
#include "cli/rawterm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct rawterm {
	int fd;
	struct termios saved;
	pid_t guard;
	int guard_fd; /* a byte, and the guard goes; an end, and it acts */
};

/* The child: only system calls from here on. */
static void guard(int tty, int pipe_fd, const struct termios *saved, const struct termios *raw)
{
	struct termios now;
	sigset_t all;
	ssize_t n;
	char c;

	/* What ends us by a signal to our process group must not end it, and setting modes from
	 * the background raises SIGTTOU. */
	setpgid(0, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	/* Every other descriptor is somebody's end of a conversation. */
	if (dup2(tty, STDIN_FILENO) < 0 || dup2(pipe_fd, STDOUT_FILENO) < 0)
		_exit(1);
	closefrom(STDOUT_FILENO + 1);
	do {
		n = read(STDOUT_FILENO, &c, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 0 && !tcgetattr(STDIN_FILENO, &now) && now.c_lflag == raw->c_lflag &&
	    now.c_iflag == raw->c_iflag && now.c_oflag == raw->c_oflag)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, saved);
	_exit(0);
}

int rawterm__enter(int fd, struct rawterm **out)
{
	struct rawterm *t = calloc(1, sizeof(*t));
	int fds[2] = { -1, -1 }, err = 0;
	struct termios raw;

	if (!t)
		return -ENOMEM;
	t->fd = fd;
	if (tcgetattr(fd, &t->saved) || pipe2(fds, O_CLOEXEC)) {
		err = -errno;
		goto out;
	}
	raw = t->saved;
	cfmakeraw(&raw);
	t->guard = fork();
	if (!t->guard) {
		/* high numbers first: dup2 must not overwrite one of them */
		int tty = fcntl(fd, F_DUPFD, 3), end = fcntl(fds[0], F_DUPFD, 3);

		close(fds[1]);
		guard(tty, end, &t->saved, &raw);
	}
	if (t->guard < 0) {
		err = -errno;
		close(fds[1]);
	} else {
		t->guard_fd = fds[1];
		if (tcsetattr(fd, TCSADRAIN, &raw))
			err = -errno;
	}
	close(fds[0]);
	if (err && t->guard > 0) {
		rawterm__leave(t);
		return err;
	}
out:
	if (err)
		free(t);
	else
		*out = t;
	return err;
}

void rawterm__leave(struct rawterm *t)
{
	if (!t)
		return;
	tcsetattr(t->fd, TCSADRAIN, &t->saved);
	/* The pipe has a reader and room: it can fail only when the guard was killed. */
	if (write(t->guard_fd, "", 1) == 1)
		while (waitpid(t->guard, NULL, 0) < 0 && errno == EINTR)
			;
	else
		waitpid(t->guard, NULL, WNOHANG);
	close(t->guard_fd);
	free(t);
}
