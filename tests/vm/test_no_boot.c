// SPDX-License-Identifier: GPL-2.0-only
/* Kernel images that do not boot: the last lines of the console and the likely reason are given. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"
#include "base/file.h"
#include "base/str.h"
#include "vm/initramfs.h"
#include "vm/vm.h"

#define KERNEL "5.10.218"

static struct image *image;
static char *dir;

static int set_up(void **state)
{
	(void)state;
	need_kernel(KERNEL);
	image = find_image(KERNEL);
	dir = temp_dir();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	image__free(image);
	temp_dir_remove(dir);
	return 0;
}

/* --- as a user meets it: a kernel that lacks something ---------------------------------------- */

static void assert_exec_fails(const char *append, const char *reason, const char *console)
{
	struct outcome o;

	ASSAY(&o, false, NULL, "exec", "-k", KERNEL, "--append", append, "--", "echo", "ran");
	assert_status(&o, 3);
	assert_string_equal(o.out, "");
	assert_has(o.err, image->vmlinux);
	assert_has(o.err, reason);
	assert_has(o.err, console);
	outcome__release(&o);
}

static void test_no_initramfs(void **state)
{
	(void)state;
	assert_exec_fails("initcall_blacklist=populate_rootfs", "CONFIG_BLK_DEV_INITRD",
			  "Kernel panic - not syncing: VFS: Unable to mount root fs");
}

static void test_no_init(void **state)
{
	(void)state;
	assert_exec_fails("rdinit=/nonexistent init=/nonexistent", "found no /init",
			  "Kernel panic - not syncing: VFS: Unable to mount root fs");
}

static void test_init_ends(void **state)
{
	(void)state;
	assert_exec_fails("rdinit=/bin/false", "(/init) ended with status 1",
			  "Attempted to kill init! exitcode=0x00000100");
}

static void test_no_virtio(void **state)
{
	(void)state;
	assert_exec_fails("initcall_blacklist=virtio_pci_driver_init", "CONFIG_VIRTIO_PCI",
			  "no virtio-serial port");
}

/* In a run: no verdict, no record, and the reason where the verdict would stand. */
static void test_run(void **state)
{
	char *results = temp_dir(), *reason, *excerpt;
	struct records rs;
	struct outcome o;

	(void)state;
	ASSAY(&o, true, results, "run", "trivial", "generated", "--append",
	      "initcall_blacklist=populate_rootfs");
	assert_int_equal(o.status, 1);
	assert_has(o.out, "CONFIG_BLK_DEV_INITRD");
	outcome__release(&o);
	assert_true(experiment_status(results, KERNEL, "trivial", &reason) > STATUS_UNEXPECTED);
	assert_has(reason, "CONFIG_BLK_DEV_INITRD");
	free(reason);
	/* What does not boot is not booted for every experiment again. */
	assert_int_equal(experiment_status(results, KERNEL, "generated", &reason), STATUS_SKIPPED);
	assert_has(reason, "did not boot");
	free(reason);
	records__load(&rs, results, NULL, NULL);
	assert_int_equal(rs.n, 0);
	records__release(&rs);
	excerpt = find_text(results, KERNEL, "trivial", "", "console-excerpt");
	assert_has(excerpt, "Unable to mount root fs");
	free(excerpt);
	temp_dir_remove(results);
}

/* --- files that are no kernel ------------------------------------------------------------------
 */

static char *make_file(const char *name, const void *data, size_t len)
{
	char *path = str_fmt("%s/%s", dir, name);

	assert_int_equal(file_write(path, data, len), 0);
	return path;
}

/* Boots it with real QEMU and expects this end. */
static void assert_no_boot(const char *vmlinux, const char *initramfs, int timeout_ms,
			   enum vm_end end, const char *reason)
{
	char *console = str_fmt("%s/console", dir);
	const struct vm_opts opts = {
		.vmlinux = vmlinux,
		.initramfs = initramfs,
		.console = console,
		.accel = ACCEL_TCG,
		.boot_timeout_ms = timeout_ms,
		.cancel_fd = -1,
	};
	struct vm_outcome o = { 0 };
	const json_t *hello;
	struct vm *vm = NULL;

	assert_int_equal(vm__start(&opts, &vm), 0);
	assert_int_equal(vm__wait_hello(vm, &hello, &o), 0);
	if (o.end != end)
		fail_msg("%s: %s: %s", vmlinux, vm_end__name(o.end), o.detail);
	assert_has(o.detail, vmlinux);
	assert_has(o.detail, reason);
	assert_non_null(o.excerpt);
	vm__stop(vm);
	assert_int_equal(count_qemus(console, NULL), 0);
	vm_outcome__release(&o);
	free(console);
}

static void test_junk(void **state)
{
	char junk[20000], *path, *initramfs = make_file("initramfs", "", 0);

	(void)state;
	memset(junk, 'j', sizeof(junk));
	path = make_file("junk", junk, sizeof(junk));
	assert_no_boot(path, initramfs, 20000, VM_DIED, "QEMU ended with status 1");
	free(path);
	path = make_file("empty", "", 0);
	assert_no_boot(path, initramfs, 20000, VM_DIED, "QEMU ended with status 1");
	free(path);
	free(initramfs);
}

/* A 32-bit ELF program of a few bytes at 1 MB, which QEMU starts by PVH when it has the note. */
struct tiny {
	Elf32_Ehdr header;
	Elf32_Phdr load, note_header;
	struct {
		Elf32_Nhdr head;
		char name[4];
		uint32_t entry;
	} note;
	unsigned char code[16];
};

#define TINY_AT 0x100000
#define XEN_PVH 18 /* XEN_ELFNOTE_PHYS32_ENTRY */

static char *make_tiny(const char *name, const unsigned char *code, size_t len, bool pvh)
{
	uint32_t at = TINY_AT + offsetof(struct tiny, code);
	struct tiny t = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
					 ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = EM_386,
			    .e_version = EV_CURRENT,
			    .e_entry = at,
			    .e_phoff = offsetof(struct tiny, load),
			    .e_ehsize = sizeof(Elf32_Ehdr),
			    .e_phentsize = sizeof(Elf32_Phdr),
			    .e_phnum = pvh ? 2 : 1 },
		.load = { .p_type = PT_LOAD,
			  .p_vaddr = TINY_AT,
			  .p_paddr = TINY_AT,
			  .p_filesz = sizeof(t),
			  .p_memsz = sizeof(t),
			  .p_flags = PF_R | PF_X,
			  .p_align = 4 },
		.note_header = { .p_type = PT_NOTE,
				 .p_offset = offsetof(struct tiny, note),
				 .p_vaddr = TINY_AT + offsetof(struct tiny, note),
				 .p_paddr = TINY_AT + offsetof(struct tiny, note),
				 .p_filesz = sizeof(t.note),
				 .p_memsz = sizeof(t.note),
				 .p_align = 4 },
		.note = { .head = { .n_namesz = 4, .n_descsz = 4, .n_type = XEN_PVH },
			  .name = "Xen",
			  .entry = at },
	};

	assert_true(len <= sizeof(t.code));
	memcpy(t.code, code, len);
	return make_file(name, &t, sizeof(t));
}

static const unsigned char halt[] = { 0xfa, 0xf4, 0xeb, 0xfc }; /* cli; 1: hlt; jmp 1b */
/* lidt of nothing (six zero bytes at the end); int3: a triple fault */
static const unsigned char reset[] = { 0x0f, 0x01, 0x1d, 0x00, 0x00, 0x00, 0x00, 0xcc };

static void test_no_pvh(void **state)
{
	char *initramfs = make_file("initramfs", "", 0);
	char *path = make_tiny("no-pvh", halt, sizeof(halt), false);

	(void)state;
	assert_no_boot(path, initramfs, 20000, VM_DIED, "CONFIG_PVH");
	free(path);
	free(initramfs);
}

static void test_silent(void **state)
{
	char *initramfs = make_file("initramfs", "", 0);
	char *path = make_tiny("silent", halt, sizeof(halt), true);

	(void)state;
	assert_no_boot(path, initramfs, 3000, VM_TIMEOUT, "nothing on the console within 3 s");
	assert_no_boot(path, initramfs, 3000, VM_TIMEOUT, "CONFIG_SERIAL_8250_CONSOLE");
	free(path);
	free(initramfs);
}

static void test_reset(void **state)
{
	char *initramfs = make_file("initramfs", "", 0);
	char *path = make_tiny("reset", reset, sizeof(reset), true);

	(void)state;
	assert_no_boot(path, initramfs, 20000, VM_DIED,
		       "was reset before the kernel printed anything");
	free(path);
	free(initramfs);
}

/* --- an initramfs that is none -----------------------------------------------------------------
 */

static void test_junk_initramfs(void **state)
{
	char junk[5000], *path;

	(void)state;
	memset(junk, 'j', sizeof(junk));
	path = make_file("junk-initramfs", junk, sizeof(junk));
	assert_no_boot(image->vmlinux, path, 60000, VM_PANIC, "could not unpack the initramfs");
	free(path);
}

static void write_init(const char *path, const void *data, size_t len)
{
	struct initramfs *fs = initramfs__new();

	assert_non_null(fs);
	assert_int_equal(initramfs__data(fs, "init", 0755, data, len), 0);
	assert_int_equal(initramfs__write(fs, path), 0);
	initramfs__free(fs);
}

static void test_unusable_init(void **state)
{
	char *path = str_fmt("%s/initramfs-init", dir);

	(void)state;
	write_init(path, "#!/no/such/shell\n", 17);
	assert_no_boot(image->vmlinux, path, 60000, VM_PANIC, "needs a program interpreter");
	write_init(path, "\0\1\2\3", 4);
	assert_no_boot(image->vmlinux, path, 60000, VM_PANIC, "can't run /init");
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_initramfs),  cmocka_unit_test(test_no_init),
		cmocka_unit_test(test_init_ends),     cmocka_unit_test(test_no_virtio),
		cmocka_unit_test(test_run),	      cmocka_unit_test(test_junk),
		cmocka_unit_test(test_no_pvh),	      cmocka_unit_test(test_silent),
		cmocka_unit_test(test_reset),	      cmocka_unit_test(test_junk_initramfs),
		cmocka_unit_test(test_unusable_init),
	};

	return cmocka_run_group_tests_name("no_boot", tests, set_up, tear_down);
}
