// SPDX-License-Identifier: GPL-2.0-only
/* The experiments themselves, on two patched kernels, on one without patches, on those with BTF
 * missing or damaged and on one with the cure: all as their tags and checks expect, every row of
 * the catalogue shown, and the facts that some were written to show. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"
#include "base/str.h"

#define PATCHED "5.10.218"
#define STOCK	"5.10.218-stock"
#define NO_BTF	"5.10.218-nobtf"
#define BAD_BTF "5.10.218-badbtf"
#define LATER	"6.1.192"
#define CURED	"5.10.218-cure"

static char *results;
static struct outcome outcome;

static int set_up(void **state)
{
	static const struct call c = { .limit_s = 1200 };
	struct call call = c;

	(void)state;
	need_kernel(PATCHED);
	need_kernel(STOCK);
	need_kernel(NO_BTF);
	need_kernel(BAD_BTF);
	need_kernel(LATER);
	need_kernel(CURED);
	results = temp_dir();
	call.results = results;
	print_message("progress: the experiments on six kernels\n");
	fflush(stdout);
	assay_call(&outcome, &call,
		   ARGS("run", "-k", PATCHED "," STOCK "," NO_BTF "," BAD_BTF "," LATER "," CURED));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	outcome__release(&outcome);
	temp_dir_remove(results);
	return 0;
}

static void test_all_as_expected(void **state)
{
	static const struct {
		const char *kernel, *experiment;
		enum status status;
	} ended[] = {
		{ PATCHED, "masked-read", STATUS_OK },
		{ PATCHED, "copyout-trampoline", STATUS_OK },
		{ PATCHED, "override", STATUS_OK },
		{ PATCHED, "strtol", STATUS_OK },
		{ PATCHED, "memcached", STATUS_OK },
		{ PATCHED, "attach-errors", STATUS_OK },
		{ PATCHED, "override-cure", STATUS_OK }, /* it is lost */
		{ STOCK, "masked-read", STATUS_OK },
		{ STOCK, "copyout-trampoline", STATUS_SKIPPED },
		{ STOCK, "override", STATUS_SKIPPED },
		{ STOCK, "strtol", STATUS_OK },
		{ NO_BTF, "attach-errors", STATUS_OK },
		{ BAD_BTF, "attach-errors", STATUS_SKIPPED }, /* what needs programs */
		{ LATER, "masked-read", STATUS_OK },
		{ LATER, "attach-errors", STATUS_OK },
		{ CURED, "override-cure", STATUS_OK }, /* it is kept */
		{ CURED, "override-point", STATUS_OK },
		{ "host", "compile", STATUS_OK },
		{ "host", "setup", STATUS_OK },
	};

	(void)state;
	assert_status(&outcome, 0);
	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
		char *reason;
		enum status is =
			experiment_status(results, ended[i].kernel, ended[i].experiment, &reason);

		if (is != ended[i].status)
			fail_msg("%s on %s: %s (%s)", ended[i].experiment, ended[i].kernel,
				 status__name(is), reason);
		free(reason);
	}
	assert_int_equal(run_state(results), RUN_COMPLETE);
}

/* Every row has been shown by one of these kernels, and the document has them all. */
static void test_catalogue(void **state)
{
	static const struct {
		char letter;
		int last;
	} rows[] = { { 'E', 45 }, { 'X', 27 }, { 'K', 8 } };
	struct call call = { .results = results };
	struct outcome o;

	(void)state;
	assay_call(&o, &call, ARGS("catalogue"));
	assert_status(&o, 0);
	assert_has(o.out, "\n## T: ");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int n = 1; n <= rows[i].last; n++) {
			char title[32];

			snprintf(title, sizeof(title), "\n## %c%d: ", rows[i].letter, n);
			if (!strstr(o.out, title))
				fail_msg("there is no row %c%d", rows[i].letter, n);
		}
	}
	outcome__release(&o);
}

/* One line for what libbpf guesses at in a dozen. */
static void test_damaged_btf(void **state)
{
	char *dir = temp_dir();
	struct call call = { .results = dir };
	struct outcome o;

	(void)state;
	assay_call(&o, &call, ARGS("run", "masked-read", "-k", "5.10.218-badbtf"));
	assert_status(&o, 0);
	assert_has(o.out, "skipped: the verifier refuses every program, as the kernel's BTF is "
			  "damaged");
	assert_has(o.out, "0 ok, none unexpected, 1 skipped");
	outcome__release(&o);
	temp_dir_remove(dir);
}

static void test_list_rows(void **state)
{
	struct call call = { .results = results };
	struct outcome o;

	(void)state;
	assay_call(&o, &call, ARGS("list", "rows"));
	assert_status(&o, 0);
	assert_matches(o.out, "^E13 +strtol +ok$");
	assert_matches(
		o.out,
		"E13 +strtol +ok\n.*ok: 5\\.10\\.218 5\\.10\\.218-stock 6\\.1\\.192; not run: "
		"5\\.10\\.[0-9. \n]*5\\.10\\.262[0-9. \n]*$");
	/* What nobody has run is waited for by nobody. */
	assert_lacks(o.out, "5.15.177");
	assert_matches(o.out, "^E36 +attach-errors +ok$");
	assert_matches(o.out, "^K8 +override-cure +ok$");
	assert_lacks(o.out, "FAILED");
	outcome__release(&o);
}

static void test_every_record_is_ok(void **state)
{
	struct records rs;

	(void)state;
	records__load(&rs, results, NULL, NULL);
	assert_true(rs.n > 100);
	for (size_t i = 0; i < rs.n; i++) {
		const struct record *r = rs.v[i];

		if (r->status != STATUS_OK && r->status != STATUS_SKIPPED)
			fail_msg("%s %s: %s: %s", r->experiment, r->name, status__name(r->status),
				 r->reason);
		if (r->kind == RECORD_PROGRAM && r->verdict == VERDICT_ACCEPT)
			assert_true(r->stats.insns > 0);
	}
	records__release(&rs);
}

/* --- masked-read ----------------------------------------------------------------------------- */

static void assert_verdict(const struct records *rs, const char *name, enum verdict verdict,
			   int err, const char *message)
{
	const struct record *r = records__get(rs, name);

	if (r->verdict != verdict || r->err != err)
		fail_msg("%s: %s %s", name, verdict__name(r->verdict), errno__name(r->err));
	if (message)
		assert_has(r->message, message);
}

/* The seeds' pair: the same mask, the buffer one byte too short and just long enough. */
static void assert_masked_read(const char *kernel)
{
	const struct matrix *m;
	const struct record *r;
	struct records rs;
	size_t accepted = 0, rejected = 0;

	records__load(&rs, results, kernel, "masked-read");
	assert_verdict(&rs, "mask_7f_buf_126", VERDICT_REJECT, EACCES,
		       "invalid indirect read from stack");
	assert_has(records__get(&rs, "mask_7f_buf_126")->message, "off -128+126 size 127");
	assert_verdict(&rs, "mask_7f_buf_127", VERDICT_ACCEPT, 0, NULL);
	assert_verdict(&rs, "mask_7f_buf_80", VERDICT_REJECT, EINVAL,
		       "invalid indirect access to stack");
	r = records__get(&rs, "map");
	assert_string_equal(record__get_label(r, "uninit_stack"), "refused");
	assert_int_equal(r->nr_matrices, 1);
	m = &r->matrices[0];
	assert_true(m->nr_rows > 15 && m->nr_cols > 15);
	for (size_t i = 0; i < m->nr_rows; i++) {
		assert_int_equal(strlen(m->cells[i]), m->nr_cols);
		for (const char *c = m->cells[i]; *c; c++) {
			accepted += *c == '.';
			rejected += *c == 'x' || *c == 'o';
		}
	}
	assert_true(accepted > 50);
	assert_true(rejected > 50);
	assert_int_equal(accepted + rejected, m->nr_rows * m->nr_cols);
	assert_true(metric(r, "accepted") == (double)accepted);
	assert_true(metric(r, "rejected") == (double)rejected);
	records__release(&rs);
}

static void test_masked_read(void **state)
{
	(void)state;
	assert_masked_read(PATCHED);
	assert_masked_read(STOCK);
}

/* The whole map: 65,536 programs, each loaded by itself. */
static void test_whole_map(void **state)
{
	static const struct call c = { .limit_s = 600 };
	struct call call = c;
	const struct matrix *m;
	const struct record *r;
	struct records rs;
	struct outcome o;
	char *dir = temp_dir();

	(void)state;
	call.results = dir;
	print_message("progress: the whole map of masked-read\n");
	fflush(stdout);
	assay_call(
		&o, &call,
		ARGS("run", "masked-read", "-p", "map=full", "--repeats", "1", "--timeout", "10m"));
	assert_status(&o, 0);
	outcome__release(&o);
	records__load(&rs, dir, PATCHED, "masked-read");
	r = records__get(&rs, "map");
	m = &r->matrices[0];
	assert_int_equal(m->nr_rows, 256);
	assert_int_equal(m->nr_cols, 256);
	assert_string_equal(m->row_names[0x7f], "0x7f");
	assert_string_equal(m->col_names[125], "126");
	assert_int_equal(m->cells[0x7f][125], 'x');
	assert_int_equal(m->cells[0x7f][126], '.');
	assert_int_equal(m->cells[0xff][79], 'o');
	records__release(&rs);
	temp_dir_remove(dir);
}

/* --- override -------------------------------------------------------------------------------- */

/* The flags come from the kprobes list. Optimised, the override is lost from some read on;
 * otherwise every one succeeds. Success is what the reader's buffer holds, and the body's own count
 * agrees. */
static void test_override(void **state)
{
	const struct record *r;
	struct records rs;
	double reads;

	(void)state;
	records__load(&rs, results, PATCHED, "override");
	r = records__find(&rs, "copyout", "hook", "optimised");
	assert_non_null(r);
	assert_has(record__get_label(r, "kprobe_flags"), "OPTIMIZED");
	reads = metric(r, "reads");
	assert_true(metric(r, "overridden") > 0);
	assert_true(metric(r, "overridden") < reads);
	assert_true(metric(r, "overridden") + metric(r, "copied") == reads);
	assert_true(metric(r, "body_calls") == metric(r, "copied"));
	assert_true(metric(r, "program_runs") == reads);
	assert_true(metric(r, "override_requests") == reads);
	assert_true(metric(r, "first_lost") == metric(r, "last_overridden") + 1);
	assert_true(metric(r, "success") < 1);

	for (int i = 0; i < 2; i++) {
		const char *hook = i ? "ftrace" : "int3";

		r = records__find(&rs, "copyout", "hook", hook);
		if (!r)
			fail_msg("no batch with hook=%s", hook);
		assert_lacks(record__get_label(r, "kprobe_flags"), "OPTIMIZED");
		assert_true(metric(r, "reads") >= 1000);
		assert_true(metric(r, "overridden") == metric(r, "reads"));
		assert_true(metric(r, "body_calls") == 0);
		assert_true(metric(r, "success") == 1);
	}
	records__release(&rs);
}

/* Without the patches nothing can be hooked; what needs none of them is measured all the same. */
static void assert_copyout_is_skipped(const char *experiment, const char *control)
{
	const struct record *r;
	struct records rs;

	records__load(&rs, results, STOCK, experiment);
	r = records__get(&rs, "copyout");
	assert_int_equal(r->status, STATUS_SKIPPED);
	assert_has(r->reason, "the kernel lacks the patches that provide ");
	assert_int_equal(r->nr_metrics, 0);
	assert_int_equal(records__get(&rs, control)->status, STATUS_OK);
	records__release(&rs);
}

static void test_stock_kernel_lacks_copyout(void **state)
{
	(void)state;
	assert_copyout_is_skipped("override", "sys_read");
	assert_copyout_is_skipped("copyout-trampoline", "control_getpgid");
	assert_copyout_is_skipped("copyout-trampoline", "missing_target");
}

/* --- copyout-trampoline ----------------------------------------------------------------------- */

/* Accepted on both, attached on the one with an ftrace entry only. */
static void test_trampoline(void **state)
{
	static const char *const kinds[] = { "fentry", "fexit", "fmod_ret" };
	const struct record *r;
	struct records rs;

	(void)state;
	records__load(&rs, results, PATCHED, "copyout-trampoline");
	for (size_t i = 0; i < 3; i++) {
		char *plain = str_fmt("%s_plain", kinds[i]),
		     *entry = str_fmt("%s_ftrace", kinds[i]);
		char *to_plain = str_fmt("attach_%s", plain),
		     *to_entry = str_fmt("attach_%s", entry);

		assert_verdict(&rs, plain, VERDICT_ACCEPT, 0, NULL);
		assert_verdict(&rs, entry, VERDICT_ACCEPT, 0, NULL);
		r = records__get(&rs, to_plain);
		assert_string_equal(record__get_label(r, "attach"), "EBUSY");
		r = records__get(&rs, to_entry);
		assert_string_equal(record__get_label(r, "attach"), "success");
		free(plain);
		free(entry);
		free(to_plain);
		free(to_entry);
	}
	r = records__find(&rs, "fmod_ret_all_left", "variant", "ftrace");
	assert_non_null(r);
	assert_true(metric(r, "body_calls") == 0);
	assert_true(metric(r, "untouched") == metric(r, "reads"));
	assert_true(metric(r, "returned") == -EFAULT);
	records__release(&rs);
}

/* --- strtol ----------------------------------------------------------------------------------- */

static void test_strtol(void **state)
{
	const struct record *r;
	struct records rs;

	(void)state;
	records__load(&rs, results, PATCHED, "strtol");
	assert_verdict(&rs, "strtol_kprobe", VERDICT_ACCEPT, 0, NULL);
	assert_verdict(&rs, "strtol_sysctl", VERDICT_ACCEPT, 0, NULL);
	assert_verdict(&rs, "kstrtol_nosize", VERDICT_REJECT, EINVAL,
		       "kernel subsystem misconfigured");
	r = records__find(&rs, "whole_kstrtol", "hook", "copyout_bpf");
	assert_non_null(r);
	assert_true(metric(r, "average") == 42);
	records__release(&rs);

	records__load(&rs, results, STOCK, "strtol");
	assert_verdict(&rs, "strtol_kprobe", VERDICT_REJECT, EINVAL, "unknown func bpf_strtol#105");
	/* the program type that has it */
	assert_verdict(&rs, "strtol_sysctl", VERDICT_ACCEPT, 0, NULL);
	records__release(&rs);
}

/* --- the evidence ------------------------------------------------------------------------------
 */

/* Log, disassembly with source lines and stack layout of every program that the verifier saw. */
static void test_evidence(void **state)
{
	struct records rs;

	(void)state;
	records__load(&rs, results, PATCHED, NULL);
	for (size_t i = 0; i < rs.n; i++) {
		const struct record *r = rs.v[i];
		char *log, *disasm, *stack;

		/* One that was generated as instructions has no section, and no source. */
		if (r->kind != RECORD_PROGRAM || r->verdict == VERDICT_NONE || !r->section ||
		    !*r->section)
			continue;
		log = find_text(results, PATCHED, r->experiment, r->name, "log");
		disasm = find_text(results, PATCHED, r->experiment, r->name, "disasm");
		stack = find_text(results, PATCHED, r->experiment, r->name, "stack");
		if (!log || !disasm || !stack)
			fail_msg("%s %s lacks log, disassembly or stack layout", r->experiment,
				 r->name);
		assert_matches(disasm, "^; .*\\.bpf\\.c:[0-9]+$");
		free(log);
		free(disasm);
		free(stack);
	}
	records__release(&rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_as_expected),
		cmocka_unit_test(test_catalogue),
		cmocka_unit_test(test_list_rows),
		cmocka_unit_test(test_every_record_is_ok),
		cmocka_unit_test(test_masked_read),
		cmocka_unit_test(test_whole_map),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_stock_kernel_lacks_copyout),
		cmocka_unit_test(test_trampoline),
		cmocka_unit_test(test_strtol),
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_damaged_btf),
	};

	return cmocka_run_group_tests_name("experiments", tests, set_up, tear_down);
}
