// SPDX-License-Identifier: GPL-2.0-only
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"

extern char **environ;

/* Everything that the child needs, made before the fork: after it, only system calls. */
struct plan {
	const struct child_opts *o;
	char *path;
	char **envp;
	pid_t parent;
	int report; /* becomes readable with an errno, or closes on exec */
};

static bool overridden(const char *entry, const char *const *env)
{
	size_t len = strcspn(entry, "=");

	for (; env && *env; env++)
		if (!strncmp(*env, entry, len) && (*env)[len] == '=')
			return true;
	return false;
}

/* Our environment with env added; the strings are borrowed. */
static char **make_env(const char *const *env)
{
	size_t n = 0, k = 0;
	char **envp;

	for (char **e = environ; e && *e; e++)
		n++;
	for (const char *const *e = env; e && *e; e++)
		n++;
	envp = malloc((n + 1) * sizeof(*envp));
	if (!envp)
		return NULL;
	for (char **e = environ; e && *e; e++)
		if (!overridden(*e, env))
			envp[k++] = *e;
	for (; env && *env; env++)
		envp[k++] = (char *)*env;
	envp[k] = NULL;
	return envp;
}

static void reset_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	/* An ignored SIGHUP is the user's nohup and stays. */
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGHUP)
			sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_others(void)
{
	struct rlimit rl;
	rlim_t max = 1024;

	/* CLOSE_RANGE_CLOEXEC came with Linux 5.11. */
	if (!syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC))
		return;
	if (!getrlimit(RLIMIT_NOFILE, &rl) && rl.rlim_cur < 65536)
		max = rl.rlim_cur;
	for (int fd = 3; fd < (int)max; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int arrange_fds(const struct child_opts *o, int *report)
{
	int high[3], fd;

	/* All out of the way first: what becomes 1 may be 2 now, and any of them may be the pipe
	 * when our own standard descriptors are closed. */
	fd = fcntl(*report, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	*report = fd;
	for (int i = 0; i < 3; i++) {
		high[i] = o->fds[i] < 0 ? -1 : fcntl(o->fds[i], F_DUPFD_CLOEXEC, 3);
		if (o->fds[i] >= 0 && high[i] < 0)
			return -errno;
	}
	for (int i = 0; i < 3; i++)
		if (high[i] >= 0 && dup2(high[i], i) < 0)
			return -errno;
	close_others();
	for (int i = 0; i < o->nr_keep_fds; i++)
		if (fcntl(o->keep_fds[i], F_SETFD, 0) < 0)
			return -errno;
	return 0;
}

static int become(const struct plan *p, int *report)
{
	const struct child_opts *o = p->o;
	int err;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	/* The parent may have died before the line above. */
	if (getppid() != p->parent)
		_exit(127);
	if (!o->same_group && setpgid(0, 0) < 0)
		return -errno;
	err = arrange_fds(o, report);
	if (err)
		return err;
	if (o->dir && chdir(o->dir) < 0)
		return errno == ENOENT ? -ENOTDIR : -errno;
	reset_signals();
	execve(p->path, (char *const *)o->argv, p->envp);
	err = -errno;
	/* The file is there: then its interpreter is not. */
	if (err == -ENOENT && !access(p->path, F_OK))
		err = -ENOEXEC;
	return err;
}

static void run_child(struct plan *p)
{
	int err = become(p, &p->report);
	ssize_t n;

	do {
		n = write(p->report, &err, sizeof(err));
	} while (n < 0 && errno == EINTR);
	_exit(127);
}

static int wait_exec(int fd)
{
	int err = 0;
	ssize_t n;

	do {
		n = read(fd, &err, sizeof(err));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(err) ? err : 0;
}

static int start(struct plan *p, pid_t *pid, int *pidfd)
{
	int pipefd[2], fd = -1, err = 0;
	pid_t child;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return -errno;
	p->report = pipefd[1];
	child = fork();
	if (!child)
		run_child(p);
	if (child < 0)
		err = -errno;
	close(pipefd[1]);
	if (!err)
		err = wait_exec(pipefd[0]);
	close(pipefd[0]);
	if (child < 0)
		return err;
	if (!err) {
		fd = syscall(SYS_pidfd_open, child, 0);
		if (fd < 0) {
			err = -errno;
			kill(p->o->same_group ? child : -child, SIGKILL);
		}
	}
	if (err) {
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		return err;
	}
	*pid = child;
	*pidfd = fd;
	return 0;
}

int child_start(const struct child_opts *o, pid_t *pid, int *pidfd)
{
	struct plan p = { .o = o, .parent = getpid(), .report = -1 };
	const char *prog = o->argv[0];
	int err;

	if (!prog || !*prog)
		return -ENOENT;
	/* With a slash it is taken as it stands, from the new working directory on. */
	p.path = strchr(prog, '/') ? strdup(prog) : proc_which(prog);
	if (!p.path)
		return strchr(prog, '/') ? -ENOMEM : -ENOENT;
	p.envp = make_env(o->env);
	err = p.envp ? start(&p, pid, pidfd) : -ENOMEM;
	free(p.path);
	free(p.envp);
	return err;
}
