// SPDX-License-Identifier: GPL-2.0-only
#include "vm/vm.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "vm/boot.h"
#include "vm/console.h"
#include "vm/cpu.h"
#include "vm/qemu.h"
#include "wire/event.h"

#define DEFAULT_BOOT_MS 60000
/* The console is looked at this often. No inotify: QEMU writes it byte by byte. */
#define CONSOLE_MS 100
#define DISK_MS	   1000
#define DISK_MIN   (1ll << 20)
/* A panic ends QEMU (panic=-1, -no-reboot); when it does not, it is not waited for any longer. */
#define PANIC_MS 5000
/* Other trouble is complete when the console has been quiet for QUIET_MS, or after SETTLE_MS. */
#define QUIET_MS    500
#define SETTLE_MS   5000
#define SEND_MS	    5000
#define POWEROFF_MS 1500
#define RECV_SIZE   (64u << 10)
#define RECV_ROUNDS 64
#define BOOT_TEXT   (256u << 10)

struct vm {
	char *vmlinux, *console_path;
	enum accel accel;
	unsigned int threads; /* of a core */
	int boot_timeout_ms, cancel_fd;
	struct qemu qemu;
	struct console *console;
	struct wire_reader *reader;
	const struct vm_watch *watch;
	json_t *hello;
	bool sick; /* not worth asking to power off */
};

/* One conversation. */
struct pump {
	struct vm *vm;
	int (*on_event)(void *ctx, const json_t *event);
	void *ctx;
	struct vm_outcome *o;
	bool over;
	int timeout_ms;
	int64_t deadline; /* all of these: ms, CLOCK_MONOTONIC */
	int64_t next_look, next_disk;
	int64_t trouble, grew; /* since when there is trouble; when the console grew last */
};

static const char *const end_names[] = {
	[VM_DONE] = "done",
	[VM_TIMEOUT] = "timeout",
	[VM_PANIC] = "kernel panic",
	[VM_SPLAT] = "kernel trouble",
	[VM_DIED] = "the guest ended",
	[VM_CANCELLED] = "cancelled",
	[VM_BAD_STREAM] = "damaged event stream",
	[VM_FAILED] = "failed",
};

const char *vm_end__name(enum vm_end e)
{
	return (size_t)e < sizeof(end_names) / sizeof(end_names[0]) ? end_names[e] : "?";
}

void vm_outcome__release(struct vm_outcome *o)
{
	if (!o)
		return;
	free(o->detail);
	free(o->excerpt);
	memset(o, 0, sizeof(*o));
}

/* --- start and stop ------------------------------------------------------------------------ */

static int check_file(const char *path, const char *what)
{
	int err;

	if (!access(path, R_OK))
		return 0;
	err = -errno;
	log_err("%s: can't read the %s: %s", path, what, strerror(-err));
	return err;
}

int vm__start(const struct vm_opts *opts, struct vm **out)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	int err = -ENOMEM;

	if (!vm)
		return -ENOMEM;
	qemu__init(&vm->qemu);
	vm->accel = opts->accel;
	vm->threads = opts->threads;
	vm->cancel_fd = opts->cancel_fd;
	vm->boot_timeout_ms = opts->boot_timeout_ms > 0 ? opts->boot_timeout_ms : DEFAULT_BOOT_MS;
	vm->vmlinux = strdup(opts->vmlinux);
	vm->console_path = strdup(opts->console);
	vm->reader = wire_reader__new();
	if (!vm->vmlinux || !vm->console_path || !vm->reader)
		goto out;
	err = check_file(opts->vmlinux, "kernel");
	if (!err)
		err = check_file(opts->initramfs, "initramfs");
	if (err)
		goto out;
	err = console__create(opts->console, &vm->console);
	if (!err && opts->console_before)
		err = file_append(opts->console, opts->console_before, opts->console_before_len);
	if (err) {
		log_err("%s: can't create the console's file: %s", opts->console, strerror(-err));
		goto out;
	}
	err = qemu__start(&vm->qemu, opts);
out:
	if (err)
		vm__stop(vm);
	else
		*out = vm;
	return err;
}

/* Reads and drops what the guest still sends, so that it need not wait for us. */
static void await_poweroff(struct vm *vm)
{
	struct qemu *q = &vm->qemu;
	int64_t end = clock_ms() + POWEROFF_MS, left;
	char buf[4096];

	while (!qemu__ended(q) && (left = end - clock_ms()) > 0) {
		struct pollfd pfd[] = {
			{ .fd = q->pidfd, .events = POLLIN },
			{ .fd = q->wire_fd, .events = POLLIN },
			{ .fd = q->tty_fd, .events = POLLIN },
		};
		int *fds[] = { NULL, &q->wire_fd, &q->tty_fd };

		if (poll(pfd, 3, (int)left) < 0)
			continue;
		for (int i = 1; i < 3; i++) {
			if (pfd[i].revents && recv(*fds[i], buf, sizeof(buf), MSG_DONTWAIT) == 0) {
				close(*fds[i]);
				*fds[i] = -1;
			}
		}
	}
}

void vm__stop(struct vm *vm)
{
	if (!vm)
		return;
	if (vm->hello && !vm->sick && !qemu__ended(&vm->qemu) &&
	    !vm__send(vm, json_pack("{s:s}", "job", "poweroff")))
		await_poweroff(vm);
	qemu__release(&vm->qemu);
	console__free(vm->console);
	wire_reader__free(vm->reader);
	json_decref(vm->hello);
	free(vm->vmlinux);
	free(vm->console_path);
	free(vm);
}

void vm__kill(struct vm *vm)
{
	if (vm)
		vm->sick = true;
	vm__stop(vm);
}

int vm__take_qmp_fd(struct vm *vm)
{
	int fd = vm->qemu.qmp_fd;

	vm->qemu.qmp_fd = -1;
	return fd;
}

void vm__set_hello(struct vm *vm, json_t *hello)
{
	json_decref(vm->hello);
	vm->hello = hello;
}

const json_t *vm__hello(const struct vm *vm)
{
	return vm->hello;
}

int vm__console_text(const struct vm *vm, char **text, size_t *len)
{
	return file_read(vm->console_path, 0, text, len);
}

/* Not wire_send: a guest that hangs takes nothing, and QEMU may be gone (no SIGPIPE then). */
int vm__send(struct vm *vm, json_t *job)
{
	char *text = job ? json_dumps(job, JSON_COMPACT) : NULL;
	char *line = text ? str_fmt("%s\n", text) : NULL;
	size_t len = line ? strlen(line) : 0, done = 0;
	int64_t end = clock_ms() + SEND_MS;
	int err = line ? 0 : -ENOMEM;

	while (!err && done < len) {
		struct pollfd pfd = { .fd = vm->qemu.wire_fd, .events = POLLOUT };
		ssize_t n = vm->qemu.wire_fd < 0 ? -1
						 : send(vm->qemu.wire_fd, line + done, len - done,
							MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			done += (size_t)n;
		else if (vm->qemu.wire_fd < 0)
			err = -EPIPE;
		else if (errno != EAGAIN && errno != EINTR)
			err = -errno;
		else if (clock_ms() >= end)
			err = -ETIMEDOUT;
		else
			poll(&pfd, 1, (int)(end - clock_ms()));
	}
	free(line);
	free(text);
	json_decref(job);
	return err;
}

int vm__tty_fd(const struct vm *vm)
{
	return vm->qemu.tty_fd;
}

void vm__watch(struct vm *vm, const struct vm_watch *watch)
{
	vm->watch = watch && watch->nr <= VM_WATCH_MAX ? watch : NULL;
}

const char *vm__cpu_model(const struct vm *vm)
{
	return vm_cpu_model(vm->accel, vm->threads);
}

/* --- how a conversation ends --------------------------------------------------------------- */

/* Takes detail over. */
static void finish(struct pump *p, enum vm_end end, char *detail)
{
	struct vm *vm = p->vm;

	p->over = true;
	p->o->end = end;
	p->o->detail = detail;
	if (end == VM_DONE)
		console__poll(vm->console);
	p->o->splat = console__splat(vm->console);
	if (end == VM_DONE)
		return;
	p->o->excerpt = console__excerpt(vm->console);
	vm->sick = true;
}

static void finish_splat(struct pump *p)
{
	enum splat s = console__ending(p->vm->console);
	char *line = console__splat_line(p->vm->console), *detail;

	if (s == SPLAT_PANIC)
		detail = strdup(line ? line : "kernel panic");
	else
		detail = str_fmt("%s in the kernel: %s", splat__name(s), line ? line : "");
	free(line);
	finish(p, s == SPLAT_PANIC ? VM_PANIC : VM_SPLAT, detail);
}

static void finish_ended(struct pump *p)
{
	const struct qemu *q = &p->vm->qemu;
	char *words = qemu__last_words(q), *how;

	if (q->status < 0)
		how = str_fmt("QEMU was killed by signal %d (%s)", -q->status,
			      strsignal(-q->status));
	else if (q->status)
		how = str_fmt("QEMU ended with status %d", q->status);
	else
		how = strdup("the guest powered off or reset without saying why");
	finish(p, VM_DIED,
	       str_fmt("%s%s%s%s", how ? how : "QEMU ended",
		       wire_reader__pending(p->vm->reader) ? ", in the middle of an event" : "",
		       words ? ": " : "", words ? words : ""));
	free(how);
	free(words);
}

static void finish_timeout(struct pump *p)
{
	enum splat s = console__splat(p->vm->console);
	char *line = console__splat_line(p->vm->console);

	if (s == SPLAT_NONE)
		finish(p, VM_TIMEOUT, str_fmt("no answer within %.1f s", p->timeout_ms / 1000.0));
	else
		finish(p, VM_TIMEOUT,
		       str_fmt("no answer within %.1f s; on the console: %s: %s",
			       p->timeout_ms / 1000.0, splat__name(s), line ? line : ""));
	free(line);
}

static void finish_disk(struct pump *p)
{
	p->o->err = -ENOSPC;
	finish(p, VM_FAILED,
	       str_fmt("less than 1 MB is left on the disk of %s: what the guest shows can't be "
		       "kept; make room",
		       p->vm->console_path));
}

/* --- the loop ------------------------------------------------------------------------------ */

/* Hands over one event; false when there is none. */
static bool hand_over(struct pump *p)
{
	const char *why = NULL;
	json_t *event = NULL;
	int r = wire_reader__next(p->vm->reader, &event, &why);

	if (!r)
		return false;
	if (r < 0) {
		finish(p, VM_BAD_STREAM, str_fmt("the guest's event stream is damaged: %s", why));
		return true;
	}
	r = p->on_event(p->ctx, event);
	json_decref(event);
	if (r == 2 && p->timeout_ms > 0)
		p->deadline = clock_ms() + p->timeout_ms;
	else if (r == 1)
		finish(p, VM_DONE, NULL);
	else if (r < 0)
		finish(p, VM_FAILED, str_fmt("an event could not be handled: %s", strerror(-r)));
	return true;
}

/* Takes what the wire has; false when there is nothing now. */
static bool take_wire(struct pump *p)
{
	struct qemu *q = &p->vm->qemu;
	char buf[RECV_SIZE];
	ssize_t n;
	int err;

	if (q->wire_fd < 0)
		return false;
	n = recv(q->wire_fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) { /* QEMU is about to end, or has */
		close(q->wire_fd);
		q->wire_fd = -1;
		return false;
	}
	err = wire_reader__feed(p->vm->reader, buf, (size_t)n);
	if (err)
		finish(p, VM_FAILED, str_fmt("events: %s", strerror(-err)));
	return true;
}

/* A guest that never stops talking must not keep us from looking at the rest: true when there may
 * be more. */
static bool take_events(struct pump *p)
{
	for (int round = 0; !p->over && round < RECV_ROUNDS; round++) {
		while (!p->over && hand_over(p))
			;
		if (p->over || !take_wire(p))
			return false;
	}
	return !p->over;
}

static void look_at_console(struct pump *p, int64_t now)
{
	struct console *c = p->vm->console;
	long long left;
	int n = console__poll(c);

	p->next_look = now + CONSOLE_MS;
	if (n < 0) {
		finish(p, VM_FAILED,
		       str_fmt("%s: can't be read: %s", p->vm->console_path, strerror(-n)));
		return;
	}
	if (n > 0)
		p->grew = now;
	if (now < p->next_disk)
		return;
	p->next_disk = now + DISK_MS;
	left = console__disk_left(c);
	if (left >= 0 && left < DISK_MIN)
		finish_disk(p);
}

/* QEMU has ended: everything it wrote is there to be read. The end of the wire is not waited for:
 * a wrapper may have left a process that holds it open. */
static void look_at_remains(struct pump *p)
{
	struct console *c = p->vm->console;

	while (take_events(p))
		;
	if (p->over)
		return;
	while (console__poll(c) > 0)
		;
	console__finish(c);
	if (console__ending(c) == SPLAT_PANIC)
		finish_splat(p);
	else
		finish_ended(p);
}

static void look_at_trouble(struct pump *p, int64_t now)
{
	enum splat s = console__ending(p->vm->console);

	if (s == SPLAT_NONE) {
		p->trouble = 0;
		return;
	}
	if (!p->trouble)
		p->trouble = now;
	if (s == SPLAT_PANIC
		    ? now >= p->trouble + PANIC_MS
		    : now >= p->trouble + SETTLE_MS ||
			      now >= (p->grew > p->trouble ? p->grew : p->trouble) + QUIET_MS)
		finish_splat(p);
}

static void look(struct pump *p)
{
	int64_t now = clock_ms();

	if (cancel_pending(p->vm->cancel_fd)) {
		finish(p, VM_CANCELLED, strdup("interrupted"));
		return;
	}
	if (qemu__ended(&p->vm->qemu)) {
		look_at_remains(p);
		return;
	}
	if (now >= p->next_look || now >= p->deadline)
		look_at_console(p, now);
	if (!p->over)
		look_at_trouble(p, now);
	if (!p->over && now >= p->deadline && !p->trouble)
		finish_timeout(p);
}

static void wait_for_something(struct pump *p)
{
	const struct vm_watch *w = p->vm->watch;
	unsigned int extra = w ? w->nr : 0, ready = 0;
	struct pollfd pfd[3 + VM_WATCH_MAX] = {
		{ .fd = p->vm->qemu.wire_fd, .events = POLLIN },
		{ .fd = p->vm->qemu.pidfd, .events = POLLIN },
		{ .fd = p->vm->cancel_fd, .events = POLLIN },
	};
	int64_t until = p->next_look < p->deadline || p->trouble ? p->next_look : p->deadline;
	int64_t left = until - clock_ms();
	int err;

	for (unsigned int i = 0; i < extra; i++)
		pfd[3 + i] = w->fds[i];
	if (poll(pfd, 3 + extra, left < 0 ? 0 : (int)left) < 0) {
		if (errno != EINTR)
			finish(p, VM_FAILED, str_fmt("poll: %s", strerror(errno)));
		return;
	}
	for (unsigned int i = 0; i < extra; i++) {
		w->fds[i].revents = w->fds[i].fd < 0 ? 0 : pfd[3 + i].revents;
		ready += w->fds[i].revents != 0;
	}
	err = ready ? w->on_ready(w->ctx, w->fds) : 0;
	if (err)
		finish(p, VM_FAILED, str_fmt("%s", strerror(-err)));
}

void vm__pump(struct vm *vm, int timeout_ms, int (*on_event)(void *ctx, const json_t *event),
	      void *ctx, struct vm_outcome *o)
{
	struct pump p = {
		.vm = vm,
		.on_event = on_event,
		.ctx = ctx,
		.o = o,
		.timeout_ms = timeout_ms,
		.deadline = timeout_ms > 0 ? clock_ms() + timeout_ms : INT64_MAX,
	};

	memset(o, 0, sizeof(*o));
	console__mark(vm->console);
	for (;;) {
		take_events(&p);
		if (!p.over)
			look(&p);
		if (!p.over)
			wait_for_something(&p);
		if (p.over)
			return;
	}
}

/* --- boot ---------------------------------------------------------------------------------- */

static int on_boot_event(void *ctx, const json_t *event)
{
	struct vm *vm = ctx;
	const char *type = wire_type(event), *text, *level = "";

	if (type && !strcmp(type, "hello")) {
		vm->hello = json_incref((json_t *)event);
		return 1;
	}
	if (type && !strcmp(type, "log") && !wire_str(event, "text", &text)) {
		wire_str(event, "level", &level);
		log_at(strcmp(level, "error") ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "guest: %s",
		       text);
	}
	return 0;
}

static void explain(struct vm *vm, struct vm_outcome *o)
{
	char *console = console__text(vm->console, BOOT_TEXT);
	char *words = qemu__last_words(&vm->qemu);
	struct boot_facts f = {
		.vmlinux = vm->vmlinux,
		.end = o->end,
		.detail = o->detail,
		.console = console,
		.stderr_text = words,
		.qemu_status = vm->qemu.status,
		.timeout_ms = vm->boot_timeout_ms,
	};
	char *reason = boot_reason(&f);

	if (reason) {
		free(o->detail);
		o->detail = reason;
	}
	free(words);
	free(console);
}

int vm__wait_hello(struct vm *vm, const json_t **hello, struct vm_outcome *o)
{
	int64_t proto = 0;

	*hello = NULL;
	vm__pump(vm, vm->boot_timeout_ms, on_boot_event, vm, o);
	if (o->end != VM_DONE) {
		explain(vm, o);
		return 0;
	}
	if (wire_int(vm->hello, "proto", &proto) || proto != WIRE_PROTO) {
		o->end = VM_BAD_STREAM;
		o->detail =
			str_fmt("the guest program speaks version %lld of the protocol and assay "
				"version %d: build both anew (make)",
				(long long)proto, WIRE_PROTO);
		o->excerpt = console__excerpt(vm->console);
		return 0;
	}
	*hello = vm->hello;
	return 0;
}
