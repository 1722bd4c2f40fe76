// SPDX-License-Identifier: GPL-2.0-only
#include "vm/srcdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"

#define MEMO_MAX (256 << 20)

/* What a build leaves, for a folder that is no git tree. */
static const char *const built[] = {
	"*.o",
	"*.a",
	"*.ko",
	"*.mod",
	"*.mod.c",
	"*.order",
	".*.cmd",
	".*.d",
	".tmp_*",
	"*.symvers",
	".config*",
	"vmlinux*",
	"*.dtb",
	"System.map",
	".git",
	".version",
	".missing-syscalls.d",
	".assay-tmp.*",
};
#define NR_BUILT (sizeof(built) / sizeof(built[0]))

static int compare(const void *a, const void *b)
{
	const struct srcfile *x = a, *y = b;

	return strcmp(x->path, y->path);
}

const struct srcfile *srcdir__find(const struct srcdir *d, const char *path)
{
	struct srcfile key = { .path = (char *)path };

	return d->n ? bsearch(&key, d->v, d->n, sizeof(*d->v), compare) : NULL;
}

void srcdir__release(struct srcdir *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->v[i].path);
	free(d->v);
	*d = (struct srcdir){ 0 };
}

static struct srcfile *add(struct srcdir *d, const char *path)
{
	struct srcfile *v;

	if (!(d->n & (d->n - 1))) { /* a power of two: full */
		v = reallocarray(d->v, d->n ? 2 * d->n : 1, sizeof(*v));
		if (!v)
			return NULL;
		d->v = v;
	}
	v = &d->v[d->n];
	memset(v, 0, sizeof(*v));
	v->path = strdup(path);
	if (!v->path)
		return NULL;
	d->n++;
	return v;
}

/* 0 also for a file that is gone (git lists what it tracks, there or not) and for folders. */
static int add_path(struct srcdir *d, const char *dir, const char *path)
{
	char *full = str_fmt("%s/%s", dir, path);
	struct srcfile *f;
	struct stat st;
	int err = 0;

	if (!full)
		return -ENOMEM;
	if (lstat(full, &st)) {
		err = errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	} else if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) {
		f = add(d, path);
		if (!f) {
			err = -ENOMEM;
		} else {
			f->size = st.st_size;
			f->mtime_ns = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
			f->inode = st.st_ino;
			f->mode = st.st_mode;
		}
	}
	free(full);
	return err;
}

struct git_list {
	const char *dir;
	struct srcdir *d;
	int err;
};

/* What git says on stderr comes here, too: it is no file, and of no interest when git succeeds. */
static void on_git_line(void *ctx, const char *line)
{
	struct git_list *g = ctx;

	if (!g->err && *line)
		g->err = *line == '"' ? -EILSEQ : add_path(g->d, g->dir, line);
}

static int list_git(const char *dir, struct srcdir *d, int cancel_fd)
{
	const char *argv[] = { "git",
			       "-c",
			       "core.quotePath=false",
			       "-c",
			       "safe.directory=*",
			       "-C",
			       dir,
			       "ls-files",
			       "--cached",
			       "--others",
			       "--exclude-standard",
			       "--deduplicate",
			       NULL };
	struct git_list g = { .dir = dir, .d = d };
	struct proc_opts o = {
		.argv = argv, .on_line = on_git_line, .ctx = &g, .cancel_fd = cancel_fd
	};
	int status, err = proc_run(&o, &status);

	return err ? err : status ? -EIO : g.err;
}

static bool is_built(const char *path, const char *name)
{
	for (size_t i = 0; i < NR_BUILT; i++)
		if (str_glob(built[i], name))
			return true;
	return !strcmp(path, "include/config") || str_ends(path, "include/generated") ||
	       str_ends(path, "generated/asm") || str_ends(path, "generated/uapi");
}

/* Not every file system says in a folder what its entries are. */
static bool is_folder(DIR *dp, const struct dirent *de)
{
	struct stat st;

	if (de->d_type != DT_UNKNOWN)
		return de->d_type == DT_DIR;
	return !fstatat(dirfd(dp), de->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

static int list_folder(const char *dir, const char *below, struct srcdir *d, int depth)
{
	char *full = *below ? str_fmt("%s/%s", dir, below) : strdup(dir);
	DIR *dp = full ? opendir(full) : NULL;
	struct dirent *de;
	int err = dp ? 0 : full ? -errno : -ENOMEM;

	if (depth > 64)
		err = -ELOOP;
	while (!err) {
		char *path;

		/* A folder that can't be read to its end would make a source that lacks files. */
		errno = 0;
		de = readdir(dp);
		if (!de) {
			err = -errno;
			break;
		}
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		path = *below ? str_fmt("%s/%s", below, de->d_name) : strdup(de->d_name);
		if (!path)
			err = -ENOMEM;
		else if (strchr(path, '\n'))
			err = -EILSEQ;
		else if (!is_built(path, de->d_name))
			err = is_folder(dp, de) ? list_folder(dir, path, d, depth + 1)
						: add_path(d, dir, path);
		free(path);
	}
	if (dp)
		closedir(dp);
	free(full);
	return err;
}

static int hash_link(const char *path, char hex[HASH_HEX])
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	struct hash *h;

	if (n < 0)
		return -errno;
	target[n] = '\0';
	h = hash__new();
	if (!h)
		return -ENOMEM;
	hash__add_str(h, target);
	hash__end(h, hex);
	return 0;
}

static int fill_hashes(struct srcdir *d, const char *dir, const struct srcdir *known, int cancel_fd)
{
	int err = 0;

	for (size_t i = 0; !err && i < d->n; i++) {
		struct srcfile *f = &d->v[i];
		const struct srcfile *k = srcdir__find(known, f->path);
		char *full;

		if (k && k->size == f->size && k->mtime_ns == f->mtime_ns && k->inode == f->inode &&
		    k->mode == f->mode) {
			memcpy(f->hash, k->hash, sizeof(f->hash));
			continue;
		}
		if (!(i % 256) && cancel_pending(cancel_fd))
			return -EINTR;
		full = str_fmt("%s/%s", dir, f->path);
		if (!full)
			err = -ENOMEM;
		else
			err = S_ISLNK(f->mode) ? hash_link(full, f->hash)
					       : hash_file(full, f->hash);
		free(full);
	}
	return err;
}

static bool lists(const struct srcdir *d, const char *path)
{
	for (size_t i = 0; i < d->n; i++)
		if (!strcmp(d->v[i].path, path))
			return true;
	return false;
}

int srcdir__scan(const char *dir, const char *memo, int cancel_fd, struct srcdir *out)
{
	struct srcdir d = { 0 }, known = { 0 };
	char *git = str_fmt("%s/.git", dir);
	int err = -ENOMEM;

	if (!git)
		return err;
	err = file_exists(git) ? list_git(dir, &d, cancel_fd) : -ENOENT;
	/* Debian's kernel sources carry a .gitignore for all that is not debian/. */
	if (!err && !lists(&d, "Kconfig"))
		err = -ENOENT;
	if (err == -ENOENT || err == -EIO) { /* no git tree, no git, or it does not like the tree */
		srcdir__release(&d);
		err = list_folder(dir, "", &d, 0);
	}
	if (!err && d.n)
		qsort(d.v, d.n, sizeof(*d.v), compare);
	if (!err)
		err = srcdir__load(memo, &known);
	if (!err)
		err = fill_hashes(&d, dir, &known, cancel_fd);
	if (err == -EILSEQ)
		log_err("%s: a file's name has a line break or a quote in it", dir);
	else if (err && err != -EINTR)
		log_err("%s: the source cannot be read: %s", dir, strerror(-err));
	if (err)
		srcdir__release(&d);
	else
		*out = d;
	srcdir__release(&known);
	free(git);
	return err;
}

int srcdir__save(const struct srcdir *d, const char *memo)
{
	struct strbuf sb = STRBUF_INIT;
	int err;

	for (size_t i = 0; i < d->n; i++)
		strbuf__addf(&sb, "%s %" PRId64 " %" PRId64 " %" PRIu64 " %o %s\n", d->v[i].hash,
			     d->v[i].size, d->v[i].mtime_ns, d->v[i].inode, d->v[i].mode,
			     d->v[i].path);
	err = sb.failed ? -ENOMEM : file_write(memo, strbuf__str(&sb), sb.len);
	strbuf__free(&sb);
	return err;
}

int srcdir__load(const char *memo, struct srcdir *out)
{
	struct srcdir d = { 0 };
	char *text = NULL, *p, *next;
	int err = file_read(memo, MEMO_MAX, &text, NULL);

	*out = d;
	if (err)
		return err == -ENOENT ? 0 : err;
	for (p = text; !err && *p; p = next) {
		struct srcfile f, *to;
		int at = 0;

		next = strchrnul(p, '\n');
		if (*next)
			*next++ = '\0';
		if (sscanf(p, "%64s %" SCNd64 " %" SCNd64 " %" SCNu64 " %o %n", f.hash, &f.size,
			   &f.mtime_ns, &f.inode, &f.mode, &at) < 5 ||
		    !at)
			continue; /* only a memo: what it does not say is computed */
		to = add(&d, p + at);
		if (!to) {
			err = -ENOMEM;
			break;
		}
		f.path = to->path;
		*to = f;
	}
	free(text);
	if (!err && d.n)
		qsort(d.v, d.n, sizeof(*d.v), compare);
	if (err)
		srcdir__release(&d);
	else
		*out = d;
	return err;
}

int srcdir__hash(const struct srcdir *d, char hex[HASH_HEX])
{
	struct hash *h = hash__new();

	if (!h)
		return -ENOMEM;
	for (size_t i = 0; i < d->n; i++) {
		char mode[16];

		/* Of the permissions only x: the rest is the umask's. */
		snprintf(mode, sizeof(mode), "%o", d->v[i].mode & (S_IFMT | 0100));
		hash__add_str(h, mode);
		hash__add_str(h, d->v[i].path);
		hash__add_str(h, d->v[i].hash);
	}
	hash__end(h, hex);
	return 0;
}
