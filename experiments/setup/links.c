// SPDX-License-Identifier: GPL-2.0-only
/* Programs that do not link, or do not start, and what is missing in the command. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "setup.h"

struct link_case {
	const char *name;
	const char *words;   /* for gcc, after "-o program"; sources are cases/ */
	const char *message; /* extended regex of a line; NULL: it links */
};

static const struct link_case cases[] = {
	/* E26 */
	{ "perf-attr", "perf-attr.c", "undefined reference to `test_attr__enabled'$" },
	{ "perf-attr-off", "-DHAVE_ATTR_TEST=0 perf-attr.c", NULL },
	/* E27 */
	{ "trace-pipe", "reader.c", "undefined reference to `read_trace_pipe'$" },
	{ "trace-pipe-helpers", "reader.c trace-helpers.c", NULL },
	/* E28 */
	{ "libbpf-without-zlib", "opener.c -l:libbpf.a -lelf",
	  "undefined reference to symbol 'gzopen64@@ZLIB_[0-9.]+'$" },
	{ "libbpf-with-zlib", "opener.c -l:libbpf.a -lelf -lz", NULL },
};

/* gcc in the folder of the sources; the program goes to `program` in ours. */
static int link_program(const struct place *p, const char *words, const char *program,
			struct said *said)
{
	char *folder = exp__data(p->e, "cases"), *in = NULL, *out = place__at(p, program);
	struct strv argv = { 0 };
	int err = folder && out ? strv__add(&argv, "/usr/bin/env") : -ENOMEM;

	in = folder ? str_fmt("--chdir=%s", folder) : NULL;
	err = err ? err : strv__add(&argv, in ? in : "");
	err = err ? err : strv__split(&argv, "gcc -O2 -o", " ");
	err = err ? err : strv__add(&argv, out);
	err = err ? err : strv__split(&argv, words, " ");
	if (!err)
		err = place__run(p, false, (const char *const *)argv.v, said);
	strv__free(&argv);
	free(folder);
	free(in);
	free(out);
	return err;
}

/* The line of the errors that is the reason, without the file that is another one in every run. */
static void observe(struct record *r, const char *errors)
{
	static const char *const marks[] = { "undefined reference", "fatal error:", "version `" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *at = strstr(errors, marks[i]);

		if (at) {
			exp__observed(r, 0, "%.*s", (int)strcspn(at, "(\n"), at);
			return;
		}
	}
}

static int try_link(const struct place *p, const struct link_case *c)
{
	struct record *r = exp__measurement(p->e, c->name);
	struct said said = { 0 };
	int err = link_program(p, c->words, "program", &said);

	if (err) {
		record__free(r);
		said__release(&said);
		return err;
	}
	record__label(r, "command", c->words);
	said__check_status(&said, r, c->message ? 1 : 0);
	if (c->message) {
		observe(r, strbuf__str(&said.err));
		said__check_match(r, strbuf__str(&said.err), "the linker names what is missing",
				  c->message);
	}
	said__release(&said);
	return exp__emit(p->e, r);
}

/* --- a version that is really another one ------------------------------------------------------
 */

static int start(const struct place *p, const char *library_path, struct said *said)
{
	char *set = library_path ? str_fmt("LD_LIBRARY_PATH=%s", library_path) : NULL;
	char *program = place__at(p, "zlib-user");
	const char *argv[] = { "/usr/bin/env", set ? set : program, set ? program : NULL, NULL };
	int err = program ? place__run(p, false, argv, said) : -ENOMEM;

	free(set);
	free(program);
	return err;
}

/* Linked with a zlib that this host has not; started with this host's, and with its own. */
static int newer_zlib(const struct place *p)
{
	static const char map[] = "ZLIB_99.0 { global: zlibVersion; local: *; };\n";
	struct record *r = exp__measurement(p->e, "newer-zlib");
	char *map_path = place__at(p, "zlib.map"), *words = NULL, *library = NULL;
	struct said said = { 0 }, own = { 0 };
	int err = map_path ? file_write(map_path, map, strlen(map)) : -ENOMEM;

	words = str_fmt("-shared -fPIC -Wl,-soname,libz.so.1 -Wl,--version-script=%s newer-zlib.c",
			map_path ? map_path : "");
	library = str_fmt("zlib-user.c %s/libz.so.1", p->dir);
	if (!err)
		err = words && library ? link_program(p, words, "libz.so.1", &said) : -ENOMEM;
	said__release(&said);
	if (!err)
		err = link_program(p, library, "zlib-user", &said);
	said__release(&said);
	if (!err)
		err = start(p, NULL, &said);
	if (!err)
		err = start(p, p->dir, &own);
	if (!err) {
		said__check_status(&said, r, 1);
		observe(r, strbuf__str(&said.err));
		said__check_match(r, strbuf__str(&said.err),
				  "the dynamic linker names the version that is missing",
				  "libz\\.so\\.1: version `ZLIB_99\\.0' not found");
		exp__check(r, !own.status, "with its own zlib it starts", "status %d", own.status);
		err = exp__emit(p->e, r);
		r = NULL;
	}
	record__free(r);
	said__release(&said);
	said__release(&own);
	free(map_path);
	free(words);
	free(library);
	return err;
}

/* The program that goes into guests brings all its libraries: no version can differ. */
static int static_guest(const struct place *p)
{
	char *guest = setup__guest(exp__assay(p->e));
	struct record *r = exp__measurement(p->e, "static-guest");
	struct said said = { 0 };
	int err;

	err = guest ? place__run(p, false, (const char *const[]){ "readelf", "-lW", guest, NULL },
				 &said)
		    : -ENOMEM;
	if (err) {
		record__free(r);
	} else {
		said__check_status(&said, r, 0);
		exp__check(r,
			   strstr(strbuf__str(&said.out), "LOAD") &&
				   !strstr(strbuf__str(&said.out), "INTERP"),
			   "assay-guest takes no shared libraries", "%s",
			   strstr(strbuf__str(&said.out), "INTERP") ? "it has an interpreter"
								    : "no interpreter");
		err = exp__emit(p->e, r);
	}
	said__release(&said);
	free(guest);
	return err;
}

int setup__links(struct place *p)
{
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(cases) / sizeof(cases[0]); i++)
		err = try_link(p, &cases[i]);
	if (!err)
		err = newer_zlib(p);
	return err ? err : static_guest(p);
}
