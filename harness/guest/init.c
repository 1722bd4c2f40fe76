// SPDX-License-Identifier: GPL-2.0-only
#include "guest/init.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/cpuinfo.h"
#include "guest/bootmods.h"
#include "guest/experiment.h"
#include "guest/jobs.h"
#include "guest/kfacts.h"
#include "guest/port.h"
#include "guest/supervise.h"
#include "guest/system.h"
#include "wire/event.h"

#define PORT_WAIT_MS  10000
#define HANGUP_NAP_US 10000

struct init {
	struct supervisor supervisor;
	struct kfacts *kernel;
	int port;
	struct sink sink;
};

static int port_line(void *ctx, const char *line, size_t len)
{
	return port__write(*(const int *)ctx, line, len);
}

static json_int_t mem_kb(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return 0;
	return (json_int_t)(info.totalram / 1024 * info.mem_unit);
}

static int say_hello(const struct init *in)
{
	char *model = cpuinfo__model();
	int err =
		sink__send(&in->sink, json_pack("{ss si ss ss sI sI ss sI}", "ev", "hello", "proto",
						WIRE_PROTO, "release", kfacts__release(in->kernel),
						"build_id", kfacts__build_id(in->kernel), "cpus",
						(json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "mem_kb",
						mem_kb(), "cpu_model", model ? model : "",
						"uptime_us", (json_int_t)(exp__now_ns() / 1000)));

	free(model);
	return err;
}

static int do_job(const struct init *in, const json_t *job)
{
	const char *type = json_string_value(json_object_get(job, "job"));

	if (type && strcmp(type, "run") == 0)
		return job__run(job, in->kernel, &in->supervisor, &in->sink);
	if (type && strcmp(type, "exec") == 0)
		return job__exec(job, &in->supervisor, &in->sink);
	if (type && strcmp(type, "shell") == 0)
		return job__shell(job, &in->supervisor, &in->sink);
	if (type && strcmp(type, "renew") == 0)
		return job__renew(job, &in->sink);
	if (type && strcmp(type, "poweroff") == 0)
		system__power_off();
	return sink__log(&in->sink, "error", "unknown job '%s'", type ? type : "");
}

static int do_jobs(const struct init *in, struct wire_reader *reader)
{
	const char *why;
	json_t *job;
	int err = 0, got;

	while (!err && (got = wire_reader__next(reader, &job, &why)) != 0) {
		if (got < 0) {
			err = sink__log(&in->sink, "error", "a damaged job was passed over: %s",
					why);
			continue;
		}
		err = do_job(in, job);
		json_decref(job);
	}
	return err;
}

/* Waits for jobs. Only here, where nothing writes to the port, is it polled. */
static int serve(const struct init *in)
{
	struct wire_reader *reader = wire_reader__new();
	char data[4096];
	int status, err = reader ? 0 : -ENOMEM;

	while (!err) {
		struct pollfd fds[] = {
			{ .fd = in->port, .events = POLLIN },
			{ .fd = in->supervisor.signal_fd, .events = POLLIN },
		};
		ssize_t n;

		poll(fds, 2, -1);
		if (fds[1].revents)
			child__reap(&in->supervisor, -1, &status);
		n = port__read_some(in->port, data, sizeof(data));
		if (n < 0)
			err = (int)n;
		else if (n > 0)
			err = wire_reader__feed(reader, data, (size_t)n);
		else if (fds[0].revents & POLLHUP)
			nap_us(HANGUP_NAP_US); /* the host has not connected */
		if (!err && n > 0)
			err = do_jobs(in, reader);
	}
	wire_reader__free(reader);
	return err;
}

static int start(struct init *in, char *why, size_t why_len)
{
	struct strv problems = { 0 };
	size_t before;
	int err;

	system__set_up(&problems);
	before = problems.n;
	bootmods__load(&problems);
	err = supervisor__init(&in->supervisor, -1, true);
	snprintf(why, why_len, "signalfd (CONFIG_SIGNALFD): %s", strerror(-err));
	if (err)
		goto out;
	err = kfacts__new(&in->kernel);
	snprintf(why, why_len, "the kernel's release can't be read: %s", strerror(-err));
	if (err)
		goto out;
	in->port = port__open(WIRE_PORT, PORT_WAIT_MS);
	err = in->port < 0 ? in->port : 0;
	snprintf(why, why_len,
		 "no virtio-serial port " WIRE_PORT " (%s): the kernel needs CONFIG_VIRTIO_CONSOLE "
		 "and CONFIG_VIRTIO_PCI, QEMU the device%s%s",
		 strerror(-err), problems.n > before ? "; " : "",
		 problems.n > before ? problems.v[before] : "");
	if (err)
		goto out;
	in->sink = (struct sink){ .line = port_line, .ctx = &in->port };
	err = say_hello(in);
	for (size_t i = 0; !err && i < problems.n; i++)
		err = sink__log(&in->sink, "warning", "guest set-up: %s", problems.v[i]);
	snprintf(why, why_len, "port " WIRE_PORT ": %s", strerror(-err));
out:
	strv__free(&problems);
	return err;
}

void init__main(void)
{
	struct init in = { .port = -1 };
	char why[384] = "";
	int err = start(&in, why, sizeof(why));

	if (!err) {
		err = serve(&in);
		snprintf(why, sizeof(why), "port " WIRE_PORT ": %s", strerror(-err));
	}
	/* The host can't be told by other means. */
	system__complain(why);
	system__power_off();
}
