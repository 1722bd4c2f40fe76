// SPDX-License-Identifier: GPL-2.0-only
/* `assay exec` and `assay shell`. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay.h"
#include "base/file.h"
#include "base/str.h"

#define KERNEL "5.10.218"

static char *dir;

static int set_up(void **state)
{
	(void)state;
	need_kernel(KERNEL);
	dir = temp_dir();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(dir);
	return 0;
}

static char *make_file(const char *name, const void *data, size_t len, mode_t mode)
{
	char *path = str_fmt("%s/%s", dir, name);

	assert_int_equal(file_write(path, data, len), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

/* Standard output, standard error and exit status come out as the command's own; the words of the
 * command are not interpreted on the way. */
static void test_exec(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, NULL, "exec", "-k", KERNEL, "--", "sh", "-c",
	      "uname -r; pwd; printf '%s|' \"$@\"; echo to stderr >&2; exit 7", "sh", "a b",
	      "$HOME;*'\"", "", "-x");
	assert_status(&o, 7);
	assert_string_equal(o.out, KERNEL "\n/files\na b|$HOME;*'\"||-x|");
	assert_string_equal(o.err, "to stderr\n");
	outcome__release(&o);
}

static void test_exec_statuses(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, NULL, "exec", "--", "sh", "-c", "kill -9 $$");
	assert_status(&o, 128 + SIGKILL);
	outcome__release(&o);
	ASSAY(&o, false, NULL, "exec", "no-such-command");
	assert_status(&o, 127);
	assert_has(o.err, "no-such-command");
	outcome__release(&o);
	ASSAY(&o, false, NULL, "exec", "--timeout", "1s", "--", "sleep", "100");
	assert_status(&o, 3);
	assert_has(o.err, "did not end within 1.0 s");
	outcome__release(&o);
}

static void test_exec_wrong_use(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, NULL, "exec");
	assert_status(&o, 2);
	assert_has(o.err, "which command?");
	outcome__release(&o);
	ASSAY(&o, false, NULL, "exec", "--file", "/nonexistent/file", "--", "true");
	assert_status(&o, 2);
	assert_has(o.err, "/nonexistent/file");
	outcome__release(&o);
	ASSAY(&o, false, NULL, "exec", "--file", dir, "--", "true");
	assert_status(&o, 2);
	assert_has(o.err, dir);
	outcome__release(&o);
	ASSAY(&o, false, NULL, "exec", "-k", "5.10.281", "--", "true");
	assert_status(&o, 2);
	assert_has(o.err, "did you mean '5.10.218'?");
	outcome__release(&o);
}

/* Files with their permissions; every byte value, and more than one event's worth of them. */
static void test_files_and_binary_data(void **state)
{
	static const char script[] = "#!/bin/sh\ncat bytes bytes\ncat bytes >&2\n";
	size_t len = 200003, i;
	unsigned char *bytes = malloc(len);
	char *a, *b;
	struct outcome o;

	(void)state;
	assert_non_null(bytes);
	for (i = 0; i < len; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 256);
	a = make_file("bytes", bytes, len, 0644);
	b = make_file("script", script, sizeof(script) - 1, 0755);
	ASSAY(&o, false, NULL, "exec", "--file", a, "-f", b, "--", "./script");
	assert_status(&o, 0);
	assert_int_equal(o.out_len, 2 * len);
	assert_memory_equal(o.out, bytes, len);
	assert_memory_equal(o.out + len, bytes, len);
	assert_int_equal(o.err_len, len);
	assert_memory_equal(o.err, bytes, len);
	outcome__release(&o);
	free(a);
	free(b);
	free(bytes);
}

static void test_guest_options(void **state)
{
	char *console = str_fmt("%s/console", dir), *text;
	struct outcome o;

	(void)state;
	ASSAY(&o, false, NULL, "exec", "--cpus", "2", "--mem", "256M", "--append",
	      "assay.words=here", "--console", console, "--", "sh", "-c",
	      "nproc; cat /proc/cmdline; grep MemTotal /proc/meminfo; echo seen > /dev/kmsg");
	assert_status(&o, 0);
	assert_true(str_starts(o.out, "2\n"));
	assert_has(o.out, " assay.words=here\n");
	assert_matches(o.out, "^MemTotal: +2[0-9]{5} kB$");
	outcome__release(&o);
	assert_int_equal(file_read(console, 0, &text, NULL), 0);
	assert_has(text, "Linux version " KERNEL);
	assert_matches(text, "\\] seen");
	free(text);
	free(console);
}

/* The command's own success stands, but the user hears of it. */
static void test_exec_splat(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, NULL, "exec", "--", "sh", "-c",
	      "echo WARNING > /sys/kernel/debug/provoke-crash/DIRECT; echo done");
	assert_status(&o, 0);
	assert_string_equal(o.out, "done\n");
	assert_has(o.err, "the kernel printed trouble meanwhile (WARN)");
	outcome__release(&o);
}

static void test_exec_panic(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, NULL, "exec", "--", "sh", "-c",
	      "echo before; sleep 1; echo c > /proc/sysrq-trigger; echo after");
	assert_status(&o, 3);
	assert_string_equal(o.out, "before\n");
	assert_has(o.err, "Kernel panic - not syncing: sysrq triggered crash");
	assert_has(o.err, "Call Trace:");
	outcome__release(&o);
}

/* --- shell ----------------------------------------------------------------------------------- */

static void test_shell(void **state)
{
	static const struct call c = {
		.input = "echo answer-$((6 * 7)); uname -r\ncd /files; pwd; tty\nexit 5\n",
	};
	struct outcome o;

	(void)state;
	assay_call(&o, &c, ARGS("shell", "-k", KERNEL));
	assert_status(&o, 5);
	assert_has(o.out, "answer-42");
	assert_has(o.out, KERNEL);
	assert_has(o.out, "/files\r\n/dev/pts/0\r\n"); /* a terminal, as said and as sent */
	outcome__release(&o);
}

/* The end of the input is the shell's end. */
static void test_shell_end_of_input(void **state)
{
	static const struct call c = { .input = "echo answer-$((6 * 7))\n" };
	struct outcome o;

	(void)state;
	assay_call(&o, &c, ARGS("shell"));
	assert_status(&o, 0);
	assert_has(o.out, "answer-42");
	outcome__release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_exec_statuses),
		cmocka_unit_test(test_exec_wrong_use),
		cmocka_unit_test(test_files_and_binary_data),
		cmocka_unit_test(test_guest_options),
		cmocka_unit_test(test_exec_splat),
		cmocka_unit_test(test_exec_panic),
		cmocka_unit_test(test_shell),
		cmocka_unit_test(test_shell_end_of_input),
	};

	return cmocka_run_group_tests_name("guest", tests, set_up, tear_down);
}
