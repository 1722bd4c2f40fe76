// SPDX-License-Identifier: GPL-2.0-only
/* The conversation with a guest, with a stand-in for QEMU. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "fake_qemu.h"
#include "wire/event.h"

struct log assay_log = { .prog = "test_vm", .level = LOG_LEVEL_ERROR };

#define PANIC "say '[ 1.0] Kernel panic - not syncing: oh'"

/* Up to an event "end"; counts the others. */
static int until_end(void *ctx, const json_t *event)
{
	int *count = ctx;

	++*count;
	return !strcmp(wire_type(event), "end");
}

static struct vm *start(const struct fake *f)
{
	struct vm *vm = NULL;
	struct vm_outcome o;
	const json_t *hello;
	const char *release;

	assert_int_equal(vm__start(&f->opts, &vm), 0);
	assert_int_equal(vm__wait_hello(vm, &hello, &o), 0);
	if (o.end != VM_DONE)
		print_error("no hello: %s\n%s\n", o.detail, o.excerpt);
	assert_int_equal(o.end, VM_DONE);
	assert_null(o.detail);
	assert_null(o.excerpt);
	assert_int_equal(wire_str(hello, "release", &release), 0);
	assert_string_equal(release, "1.2.3");
	vm_outcome__release(&o);
	return vm;
}

/* Starts, says hello, and ends a first conversation as expected. */
static void converse(const struct fake *f, int timeout_ms, enum vm_end end, const char *detail,
		     const char *excerpt)
{
	struct vm *vm = start(f);
	struct vm_outcome o;
	int count = 0;

	vm__pump(vm, timeout_ms, until_end, &count, &o);
	if (o.end != end)
		print_error("ended: %s: %s\n", vm_end__name(o.end), o.detail ? o.detail : "-");
	assert_int_equal(o.end, end);
	if (detail) {
		assert_non_null(o.detail);
		if (!strstr(o.detail, detail))
			print_error("detail: %s\n", o.detail);
		assert_non_null(strstr(o.detail, detail));
	}
	if (excerpt) {
		assert_non_null(o.excerpt);
		assert_non_null(strstr(o.excerpt, excerpt));
	}
	vm_outcome__release(&o);
	vm__stop(vm);
}

static pid_t fake_pid(const struct fake *f)
{
	char *path = str_fmt("%s/pid", f->dir), *text = NULL;
	int64_t pid = 0;

	assert_int_equal(file_read(path, 0, &text, NULL), 0);
	text[strcspn(text, "\n")] = '\0';
	assert_int_equal(num_i64(text, 2, INT32_MAX, &pid), 0);
	free(text);
	free(path);
	return (pid_t)pid;
}

/* Ended, and not yet reaped by whoever adopted it. */
static bool is_zombie(pid_t pid)
{
	char path[32], *text = NULL, *paren;
	bool zombie;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(path, 0, &text, NULL))
		return true;
	paren = strrchr(text, ')');
	zombie = paren && paren[2] == 'Z';
	free(text);
	return zombie;
}

static void test_events_and_poweroff(void **state)
{
	struct fake *f = *state;
	char *path = str_fmt("%s/job", f->dir), *text = NULL;
	struct vm_outcome o;
	struct vm *vm;
	int count = 0;

	fake__does(f, "hello; read -r job <&$wire; echo \"$job\" > $dir/job\n"
		      "printf '{\"ev\":\"a\"}\\n{\"ev\":\"end\"}\\n{\"ev\":\"b\"}\\n{\"e' >&$wire\n"
		      "printf 'v\":\"end\"}\\n' >&$wire\n"
		      "read -r job <&$wire; echo \"$job\" >> $dir/job; exit 0");
	vm = start(f);
	assert_int_equal(vm__send(vm, json_pack("{s:s, s:s}", "job", "x", "text", "a\nb")), 0);
	vm__pump(vm, 20000, until_end, &count, &o);
	assert_int_equal(o.end, VM_DONE);
	assert_int_equal(count, 2);
	/* what came with it is for the next conversation */
	vm__pump(vm, 20000, until_end, &count, &o);
	assert_int_equal(o.end, VM_DONE);
	assert_int_equal(count, 4);
	vm__stop(vm);
	assert_int_equal(file_read(path, 0, &text, NULL), 0);
	assert_string_equal(text, "{\"job\":\"x\",\"text\":\"a\\nb\"}\n{\"job\":\"poweroff\"}\n");
	free(text);
	free(path);
}

/* All of the group: bash, and what it started. */
static void test_stop_kills_what_does_not_go(void **state)
{
	struct fake *f = *state;
	struct vm *vm;
	pid_t pid;

	fake__does(f, "trap '' TERM INT HUP; sleep 1000 & hello; while :; do sleep 1000; done");
	vm = start(f);
	pid = fake_pid(f);
	assert_int_equal(kill(-pid, 0), 0);
	vm__stop(vm);
	/* The orphans are dead; init may still have to bury them. */
	for (int i = 0; i < 1000 && !kill(-pid, 0); i++)
		usleep(10000);
	assert_int_equal(kill(-pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	vm__stop(NULL);
}

static void test_start_fails(void **state)
{
	struct fake *f = *state;
	struct vm *vm = NULL;

	f->opts.qemu = "/nonexistent/qemu";
	assert_int_equal(vm__start(&f->opts, &vm), -ENOENT);
	fake__does(f, "exit 0");
	f->opts.qemu = f->qemu;
	f->opts.vmlinux = "/nonexistent/vmlinux";
	assert_int_equal(vm__start(&f->opts, &vm), -ENOENT);
	f->opts.vmlinux = f->kernel;
	f->opts.initramfs = "/nonexistent/initramfs";
	assert_int_equal(vm__start(&f->opts, &vm), -ENOENT);
	f->opts.initramfs = f->kernel;
	f->opts.console = "/nonexistent/console";
	assert_int_equal(vm__start(&f->opts, &vm), -ENOENT);
	assert_null(vm);
	assert_int_equal(fake__starts(f), 0);
}

static void test_timeout(void **state)
{
	struct fake *f = *state;

	fake__does(f, "say 'the kernel speaks'; hello; sleep 1000");
	converse(f, 300, VM_TIMEOUT, "no answer within 0.3 s", "the kernel speaks");
}

/* An oops does not end a conversation; when nothing more comes it is what there is to tell. */
static void test_timeout_after_an_oops(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; sleep 0.3\n"
		      "say '[ 1.0] BUG: unable to handle page fault for address: 0'\n"
		      "say '[ 1.0] Oops: 0002 [#1] SMP'; sleep 1000");
	converse(f, 2000, VM_TIMEOUT, "on the console: oops: ", "unable to handle");
}

static void test_oops_survived(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; say '[ 1.0] BUG: unable to handle page fault for address: 0'\n"
		      "say '[ 1.0] Oops: 0002 [#1] SMP'; sleep 1; echo '{\"ev\":\"end\"}' >&$wire\n"
		      "sleep 1000");
	converse(f, 20000, VM_DONE, NULL, NULL);
}

static void test_panic_that_ends_qemu(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; " PANIC "; sleep 0.3; say '[ 1.1] the rest of it'; exit 0");
	converse(f, 20000, VM_PANIC, "Kernel panic - not syncing: oh", "the rest of it");
}

static void test_panic_that_hangs(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; " PANIC "; sleep 1000");
	converse(f, 20000, VM_PANIC, "Kernel panic - not syncing: oh", "not syncing: oh");
}

/* The text is whole although it comes slowly. */
static void test_stall(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; say '[ 1.0] rcu: INFO: rcu_sched self-detected stall on CPU'\n"
		      "sleep 0.3; say '[ 1.0] rcu: more'; sleep 0.3; say '[ 1.0] rcu: the end'\n"
		      "sleep 1000");
	converse(f, 20000, VM_SPLAT, "RCU stall in the kernel: rcu: INFO", "rcu: the end");
}

/* A panic while other trouble is still being printed is a panic. */
static void test_lockup_then_panic(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; say '[ 1.0] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!'\n"
		      "sleep 0.2; say '[ 1.1] Kernel panic - not syncing: softlockup: hung tasks'");
	converse(f, 20000, VM_PANIC, "hung tasks", "stuck for 22s");
}

static void test_qemu_fails(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; echo 'some warning' >&2; echo \"$0: a reason\" >&2; exit 3");
	converse(f, 20000, VM_DIED, "QEMU ended with status 3: some warning; a reason", NULL);
}

static void test_qemu_killed(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; kill -9 $$");
	converse(f, 20000, VM_DIED, "killed by signal 9", NULL);
}

static void test_guest_powers_off(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; say 'reboot: Power down'; exit 0");
	converse(f, 20000, VM_DIED, "powered off or reset", "Power down");
	fake__does(f, "hello; printf '{\"ev\":' >&$wire; exit 0");
	converse(f, 20000, VM_DIED, "in the middle of an event", NULL);
}

/* QEMU may be a wrapper: what it leaves holds the wire open, is not waited for, and is not left
 * behind either, unless it has gone to a session of its own. */
static void test_leftover(void **state)
{
	struct fake *f = *state;
	pid_t left;

	fake__does(f, "hello; sleep 1000 & echo $! > $dir/pid; exit 0");
	converse(f, 20000, VM_DIED, "powered off or reset", NULL);
	left = fake_pid(f);
	for (int i = 0; i < 1000 && !kill(left, 0) && !is_zombie(left); i++)
		usleep(10000);
	assert_true(kill(left, 0) || is_zombie(left));
	fake__does(f, "hello; rm $dir/pid\n"
		      "setsid bash -c \"echo \\$\\$ > $dir/pid; exec sleep 1000\" &\n"
		      "until [ -s $dir/pid ]; do sleep 0.01; done; exit 0");
	converse(f, 20000, VM_DIED, "powered off or reset", NULL);
	kill(fake_pid(f), SIGKILL);
}

/* What was sent before QEMU's end still counts, however much it is. */
static void test_last_words(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; x=$(printf '%0300000d' 0)\n"
		      "echo \"{\\\"ev\\\":\\\"text\\\",\\\"x\\\":\\\"$x\\\"}\" >&$wire\n"
		      "echo '{\"ev\":\"end\"}' >&$wire; " PANIC "; exit 0");
	converse(f, 20000, VM_DONE, NULL, NULL);
}

static void test_bad_stream(void **state)
{
	struct fake *f = *state;

	fake__does(f, "hello; echo '{\"ev\":\"a\"}' >&$wire; echo 'no json' >&$wire; sleep 1000");
	converse(f, 20000, VM_BAD_STREAM, "line 3", NULL);
	fake__does(f, "hello; echo '[1]' >&$wire; sleep 1000");
	converse(f, 20000, VM_BAD_STREAM, "line 2", NULL);
}

static int refuse(void *ctx, const json_t *event)
{
	(void)ctx;
	(void)event;
	return -ENOSPC;
}

static void test_handler_fails(void **state)
{
	struct fake *f = *state;
	struct vm_outcome o;
	struct vm *vm;

	fake__does(f, "hello; echo '{\"ev\":\"a\"}' >&$wire; sleep 1000");
	vm = start(f);
	vm__pump(vm, 20000, refuse, NULL, &o);
	assert_int_equal(o.end, VM_FAILED);
	assert_non_null(strstr(o.detail, "No space left"));
	vm_outcome__release(&o);
	vm__stop(vm);
}

/* Whatever else is true: the user wants to stop. */
static void test_cancel(void **state)
{
	struct fake *f = *state;
	struct vm_outcome o;
	const json_t *hello;
	struct vm *vm;
	int count = 0;

	f->opts.cancel_fd = eventfd(0, EFD_CLOEXEC);
	fake__does(f, "hello; sleep 1000");
	vm = start(f);
	assert_int_equal(eventfd_write(f->opts.cancel_fd, 1), 0);
	vm__pump(vm, 0, until_end, &count, &o);
	assert_int_equal(o.end, VM_CANCELLED);
	vm_outcome__release(&o);
	vm__stop(vm);
	fake__does(f, "sleep 1000");
	assert_int_equal(vm__start(&f->opts, &vm), 0);
	assert_int_equal(vm__wait_hello(vm, &hello, &o), 0);
	assert_int_equal(o.end, VM_CANCELLED);
	assert_null(hello);
	vm_outcome__release(&o);
	vm__stop(vm);
	close(f->opts.cancel_fd);
}

static void no_hello(const struct fake *f, enum vm_end end, const char *detail)
{
	struct vm_outcome o;
	const json_t *hello;
	struct vm *vm;

	assert_int_equal(vm__start(&f->opts, &vm), 0);
	assert_int_equal(vm__wait_hello(vm, &hello, &o), 0);
	assert_int_equal(o.end, end);
	assert_null(hello);
	if (!strstr(o.detail, detail))
		print_error("detail: %s\n", o.detail);
	assert_non_null(strstr(o.detail, detail));
	vm_outcome__release(&o);
	vm__stop(vm);
}

static void test_no_hello(void **state)
{
	struct fake *f = *state;

	fake__does(
		f,
		"echo \"$0: Error loading uncompressed kernel without PVH ELF Note\" >&2; exit 1");
	no_hello(f, VM_DIED, "CONFIG_PVH=y");
	fake__does(f, "say '[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs'");
	no_hello(f, VM_PANIC, "CONFIG_BLK_DEV_INITRD");
	fake__does(f, "echo '{\"ev\":\"hello\",\"proto\":99}' >&$wire; sleep 1000");
	no_hello(f, VM_BAD_STREAM, "version 99");
	fake__does(f, "echo '{\"ev\":\"hello\"}' >&$wire; sleep 1000");
	no_hello(f, VM_BAD_STREAM, "version 0");
	f->opts.boot_timeout_ms = 300;
	fake__does(f, "sleep 1000");
	no_hello(f, VM_TIMEOUT, "CONFIG_SERIAL_8250_CONSOLE");
	fake__does(f, "say '[ 1.0] Run /init as init process'; sleep 1000");
	f->opts.boot_timeout_ms = 2000;
	no_hello(f, VM_TIMEOUT, "CONFIG_VIRTIO_CONSOLE");
}

/* A guest that takes nothing: the sender must not wait for ever, and not die of SIGPIPE. */
static void test_send_to_the_deaf(void **state)
{
	struct fake *f = *state;
	char *big = malloc(4u << 20);
	struct vm_outcome o;
	struct vm *vm;
	int count = 0;

	assert_non_null(big);
	memset(big, 'x', (4u << 20) - 1);
	big[(4u << 20) - 1] = '\0';
	fake__does(f, "hello; sleep 1000");
	vm = start(f);
	assert_int_equal(vm__send(vm, json_pack("{s:s, s:s}", "job", "x", "x", big)), -ETIMEDOUT);
	assert_int_equal(vm__send(vm, NULL), -ENOMEM);
	vm__stop(vm);
	fake__does(f, "hello; exit 0");
	vm = start(f);
	vm__pump(vm, 20000, until_end, &count, &o);
	assert_int_equal(o.end, VM_DIED);
	vm_outcome__release(&o);
	assert_int_equal(vm__send(vm, json_pack("{s:s}", "job", "x")), -EPIPE);
	/* and once more: it is still dead */
	vm__pump(vm, 20000, until_end, &count, &o);
	assert_int_equal(o.end, VM_DIED);
	vm_outcome__release(&o);
	vm__stop(vm);
	free(big);
}

static int echo(void *ctx, struct pollfd *fds)
{
	char *got = ctx;
	ssize_t n;

	if (!fds[0].revents)
		return 0;
	assert_int_equal(fds[1].revents, 0);
	n = recv(fds[0].fd, got + strlen(got), 99 - strlen(got), MSG_DONTWAIT);
	if (n <= 0)
		fds[0].fd = -1;
	return 0;
}

static int give_up(void *ctx, struct pollfd *fds)
{
	(void)ctx;
	(void)fds;
	return -EIO;
}

static void test_watch(void **state)
{
	struct fake *f = *state;
	struct pollfd fds[] = { { .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	char got[100] = "";
	struct vm_watch watch = { .fds = fds, .nr = 2, .on_ready = echo, .ctx = got };
	struct vm_outcome o;
	struct vm *vm;
	int count = 0;

	f->opts.tty = true;
	fake__does(f, "hello; read line <&$tty; echo \"got $line\" >&$tty; sleep 0.2\n"
		      "echo '{\"ev\":\"end\"}' >&$wire; read job <&$wire\n"
		      "echo again >&$tty; sleep 1000");
	vm = start(f);
	fds[0].fd = vm__tty_fd(vm);
	assert_true(fds[0].fd >= 0);
	assert_int_equal(write_all(fds[0].fd, "typed\n", 6), 0);
	vm__watch(vm, &watch);
	vm__pump(vm, 20000, until_end, &count, &o);
	assert_int_equal(o.end, VM_DONE);
	assert_string_equal(got, "got typed\n");
	/* what on_ready can't cope with ends the conversation */
	watch.on_ready = give_up;
	assert_int_equal(vm__send(vm, json_pack("{s:s}", "job", "x")), 0);
	vm__pump(vm, 20000, until_end, &count, &o);
	assert_int_equal(o.end, VM_FAILED);
	vm_outcome__release(&o);
	vm__stop(vm);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(vm_end__name(VM_DONE), "done");
	for (int i = VM_DONE; i <= VM_FAILED; i++)
		assert_string_not_equal(vm_end__name((enum vm_end)i), "?");
	assert_string_equal(vm_end__name((enum vm_end)99), "?");
	vm_outcome__release(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, fake__set_up, fake__tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_and_poweroff),
		TEST(stop_kills_what_does_not_go),
		TEST(start_fails),
		TEST(timeout),
		TEST(timeout_after_an_oops),
		TEST(oops_survived),
		TEST(panic_that_ends_qemu),
		TEST(panic_that_hangs),
		TEST(stall),
		TEST(lockup_then_panic),
		TEST(qemu_fails),
		TEST(qemu_killed),
		TEST(guest_powers_off),
		TEST(leftover),
		TEST(last_words),
		TEST(bad_stream),
		TEST(handler_fails),
		TEST(cancel),
		TEST(no_hello),
		TEST(send_to_the_deaf),
		TEST(watch),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
