// SPDX-License-Identifier: GPL-2.0-only
#include "vm/kbuild.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/term.h"
#include "vm/kconfig.h"

#define CONFIG_MAX (4 << 20)
#define ERRORS_MAX 6

/* What would change the kernel without being part of its key, or the shape of make's output. */
static const char *const unset[] = {
	"MAKEFLAGS",
	"MFLAGS",
	"MAKELEVEL",
	"MAKEOVERRIDES",
	"V",
	"O",
	"ARCH",
	"SRCARCH",
	"CROSS_COMPILE",
	"LLVM",
	"CC",
	"LD",
	"HOSTCC",
	"PAHOLE",
	"KCFLAGS",
	"KAFLAGS",
	"KCPPFLAGS",
	"CFLAGS",
	"LDFLAGS",
	"W",
	"C",
	"KBUILD_OUTPUT",
	"KCONFIG_CONFIG",
	"KBUILD_EXTMOD",
	"KCONFIG_ALLCONFIG",
	"PAHOLE_FLAGS",
	"INSTALL_PATH",
	"HOSTCFLAGS",
	"HOSTLDFLAGS",
};
#define NR_UNSET (sizeof(unset) / sizeof(unset[0]))

struct output {
	const struct kbuild *kb;
	struct progress *progress;
	unsigned int steps, lines;
	double least; /* of the fraction: a late stage was reached */
	struct strv errors;
	bool other_errors; /* errors hold more than make's own "***" */
};

static unsigned int cpus(void)
{
	cpu_set_t set;

	if (!sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) > 0)
		return CPU_COUNT(&set);
	return 1;
}

/* env -u … make -C tree -jN CC=… goal [second]. Fixed user, host, time and number: the same inputs
 * give the same kernel, and ccache finds it. */
static int run_make(const struct kbuild *kb, const char *goal, const char *second, const char *log,
		    void (*on_line)(void *ctx, const char *line), void *ctx, int *status)
{
	char *ccache_dir = str_fmt("CCACHE_DIR=%s/ccache", kb->cache);
	char *jobs = str_fmt("-j%u", kb->jobs ? kb->jobs : cpus());
	char *pahole = kb->pahole ? str_fmt("PAHOLE=%s", kb->pahole) : NULL;
	const char *env[] = {
		"LC_ALL=C",
		"KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970",
		"KBUILD_BUILD_USER=assay",
		"KBUILD_BUILD_HOST=assay",
		"KBUILD_BUILD_VERSION=1",
		"LOCALVERSION=",
		"CCACHE_NOHASHDIR=1",
		"CCACHE_MAXSIZE=5G",
		ccache_dir,
		NULL,
	};
	const char *argv[2 * NR_UNSET + 18];
	size_t n = 0;
	int err = -ENOMEM;

	argv[n++] = "env";
	for (size_t i = 0; i < NR_UNSET; i++) {
		argv[n++] = "-u";
		argv[n++] = unset[i];
	}
	argv[n++] = "make";
	argv[n++] = "-C";
	argv[n++] = kb->tree;
	argv[n++] = jobs;
	argv[n++] = kb->ccache ? "CC=ccache gcc" : "CC=gcc";
	if (pahole)
		argv[n++] = pahole;
	argv[n++] = goal;
	argv[n++] = second;
	argv[n] = NULL;
	if (ccache_dir && jobs && !kb->pahole == !pahole)
		err = proc_run(
			&(struct proc_opts){
				.argv = argv,
				.env = env,
				.log_path = log,
				.on_line = on_line,
				.ctx = ctx,
				.cancel_fd = kb->cancel_fd,
			},
			status);
	if (err && err != -EINTR)
		log_err("kernel %s: cannot run make in %s: %s", kb->kernel, kb->tree,
			strerror(-err));
	free(ccache_dir);
	free(pahole);
	free(jobs);
	return err;
}

/* Worth showing when the build fails: 2 for what the tools say, 1 for make's own line. */
static int error_weight(const char *line)
{
	static const char *const marks[] = {
		" error: ", "fatal error: ",	 "undefined reference to",    "No space left",
		"FAILED: ", "Killed signal",	 "internal compiler error",   "multiple definition",
		"ERROR: ",  "command not found", "No such file or directory", "Cannot allocate",
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(line, marks[i]))
			return 2;
	return str_starts(line, "make") && strstr(line, "*** ") ? 1 : 0;
}

static void keep_error(struct output *o, const char *line)
{
	int weight = error_weight(line);

	if (!weight || (weight == 1 && o->other_errors))
		return;
	if (weight == 2 && !o->other_errors) {
		strv__free(&o->errors);
		o->errors = (struct strv){ 0 };
		o->other_errors = true;
	}
	if (o->errors.n < ERRORS_MAX)
		strv__add(&o->errors, line);
}

/* The link and BTF print few lines but take a good part of the time. */
static double stage(const char *line)
{
	static const struct {
		const char *mark;
		double at;
	} stages[] = {
		{ "MODPOST", .85 },	    { ".tmp_vmlinux.btf", .87 },
		{ "  BTF ", .90 },	    { ".kallsyms1", .94 },
		{ ".kallsyms2", .96 },	    { "  LD      vmlinux", .97 },
		{ "BTFIDS  vmlinux", .98 },
	};

	for (size_t i = sizeof(stages) / sizeof(stages[0]); i-- > 0;)
		if (strstr(line, stages[i].mark) && !strstr(line, "vmlinux.o"))
			return stages[i].at;
	return 0;
}

static void on_build_line(void *ctx, const char *line)
{
	struct output *o = ctx;
	double f = -1, at;

	if (o->kb->verbose)
		fprintf(stderr, "%s\n", line);
	if (str_starts(line, "  ") && isupper((unsigned char)line[2])) {
		o->lines++;
		at = stage(line);
		if (at > o->least)
			o->least = at;
	} else {
		keep_error(o, line);
	}
	/* The first lines come slowly (tools are built, headers generated) and tell nothing. */
	if (o->steps && o->lines > o->steps / 50)
		f = .85 * (o->lines < o->steps ? o->lines : o->steps) / o->steps;
	if (f < o->least)
		f = o->least > 0 ? o->least : f;
	progress__update(o->progress, f, NULL);
}

static void say_failed(const struct output *o, const char *log, int status)
{
	/* The first line is all that a table has room for. */
	log_err("kernel %s: the build failed: %s", o->kb->kernel,
		o->errors.n ? o->errors.v[0] : "make gave no reason");
	for (size_t i = 1; i < o->errors.n; i++)
		log_err("  %s", o->errors.v[i]);
	log_err("make's exit status: %d; all of its output: %s", status, log);
	for (size_t i = 0; i < o->errors.n; i++) {
		if (strstr(o->errors.v[i], "No space left"))
			log_err("the disk is full: `assay kernel prune` frees build trees");
		else if (strstr(o->errors.v[i], "Killed signal"))
			log_err("the compiler was killed, as happens when memory runs out: fewer "
				"jobs (-j) need less");
		else
			continue;
		break;
	}
}

bool kbuild__has_modules(const char *config)
{
	for (const char *line = config; line; line = strchr(line, '\n')) {
		size_t len = strcspn(line += *line == '\n', "\n");

		if (len > 2 && str_starts(line, "CONFIG_") && !strncmp(line + len - 2, "=m", 2))
			return true;
	}
	return false;
}

static int want_modules(const struct kbuild *kb, bool *want)
{
	char *path = str_fmt("%s/.config", kb->tree), *text = NULL;
	int err = path ? file_read(path, CONFIG_MAX, &text, NULL) : -ENOMEM;

	if (err)
		log_err("kernel %s: %s: cannot be read: %s", kb->kernel, path ? path : ".config",
			strerror(-err));
	else
		*want = kbuild__has_modules(text);
	free(text);
	free(path);
	return err;
}

int kbuild__build(const struct kbuild *kb, const char *log, unsigned int *steps)
{
	struct output o = { .kb = kb, .steps = *steps };
	char *title = str_fmt("kernel %s: build", kb->kernel);
	bool modules = false;
	int status = 0, err;

	err = title ? want_modules(kb, &modules) : -ENOMEM;
	if (err)
		goto out;
	if (unlink(log) && errno != ENOENT)
		log_warn("%s: cannot be removed: %s", log, strerror(errno));
	o.progress = kb->verbose ? NULL : progress__new(title, false);
	err = run_make(kb, "vmlinux", modules ? "modules" : NULL, log, on_build_line, &o, &status);
	progress__done(o.progress, err || status ? NULL : "done");
	if (!err && status) {
		say_failed(&o, log, status);
		err = -EIO;
	}
	*steps = o.lines;
	strv__free(&o.errors);
out:
	free(title);
	return err;
}

static void on_config_line(void *ctx, const char *line)
{
	struct strbuf *said = ctx;

	strbuf__addf(said, "%s\n", line);
}

/* The last line that a tool said: make's own only tell that one failed. NULL when there is none. */
static char *last_word(const char *said)
{
	struct strv lines = { 0 };
	char *last = NULL;

	if (!strv__split(&lines, said, "\n"))
		for (size_t i = lines.n; i-- && !last;)
			if (!str_starts(lines.v[i], "make"))
				last = strdup(lines.v[i]);
	strv__free(&lines);
	return last;
}

static int make_config(const struct kbuild *kb, const char *goal)
{
	struct strbuf said = STRBUF_INIT;
	int status = 0, err = run_make(kb, goal, NULL, NULL, on_config_line, &said, &status);

	if (kb->verbose)
		fputs(strbuf__str(&said), stderr);
	if (!err && status) {
		char *last = last_word(strbuf__str(&said));

		log_err("kernel %s: 'make %s' failed (exit status %d)%s%s\n%s", kb->kernel, goal,
			status, last ? ": " : "", last ? last : "", strbuf__str(&said));
		free(last);
		err = -EIO;
	}
	strbuf__free(&said);
	return err;
}

static int check_options(const struct kbuild *kb, const struct kopts *opts, const char *text)
{
	struct dotconfig *c = NULL;
	int err = dotconfig__parse(text, &c);
	bool bad = false;

	for (size_t i = 0; !err && i < opts->n; i++) {
		const struct kopt *o = &opts->v[i];
		const char *is;
		char *why;

		if (kopt__holds(o, c))
			continue;
		if (kb->partial && !kopt__exists(o, kb->tree)) {
			log_debug("kernel %s: it has no CONFIG_%s: left out", kb->kernel, o->name);
			continue;
		}
		is = dotconfig__get(c, o->name);
		why = kopt__why(o, c, kb->tree);
		log_err("%s:%d: kernel %s: CONFIG_%s is to be %s, but kconfig made it %s: %s",
			o->file, o->line, kb->kernel, o->name,
			strcmp(o->value, "n") ? o->value : "unset", is ? is : "unset",
			why ? why : "out of memory");
		free(why);
		bad = true;
	}
	dotconfig__free(c);
	return err ? err : bad ? -EINVAL : 0;
}

static int configure(const struct kbuild *kb, const struct kopts *opts, const char *path,
		     char **result)
{
	char *tiny = NULL, *merged = NULL;
	int err = make_config(kb, "tinyconfig");

	if (!err)
		err = file_read(path, CONFIG_MAX, &tiny, NULL);
	if (!err)
		err = kopts__merge(opts, tiny, &merged);
	if (!err)
		err = file_write(path, merged, strlen(merged));
	if (!err)
		err = make_config(kb, "olddefconfig");
	if (!err)
		err = file_read(path, CONFIG_MAX, result, NULL);
	if (!err)
		err = check_options(kb, opts, *result);
	free(tiny);
	free(merged);
	return err;
}

int kbuild__configure(const struct kbuild *kb, const struct kopts *opts)
{
	char *path = str_fmt("%s/.config", kb->tree);
	/* What the objects were built with. It stays there if we are cut off. */
	char *kept = str_fmt("%s/.assay/config.kept", kb->tree);
	char *now = NULL, *before = NULL;
	int err = -ENOMEM;

	if (!path || !kept)
		goto out;
	if (!file_exists(kept) && rename(path, kept) && errno != ENOENT) {
		err = -errno;
		log_err("%s: cannot be kept aside: %s", path, strerror(-err));
		goto out;
	}
	err = configure(kb, opts, path, &now);
	if (err)
		goto out;
	if (!file_read(kept, CONFIG_MAX, &before, NULL) && !strcmp(before, now)) {
		if (rename(kept, path))
			err = -errno;
	} else {
		unlink(kept);
	}
out:
	free(path);
	free(kept);
	free(now);
	free(before);
	return err;
}

int kbuild__release(const struct kbuild *kb, char **out)
{
	char *path = str_fmt("%s/include/config/kernel.release", kb->tree), *s = NULL;
	int err = path ? file_read(path, 4096, &s, NULL) : -ENOMEM;

	if (!err) {
		s[strcspn(s, "\n")] = '\0';
		*out = s;
	} else {
		log_err("kernel %s: %s: cannot be read: %s", kb->kernel,
			path ? path : "kernel.release", strerror(-err));
	}
	free(path);
	return err;
}
