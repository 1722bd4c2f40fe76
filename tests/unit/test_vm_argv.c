// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "vm/accel.h"
#include "vm/vm.h"
#include "wire/event.h"

struct log assay_log = { .prog = "test_vm_argv", .level = LOG_LEVEL_ERROR };

static const struct vm_opts plain = {
	.vmlinux = "/k/vmlinux",
	.initramfs = "/k/initramfs",
	.console = "/r/console.log",
	.accel = ACCEL_TCG,
	.cpus = 2,
	.mem_mb = 384,
	.cancel_fd = -1,
};

static void make(const struct vm_opts *o, struct strv *argv)
{
	memset(argv, 0, sizeof(*argv));
	assert_int_equal(vm_argv(o, "/usr/bin/qemu", 7, 8, argv), 0);
	assert_null(argv->v[argv->n]);
}

/* How often an option (with this value, or any when NULL) is there. */
static int count(const struct strv *argv, const char *option, const char *value)
{
	int n = 0;

	for (size_t i = 0; i < argv->n; i++)
		n += !strcmp(argv->v[i], option) &&
		     (!value || (i + 1 < argv->n && !strcmp(argv->v[i + 1], value)));
	return n;
}

static const char *value_of(const struct strv *argv, const char *option)
{
	for (size_t i = 0; i + 1 < argv->n; i++) {
		if (!strcmp(argv->v[i], option))
			return argv->v[i + 1];
	}
	return NULL;
}

/* Is this one of the words of the kernel's command line? */
static bool told(const struct strv *argv, const char *word)
{
	struct strv words = { 0 };
	bool has;

	assert_int_equal(strv__split(&words, value_of(argv, "-append"), " "), 0);
	has = strv__has(&words, word);
	strv__free(&words);
	return has;
}

static void test_plain(void **state)
{
	struct strv a;

	(void)state;
	make(&plain, &a);
	assert_string_equal(a.v[0], "/usr/bin/qemu");
	assert_int_equal(count(&a, "-machine", "pc"), 1);
	assert_int_equal(count(&a, "-accel", "tcg"), 1);
	assert_int_equal(count(&a, "-cpu", "qemu64"), 1);
	assert_int_equal(count(&a, "-smp", "2"), 1);
	assert_int_equal(count(&a, "-m", "384"), 1);
	assert_int_equal(count(&a, "-kernel", "/k/vmlinux"), 1);
	assert_int_equal(count(&a, "-initrd", "/k/initramfs"), 1);
	assert_int_equal(count(&a, "-display", "none"), 1);
	assert_int_equal(count(&a, "-nodefaults", NULL), 1);
	assert_int_equal(count(&a, "-no-user-config", NULL), 1);
	assert_int_equal(count(&a, "-no-reboot", NULL), 1);
	assert_int_equal(count(&a, "-chardev", "file,id=console,path=/r/console.log"), 1);
	assert_int_equal(count(&a, "-serial", "chardev:console"), 1);
	assert_int_equal(count(&a, "-chardev", "socket,id=wire,fd=7"), 1);
	assert_int_equal(count(&a, "-device", "virtserialport,chardev=wire,name=" WIRE_PORT), 1);
	assert_int_equal(count(&a, "-device", "virtio-rng-pci"), 1);
	/* neither a tty port nor disks nor a network */
	assert_int_equal(count(&a, "-chardev", NULL), 2);
	assert_int_equal(count(&a, "-device", NULL), 3);
	assert_int_equal(count(&a, "-drive", NULL), 0);
	assert_int_equal(count(&a, "-netdev", NULL), 0);
	strv__free(&a);
}

/* Linux sees siblings on Intel's CPUs only. */
static void test_threads(void **state)
{
	struct vm_opts o = plain;
	struct strv a;

	(void)state;
	o.cpus = 4;
	o.threads = 2;
	make(&o, &a);
	assert_int_equal(count(&a, "-smp", "4,threads=2"), 1);
	assert_int_equal(count(&a, "-cpu", "qemu64,vendor=GenuineIntel"), 1);
	strv__free(&a);
	o.threads = 1;
	make(&o, &a);
	assert_int_equal(count(&a, "-smp", "4"), 1);
	assert_int_equal(count(&a, "-cpu", "qemu64"), 1);
	strv__free(&a);
}

/* A port needs its bus before it on the command line. */
static void test_bus_before_port(void **state)
{
	struct strv a;
	bool bus = false;

	(void)state;
	make(&plain, &a);
	for (size_t i = 0; i < a.n; i++) {
		bus |= !strcmp(a.v[i], "virtio-serial-pci");
		if (str_starts(a.v[i], "virtserialport,"))
			assert_true(bus);
	}
	assert_true(bus);
	strv__free(&a);
}

static void test_kernel_arguments(void **state)
{
	struct vm_opts o = plain;
	struct strv a;

	(void)state;
	make(&o, &a);
	assert_int_equal(count(&a, "-append", NULL), 1);
	assert_true(told(&a, "console=ttyS0"));
	assert_true(told(&a, "panic=-1"));
	assert_true(told(&a, "rdinit=/init"));
	assert_true(told(&a, "sysctl.kernel.panic_on_oops=0"));
	assert_true(told(&a, "tsc=reliable"));
	strv__free(&a);

	o.append = "mitigations=off foo=\"a b\"";
	make(&o, &a);
	assert_true(told(&a, "console=ttyS0"));
	assert_true(str_ends(value_of(&a, "-append"), " mitigations=off foo=\"a b\""));
	strv__free(&a);

	o.append = "";
	make(&o, &a);
	assert_false(str_ends(value_of(&a, "-append"), " "));
	strv__free(&a);
}

static void test_kvm(void **state)
{
	struct vm_opts o = plain;
	struct strv a, tcg;

	(void)state;
	o.accel = ACCEL_KVM;
	make(&o, &a);
	make(&plain, &tcg);
	assert_int_equal(count(&a, "-accel", "kvm"), 1);
	assert_int_equal(count(&a, "-accel", NULL), 1);
	assert_int_equal(count(&a, "-cpu", "host"), 1);
	/* Under KVM the counter is the host's, which is not known to be reliable. */
	assert_false(told(&a, "tsc=reliable"));
	assert_true(told(&a, "console=ttyS0"));
	/* the same devices */
	assert_int_equal(a.n, tcg.n);
	for (size_t i = 0; i < a.n; i++) {
		if (!strcmp(a.v[i], "-device"))
			assert_string_equal(a.v[i + 1], tcg.v[i + 1]);
	}
	strv__free(&a);
	strv__free(&tcg);
}

static void test_tty(void **state)
{
	struct vm_opts o = plain;
	struct strv a;

	(void)state;
	o.tty = true;
	make(&o, &a);
	assert_int_equal(count(&a, "-chardev", "socket,id=tty,fd=8"), 1);
	assert_int_equal(count(&a, "-device", "virtserialport,chardev=tty,name=" WIRE_TTY_PORT), 1);
	assert_int_equal(count(&a, "-device", "virtio-serial-pci"), 1);
	strv__free(&a);
}

static void test_drives(void **state)
{
	const char *const drives[] = { "/d/one", "/d/with,comma=1", NULL };
	struct vm_opts o = plain;
	struct strv a;

	(void)state;
	o.drives = drives;
	make(&o, &a);
	assert_int_equal(count(&a, "-drive", "if=none,id=disk0,format=raw,file=/d/one"), 1);
	assert_int_equal(count(&a, "-drive", "if=none,id=disk1,format=raw,file=/d/with,,comma=1"),
			 1);
	assert_int_equal(count(&a, "-device", "virtio-blk-pci,drive=disk0"), 1);
	assert_int_equal(count(&a, "-device", "virtio-blk-pci,drive=disk1"), 1);
	assert_int_equal(count(&a, "-drive", NULL), 2);
	strv__free(&a);
}

/* In options a comma ends a value, unless it is doubled; plain arguments are taken as they are. */
static void test_commas_and_blanks(void **state)
{
	struct vm_opts o = plain;
	struct strv a;

	(void)state;
	o.console = "/r/,a b,,c,";
	o.vmlinux = "/k,1/vm linux";
	o.initramfs = "/k,1/init";
	make(&o, &a);
	assert_int_equal(count(&a, "-chardev", "file,id=console,path=/r/,,a b,,,,c,,"), 1);
	assert_int_equal(count(&a, "-kernel", "/k,1/vm linux"), 1);
	assert_int_equal(count(&a, "-initrd", "/k,1/init"), 1);
	strv__free(&a);
}

static void test_defaults(void **state)
{
	struct vm_opts o = plain;
	struct strv a;

	(void)state;
	o.cpus = o.mem_mb = 0;
	make(&o, &a);
	assert_int_equal(count(&a, "-smp", "1"), 1);
	assert_int_equal(count(&a, "-m", "512"), 1);
	strv__free(&a);
}

static void refuse(const struct vm_opts *o, const char *qemu, int wire_fd, int tty_fd)
{
	struct strv a = { 0 };

	assert_int_equal(vm_argv(o, qemu, wire_fd, tty_fd, &a), -EINVAL);
	assert_int_equal(a.n, 0);
	strv__free(&a);
}

static void test_refusals(void **state)
{
	struct vm_opts o = plain;

	(void)state;
	refuse(&plain, NULL, 7, 8);
	refuse(&plain, "qemu", -1, 8);
	o.accel = ACCEL_AUTO; /* to be settled first */
	refuse(&o, "qemu", 7, 8);
	o = plain;
	o.vmlinux = NULL;
	refuse(&o, "qemu", 7, 8);
	o = plain;
	o.initramfs = NULL;
	refuse(&o, "qemu", 7, 8);
	o = plain;
	o.console = NULL;
	refuse(&o, "qemu", 7, 8);
	o = plain;
	o.tty = true;
	refuse(&o, "qemu", 7, -1);
}

static void test_accel_names(void **state)
{
	enum accel a = ACCEL_TCG;

	(void)state;
	assert_int_equal(accel__parse("auto", &a), 0);
	assert_int_equal(a, ACCEL_AUTO);
	assert_int_equal(accel__parse("kvm", &a), 0);
	assert_int_equal(a, ACCEL_KVM);
	assert_int_equal(accel__parse("tcg", &a), 0);
	assert_int_equal(a, ACCEL_TCG);
	assert_int_equal(accel__parse("", &a), -EINVAL);
	assert_int_equal(accel__parse("KVM", &a), -EINVAL);
	assert_int_equal(accel__parse("kvm ", &a), -EINVAL);
	assert_int_equal(a, ACCEL_TCG);
	assert_string_equal(accel__name(ACCEL_AUTO), "auto");
	assert_string_equal(accel__name(ACCEL_KVM), "kvm");
	assert_string_equal(accel__name(ACCEL_TCG), "tcg");
}

static void test_icount(void **state)
{
	struct vm_opts o = plain;
	struct strv a;

	(void)state;
	make(&o, &a);
	assert_int_equal(count(&a, "-icount", NULL), 0);
	strv__free(&a);
	o.timing = TIMING_ICOUNT;
	make(&o, &a);
	assert_int_equal(count(&a, "-accel", "tcg,thread=single"), 1);
	assert_int_equal(count(&a, "-accel", NULL), 1);
	assert_int_equal(count(&a, "-icount", "shift=1,sleep=on"), 1);
	strv__free(&a);
	/* KVM counts nothing. */
	memset(&a, 0, sizeof(a));
	o.accel = ACCEL_KVM;
	assert_int_equal(vm_argv(&o, "/usr/bin/qemu", 7, 8, &a), -EINVAL);
	strv__free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_icount),
		cmocka_unit_test(test_bus_before_port),
		cmocka_unit_test(test_kernel_arguments),
		cmocka_unit_test(test_kvm),
		cmocka_unit_test(test_tty),
		cmocka_unit_test(test_drives),
		cmocka_unit_test(test_commas_and_blanks),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_accel_names),
	};

	return cmocka_run_group_tests_name("vm_argv", tests, NULL, NULL);
}
