// SPDX-License-Identifier: GPL-2.0-only
/* In which order the modules of a given kernel are loaded, and what of them is missing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vm/kconfig.h"
#include "vm/modorder.h"
#include "vm/prebuilt_needs.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_ERROR };

/* As Debian's 6.1 has them, with '\n' for NUL. */
static const struct {
	const char *name, *info;
} files[] = {
	{ "virtio", "name=virtio\ndepends=\n" },
	{ "virtio_ring", "depends=\nname=virtio_ring\n" },
	{ "virtio_pci", "depends=virtio_ring,virtio_pci_modern_dev,virtio\n" },
	{ "virtio_pci_modern_dev", "depends=\n" },
	{ "virtio_console", "alias=virtio:d00000003v*\ndepends=virtio,virtio_ring\n" },
	{ "ext4", "softdep=pre: crypto-crc32c post: never\ndepends=jbd2,mbcache\n" },
	{ "jbd2", "depends=\n" },
	{ "mbcache", "depends=\n" },
	{ "crc32c_generic", "alias=crypto-crc32c\ndepends=\n" },
	{ "broken", "depends=virtio,absent\n" },
	{ "after_broken", "softdep=pre: broken\ndepends=virtio\n" },
	{ "a", "softdep=pre: b\ndepends=\n" },
	{ "b", "depends=a\n" },
};
#define NR_FILES (sizeof(files) / sizeof(files[0]))

static int info(void *ctx, const char *name, char **text, size_t *len)
{
	(void)ctx;
	for (size_t i = 0; i < NR_FILES; i++) {
		if (strcmp(files[i].name, name))
			continue;
		*text = strdup(files[i].info);
		*len = strlen(*text);
		for (size_t k = 0; k < *len; k++)
			if ((*text)[k] == '\n')
				(*text)[k] = '\0';
		return 0;
	}
	return -ENOENT;
}

static bool builtin(void *ctx, const char *name)
{
	return ctx && !strcmp(name, ctx);
}

static int aliased(void *ctx, const char *alias, struct strv *names)
{
	(void)ctx;
	return strcmp(alias, "crypto-crc32c") ? 0 : strv__add(names, "crc32c_generic");
}

static struct modsource source(char *built_in)
{
	return (struct modsource){ info, builtin, aliased, built_in };
}

static void assert_order(const struct modorder *o, const char *want)
{
	char *text = modorder__text(o);

	assert_string_equal(text, want);
	free(text);
}

static void test_info(void **state)
{
	static const char text[] = "depends=a,b\0xdepends=no\0softdep=\0depends=c";
	struct strv v = { 0 };

	(void)state;
	assert_int_equal(modinfo__values(text, sizeof(text) - 1, "depends", &v), 0);
	assert_int_equal(v.n, 2);
	assert_string_equal(v.v[0], "a,b");
	assert_string_equal(v.v[1], "c");
	strv__free(&v);
	assert_int_equal(modinfo__values(NULL, 0, "depends", &v), 0);
	assert_int_equal(v.n, 0);
}

static void test_names(void **state)
{
	static const char *const names[][2] = {
		{ "kernel/drivers/char/hw_random/virtio-rng.ko.xz", "virtio_rng" },
		{ "virtio_pci", "virtio_pci" },
		{ "crc32c-intel.ko", "crc32c_intel" },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *name = modinfo__name(names[i][0]);

		assert_string_equal(name, names[i][1]);
		free(name);
	}
}

static void test_needs_first(void **state)
{
	struct modsource s = source(NULL);
	struct modorder o = { 0 };
	char *missing = NULL;

	(void)state;
	assert_int_equal(modorder__add(&o, &s, "virtio_pci", NULL, false, &missing), 0);
	assert_int_equal(modorder__add(&o, &s, "virtio_console", NULL, false, &missing), 0);
	assert_int_equal(modorder__add(&o, &s, "virtio-console", NULL, false, &missing), 0);
	assert_order(&o, "virtio_ring.ko\nvirtio_pci_modern_dev.ko\nvirtio.ko\nvirtio_pci.ko\n"
			 "virtio_console.ko\n");
	modorder__release(&o);
}

static void test_builtin(void **state)
{
	char virtio[] = "virtio_ring";
	struct modsource s = source(virtio);
	struct modorder o = { 0 };
	char *missing = NULL;

	(void)state;
	assert_int_equal(modorder__add(&o, &s, "virtio_ring", NULL, false, &missing), 0);
	assert_int_equal(modorder__add(&o, &s, "virtio_console", "x=1", false, &missing), 0);
	assert_order(&o, "virtio.ko\nvirtio_console.ko x=1\n");
	modorder__release(&o);
}

/* What is only wished for may fail, and what only that needs. */
static void test_wishes(void **state)
{
	char crc[] = "crypto-crc32c";
	struct modsource s = source(NULL);
	struct modorder o = { 0 };
	char *missing = NULL;

	(void)state;
	assert_int_equal(modorder__add(&o, &s, "ext4", NULL, false, &missing), 0);
	assert_order(&o, "jbd2.ko\nmbcache.ko\n-crc32c_generic.ko\next4.ko\n");
	modorder__release(&o);
	s = source(crc);
	assert_int_equal(modorder__add(&o, &s, "ext4", NULL, true, &missing), 0);
	assert_order(&o, "-jbd2.ko\n-mbcache.ko\n-ext4.ko\n");
	/* and comes to be needed */
	assert_int_equal(modorder__add(&o, &s, "jbd2", NULL, false, &missing), 0);
	assert_order(&o, "jbd2.ko\n-mbcache.ko\n-ext4.ko\n");
	modorder__release(&o);
}

static void test_missing(void **state)
{
	struct modsource s = source(NULL);
	struct modorder o = { 0 };
	char *missing = NULL;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(modorder__add(&o, &s, "broken", NULL, false, &missing), -ENOENT);
		assert_string_equal(missing, "absent");
	}
	free(missing);
	missing = NULL;
	assert_int_equal(modorder__add(&o, &s, "after_broken", NULL, false, &missing), 0);
	assert_null(missing);
	assert_order(&o, "virtio.ko\nafter_broken.ko\n");
	modorder__release(&o);
}

static void test_circle(void **state)
{
	struct modsource s = source(NULL);
	struct modorder o = { 0 };
	char *missing = NULL;

	(void)state;
	assert_int_equal(modorder__add(&o, &s, "a", NULL, false, &missing), 0);
	assert_order(&o, "-b.ko\na.ko\n");
	modorder__release(&o);
}

/* --- what is chosen -------------------------------------------------------------------------- */

#define BUILT_IN                                                                              \
	"CONFIG_BLK_DEV_INITRD=y\nCONFIG_BINFMT_ELF=y\nCONFIG_DEVTMPFS=y\nCONFIG_PROC_FS=y\n" \
	"CONFIG_SYSFS=y\nCONFIG_PCI=y\nCONFIG_SERIAL_8250_CONSOLE=y\n"

static int choose(const char *config, const struct modsource *s, const char *want, char **lacks)
{
	struct strv offered = { 0 };
	struct modorder o = { 0 };
	struct dotconfig *c;
	int err;

	assert_int_equal(dotconfig__parse(config, &c), 0);
	err = prebuilt_needs__choose(c, s, &o, &offered, lacks);
	if (!err)
		assert_order(&o, want);
	modorder__release(&o);
	strv__free(&offered);
	dotconfig__free(c);
	return err;
}

static void test_choose(void **state)
{
	struct modsource s = source(NULL);
	char *lacks;

	(void)state;
	assert_int_equal(
		choose(BUILT_IN "CONFIG_VIRTIO_PCI=y\nCONFIG_VIRTIO_CONSOLE=y\n", NULL, "", &lacks),
		0);
	assert_null(lacks);
	assert_int_equal(
		choose(BUILT_IN "CONFIG_VIRTIO_PCI=y\nCONFIG_VIRTIO_CONSOLE=m\n"
				"CONFIG_EXT4_FS=m\nCONFIG_BLK_DEV_RAM=m\n",
		       &s,
		       "virtio.ko\nvirtio_ring.ko\nvirtio_console.ko\n-jbd2.ko\n-mbcache.ko\n"
		       "-crc32c_generic.ko\n-ext4.ko\n",
		       &lacks),
		0);
}

static void test_choose_lacks(void **state)
{
	struct modsource s = source(NULL);
	char *lacks;

	(void)state;
	assert_int_equal(choose(BUILT_IN "CONFIG_VIRTIO_PCI=m\n", NULL, "", &lacks), -ENOTSUP);
	assert_string_equal(lacks, "CONFIG_VIRTIO_PCI=m, and no modules are given (virtio_pci); "
				   "CONFIG_VIRTIO_CONSOLE is not set (the way to the host)");
	free(lacks);
	assert_int_equal(choose("CONFIG_VIRTIO_PCI=y\nCONFIG_VIRTIO_CONSOLE=y\n", &s, "", &lacks),
			 -ENOTSUP);
	assert_non_null(strstr(lacks, "CONFIG_BLK_DEV_INITRD is not built in (an initramfs); "));
	free(lacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_info),	     cmocka_unit_test(test_names),
		cmocka_unit_test(test_needs_first),  cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_wishes),	     cmocka_unit_test(test_missing),
		cmocka_unit_test(test_circle),	     cmocka_unit_test(test_choose),
		cmocka_unit_test(test_choose_lacks),
	};

	return cmocka_run_group_tests_name("modorder", tests, NULL, NULL);
}
