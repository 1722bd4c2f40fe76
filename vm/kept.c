// SPDX-License-Identifier: GPL-2.0-only
#include "vm/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

#define META_MAX    (1 << 20)
#define META_FORMAT 1

static char *slot_dir(const char *cache, const char *slot)
{
	return str_fmt("%s/kernels/%s", cache, slot);
}

void image__free(struct image *img)
{
	if (!img)
		return;
	free(img->name);
	free(img->key);
	free(img->dir);
	free(img->vmlinux);
	free(img->btf);
	free(img->modules);
	free(img->config);
	free(img->system_map);
	free(img->build_log);
	free(img->release);
	free(img->build_id);
	free(img->source);
	free(img->source_sha256);
	free(img->compiler);
	free(img->linker);
	free(img->pahole);
	free(img->damage);
	strv__free(&img->patches);
	strv__free(&img->patch_hashes);
	strv__free(&img->features);
	free(img);
}

static bool set_text(char **to, const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	*to = s ? strdup(s) : NULL;
	return *to;
}

/* The path of a part that not every kernel has. */
static int set_part(char **to, const char *dir, const char *name)
{
	char *path = str_fmt("%s/%s", dir, name);

	if (!path)
		return -ENOMEM;
	if (file_exists(path))
		*to = path;
	else
		free(path);
	return 0;
}

/* What nothing but the reader of results asks for. */
static int fill_inputs(struct image *img, const json_t *meta)
{
	const json_t *damaged = json_object_get(meta, "damaged_btf_type"), *patches, *p;
	size_t i;

	set_text(&img->compiler, meta, "compiler");
	set_text(&img->linker, meta, "linker");
	set_text(&img->pahole, meta, "pahole");
	if (damaged) {
		img->damage = str_fmt("type %" JSON_INTEGER_FORMAT " of its BTF is damaged",
				      json_integer_value(damaged));
		if (!img->damage)
			return -ENOMEM;
	}
	patches = json_object_get(meta, "patches");
	img->has_patches = json_is_array(patches);
	json_array_foreach (patches, i, p) {
		const char *name = json_string_value(json_object_get(p, "name"));
		const char *hash = json_string_value(json_object_get(p, "sha256"));

		if (!name || !hash)
			return -ENOENT;
		if (strv__add(&img->patches, name) || strv__add(&img->patch_hashes, hash))
			return -ENOMEM;
	}
	return 0;
}

static int fill(struct image *img, const struct kernel *k, const char *dir, const json_t *meta)
{
	const json_t *source = json_object_get(meta, "source");
	/* A distribution's release says less than its version. */
	const char *version = json_string_value(json_object_get(meta, "version"));

	if (!set_text(&img->key, meta, "key") || !set_text(&img->release, meta, "release") ||
	    !set_text(&img->build_id, meta, "build_id") ||
	    !set_text(&img->source, source, "what") ||
	    !set_text(&img->source_sha256, source, "sha256") ||
	    kver__parse(version ? version : img->release, &img->version))
		return -ENOENT;
	img->name = strdup(k->name);
	img->dir = strdup(dir);
	img->vmlinux = str_fmt("%s/vmlinux", dir);
	if (set_part(&img->btf, dir, "vmlinux.btf") || set_part(&img->modules, dir, "modules") ||
	    set_part(&img->config, dir, "config") ||
	    set_part(&img->system_map, dir, "System.map") ||
	    set_part(&img->build_log, dir, "build.log"))
		return -ENOMEM;
	for (size_t i = 0; i < k->features.n; i++)
		if (strv__add(&img->features, k->features.v[i]))
			return -ENOMEM;
	return img->name && img->dir && img->vmlinux ? fill_inputs(img, meta) : -ENOMEM;
}

/* Are the files as long as they were when they were kept? */
static bool whole(const char *dir, const json_t *meta)
{
	json_t *files = json_object_get(meta, "files"), *size;
	const char *name;

	if (!json_object_size(files))
		return false;
	json_object_foreach (files, name, size) {
		char *path = str_fmt("%s/%s", dir, name);
		int64_t is = path ? file_size(path) : -1;

		free(path);
		if (is != json_integer_value(size))
			return false;
	}
	return true;
}

static json_t *read_meta(const char *dir)
{
	char *path = str_fmt("%s/meta.json", dir), *text = NULL;
	json_t *meta = NULL;
	size_t len;

	if (path && !file_read(path, META_MAX, &text, &len))
		meta = json_loadb(text, len, 0, NULL);
	free(text);
	free(path);
	if (meta && json_integer_value(json_object_get(meta, "format")) != META_FORMAT) {
		json_decref(meta);
		meta = NULL;
	}
	return meta;
}

/* For kept__trim: the folder's time is that of its last use. */
static void note_use(const char *dir)
{
	utimensat(AT_FDCWD, dir, NULL, 0);
}

int kept__load(const struct kernel *k, const char *cache, const char *slot, const char *key,
	       struct image **out)
{
	char *base = slot_dir(cache, slot), *dir = base ? str_fmt("%s/%s", base, key) : NULL;
	struct image *img = NULL;
	json_t *meta = NULL;
	int err = -ENOMEM;

	if (!dir)
		goto out;
	err = -ENOENT;
	if (!file_exists(dir))
		goto out;
	meta = read_meta(dir);
	if (!meta || !whole(dir, meta)) {
		log_warn("kernel %s: what is kept of it in %s is damaged: it is made again",
			 k->name, dir);
		goto out;
	}
	img = calloc(1, sizeof(*img));
	err = img ? fill(img, k, dir, meta) : -ENOMEM;
	if (err)
		goto out;
	note_use(dir);
	*out = img;
	img = NULL;
out:
	image__free(img);
	json_decref(meta);
	free(dir);
	free(base);
	return err;
}

struct entry {
	char *path;
	struct timespec used;
};

static int newer_first(const void *a, const void *b)
{
	const struct timespec x = ((const struct entry *)a)->used,
			      y = ((const struct entry *)b)->used;

	if (x.tv_sec != y.tv_sec)
		return x.tv_sec < y.tv_sec ? 1 : -1;
	return x.tv_nsec < y.tv_nsec ? 1 : x.tv_nsec > y.tv_nsec ? -1 : 0;
}

static size_t list_kept(const char *base, struct entry **out)
{
	DIR *d = opendir(base);
	struct dirent *de;
	struct entry *v = NULL;
	size_t n = 0;

	while (d && (de = readdir(d))) {
		char *path;
		struct entry *w;
		struct stat st;

		if (strlen(de->d_name) != KEY_HEX - 1 ||
		    strspn(de->d_name, "0123456789abcdef") != KEY_HEX - 1)
			continue;
		path = str_fmt("%s/%s", base, de->d_name);
		w = path && !stat(path, &st) ? reallocarray(v, n + 1, sizeof(*v)) : NULL;
		if (!w) {
			free(path);
			continue;
		}
		v = w;
		v[n++] = (struct entry){ path, st.st_mtim };
	}
	if (d)
		closedir(d);
	*out = v;
	return n;
}

void kept__trim(const char *cache, const char *slot, unsigned int keep)
{
	char *base = slot_dir(cache, slot);
	struct entry *v = NULL;
	size_t n = base ? list_kept(base, &v) : 0;

	if (n)
		qsort(v, n, sizeof(*v), newer_first);
	for (size_t i = 0; i < n; i++) {
		if (i >= keep) {
			int err = dir_remove(v[i].path);

			if (err)
				log_warn("%s: cannot be removed: %s", v[i].path, strerror(-err));
		}
		free(v[i].path);
	}
	free(v);
	free(base);
}

struct kept_steps kept__steps(const char *cache, const char *slot)
{
	char *path = str_fmt("%s/kernels/%s/steps", cache, slot), *text = NULL;
	struct kept_steps s = { 0 };

	if (path && !file_read(path, 256, &text, NULL) &&
	    sscanf(text, "%u %u", &s.full, &s.again) != 2)
		s = (struct kept_steps){ 0 };
	free(text);
	free(path);
	return s;
}

void kept__set_steps(const char *cache, const char *slot, struct kept_steps s)
{
	char *dir = slot_dir(cache, slot), *path = dir ? str_fmt("%s/steps", dir) : NULL;
	char *text = str_fmt("%u %u\n", s.full, s.again);

	/* Only a hint for the progress: nothing is lost without it. */
	if (path && text && !dir_make(dir))
		file_write(path, text, strlen(text));
	free(text);
	free(path);
	free(dir);
}
