// SPDX-License-Identifier: GPL-2.0-only
#include "vm/toolchain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"

/* scripts/link-vmlinux.sh of 5.10 and scripts/pahole-flags.sh of 6.1 refuse older ones. */
#define PAHOLE_MAJOR 1
#define PAHOLE_MINOR 16

/* What a build runs, and Debian's package for it. */
static const struct need {
	const char *program, *package;
} needs[] = {
	{ "make", "make" },
	{ "gcc", "gcc" },
	{ "ld", "binutils" },
	{ "objcopy", "binutils" },
	{ "flex", "flex" },
	{ "bison", "bison" },
	{ "bc", "bc" },
	{ "perl", "perl" },
	{ "pahole", "dwarves" },
	{ "patch", "patch" },
	{ "tar", "tar" },
	{ "xz", "xz-utils" },
	/* tools/lib/bpf, built for resolve_btfids, generates a header with it. */
	{ "python3", "python3" },
};
#define NR_NEEDS (sizeof(needs) / sizeof(needs[0]))

static void keep_first_line(void *ctx, const char *line)
{
	char **first = ctx;

	if (!*first && *line)
		*first = strdup(line);
}

/* First line of what a program says of its version; NULL when there is no such program, or when it
 * does not start: t->broken says so then. */
static int ask(struct toolchain *t, const char *program, char **out)
{
	const char *argv[] = { program, "--version", NULL };
	struct proc_opts opts = {
		.argv = argv,
		.on_line = keep_first_line,
		.ctx = out,
		.cancel_fd = -1,
	};
	int status = 0, err;

	*out = NULL;
	err = proc_run(&opts, &status);
	if (err == -ENOMEM)
		return err;
	if (!err && !status && *out)
		return 0;
	if (err != -ENOENT && !t->broken) {
		t->broken = program;
		t->why_broken =
			*out  ? *out
			: err ? strdup(strerror(-err))
			      : str_fmt("`%s --version` ends with status %d", program, status);
		*out = NULL;
	}
	free(*out);
	*out = NULL;
	return 0;
}

int toolchain__probe(struct toolchain *t)
{
	char *ccache;
	int err;

	*t = (struct toolchain){ 0 };
	err = ask(t, "gcc", &t->cc);
	if (!err)
		err = ask(t, "ld", &t->ld);
	if (!err)
		err = ask(t, "pahole", &t->pahole);
	if (err) {
		toolchain__release(t);
		return err;
	}
	ccache = proc_which("ccache");
	t->ccache = ccache;
	free(ccache);
	return 0;
}

int toolchain__set_pahole(struct toolchain *t, const char *version)
{
	free(t->pahole);
	t->pahole = str_fmt("v%s", version);
	t->own_pahole = true;
	if (t->broken && !strcmp(t->broken, "pahole"))
		t->broken = NULL;
	return t->pahole ? 0 : -ENOMEM;
}

void toolchain__release(struct toolchain *t)
{
	free(t->cc);
	free(t->ld);
	free(t->pahole);
	free(t->why_broken);
	*t = (struct toolchain){ 0 };
}

void toolchain__hash(const struct toolchain *t, struct hash *h)
{
	hash__add_str(h, t->cc);
	hash__add_str(h, t->ld);
	hash__add_str(h, t->pahole);
}

/* objtool and resolve_btfids of the kernel are linked with libelf. */
static bool has_libelf_headers(void)
{
	const char *argv[] = { "gcc", "-E", "-include", "gelf.h", "-x", "c", "/dev/null", NULL };
	struct proc_opts opts = { .argv = argv, .log_path = "/dev/null", .cancel_fd = -1 };
	int status;

	return !proc_run(&opts, &status) && !status;
}

static const char *package_of(const char *program)
{
	for (size_t i = 0; i < NR_NEEDS; i++)
		if (!strcmp(needs[i].program, program))
			return needs[i].package;
	return program;
}

static void add(struct strbuf *what, struct strbuf *packages, const char *name, const char *package)
{
	strbuf__addf(what, "%s%s", what->len ? ", " : "", name);
	if (!packages->data || !strstr(packages->data, package))
		strbuf__addf(packages, " %s", package);
}

int toolchain__check(const struct toolchain *t, const char *kernel)
{
	struct strbuf what = STRBUF_INIT, packages = STRBUF_INIT;
	int major, minor, err = 0;

	for (size_t i = 0; i < NR_NEEDS; i++) {
		char *path = proc_which(needs[i].program);

		if (!path && !(t->own_pahole && !strcmp(needs[i].program, "pahole")))
			add(&what, &packages, needs[i].program, needs[i].package);
		free(path);
	}
	if (t->cc && !has_libelf_headers())
		add(&what, &packages, "gelf.h", "libelf-dev");
	if (what.len) {
		log_err("kernel %s: to build it takes %s, missing here: apt-get install%s", kernel,
			strbuf__str(&what), strbuf__str(&packages));
		err = -ENOENT;
	} else if (t->broken) {
		log_err("kernel %s: %s is there and does not start (%s): apt-get install "
			"--reinstall %s, or mend what comes before it in PATH",
			kernel, t->broken, t->why_broken ? t->why_broken : "no reason known",
			package_of(t->broken));
		err = -ENOENT;
	} else if (!t->pahole || sscanf(t->pahole, "v%d.%d", &major, &minor) != 2 ||
		   major < PAHOLE_MAJOR || (major == PAHOLE_MAJOR && minor < PAHOLE_MINOR)) {
		log_err("kernel %s: BTF takes pahole %d.%d or later, here it is '%s': apt-get "
			"install dwarves, or build it from its sources",
			kernel, PAHOLE_MAJOR, PAHOLE_MINOR, t->pahole ? t->pahole : "unknown");
		err = -ENOENT;
	}
	strbuf__free(&what);
	strbuf__free(&packages);
	return err;
}
