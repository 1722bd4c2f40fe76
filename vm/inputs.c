// SPDX-License-Identifier: GPL-2.0-only
#include "vm/inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "vm/patch.h"
#include "vm/series.h"

/* Part of every key: raise it when a step comes to do something else with the same inputs. */
#define FORMAT "assay kernel 3"

#define PATCH_MAX (16 << 20)

static bool read_by_kconfig(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return str_starts(name, "Kconfig") || str_starts(path, "scripts/") ||
	       !strcmp(path, "Makefile") || str_ends(name, "tiny.config") ||
	       str_ends(name, "tiny-base.config");
}

/* A patch that cannot be parsed is told of when it is to be applied. */
static int note_config_files(struct inputs *in, const char *text)
{
	struct patch p = { 0 };
	char *reason = NULL;
	int err = patch__parse(text, &p, &reason);

	free(reason);
	if (err)
		return err == -ENOMEM ? err : 0;
	for (size_t i = 0; !err && i < p.n; i++)
		if (read_by_kconfig(p.files[i].path) &&
		    !strv__has(&in->config_files, p.files[i].path))
			err = strv__add(&in->config_files, p.files[i].path);
	patch__release(&p);
	return err;
}

static int add_patch(struct inputs *in, const char *name)
{
	char *path = str_fmt("%s/%s", in->patch_dir, name), *text = NULL, hex[HASH_HEX];
	struct hash *h = hash__new();
	size_t len;
	int err = path && h ? file_read(path, PATCH_MAX, &text, &len) : -ENOMEM;

	if (err && err != -ENOMEM)
		log_err("%s: cannot be read: %s", path, strerror(-err));
	if (!err)
		hash__add(h, text, len);
	if (h)
		hash__end(h, hex);
	if (!err)
		err = strv__add(&in->patches, name);
	if (!err)
		err = strv__add(&in->patch_hashes, hex);
	if (!err)
		err = note_config_files(in, text);
	free(text);
	free(path);
	return err;
}

static int read_series(const struct kernel *k, const struct kernel_paths *paths, struct inputs *in)
{
	struct series s;
	int err;

	in->patch_dir = str_fmt("%s/%s", paths->patches, k->series);
	if (!in->patch_dir)
		return -ENOMEM;
	err = series__read(in->patch_dir, &k->more, &s);
	if (err)
		return err;
	for (size_t i = 0; !err && i < s.patches.n && !(k->partial && i == k->nr_patches); i++)
		err = add_patch(in, s.patches.v[i]);
	series__release(&s);
	return err;
}

int inputs__read(const struct kernel *k, const struct kernel_paths *paths, struct inputs *in)
{
	int err;

	*in = (struct inputs){ 0 };
	err = toolchain__probe(&in->tools);
	if (!err && k->pahole)
		err = toolchain__set_pahole(&in->tools, k->pahole);
	for (size_t i = 0; !err && i < k->configs.n; i++) {
		char *path = str_fmt("%s/%s", paths->configs, k->configs.v[i]);

		err = path ? kopts__read(&in->config, path, path) : -ENOMEM;
		free(path);
	}
	if (!err && k->series)
		err = read_series(k, paths, in);
	if (err)
		inputs__release(in);
	return err;
}

void inputs__release(struct inputs *in)
{
	toolchain__release(&in->tools);
	kopts__release(&in->config);
	strv__free(&in->patches);
	strv__free(&in->patch_hashes);
	strv__free(&in->config_files);
	free(in->patch_dir);
	*in = (struct inputs){ 0 };
}

static struct hash *begin(const char *step, const char *source)
{
	struct hash *h = hash__new();

	if (h) {
		hash__add_str(h, FORMAT);
		hash__add_str(h, step);
		hash__add_str(h, source);
	}
	return h;
}

static void add_patches(struct hash *h, const struct inputs *in)
{
	for (size_t i = 0; i < in->patches.n; i++) {
		hash__add_str(h, in->patches.v[i]);
		hash__add_str(h, in->patch_hashes.v[i]);
	}
}

int inputs__patched(const struct inputs *in, const char *source, char hex[HASH_HEX])
{
	struct hash *h = begin("patched", source);

	if (!h)
		return -ENOMEM;
	add_patches(h, in);
	hash__end(h, hex);
	return 0;
}

int inputs__configured(const struct inputs *in, const char *source, const char *tree,
		       char hex[HASH_HEX])
{
	struct hash *h = begin("configured", source);
	int err = 0;

	if (!h)
		return -ENOMEM;
	toolchain__hash(&in->tools, h);
	kopts__hash(&in->config, h);
	for (size_t i = 0; !err && i < in->config_files.n; i++) {
		char *path = str_fmt("%s/%s", tree, in->config_files.v[i]);

		hash__add_str(h, in->config_files.v[i]);
		err = path ? hash__add_file(h, path) : -ENOMEM;
		if (err == -ENOENT) /* a patch removes it */
			err = 0;
		free(path);
	}
	hash__end(h, hex);
	return err;
}

int inputs__built(const struct inputs *in, const char *source, char key[KEY_HEX])
{
	struct hash *h = begin("built", source);
	char hex[HASH_HEX];

	if (!h)
		return -ENOMEM;
	toolchain__hash(&in->tools, h);
	kopts__hash(&in->config, h);
	add_patches(h, in);
	hash__end(h, hex);
	memcpy(key, hex, KEY_HEX - 1);
	key[KEY_HEX - 1] = '\0';
	return 0;
}
