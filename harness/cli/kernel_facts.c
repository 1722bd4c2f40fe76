// SPDX-License-Identifier: GPL-2.0-only
#include "cli/kernel_facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "diff/facts.h"
#include "store/store.h"
#include "vm/image.h"
#include "vm/kconfig.h"

static int set(char **to, const char *from)
{
	*to = from && *from ? strdup(from) : NULL;
	return from && *from && !*to ? -ENOMEM : 0;
}

static int set_texts(struct facts *f, const struct image *img)
{
	return set(&f->kernel, img->name) || set(&f->release, img->release) ||
			       set(&f->image_key, img->key) || set(&f->build_id, img->build_id) ||
			       set(&f->source, img->source) ||
			       set(&f->source_hash, img->source_sha256) ||
			       set(&f->damage, img->damage) || set(&f->compiler, img->compiler) ||
			       set(&f->linker, img->linker) || set(&f->pahole, img->pahole)
		       ? -ENOMEM
		       : 0;
}

/* The options as they are asked for. An entry without fragments asked for nothing of ours. */
static int set_asked(struct facts *f, const struct kernel *k, const struct kernel_paths *paths)
{
	struct kopts ks = { 0 };
	int err = 0;

	f->has_asked = k->configs.n;
	for (size_t i = 0; !err && i < k->configs.n; i++) {
		char *path = str_fmt("%s/%s", paths->configs, k->configs.v[i]);

		err = path ? kopts__read(&ks, path, path) : -ENOMEM;
		free(path);
	}
	for (size_t i = 0; !err && i < ks.n; i++) {
		char *option = str_fmt("%s=%s", ks.v[i].name, ks.v[i].value);

		err = option ? strv__add(&f->asked, option) : -ENOMEM;
		free(option);
	}
	kopts__release(&ks);
	return err;
}

/* The patch as it is kept with the kernel; one that is gone from there still has its hash. */
static int set_change(struct fact_patch *p, const struct image *img)
{
	char *path = str_fmt("%s/patches/%s", img->dir, p->name), *text = NULL, hex[HASH_HEX];
	int err = path ? file_read(path, 0, &text, NULL) : -ENOMEM;

	if (!err)
		err = facts__change_hash(text, hex);
	if (!err)
		err = set(&p->change, hex);
	free(text);
	free(path);
	return err == -ENOMEM ? err : 0;
}

static int set_patches(struct facts *f, const struct image *img)
{
	int err = 0;

	f->has_patches = img->has_patches;
	if (!img->patches.n)
		return 0;
	f->patches = calloc(img->patches.n, sizeof(*f->patches));
	if (!f->patches)
		return -ENOMEM;
	for (size_t i = 0; !err && i < img->patches.n; i++) {
		struct fact_patch *p = &f->patches[f->nr_patches++];

		err = set(&p->name, img->patches.v[i]);
		err = err ? err : set(&p->hash, img->patch_hashes.v[i]);
		err = err ? err : set_change(p, img);
	}
	return err;
}

static int set_config(struct facts *f, const struct image *img)
{
	char *text = NULL, hex[HASH_HEX];
	int err = img->config ? file_read(img->config, 0, &text, NULL) : -ENOENT;

	if (!err)
		err = facts__options(text, &f->config);
	if (!err)
		err = facts__options_hash(&f->config, hex);
	if (!err)
		err = set(&f->config_hash, hex);
	free(text);
	return err == -ENOENT ? 0 : err;
}

static int keep_config(struct store *s, int64_t run, const struct image *img, const struct facts *f)
{
	struct strbuf text = STRBUF_INIT;
	int err = 0;

	for (size_t i = 0; i < f->config.n; i++)
		strbuf__addf(&text, "%s\n", f->config.v[i]);
	if (text.failed)
		err = -ENOMEM;
	else if (text.len)
		err = store__add_text(s, run, img->name, "", "", CONFIG_TEXT, text.data, text.len,
				      true);
	strbuf__free(&text);
	return err;
}

int kernel_facts__keep(struct store *s, int64_t run, const struct kernel *k,
		       const struct image *img, const struct kernel_paths *paths)
{
	struct facts f = { 0 };
	char *json = NULL;
	int err = set_texts(&f, img);

	err = err ? err : set_asked(&f, k, paths);
	err = err ? err : set_patches(&f, img);
	err = err ? err : set_config(&f, img);
	if (!err)
		err = (json = facts__kernel_json(&f)) ? 0 : -ENOMEM;
	if (err)
		log_err("kernel %s: what it was made of cannot be kept with the results: %s",
			img->name, strerror(-err));
	if (!err)
		err = store__add_text(s, run, img->name, "", "", FACTS_TEXT, json, strlen(json),
				      true);
	if (!err)
		err = keep_config(s, run, img, &f);
	free(json);
	facts__release(&f);
	return err;
}
