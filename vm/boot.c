// SPDX-License-Identifier: GPL-2.0-only
#include "vm/boot.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"

/* A text that gives the reason away, and the reason. Texts of QEMU 7.2 and of init/main.c,
 * init/initramfs.c, init/do_mounts.c, kernel/exit.c and mm/oom_kill.c from 5.4 to 7.x. The first
 * that fits decides. */
struct clue {
	const char *text;
	const char *reason;
};

static const struct clue qemu_clues[] = {
	{ "without PVH ELF Note", "the kernel does not start by PVH: build it with CONFIG_PVH=y" },
	{ "Could not access KVM kernel module: Permission denied",
	  "/dev/kvm may not be opened: add the user to the group kvm, or use --accel tcg" },
	{ "Could not access KVM kernel module: No such file",
	  "there is no /dev/kvm: use --accel tcg" },
	{ "failed to initialize kvm", "KVM does not work on this host: use --accel tcg" },
	{ "failed to initialize KVM", "KVM does not work on this host: use --accel tcg" },
	{ "KVM kernel module", "KVM does not work on this host: use --accel tcg" },
	{ "annot set up guest memory",
	  "the host has too little memory for the guest: use a smaller --mem" },
	{ "annot allocate memory",
	  "the host has too little memory for the guest: use a smaller --mem" },
	{ "No space left on device", "the host's disk is full" },
};

static const struct clue console_clues[] = {
	{ "System is deadlocked on memory", "the guest ran out of memory: use a larger --mem" },
	{ "Out of memory and no killable processes",
	  "the guest ran out of memory: use a larger --mem" },
	{ "Initramfs unpacking failed: write error",
	  "the initramfs does not fit into the guest's memory: use a larger --mem" },
	{ "Initramfs unpacking failed", "the kernel could not unpack the initramfs" },
	/* the same with CONFIG_BLK_DEV_RAM, which takes it for a file system then */
	{ "rootfs image is not initramfs (write error)",
	  "the initramfs does not fit into the guest's memory: use a larger --mem" },
	{ "rootfs image is not initramfs", "the kernel could not unpack the initramfs" },
	{ "Failed to execute /init (error -8)",
	  "the kernel can't run /init: it has no support for ELF programs (CONFIG_BINFMT_ELF)" },
	{ "Failed to execute /init (error -2)",
	  "/init needs a program interpreter that the initramfs does not have: link it statically" },
	{ "Failed to execute /init", "the kernel could not run /init" },
	{ "Requested init /init failed", "the kernel could not run /init" },
	{ "No working init found", "the kernel could not run /init" },
	{ "Unable to mount root fs",
	  "the kernel found no /init: it has no support for an initramfs (CONFIG_BLK_DEV_INITRD), "
	  "or the initramfs is damaged" },
};

static const char init_runs[] = "Run /init as init process";
static const char guest_says[] = "] assay-guest: ";
static const char init_died[] = "Attempted to kill init! exitcode=0x";

static const char *find_clue(const struct clue *clues, size_t n, const char *text)
{
	for (size_t i = 0; text && i < n; i++) {
		if (strstr(text, clues[i].text))
			return clues[i].reason;
	}
	return NULL;
}

/* "... exitcode=0x00000700": a wait status. */
static char *init_fate(const char *console)
{
	const char *p = console ? strstr(console, init_died) : NULL;
	unsigned long status;

	if (!p)
		return NULL;
	status = strtoul(p + sizeof(init_died) - 1, NULL, 16);
	if (status & 0x7f)
		return str_fmt("the guest program (/init) was killed by signal %lu", status & 0x7f);
	return str_fmt("the guest program (/init) ended with status %lu", status >> 8 & 0xff);
}

/* What the guest program says on the console when it can't say it otherwise (guest/system.c). */
static char *last_words(const char *console)
{
	const char *p = console ? strstr(console, guest_says) : NULL;

	if (!p)
		return NULL;
	p += sizeof(guest_says) - 1;
	return strndup(p, strcspn(p, "\r\n"));
}

/* The text of the last line that has any, without its time. */
static char *last_message(const char *console)
{
	const char *end = console + strlen(console), *start;

	while (end > console && strchr(" \r\n", end[-1]))
		end--;
	for (start = end; start > console && start[-1] != '\n';)
		start--;
	if (*start == '[' && memchr(start, ']', (size_t)(end - start)))
		start = (const char *)memchr(start, ']', (size_t)(end - start)) + 1;
	while (start < end && *start == ' ')
		start++;
	return strndup(start, (size_t)(end - start));
}

static char *timeout_reason(const struct boot_facts *f)
{
	char *last, *out;

	if (!f->console || !*f->console)
		return str_fmt(
			"%s: nothing on the console within %d s: the kernel has no serial console "
			"(CONFIG_SERIAL_8250_CONSOLE), or it does not start by PVH (CONFIG_PVH)",
			f->vmlinux, f->timeout_ms / 1000);
	if (strstr(f->console, init_runs))
		return str_fmt("%s: /init runs, but no hello came within %d s: the kernel has no "
			       "virtio-console (CONFIG_VIRTIO_CONSOLE, CONFIG_VIRTIO_PCI), or the "
			       "guest program hangs",
			       f->vmlinux, f->timeout_ms / 1000);
	last = last_message(f->console);
	out = last ? str_fmt("%s: the kernel did not boot within %d s; its last message: %s",
			     f->vmlinux, f->timeout_ms / 1000, last)
		   : NULL;
	free(last);
	return out;
}

char *boot_reason(const struct boot_facts *f)
{
	const char *detail = f->detail ? f->detail : vm_end__name(f->end);
	const char *reason = NULL;
	char *fate, *out;

	if (f->end == VM_CANCELLED || f->end == VM_FAILED || f->end == VM_BAD_STREAM)
		return strdup(detail);
	if (f->end == VM_DIED)
		reason = find_clue(qemu_clues, sizeof(qemu_clues) / sizeof(qemu_clues[0]),
				   f->stderr_text);
	if (!reason)
		reason = find_clue(console_clues, sizeof(console_clues) / sizeof(console_clues[0]),
				   f->console);
	if (reason)
		return f->end == VM_TIMEOUT ? str_fmt("%s: %s", f->vmlinux, reason)
					    : str_fmt("%s: %s (%s)", f->vmlinux, reason, detail);
	if (f->end == VM_TIMEOUT)
		return timeout_reason(f);
	if (f->end == VM_DIED && !f->qemu_status && (!f->console || !*f->console))
		return str_fmt(
			"%s: the machine was reset before the kernel printed anything: the kernel "
			"crashes at its very start, or has no serial console "
			"(CONFIG_SERIAL_8250_CONSOLE)",
			f->vmlinux);
	fate = last_words(f->console);
	if (!fate)
		fate = init_fate(f->console);
	out = fate ? str_fmt("%s: %s (%s)", f->vmlinux, fate, detail)
		   : str_fmt("%s: no hello from the guest: %s", f->vmlinux, detail);
	free(fate);
	return out;
}
