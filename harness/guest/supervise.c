// SPDX-License-Identifier: GPL-2.0-only
#include "guest/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "base/proc.h"

#define KILL_WAIT_MS 5000 /* for a killed child to be gone */
#define READ_SIZE    (64u << 10)
#define MAX_WATCHES  4

int supervisor__init(struct supervisor *s, int cancel_fd, bool is_init)
{
	sigset_t mask;

	*s = (struct supervisor){ .signal_fd = -1, .cancel_fd = cancel_fd, .is_init = is_init };
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, NULL))
		return -errno;
	s->signal_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->signal_fd < 0)
		return -errno;
	if (!is_init && prctl(PR_SET_CHILD_SUBREAPER, 1))
		return -errno;
	return 0;
}

int child__exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

pid_t child__start(int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();
	sigset_t mask;

	if (pid)
		return pid < 0 ? -errno : pid;
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	file_poke("/proc/self/oom_score_adj", "1000");
	_exit(fn(arg));
}

bool child__reap(const struct supervisor *s, pid_t pid, int *status)
{
	struct signalfd_siginfo info;
	bool found = false;
	pid_t got;
	int st;

	while (read(s->signal_fd, &info, sizeof(info)) > 0)
		;
	while ((got = waitpid(-1, &st, WNOHANG)) > 0) {
		if (got != pid)
			continue;
		*status = st;
		found = true;
	}
	return found;
}

static void nap_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* What was orphaned in sessions of its own has become our child (PR_SET_CHILD_SUBREAPER). */
static void kill_orphans(const struct supervisor *s)
{
	for (int i = 0; i < 20; i++) {
		char *text = NULL, *save = NULL, *word;
		int status, killed = 0;
		uint64_t pid;

		child__reap(s, -1, &status);
		if (file_read("/proc/thread-self/children", 0, &text, NULL))
			return; /* without CONFIG_PROC_CHILDREN they stay */
		for (word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
			if (!num_u64(word, 2, INT32_MAX, &pid))
				killed += !kill((pid_t)pid, SIGKILL);
		free(text);
		if (!killed)
			return;
		nap_ms(5); /* their children become ours when they are gone */
	}
}

void child__clear(const struct supervisor *s, pid_t pid)
{
	int status;

	kill(-pid, SIGKILL);
	if (!s->is_init) {
		kill_orphans(s);
		return;
	}
	kill(-1, SIGKILL);
	/* What was killed ends soon; what does not can't be helped. */
	for (int i = 0; i < 200; i++) {
		child__reap(s, -1, &status);
		if (waitpid(-1, &status, WNOHANG) < 0 && errno == ECHILD)
			return;
		nap_ms(5);
	}
}

/* Reads what is there now. Closes nothing: the descriptor is the caller's. */
static int drain(struct watch *w)
{
	static const size_t size = READ_SIZE;
	char *buf = malloc(size);
	int err = 0;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(w->fd, buf, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || (n < 0 && errno != EAGAIN))
			w->fd = -1;
		if (n <= 0)
			break;
		err = w->data(w->ctx, buf, (size_t)n);
		if (err || (size_t)n < size)
			break;
	}
	free(buf);
	return err;
}

/* Reads on until nothing more is there: whoever may still hold the other end is not waited for. */
static int drain_rest(struct watch *w)
{
	int err = 0;

	while (!err && w->fd >= 0) {
		struct pollfd fd = { .fd = w->fd, .events = POLLIN };

		if (poll(&fd, 1, 0) <= 0)
			break;
		err = drain(w);
	}
	return err;
}

static int timer_open(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

static void timer_set(int fd, unsigned int ms)
{
	struct itimerspec its = {
		.it_value = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 },
	};

	timerfd_settime(fd, 0, &its, NULL);
}

static void kill_child(pid_t pid, int timer)
{
	kill(-pid, SIGKILL);
	timer_set(timer, KILL_WAIT_MS);
}

void child__watch(const struct supervisor *s, pid_t pid, struct watch *watches, size_t n,
		  unsigned int timeout_ms, struct child_end *end)
{
	enum { SIGNALS, TIMER, CANCEL, WATCHES };
	struct pollfd fds[WATCHES + MAX_WATCHES];
	bool ended = false, killed = false;
	int timer = timer_open();
	uint64_t ticks;

	*end = (struct child_end){ 0 };
	for (size_t i = 0; i < n; i++)
		fcntl(watches[i].fd, F_SETFL, fcntl(watches[i].fd, F_GETFL) | O_NONBLOCK);
	if (timeout_ms)
		timer_set(timer, timeout_ms);
	while (!ended && !end->stuck) {
		fds[SIGNALS] = (struct pollfd){ .fd = s->signal_fd, .events = POLLIN };
		fds[TIMER] = (struct pollfd){ .fd = timer, .events = POLLIN };
		fds[CANCEL] = (struct pollfd){ .fd = killed ? -1 : s->cancel_fd, .events = POLLIN };
		for (size_t i = 0; i < n; i++)
			fds[WATCHES + i] = (struct pollfd){ .fd = watches[i].fd, .events = POLLIN };
		if (poll(fds, WATCHES + n, -1) < 0 && errno != EINTR) {
			end->err = -errno;
			break;
		}
		for (size_t i = 0; i < n; i++) {
			if (watches[i].fd >= 0 && fds[WATCHES + i].revents && !end->err)
				end->err = drain(&watches[i]);
			if (watches[i].anew && timeout_ms && !killed)
				timer_set(timer, timeout_ms);
			watches[i].anew = false;
		}
		if (fds[SIGNALS].revents)
			ended = child__reap(s, pid, &end->status);
		if (ended)
			break;
		if (fds[TIMER].revents && read(timer, &ticks, sizeof(ticks)) > 0) {
			end->stuck = killed;
			end->timed_out |= !killed;
		}
		end->cancelled |= fds[CANCEL].revents != 0;
		if (!killed && (end->timed_out || end->cancelled || end->err)) {
			kill_child(pid, timer);
			killed = true;
		}
	}
	child__clear(s, pid);
	for (size_t i = 0; i < n && !end->err; i++)
		end->err = drain_rest(&watches[i]);
	close(timer);
}
