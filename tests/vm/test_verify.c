// SPDX-License-Identifier: GPL-2.0-only
/* `assay verify`: objects of tests/objects on a kernel that lacks much, and on one that has it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"
#include "base/file.h"
#include "base/str.h"

#define OLD    "5.10.218"
#define NEW    "6.1.192"
#define OBJECT "build/tests/objects/"

static char *results;

static int set_up(void **state)
{
	(void)state;
	need_kernel(OLD);
	need_kernel(NEW);
	results = temp_dir();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(results);
	return 0;
}

/* --- failures ------------------------------------------------------------------------------ */

static const struct {
	const char *program, *failure, *reason;
	const char *on_new; /* the reason there, where it fails, too */
} lacking[] = {
	{ "map_bloom", "map", "map 'bloom': the kernel does not know its type, bloom_filter",
	  NULL },
	{ "kfunc_test", "kfunc",
	  "the kernel has no function 'bpf_kfunc_call_test_mem_len_pass1' in its BTF", NULL },
	{ "kconfig_fprobe", "kconfig", "CONFIG_FPROBE is not set in the kernel's configuration",
	  NULL },
	{ "btf_function", "btf", "the kernel has no function 'vfs_fileattr_get' in its BTF", NULL },
	{ "btf_field", "btf",
	  "the kernel's BTF does not have what a CO-RE relocation asks for: struct "
	  "bpf_map___new.map_extra",
	  NULL },
	{ "prog_type_syscall", "prog-type", "the kernel does not know the program type syscall",
	  NULL },
	{ "other_flag", "other",
	  "the kernel does not know a flag that section 'xdp.frags' asks for (0x20)", NULL },
	{ "attach_target_none", "attach-target",
	  "the program that it replaces a function of is not loaded, and not named in the object",
	  "the program that it replaces a function of is not loaded, and not named in the object" },
	{ "kfunc_weak", "kfunc", "the kernel knows no calls of kernel functions",
	  "the kernel has no function 'bpf_rcu_read_lock', which is weak, and called all the same" },
};
#define NR_LACKING (sizeof(lacking) / sizeof(lacking[0]))

static void assert_lacking(const struct records *rs, bool is_new)
{
	for (size_t i = 0; i < NR_LACKING; i++) {
		const struct record *r = records__get(rs, lacking[i].program);

		if (is_new && !lacking[i].on_new) {
			assert_null(r->failure);
			assert_int_equal(r->verdict, VERDICT_ACCEPT);
			assert_int_equal(r->status, STATUS_OK);
			continue;
		}
		assert_non_null(r->failure);
		assert_string_equal(r->failure, lacking[i].failure);
		assert_string_equal(r->reason, is_new ? lacking[i].on_new : lacking[i].reason);
		assert_int_equal(r->verdict, VERDICT_NONE);
		assert_int_equal(r->status, STATUS_SKIPPED);
		assert_true(r->err > 0);
	}
	/* None of them hides those that every kernel judges. */
	assert_int_equal(records__get(rs, "plain")->verdict, VERDICT_ACCEPT);
	assert_true(records__get(rs, "plain")->stats.insns > 0);
	assert_int_equal(records__get(rs, "rejected")->verdict, VERDICT_REJECT);
	assert_int_equal(records__get(rs, "rejected")->err, EACCES);
	assert_int_equal(records__get(rs, "rejected")->status, STATUS_OK);
	assert_int_equal(rs->n, NR_LACKING + 2);
}

static void test_what_a_kernel_lacks(void **state)
{
	struct records rs;
	struct outcome o;
	char *log;

	(void)state;
	ASSAY(&o, false, results, "verify", OBJECT "lacks.bpf.o", "-k", OLD "," NEW);
	assert_status(&o, 0);
	assert_matches(o.out, "\n  program +" OLD " +" NEW "\n");
	assert_matches(o.out, "\n  plain +accept +accept\n");
	assert_matches(o.out, "\n  rejected +reject EACCES +reject EACCES\n");
	assert_matches(o.out, "\n  map_bloom +no map +accept\n");
	assert_matches(o.out, "\n  kfunc_test +no kfunc +accept\n");
	assert_matches(o.out, "\n  attach_target_none +no attach-target +no attach-target\n");
	outcome__release(&o);

	records__load(&rs, results, OLD, "lacks.bpf.o");
	assert_lacking(&rs, false);
	assert_string_equal(records__get(&rs, "map_bloom")->message,
			    "map 'bloom': failed to create: Invalid argument(-22)");
	assert_string_equal(records__get(&rs, "btf_field")->message,
			    "invalid func unknown#195896080");
	records__release(&rs);
	records__load(&rs, results, NEW, "lacks.bpf.o");
	assert_lacking(&rs, true);
	records__release(&rs);

	log = find_text(results, OLD, "lacks.bpf.o", "rejected", "log");
	assert_has(log, "R0 invalid mem access 'map_value_or_null'");
	free(log);
}

/* The run before, as `assay show` and `assay list` have it. */
static void test_shown_again(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "show", "lacks.bpf.o", "rejected", "-k", OLD, "--log");
	assert_status(&o, 0);
	assert_has(o.out, "processed 7 insns");
	outcome__release(&o);
	ASSAY(&o, false, results, "show", "lacks.bpf.o", "kfunc_test", "-k", OLD, "--json");
	assert_status(&o, 0);
	assert_has(o.out, "\"failure\":\"kfunc\"");
	assert_has(o.out, "\"status\":\"skipped\"");
	outcome__release(&o);
	ASSAY(&o, false, results, "show", "latest", "-k", OLD);
	assert_status(&o, 0);
	assert_matches(o.out, "\n  map_bloom +no map ");
	outcome__release(&o);
	ASSAY(&o, false, results, "list", "runs");
	assert_status(&o, 0);
	assert_has(o.out, "verify");
	outcome__release(&o);
}

/* --- global variables ---------------------------------------------------------------------- */

static const struct record *with_bound(const struct records *rs, const char *value)
{
	const struct record *r = records__find(rs, "by_bound", "bound", value);

	assert_non_null(r);
	return r;
}

static void test_globals_are_an_axis(void **state)
{
	struct records rs;
	struct outcome o;
	char *log;

	(void)state;
	ASSAY(&o, false, results, "verify", OBJECT "globals.bpf.o", "-k", OLD, "--set-global",
	      "bound=64,0x41", "-f", "by_*");
	assert_status(&o, 0);
	assert_matches(o.out, "\n  by_bound bound=64 +accept ");
	assert_matches(o.out, "\n  by_bound bound=0x41 +reject EACCES ");
	outcome__release(&o);
	records__load(&rs, results, OLD, "globals.bpf.o");
	assert_int_equal(rs.n, 4);
	assert_int_equal(with_bound(&rs, "64")->verdict, VERDICT_ACCEPT);
	assert_int_equal(with_bound(&rs, "0x41")->verdict, VERDICT_REJECT);
	records__release(&rs);
	log = find_text(results, OLD, "globals.bpf.o", "by_bound [bound=0x41]", "log");
	assert_has(log, "value_size=64 off=64 size=1");
	free(log);
	ASSAY(&o, false, results, "show", "globals.bpf.o", "by_bound", "--log");
	assert_status(&o, 0);
	assert_has(o.out, "by_bound [bound=64]");
	assert_has(o.out, "by_bound [bound=0x41]");
	outcome__release(&o);
}

/* Each alone makes the program read where it must not. */
static void test_globals_of_all_kinds(void **state)
{
	static const char *const wild[] = { "wild=true", "wild=1", "mode=MODE_WILD", "mode=7",
					    "knobs.inner.deep[2]=-5" };

	(void)state;
	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		struct outcome o;

		ASSAY(&o, false, results, "verify", OBJECT "globals.bpf.o", "-k", OLD,
		      "--set-global", wild[i], "-f", "globals.bpf.o/by_flags");
		assert_status(&o, 0);
		assert_matches(o.out, "\n  by_flags .*reject EACCES ");
		outcome__release(&o);
	}
}

static void test_globals_that_are_not_there(void **state)
{
	static const struct {
		const char *global, *says;
	} cases[] = {
		{ "bond=3", "no global variable 'bond': did you mean 'bound'\\?" },
		{ "bound=many", "bound: 'many' is no number" },
		{ "bound=0x100000000", "bound: '0x100000000' does not fit the variable" },
		{ "mode=MODE_MILD", "'MODE_MILD' is neither a number nor a name of its enum" },
		{ "knobs.inner.shallow=3", "'knobs.inner.shallow' is no part of its variable" },
		{ "knobs.inner.deep[3]=3", "'knobs.inner.deep\\[3\\]' is no part of its variable" },
		{ "knobs=3", "it is no integer, bool or enum" },
	};
	struct records rs;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *reason = NULL;
		struct outcome o;

		ASSAY(&o, false, results, "verify", OBJECT "globals.bpf.o", "-k", OLD,
		      "--set-global", cases[i].global);
		assert_status(&o, 1);
		outcome__release(&o);
		assert_int_equal(experiment_status(results, OLD, "globals.bpf.o", &reason),
				 STATUS_UNEXPECTED);
		assert_matches(reason, cases[i].says);
		free(reason);
	}
	records__load(&rs, results, OLD, "globals.bpf.o");
	assert_int_equal(rs.n, 0);
	records__release(&rs);
}

/* --- objects ------------------------------------------------------------------------------- */

/* Only that object fails: an ELF header, and nothing behind it. */
static void test_libbpf_cannot_open_one(void **state)
{
	Elf64_Ehdr head = { .e_type = ET_REL, .e_machine = EM_BPF, .e_version = EV_CURRENT };
	char *path = str_fmt("%s/empty.bpf.o", results), *reason = NULL;
	struct outcome o;

	(void)state;
	memcpy(head.e_ident, ELFMAG, SELFMAG);
	head.e_ident[EI_CLASS] = ELFCLASS64;
	head.e_ident[EI_DATA] = ELFDATA2LSB;
	head.e_ident[EI_VERSION] = EV_CURRENT;
	assert_int_equal(file_write(path, &head, sizeof(head)), 0);
	ASSAY(&o, false, results, "verify", path, OBJECT "globals.bpf.o", "-k", OLD);
	assert_status(&o, 1);
	assert_matches(o.out, "\nglobals.bpf.o on " OLD "\n.*\n.*\n  by_bound +accept ");
	outcome__release(&o);
	assert_int_equal(experiment_status(results, OLD, "empty.bpf.o", &reason),
			 STATUS_UNEXPECTED);
	assert_has(reason, "libbpf can't open the object: ");
	free(reason);
	free(path);
}

static void test_tags_are_judged(void **state)
{
	struct records rs;
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "verify", OBJECT "tagged.bpf.o", "-k", OLD);
	assert_status(&o, 1);
	outcome__release(&o);
	records__load(&rs, results, OLD, "tagged.bpf.o");
	assert_int_equal(records__get(&rs, "holds")->status, STATUS_OK);
	assert_int_equal(records__get(&rs, "contradicted")->status, STATUS_UNEXPECTED);
	records__release(&rs);
}

/* The limit is each program's, and what ran out of it hides nobody. */
static void test_a_program_out_of_time(void **state)
{
	struct records rs;
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "verify", OBJECT "slow.bpf.o", "-k", OLD, "--timeout", "3s");
	assert_status(&o, 1);
	outcome__release(&o);
	records__load(&rs, results, OLD, "slow.bpf.o");
	assert_int_equal(rs.n, 3);
	assert_int_equal(records__get(&rs, "first")->verdict, VERDICT_ACCEPT);
	assert_int_equal(records__get(&rs, "slow")->status, STATUS_TIMEOUT);
	assert_has(records__get(&rs, "slow")->reason, "timed out after 3.0 s");
	assert_int_equal(records__get(&rs, "last")->verdict, VERDICT_ACCEPT);
	assert_int_equal(records__get(&rs, "last")->status, STATUS_OK);
	records__release(&rs);
}

/* Of a loop of ten turns, and of one of four in a function that is called three times, it can be
 * computed how often the verifier comes by the only instruction of its body: on any kernel. */
static void test_cost_by_line(void **state)
{
	static const struct {
		const char *program, *row;
	} bodies[] = {
		{ "counted", "^ +10 +23\\.3 % +1 +asm volatile.\"%\\[sum\\] \\+= 7\"" },
		{ "called", "^ +12 +17\\.9 % +1 +#1 +asm volatile.\"%\\[x\\] \\*= 3\"" },
		{ "joined", "^ +15 +75\\.0 % +3 +12 +asm volatile.\"if %\\[x\\] == 5" },
	};
	static const char *const kernels[] = { OLD, NEW };
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "verify", OBJECT "lines.bpf.o", "-k", OLD "," NEW);
	assert_status(&o, 0);
	outcome__release(&o);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		for (size_t k = 0; k < 2; k++) {
			ASSAY(&o, false, results, "show", "lines.bpf.o", bodies[i].program,
			      "--lines", "-k", kernels[k]);
			assert_status(&o, 0);
			assert_has(o.out, "All of the verifier's walk");
			assert_matches(o.out, bodies[i].row);
			outcome__release(&o);
		}
	}
	ASSAY(&o, false, results, "show", "lines.bpf.o", "--lines", "--json");
	assert_status(&o, 0);
	assert_has(o.out, "\"covers\":\"whole\",\"processed\":43,\"visits\":43,");
	assert_lacks(o.out, "\"covers\":\"part\"");
	outcome__release(&o);
}

static void test_csv(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "verify", OBJECT "globals.bpf.o", "-k", OLD, "--csv", "-f",
	      "counts");
	assert_status(&o, 0);
	assert_matches(o.out, "^file_name,prog_name,verdict,duration,total_insns,total_states,"
			      "peak_states,max_states_per_insn,max_mark_read_len\n"
			      "globals.bpf.o,counts,success,[0-9]+,6,0,0,0,0\n$");
	outcome__release(&o);
}

static void test_wrong_use(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "verify");
	assert_status(&o, 2);
	outcome__release(&o);
	ASSAY(&o, false, results, "verify", "build/assay");
	assert_status(&o, 2);
	assert_has(o.err, "build/assay: it is an ELF file, but no BPF object");
	outcome__release(&o);
	ASSAY(&o, false, results, "verify", OBJECT "tagged.bpf.o", "-k", "5.10.817");
	assert_status(&o, 2);
	outcome__release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_use),
		cmocka_unit_test(test_what_a_kernel_lacks),
		cmocka_unit_test(test_shown_again),
		cmocka_unit_test(test_globals_are_an_axis),
		cmocka_unit_test(test_globals_of_all_kinds),
		cmocka_unit_test(test_globals_that_are_not_there),
		cmocka_unit_test(test_libbpf_cannot_open_one),
		cmocka_unit_test(test_tags_are_judged),
		cmocka_unit_test(test_a_program_out_of_time),
		cmocka_unit_test(test_cost_by_line),
		cmocka_unit_test(test_csv),
	};

	return cmocka_run_group_tests_name("verify", tests, set_up, tear_down);
}
