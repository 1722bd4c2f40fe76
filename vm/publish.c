// SPDX-License-Identifier: GPL-2.0-only
#include "vm/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "vm/btf.h"
#include "vm/elf.h"
#include "vm/functions.h"
#include "vm/kbuild.h"
#include "vm/kconfig.h"
#include "vm/modules.h"

static int join(struct strbuf *sb, const struct strv *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		strbuf__addf(sb, "%s%s", i ? ", " : "", sv->v[i]);
	return sb->failed ? -ENOMEM : 0;
}

static int check_btf(const char *kernel, const void *data, size_t len, const char *const *need,
		     size_t *functions)
{
	static const char *const none[] = { NULL };
	struct strbuf names = STRBUF_INIT;
	struct strv missing = { 0 };
	char *reason = NULL;
	int err = btf_find_funcs(data, len, need ? need : none, &missing, functions, &reason);

	if (err == -EINVAL) {
		log_err("kernel %s: %s: is pahole too old for this kernel?", kernel,
			reason ? reason : "malformed BTF");
	} else if (!err && missing.n) {
		err = join(&names, &missing);
		log_err("kernel %s: its BTF lacks %s, which experiments need: does a patch of its "
			"series provide %s, and is the function neither inlined nor renamed?",
			kernel, strbuf__str(&names), missing.n > 1 ? "them" : "it");
		err = err ? err : -EINVAL;
	}
	strbuf__free(&names);
	strv__free(&missing);
	free(reason);
	return err;
}

int kept__check_funcs(const struct image *img, const char *const *funcs)
{
	size_t len, functions;
	char *data = NULL;
	int err;

	if (!img->btf)
		return 0;
	err = file_read(img->btf, 0, &data, &len);

	if (err)
		log_err("kernel %s: %s: cannot be read: %s", img->name, img->btf, strerror(-err));
	else
		err = check_btf(img->name, data, len, funcs, &functions);
	free(data);
	return err;
}

struct publishing {
	const struct kept_from *f;
	char *dir; /* being filled */
	char *build_id;
	bool has_btf, has_modules; /* by its configuration */
	bool has_functions;
	struct strv modules; /* file names */
	size_t functions;
};

static int failed(const struct publishing *p, const char *what, int err)
{
	if (err && err != -EINTR)
		log_err("kernel %s: %s: %s", p->f->kernel->name, what, strerror(-err));
	return err;
}

/* Files that other programs wrote, or whole folders, must be on the disk before the rename is. */
static void sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

static int put_vmlinux(struct publishing *p)
{
	char *from = str_fmt("%s/vmlinux", p->f->tree), *to = str_fmt("%s/vmlinux", p->dir);
	const char *argv[] = { "objcopy", "--strip-debug", from, to, NULL };
	struct proc_opts opts = { .argv = argv, .cancel_fd = p->f->cancel_fd };
	char *id = NULL;
	int status = 0, err = from && to ? 0 : -ENOMEM;

	if (!err)
		err = failed(p, "vmlinux has no build id", elf_build_id(from, &p->build_id));
	if (!err)
		err = failed(p, "cannot run objcopy", proc_run(&opts, &status));
	if (!err && status)
		err = failed(p, "objcopy --strip-debug failed on vmlinux", -EIO);
	if (!err)
		err = failed(p, "the stripped vmlinux has no build id", elf_build_id(to, &id));
	if (!err && strcmp(id, p->build_id))
		err = failed(p, "stripping changed the build id", -EINVAL);
	if (!err)
		sync_path(to);
	free(id);
	free(from);
	free(to);
	return err;
}

static int put_btf(struct publishing *p)
{
	char *from = str_fmt("%s/vmlinux", p->f->tree), *to = str_fmt("%s/vmlinux.btf", p->dir);
	void *data = NULL;
	size_t len = 0;
	int err = from && to ? elf_section(from, ".BTF", &data, &len) : -ENOMEM;

	if (err == -ENOENT || (!err && !len)) {
		log_err("kernel %s: vmlinux has no BTF, though its configuration asks for it: "
			"does pahole know the compiler's DWARF?",
			p->f->kernel->name);
		err = -EINVAL;
	} else if (err) {
		failed(p, "vmlinux cannot be read", err);
	} else {
		err = check_btf(p->f->kernel->name, data, len, p->f->need_btf_funcs, &p->functions);
	}
	if (!err)
		err = failed(p, to, file_write(to, data, len));
	free(data);
	free(from);
	free(to);
	return err;
}

static int put_file(struct publishing *p, const char *from_dir, const char *from, const char *to)
{
	char *a = str_fmt("%s/%s", from_dir, from), *b = str_fmt("%s/%s", p->dir, to);
	int err = a && b ? failed(p, a, file_copy(a, b)) : -ENOMEM;

	free(a);
	free(b);
	return err;
}

/* The build took minutes: is the patch still the one that was applied? */
static int put_patch(struct publishing *p, size_t i)
{
	const struct inputs *in = p->f->inputs;
	char *to = str_fmt("patches/%s", in->patches.v[i]), *path = NULL, hex[HASH_HEX];
	int err = to ? put_file(p, in->patch_dir, in->patches.v[i], to) : -ENOMEM;

	if (!err) {
		path = str_fmt("%s/%s", p->dir, to);
		err = path ? failed(p, path, hash_file(path, hex)) : -ENOMEM;
	}
	if (!err && strcmp(hex, in->patch_hashes.v[i])) {
		log_err("kernel %s: patch %s was changed while the kernel was built: build it again",
			p->f->kernel->name, in->patches.v[i]);
		err = -EAGAIN;
	}
	free(path);
	free(to);
	return err;
}

static int put_patches(struct publishing *p)
{
	char *dir = str_fmt("%s/patches", p->dir);
	int err = dir ? 0 : -ENOMEM;

	if (!err && p->f->inputs->patches.n)
		err = failed(p, dir, dir_make(dir));
	for (size_t i = 0; !err && i < p->f->inputs->patches.n; i++)
		err = put_patch(p, i);
	free(dir);
	return err;
}

static int read_config(struct publishing *p)
{
	char *path = str_fmt("%s/config", p->dir), *text = NULL;
	struct dotconfig *c = NULL;
	const char *btf;
	int err = path ? failed(p, path, file_read(path, 0, &text, NULL)) : -ENOMEM;

	if (!err)
		err = failed(p, path, dotconfig__parse(text, &c));
	if (!err) {
		btf = dotconfig__get(c, "DEBUG_INFO_BTF");
		p->has_btf = btf && !strcmp(btf, "y");
		p->has_modules = kbuild__has_modules(text);
	}
	dotconfig__free(c);
	free(text);
	free(path);
	return err;
}

static int put_modules(struct publishing *p)
{
	char *dir = str_fmt("%s/modules", p->dir);
	int err = dir ? modules__keep(p->f->kernel->name, p->f->tree, dir, p->f->cancel_fd,
				      &p->modules)
		      : -ENOMEM;

	for (size_t i = 0; !err && i < p->modules.n; i++) {
		char *path = str_fmt("%s/%s", dir, p->modules.v[i]);

		if (path)
			sync_path(path);
		free(path);
	}
	free(dir);
	return err;
}

/* From the debug information, which the kept vmlinux lacks. */
static int put_functions(struct publishing *p)
{
	char *from = str_fmt("%s/vmlinux", p->f->tree), *to = NULL;
	int err;

	to = str_fmt("%s/" FUNCTIONS_FILE, p->dir);
	err = from && to ? functions__write(from, p->f->tree, to) : -ENOMEM;
	p->has_functions = !err;
	if (err == -ENOENT) {
		log_debug("kernel %s: vmlinux has no debug information: no table of its functions",
			  p->f->kernel->name);
		err = 0;
	}
	failed(p, "the table of its functions, from vmlinux", err);
	free(from);
	free(to);
	return err;
}

static json_t *text(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *texts(const struct strv *sv)
{
	json_t *a = json_array();

	for (size_t i = 0; i < sv->n; i++)
		json_array_append_new(a, json_string(sv->v[i]));
	return a;
}

static json_t *patches(const struct inputs *in)
{
	json_t *a = json_array();

	for (size_t i = 0; i < in->patches.n; i++)
		json_array_append_new(a, json_pack("{s:s, s:s}", "name", in->patches.v[i], "sha256",
						   in->patch_hashes.v[i]));
	return a;
}

static void add_size(json_t *sizes, const char *dir, const char *name)
{
	char *path = str_fmt("%s/%s", dir, name);

	json_object_set_new(sizes, name, json_integer(path ? file_size(path) : -1));
	free(path);
}

static json_t *sizes(const struct publishing *p)
{
	static const char *const names[] = { "vmlinux", "config", "System.map", "build.log" };
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_size(o, p->dir, names[i]);
	if (p->has_btf)
		add_size(o, p->dir, "vmlinux.btf");
	if (p->has_functions)
		add_size(o, p->dir, FUNCTIONS_FILE);
	for (size_t i = 0; i < p->modules.n; i++) {
		char *name = str_fmt("modules/%s", p->modules.v[i]);

		if (name)
			add_size(o, p->dir, name);
		free(name);
	}
	return o;
}

static json_t *describe(const struct publishing *p)
{
	const struct kept_from *f = p->f;
	char when[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:I, s:s, s:o}",
			 "format", 1, "name", f->kernel->name, "key", f->key, "release", f->release,
			 "build_id", p->build_id, "source", "what", f->source->what, "sha256",
			 f->source->hash, "patches", patches(f->inputs), "configs",
			 texts(&f->kernel->configs), "features", texts(&f->kernel->features),
			 "compiler", text(f->inputs->tools.cc), "linker", text(f->inputs->tools.ld),
			 "pahole", text(f->inputs->tools.pahole), "btf_functions",
			 (json_int_t)p->functions, "built", when, "files", sizes(p));
}

static int put_meta(struct publishing *p)
{
	char *path = str_fmt("%s/meta.json", p->dir), *s = NULL;
	json_t *meta = describe(p);
	int err = -ENOMEM;

	if (meta)
		s = json_dumps(meta, JSON_INDENT(2));
	if (path && s)
		err = failed(p, path, file_write(path, s, strlen(s)));
	json_decref(meta);
	free(s);
	free(path);
	return err;
}

static int put_all(struct publishing *p)
{
	int err = failed(p, p->dir, dir_remove(p->dir));

	if (!err)
		err = failed(p, p->dir, dir_make(p->dir));
	if (!err)
		err = put_file(p, p->f->tree, ".config", "config");
	if (!err)
		err = read_config(p);
	if (!err && p->has_btf)
		err = put_btf(p);
	if (!err)
		err = put_vmlinux(p);
	if (!err)
		err = put_functions(p);
	if (!err && p->has_modules)
		err = put_modules(p);
	if (!err)
		err = put_file(p, p->f->tree, "System.map", "System.map");
	if (!err) {
		char *b = str_fmt("%s/build.log", p->dir);

		err = b ? failed(p, p->f->log, file_copy(p->f->log, b)) : -ENOMEM;
		free(b);
	}
	if (!err)
		err = put_patches(p);
	return err ? err : put_meta(p);
}

int kept__publish(const struct kept_from *f)
{
	struct publishing p = { .f = f };
	char *to = str_fmt("%s/kernels/%s/%s", f->cache, f->slot, f->key);
	int err = -ENOMEM;

	p.dir = str_fmt("%s/kernels/%s/.new", f->cache, f->slot);
	if (!p.dir || !to)
		goto out;
	err = put_all(&p);
	/* A damaged one may be there. */
	if (!err)
		err = failed(&p, to, dir_remove(to));
	if (!err && rename(p.dir, to))
		err = failed(&p, to, -errno);
	if (err)
		dir_remove(p.dir);
out:
	strv__free(&p.modules);
	free(p.build_id);
	free(p.dir);
	free(to);
	return err;
}
