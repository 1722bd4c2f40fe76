// SPDX-License-Identifier: GPL-2.0-only
#include "vm/prebuilt_needs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vm/kconfig.h"

/* Without these the guest does not start, or can't say so. */
static const struct {
	const char *option, *what;
} built_in[] = {
	{ "BLK_DEV_INITRD", "an initramfs" },
	{ "BINFMT_ELF", "ELF programs" },
	{ "DEVTMPFS", "the files in /dev" },
	{ "PROC_FS", "/proc" },
	{ "SYSFS", "/sys" },
	{ "PCI", "QEMU's devices" },
	{ "SERIAL_8250_CONSOLE", "its messages" },
};

enum use { NEEDED, LOADED, OFFERED };

/* The names of modules are those of their files, as the kernel's Makefiles give them. */
static const struct {
	const char *option, *module, *args;
	enum use use;
} modular[] = {
	{ "VIRTIO_PCI", "virtio_pci", NULL, NEEDED },
	{ "VIRTIO_CONSOLE", "virtio_console", NULL, NEEDED },
	{ "HW_RANDOM_VIRTIO", "virtio_rng", NULL, LOADED },
	/* The disk of experiments, and the RAM disk, as vm/config/fs.config has them. */
	{ "VIRTIO_BLK", "virtio_blk", NULL, LOADED },
	{ "EXT4_FS", "ext4", NULL, LOADED },
	{ "BLK_DEV_RAM", "brd", "rd_nr=1 rd_size=131072", LOADED },
	/* The experiment attach-errors loads it by itself. */
	{ "BINFMT_MISC", "binfmt_misc", NULL, OFFERED },
};
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const char *value(const struct dotconfig *c, const char *option)
{
	const char *v = dotconfig__get(c, option);

	return v ? v : "n";
}

static void lack(struct strbuf *sb, const char *fmt, const char *option, const char *what)
{
	strbuf__addf(sb, "%s", sb->len ? "; " : "");
	strbuf__addf(sb, fmt, option, what);
}

static int add_module(const struct modsource *modules, size_t i, struct modorder *order,
		      struct strv *offered, struct strbuf *lacks)
{
	const char *option = modular[i].option, *module = modular[i].module;
	char *missing = NULL, *text = NULL;
	size_t len;
	int err = -ENOENT;

	if (modular[i].use == OFFERED) {
		err = modules ? modules->info(modules->ctx, module, &text, &len) : -ENOENT;
		err = err ? err : strv__add(offered, module);
	} else if (modules) {
		err = modorder__add(order, modules, module, modular[i].args,
				    modular[i].use != NEEDED, &missing);
	}
	if (err == -ENOENT && modular[i].use == NEEDED) {
		if (modules)
			lack(lacks, "CONFIG_%s=m, and there is no file of the module %s", option,
			     missing ? missing : module);
		else
			lack(lacks, "CONFIG_%s=m, and no modules are given (%s)", option, module);
	} else if (err == -ENOENT) {
		log_debug("CONFIG_%s=m, and there is no module %s: the guest goes without", option,
			  missing ? missing : module);
	}
	free(missing);
	free(text);
	return err == -ENOENT ? 0 : err;
}

int prebuilt_needs__choose(const struct dotconfig *config, const struct modsource *modules,
			   struct modorder *order, struct strv *offered, char **lacks)
{
	struct strbuf sb = STRBUF_INIT;
	int err = 0;

	*lacks = NULL;
	for (size_t i = 0; i < LENGTH(built_in); i++)
		if (strcmp(value(config, built_in[i].option), "y"))
			lack(&sb, "CONFIG_%s is not built in (%s)", built_in[i].option,
			     built_in[i].what);
	for (size_t i = 0; !err && i < LENGTH(modular); i++) {
		const char *v = value(config, modular[i].option);

		if (!strcmp(v, "m"))
			err = add_module(modules, i, order, offered, &sb);
		else if (strcmp(v, "y") && modular[i].use == NEEDED)
			lack(&sb, "CONFIG_%s is not set (%s)", modular[i].option,
			     "the way to the host");
	}
	if (!err && sb.failed)
		err = -ENOMEM;
	if (err || !sb.len) {
		strbuf__free(&sb);
		return err;
	}
	*lacks = strbuf__detach(&sb);
	return -ENOTSUP;
}
