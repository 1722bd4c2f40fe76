// SPDX-License-Identifier: GPL-2.0-only
/* The same faults before `assay doctor`, which shows all of a host at once, and before the script
 * that installs what is missing. */
#include <stdlib.h>
#include <string.h>

#include "guest/experiment.h"
#include "model/record.h"
#include "setup.h"

struct row_of_table {
	const char *what, *regex;
};

/* Runs it, and looks for rows of its table. */
static int diagnose(const struct place *p, const char *name, const char *const *argv, int status,
		    const struct row_of_table *rows)
{
	struct record *r = exp__measurement(p->e, name);
	struct said said = { 0 };
	int err = place__run(p, true, argv, &said);

	if (err) {
		record__free(r);
	} else {
		said__check_status(&said, r, status);
		for (; rows->what; rows++)
			said__check_match(r, strbuf__str(&said.out), rows->what, rows->regex);
		exp__check(r, !said.err.len, "there is nothing but the table", "%s",
			   strbuf__str(&said.err));
		err = exp__text(p->e, name, "log", strbuf__str(&said.out), said.out.len);
		err = err ? record__free(r), err : exp__emit(p->e, r);
	}
	said__release(&said);
	return err;
}

static const struct row_of_table ill[] = {
	{ "pahole is too old",
	  "^FAIL +pahole +[^ ]*/pahole 1\\.9 is too old; makes the kernels' BTF, and takes 1\\.16 or "
	  "later *$" },
	{ "and what mends it", "^ +-> install package dwarves in version 1\\.16 or later *$" },
	{ "clang is too old",
	  "^FAIL +clang +[^ ]*/clang 11\\.0\\.1 is too old; compiles BPF programs, and takes 14\\.0 "
	  "or later *$" },
	{ "and what mends it", "^ +-> install package clang in version 14\\.0 or later *$" },
	{ "bpftool does not start",
	  "^FAIL +bpftool +[^ ]*/bpftool does not run: it fails on --version: bpftool: error while "
	  "loading shared libraries: libelf\\.so\\.9: cannot open shared object file: No such file "
	  "or directory *$" },
	{ "and what mends it", "^ +-> reinstall package bpftool *$" },
	{ "QEMU is missing", "^FAIL +qemu-system-x86_64 +not found; it runs the kernels *$" },
	{ "and what mends it", "^ +-> install package qemu-system-x86 *$" },
	{ "ccache is missing, which is no failure", "^warn +ccache +not found; " },
	{ "it counts them", "^4 failed, " },
	{ 0 },
};

/* The oldest that will do. */
static const struct row_of_table well[] = {
	{ "pahole 1.16 will do", "^ok +pahole +[^ ]*/pahole 1\\.16 *$" },
	{ "clang 14.0.0 will do", "^ok +clang +[^ ]*/clang 14\\.0\\.0 *$" },
	{ "bpftool will do", "^ok +bpftool +[^ ]*/bpftool [0-9.]+ *$" },
	{ "QEMU will do", "^ok +qemu-system-x86_64 +[^ ]*/qemu-system-x86_64 [0-9.]+ *$" },
	{ "it counts none", "^0 failed, " },
	{ 0 },
};

static int doctor(struct place *p)
{
	static const char *const tools[] = { "pahole", "clang", "bpftool", "qemu-system-x86_64",
					     "ccache" };
	const char *const argv[] = { exp__assay(p->e), "doctor", NULL };
	int err = place__fake(p, "pahole", "echo v1.9");

	err = err ? err : place__fake(p, "clang", "echo 'Debian clang version 11.0.1-2'");
	err = err ? err
		  : place__fake(p, "bpftool",
				"echo 'bpftool: error while loading shared libraries: "
				"libelf.so.9: cannot open shared object file: No such file or "
				"directory' >&2; exit 127");
	err = err ? err : place__take_away(p, "qemu-system-x86_64");
	err = err ? err : place__take_away(p, "ccache");
	err = err ? err : diagnose(p, "doctor-ill", argv, 1, ill);
	for (size_t i = 0; !err && i < sizeof(tools) / sizeof(tools[0]); i++)
		err = place__give_back(p, tools[i]);
	err = err ? err : place__fake(p, "pahole", "echo v1.16");
	err = err ? err : place__fake(p, "clang", "echo 'clang version 14.0.0'");
	err = err ? err : diagnose(p, "doctor-well", argv, 0, well);
	err = err ? err : place__give_back(p, "pahole");
	return err ? err : place__give_back(p, "clang");
}

/* bpftool is looked for in /usr/sbin as well, which no PATH hides: there it is covered, in a mount
 * namespace of our own. */
#define COVER                                           \
	"for b in /usr/sbin/bpftool /sbin/bpftool; do " \
	"[ ! -e $b ] || mount --bind /dev/null $b; done && exec \"$0\" \"$@\""

static const struct row_of_table no_bpftool[] = {
	{ "bpftool is missing", "^FAIL +bpftool +not found; " },
	{ "and what mends it", "^ +-> install package bpftool *$" },
	{ "it counts it", "^1 failed, " },
	{ 0 },
};

static bool can_cover(struct place *p)
{
	const char *argv[] = { "unshare", "--mount", "true", NULL };
	struct said said = { 0 };
	bool can = !place__run(p, false, argv, &said) && !said.status;

	said__release(&said);
	return can;
}

static int without_bpftool(struct place *p)
{
	const char *argv[] = { "unshare", "--mount",	    "/bin/bash", "-c",
			       COVER,	  exp__assay(p->e), "doctor",	 NULL };
	int err;

	if (!can_cover(p)) {
		struct record *r = exp__measurement(p->e, "doctor-no-bpftool");

		record__fail(r, STATUS_SKIPPED,
			     "no mount namespace can be made here, to hide /usr/sbin/bpftool in");
		return exp__emit(p->e, r);
	}
	err = place__take_away(p, "bpftool");
	err = err ? err : diagnose(p, "doctor-no-bpftool", argv, 1, no_bpftool);
	return err ? err : place__give_back(p, "bpftool");
}

/* --- harness/setup.sh ----------------------------------------------------------------------- */

static int install(struct place *p, const char *name, const char *script, int status,
		   const char *line)
{
	const char *argv[] = { "/bin/bash", script, NULL };
	struct record *r = exp__measurement(p->e, name);
	struct said said = { 0 };
	int err = place__run(p, true, argv, &said);

	if (err) {
		record__free(r);
	} else {
		said__check_status(&said, r, status);
		if (line)
			said__check_line(&said, r, line);
		else
			exp__check(r, !said.out.len && !said.err.len, "it says nothing", "%s%s",
				   strbuf__str(&said.out), strbuf__str(&said.err));
		err = exp__emit(p->e, r);
	}
	said__release(&said);
	return err;
}

/* Nothing may be installed here: there is no apt-get, or one that fails. */
static int setup_script(struct place *p)
{
	char *script = exp__data(p->e, "../../harness/setup.sh");
	int err = script ? place__take_away(p, "apt-get") : -1;

	err = err ? err : install(p, "install-nothing", script, 0, NULL);
	err = err ? err : place__take_away(p, "clang");
	err = err ? err : place__take_away(p, "pahole");
	err = err ? err
		  : install(p, "install-no-apt", script, 1,
			    "assay: there is no apt-get; install what these Debian packages hold: "
			    "clang dwarves");
	err = err ? err : place__fake(p, "apt-get", "exit 100");
	err = err ? err : place__fake(p, "sudo", "exec \"$@\"");
	err = err ? err
		  : install(p, "install-fails", script, 1,
			    "assay: apt-get could not install: clang dwarves");
	err = err ? err : place__give_back(p, "clang");
	err = err ? err : place__give_back(p, "pahole");
	err = err ? err : place__give_back(p, "apt-get");
	err = err ? err : place__give_back(p, "sudo");
	free(script);
	return err;
}

int setup__doctor(struct place *p)
{
	int err = doctor(p);

	err = err ? err : without_bpftool(p);
	return err ? err : setup_script(p);
}
