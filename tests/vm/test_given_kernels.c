// SPDX-License-Identifier: GPL-2.0-only
/* Kernels that are not built but given: an image by hand, a distribution's package. The package is
 * Debian 12's present one, which apt finds: no version stands here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"
#include "base/file.h"
#include "base/str.h"

#define KERNEL	"5.10.218"
#define VMLINUX "vmlinux-" KERNEL
#define PACKAGE "linux-image-amd64"
#define DEBIAN	"apt:" PACKAGE "/bookworm"
#define NAME	PACKAGE "-bookworm"

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

/* --- an image by hand ------------------------------------------------------------------------ */

static void test_vmlinux(void **state)
{
	struct image *img = find_image(KERNEL);
	char *spec = str_fmt("vmlinux:%s,config:%s", img->vmlinux, img->config), *reason;
	struct outcome o;

	(void)state;
	ASSAY(&o, true, dir, "run", "trivial", "unmet-need", "-k", spec);
	assert_status(&o, 0);
	assert_has(o.out, "on " VMLINUX);
	outcome__release(&o);
	assert_int_equal(experiment_status(dir, VMLINUX, "trivial", NULL), STATUS_OK);
	assert_int_equal(experiment_status(dir, VMLINUX, "unmet-need", &reason), STATUS_SKIPPED);
	free(reason);
	free(spec);
	image__free(img);
}

/* The kernel that lacks something says what, and the other one runs. */
static void test_lacking(void **state)
{
	struct image *img = find_image(KERNEL);
	char *config = str_fmt("%s/config", dir), *text = NULL, *line, *spec, *reason;
	struct outcome o;

	(void)state;
	assert_int_equal(file_read(img->config, 0, &text, NULL), 0);
	line = strstr(text, "CONFIG_VIRTIO_CONSOLE=y");
	assert_non_null(line);
	line[strlen("CONFIG_VIRTIO_CONSOLE=")] = 'm';
	assert_int_equal(file_write(config, text, strlen(text)), 0);
	spec = str_fmt("vmlinux:%s,config:%s," KERNEL, img->vmlinux, config);
	ASSAY(&o, true, dir, "run", "trivial", "-k", spec);
	assert_status(&o, 3);
	assert_has(o.err, "CONFIG_VIRTIO_CONSOLE=m, and no modules are given (virtio_console)");
	outcome__release(&o);
	assert_int_equal(experiment_status(dir, VMLINUX, "trivial", &reason), STATUS_HARNESS);
	free(reason);
	assert_int_equal(experiment_status(dir, KERNEL, "trivial", NULL), STATUS_OK);
	free(spec);
	free(text);
	free(config);
	image__free(img);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *spec, *says;
	} cases[] = {
		{ "vmlinux:/proc/no-such-file", "/proc/no-such-file: No such file or directory" },
		{ "vmlinux:/etc/passwd", "neither an ELF vmlinux nor a bzImage" },
		{ "deb:/etc/passwd", "/etc/passwd is no Debian package" },
		{ "deb:", "a file is missing" },
		{ "apt:linux image", "expected apt:PACKAGE[=VERSION][/SUITE]" },
	};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ASSAY(&o, true, dir, "run", "trivial", "-k", cases[i].spec);
		assert_status(&o, 2);
		assert_has(o.err, cases[i].says);
		outcome__release(&o);
		ASSAY(&o, false, NULL, "exec", "-k", cases[i].spec, "--", "true");
		assert_status(&o, 2);
		assert_has(o.err, cases[i].says);
		outcome__release(&o);
	}
}

/* --- a distribution's package ---------------------------------------------------------------- */

/* Its modules are loaded, its configuration is there, its point release is not its release's. */
static void test_debian(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, NULL, "exec", "-k", DEBIAN, "--", "sh", "-c",
	      "uname -rv; cut -d ' ' -f 1 /proc/modules; ls /boot; "
	      "cat /proc/sys/kernel/unprivileged_bpf_disabled");
	if (o.status)
		fail_msg("Debian 12's " PACKAGE " can't be had or does not boot: status %d\n%s",
			 o.status, o.err);
	assert_matches(o.out, "^6\\.1\\.0-[0-9]+-amd64 #1 SMP .* Debian 6\\.1\\.[0-9]+-[0-9]");
	assert_matches(o.out, "\nvirtio_console\n");
	assert_matches(o.out, "\next4\n");
	assert_matches(o.out, "\nconfig-6\\.1\\.0-[0-9]+-amd64\n0\n");
	outcome__release(&o);
}

/* Verdicts as its version has them, the disk by its modules, and no patches. */
static void test_debian_run(void **state)
{
	struct records rs;
	struct outcome o;

	(void)state;
	ASSAY(&o, false, dir, "run", "masked-read", "read-path", "strtol", "-k", DEBIAN,
	      "--repeats", "1");
	assert_status(&o, 0);
	assert_lacks(o.out, "unexpected:");
	outcome__release(&o);
	assert_int_equal(experiment_status(dir, NAME, "masked-read", NULL), STATUS_OK);
	records__load(&rs, dir, NAME, "read-path");
	assert_int_equal(records__get(&rs, "path_ext4")->status, STATUS_OK);
	records__release(&rs);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vmlinux), TEST(lacking), TEST(mistakes), TEST(debian), TEST(debian_run),
	};

	return cmocka_run_group_tests_name("given_kernels", tests, NULL, NULL);
}
