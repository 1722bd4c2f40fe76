// SPDX-License-Identifier: GPL-2.0-only
#include "vm/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/term.h"
#include "vm/damage.h"
#include "vm/inputs.h"
#include "vm/kbuild.h"
#include "vm/kept.h"
#include "vm/lock.h"
#include "vm/patch.h"
#include "vm/prebuilt.h"
#include "vm/prune.h"
#include "vm/source.h"
#include "vm/tool.h"
#include "vm/tree.h"

#define TREE_LIMIT (6ull << 30)
/* Checkouts of assay that differ in patches or fragments may share a cache: a kernel that one of
 * them is about to boot must not go because another one was built. */
#define KEPT_MAX 4
/* A tree takes 1.1 GB unpacked and 2.1 GB built (5.10); while it is unpacked, the package too. */
/* What assay's configurations come to on 5.10 and 6.1 (1654 to 1777), for an entry that does not
 * say. */
#define USUAL_STEPS 1700

#define NEED_UNPACK (4ll << 30)
#define NEED_BUILD  (1ll << 30)

struct work {
	const struct kernel *k;
	const struct image_opts *o;
	struct source_opts source_opts;
	struct inputs in;
	struct tree tree;
	struct source source; /* that is built from */
	struct source pinned[2];
	size_t nr_pinned;
	char *pahole; /* that the entry names, as a file to start; or NULL */
	char key[KEY_HEX];
};

static void close_work(struct work *w)
{
	free(w->pahole);
	inputs__release(&w->in);
	tree__release(&w->tree);
	source__release(&w->source);
	source__release(&w->pinned[0]);
	source__release(&w->pinned[1]);
}

static int open_work(struct work *w, const struct kernel *k, const struct image_opts *o)
{
	int err;

	*w = (struct work){ .k = k, .o = o };
	w->source_opts = (struct source_opts){ .paths = o->paths,
					       .cancel_fd = o->cancel_fd,
					       .verbose = o->verbose };
	err = inputs__read(k, o->paths, &w->in);
	if (!err)
		err = tree__init(&w->tree, k, o->paths->cache);
	if (!err && k->source)
		err = source__user(k, &w->source_opts, &w->source);
	else if (!err)
		w->nr_pinned = source__pinned(k, w->pinned);
	if (err)
		close_work(w);
	return err;
}

/* The kept kernel that was made of these inputs: of the user's source, or of either of the pinned
 * ones. */
static int find_kept(struct work *w, struct image **out)
{
	const struct source *s = w->k->source ? &w->source : w->pinned;
	size_t n = w->k->source ? 1 : w->nr_pinned;
	int err = -ENOENT;

	for (size_t i = 0; err == -ENOENT && i < n; i++) {
		char key[KEY_HEX];

		err = inputs__built(&w->in, s[i].hash, key);
		if (!err)
			err = kept__load(w->k, w->o->paths->cache, w->tree.slot, key, out);
	}
	return err;
}

static int check_disk(const struct work *w, int64_t need, const char *what)
{
	char has[32], wants[32];
	int64_t bytes = disk_free(w->o->paths->cache);

	if (bytes < 0 || bytes >= need)
		return 0;
	log_err("kernel %s: to %s it takes about %s, and %s has %s free: make room (`assay kernel "
		"prune`), or put the cache elsewhere (ASSAY_CACHE)",
		w->k->name, what, fmt_bytes(need, wants, sizeof(wants)), w->o->paths->cache,
		fmt_bytes(bytes, has, sizeof(has)));
	return -ENOSPC;
}

/* The kernel's Makefile refuses such a path, after the source was fetched and unpacked there. */
static int check_path(const struct work *w)
{
	if (!strpbrk(w->tree.dir, " \t\n:"))
		return 0;
	log_err("kernel %s: it cannot be built in %s: kbuild takes no path with a blank or a colon; "
		"put the cache elsewhere (ASSAY_CACHE)",
		w->k->name, w->tree.dir);
	return -EINVAL;
}

static int check_version(struct work *w)
{
	struct kver is;
	char a[24], b[24];
	int err = tree__version(&w->tree, &is);

	if (err || !kver__cmp(is, w->k->version))
		return err;
	if (w->source.user) {
		log_info("kernel %s: the source %s is %s, not %s: it is judged as %s", w->k->name,
			 w->source.what, kver__str(is, a), kver__str(w->k->version, b), a);
		return 0;
	}
	log_err("kernel %s: its source is version %s, %s:%d says %s", w->k->name, kver__str(is, a),
		w->o->paths->ini, w->k->line, kver__str(w->k->version, b));
	return -EINVAL;
}

/* The tree may hold a source that is as good: then nothing is fetched. */
static bool take_from_tree(struct work *w)
{
	for (size_t i = 0; i < w->nr_pinned; i++) {
		if (!tree__marked(&w->tree, "source", w->pinned[i].hash))
			continue;
		w->source = w->pinned[i];
		w->pinned[i] = (struct source){ 0 };
		return true;
	}
	return false;
}

static int get_source(struct work *w)
{
	int err;

	if (!w->k->source && take_from_tree(w))
		return 0;
	if (w->k->source && tree__marked(&w->tree, "source", w->source.hash))
		return 0;
	err = check_disk(w, file_exists(w->tree.dir) ? NEED_BUILD : NEED_UNPACK,
			 "unpack and build");
	if (!err && !w->k->source)
		err = source__obtain(w->k, &w->source_opts, &w->source);
	if (!err)
		err = w->source.kind == SOURCE_DIR
			      ? tree__copy_folder(&w->tree, &w->source, &w->source_opts)
			      : tree__unpack(&w->tree, &w->source, &w->source_opts);
	return err ? err : check_version(w);
}

/* A step of a few seconds: seen where several kernels are built, each with its line. */
static struct progress *stage(const struct work *w, const char *what)
{
	char *title = str_fmt("kernel %s: %s", w->k->name, what);
	struct progress *p = title ? progress__new(title, false) : NULL;

	free(title);
	return p;
}

static int unmark_patched(void *ctx)
{
	struct work *w = ctx;

	return tree__set_mark(&w->tree, "patched", NULL);
}

static int patch(struct work *w)
{
	struct patching p = {
		.kernel = w->k->name,
		.tree = w->tree.dir,
		.state = w->tree.state,
		.dir = w->in.patch_dir,
		.patches = &w->in.patches,
		.cancel_fd = w->o->cancel_fd,
	};
	char hash[HASH_HEX];
	struct progress *progress;
	unsigned int changed;
	int err = inputs__patched(&w->in, w->source.hash, hash);

	if (err || tree__marked(&w->tree, "patched", hash))
		return err;
	progress = stage(w, "patch");
	err = patching__sync(&p, unmark_patched, w, &changed);
	progress__done(progress, NULL);
	if (err)
		return err;
	log_debug("kernel %s: %zu patches, %u files of the tree changed", w->k->name,
		  w->in.patches.n, changed);
	return tree__set_mark(&w->tree, "patched", hash);
}

static int configure(struct work *w, const struct kbuild *kb, const char *hash)
{
	struct progress *progress;
	int err;

	if (tree__marked(&w->tree, "configured", hash))
		return 0;
	progress = stage(w, "configuration");
	err = tree__set_mark(&w->tree, "configured", NULL);
	if (!err)
		err = kbuild__configure(kb, &w->in.config);
	progress__done(progress, NULL);
	return err ? err : tree__set_mark(&w->tree, "configured", hash);
}

/* Which .config the objects are of tells a build from nothing from another one. */
static int compile(struct work *w, const struct kbuild *kb, const char *log)
{
	struct kept_steps steps = kept__steps(w->o->paths->cache, w->tree.slot);
	char *path = str_fmt("%s/.config", w->tree.dir), config[HASH_HEX] = "";
	int err = path ? hash_file(path, config) : -ENOMEM;
	/* An earlier build was cut off: this one goes on with it. */
	bool rest = tree__marked(&w->tree, "building", config), again = false;
	unsigned int n = 0;

	free(path);
	if (!err)
		err = check_disk(w, NEED_BUILD, "build");
	if (!err)
		err = tree__set_mark(&w->tree, "building", config);
	if (!err) {
		again = tree__marked(&w->tree, "built", config);
		n = again ? steps.again : steps.full ? steps.full : w->k->steps ?: USUAL_STEPS;
		err = kbuild__build(kb, log, &n);
	}
	if (!err)
		err = tree__set_mark(&w->tree, "built", config);
	if (!err)
		err = tree__set_mark(&w->tree, "building", NULL);
	if (err || rest)
		return err;
	*(again ? &steps.again : &steps.full) = n;
	kept__set_steps(w->o->paths->cache, w->tree.slot, steps);
	return 0;
}

/* Then its BTF holds the functions that the patches add. */
static bool has_all_patches(const struct kernel *k)
{
	return k->series && !k->partial;
}

static int publish(struct work *w, const struct kbuild *kb, const char *log)
{
	struct kept_from f = {
		.kernel = w->k,
		.cache = w->o->paths->cache,
		.slot = w->tree.slot,
		.key = w->key,
		.tree = w->tree.dir,
		.log = log,
		.source = &w->source,
		.inputs = &w->in,
		.need_btf_funcs = has_all_patches(w->k) ? w->o->need_btf_funcs : NULL,
		.cancel_fd = w->o->cancel_fd,
	};
	char *release = NULL;
	int err = kbuild__release(kb, &release);

	if (!err) {
		f.release = release;
		err = kept__publish(&f);
	}
	free(release);
	return err;
}

static int build(struct work *w)
{
	struct kbuild kb = {
		.kernel = w->k->name,
		.tree = w->tree.dir,
		.cache = w->o->paths->cache,
		.pahole = w->pahole,
		.ccache = w->in.tools.ccache,
		.verbose = w->o->verbose,
		.partial = w->k->partial,
		.jobs = w->o->jobs,
		.cancel_fd = w->o->cancel_fd,
	};
	char *log = str_fmt("%s/build.log", w->tree.state), configured[HASH_HEX];
	int err =
		log ? inputs__configured(&w->in, w->source.hash, w->tree.dir, configured) : -ENOMEM;

	if (!err)
		err = inputs__built(&w->in, w->source.hash, w->key);
	if (!err)
		err = configure(w, &kb, configured);
	if (!err)
		err = compile(w, &kb, log);
	if (!err)
		err = publish(w, &kb, log);
	free(log);
	return err;
}

static int get_pahole(struct work *w)
{
	char *name;
	int err;

	if (!w->k->pahole)
		return 0;
	name = str_fmt("pahole-%s", w->k->pahole);
	err = name ? tool__ensure(name, &w->source_opts, &w->pahole) : -ENOMEM;
	free(name);
	return err;
}

static int make(struct work *w, struct image **out)
{
	int err = check_path(w);

	if (!err)
		err = toolchain__check(&w->in.tools, w->k->name);
	if (!err)
		err = get_pahole(w);
	if (!err)
		err = get_source(w);
	if (!err) {
		tree__touch(&w->tree);
		err = patch(w);
	}
	if (!err)
		err = build(w);
	if (!err)
		err = kept__load(w->k, w->o->paths->cache, w->tree.slot, w->key, out);
	if (err == -EINTR)
		log_info("kernel %s: cut off; what is done so far is kept", w->k->name);
	return err;
}

/* Makes it under the entry's lock, unless somebody else did while we waited for that. */
static int make_locked(struct work *w, struct image **out)
{
	char *busy = str_fmt("is building kernel %s", w->k->name);
	int lock = -ENOMEM, err;

	if (busy)
		lock = lock__take(w->o->paths->cache, w->tree.slot, busy, w->o->cancel_fd);
	free(busy);
	if (lock < 0)
		return lock;
	err = find_kept(w, out);
	if (err == -ENOENT) {
		err = make(w, out);
		if (!err)
			kept__trim(w->o->paths->cache, w->tree.slot, KEPT_MAX);
	}
	close(lock);
	return err;
}

/* The entry whose build a damaged one takes. */
static struct kernel undamaged(const struct kernel *k)
{
	struct kernel base = *k;

	base.name = k->like;
	base.like = NULL;
	/* The entry's own traits stand last (vm/kernels.c). */
	base.features.n -= k->traits.n;
	base.traits = (struct strv){ 0 };
	return base;
}

/* The damaged copy of a kernel; `make`: when it is not there yet, under the entry's lock. */
static int find_damaged(const struct kernel *k, const struct image_opts *o,
			const struct image *base, bool make, struct image **out)
{
	const char *cache = o->paths->cache;
	char *slot = tree__slot(k), key[KEY_HEX];
	int lock = -1, err = slot ? damage__key(base->key, key) : -ENOMEM;

	if (!err)
		err = kept__load(k, cache, slot, key, out);
	if (err != -ENOENT || !make)
		goto out;
	lock = lock__take(cache, slot, "is copying a kernel", o->cancel_fd);
	err = lock < 0 ? lock : kept__load(k, cache, slot, key, out);
	if (err != -ENOENT)
		goto out;
	err = damage__publish(k->name, base, cache, slot, key);
	if (!err)
		err = kept__load(k, cache, slot, key, out);
	if (!err)
		kept__trim(cache, slot, KEPT_MAX);
out:
	if (lock >= 0)
		close(lock);
	free(slot);
	return err;
}

static int ensure(const struct kernel *k, const struct image_opts *opts, struct image **out)
{
	struct kernel base;
	struct image *img = NULL;
	uint64_t freed;
	struct work w;
	int err;

	if (k->prebuilt)
		return prebuilt__ensure(k, opts, out);
	if (k->like) {
		base = undamaged(k);
		err = ensure(&base, opts, &img);
		if (!err)
			err = find_damaged(k, opts, img, true, out);
		image__free(img);
		return err == -EINVAL ? -EIO : err;
	}
	err = dir_make(opts->paths->cache);
	if (err) {
		log_err("%s: cannot be made: %s: another cache folder can be named by ASSAY_CACHE",
			opts->paths->cache, strerror(-err));
		return err;
	}
	err = open_work(&w, k, opts);
	if (err)
		return err;
	err = find_kept(&w, &img);
	if (err == -ENOENT) {
		err = make_locked(&w, &img);
		if (!err)
			prune_trees(opts->paths->cache,
				    opts->tree_limit ? opts->tree_limit : TREE_LIMIT,
				    opts->keep_tree, opts->cancel_fd, &freed);
	}
	if (!err && has_all_patches(k) && opts->need_btf_funcs)
		err = kept__check_funcs(img, opts->need_btf_funcs);
	close_work(&w);
	if (err)
		image__free(img);
	else
		*out = img;
	/* What was asked for is right: -EINVAL is kept for that. */
	return err == -EINVAL ? -EIO : err;
}

/* The first thing that was logged as an error: what comes after it is its consequence. */
static char *sentence(const char *said, const struct kernel *k, int err)
{
	const char *names[] = { k->name, k->like };

	for (int i = 0; said && i < 2; i++) {
		size_t len = names[i] ? strlen(names[i]) : 0;

		if (len && str_starts(said, "kernel ") &&
		    !strncmp(said + strlen("kernel "), names[i], len) &&
		    str_starts(said + strlen("kernel ") + len, ": "))
			return strdup(said + strlen("kernel ") + len + strlen(": "));
	}
	return said ? strdup(said) : str_fmt("it cannot be built: %s", strerror(-err));
}

int image__ensure(const struct kernel *k, const struct image_opts *opts, struct image **out)
{
	struct log_catch c;
	char *said;
	int err;

	if (!opts->why)
		return ensure(k, opts, out);
	*opts->why = NULL;
	log_catch__begin(&c);
	err = ensure(k, opts, out);
	said = log_catch__end(&c);
	if (err && err != -EINTR)
		*opts->why = sentence(said, k, err);
	free(said);
	return err;
}

int image__lookup(const struct kernel *k, const struct image_opts *opts, struct image **out)
{
	struct kernel base;
	struct image *img = NULL;
	struct work w;
	int err;

	if (k->prebuilt)
		return prebuilt__lookup(k, opts, out);
	if (k->like) {
		base = undamaged(k);
		err = image__lookup(&base, opts, &img);
		if (!err)
			err = find_damaged(k, opts, img, false, out);
		image__free(img);
		return err;
	}
	err = open_work(&w, k, opts);
	if (err)
		return err;
	err = find_kept(&w, out);
	close_work(&w);
	return err;
}
