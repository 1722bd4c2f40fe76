// SPDX-License-Identifier: GPL-2.0-only
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest/experiment.h"

#define PORT	   11211
#define START_MS   10000
#define POLL_MS	   10
#define ANSWER_S   10
#define ANSWER_MAX 4096

/* --- server -------------------------------------------------------------------------------- */

static int raise_loopback(void)
{
	struct ifreq req = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFFLAGS, &req))
		err = -errno;
	req.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (!err && ioctl(fd, SIOCSIFFLAGS, &req))
		err = -errno;
	close(fd);
	return err;
}

static int copy_program(int from, const char *to)
{
	struct stat st;
	off_t at = 0;
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755), err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(from, &st))
		err = -errno;
	while (!err && at < st.st_size) {
		ssize_t n = sendfile(fd, from, &at, (size_t)(st.st_size - at));

		err = n < 0 ? -errno : n ? 0 : -EIO;
	}
	close(fd);
	return err;
}

/* Puts an own copy of the program in its place, for this process and its children only. */
static int enter_own_mounts(void)
{
	int program = open(SERVER_PATH, O_RDONLY | O_CLOEXEC), err;

	if (program < 0)
		return -errno;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", EXP_PROGRAM_DIR, "tmpfs", 0, "mode=755"))
		err = -errno;
	else
		err = copy_program(program, SERVER_PATH);
	close(program);
	return err;
}

/* In the child. Everything that it would print goes to /dev/null. */
static void become_server(bool own_mounts)
{
	static const char port[] = "11211";
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0 || (own_mounts && enter_own_mounts()))
		_exit(127);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execl(SERVER_PATH, SERVER_PATH, "-l", "127.0.0.1", "-p", port, "-U", "0", "-u", "root",
	      "-t", "1", "-m", "16", NULL);
	_exit(127);
}

static int wait_ready(struct mc_server *s)
{
	const struct timespec nap = { .tv_nsec = POLL_MS * 1000000 };
	struct mc_client c;
	int err = -ETIMEDOUT;

	for (int i = 0; i < START_MS / POLL_MS; i++) {
		err = mc_client__open(&c);
		if (!err) {
			mc_client__close(&c);
			return 0;
		}
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
			s->pid = 0;
			return -ECHILD;
		}
		nanosleep(&nap, NULL);
	}
	return err;
}

int mc_server__start(struct mc_server *s, bool own_mounts)
{
	int err = raise_loopback();

	s->pid = 0;
	if (err)
		return err;
	s->pid = fork();
	if (!s->pid)
		become_server(own_mounts);
	if (s->pid < 0) {
		s->pid = 0;
		return -errno;
	}
	err = wait_ready(s);
	if (err)
		mc_server__stop(s);
	return err;
}

void mc_server__stop(struct mc_server *s)
{
	if (!s->pid)
		return;
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

/* --- client -------------------------------------------------------------------------------- */

int mc_client__open(struct mc_client *c)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(PORT),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval limit = { .tv_sec = ANSWER_S };
	const int on = 1;
	int err;

	*c = (struct mc_client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	if (c->fd < 0)
		return -errno;
	if (!connect(c->fd, (const struct sockaddr *)&to, sizeof(to)) &&
	    !setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) &&
	    !setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return 0;
	err = -errno;
	mc_client__close(c);
	return err;
}

void mc_client__close(struct mc_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(s + len - n, end, n);
}

/* Sends a command and receives until the answer ends with `end`. */
static int talk(struct mc_client *c, const char *command, int len, const char *end,
		char answer[ANSWER_MAX])
{
	size_t got = 0;

	if (len < 0 || len >= ANSWER_MAX)
		return -E2BIG;
	if (send(c->fd, command, (size_t)len, MSG_NOSIGNAL) != len)
		return -errno;
	c->commands++;
	for (;;) {
		ssize_t n = recv(c->fd, answer + got, ANSWER_MAX - 1 - got, 0);

		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		got += (size_t)n;
		answer[got] = '\0';
		if (ends_with(answer, got, end))
			return 0;
		/* Every error is one line. */
		if (got == ANSWER_MAX - 1 || strstr(answer, "ERROR"))
			return -EPROTO;
	}
}

int mc_client__set(struct mc_client *c, const char *key, const char *value)
{
	char command[ANSWER_MAX], answer[ANSWER_MAX];
	int len = snprintf(command, sizeof(command), "set %s 0 0 %zu\r\n%s\r\n", key, strlen(value),
			   value);

	return talk(c, command, len, "STORED\r\n", answer);
}

int mc_client__get(struct mc_client *c, const char *key, bool *found)
{
	char command[ANSWER_MAX], answer[ANSWER_MAX];
	int len = snprintf(command, sizeof(command), "get %s\r\n", key);
	int err = talk(c, command, len, "END\r\n", answer);

	*found = !err && !strncmp(answer, "VALUE ", strlen("VALUE "));
	return err;
}

int mc_client__delete(struct mc_client *c, const char *key)
{
	char command[ANSWER_MAX], answer[ANSWER_MAX];
	int len = snprintf(command, sizeof(command), "delete %s\r\n", key);

	return talk(c, command, len, "DELETED\r\n", answer);
}

int mc_client__increment(struct mc_client *c, const char *key)
{
	char command[ANSWER_MAX], answer[ANSWER_MAX];
	int len = snprintf(command, sizeof(command), "incr %s 1\r\n", key);

	return talk(c, command, len, "\r\n", answer);
}
