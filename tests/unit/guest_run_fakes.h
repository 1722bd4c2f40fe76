/* SPDX-License-Identifier: GPL-2.0-only */
/* One experiment under supervision, on the host: the runner and the kernel are fakes, the child,
 * its pipes, signals and time limits are real. */
#ifndef TESTS_UNIT_GUEST_RUN_FAKES_H
#define TESTS_UNIT_GUEST_RUN_FAKES_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* The next read of the kernel's messages finds that some were lost. */
static bool kmsg_lost;

static inline ssize_t kmsg_read(int fd, void *data, size_t len)
{
	if (!kmsg_lost)
		return read(fd, data, len);
	kmsg_lost = false;
	errno = EPIPE;
	return -1;
}

/* The guest's archive as a whole needs libbpf, which no test is linked with; these files do not. */
#define kmsg__open real_kmsg__open
#define read	   kmsg_read
#include "../../harness/guest/kmsg.c"
#undef kmsg__open
#undef read
int kmsg__open(void);
#include "../../harness/guest/sink.c"
#include "../../harness/guest/supervise.c"
#include "../../harness/guest/run.c"

#include "base/log.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_ERROR };

/* --- fakes ------------------------------------------------------------------------------------ */

/* A record of /dev/kmsg is one message of this socket; the experiment "is the kernel". */
static int kmsg_in = -1;
static int kmsg_error; /* of opening it */

int kmsg__open(void)
{
	int fds[2];

	if (kmsg_error)
		return kmsg_error;
	if (kmsg_in >= 0)
		close(kmsg_in);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	kmsg_in = fds[1];
	return fds[0];
}

static const char *trace_text;

int trace__mark(uint64_t id)
{
	(void)id;
	return 0;
}

int trace__since(uint64_t id, struct strbuf *out)
{
	(void)id;
	strbuf__add(out, trace_text, strlen(trace_text));
	return 0;
}

uint64_t exp__now_ns(void)
{
	return 1;
}

static inline void kernel_says(const char *text)
{
	char record[256];
	int n = snprintf(record, sizeof(record), "4,77,12345678,-;%s\n SUBSYSTEM=x\n", text);

	if (send(kmsg_in, record, (size_t)n, 0) != n)
		abort();
}

/* What the child does instead of an experiment. */
static void (*act)(const struct sink *sink);

int runner__run(const struct run_request *rq, const struct sink *sink)
{
	int err = sink__start(sink, rq->ex->name);

	act(sink);
	return err;
}

static inline void send_end_event(const struct sink *sink, const char *status, const char *reason)
{
	sink__send(sink, json_pack("{ss ss ss ss}", "ev", "end", "experiment", "fake", "status",
				   status, "reason", reason));
}

/* --- the run ------------------------------------------------------------------------------------
 */

static struct strbuf lines;
static int sink_error, sink_after; /* fails with this after so many events */
static struct supervisor supervisor;

static inline int collect(void *ctx, const char *line, size_t len)
{
	(void)ctx;
	if (sink_error && sink_after-- <= 0)
		return sink_error;
	strbuf__add(&lines, line, len);
	return 0;
}

static struct experiment fake = { .name = "fake" };
static bool cancelled;

static inline int run_limited(void (*what)(const struct sink *sink), unsigned int timeout_ms)
{
	const struct run_request rq = { .ex = &fake, .timeout_ms = timeout_ms };
	const struct sink sink = { .line = collect };

	act = what;
	strbuf__free(&lines);
	return run__supervise(&rq, &supervisor, &sink, &cancelled);
}

static inline void run_it(void (*what)(const struct sink *sink))
{
	assert_int_equal(run_limited(what, 60000), 0);
}

/* The nth event of a type; NULL when there are fewer. */
static inline json_t *event(const char *type, size_t nth)
{
	const char *at = strbuf__str(&lines);

	while (*at) {
		const char *nl = strchr(at, '\n');
		json_t *e = json_loadb(at, (size_t)(nl - at), 0, NULL);

		assert_non_null(e);
		if (strcmp(wire_type(e), type) == 0 && !nth--)
			return e;
		json_decref(e);
		at = nl + 1;
	}
	return NULL;
}

static inline void assert_end(const char *status, const char *reason, const char *splat)
{
	json_t *end = event("end", 0), *second = event("end", 1);
	const char *got = NULL;

	assert_non_null(end);
	assert_null(second);
	wire_str(end, "status", &got);
	assert_string_equal(got, status);
	wire_str(end, "reason", &got);
	assert_string_equal(got, reason);
	wire_str(end, "experiment", &got);
	assert_string_equal(got, "fake");
	if (splat) {
		assert_int_equal(wire_str(end, "splat", &got), 0);
		assert_string_equal(got, splat);
	} else {
		assert_int_equal(wire_str(end, "splat", &got), -ENOENT);
	}
	json_decref(end);
	/* and it is the last */
	assert_true(str_starts(strrchr(lines.data, '{'), "{\"ev\":\"end\""));
}

static inline int set_up(void **state)
{
	(void)state;
	fake.expect_splats = NULL;
	trace_text = "";
	sink_error = 0;
	kmsg_error = 0;
	return 0;
}

static inline void do_well(const struct sink *sink)
{
	sink__progress(sink, "fake", 1, 2, "something");
	send_end_event(sink, "ok", "");
}

static inline int set_up_all(void **state)
{
	(void)state;
	return supervisor__init(&supervisor, -1, false);
}

static inline int tear_down_all(void **state)
{
	(void)state;
	strbuf__free(&lines);
	return 0;
}

#define TEST(t) cmocka_unit_test_setup(t, set_up)

#endif
