// SPDX-License-Identifier: GPL-2.0-only
#include "vm/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/term.h"
#include "vm/aptsrc.h"
#include "vm/elf.h"
#include "vm/lock.h"
#include "vm/toolchain.h"

#define KEY_LEN	   16
#define SERIES_MAX (64 << 10)
#define ARGS_MAX   48

struct work {
	const struct program *p;
	const struct source_opts *o;
	char *dir;  /* <cache>/programs/<name> */
	char *tree; /* where it is built */
	char *log;
	struct progress *progress;
	char *last; /* line that tells why a step failed */
	char *kept; /* the program under its key */
	char key[HASH_HEX];
};

static int failed(const struct work *w, const char *what, int err)
{
	if (err && err != -EINTR)
		log_err("program %s: %s: %s", w->p->name, what, strerror(-err));
	return err;
}

/* --- key ----------------------------------------------------------------------------------- */

/* The path of a static library, as the compiler finds it; NULL when there is none. */
static char *find_library(const char *name)
{
	char *option = str_fmt("-print-file-name=%s", name), *path = NULL;
	const char *argv[] = { "gcc", option, NULL };
	int status = 0;

	if (option && !proc_output(argv, &path, &status))
		path[strcspn(path, "\n")] = '\0';
	free(option);
	if (path && (status || *path != '/' || !file_exists(path))) {
		free(path);
		path = NULL;
	}
	return path;
}

static int hash_part(const struct work *w, struct hash *h, const char *name, char *path)
{
	int err = path ? hash__add_file(h, path) : -ENOENT;

	if (err)
		log_err("program %s: its build takes %s, which this host lacks: `make deps` "
			"installs what is missing",
			w->p->name, name);
	hash__add_str(h, name);
	free(path);
	return err;
}

static int find_key(struct work *w)
{
	struct toolchain tools = { 0 };
	const struct program *p = w->p;
	struct hash *h = hash__new();
	int err = h ? toolchain__probe(&tools) : -ENOMEM;

	if (h) {
		hash__add_str(h, "program 1");
		hash__add_str(h, p->package);
		hash__add_str(h, p->upstream_sha256);
		hash__add_str(h, p->debian_sha256);
		hash__add_str(h, tools.cc);
		hash__add_str(h, tools.ld);
	}
	for (size_t i = 0; !err && i < p->configure.n; i++)
		hash__add_str(h, p->configure.v[i]);
	for (size_t i = 0; !err && i < p->libraries.n; i++)
		err = hash_part(w, h, p->libraries.v[i], find_library(p->libraries.v[i]));
	for (size_t i = 0; !err && i < p->tools.n; i++)
		err = hash_part(w, h, p->tools.v[i], proc_which(p->tools.v[i]));
	if (h)
		hash__end(h, w->key);
	w->key[KEY_LEN] = '\0';
	toolchain__release(&tools);
	if (err)
		return err;
	if (!w->key[0])
		return failed(w, "its key", -EIO);
	w->kept = str_fmt("%s/%s/%s", w->dir, w->key, p->name);
	return w->kept ? 0 : -ENOMEM;
}

/* --- source -------------------------------------------------------------------------------- */

/* 0, -ENOENT, or -EBADMSG for a file that is not the pinned one: that is removed. */
static int check_file(const struct work *w, const char *path, const char *sha256)
{
	char is[HASH_HEX];
	int err = hash_file(path, is);

	if (err || !strcmp(is, sha256))
		return err;
	log_warn("program %s: %s: its SHA-256 is %s, but programs.ini says %s: removed", w->p->name,
		 path, is, sha256);
	unlink(path);
	return -EBADMSG;
}

static int take_file(const struct work *w, const char *from, const char *to, const char *name,
		     const char *sha256)
{
	char *a = str_fmt("%s/%s", from, name), *b = str_fmt("%s/%s", to, name);
	int err = a && b ? check_file(w, a, sha256) : -ENOMEM;

	if (!err && rename(a, b))
		err = -errno;
	free(a);
	free(b);
	return err;
}

static int fetch_files(const struct work *w, const char *sources)
{
	const struct program *p = w->p;
	char *part = str_fmt("%s/partial/%s", sources, p->name), *reason = NULL;
	char *title = str_fmt("program %s: download", p->name);
	struct apt_want want = {
		.title = title, .package = p->package, .suites = &p->suites, .source = true
	};
	int err = part && title ? dir_make(part) : -ENOMEM;

	if (!err)
		err = apt_get(&want, w->o, part, &reason);
	if (!err)
		err = take_file(w, part, sources, p->upstream, p->upstream_sha256);
	if (!err)
		err = take_file(w, part, sources, p->debian, p->debian_sha256);
	if (!err)
		dir_remove(part);
	else if (err != -EINTR)
		log_err("program %s: the source of %s cannot be had from Debian's archive (%s); "
			"its two tarballs may also be put into %s by hand",
			p->name, p->package, reason ? reason : strerror(-err), sources);
	free(reason);
	free(title);
	free(part);
	return err;
}

static bool has_file(const struct work *w, const char *dir, const char *name, const char *sha256)
{
	char *path = str_fmt("%s/%s", dir, name);
	bool has = path && file_exists(path) && !check_file(w, path, sha256);

	free(path);
	return has;
}

static int obtain(const struct work *w, const char *sources)
{
	const struct program *p = w->p;
	int err = 0, lock = lock__take(w->o->paths->cache, "sources", "is fetching sources",
				       w->o->cancel_fd);

	if (lock < 0)
		return lock;
	if (!has_file(w, sources, p->upstream, p->upstream_sha256) ||
	    !has_file(w, sources, p->debian, p->debian_sha256))
		err = fetch_files(w, sources);
	close(lock);
	return err;
}

/* --- build --------------------------------------------------------------------------------- */

static void on_line(void *ctx, const char *line)
{
	struct work *w = ctx;

	if (w->o->verbose)
		log_debug("%s", line);
	progress__update(w->progress, -1, NULL);
	/* The first that speaks of an error, else the last of all. ("error: in `PATH':" of
	 * configure is only the beginning of one.) */
	if (!*line || (w->last && (strstr(w->last, "rror: ") || strstr(line, "***")) &&
		       !str_ends(w->last, "':")))
		return;
	free(w->last);
	w->last = strdup(line);
}

/* Runs one step in the tree, without what the user's environment would add to it. */
static int run(struct work *w, const char *step, const char *const *args)
{
	static const char *const clean[] = {
		"env",		 "-u", "MAKEFLAGS", "-u", "MFLAGS", "-u", "MAKELEVEL", "-u",
		"MAKEOVERRIDES", "-u", "CC",	    "-u", "CFLAGS", "-u", "CPPFLAGS",  "-u",
		"LDFLAGS",	 "-u", "LIBS",	    "-u", "V"
	};
	const char *argv[ARGS_MAX], *env[] = { "LC_ALL=C", NULL };
	struct proc_opts opts = { .argv = argv,
				  .env = env,
				  .dir = w->tree,
				  .log_path = w->log,
				  .on_line = on_line,
				  .ctx = w,
				  .cancel_fd = w->o->cancel_fd };
	size_t n = sizeof(clean) / sizeof(clean[0]);
	int status = 0, err;

	memcpy(argv, clean, sizeof(clean));
	while (*args && n < ARGS_MAX - 1)
		argv[n++] = *args++;
	argv[n] = NULL;
	free(w->last);
	w->last = NULL;
	err = *args ? -E2BIG : proc_run(&opts, &status);
	if (err)
		return failed(w, step, err);
	if (!status)
		return 0;
	log_err("program %s: %s failed (exit status %d): %s; all of its output: %s", w->p->name,
		step, status, w->last ? w->last : "it said nothing", w->log);
	return -EIO;
}

static int apply_patches(struct work *w)
{
	char *path = str_fmt("%s/debian/patches/series", w->tree), *text = NULL;
	struct strv series = { 0 };
	int err = path ? 0 : -ENOMEM;

	if (!err && file_exists(path))
		err = failed(w, path, file_read(path, SERIES_MAX, &text, NULL));
	if (!err && text)
		err = strv__split(&series, text, "\n");
	for (size_t i = 0; !err && i < series.n; i++) {
		char *patch = str_fmt("debian/patches/%s", series.v[i]);
		const char *args[] = { "patch", "-p1", "-f", "-i", patch, NULL };

		if (*series.v[i] != '#')
			err = patch ? run(w, patch, args) : -ENOMEM;
		free(patch);
	}
	strv__free(&series);
	free(text);
	free(path);
	return err;
}

static int unpack(struct work *w, const char *sources)
{
	char *a = str_fmt("%s/%s", sources, w->p->upstream);
	char *b = str_fmt("%s/%s", sources, w->p->debian);
	const char *upstream[] = { "tar", "xf", a, "--strip-components=1", NULL };
	const char *debian[] = { "tar", "xf", b, NULL };
	int err = a && b ? 0 : -ENOMEM;

	if (!err)
		err = run(w, "unpacking upstream's source", upstream);
	if (!err)
		err = run(w, "unpacking Debian's patches", debian);
	free(a);
	free(b);
	return err ? err : apply_patches(w);
}

static int compile(struct work *w)
{
	const char *configure[ARGS_MAX / 2] = { "./configure" };
	char *jobs = str_fmt("-j%d", get_nprocs());
	const char *make[] = { "make", jobs, "CC=gcc", NULL };
	size_t n = 1;
	int err = jobs ? 0 : -ENOMEM;

	if (!err && w->p->configure.n > ARGS_MAX / 2 - 2)
		err = failed(w, "`configure` in programs.ini", -E2BIG);
	for (size_t i = 0; !err && i < w->p->configure.n; i++)
		configure[n++] = w->p->configure.v[i];
	if (!err)
		err = run(w, "configure", configure);
	if (!err)
		err = run(w, "make", make);
	free(jobs);
	return err;
}

/* Probes and symbols are what an experiment attaches to; a guest has no shared libraries. */
static int check_built(const struct work *w, const char *path)
{
	static const char *const must[] = { ".symtab", ".note.stapsdt" };
	void *data = NULL;
	size_t len;
	int err = elf_section(path, ".interp", &data, &len);

	free(data);
	if (err != -ENOENT) {
		log_err("program %s: what was built is %s; `configure` in programs.ini has to say "
			"LDFLAGS=-static",
			w->p->name, err ? "no program" : "linked dynamically");
		return err ? err : -ENOEXEC;
	}
	for (size_t i = 0; i < sizeof(must) / sizeof(must[0]); i++) {
		data = NULL;
		err = elf_section(path, must[i], &data, &len);
		free(data);
		if (!err)
			continue;
		log_err("program %s: what was built has no %s: nothing could be attached to it "
			"(`configure` in programs.ini)",
			w->p->name, must[i]);
		return -ENOEXEC;
	}
	return 0;
}

/* objcopy wrote it: it must be on the disk before it gets its name. */
static int sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd))
		err = -errno;
	close(fd);
	return err;
}

/* Into its place by a rename, whole: without the debug information, which makes half of it. */
static int publish(struct work *w)
{
	char *built = str_fmt("%s/%s", w->tree, w->p->name), *new = str_fmt("%s/.new", w->dir);
	char *program = str_fmt("%s/.new/%s", w->dir, w->p->name);
	char *log = str_fmt("%s/.new/build.log", w->dir), *to = str_fmt("%s/%s", w->dir, w->key);
	const char *strip[] = { "objcopy", "--strip-debug", built, program, NULL };
	int err = built && new &&program &&log &&to ? 0 : -ENOMEM;

	if (!err)
		err = failed(w, new, dir_remove(new));
	if (!err)
		err = failed(w, new, dir_make(new));
	if (!err)
		err = run(w, "objcopy --strip-debug", strip);
	if (!err)
		err = check_built(w, program);
	if (!err)
		err = failed(w, program, sync_file(program));
	if (!err)
		err = failed(w, log, file_copy(w->log, log));
	if (!err)
		err = failed(w, to, dir_remove(to));
	if (!err && rename(new, to))
		err = failed(w, to, -errno);
	free(to);
	free(log);
	free(program);
	free(new);
	free(built);
	return err;
}

static int build(struct work *w)
{
	char *sources = str_fmt("%s/sources", w->o->paths->cache);
	char *title = str_fmt("program %s: build", w->p->name);
	int err = sources && title ? dir_make(sources) : -ENOMEM;

	if (!err)
		err = obtain(w, sources);
	if (err)
		goto out;
	unlink(w->log);
	w->progress = w->o->verbose ? NULL : progress__new(title, false);
	err = failed(w, w->tree, dir_remove(w->tree));
	if (!err)
		err = failed(w, w->tree, dir_make(w->tree));
	if (!err)
		err = unpack(w, sources);
	if (!err)
		err = compile(w);
	if (!err)
		err = publish(w);
	if (!err)
		dir_remove(w->tree);
	progress__done(w->progress, err ? NULL : "done");
out:
	free(title);
	free(sources);
	return err;
}

static int build_locked(struct work *w)
{
	char *name = str_fmt("program-%s", w->p->name);
	char *busy = str_fmt("is building the program %s", w->p->name);
	int lock = -ENOMEM, err;

	if (name && busy)
		lock = lock__take(w->o->paths->cache, name, busy, w->o->cancel_fd);
	free(busy);
	free(name);
	if (lock < 0)
		return lock;
	/* Somebody else may have built it while we waited. */
	err = file_exists(w->kept) ? 0 : build(w);
	close(lock);
	return err;
}

int program__ensure(const struct program *p, const struct source_opts *o, char **path)
{
	struct work w = { .p = p, .o = o };
	int err = -ENOMEM;

	*path = NULL;
	w.dir = str_fmt("%s/programs/%s", o->paths->cache, p->name);
	w.tree = str_fmt("%s/programs/%s/.build", o->paths->cache, p->name);
	w.log = str_fmt("%s/programs/%s/build.log", o->paths->cache, p->name);
	if (w.dir && w.tree && w.log)
		err = failed(&w, w.dir, dir_make(w.dir));
	if (!err)
		err = find_key(&w);
	if (!err && !file_exists(w.kept))
		err = build_locked(&w);
	if (err == -EINTR)
		log_info("program %s: cut off", p->name);
	if (!err) {
		*path = w.kept;
		w.kept = NULL;
	}
	free(w.kept);
	free(w.last);
	free(w.log);
	free(w.tree);
	free(w.dir);
	return err;
}
