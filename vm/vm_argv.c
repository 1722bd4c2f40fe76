// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/cpu.h"
#include "vm/vm.h"
#include "wire/event.h"

#define DEFAULT_CPUS   1
#define DEFAULT_MEM_MB 512

/* What every guest's kernel is told.
 *
 * earlyprintk: a kernel that dies before its console driver starts would be taken for one that has
 *	no console. It costs nothing that could be measured.
 * loglevel=7: all but debug messages. With 4 the boot is not measurably shorter.
 * panic=-1: reboot at once, which -no-reboot turns into QEMU's end.
 * sysctl.kernel.panic_on_oops=0: an oops that the kernel survives is for the guest program to
 *	report. Known from 5.8 on, and in force once init is about to run; before that the kernel's
 *	configuration decides.
 * no_timer_check: the check that the timer interrupt arrives counts ticks against a busy loop
 *	(arch/x86/kernel/apic/io_apic.c). On a loaded host it can fail, and the kernel then panics
 *	or goes on in a worse interrupt mode; KVM's own guest code turns it off for that reason.
 *
 * Measured with 5.10.218 on TCG, QEMU 7.2, start to hello, CPU seconds of QEMU: 0.97. "acpi=noirq"
 * (0.79; so ACPI's interrupt routing probably costs 0.2, it was not profiled), the q35 machine
 * (0.85) and q35 with qboot (0.75) are faster, but the first leaves interrupts to the MP table,
 * and the others are not where the rest was tried. */
static const char kernel_args[] =
	"console=ttyS0 earlyprintk=serial,ttyS0,115200 loglevel=7 printk.time=1 panic=-1 "
	"sysctl.kernel.panic_on_oops=0 rdinit=/init no_timer_check";

/* QEMU keeps TCG's time stamp counter monotonic and in step over all CPUs. The watchdog compares
 * it with another clock, finds a difference when the host let the CPU wait between two reads, and
 * leaves the guest with a slow clock from then on. */
static const char kernel_args_tcg[] = " tsc=reliable";

/* qemu64 has the same features in every release of QEMU, max has not. max boots no faster (1.05
 * and 0.98 CPU seconds) and brings five-level page tables, which make every miss dearer. */
const char *vm_cpu_model(enum accel accel, unsigned int threads)
{
	if (accel == ACCEL_KVM)
		return "host";
	/* qemu64 is AMD's, and Linux sees no threads in those of its family. */
	return threads > 1 ? "qemu64,vendor=GenuineIntel" : "qemu64";
}

/* In an option's value a comma is written twice. */
static char *escape(const char *s)
{
	struct strbuf sb = STRBUF_INIT;

	for (; *s; s++)
		strbuf__add(&sb, *s == ',' ? ",," : s, *s == ',' ? 2 : 1);
	if (sb.failed) {
		strbuf__free(&sb);
		return NULL;
	}
	return strbuf__detach(&sb);
}

static int add_all(struct strv *argv, const char *const *args)
{
	int err = 0;

	for (; *args && !err; args++)
		err = strv__add(argv, *args);
	return err;
}

/* Takes the string over. */
static int add_owned(struct strv *argv, const char *option, char *value)
{
	int err = value ? strv__add(argv, option) : -ENOMEM;

	if (!err)
		err = strv__add(argv, value);
	free(value);
	return err;
}

static int add_console(struct strv *argv, const struct vm_opts *o)
{
	char *file = escape(o->console);
	int err = file ? add_owned(argv, "-chardev",
				   str_fmt("file,id=console,path=%s%s", file,
					   o->console_before ? ",append=on" : ""))
		       : -ENOMEM;

	free(file);
	return err ?: add_all(argv, (const char *[]){ "-serial", "chardev:console", NULL });
}

static int add_port(struct strv *argv, const char *id, int fd, const char *name)
{
	int err = add_owned(argv, "-chardev", str_fmt("socket,id=%s,fd=%d", id, fd));

	return err
		       ?: add_owned(argv, "-device",
				    str_fmt("virtserialport,chardev=%s,name=%s", id, name));
}

static int add_drive(struct strv *argv, unsigned int i, const char *path)
{
	char *file = escape(path);
	int err = file ? add_owned(argv, "-drive",
				   str_fmt("if=none,id=disk%u,format=raw,file=%s", i, file))
		       : -ENOMEM;

	free(file);
	return err ?: add_owned(argv, "-device", str_fmt("virtio-blk-pci,drive=disk%u", i));
}

/* "4", or "4,threads=2" for two cores of two threads. */
static char *smp(const struct vm_opts *o)
{
	unsigned int cpus = o->cpus ?: DEFAULT_CPUS;

	return o->threads > 1 ? str_fmt("%u,threads=%u", cpus, o->threads) : str_fmt("%u", cpus);
}

/* The guest's clock moves on by 2 ns (1 << shift) with each instruction, whatever the host does
 * meanwhile. While the guest is idle it follows the host's (sleep=on): with sleep=off it jumps from
 * timer to timer, and a guest that waits for its disk sees minutes go by. Two experiments of all
 * then ended by the hung-task watchdog on 5.10.218. Times of loads are the same with both, since
 * nothing sleeps there. */
static const char *const icount[] = { "-icount", "shift=1,sleep=on", NULL };

static int add_machine(struct strv *argv, const struct vm_opts *o, const char *qemu)
{
	const bool is_icount = o->timing == TIMING_ICOUNT;
	const char *fixed[] = {
		qemu,
		"-name",
		"assay",
		"-machine",
		"pc",
		"-accel",
		is_icount ? "tcg,thread=single" : accel__name(o->accel),
		"-cpu",
		vm_cpu_model(o->accel, o->threads),
		"-nodefaults",
		"-no-user-config",
		"-display",
		"none",
		"-no-reboot",
		NULL,
	};
	int err = add_all(argv, fixed);

	if (!err)
		err = add_owned(argv, "-smp", smp(o));
	if (!err && is_icount)
		err = add_all(argv, icount);
	return err ?: add_owned(argv, "-m", str_fmt("%u", o->mem_mb ?: DEFAULT_MEM_MB));
}

static int add_kernel(struct strv *argv, const struct vm_opts *o)
{
	const char *files[] = { "-kernel", o->vmlinux, "-initrd", o->initramfs, NULL };
	int err = add_all(argv, files);

	return err
		       ?: add_owned(argv, "-append",
				    str_fmt("%s%s%s%s", kernel_args,
					    o->accel == ACCEL_TCG ? kernel_args_tcg : "",
					    o->append && *o->append ? " " : "", o->append ?: ""));
}

int vm_argv(const struct vm_opts *o, const char *qemu, int wire_fd, int tty_fd, struct strv *argv)
{
	int err;

	if (!qemu || !o->vmlinux || !o->initramfs || !o->console || o->accel == ACCEL_AUTO ||
	    (o->timing == TIMING_ICOUNT && o->accel != ACCEL_TCG) || wire_fd < 0 ||
	    (o->tty && tty_fd < 0))
		return -EINVAL;
	err = add_machine(argv, o, qemu);
	if (!err)
		err = add_kernel(argv, o);
	if (!err)
		err = add_console(argv, o);
	if (!err)
		err = add_all(argv, (const char *[]){ "-device", "virtio-serial-pci", NULL });
	if (!err)
		err = add_port(argv, "wire", wire_fd, WIRE_PORT);
	if (!err && o->tty)
		err = add_port(argv, "tty", tty_fd, WIRE_TTY_PORT);
	if (!err)
		err = add_all(argv, (const char *[]){ "-device", "virtio-rng-pci", NULL });
	for (unsigned int i = 0; !err && o->drives && o->drives[i]; i++)
		err = add_drive(argv, i, o->drives[i]);
	return err;
}
