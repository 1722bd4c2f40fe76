// SPDX-License-Identifier: GPL-2.0-only
/* Tools that are missing, too old or broken when a kernel is to be built, or run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "setup.h"

/* What a kernel's build takes, and Debian's package with it: written down here once more, so that a
 * check dropped from assay is noticed. */
static const struct {
	const char *tool, *package;
} tools[] = {
	{ "make", "make" },	  { "gcc", "gcc" },
	{ "ld", "binutils" },	  { "objcopy", "binutils" },
	{ "flex", "flex" },	  { "bison", "bison" },
	{ "bc", "bc" },		  { "perl", "perl" },
	{ "pahole", "dwarves" },  { "patch", "patch" },
	{ "tar", "tar" },	  { "xz", "xz-utils" },
	{ "python3", "python3" },
};

/* No source was fetched, nothing begun: the check came first. */
static void check_untouched(const struct place *p, struct record *r)
{
	static const char *const begun[] = { "sources", "trees", "kernels" };
	const char *found = "nothing";

	for (size_t i = 0; i < sizeof(begun) / sizeof(begun[0]); i++) {
		char *path = str_fmt("%s/cache/%s", p->dir, begun[i]);

		if (!path || file_exists(path))
			found = begun[i];
		free(path);
	}
	exp__check(r, !strcmp(found, "nothing"), "nothing was fetched or begun", "%s", found);
}

/* assay kernel build, or assay run, with what was done to the tools. */
static int ask(const struct place *p, const char *name, const char *const *words, const char *line)
{
	const char *argv[8] = { exp__assay(p->e) };
	struct record *r = exp__measurement(p->e, name);
	struct said said = { 0 };
	int err;

	for (size_t i = 0; i < 6 && words[i]; i++)
		argv[i + 1] = words[i];
	err = place__run(p, true, argv, &said);
	if (err) {
		record__free(r);
	} else {
		said__check_status(&said, r, 3);
		said__check_line(&said, r, line);
		check_untouched(p, r);
		err = exp__emit(p->e, r);
	}
	said__release(&said);
	return err;
}

static const char *const build[] = { "kernel", "build", SETUP_KERNEL, NULL };
#define OF_BUILD "assay: kernel " SETUP_KERNEL ": "

static int missing(const struct place *p, const char *tool, const char *package)
{
	char *name = str_fmt("missing-%s", tool);
	char *line = str_fmt(OF_BUILD "to build it takes %s, missing here: apt-get install %s",
			     tool, package);
	int err = place__take_away(p, tool);

	if (!err)
		err = name && line ? ask(p, name, build, line) : -1;
	if (!err)
		err = place__give_back(p, tool);
	free(name);
	free(line);
	return err;
}

static const struct {
	const char *name, *tool, *script, *line;
} fakes[] = {
	{ "old-pahole", "pahole", "echo v1.9",
	  OF_BUILD "BTF takes pahole 1.16 or later, here it is 'v1.9': apt-get install dwarves, or "
		   "build it from its sources" },
	{ "broken-pahole", "pahole",
	  "echo 'pahole: error while loading shared libraries: libdwarves_reorganize.so.1: cannot "
	  "open shared object file: No such file or directory' >&2; exit 127",
	  OF_BUILD "pahole is there and does not start (pahole: error while loading shared "
		   "libraries: libdwarves_reorganize.so.1: cannot open shared object file: No such "
		   "file or directory): apt-get install --reinstall dwarves, or mend what comes "
		   "before it in PATH" },
	/* A compiler that lacks a header: libelf's. */
	{ "missing-gelf.h", "gcc", "case \"$*\" in *gelf.h*) exit 1 ;; esac; echo gcc 12.2.0",
	  OF_BUILD "to build it takes gelf.h, missing here: apt-get install libelf-dev" },
};

static int missing_qemu(const struct place *p)
{
	static const char *const run[] = { "run", "masked-read", "-k", SETUP_KERNEL, NULL };
	int err = place__take_away(p, "qemu-system-x86_64");

	if (!err)
		err = ask(p, "missing-qemu", run,
			  "assay: qemu-system-x86_64: not found; install QEMU for x86 (package "
			  "qemu-system-x86)");
	return err ? err : place__give_back(p, "qemu-system-x86_64");
}

int setup__tools(struct place *p)
{
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(tools) / sizeof(tools[0]); i++)
		err = missing(p, tools[i].tool, tools[i].package);
	for (size_t i = 0; !err && i < sizeof(fakes) / sizeof(fakes[0]); i++) {
		err = place__fake(p, fakes[i].tool, fakes[i].script);
		if (!err)
			err = ask(p, fakes[i].name, build, fakes[i].line);
		if (!err)
			err = place__give_back(p, fakes[i].tool);
	}
	return err ? err : missing_qemu(p);
}
