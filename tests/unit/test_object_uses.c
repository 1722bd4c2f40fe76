// SPDX-License-Identifier: GPL-2.0-only
/* Which externs a program of an object refers to: also of an object that is not sound. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "base/log.h"
/* The guest's archive as a whole needs libbpf, which no test is linked with; this file does not. */
#include "../../harness/guest/object_uses.c"

struct log assay_log = { .prog = "test" };

enum { NONE, CODE, RELOCATIONS, SYMBOLS, NAMES, NR_SECTIONS };
enum { PROG = 1, SUB, OTHER, WANTED, NR_SYMBOLS };

static const char names[] = "\0prog\0sub\0other\0wanted";

/* prog calls sub, which is in the same section; sub and other each load the address of a symbol. */
struct object {
	Elf64_Ehdr head;
	Elf64_Shdr sections[NR_SECTIONS];
	struct bpf_insn code[6];
	Elf64_Rel relocations[2];
	Elf64_Sym symbols[NR_SYMBOLS];
	char names[sizeof(names)];
};

#define SECTION(member, kind, ...)                                                              \
	{                                                                                       \
		.sh_type = (kind), .sh_offset = offsetof(struct object, member),                \
		.sh_size = sizeof(((struct object *)0)->member), .sh_addralign = 1, __VA_ARGS__ \
	}
#define FUNCTION(name, first)                                                      \
	{                                                                          \
		.st_name = (name), .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), \
		.st_shndx = CODE, .st_value = 8 * (first), .st_size = 16           \
	}

static const struct object sound = {
	.head = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			       EV_CURRENT },
		  .e_type = ET_REL,
		  .e_machine = EM_BPF,
		  .e_version = EV_CURRENT,
		  .e_ehsize = sizeof(Elf64_Ehdr),
		  .e_shoff = offsetof(struct object, sections),
		  .e_shentsize = sizeof(Elf64_Shdr),
		  .e_shnum = NR_SECTIONS,
		  .e_shstrndx = NAMES },
	.sections = { { 0 },
		      SECTION(code, SHT_PROGBITS),
		      SECTION(relocations, SHT_REL, .sh_info = CODE, .sh_link = SYMBOLS,
			      .sh_entsize = sizeof(Elf64_Rel)),
		      SECTION(symbols, SHT_SYMTAB, .sh_link = NAMES,
			      .sh_entsize = sizeof(Elf64_Sym)),
		      SECTION(names, SHT_STRTAB) },
	.code = { { .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 1 },
		  { .code = BPF_JMP | BPF_EXIT },
		  { .code = BPF_JMP | BPF_CALL },
		  { .code = BPF_JMP | BPF_EXIT },
		  { .code = BPF_JMP | BPF_CALL },
		  { .code = BPF_JMP | BPF_EXIT } },
	.relocations = { { .r_offset = 16, .r_info = ELF64_R_INFO(WANTED, 10) },
			 { .r_offset = 32, .r_info = ELF64_R_INFO(SUB, 10) } },
	.symbols = { { 0 },
		     FUNCTION(1, 0),
		     FUNCTION(6, 2),
		     FUNCTION(10, 4),
		     { .st_name = 16, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE) } },
	.names = "\0prog\0sub\0other\0wanted",
};

static int uses(const struct object *o, const char *program)
{
	return object__uses(o, sizeof(*o), program, "wanted");
}

static void through_functions(void **state)
{
	struct object o = sound;

	(void)state;
	assert_int_equal(uses(&o, "sub"), 1);
	assert_int_equal(uses(&o, "prog"), 1);
	assert_int_equal(uses(&o, "other"), 1);
	assert_int_equal(uses(&o, "nobody"), 0);
	o.code[0].imm = 3; /* other, which does not come by sub any more */
	o.relocations[1].r_offset = 16;
	assert_int_equal(uses(&o, "prog"), 0);
	/* A function that is there is no extern. */
	o = sound;
	o.symbols[WANTED].st_shndx = CODE;
	assert_int_equal(uses(&o, "sub"), 0);
}

static void what_is_not_sound(void **state)
{
	static const unsigned char odd_types[] = { STT_FUNC, STT_SECTION };
	struct object o = sound;

	(void)state;
	/* Relocations of symbols that are not there, after one that is. */
	for (size_t i = 0; i < sizeof(odd_types); i++) {
		o = sound;
		o.symbols[OTHER].st_info = ELF64_ST_INFO(STB_GLOBAL, odd_types[i]);
		o.relocations[0] = (Elf64_Rel){ 16, ELF64_R_INFO(OTHER, 10) };
		o.relocations[1] = (Elf64_Rel){ 24, ELF64_R_INFO(1000000, 10) };
		assert_int_equal(uses(&o, "sub"), 0);
	}
	/* One of an instruction that its function does not hold all of. */
	o = sound;
	o.relocations[0].r_offset = 16 + 9;
	assert_int_equal(uses(&o, "sub"), 0);
	/* A function that goes past its section; a call out of it. */
	o = sound;
	o.symbols[SUB].st_size = UINT64_MAX;
	assert_int_equal(uses(&o, "sub"), 0);
	o = sound;
	o.code[0].imm = INT32_MIN;
	assert_int_equal(uses(&o, "prog"), 0);
	assert_int_equal(object__uses(&o, 10, "prog", "wanted"), -EINVAL);
}

static void weakened(void **state)
{
	struct object o = sound;

	(void)state;
	assert_int_equal(object__weaken(&o, sizeof(o), "wanted"), 0);
	assert_int_equal(ELF64_ST_BIND(o.symbols[WANTED].st_info), STB_WEAK);
	assert_int_equal(ELF64_ST_TYPE(o.symbols[WANTED].st_info), STT_NOTYPE);
	o.symbols[WANTED].st_info = sound.symbols[WANTED].st_info;
	assert_memory_equal(&o, &sound, sizeof(o));
	assert_int_equal(object__weaken(&o, sizeof(o), "sub"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_functions),
		cmocka_unit_test(what_is_not_sound),
		cmocka_unit_test(weakened),
	};

	return cmocka_run_group_tests_name("object_uses", tests, NULL, NULL);
}
