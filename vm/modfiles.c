// SPDX-License-Identifier: GPL-2.0-only
#include "vm/modfiles.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "vm/bzimage.h"
#include "vm/elf.h"

struct modfile {
	char *name, *path;
};

struct modfiles {
	const char *kernel, *to;
	int cancel_fd;
	struct modfile *v; /* sorted by name */
	size_t n, cap;
	struct strv builtin; /* names of modules, and aliases */
};

static bool is_module(const char *file)
{
	return str_ends(file, ".ko") || str_ends(file, ".ko.xz") || str_ends(file, ".ko.zst") ||
	       str_ends(file, ".ko.gz");
}

static int add_file(struct modfiles *m, const char *path)
{
	struct modfile *f;

	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 256;
		struct modfile *v = reallocarray(m->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		m->v = v;
		m->cap = cap;
	}
	f = &m->v[m->n];
	*f = (struct modfile){ modinfo__name(path), strdup(path) };
	if (f->name && f->path) {
		m->n++;
		return 0;
	}
	free(f->name);
	free(f->path);
	return -ENOMEM;
}

static int scan(struct modfiles *m, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int err = d ? 0 : -errno;

	while (!err && (e = readdir(d))) {
		char *path;

		if (e->d_name[0] == '.' || e->d_type == DT_LNK)
			continue;
		path = str_fmt("%s/%s", dir, e->d_name);
		if (!path)
			err = -ENOMEM;
		else if (e->d_type == DT_DIR)
			err = scan(m, path);
		else if (is_module(e->d_name))
			err = add_file(m, path);
		free(path);
	}
	if (d)
		closedir(d);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct modfile *)a)->name, ((const struct modfile *)b)->name);
}

/* modules.builtin has a path on each line. */
static int read_builtin(struct modfiles *m, const char *root)
{
	char *path = str_fmt("%s/modules.builtin", root), *text = NULL;
	struct strv lines = { 0 };
	int err = path ? file_read(path, 0, &text, NULL) : -ENOMEM;

	if (!err)
		err = strv__split(&lines, text, "\n");
	for (size_t i = 0; !err && i < lines.n; i++) {
		char *name = modinfo__name(lines.v[i]);

		err = name ? strv__add(&m->builtin, name) : -ENOMEM;
		free(name);
	}
	strv__free(&lines);
	free(text);
	free(path);
	return err == -ENOENT ? 0 : err;
}

/* modules.builtin.modinfo, from 5.2 on, has "MODULE.KEY=VALUE", each ended by a NUL. */
static int read_builtin_aliases(struct modfiles *m, const char *root)
{
	char *path = str_fmt("%s/modules.builtin.modinfo", root), *text = NULL;
	size_t len = 0, n;
	int err = path ? file_read(path, 0, &text, &len) : -ENOMEM;

	for (const char *p = text; !err && p < text + len; p += n + 1) {
		const char *alias = strstr(p, ".alias=");

		n = strlen(p);
		if (alias)
			err = strv__add(&m->builtin, alias + strlen(".alias="));
	}
	free(text);
	free(path);
	return err == -ENOENT ? 0 : err;
}

int modfiles__open(const char *kernel, const char *root, const char *to, int cancel_fd,
		   struct modfiles **out)
{
	struct modfiles *m = calloc(1, sizeof(*m));
	int err = m ? 0 : -ENOMEM;

	if (!err) {
		*m = (struct modfiles){ .kernel = kernel, .to = to, .cancel_fd = cancel_fd };
		err = scan(m, root);
	}
	if (!err)
		err = read_builtin(m, root);
	if (!err)
		err = read_builtin_aliases(m, root);
	if (err) {
		log_err("kernel %s: its modules in %s: %s", kernel, root, strerror(-err));
		modfiles__close(m);
		return err;
	}
	if (m->n)
		qsort(m->v, m->n, sizeof(*m->v), by_name);
	*out = m;
	return 0;
}

void modfiles__close(struct modfiles *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].name);
		free(m->v[i].path);
	}
	free(m->v);
	strv__free(&m->builtin);
	free(m);
}

int modfiles__put(struct modfiles *m, const char *name)
{
	struct modfile key = { .name = (char *)name };
	struct modfile *f = m->n ? bsearch(&key, m->v, m->n, sizeof(key), by_name) : NULL;
	char *to = f ? str_fmt("%s/%s.ko", m->to, name) : NULL;
	int err = !f ? -ENOENT : to ? 0 : -ENOMEM;

	if (!err && !file_exists(to)) {
		if (!str_ends(f->path, ".ko")) {
			err = expand_file(m->kernel, f->path, to, m->cancel_fd);
		} else {
			err = file_copy(f->path, to);
			if (err)
				log_err("kernel %s: module %s: %s", m->kernel, f->path,
					strerror(-err));
		}
	}
	free(to);
	return err;
}

static int info(void *ctx, const char *name, char **text, size_t *len)
{
	struct modfiles *m = ctx;
	void *data = NULL;
	char *path = NULL;
	int err = modfiles__put(m, name);

	if (!err) {
		path = str_fmt("%s/%s.ko", m->to, name);
		err = path ? elf_section(path, ".modinfo", &data, len) : -ENOMEM;
		if (err) {
			log_err("kernel %s: module %s has no .modinfo: %s", m->kernel, name,
				strerror(-err));
			err = err == -ENOENT ? -EINVAL : err;
		}
	}
	*text = data;
	free(path);
	return err;
}

static bool is_builtin(void *ctx, const char *name)
{
	return strv__has(&((struct modfiles *)ctx)->builtin, name);
}

static int has_alias(struct modfiles *m, const char *name, const char *alias)
{
	struct strv aliases = { 0 };
	char *text = NULL;
	size_t len = 0;
	int err = info(m, name, &text, &len), found;

	if (!err)
		err = modinfo__values(text, len, "alias", &aliases);
	found = !err && strv__has(&aliases, alias);
	strv__free(&aliases);
	free(text);
	return err ? err : found;
}

/* depmod's list of aliases is made where the package is installed, and to expand all modules for
 * theirs takes long: only those are looked into whose names begin as the alias does, which holds
 * for the kernel's ciphers and checksums (crypto-crc32c: crc32c_generic, crc32c_intel). */
static int aliased(void *ctx, const char *alias, struct strv *names)
{
	struct modfiles *m = ctx;
	char *stem = modinfo__name(str_starts(alias, "crypto-") ? alias + 7 : alias);
	int err = stem ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < m->n; i++) {
		char *path;
		int found;

		if (!str_starts(m->v[i].name, stem))
			continue;
		found = has_alias(m, m->v[i].name, alias);
		if (found > 0) {
			err = strv__add(names, m->v[i].name);
			continue;
		}
		err = found;
		path = str_fmt("%s/%s.ko", m->to, m->v[i].name);
		if (path)
			unlink(path);
		free(path);
	}
	free(stem);
	return err;
}

struct modsource modfiles__source(struct modfiles *m)
{
	return (struct modsource){
		.info = info, .builtin = is_builtin, .aliased = aliased, .ctx = m
	};
}
