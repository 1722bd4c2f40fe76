// SPDX-License-Identifier: GPL-2.0-only
#include "vm/patch.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"

#define PATCH_MAX (16 << 20)
#define LIST_MAX  (16 << 20)

struct job {
	const struct patching *p;
	struct patch *patches; /* as p->patches */
	struct strv paths;     /* that the series touches */
	struct strv absent;    /* of those ever touched, the ones that the source does not have */
	char *scratch, *pristine, *absent_list, *touched_list;
};

/* What `patch` said of one patch. */
struct report {
	char *file;	/* that is being patched */
	char *bad_file; /* the first that could not be */
	int bad_hunk;	/* its first bad hunk; 0: the whole file */
	int fuzz;	/* with which bad_hunk of bad_file would apply; 0: with none */
	struct strbuf all;
};

/* What is wrong, to the caller or into the log. */
__attribute__((format(printf, 2, 3))) static void complain(const struct job *j, const char *fmt,
							   ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf__addv(&sb, fmt, ap);
	va_end(ap);
	if (!j->p->why)
		log_err("kernel %s: %s", j->p->kernel, strbuf__str(&sb));
	else if (!*j->p->why)
		*j->p->why = strbuf__detach(&sb);
	strbuf__free(&sb);
}

static int read_list(const char *path, struct strv *sv)
{
	char *text = NULL;
	int err = file_read(path, LIST_MAX, &text, NULL);

	if (err == -ENOENT)
		return 0;
	if (!err)
		err = strv__split(sv, text, "\n");
	free(text);
	return err;
}

static int write_list(const char *path, const struct strv *sv)
{
	struct strbuf sb = STRBUF_INIT;
	int err;

	for (size_t i = 0; i < sv->n; i++)
		strbuf__addf(&sb, "%s\n", sv->v[i]);
	err = sb.failed ? -ENOMEM : file_write(path, strbuf__str(&sb), sb.len);
	strbuf__free(&sb);
	return err;
}

static int copy_below(const char *from_dir, const char *to_dir, const char *path)
{
	char *from = str_fmt("%s/%s", from_dir, path), *to = str_fmt("%s/%s", to_dir, path);
	int err = -ENOMEM;

	if (from && to) {
		char *slash = strrchr(to, '/');

		*slash = '\0';
		err = dir_make(to);
		*slash = '/';
		if (!err)
			err = file_copy(from, to);
	}
	free(from);
	free(to);
	return err;
}

/* Is there a plain file? A folder or a dangling link in its place is for `patch` to refuse. */
static bool has(const char *dir, const char *path)
{
	char *full = str_fmt("%s/%s", dir, path);
	struct stat st;
	bool there = full && !stat(full, &st) && S_ISREG(st.st_mode);

	free(full);
	return there;
}

/* Keeps the files that the series touches as they are before any patch. The tree is only written
 * after this, so what is not kept yet is still as the source has it. */
static int keep_pristine(struct job *j)
{
	size_t known = j->absent.n;
	int err = 0;

	for (size_t i = 0; !err && i < j->paths.n; i++) {
		const char *path = j->paths.v[i];

		if (strv__has(&j->absent, path) || has(j->pristine, path))
			continue;
		err = has(j->p->tree, path) ? copy_below(j->p->tree, j->pristine, path)
					    : strv__add(&j->absent, path);
	}
	if (!err && j->absent.n != known)
		err = write_list(j->absent_list, &j->absent);
	if (err)
		log_err("kernel %s: cannot keep copies of the files to be patched in %s: %s",
			j->p->kernel, j->pristine, strerror(-err));
	return err;
}

static int read_patches(struct job *j)
{
	int err = 0;

	j->patches = calloc(j->p->patches->n + 1, sizeof(*j->patches));
	if (!j->patches)
		return -ENOMEM;
	for (size_t i = 0; !err && i < j->p->patches->n; i++) {
		char *path = str_fmt("%s/%s", j->p->dir, j->p->patches->v[i]);
		char *text = NULL, *reason = NULL;

		err = path ? file_read(path, PATCH_MAX, &text, NULL) : -ENOMEM;
		if (!err)
			err = patch__parse(text, &j->patches[i], &reason);
		if (!err)
			err = patch__paths(&j->patches[i], &j->paths);
		else
			complain(j, "patch %s: %s", path ? path : j->p->patches->v[i],
				 reason ? reason : strerror(-err));
		free(reason);
		free(text);
		free(path);
	}
	return err;
}

static int fill_scratch(struct job *j)
{
	int err = dir_remove(j->scratch);

	if (!err)
		err = dir_make(j->scratch);
	for (size_t i = 0; !err && i < j->paths.n; i++)
		if (has(j->pristine, j->paths.v[i]))
			err = copy_below(j->pristine, j->scratch, j->paths.v[i]);
	if (err)
		complain(j, "cannot prepare %s: %s", j->scratch, strerror(-err));
	return err;
}

static void set_file(char **to, const char *s)
{
	free(*to);
	*to = strndup(s, strcspn(s, " \t"));
}

static void on_line(void *ctx, const char *line)
{
	struct report *r = ctx;
	int hunk, at, fuzz;

	strbuf__addf(&r->all, "%s\n", line);
	if (str_starts(line, "patching file "))
		set_file(&r->file, line + strlen("patching file "));
	else if (str_starts(line, "checking file "))
		set_file(&r->file, line + strlen("checking file "));
	else if (str_starts(line, "|+++ "))
		set_file(&r->file, line + strcspn(line, "/") + 1);
	else if (sscanf(line, "Hunk #%d FAILED at %d", &hunk, &at) == 2 && !r->bad_file) {
		r->bad_hunk = hunk;
		r->bad_file = r->file ? strdup(r->file) : NULL;
	} else if (str_starts(line, "No file to patch.") && !r->bad_file) {
		r->bad_file = r->file ? strdup(r->file) : NULL;
	} else if (r->bad_hunk && r->bad_file && r->file && !strcmp(r->file, r->bad_file) &&
		   sscanf(line, "Hunk #%d succeeded at %d with fuzz %d", &hunk, &at, &fuzz) == 3 &&
		   hunk == r->bad_hunk) {
		r->fuzz = fuzz;
	}
}

static void release_report(struct report *r)
{
	free(r->file);
	free(r->bad_file);
	strbuf__free(&r->all);
}

static int run_patch(struct job *j, size_t i, const char *fuzz, bool dry, struct report *r,
		     int *status)
{
	const char *env[] = { "LC_ALL=C", NULL };
	char dir[PATH_MAX], *path;
	const char *argv[16];
	size_t n = 0;
	int err;

	if (!realpath(j->p->dir, dir))
		return -errno;
	path = str_fmt("%s/%s", dir, j->p->patches->v[i]);
	if (!path)
		return -ENOMEM;
	/* --force: no questions, and a patch that is in the source already is a failure. */
	argv[n++] = "patch";
	argv[n++] = "-p1";
	argv[n++] = fuzz;
	argv[n++] = "--force";
	argv[n++] = "--no-backup-if-mismatch";
	argv[n++] = "--reject-file=-";
	argv[n++] = "-d";
	argv[n++] = j->scratch;
	argv[n++] = "-i";
	argv[n++] = path;
	if (dry)
		argv[n++] = "--dry-run";
	argv[n] = NULL;
	err = proc_run(
		&(struct proc_opts){
			.argv = argv,
			.env = env,
			.on_line = on_line,
			.ctx = r,
			.cancel_fd = j->p->cancel_fd,
		},
		status);
	free(path);
	return err;
}

static int apply_one(struct job *j, size_t i, struct report *r)
{
	int status, err = run_patch(j, i, "-F0", false, r, &status);

	if (err && err != -EINTR)
		complain(j, "cannot run 'patch': %s%s", strerror(-err),
			 err == -ENOENT ? ": apt-get install patch" : "");
	return err ? err : status ? -EINVAL : 0;
}

/* Would it apply with fuzz? Only to say so: the files must be as they were before this patch. */
static void try_fuzz(struct job *j, size_t i, struct report *r)
{
	int status;

	if (!r->bad_hunk || fill_scratch(j))
		return;
	for (size_t k = 0; k < i; k++) {
		struct report other = { 0 };
		int err = apply_one(j, k, &other);

		release_report(&other);
		if (err)
			return;
	}
	free(r->file);
	r->file = NULL;
	run_patch(j, i, "-F3", true, r, &status);
}

static const struct patch_hunk *find_hunk(const struct patch *p, const char *path, int hunk)
{
	for (size_t i = 0; path && i < p->n; i++)
		if (!strcmp(p->files[i].path, path) && hunk > 0 &&
		    (size_t)hunk <= p->files[i].nr_hunks)
			return &p->files[i].hunks[hunk - 1];
	return NULL;
}

static void say_bad(struct job *j, size_t i, struct report *r)
{
	const struct patch_hunk *h = find_hunk(&j->patches[i], r->bad_file, r->bad_hunk);
	const char *name = j->p->patches->v[i];

	if (!r->bad_file) {
		complain(j, "patch %s does not apply:\n%s", name, strbuf__str(&r->all));
	} else if (!r->bad_hunk) {
		complain(j, "patch %s does not apply: the source has no file %s", name,
			 r->bad_file);
	} else {
		char fuzz[120] = "";

		try_fuzz(j, i, r);
		if (r->fuzz)
			snprintf(
				fuzz, sizeof(fuzz),
				"; it would apply with fuzz %d, which is not accepted: bring its context "
				"lines up to date",
				r->fuzz);
		complain(
			j, "patch %s does not apply: file %s, hunk %d (%s; line %d of the patch)%s",
			name, r->bad_file, r->bad_hunk, h ? h->header : "?", h ? h->line : 0, fuzz);
	}
}

static int compute(struct job *j)
{
	int err = fill_scratch(j);

	for (size_t i = 0; !err && i < j->p->patches->n; i++) {
		struct report r = { 0 };

		err = apply_one(j, i, &r);
		if (err == -EINVAL)
			say_bad(j, i, &r);
		release_report(&r);
	}
	return err;
}

static int same_files(const char *a, const char *b, bool *same)
{
	char *x = NULL, *y = NULL;
	size_t nx, ny;
	struct stat sa, sb;
	int err = 0;

	*same = false;
	if (stat(a, &sa) || stat(b, &sb))
		return 0;
	if (sa.st_size != sb.st_size || (sa.st_mode & 0111) != (sb.st_mode & 0111))
		return 0;
	err = file_read(a, 0, &x, &nx);
	if (!err)
		err = file_read(b, 0, &y, &ny);
	if (!err)
		*same = nx == ny && !memcmp(x, y, nx);
	free(x);
	free(y);
	return err;
}

/* One file of the tree: as it is below `from`, or gone when it is not there. */
static int bring(const char *from_dir, const char *tree, const char *path, unsigned int *changed)
{
	char *from = str_fmt("%s/%s", from_dir, path), *to = str_fmt("%s/%s", tree, path);
	bool same, is = has(from_dir, path), was = has(tree, path);
	int err = -ENOMEM;

	if (!from || !to)
		goto out;
	err = 0;
	if (is && was) {
		err = same_files(from, to, &same);
		if (err || same)
			goto out;
	}
	if (is)
		err = copy_below(from_dir, tree, path);
	else if (was && unlink(to))
		err = -errno;
	*changed += is || was;
out:
	free(from);
	free(to);
	return err;
}

/* The tree may hold changes of an earlier series, to files that this one leaves alone. */
static int write_tree(struct job *j, unsigned int *changed)
{
	struct strv all = { 0 };
	size_t old;
	int err = read_list(j->touched_list, &all);

	old = all.n;
	for (size_t i = 0; !err && i < j->paths.n; i++)
		if (!strv__has(&all, j->paths.v[i]))
			err = strv__add(&all, j->paths.v[i]);
	/* Before the first write, so that nothing is forgotten if this is cut off. */
	if (!err && all.n != old)
		err = write_list(j->touched_list, &all);
	for (size_t i = 0; !err && i < all.n; i++) {
		const char *from = strv__has(&j->paths, all.v[i]) ? j->scratch : j->pristine;

		err = bring(from, j->p->tree, all.v[i], changed);
	}
	if (!err)
		err = write_list(j->touched_list, &j->paths);
	strv__free(&all);
	if (err)
		log_err("kernel %s: cannot write the patched files to %s: %s", j->p->kernel,
			j->p->tree, strerror(-err));
	return err;
}

static void release_job(struct job *j)
{
	for (size_t i = 0; j->patches && i < j->p->patches->n; i++)
		patch__release(&j->patches[i]);
	free(j->patches);
	strv__free(&j->paths);
	strv__free(&j->absent);
	free(j->scratch);
	free(j->pristine);
	free(j->absent_list);
	free(j->touched_list);
}

int patching__sync(const struct patching *p, int (*before_write)(void *ctx), void *ctx,
		   unsigned int *changed)
{
	struct job j = { .p = p };
	int err = -ENOMEM;

	*changed = 0;
	j.scratch = str_fmt("%s/scratch", p->state);
	j.pristine = str_fmt("%s/pristine", p->state);
	j.absent_list = str_fmt("%s/absent", p->state);
	j.touched_list = str_fmt("%s/touched", p->state);
	if (!j.scratch || !j.pristine || !j.absent_list || !j.touched_list)
		goto out;
	err = read_list(j.absent_list, &j.absent);
	if (!err)
		err = read_patches(&j);
	if (!err)
		err = keep_pristine(&j);
	if (!err)
		err = compute(&j);
	if (!err && before_write)
		err = before_write(ctx);
	if (!err)
		err = write_tree(&j, changed);
	dir_remove(j.scratch);
out:
	release_job(&j);
	return err;
}

int patching__check(const struct patching *p)
{
	struct job j = { .p = p };
	int err = -ENOMEM;

	j.scratch = str_fmt("%s/scratch", p->state);
	j.pristine = strdup(p->tree);
	if (j.scratch && j.pristine)
		err = read_patches(&j);
	if (!err)
		err = compute(&j);
	if (j.scratch)
		dir_remove(j.scratch);
	release_job(&j);
	return err;
}
