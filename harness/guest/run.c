// SPDX-License-Identifier: GPL-2.0-only
#include "guest/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "guest/kmsg.h"
#include "guest/runner.h"
#include "guest/trace.h"
#include "model/verdict.h"
#include "wire/event.h"

#define STDIO_LINES_MAX 200 /* of what an experiment prints although it should not */

/* What is known of the experiment that runs. */
struct run {
	const struct run_request *rq;
	const struct sink *sink;
	struct strbuf events; /* an unfinished line of the child's */
	struct watch *watch;  /* of the events */
	struct strbuf stdio;
	unsigned int stdio_lines;
	char *doing; /* from its last progress event */

	bool ended; /* the child sent its end: */
	enum status status;
	char *reason;
	enum splat splat;
};

static void set_reason(struct run *r, enum status status, char *reason)
{
	free(r->reason);
	r->status = status;
	r->reason = reason;
}

static int take_end(struct run *r, const json_t *event)
{
	const char *word = "", *reason = NULL;
	enum status status = STATUS_HARNESS;

	wire_str(event, "status", &word);
	wire_str(event, "reason", &reason);
	status__parse(word, &status);
	r->ended = true;
	set_reason(r, status, reason && *reason ? strdup(reason) : NULL);
	return 0;
}

static void set_doing(struct run *r, char *what)
{
	if (!what)
		return;
	free(r->doing);
	r->doing = what;
}

static void take_progress(struct run *r, const json_t *event)
{
	const char *what;

	if (!wire_str(event, "what", &what) && *what)
		set_doing(r, strdup(what));
}

/* The time limit is for each program of an object. */
static void take_program(struct run *r, const json_t *event)
{
	const char *name;

	if (!wire_str(event, "name", &name))
		set_doing(r, str_fmt("load %s", name));
	r->watch->anew = true;
}

/* Events pass through as they are, but for `end`, which is held until the kernel's messages have
 * been looked at. Only short ones are parsed: records and texts can be megabytes. */
static int take_line(struct run *r, const char *line, size_t len)
{
	static const char end[] = "{\"ev\":\"end\"", progress[] = "{\"ev\":\"progress\"",
			  program[] = "{\"ev\":\"program\"";
	bool ends = str_starts(line, end);
	json_t *event;
	int err = 0;

	if (!ends && !str_starts(line, progress) && !str_starts(line, program))
		return r->sink->line(r->sink->ctx, line, len);
	event = json_loadb(line, len, 0, NULL);
	if (event && ends)
		err = take_end(r, event);
	else if (event && str_starts(line, program))
		take_program(r, event);
	else if (event)
		take_progress(r, event);
	if (!event || !ends)
		err = r->sink->line(r->sink->ctx, line, len);
	json_decref(event);
	return err;
}

/* Calls fn for each whole line, newline included, and keeps the rest. */
static int each_line(struct run *r, struct strbuf *sb, const char *data, size_t len,
		     int (*fn)(struct run *r, const char *line, size_t len))
{
	struct strbuf rest = STRBUF_INIT;
	size_t at = 0;
	int err = 0;
	char *nl;

	strbuf__add(sb, data, len);
	if (sb->failed)
		return -ENOMEM;
	while (!err && (nl = memchr(sb->data + at, '\n', sb->len - at))) {
		size_t n = (size_t)(nl + 1 - (sb->data + at));

		err = fn(r, sb->data + at, n);
		at += n;
	}
	if (!at)
		return err;
	strbuf__add(&rest, sb->data + at, sb->len - at);
	strbuf__free(sb);
	*sb = rest;
	return sb->failed ? -ENOMEM : err;
}

static int on_events(void *ctx, const char *data, size_t len)
{
	struct run *r = ctx;

	return each_line(r, &r->events, data, len, take_line);
}

static int take_stdio(struct run *r, const char *line, size_t len)
{
	r->stdio_lines++;
	if (r->stdio_lines > STDIO_LINES_MAX)
		return 0;
	if (r->stdio_lines == STDIO_LINES_MAX)
		return sink__log(r->sink, "warning",
				 "%s printed more than %d lines; the rest is dropped",
				 r->rq->ex->name, STDIO_LINES_MAX - 1);
	return sink__log(r->sink, "warning", "%s printed: %.*s", r->rq->ex->name, (int)(len - 1),
			 line);
}

static int on_stdio(void *ctx, const char *data, size_t len)
{
	struct run *r = ctx;

	return each_line(r, &r->stdio, data, len, take_stdio);
}

struct child_args {
	const struct run_request *rq;
	int events, stdio;
};

static int child_main(void *arg)
{
	const struct child_args *a = arg;
	struct sink sink = sink__to_fd(&a->events);
	int null = open("/dev/null", O_RDONLY);

	dup2(null, STDIN_FILENO);
	dup2(a->stdio, STDOUT_FILENO);
	dup2(a->stdio, STDERR_FILENO);
	return runner__run(a->rq, &sink) ? 1 : 0;
}

/* Judges how the child ended. */
static void judge_child(struct run *r, const struct child_end *end, bool oom)
{
	const char *doing = r->doing ? r->doing : "starting";
	int st = end->status;

	if (end->timed_out) {
		set_reason(r, STATUS_TIMEOUT,
			   str_fmt("timed out after %u.%u s; it was doing: %s%s",
				   r->rq->timeout_ms / 1000, r->rq->timeout_ms % 1000 / 100, doing,
				   end->stuck ? "; it can't be killed, the kernel holds it" : ""));
	} else if (end->cancelled) {
		set_reason(r, STATUS_HARNESS, str_fmt("cancelled; it was doing: %s", doing));
	} else if (end->err) {
		set_reason(r, STATUS_HARNESS,
			   str_fmt("its events could not be passed on: %s", strerror(-end->err)));
	} else if (WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL && oom) {
		set_reason(r, STATUS_CRASHED,
			   str_fmt("guest out of memory; it was doing: %s", doing));
	} else if (WIFSIGNALED(st)) {
		set_reason(r, STATUS_CRASHED,
			   str_fmt("the loader was killed by SIG%s (%s); it was doing: %s",
				   sigabbrev_np(WTERMSIG(st)), sigdescr_np(WTERMSIG(st)), doing));
	} else if (!r->ended) {
		set_reason(
			r, STATUS_CRASHED,
			str_fmt("the loader exited with status %d before its end; it was doing: %s",
				WEXITSTATUS(st), doing));
	}
}

/* Judges what the kernel said meanwhile. A splat that was not declared outweighs what the
 * experiment says of itself; one that explains a killed loader (it died in an oops) explains it
 * better than the signal does. */
static void judge_splats(struct run *r, const struct splat_judgement *j, bool lost)
{
	bool oom_kill = r->status == STATUS_CRASHED && j->oom;

	r->splat = j->undeclared;
	if (j->undeclared != SPLAT_NONE && !oom_kill &&
	    status__worse(r->status, STATUS_CRASHED) == STATUS_CRASHED) {
		if (r->status != STATUS_CRASHED || j->undeclared >= SPLAT_BUG)
			set_reason(r, STATUS_CRASHED, str_fmt("%s", j->line));
	} else if (j->error) {
		set_reason(r, status__worse(r->status, STATUS_HARNESS), strdup(j->error));
	} else if (lost && r->status == STATUS_OK) {
		set_reason(
			r, STATUS_HARNESS,
			strdup("the kernel said more than its buffer holds: what was lost can't "
			       "be searched for splats; a larger one: --append log_buf_len=16M"));
	} else if (j->missing && r->status == STATUS_OK) {
		set_reason(r, STATUS_UNEXPECTED,
			   str_fmt("the expected splat /%s/ did not appear", j->missing));
	}
}

static int send_end(const struct run *r)
{
	json_t *event =
		json_pack("{ss ss ss ss}", "ev", "end", "experiment", r->rq->ex->name, "status",
			  status__name(r->status), "reason", r->reason ? r->reason : "");

	if (event && r->splat != SPLAT_NONE)
		json_object_set_new(event, "splat", json_string(splat__name(r->splat)));
	return sink__send(r->sink, event);
}

/* What the kernel said and BPF programs printed since the experiment began. */
static int send_kernel_texts(struct run *r, const struct strbuf *dmesg, bool stuck, uint64_t mark)
{
	struct strbuf trace = STRBUF_INIT;
	const char *name = r->rq->ex->name;
	int err = 0;

	if (dmesg->len)
		err = sink__text(r->sink, name, "", "dmesg", dmesg->data, dmesg->len);
	/* Opening the trace waits for an RCU grace period, which may never end while the kernel
	 * holds a task. */
	if (!err && !stuck && !trace__since(mark, &trace) && trace.len)
		err = sink__text(r->sink, name, "", "trace_pipe", trace.data, trace.len);
	strbuf__free(&trace);
	return err;
}

static int finish(struct run *r, const struct child_end *end, int kmsg, uint64_t mark)
{
	struct strbuf dmesg = STRBUF_INIT;
	struct splat_judgement j = { 0 };
	bool lost = false;
	int err = 0;

	if (kmsg >= 0)
		err = kmsg__read(kmsg, &dmesg, &lost);
	if (!err)
		err = splats__judge(strbuf__str(&dmesg), r->rq->ex->expect_splats, &j);
	judge_child(r, end, j.oom);
	judge_splats(r, &j, lost);
	if (err)
		set_reason(r, STATUS_HARNESS,
			   str_fmt("the kernel's messages can't be read: %s", strerror(-err)));
	if (r->stdio.len)
		take_stdio(r, strbuf__str(&r->stdio), r->stdio.len + 1);
	err = send_kernel_texts(r, &dmesg, end->stuck, mark);
	if (!err)
		err = send_end(r);
	splat_judgement__release(&j);
	strbuf__free(&dmesg);
	return err;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

int run__supervise(const struct run_request *rq, const struct supervisor *s,
		   const struct sink *sink, bool *cancelled)
{
	struct run r = { .rq = rq, .sink = sink, .status = STATUS_HARNESS };
	struct watch watches[] = { { .data = on_events, .ctx = &r },
				   { .data = on_stdio, .ctx = &r } };
	int events[2] = { -1, -1 }, stdio[2] = { -1, -1 };
	uint64_t mark = exp__now_ns();
	struct child_end end = { 0 };
	int kmsg = kmsg__open(), err = 0;
	struct child_args args;
	bool started = false;
	pid_t pid;

	r.watch = &watches[0];
	if (kmsg < 0)
		sink__log(sink, "warning",
			  "the kernel's messages can't be read (%s): splats go unseen",
			  strerror(-kmsg));
	trace__mark(mark); /* a kernel without tracing has no such evidence */
	if (pipe2(events, O_CLOEXEC) || pipe2(stdio, O_CLOEXEC)) {
		err = -errno;
		goto out;
	}
	args = (struct child_args){ .rq = rq, .events = events[1], .stdio = stdio[1] };
	pid = child__start(child_main, &args);
	if (pid < 0) {
		err = pid;
		goto out;
	}
	started = true;
	close_fd(events[1]);
	close_fd(stdio[1]);
	events[1] = stdio[1] = -1;
	watches[0].fd = events[0];
	watches[1].fd = stdio[0];
	child__watch(s, pid, watches, 2, rq->timeout_ms, &end);
	err = finish(&r, &end, kmsg, mark);
out:
	if (!started)
		err = run__refuse(sink, rq->ex->name, "it could not be started: %s",
				  strerror(-err));
	if (cancelled)
		*cancelled = end.cancelled;
	for (int i = 0; i < 2; i++) {
		close_fd(events[i]);
		close_fd(stdio[i]);
	}
	close_fd(kmsg);
	strbuf__free(&r.events);
	strbuf__free(&r.stdio);
	free(r.doing);
	free(r.reason);
	return err;
}

int run__refuse(const struct sink *sink, const char *experiment, const char *fmt, ...)
{
	struct strbuf reason = STRBUF_INIT;
	va_list args;
	int err;

	va_start(args, fmt);
	strbuf__addv(&reason, fmt, args);
	va_end(args);
	err = sink__send(sink,
			 json_pack("{ss ss ss ss}", "ev", "end", "experiment", experiment, "status",
				   status__name(STATUS_HARNESS), "reason", strbuf__str(&reason)));
	strbuf__free(&reason);
	return err;
}
