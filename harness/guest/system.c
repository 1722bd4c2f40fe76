// SPDX-License-Identifier: GPL-2.0-only
#include "guest/system.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

struct mount_point {
	const char *type, *path, *options;
	bool needed; /* without it no experiment can run */
};

static const struct mount_point mount_points[] = {
	{ "devtmpfs", "/dev", NULL, true },
	{ "proc", "/proc", NULL, true },
	{ "sysfs", "/sys", NULL, true },
	{ "devpts", "/dev/pts", "gid=0,mode=620,ptmxmode=666", false },
	{ "tmpfs", "/dev/shm", NULL, false },
	{ "tmpfs", "/tmp", NULL, true },
	{ "tmpfs", "/run", NULL, true },
	{ "debugfs", "/sys/kernel/debug", NULL, false },
	{ "tracefs", "/sys/kernel/tracing", NULL, false },
	{ "bpf", "/sys/fs/bpf", NULL, false },
	{ "cgroup2", "/sys/fs/cgroup", NULL, false },
};

static void problem(struct strv *problems, const char *what, const char *name, int err)
{
	char *text = str_fmt("%s %s: %s", what, name, strerror(err));

	if (text)
		strv__add(problems, text);
	free(text);
}

static void mount_all(struct strv *problems)
{
	for (size_t i = 0; i < sizeof(mount_points) / sizeof(mount_points[0]); i++) {
		const struct mount_point *m = &mount_points[i];

		mkdir(m->path, 0755); /* fails where it exists, and where sysfs has no such place */
		if (!mount(m->type, m->path, m->type, 0, m->options) || errno == EBUSY)
			continue;
		/* A kernel may be built without the optional ones; what needs them says so. */
		if (m->needed || (errno != ENODEV && errno != ENOENT))
			problem(problems, "mount", m->path, errno);
	}
}

static void silence_stdio(struct strv *problems)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0) {
		problem(problems, "open", "/dev/null", errno);
		return;
	}
	/* The kernel started us with its console as 0 to 2, or with none of them open. */
	for (int i = 0; i <= 2; i++)
		if (i != fd)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void raise_limits(struct strv *problems)
{
	static const struct {
		int resource;
		const char *name;
		rlim_t value;
	} limits[] = {
		{ RLIMIT_MEMLOCK, "memlock", RLIM_INFINITY },
		{ RLIMIT_NOFILE, "nofile", 65536 },
		{ RLIMIT_CORE, "core", 0 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit r = { limits[i].value, limits[i].value };

		if (setrlimit(limits[i].resource, &r))
			problem(problems, "setrlimit", limits[i].name, errno);
	}
}

static void loopback_up(struct strv *problems)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return; /* a kernel without INET has nothing to bring up */
	ifr.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		problem(problems, "bring up", "lo", errno);
	close(fd);
}

/* Distributions forbid programs to loaders without privileges (CONFIG_BPF_UNPRIV_DEFAULT_OFF: 2),
 * for reasons that a guest does not have; experiments ask what the verifier says of them. Kernels
 * before 4.4 have no such file; 1 can't be undone, and those who need it say so. */
static void allow_unprivileged_bpf(void)
{
	file_poke("/proc/sys/kernel/unprivileged_bpf_disabled", "0");
}

void system__set_up(struct strv *problems)
{
	int err;

	umask(022);
	mount_all(problems);
	silence_stdio(problems);
	raise_limits(problems);
	loopback_up(problems);
	allow_unprivileged_bpf();
	err = file_poke("/proc/self/oom_score_adj", "-1000");
	if (err)
		problem(problems, "write", "/proc/self/oom_score_adj", -err);
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/root", 1);
	setenv("TMPDIR", "/tmp", 1);
	if (chdir("/"))
		problem(problems, "chdir", "/", errno);
}

void system__complain(const char *text)
{
	char line[512];

	snprintf(line, sizeof(line), "<2>assay-guest: %s\n", text);
	file_poke("/dev/kmsg", line);
}

void system__power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT); /* QEMU is told not to reboot: it ends as well */
	for (;;)
		pause();
}
