// SPDX-License-Identifier: GPL-2.0-only
/* What libbpf said of a program that it did not come to load. The texts are those of libbpf 1.1. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/libbpf_said.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

#define L "libbpf: "

static void assert_same(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void causes(void **state)
{
	static const struct {
		const char *said;
		enum failure failure;
		const char *name, *line;
	} cases[] = {
		{ L "Error in bpf_create_map_xattr(m):Invalid argument(-22). Retrying without "
		    "BTF.\n" L "map 'm': failed to create: Invalid argument(-22)\n" L
		    "failed to load object 'o'\n",
		  FAILURE_MAP, "m", "map 'm': failed to create: Invalid argument(-22)" },
		{ L "extern (func ksym) 'bpf_f': not found in kernel or module BTFs\n",
		  FAILURE_KFUNC, "bpf_f",
		  "extern (func ksym) 'bpf_f': not found in kernel or module BTFs" },
		{ L "extern (func ksym) 'f': func_proto [3] incompatible with kernel [9]\n",
		  FAILURE_KFUNC, "f",
		  "extern (func ksym) 'f': func_proto [3] incompatible with kernel [9]" },
		{ L "extern (var ksym) 'runqueues': not found in kernel BTF\n", FAILURE_BTF,
		  "runqueues", "extern (var ksym) 'runqueues': not found in kernel BTF" },
		{ L "extern 'CONFIG_FPROBE' (strong): not resolved\n", FAILURE_KCONFIG,
		  "CONFIG_FPROBE", "extern 'CONFIG_FPROBE' (strong): not resolved" },
		{ L "extern 'LINUX_HAS_MORE' (strong): not resolved\n", FAILURE_KCONFIG,
		  "LINUX_HAS_MORE", "extern 'LINUX_HAS_MORE' (strong): not resolved" },
		{ L "extern 'no_symbol' (strong): not resolved\n", FAILURE_BTF, "no_symbol",
		  "extern 'no_symbol' (strong): not resolved" },
		{ L "failed to open system Kconfig\n", FAILURE_KCONFIG, NULL,
		  "failed to open system Kconfig" },
		{ L "prog 'p': failed to find kernel BTF type ID of 'vfs_x': -3\n" L
		    "prog 'p': failed to prepare load attributes: -3\n",
		  FAILURE_BTF, "vfs_x",
		  "prog 'p': failed to find kernel BTF type ID of 'vfs_x': -3" },
		{ L "struct_ops init_kern: struct sched_ext_ops is not found in kernel BTF\n",
		  FAILURE_BTF, "sched_ext_ops",
		  "struct_ops init_kern: struct sched_ext_ops is not found in kernel BTF" },
		{ L "prog 'p': attach program FD is not set\n", FAILURE_ATTACH_TARGET, NULL,
		  "prog 'p': attach program FD is not set" },
		{ L "prog 'p': missing BPF prog type, check ELF section name 'netfilter'\n",
		  FAILURE_OTHER, "netfilter",
		  "prog 'p': missing BPF prog type, check ELF section name 'netfilter'" },
		{ L "something new\n", FAILURE_NONE, NULL, NULL },
		{ "", FAILURE_NONE, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct libbpf_cause c;

		assert_int_equal(libbpf_said__cause(cases[i].said, &c), 0);
		assert_int_equal(c.failure, cases[i].failure);
		assert_same(c.name, cases[i].name);
		assert_same(c.line, cases[i].line);
		libbpf_cause__release(&c);
	}
}

static void poisoned_instructions(void **state)
{
	struct poison p;

	(void)state;
	p = libbpf_said__poison("0: (b7) r0 = 0\n1: (85) call unknown#195896080\n"
				"invalid func unknown#195896080\nprocessed 2 insns\n");
	assert_int_equal(p.failure, FAILURE_BTF);
	assert_int_equal(p.insn, 1);
	p = libbpf_said__poison("; x\n41: (85) call unknown#2001000007\n"
				"invalid func unknown#2001000007\n");
	assert_int_equal(p.failure, FAILURE_MAP);
	assert_int_equal(p.map, 7);
	assert_int_equal(p.insn, 41);
	/* Two lines of registers between them, and no number at all. */
	p = libbpf_said__poison("invalid func unknown#195896080\n");
	assert_int_equal(p.failure, FAILURE_BTF);
	assert_int_equal(p.insn, -1);
	assert_int_equal(libbpf_said__poison("invalid func unknown#211\n").failure, FAILURE_NONE);
	assert_int_equal(libbpf_said__poison("").failure, FAILURE_NONE);
	p = libbpf_said__poison("3: (85) call unknown#2002000004\n"
				"invalid func unknown#2002000004\n");
	assert_int_equal(p.failure, FAILURE_KFUNC);
	assert_int_equal(p.insn, 3);
	/* Helpers that are none, and the source of a program. */
	for (size_t i = 0; i < 5; i++) {
		static const char *const others[] = {
			"invalid func unknown#2001\n", "invalid func unknown#1958960801\n",
			"invalid func unknown#2003000000\n",
			"; bpf_printk(\"invalid func unknown#2001000000\")\nR1 is bad\n",
			"; \"invalid func unknown#2001000000\"\ninvalid func unknown#7\n"
		};

		assert_int_equal(libbpf_said__poison(others[i]).failure, FAILURE_NONE);
	}
	p = libbpf_said__poison("; \"invalid func unknown#7\"\ninvalid func unknown#195896080\n");
	assert_int_equal(p.failure, FAILURE_BTF);
}

static void relocations(void **state)
{
	static const char said[] =
		L "prog 'sub': relo #0: <type_exists> [4] struct a\n" L
		  "prog 'sub': relo #1: <byte_off> [5] struct b.gone (0:1 @ offset 4)\n" L
		  "prog 'sub': relo #1: no matching targets found\n" L
		  "prog 'sub': relo #1: substituting insn #3 w/ invalid insn\n" L
		  "prog 'p': relo #1: <enumval_value> [9] enum e::V = 4\n" L
		  "prog 'p': relo #1: substituting insn #3 w/ invalid insn\n" L
		  "prog 'p': relo #2: <byte_off> [7] struct c.d.e (0:0:1 @ offset 9)\n" L
		  "prog 'p': relo #2: substituting insn #8 w/ invalid insn\n";
	char *s;

	(void)state;
	s = libbpf_said__relocation(said, "p", 8);
	assert_same(s, "struct c.d.e");
	free(s);
	s = libbpf_said__relocation(said, "p", 3);
	assert_same(s, "enum e::V = 4");
	free(s);
	/* A function's, which has another number in the whole program. */
	s = libbpf_said__relocation(said, "p", 99);
	assert_same(s, "struct b.gone");
	free(s);
	assert_null(libbpf_said__relocation("", "p", 1));
	assert_null(libbpf_said__relocation(
		L "prog 'p': relo #2: substituting insn #8 w/ invalid\n", "p", 8));
}

static void names_of_failures(void **state)
{
	(void)state;
	assert_null(failure__name(FAILURE_NONE));
	assert_string_equal(failure__name(FAILURE_MAP), "map");
	assert_string_equal(failure__name(FAILURE_PROG_TYPE), "prog-type");
	assert_string_equal(failure__name(FAILURE_OTHER), "other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causes),
		cmocka_unit_test(poisoned_instructions),
		cmocka_unit_test(relocations),
		cmocka_unit_test(names_of_failures),
	};

	return cmocka_run_group_tests_name("libbpf said", tests, NULL, NULL);
}
