// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vm/boot.h"

struct log assay_log = { .prog = "test_boot", .level = LOG_LEVEL_ERROR };

#define RUN_INIT "[    0.9] Run /init as init process\n"

static void check(const struct boot_facts *facts, const char *part)
{
	char *reason = boot_reason(facts);

	assert_non_null(reason);
	if (!strstr(reason, part))
		print_error("'%s' is not in: %s\n", part, reason);
	assert_non_null(strstr(reason, part));
	free(reason);
}

static void test_qemu_says(void **state)
{
	static const char *const cases[][2] = {
		{ "Error loading uncompressed kernel without PVH ELF Note", "CONFIG_PVH=y" },
		{ "Could not access KVM kernel module: Permission denied", "group kvm" },
		{ "Could not access KVM kernel module: No such file or directory", "no /dev/kvm" },
		{ "ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy; "
		  "failed to initialize kvm: Device or resource busy",
		  "--accel tcg" },
		{ "cannot set up guest memory 'pc.ram': Cannot allocate memory", "smaller --mem" },
		{ "something new", "QEMU ended with status 1: something new" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char detail[200] = "QEMU ended with status 1: ";
		struct boot_facts f = {
			.vmlinux = "/k/vmlinux",
			.end = VM_DIED,
			.detail = detail,
			.console = "",
			.stderr_text = cases[i][0],
			.qemu_status = 1,
		};

		strcat(detail, cases[i][0]);
		check(&f, cases[i][1]);
		check(&f, "/k/vmlinux: ");
		check(&f, cases[i][0]); /* the reason hides nothing */
	}
}

static void test_console_says(void **state)
{
	static const char *const cases[][2] = {
		{ "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
		  "CONFIG_BLK_DEV_INITRD" },
		{ "Failed to execute /init (error -8)", "CONFIG_BINFMT_ELF" },
		{ "Failed to execute /init (error -2)", "link it statically" },
		{ "Failed to execute /init (error -13)", "could not run /init" },
		{ "Kernel panic - not syncing: No working init found.", "could not run /init" },
		{ "Initramfs unpacking failed: write error", "larger --mem" },
		{ "rootfs image is not initramfs (write error); looks like an initrd",
		  "larger --mem" },
		{ "rootfs image is not initramfs (no cpio magic); looks like an initrd",
		  "could not unpack" },
		{ "Initramfs unpacking failed: junk within compressed archive",
		  "could not unpack" },
		{ "Kernel panic - not syncing: System is deadlocked on memory", "larger --mem" },
		{ RUN_INIT
		  "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000700",
		  "ended with status 7" },
		{ RUN_INIT
		  "Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b",
		  "killed by signal 11" },
		{ "Kernel panic - not syncing: quite another", "the detail" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct boot_facts f = {
			.vmlinux = "/k/vmlinux",
			.end = VM_PANIC,
			.detail = "the detail",
			.console = cases[i][0],
		};

		check(&f, cases[i][1]);
		check(&f, "the detail");
	}
}

static void test_timeouts(void **state)
{
	struct boot_facts f = {
		.vmlinux = "/k/vmlinux",
		.end = VM_TIMEOUT,
		.detail = "no answer",
		.timeout_ms = 60000,
	};

	(void)state;
	check(&f, "CONFIG_SERIAL_8250_CONSOLE");
	f.console = "";
	check(&f, "CONFIG_PVH");
	check(&f, "within 60 s");
	f.console = "[    0.1] first\n" RUN_INIT "[    1.0] random: done\n";
	check(&f, "CONFIG_VIRTIO_CONSOLE");
	f.console = "[    0.1] first\n[    0.2] the last one\n\n";
	check(&f, "its last message: the last one");
	f.console = "no time, no newline";
	check(&f, "its last message: no time, no newline");
	f.console = "\n \r\n";
	check(&f, "its last message: ");
	/* a clue is worth more than the time */
	f.console = "Failed to execute /init (error -8)\n";
	check(&f, "CONFIG_BINFMT_ELF");
}

static void test_reset_at_once(void **state)
{
	struct boot_facts f = {
		.vmlinux = "/k/vmlinux",
		.end = VM_DIED,
		.detail = "the guest powered off",
		.console = "",
	};

	(void)state;
	check(&f, "before the kernel printed anything");
	f.console = "[    0.1] something\n";
	check(&f, "the guest powered off");
	f.console = "";
	f.qemu_status = -9;
	f.detail = "killed by signal 9";
	check(&f, "killed by signal 9");
}

/* These say all there is to say. */
static void test_plain_ends(void **state)
{
	static const enum vm_end ends[] = { VM_CANCELLED, VM_FAILED, VM_BAD_STREAM };

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct boot_facts f = {
			.vmlinux = "/k/vmlinux",
			.end = ends[i],
			.detail = "what happened",
			.console = "Unable to mount root fs",
		};
		char *reason = boot_reason(&f);

		assert_string_equal(reason, "what happened");
		free(reason);
		f.detail = NULL;
		check(&f, vm_end__name(ends[i]));
	}
}

/* The guest program has no other way to say that it has no way. */
static void test_guest_says(void **state)
{
	struct boot_facts f = {
		.vmlinux = "/k/vmlinux",
		.end = VM_DIED,
		.detail = "the guest powered off or reset without saying why",
		.console = RUN_INIT
		"[   10.9] assay-guest: no virtio-serial port org.assay.wire (No such device)\r\n"
		"[   10.9] reboot: Power down\r\n",
	};
	char *reason = boot_reason(&f);

	(void)state;
	assert_string_equal(reason,
			    "/k/vmlinux: no virtio-serial port org.assay.wire (No such device) "
			    "(the guest powered off or reset without saying why)");
	free(reason);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qemu_says),  cmocka_unit_test(test_console_says),
		cmocka_unit_test(test_timeouts),   cmocka_unit_test(test_reset_at_once),
		cmocka_unit_test(test_plain_ends), cmocka_unit_test(test_guest_says),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
