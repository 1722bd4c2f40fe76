// SPDX-License-Identifier: GPL-2.0-only
#include "vm/prebuilt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/term.h"
#include "vm/inputs.h"
#include "vm/kept.h"
#include "vm/lock.h"
#include "vm/prebuilt_kept.h"
#include "vm/source.h"
#include "vm/unpacked.h"

/* Part of every key: raise it when something else is made of the same files. */
#define FORMAT "assay prebuilt kernel 1"

/* Packages and what is kept of them. */
#define KEPT_MAX 4

struct work {
	const struct kernel *k;
	const struct image_opts *o;
	char *image; /* of apt: the package, once it is there */
	char sha256[HASH_HEX], key[KEY_HEX];
	char *dir, *unpacked; /* being filled */
};

static const char *cache(const struct work *w)
{
	return w->o->paths->cache;
}

static int add_file(const struct work *w, struct hash *h, const char *path, char hex[HASH_HEX])
{
	int err = 0;

	hex[0] = '\0';
	if (path)
		err = source__hash(w->o->paths, path, hex);
	hash__add_str(h, hex);
	if (err)
		log_err("kernel %s: %s: cannot be read: %s", w->k->name, path, strerror(-err));
	return err;
}

static int make_key(struct work *w)
{
	const struct prebuilt *p = w->k->prebuilt;
	struct hash *h = hash__new();
	char hex[HASH_HEX];
	int err;

	if (!h)
		return -ENOMEM;
	hash__add_str(h, FORMAT);
	err = add_file(w, h, w->image, w->sha256);
	if (!err)
		err = add_file(w, h, p->modules, hex);
	if (!err)
		err = add_file(w, h, p->config, hex);
	hash__end(h, hex);
	if (!err && !hex[0])
		err = -EIO;
	memcpy(w->key, hex, KEY_HEX - 1);
	w->key[KEY_HEX - 1] = '\0';
	return err;
}

static double seconds_since(uint64_t start)
{
	return (double)(clock_ns() - start) / 1e9;
}

static int unpack(struct work *w)
{
	const struct prebuilt *p = w->k->prebuilt;
	char *title = str_fmt("kernel %s: unpack", w->k->name);
	struct progress *progress = title ? progress__new(title, false) : NULL;
	uint64_t start = clock_ns();
	int err = dir_make(w->unpacked);

	if (err)
		log_err("%s: cannot be made: %s", w->unpacked, strerror(-err));
	if (!err)
		err = deb_unpack(w->k->name, w->image, w->unpacked, w->o->cancel_fd);
	if (!err && p->modules)
		err = deb_unpack(w->k->name, p->modules, w->unpacked, w->o->cancel_fd);
	progress__done(progress, err ? NULL : "done");
	log_debug("kernel %s: unpacked in %.1f s", w->k->name, seconds_since(start));
	free(title);
	return err;
}

/* What people give for a kernel and is none. */
static int check_unpacked(const struct work *w, const struct unpacked *u)
{
	const char *name = w->k->name;

	if (!u->vmlinuz)
		log_err("kernel %s: %s has no /boot/vmlinuz-*: it is no kernel package. A package like "
			"linux-image-amd64 only names the present one, which apt:linux-image-amd64 "
			"finds",
			name, w->image);
	else if (!u->config || !u->modules)
		log_err("kernel %s: %s has no %s: Ubuntu has that in the package "
			"linux-modules-*: -k deb:FILE,modules:FILE takes both",
			name, w->image, u->config ? "modules" : "/boot/config-*");
	return u->vmlinuz && u->config && u->modules ? 0 : -EINVAL;
}

static int keep_deb(struct work *w, struct prebuilt_files *f)
{
	struct unpacked u = { 0 };
	int err = unpack(w);

	if (!err)
		err = unpacked__find(w->k->name, w->unpacked, &u);
	if (!err)
		err = check_unpacked(w, &u);
	if (!err) {
		f->image = u.vmlinuz;
		f->config = u.config;
		f->modules = u.modules;
		err = prebuilt_files__keep(f);
	}
	unpacked__release(&u);
	return err;
}

static int keep_file(struct work *w, struct prebuilt_files *f)
{
	f->image = w->image;
	f->config = w->k->prebuilt->config;
	f->advice = ": an image that is given by hand brings no modules; its package "
		    "(deb:FILE) does";
	return prebuilt_files__keep(f);
}

static int make(struct work *w)
{
	const struct prebuilt *p = w->k->prebuilt;
	const char *slash = strrchr(w->image, '/');
	struct prebuilt_files f = {
		.kernel = w->k->name,
		.what = p->kind == PREBUILT_FILE ? w->image
			: slash			 ? slash + 1
						 : w->image,
		.sha256 = w->sha256,
		.key = w->key,
		.dir = w->dir,
		.cancel_fd = w->o->cancel_fd,
	};
	char *to = str_fmt("%s/kernels/%s/%s", cache(w), w->k->name, w->key);
	uint64_t start = clock_ns();
	int err = to ? dir_remove(w->dir) : -ENOMEM;

	if (!err)
		err = dir_remove(w->unpacked);
	if (!err)
		err = dir_make(w->dir);
	if (err)
		log_err("%s: cannot be made: %s", w->dir, strerror(-err));
	if (!err)
		err = p->kind == PREBUILT_FILE ? keep_file(w, &f) : keep_deb(w, &f);
	/* A damaged one may be there. */
	if (!err)
		err = dir_remove(to);
	if (!err && rename(w->dir, to)) {
		err = -errno;
		log_err("%s: cannot be put in place: %s", to, strerror(-err));
	}
	dir_remove(w->unpacked);
	if (err)
		dir_remove(w->dir);
	else
		log_debug("kernel %s: made bootable in %.1f s in all", w->k->name,
			  seconds_since(start));
	free(to);
	return err;
}

static int make_locked(struct work *w, struct image **out)
{
	const char *name = w->k->name;
	char *busy = str_fmt("is unpacking kernel %s", name);
	int lock = busy ? lock__take(cache(w), name, busy, w->o->cancel_fd) : -ENOMEM, err;

	free(busy);
	if (lock < 0)
		return lock;
	err = kept__load(w->k, cache(w), name, w->key, out);
	if (err == -ENOENT) {
		err = make(w);
		if (!err)
			err = kept__load(w->k, cache(w), name, w->key, out);
		if (!err)
			kept__trim(cache(w), name, KEPT_MAX);
	}
	close(lock);
	return err;
}

static int open_work(struct work *w, const struct kernel *k, const struct image_opts *o)
{
	*w = (struct work){ .k = k, .o = o };
	w->dir = str_fmt("%s/kernels/%s/.new", o->paths->cache, k->name);
	w->unpacked = str_fmt("%s/kernels/%s/.unpacked", o->paths->cache, k->name);
	if (k->prebuilt->image)
		w->image = strdup(k->prebuilt->image);
	return w->dir && w->unpacked && (w->image || !k->prebuilt->image) ? 0 : -ENOMEM;
}

static void close_work(struct work *w)
{
	free(w->image);
	free(w->dir);
	free(w->unpacked);
}

int prebuilt__ensure(const struct kernel *k, const struct image_opts *o, struct image **out)
{
	struct work w;
	int err;

	if (k->source) {
		log_err("kernel %s: it is given as it is: the source %s would not be built",
			k->name, k->source);
		return -EINVAL;
	}
	err = open_work(&w, k, o);
	if (!err) {
		err = dir_make(o->paths->cache);
		if (err)
			log_err("%s: cannot be made: %s: another cache folder can be named by "
				"ASSAY_CACHE",
				o->paths->cache, strerror(-err));
	}
	if (!err && !w.image)
		err = prebuilt__fetch(k->name, k->prebuilt, o, &w.image);
	if (!err)
		err = make_key(&w);
	if (!err) {
		err = kept__load(k, cache(&w), k->name, w.key, out);
		if (err == -ENOENT)
			err = make_locked(&w, out);
	}
	close_work(&w);
	/* What was asked for could be read: -EINVAL is kept for that. */
	return err == -EINVAL ? -EIO : err;
}

int prebuilt__lookup(const struct kernel *k, const struct image_opts *o, struct image **out)
{
	struct work w;
	int err = open_work(&w, k, o);

	if (!err && !w.image)
		err = prebuilt__fetched(k->prebuilt, o->paths->cache, &w.image);
	if (!err)
		err = make_key(&w);
	if (!err)
		err = kept__load(k, cache(&w), k->name, w.key, out);
	close_work(&w);
	return err;
}
