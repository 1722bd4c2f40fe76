// SPDX-License-Identifier: GPL-2.0-only
/* Programs as `assay probe` reads them: its arguments, symbols and USDT notes. The program that is
 * read is this one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "model/probe_target.h"

/* The guest's archive as a whole needs libbpf, which no test is linked with; these files do not. */
#include "../../harness/guest/elf_file.c"
#include "../../harness/guest/elfsym.c"
#include "../../harness/guest/usdt.c"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_ERROR };

#define ME "/proc/self/exe"

/* Two functions of one name with an alias, one that is picked at run time, and one in data. */
__asm__(".text\n"
	".type test_twice, @function\n test_twice: ret\n .size test_twice, 1\n"
	".globl test_alias\n .type test_alias, @function\n .set test_alias, test_twice\n"
	".type test_twice.part.0, @function\n test_twice.part.0: ret\n"
	".globl test_picked\n .type test_picked, @gnu_indirect_function\n"
	"test_picked: lea test_twice(%rip), %rax\n ret\n"
	".data\n .globl test_in_data\n .type test_in_data, @function\n test_in_data: .byte 0x90\n"
	".text\n");

/* A probe as <sys/sdt.h> makes it, at two locations: the first a nop and with a semaphore. */
#define NOTE(location, semaphore, args)                                                       \
	".pushsection .note.stapsdt, \"\", \"note\"\n .balign 4\n"                            \
	".4byte 2f-1f, 4f-3f, 3\n 1: .asciz \"stapsdt\"\n 2: .balign 4\n 3: .8byte " location \
	"\n .8byte _.stapsdt.base\n .8byte " semaphore                                        \
	"\n .asciz \"tester\"\n .asciz \"hit\"\n .asciz \"" args "\"\n 4: .balign 4\n"        \
	".popsection\n"
__asm__(".text\n test_nop: nop\n test_no_nop: ret\n"
	".pushsection .probes, \"aw\"\n test_semaphore: .2byte 0\n .popsection\n"
	".pushsection .stapsdt.base, \"a\"\n _.stapsdt.base: .space 1\n .popsection\n" NOTE(
		"test_nop", "test_semaphore", "-4@%esi 8@16(%rsp)")
		NOTE("test_no_nop", "0", "-4@nonsense"));

/* --- arguments -------------------------------------------------------------------------------- */

static const char *or_none(const char *s)
{
	return s ? s : "-";
}

static void assert_target(const char *s, enum probe_kind kind, const char *parts)
{
	struct probe_target t;
	char why[256] = "", got[256];

	if (probe_target__parse(s, &t, why, sizeof(why)))
		fail_msg("%s: %s", s, why);
	assert_int_equal(t.kind, kind);
	snprintf(got, sizeof(got), "%s %s %s", or_none(t.file), or_none(t.provider),
		 or_none(t.name));
	assert_string_equal(got, parts);
	probe_target__release(&t);
}

static void assert_refused(const char *s, const char *because)
{
	struct probe_target t;
	char why[256] = "";

	assert_int_equal(probe_target__parse(s, &t, why, sizeof(why)), -EINVAL);
	if (!strstr(why, because))
		fail_msg("%s: '%s'", s, why);
	probe_target__release(&t);
}

static void test_targets(void **state)
{
	(void)state;
	assert_target("vfs_read", PROBE_KERNEL, "- - vfs_read");
	assert_target("f.part.0", PROBE_KERNEL, "- - f.part.0");
	assert_target("memcached:main", PROBE_SYMBOL, "memcached - main");
	assert_target("./a.b:main", PROBE_SYMBOL, "./a.b - main");
	assert_target("a/b:p:n__m", PROBE_USDT, "a/b p n__m");
	assert_target("/x:y/b:main", PROBE_SYMBOL, "/x:y/b - main");
	assert_target("memcached:", PROBE_LIST, "memcached - -");
	assert_target("./a", PROBE_LIST, "./a - -");
	assert_target("./a:", PROBE_LIST, "./a - -");
	assert_refused("", "no name of a function");
	assert_refused("vfs read", "no name of a function");
	assert_refused(":main", "names no file");
	assert_refused("/tmp/:main", "names no file");
	assert_refused("/tmp/", "names no file");
	assert_refused("a:b:", "neither FILE:FUNCTION nor FILE:PROVIDER:NAME");
	assert_refused("a::b", "neither FILE:FUNCTION nor FILE:PROVIDER:NAME");
	assert_refused("a:b:c:d", "neither FILE:FUNCTION nor FILE:PROVIDER:NAME");
	assert_refused("a:b c", "neither FILE:FUNCTION nor FILE:PROVIDER:NAME");
}

/* --- symbols ---------------------------------------------------------------------------------- */

static const struct elf_symbol *find(const struct elf_symbols *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].name, name))
			return &s->v[i];
	fail_msg("no function %s", name);
	return NULL;
}

/* The byte of the file where the symbol is said to be. */
static int byte_at(const struct elf_file *f, const struct elf_symbol *s)
{
	unsigned char byte;

	assert_true(s->in_file);
	assert_int_equal(pread(f->fd, &byte, 1, (off_t)s->offset), 1);
	return byte;
}

static void test_symbols(void **state)
{
	const struct elf_symbol *twice, *s;
	struct elf_symbols symbols;
	struct elf_file f;

	(void)state;
	assert_int_equal(elf_file__open(&f, ME), 0);
	assert_int_equal(elf_symbols__read(&f, &symbols), 0);
	assert_true(symbols.has_symtab);
	twice = find(&symbols, "test_twice");
	assert_string_equal(twice->binding, "local");
	assert_string_equal(twice->section, ".text");
	assert_string_equal(twice->table, ".symtab");
	assert_int_equal(twice->size, 1);
	assert_int_equal(byte_at(&f, twice), 0xc3);
	assert_true(twice->is_executable);
	s = find(&symbols, "test_alias");
	assert_string_equal(s->binding, "global");
	assert_int_equal(s->address, twice->address);
	assert_true(find(&symbols, "test_picked")->is_ifunc);
	find(&symbols, "test_twice.part.0");
	s = find(&symbols, "test_in_data");
	assert_false(s->is_executable);
	assert_int_equal(byte_at(&f, s), 0x90);
	/* Of libc; without its version. */
	assert_true(find(&symbols, "pread")->is_undefined || find(&symbols, "pread64"));
	for (size_t i = 0; i < symbols.n; i++)
		assert_null(strchr(symbols.v[i].name, '@'));
	elf_symbols__release(&symbols);
	elf_file__close(&f);
}

static void test_no_program(void **state)
{
	struct elf_file f;

	(void)state;
	assert_int_equal(elf_file__open(&f, "/proc/self/cmdline"), -EINVAL);
	elf_file__close(&f);
	assert_int_equal(elf_file__open(&f, "/nosuch"), -ENOENT);
	elf_file__close(&f);
}

/* --- notes ------------------------------------------------------------------------------------ */

static void test_notes(void **state)
{
	const struct usdt_note *n;
	struct usdt_notes notes;

	(void)state;
	assert_int_equal(usdt_notes__read(ME, &notes), 0);
	/* A sanitizer's or another library's may be there, too. */
	for (n = notes.v; n < notes.v + notes.n && strcmp(n->provider, "tester") != 0; n++)
		;
	assert_true(n + 1 < notes.v + notes.n);
	assert_string_equal(n->name, "hit");
	assert_string_equal(n->args, "-4@%esi 8@16(%rsp)");
	assert_int_equal(n->nr_args, 2);
	assert_true(n->is_nop);
	assert_true(n->offset > 0);
	assert_true(n->semaphore > 0);
	assert_true(n->in_data);
	assert_true(n->semaphore_offset > 0);
	assert_string_equal(n->problem, "");
	n++;
	assert_false(n->is_nop);
	assert_int_equal(n->location, n[-1].location + 1);
	assert_int_equal(n->semaphore, 0);
	assert_int_equal(n->semaphore_offset, 0);
	assert_string_not_equal(n->problem, "");
	usdt_notes__release(&notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
