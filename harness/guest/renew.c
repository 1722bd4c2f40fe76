// SPDX-License-Identifier: GPL-2.0-only
/* What must not be the same in two guests that go on from one saved state. */
#include "guest/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "wire/event.h"

#define NS_PER_S    1000000000ll
#define ENTROPY_MIN 32 /* bytes: what a new key of the kernel's generator is made of */
#define ENTROPY_MAX 512

#ifndef RNDRESEEDCRNG
#define RNDRESEEDCRNG _IO('R', 0x07)
#endif

static int set_clock(int64_t ns)
{
	struct timespec ts = { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };

	if (ns <= 0)
		return -EINVAL;
	return clock_settime(CLOCK_REALTIME, &ts) ? -errno : 0;
}

/* The pool takes the bytes up; what getrandom(2) gives comes from a generator that is fed from
 * there only every few minutes, unless it is told (RNDRESEEDCRNG, Linux 4.14, commit
 * d848e5f8e1eb). */
static int add_entropy(const void *data, size_t len)
{
	struct {
		struct rand_pool_info info;
		char bytes[ENTROPY_MAX];
	} pool = { 0 };
	int fd, err = 0;

	if (len < ENTROPY_MIN || len > ENTROPY_MAX)
		return -EINVAL;
	pool.info.entropy_count = (int)len * 8;
	pool.info.buf_size = (int)len;
	memcpy(pool.info.buf, data, len);
	fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, RNDADDENTROPY, &pool.info) || ioctl(fd, RNDRESEEDCRNG))
		err = -errno;
	close(fd);
	return err;
}

int job__renew(const json_t *job, const struct sink *sink)
{
	const char *entropy = NULL, *nonce = "";
	char why[128] = "";
	struct timespec now = { 0 };
	void *bytes = NULL;
	int64_t ns = 0;
	size_t len = 0;
	int err;

	wire_str(job, "nonce", &nonce);
	err = wire_str(job, "entropy", &entropy);
	if (!err)
		err = base64__decode(entropy, &bytes, &len);
	if (!err)
		err = add_entropy(bytes, len);
	if (err)
		snprintf(why, sizeof(why), "random numbers: %s", strerror(-err));
	free(bytes);
	wire_int(job, "time_ns", &ns);
	if (!err)
		err = set_clock(ns);
	if (err && !*why)
		snprintf(why, sizeof(why), "clock: %s", strerror(-err));
	clock_gettime(CLOCK_REALTIME, &now);
	return sink__send(sink,
			  json_pack("{ss ss ss sI}", "ev", "renewed", "nonce", nonce, "reason", why,
				    "time_ns", (json_int_t)(now.tv_sec * NS_PER_S + now.tv_nsec)));
}
