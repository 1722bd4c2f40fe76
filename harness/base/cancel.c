// SPDX-License-Identifier: GPL-2.0-only
#include "base/proc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int cancel_open(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction sa;

		/* Who started us under nohup wants to go on after SIGHUP; a signalfd would see
		 * the signal even though it is ignored. */
		if (!sigaction(signals[i], NULL, &sa) && sa.sa_handler == SIG_IGN)
			continue;
		sigaddset(&set, signals[i]);
	}
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

bool cancel_pending(int cancel_fd)
{
	struct pollfd pfd = { .fd = cancel_fd, .events = POLLIN };

	return cancel_fd >= 0 && poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLIN);
}
