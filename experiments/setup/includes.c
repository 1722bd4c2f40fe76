// SPDX-License-Identifier: GPL-2.0-only
/* A BPF program beside a <linux/bpf.h> that is older than the kernel's, and a compiler without llc
 * and the names that were once linked by hand. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "setup.h"

/* clang in the doctored PATH; the object goes to helper.o in our folder. */
static int compile(const struct place *p, const char *define, struct said *said)
{
	char *stale = exp__data(p->e, "cases/stale"), *source = exp__data(p->e, "cases/helper.c");
	char *object = place__at(p, "helper.o");
	const char *argv[] = { "/usr/bin/env", "clang", "-target", "bpf", "-O2",  define, "-I",
			       stale,	       "-c",	source,	   "-o",  object, NULL };
	int err = stale && source && object ? place__run(p, true, argv, said) : -ENOMEM;

	free(stale);
	free(source);
	free(object);
	return err;
}

/* As samples were written: the number by its name in <linux/bpf.h>. */
static int by_header(const struct place *p)
{
	struct record *r = exp__measurement(p->e, "stale-bpf.h");
	struct said said = { 0 };
	int err = compile(p, "-DBY_HEADER", &said);

	if (err) {
		record__free(r);
	} else {
		const char *at = strstr(strbuf__str(&said.err), "use of undeclared");

		at = at ? at : strbuf__str(&said.err);
		exp__observed(r, 0, "%.*s", (int)strcspn(at, "\n"), at);
		said__check_status(&said, r, 1);
		said__check_match(r, at, "the compiler does not find the helper's name",
				  "^use of undeclared identifier 'BPF_FUNC_strtol'");
		err = exp__emit(p->e, r);
	}
	said__release(&said);
	return err;
}

/* As experiments are: by libbpf's list of helpers. */
static int by_libbpf(const struct place *p)
{
	char *object = place__at(p, "helper.o");
	const char *argv[] = { "llvm-objdump", "-d", "--no-show-raw-insn", object, NULL };
	struct record *r = exp__measurement(p->e, "stale-bpf.h-libbpf");
	struct said said = { 0 }, code = { 0 };
	int err = object ? compile(p, "-DBY_LIBBPF", &said) : -ENOMEM;

	if (!err)
		err = place__run(p, false, argv, &code);
	if (err) {
		record__free(r);
	} else {
		said__check_status(&said, r, 0);
		said__check_match(r, strbuf__str(&code.out), "the program calls helper 105",
				  "call (105|0x69)$");
		err = exp__emit(p->e, r);
	}
	said__release(&said);
	said__release(&code);
	free(object);
	return err;
}

/* Clang writes the object itself: nothing else of LLVM is called. */
static int alone(const struct place *p)
{
	static const char *const others[] = { "llc", "opt", "llvm-as", "llvm-link", "ld.lld" };
	struct record *r;
	struct said said = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(others) / sizeof(others[0]); i++)
		err = place__take_away(p, others[i]);
	if (err)
		return err;
	r = exp__measurement(p->e, "clang-alone");
	err = compile(p, "-DBY_LIBBPF", &said);
	if (err) {
		record__free(r);
	} else {
		said__check_status(&said, r, 0);
		exp__check(r, !said.err.len, "without llc clang makes the object by itself", "%s",
			   strbuf__str(&said.err));
		err = exp__emit(p->e, r);
	}
	said__release(&said);
	for (size_t i = 0; !err && i < sizeof(others) / sizeof(others[0]); i++)
		err = place__give_back(p, others[i]);
	return err;
}

int setup__includes(struct place *p)
{
	int err = by_header(p);

	err = err ? err : by_libbpf(p);
	return err ? err : alone(p);
}
