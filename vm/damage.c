// SPDX-License-Identifier: GPL-2.0-only
#include "vm/damage.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "vm/btf.h"
#include "vm/elf.h"
#include "vm/image.h"

/* Part of the key: raise it when the damage becomes another one. */
#define FORMAT "assay damaged kernel 1"

#define META_MAX (1 << 20)

int damage__key(const char *of, char key[KEY_HEX])
{
	struct hash *h = hash__new();
	char hex[HASH_HEX];

	if (!h)
		return -ENOMEM;
	hash__add_str(h, FORMAT);
	hash__add_str(h, of);
	hash__end(h, hex);
	if (!hex[0])
		return -EIO;
	memcpy(key, hex, KEY_HEX - 1);
	key[KEY_HEX - 1] = '\0';
	return 0;
}

struct job {
	const char *name, *key;
	const struct image *from;
	char *dir;	   /* being filled */
	unsigned int type; /* that was damaged */
};

static int failed(const struct job *j, const char *what, int err)
{
	if (err)
		log_err("kernel %s: %s: %s", j->name, what, strerror(-err));
	return err;
}

/* In place: the section keeps its length. */
static int overwrite(const char *path, off_t offset, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	while (!err && len) {
		ssize_t n = pwrite(fd, data, len, offset);

		if (n < 0) {
			err = -errno;
			continue;
		}
		data = (const char *)data + n;
		offset += n;
		len -= (size_t)n;
	}
	if (!err && fsync(fd))
		err = -errno;
	close(fd);
	return err;
}

static int damage_btf(struct job *j)
{
	char *vmlinux = str_fmt("%s/vmlinux", j->dir), *btf = str_fmt("%s/vmlinux.btf", j->dir);
	char *reason = NULL;
	void *data = NULL;
	off_t offset = 0;
	size_t len = 0, place = 0;
	int err = vmlinux && btf ? elf_section(vmlinux, ".BTF", &data, &len) : -ENOMEM;

	if (!err)
		err = elf_section_place(vmlinux, ".BTF", &offset, &place);
	if (!err && place != len)
		err = -EINVAL;
	failed(j, "the BTF of its vmlinux", err);
	if (!err) {
		err = btf_damage(data, len, &j->type, &reason);
		failed(j, reason ? reason : "BTF", err);
	}
	if (!err)
		err = failed(j, vmlinux, overwrite(vmlinux, offset, data, len));
	if (!err)
		err = failed(j, btf, file_write(btf, data, len));
	free(reason);
	free(data);
	free(btf);
	free(vmlinux);
	return err;
}

static int write_meta(const struct job *j, json_t *meta)
{
	char *path = str_fmt("%s/meta.json", j->dir), *text;
	int err;

	json_object_set_new(meta, "name", json_string(j->name));
	json_object_set_new(meta, "key", json_string(j->key));
	json_object_set_new(meta, "like", json_string(j->from->name));
	json_object_set_new(meta, "damaged_btf_type", json_integer(j->type));
	text = json_dumps(meta, JSON_INDENT(2));
	err = path && text ? failed(j, path, file_write(path, text, strlen(text))) : -ENOMEM;
	free(text);
	free(path);
	return err;
}

static int copy_one(const struct job *j, const char *name)
{
	char *from = str_fmt("%s/%s", j->from->dir, name), *to = str_fmt("%s/%s", j->dir, name);
	char *slash = to ? strrchr(to, '/') : NULL;
	int err = from && to ? 0 : -ENOMEM;

	if (!err) {
		*slash = '\0';
		err = failed(j, to, dir_make(to));
		*slash = '/';
	}
	if (!err)
		err = failed(j, from, file_copy(from, to));
	free(from);
	free(to);
	return err;
}

/* The files are those that its description lists. */
static int copy_all(struct job *j)
{
	char *path = str_fmt("%s/meta.json", j->from->dir), *text = NULL;
	json_t *meta = NULL, *size;
	const char *name;
	int err = path ? failed(j, path, file_read(path, META_MAX, &text, NULL)) : -ENOMEM;

	if (!err) {
		meta = json_loads(text, 0, NULL);
		err = meta ? 0 : failed(j, path, -EINVAL);
	}
	if (!err)
		err = failed(j, j->dir, dir_remove(j->dir));
	json_object_foreach (json_object_get(meta, "files"), name, size)
		if (!err)
			err = copy_one(j, name);
	if (!err)
		err = damage_btf(j);
	if (!err)
		err = write_meta(j, meta);
	json_decref(meta);
	free(text);
	free(path);
	return err;
}

int damage__publish(const char *name, const struct image *from, const char *cache, const char *slot,
		    const char *key)
{
	struct job j = { .name = name, .key = key, .from = from };
	char *to = str_fmt("%s/kernels/%s/%s", cache, slot, key);
	int err = -ENOMEM;

	j.dir = str_fmt("%s/kernels/%s/.new", cache, slot);
	if (to && j.dir)
		err = copy_all(&j);
	if (!err)
		err = failed(&j, to, dir_remove(to));
	if (!err && rename(j.dir, to))
		err = failed(&j, to, -errno);
	if (err && j.dir)
		dir_remove(j.dir);
	free(j.dir);
	free(to);
	return err;
}
