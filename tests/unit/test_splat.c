// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/splat.h"

static void expect_class(const char *line, enum splat want)
{
	static const char *const prefixes[] = {
		"",    "[    1.234567] ",	  "[12345.678901] ",	    "<4>[    1.234567] ",
		"<0>", "[    1.234567][    T1] ", "[    1.234567][   C0] ", "\r[    1.234567] ",
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		char buf[600];

		snprintf(buf, sizeof(buf), "%s%s\r\nnext line: BUG:", prefixes[i], line);
		if (splat__classify(buf) != want)
			fail_msg("\"%s\" is %s, not %s", buf, splat__name(splat__classify(buf)),
				 splat__name(want));
	}
}

static void test_classes(void **state)
{
	static const struct {
		enum splat s;
		const char *line;
	} t[] = {
		{ SPLAT_WARN, "WARNING: CPU: 0 PID: 1 at kernel/bpf/core.c:120 bpf_x+0x12/0x30" },
		{ SPLAT_WARN, "WARNING: CPU: 1 PID: 77 at do_warn+0x5/0x10 [assay_target]" },
		{ SPLAT_WARN, "WARNING: kernel/bpf/core.c:120 at bpf_x+0x12/0x30, CPU#0: init/1" },
		{ SPLAT_WARN, "WARNING: at bpf_x+0x12/0x30, CPU#0: init/1" },
		{ SPLAT_LOCKDEP, "WARNING: possible circular locking dependency detected" },
		{ SPLAT_LOCKDEP, "WARNING: possible recursive locking detected" },
		{ SPLAT_LOCKDEP, "WARNING: possible irq lock inversion dependency detected" },
		{ SPLAT_LOCKDEP, "WARNING: inconsistent lock state" },
		{ SPLAT_LOCKDEP, "WARNING: suspicious RCU usage" },
		{ SPLAT_LOCKDEP, "WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected" },
		{ SPLAT_LOCKDEP, "WARNING: bad unlock balance detected!" },
		{ SPLAT_LOCKDEP, "WARNING: lock held when returning to user space!" },
		{ SPLAT_LOCKDEP, "WARNING: init/1 still has locks held!" },
		{ SPLAT_LOCKDEP, "INFO: trying to register non-static key." },
		{ SPLAT_LOCKDEP, "[ BUG: Invalid wait context ]" },
		{ SPLAT_LOCKDEP, "BUG: MAX_LOCKDEP_CHAINS too low!" },
		{ SPLAT_RCU_STALL, "rcu: INFO: rcu_sched self-detected stall on CPU" },
		{ SPLAT_RCU_STALL, "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:" },
		{ SPLAT_RCU_STALL,
		  "rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks: {" },
		{ SPLAT_RCU_STALL, "INFO: rcu_tasks detected stalls on tasks:" },
		{ SPLAT_RCU_STALL, "rcu: rcu_sched kthread starved for 2100 jiffies! g-1 f0x0" },
		{ SPLAT_HUNG_TASK, "INFO: task kworker/0:1:13 blocked for more than 120 seconds." },
		{ SPLAT_SOFT_LOCKUP, "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [init:1]" },
		{ SPLAT_SOFT_LOCKUP,
		  "NMI watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:1]" },
		{ SPLAT_HARD_LOCKUP, "NMI watchdog: Watchdog detected hard LOCKUP on cpu 0" },
		{ SPLAT_HARD_LOCKUP, "watchdog: Watchdog detected hard LOCKUP on cpu 0" },
		{ SPLAT_HARD_LOCKUP, "watchdog: CPU2: Watchdog detected hard LOCKUP on cpu 3" },
		{ SPLAT_OOM, "Out of memory: Killed process 77 (eater) total-vm:91232kB" },
		{ SPLAT_OOM, "Out of memory: Kill process 77 (eater) score 900" },
		{ SPLAT_BUG, "BUG: KASAN: slab-out-of-bounds in copyout_bpf+0x10/0x20" },
		{ SPLAT_BUG, "BUG: KFENCE: use-after-free read in f+0x1/0x2" },
		{ SPLAT_BUG, "BUG: scheduling while atomic: init/1/0x00000002" },
		{ SPLAT_BUG, "BUG: sleeping function called from invalid context at mm/slab.h:1" },
		{ SPLAT_BUG, "BUG: using smp_processor_id() in preemptible [00000000] code: a/1" },
		{ SPLAT_BUG, "BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0" },
		{ SPLAT_BUG, "kernel BUG at mm/slub.c:305!" },
		{ SPLAT_BUG, "UBSAN: array-index-out-of-bounds in lib/iov_iter.c:1:2" },
		{ SPLAT_OOPS, "BUG: kernel NULL pointer dereference, address: 0000000000000010" },
		{ SPLAT_OOPS, "BUG: unable to handle page fault for address: ffffffffdeadbeef" },
		{ SPLAT_OOPS, "BUG: unable to handle kernel paging request at ffffffffdeadbeef" },
		{ SPLAT_OOPS, "Oops: 0002 [#1] SMP NOPTI" },
		{ SPLAT_OOPS, "Oops: Oops: 0002 [#1] SMP" },
		{ SPLAT_OOPS, "general protection fault: 0000 [#1] SMP" },
		{ SPLAT_OOPS,
		  "general protection fault, probably for non-canonical address 0xdead" },
		{ SPLAT_OOPS, "double fault: 0000 [#1] SMP" },
		{ SPLAT_OOPS, "traps: PANIC: double fault, error_code: 0x0" },
		{ SPLAT_OOPS, "stack segment: 0000 [#1] SMP" },
		{ SPLAT_OOPS, "invalid opcode: 0000 [#1] SMP" },
		{ SPLAT_OOPS, "divide error: 0000 [#12] PREEMPT" },
		{ SPLAT_OOPS, "int3: 0000 [#1]" },
		{ SPLAT_PANIC, "Kernel panic - not syncing: Attempted to kill init!" },
		{ SPLAT_PANIC, "Kernel panic - not syncing: Out of memory: system-wide" },
		{ SPLAT_PANIC,
		  "---[ end Kernel panic - not syncing: Attempted to kill init! ]---" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		expect_class(t[i].line, t[i].s);
}

static void test_harmless(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"[",
		"[    ",
		"[    1.23",
		"<",
		"<4",
		"Linux version 5.10.218 (gcc (Debian 12.2.0-14) 12.2.0)",
		"Kernel command line: console=ttyS0 panic=-1 oops=panic",
		"Kernel command line: x=WARNING: CPU: 0 PID: 1 at BUG: Oops: 0000 [#1]",
		"Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on",
		"Spectre V2 : Kernel not compiled with retpoline; no mitigation available!",
		"WARNING: Unprivileged eBPF is enabled",
		"WARNING: Spectre v2 mitigation leaves CPU vulnerable",
		"WARNING: polling idle and HT enabled, performance may degrade",
		"WARNING: kernel stack frame pointer at (____ptrval____) has bad value",
		"rcu: Hierarchical RCU implementation.",
		"rcu: \tRCU restricting CPUs from NR_CPUS=8 to nr_cpu_ids=1.",
		"rcu: \tTasks-RCU CPU stall warnings timeout set to 600",
		"rcu: INFO: something else",
		"INFO: lockdep is turned off.",
		"INFO: task is fine",
		"NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.",
		"NMI watchdog: Perf NMI watchdog permanently disabled",
		"watchdog: Disabling watchdog on nohz_full cores by default",
		"Memory cgroup out of memory: Killed process 77 (eater) total-vm:91232kB",
		"eater invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0",
		"traps: sh[7] general protection fault ip:4010 sp:7ffe error:0 in sh[400000+1000]",
		"sh[7]: segfault at 0 ip 0000 sp 7ffe error 4 in sh",
		"assay-guest: experiment says: BUG: not really",
		"random: crng init done",
		"kprobes: debug: BUG",
		"a: 0000 [#",
		"list: 0000 [#x]",
		"a: 0000 [#1",
		"a: 000 [#1]",
		"a: 00000 [#1]",
		"x: 00g0 [#1]",
		"0000 [#1]",
		" [#1]",
		"Out of memory and nobody cares",
		"Call Trace:",
		"---[ end trace 0000000000000000 ]---",
		"------------[ cut here ]------------",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_class(lines[i], SPLAT_NONE);
	assert_int_equal(splat__classify(NULL), SPLAT_NONE);
}

/* A program left the console in the middle of a line. */
static void test_after_partial_line(void **state)
{
	(void)state;
	assert_int_equal(splat__classify("/ # [    3.141592] BUG: scheduling while atomic: a/1"),
			 SPLAT_BUG);
	assert_int_equal(
		splat__classify("half[   42.000001][    T7] Kernel panic - not syncing: x"),
		SPLAT_PANIC);
	assert_int_equal(splat__classify("echo BUG: x"), SPLAT_NONE);
	assert_int_equal(splat__classify("[x] [1] BUG: x"), SPLAT_NONE);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = SPLAT_NONE; i <= SPLAT_PANIC; i++) {
		assert_non_null(splat__name(i));
		assert_true(*splat__name(i));
		for (int j = SPLAT_NONE; j < i; j++)
			assert_string_not_equal(splat__name(i), splat__name(j));
	}
	assert_string_equal(splat__name(SPLAT_WARN), "WARN");
	assert_string_equal(splat__name(SPLAT_SOFT_LOCKUP), "soft lockup");
	assert_string_equal(splat__name(SPLAT_PANIC), "panic");
	assert_string_equal(splat__name(99), "?");
}

static const char console[] =
	"[    0.000000] Linux version 5.10.218\r\n"
	"[    0.000000] Kernel command line: panic=-1\r\n"
	"[    1.000000] one\r\n"
	"[    2.000000] ------------[ cut here ]------------\r\n"
	"[    2.000001] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\r\n"
	"[    2.000002] Call Trace:\r\n"
	"[    2.000003]  f+0x1/0x2\r\n"
	"[    2.000004] ---[ end trace 0000000000000000 ]---\r\n"
	"[    3.000000] quiet\r\n"
	"[    4.000000] Kernel panic - not syncing: init died\r\n"
	"[    4.000001] CPU: 0 PID: 1\r\n"
	"[    4.000002] ---[ end Kernel panic - not syncing: init died ]---\r\n"
	"[    4.000003] after";

static void test_scan(void **state)
{
	const char *first = (const char *)1;

	(void)state;
	assert_int_equal(splat__scan("", &first), SPLAT_NONE);
	assert_null(first);
	assert_int_equal(splat__scan(NULL, &first), SPLAT_NONE);
	assert_int_equal(splat__scan("fine\nfine", NULL), SPLAT_NONE);
	assert_int_equal(splat__scan("\n\n\nBUG: x", &first), SPLAT_BUG);
	assert_string_equal(first, "BUG: x");
	/* The worst counts, the first is shown. */
	assert_int_equal(splat__scan(console, &first), SPLAT_PANIC);
	assert_ptr_equal(first, strstr(console, "[    2.000001]"));
	/* The worst one first: milder ones after it change nothing. */
	assert_int_equal(splat__scan("Oops: 0000 [#1]\nWARNING: CPU: 0 PID: 1 at f\n", &first),
			 SPLAT_OOPS);
}

static void check_excerpt(const char *at, int lines, const char *want)
{
	char *text = splat__excerpt(console, at, lines);

	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

static void test_excerpt(void **state)
{
	const char *warn = strstr(console, "[    2.000001]");
	const char *panic = strstr(console, "[    4.000000]");

	(void)state;
	check_excerpt(warn, 50,
		      "[    1.000000] one\n"
		      "[    2.000000] ------------[ cut here ]------------\n"
		      "[    2.000001] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n"
		      "[    2.000002] Call Trace:\n"
		      "[    2.000003]  f+0x1/0x2\n"
		      "[    2.000004] ---[ end trace 0000000000000000 ]---\n");
	check_excerpt(warn + 20, 1, /* somewhere in the line will do */
		      "[    1.000000] one\n"
		      "[    2.000000] ------------[ cut here ]------------\n"
		      "[    2.000001] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n"
		      "[    2.000002] Call Trace:\n");
	/* An end that stands before the place does not end it. */
	check_excerpt(panic, 50,
		      "[    2.000004] ---[ end trace 0000000000000000 ]---\n"
		      "[    3.000000] quiet\n"
		      "[    4.000000] Kernel panic - not syncing: init died\n"
		      "[    4.000001] CPU: 0 PID: 1\n"
		      "[    4.000002] ---[ end Kernel panic - not syncing: init died ]---\n");
	check_excerpt(console, 0, "[    0.000000] Linux version 5.10.218\n");
	check_excerpt(strstr(console, "[    4.000003]"), 10,
		      "[    4.000001] CPU: 0 PID: 1\n"
		      "[    4.000002] ---[ end Kernel panic - not syncing: init died ]---\n"
		      "[    4.000003] after\n");
	check_excerpt(NULL, 10, "");
}

/* A console without line ends, or with NUL-like rubbish, is read once and not again and again. */
static void test_endless_line(void **state)
{
	size_t n = 8u << 20;
	char *text = malloc(n + 1);
	const char *first;

	(void)state;
	assert_non_null(text);
	memset(text, '[', n);
	memcpy(text + n - 8, "\nBUG: x\n", 8);
	text[n] = '\0';
	assert_int_equal(splat__scan(text, &first), SPLAT_BUG);
	assert_ptr_equal(first, text + n - 7);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_harmless),
		cmocka_unit_test(test_after_partial_line),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_excerpt),
		cmocka_unit_test(test_endless_line),
	};

	return cmocka_run_group_tests_name("splat", tests, NULL, NULL);
}
