// SPDX-License-Identifier: GPL-2.0-only
#include "vm/qmp.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "base/str.h"

#define GREETING_MS 10000
#define COMMAND_MS  10000
#define EVENTS_MAX  64
#define LOOK_MS	    20 /* without an event, the migration is asked after this often */
#define ANSWER_MAX  (1u << 20)
/* Bytes a second, and how long the guest may stand still at the end (ms): as fast as it goes. */
#define BANDWIDTH   (1ll << 36)
#define DOWNTIME_MS 60000

struct qmp {
	int fd, cancel_fd;
	struct strbuf in; /* what came, up to an unfinished line */
	struct strv events;
	char *why;
};

void qmp__free(struct qmp *q)
{
	if (!q)
		return;
	if (q->fd >= 0)
		close(q->fd);
	strbuf__free(&q->in);
	strv__free(&q->events);
	free(q->why);
	free(q);
}

const char *qmp__why(const struct qmp *q)
{
	return q->why ? q->why : "";
}

/* The next whole line, which the caller frees; NULL when there is none yet. */
static char *take_line(struct qmp *q)
{
	const char *text = strbuf__str(&q->in), *end = strchr(text, '\n');
	struct strbuf rest = STRBUF_INIT;
	char *line;

	if (!end)
		return NULL;
	line = strndup(text, (size_t)(end - text));
	strbuf__add(&rest, end + 1, q->in.len - (size_t)(end + 1 - text));
	strbuf__free(&q->in);
	q->in = rest;
	return line;
}

/* Waits for bytes and takes them. */
static int take_bytes(struct qmp *q, int64_t deadline)
{
	char buf[4096];
	int64_t left = deadline - clock_ms();
	struct pollfd fds[] = {
		{ .fd = q->fd, .events = POLLIN },
		{ .fd = q->cancel_fd > 0 ? q->cancel_fd : -1, .events = POLLIN },
	};
	ssize_t n;

	if (left <= 0)
		return -ETIMEDOUT;
	if (poll(fds, 2, (int)left) < 0)
		return errno == EINTR ? 0 : -errno;
	if (cancel_pending(q->cancel_fd))
		return -EINTR;
	if (!fds[0].revents)
		return 0;
	n = recv(q->fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!n)
		return -EPIPE;
	strbuf__add(&q->in, buf, (size_t)n);
	return q->in.failed ? -ENOMEM : q->in.len > ANSWER_MAX ? -EBADMSG : 0;
}

/* The next object that is no event; events are kept. */
static int take_answer(struct qmp *q, int64_t deadline, json_t **out)
{
	int err = 0;

	for (;;) {
		char *line = take_line(q);
		json_t *o = line ? json_loads(line, 0, NULL) : NULL;
		const char *event = json_string_value(json_object_get(o, "event"));
		bool whole = line != NULL;

		free(line);
		if (event && q->events.n < EVENTS_MAX)
			err = strv__add(&q->events, event);
		if (whole && !o)
			err = -EBADMSG;
		if (!err && o && !event) {
			*out = o;
			return 0;
		}
		json_decref(o);
		if (!err && !whole)
			err = take_bytes(q, deadline);
		if (err)
			return err;
	}
}

int qmp__take_event(struct qmp *q, const char *name)
{
	struct strv rest = { 0 };
	int found = 0;

	for (size_t i = 0; i < q->events.n; i++) {
		if (!strcmp(q->events.v[i], name))
			found++;
		else
			strv__add(&rest, q->events.v[i]);
	}
	strv__free(&q->events);
	q->events = rest;
	return found;
}

/* The whole line in one message: the descriptor goes with its first byte. */
static int send_line(struct qmp *q, const char *line, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = "" };
	struct iovec iov = { .iov_base = (char *)line, .iov_len = strlen(line) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t n;

	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	do {
		n = sendmsg(q->fd, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	/* Commands are far shorter than a socket's buffer. */
	return (size_t)n == iov.iov_len ? 0 : -EIO;
}

/* args is stolen. */
static int call(struct qmp *q, const char *command, json_t *args, int fd, int timeout_ms,
		json_t **ret)
{
	json_t *o = json_pack("{s:s}", "execute", command), *answer = NULL;
	char *text = NULL, *line;
	int err;

	free(q->why);
	q->why = NULL;
	if (o && args)
		json_object_set_new(o, "arguments", args);
	else
		json_decref(args);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	line = text ? str_fmt("%s\n", text) : NULL;
	err = line ? send_line(q, line, fd) : -ENOMEM;
	if (!err)
		err = take_answer(q, clock_ms() + timeout_ms, &answer);
	if (!err && json_object_get(answer, "error")) {
		const char *desc = json_string_value(
			json_object_get(json_object_get(answer, "error"), "desc"));

		q->why = strdup(desc ? desc : command);
		err = -EREMOTEIO;
	} else if (!err && !json_object_get(answer, "return")) {
		err = -EBADMSG;
	}
	if (!err && ret)
		*ret = json_incref(json_object_get(answer, "return"));
	json_decref(answer);
	json_decref(o);
	free(line);
	free(text);
	return err;
}

int qmp__call(struct qmp *q, const char *command, json_t *args, int timeout_ms, json_t **ret)
{
	return call(q, command, args, -1, timeout_ms, ret);
}

int qmp__give_fd(struct qmp *q, const char *name, int fd, int timeout_ms)
{
	return call(q, "getfd", json_pack("{s:s}", "fdname", name), fd, timeout_ms, NULL);
}

int qmp__open(int fd, int cancel_fd, struct qmp **out)
{
	struct qmp *q = calloc(1, sizeof(*q));
	json_t *greeting = NULL;
	int err;

	if (!q) {
		close(fd);
		return -ENOMEM;
	}
	q->fd = fd;
	q->cancel_fd = cancel_fd;
	err = take_answer(q, clock_ms() + GREETING_MS, &greeting);
	if (!err && !json_object_get(greeting, "QMP"))
		err = -EBADMSG;
	json_decref(greeting);
	if (!err)
		err = qmp__call(q, "qmp_capabilities", NULL, COMMAND_MS, NULL);
	if (err)
		qmp__free(q);
	else
		*out = q;
	return err;
}

/* 1: it is there; 0: not yet. */
static int migrated(struct qmp *q)
{
	json_t *info = NULL;
	const char *status, *desc;
	int err = qmp__call(q, "query-migrate", NULL, COMMAND_MS, &info);

	if (err)
		return err;
	status = json_string_value(json_object_get(info, "status"));
	if (status && !strcmp(status, "completed")) {
		err = 1;
	} else if (!status || !strcmp(status, "failed") || !strcmp(status, "cancelled")) {
		desc = json_string_value(json_object_get(info, "error-desc"));
		q->why = strdup(desc ? desc : "the migration failed");
		err = -EREMOTEIO;
	}
	json_decref(info);
	return err;
}

static int begin_migration(struct qmp *q, int fd)
{
	int err = qmp__call(
		q, "migrate-set-capabilities",
		json_pack("{s:[{s:s, s:b}]}", "capabilities", "capability", "events", "state", 1),
		COMMAND_MS, NULL);

	if (!err)
		err = qmp__call(q, "migrate-set-parameters",
				json_pack("{s:I, s:i}", "max-bandwidth", (json_int_t)BANDWIDTH,
					  "downtime-limit", DOWNTIME_MS),
				COMMAND_MS, NULL);
	if (!err)
		err = qmp__give_fd(q, "snapshot", fd, COMMAND_MS);
	if (!err)
		err = qmp__call(q, "migrate", json_pack("{s:s}", "uri", "fd:snapshot"), COMMAND_MS,
				NULL);
	return err;
}

int qmp__migrate(struct qmp *q, int fd, int timeout_ms)
{
	int64_t deadline = clock_ms() + timeout_ms, look;
	int err = begin_migration(q, fd), done = 0;

	while (!err && !done) {
		if (clock_ms() >= deadline)
			return -ETIMEDOUT;
		done = migrated(q);
		if (done < 0)
			return done;
		look = clock_ms() + LOOK_MS;
		while (!err && !done && !strchr(strbuf__str(&q->in), '\n') && clock_ms() < look)
			err = take_bytes(q, look);
		err = err == -ETIMEDOUT ? 0 : err;
	}
	return err;
}

int qmp__quit(struct qmp *q)
{
	return qmp__call(q, "quit", NULL, COMMAND_MS, NULL);
}
