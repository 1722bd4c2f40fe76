// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "model/kver.h"
#include "vm/banner.h"
#include "vm/bzimage.h"
#include "vm/elf.h"
#include "vm/image.h"
#include "vm/kconfig.h"
#include "vm/modfiles.h"
#include "vm/prebuilt_kept.h"
#include "vm/prebuilt_needs.h"
#include "wire/event.h"

/* Everything that is known while one is made. */
struct making {
	const struct prebuilt_files *f;
	struct banner banner;
	struct kver version;
	char *config_text; /* NULL: none */
	struct dotconfig *config;
	struct modorder order;
	char *build_id;
	bool has_btf;
	json_t *sizes; /* of all files that are kept */
};

static int failed(const struct making *m, const char *what, int err)
{
	if (err && err != -EINTR)
		log_err("kernel %s: %s: %s", m->f->kernel, what, strerror(-err));
	return err;
}

static char *kept_path(const struct making *m, const char *name)
{
	return str_fmt("%s/%s", m->f->dir, name);
}

/* A file that is there now is one that is kept. */
static int note(struct making *m, const char *name)
{
	char *path = kept_path(m, name);
	int64_t size = path ? file_size(path) : -ENOMEM;
	int err = size < 0 ? failed(m, name, (int)size) : 0;

	if (!err && json_object_set_new(m->sizes, name, json_integer(size)))
		err = -ENOMEM;
	free(path);
	return err;
}

static int put_text(struct making *m, const char *name, const char *text, size_t len)
{
	char *path = kept_path(m, name);
	int err = path ? failed(m, path, file_write(path, text, len)) : -ENOMEM;

	free(path);
	return err ? err : note(m, name);
}

/* --- vmlinux --------------------------------------------------------------------------------- */

/* QEMU starts an ELF kernel that has this note (include/xen/interface/elfnote.h): quicker than the
 * bzImage, which has to expand itself in the guest. */
static bool starts_by_pvh(const char *vmlinux)
{
	return elf_has_note(vmlinux, "Xen", 18) == 1;
}

static bool is_elf(const char *path)
{
	char magic[SELFMAG] = "";
	FILE *f = fopen(path, "re");
	bool elf = f && fread(magic, sizeof(magic), 1, f) == 1 && !memcmp(magic, ELFMAG, SELFMAG);

	if (f)
		fclose(f);
	return elf;
}

static int strip(const struct making *m, const char *from, const char *to)
{
	const char *argv[] = { "objcopy", "--strip-debug", from, to, NULL };
	struct proc_opts opts = { .argv = argv, .cancel_fd = m->f->cancel_fd };
	int status = 0, err = proc_run(&opts, &status);

	if (!err && status)
		err = -EIO;
	return failed(m, "objcopy --strip-debug on its vmlinux", err);
}

static int put_btf(struct making *m, const char *vmlinux)
{
	void *data = NULL;
	size_t len = 0;
	int err = elf_section(vmlinux, ".BTF", &data, &len);

	if (err == -ENOENT)
		return 0;
	failed(m, "the BTF of its vmlinux", err);
	if (!err)
		err = put_text(m, "vmlinux.btf", data, len);
	m->has_btf = !err;
	free(data);
	return err;
}

/* What the kernel itself says, which the file's name or the package may not. */
static int read_banner(struct making *m, const char *vmlinux)
{
	int err = failed(m, "the banner in its vmlinux", banner__of_file(vmlinux, &m->banner));

	if (!err)
		err = failed(m, m->banner.release,
			     kver__real(m->banner.release, m->banner.version, &m->version));
	if (err)
		return err;
	err = elf_build_id(vmlinux, &m->build_id);
	if (err == -ENOENT) {
		m->build_id = strdup("");
		err = m->build_id ? 0 : -ENOMEM;
	}
	return failed(m, "the build id of its vmlinux", err);
}

static int put_vmlinux(struct making *m)
{
	const char *image = m->f->image;
	char *to = kept_path(m, "vmlinux");
	bool elf = is_elf(image);
	int err = to ? 0 : -ENOMEM;

	if (!err)
		err = elf ? strip(m, image, to)
			  : bzimage__expand(m->f->kernel, image, to, m->f->cancel_fd);
	if (!err)
		err = read_banner(m, to);
	if (!err)
		err = put_btf(m, to);
	if (!err && !starts_by_pvh(to)) {
		if (elf) {
			log_err("kernel %s: %s does not start by PVH (CONFIG_PVH): give the bzImage "
				"instead",
				m->f->kernel, image);
			err = -ENOTSUP;
		} else {
			err = failed(m, to, file_copy(image, to));
		}
	}
	free(to);
	return err ? err : note(m, "vmlinux");
}

/* --- configuration and modules --------------------------------------------------------------- */

static int read_config(struct making *m)
{
	const char *signature;
	struct kver v;
	int err;

	if (!m->f->config)
		return 0;
	err = failed(m, m->f->config, file_read(m->f->config, 0, &m->config_text, NULL));
	if (!err)
		err = failed(m, m->f->config, dotconfig__parse(m->config_text, &m->config));
	if (err)
		return err;
	/* Ubuntu's has what /proc/version_signature will say. */
	signature = dotconfig__get(m->config, "VERSION_SIGNATURE");
	if (signature && !kver__real(m->banner.release, signature, &v))
		m->version = v;
	return put_text(m, "config", m->config_text, strlen(m->config_text));
}

/* What the guest finds in its /lib/modules and /boot. */
static int put_for_guest(struct making *m, struct modfiles *files, const struct strv *offered)
{
	char *list = modorder__text(&m->order);
	char *config = str_fmt("modules/config-%s", m->banner.release);
	int err = list && config ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < m->order.n + offered->n; i++) {
		const char *name = i < m->order.n ? m->order.v[i].name : offered->v[i - m->order.n];
		char *file = str_fmt("modules/%s.ko", name);

		err = file ? modfiles__put(files, name) : -ENOMEM;
		err = err ? err : note(m, file);
		free(file);
	}
	if (!err && m->order.n)
		err = put_text(m, "modules/" GUEST_BOOT_LIST, list, strlen(list));
	if (!err)
		err = put_text(m, config, m->config_text, strlen(m->config_text));
	free(config);
	free(list);
	return err;
}

static int put_modules(struct making *m)
{
	char *to = kept_path(m, "modules"), *lacks = NULL;
	struct modfiles *files = NULL;
	struct strv offered = { 0 };
	struct modsource source;
	int err = to ? failed(m, to, dir_make(to)) : -ENOMEM;

	if (!err && m->f->modules)
		err = modfiles__open(m->f->kernel, m->f->modules, to, m->f->cancel_fd, &files);
	if (!err && files)
		source = modfiles__source(files);
	if (!err)
		err = prebuilt_needs__choose(m->config, files ? &source : NULL, &m->order, &offered,
					     &lacks);
	if (lacks)
		log_err("kernel %s (%s): the guest can't work with it: %s%s", m->f->kernel,
			m->banner.release, lacks, m->f->advice ? m->f->advice : "");
	else
		failed(m, "its modules", err);
	if (!err)
		err = put_for_guest(m, files, &offered);
	free(lacks);
	strv__free(&offered);
	modfiles__close(files);
	free(to);
	return err;
}

/* --- the whole ------------------------------------------------------------------------------- */

static json_t *text(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *loaded(const struct making *m)
{
	json_t *a = json_array();

	for (size_t i = 0; i < m->order.n; i++)
		json_array_append_new(a, json_string(m->order.v[i].name));
	return a;
}

static int put_meta(struct making *m)
{
	const struct prebuilt_files *f = m->f;
	char *path = kept_path(m, "meta.json"), *s = NULL, buf[24];
	json_t *meta = json_pack(
		"{s:i, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:[], s:[], s:[], s:o, s:o, "
		"s:n, s:o, s:O}",
		"format", 1, "name", f->kernel, "key", f->key, "prebuilt", 1, "release",
		m->banner.release, "version", kver__str(m->version, buf), "banner",
		m->banner.version, "build_id", m->build_id, "source", "what", f->what, "sha256",
		f->sha256, "patches", "configs", "features", "compiler", text(m->banner.compiler),
		"linker", text(m->banner.linker), "pahole", "loaded", loaded(m), "files", m->sizes);
	int err = -ENOMEM;

	if (meta)
		s = json_dumps(meta, JSON_INDENT(2));
	if (path && s)
		err = failed(m, path, file_write(path, s, strlen(s)));
	json_decref(meta);
	free(s);
	free(path);
	return err;
}

int prebuilt_files__keep(const struct prebuilt_files *f)
{
	struct making m = { .f = f, .sizes = json_object() };
	int err = m.sizes ? put_vmlinux(&m) : -ENOMEM;

	if (!err)
		err = read_config(&m);
	if (!err && m.config)
		err = put_modules(&m);
	if (!err)
		err = put_meta(&m);
	banner__release(&m.banner);
	modorder__release(&m.order);
	dotconfig__free(m.config);
	json_decref(m.sizes);
	free(m.config_text);
	free(m.build_id);
	return err;
}
