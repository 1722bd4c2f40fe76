// SPDX-License-Identifier: GPL-2.0-only
/* `assay verify` on the host: patterns, objects and values, what comes from the guest, the tables.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>

#include "cli/csv.h"
#include "cli/intake.h"
#include "cli/verify_plan.h"
#include "cli/verify_report.h"
#include "model/progfilter.h"
#include "store_fixture.h"

/* --- patterns ------------------------------------------------------------------------------ */

#define WANTS(file, program, ...)                                                              \
	progfilter__wants((const char *const[]){ __VA_ARGS__ },                                \
			  sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), file, \
			  program)

static void patterns_choose_programs(void **state)
{
	(void)state;
	assert_true(progfilter__wants(NULL, 0, "a.bpf.o", "p"));
	assert_true(WANTS("a.bpf.o", "p", "a.bpf.o"));
	assert_true(WANTS("a.bpf.o", "p", "p"));
	assert_true(WANTS("a.bpf.o", "p", "a*/p"));
	assert_true(WANTS("a.bpf.o", "p", "/p"));
	assert_true(WANTS("a.bpf.o", "p", "a*/"));
	assert_false(WANTS("a.bpf.o", "p", "b*/p"));
	assert_false(WANTS("a.bpf.o", "p", "q"));
	assert_true(WANTS("a.bpf.o", "p", "q", "p"));
	assert_false(WANTS("a.bpf.o", "p", "!p"));
	assert_true(WANTS("a.bpf.o", "q", "!p"));
	assert_false(WANTS("a.bpf.o", "p", "a*", "!a*/p"));
	assert_true(WANTS("a.bpf.o", "q", "a*", "!a*/p"));
}

static void patterns_choose_files(void **state)
{
	const char *const program[] = { "b.bpf.o/p" }, *const any[] = { "p" };
	const char *const drop[] = { "!b.*" }, *const drop_program[] = { "!b.*/p" };

	(void)state;
	assert_true(progfilter__wants_file(program, 1, "b.bpf.o"));
	assert_false(progfilter__wants_file(program, 1, "a.bpf.o"));
	assert_true(progfilter__wants_file(any, 1, "a.bpf.o"));
	assert_false(progfilter__wants_file(drop, 1, "b.bpf.o"));
	assert_true(progfilter__wants_file(drop, 1, "a.bpf.o"));
	assert_true(progfilter__wants_file(drop_program, 1, "b.bpf.o"));
	assert_true(progfilter__is_valid("a/b"));
	assert_true(progfilter__is_valid("!a"));
	assert_false(progfilter__is_valid("!"));
	assert_false(progfilter__is_valid("/"));
	assert_false(progfilter__is_valid("a/b/c"));
}

/* --- global variables ---------------------------------------------------------------------- */

static void assert_choices(struct strv *globals, const char *expected)
{
	json_t *choices = NULL;
	char *text;

	assert_int_equal(verify_plan__choices(globals, &choices), 0);
	text = json_dumps(choices, JSON_COMPACT);
	assert_string_equal(text, expected);
	free(text);
	json_decref(choices);
}

static void values_are_multiplied(void **state)
{
	struct fixture *f = *state;
	struct strv globals = { 0 };
	json_t *choices = NULL;

	assert_choices(&globals, "[null]");
	strv__add(&globals, " n = 0x10 ");
	assert_choices(&globals, "[{\"n\":\"0x10\"}]");
	strv__add(&globals, "s.a[2].b=1, -2");
	assert_choices(&globals, "[{\"n\":\"0x10\",\"s.a[2].b\":\"1\"},"
				 "{\"n\":\"0x10\",\"s.a[2].b\":\"-2\"}]");
	strv__add(&globals, "n=7");
	assert_choices(&globals,
		       "[{\"n\":\"0x10\",\"s.a[2].b\":\"1\"},"
		       "{\"n\":\"0x10\",\"s.a[2].b\":\"-2\"},"
		       "{\"n\":\"7\",\"s.a[2].b\":\"1\"},{\"n\":\"7\",\"s.a[2].b\":\"-2\"}]");
	strv__free(&globals);
	for (size_t i = 0; i < 6; i++) {
		static const char *const bad[] = { "n", "n=", "=5", "2n=5", "n=1,\t2", "n=\xff" };

		globals = (struct strv){ 0 };
		strv__add(&globals, bad[i]);
		assert_int_equal(verify_plan__choices(&globals, &choices), -EINVAL);
		assert_said(f, bad[i]);
		strv__free(&globals);
	}
	/* 1024 of them */
	globals = (struct strv){ 0 };
	for (int i = 0; i < 10; i++) {
		char value[] = { (char)('a' + i), '=', '1', ',', '2', '\0' };

		strv__add(&globals, value);
	}
	assert_int_equal(verify_plan__choices(&globals, &choices), -EINVAL);
	assert_said(f, "more than 1000 combinations");
	strv__free(&globals);
}

/* --- objects ------------------------------------------------------------------------------- */

static char *write_object(struct fixture *f, const char *name, unsigned int machine, size_t size)
{
	Elf64_Ehdr head = { .e_type = ET_REL, .e_machine = (Elf64_Half)machine };
	char *path = str_fmt("%s/%s", f->dir, name), *bytes = calloc(1, size);

	memcpy(head.e_ident, ELFMAG, SELFMAG);
	head.e_ident[EI_CLASS] = ELFCLASS64;
	head.e_ident[EI_DATA] = ELFDATA2LSB;
	memcpy(bytes, &head, sizeof(head));
	assert_int_equal(file_write(path, bytes, size), 0);
	free(bytes);
	return path;
}

static int make_plan(struct strv *files, struct strv *globals, const char *pattern,
		     struct verify_plan *out)
{
	struct strv patterns = { 0 };
	struct verify_request rq = { .files = files,
				     .globals = globals,
				     .patterns = &patterns,
				     .timeout_s = 30,
				     .batch_max = 3000 };
	int err;

	if (pattern)
		strv__add(&patterns, pattern);
	err = verify_plan__make(&rq, out);
	strv__free(&patterns);
	return err;
}

static void objects_come_in_batches(void **state)
{
	struct fixture *f = *state;
	char *a = write_object(f, "a.bpf.o", EM_BPF, 1000);
	char *b = write_object(f, "b.bpf.o", EM_NONE, 1000);
	char *c = write_object(f, "c.o", EM_BPF, 5000);
	struct strv files = { 0 }, globals = { 0 }, batch = { 0 };
	struct verify_plan p;
	struct plan plan = { 0 };

	strv__add(&files, a);
	strv__add(&files, b);
	strv__add(&files, c);
	strv__add(&globals, "n=1,2");
	assert_int_equal(make_plan(&files, &globals, NULL, &p), 0);
	assert_int_equal(p.all.nr_items, 6);
	assert_int_equal(verify_plan__next(&p, &plan, &batch), 1);
	assert_int_equal(batch.n, 2);
	assert_int_equal(plan.nr_items, 4);
	assert_string_equal(plan.items[0].experiment, "a.bpf.o");
	assert_string_equal(plan.items[3].object, "/files/b.bpf.o");
	assert_string_equal(json_string_value(json_object_get(plan.items[3].globals, "n")), "2");
	assert_int_equal(plan.items[0].timeout_s, 30);
	/* One that is too large for a batch is one by itself. */
	assert_int_equal(verify_plan__next(&p, &plan, &batch), 1);
	assert_int_equal(batch.n, 1);
	assert_string_equal(plan.items[0].experiment, "c.o");
	assert_int_equal(verify_plan__next(&p, &plan, &batch), 0);
	strv__free(&batch);
	verify_plan__release(&p);

	assert_int_equal(make_plan(&files, &globals, "c.o/main", &p), 0);
	assert_int_equal(p.files.n, 1);
	assert_int_equal(json_array_size(p.all.items[0].programs), 1);
	verify_plan__release(&p);
	assert_int_equal(make_plan(&files, &globals, "d.o/", &p), -EINVAL);
	assert_said(f, "leaves out all");
	assert_int_equal(make_plan(&files, &globals, "a\xff", &p), -EINVAL);
	assert_said(f, "expected FILE/PROGRAM");
	strv__free(&files);
	strv__free(&globals);
	free(a);
	free(b);
	free(c);
}

static void assert_no_plan(struct fixture *f, const char *one, const char *other, const char *says)
{
	struct strv files = { 0 }, globals = { 0 };
	struct verify_plan p;

	strv__add(&files, one);
	if (other)
		strv__add(&files, other);
	assert_int_equal(make_plan(&files, &globals, NULL, &p), -EINVAL);
	assert_said(f, says);
	strv__free(&files);
}

static void what_is_no_object_is_said_at_once(void **state)
{
	struct fixture *f = *state;
	char *a = write_object(f, "a.bpf.o", EM_BPF, 100);
	char *x86 = write_object(f, "x86.o", EM_X86_64, 100);
	char *sub = str_fmt("%s/sub", f->dir), *twin, *text = str_fmt("%s/text.o", f->dir);
	char *odd = write_object(f, "odd", EM_BPF, 100);

	assert_int_equal(dir_make(sub), 0);
	twin = write_object(f, "sub/a.bpf.o", EM_BPF, 100);
	assert_int_equal(file_write(text, "int main;", 9), 0);
	assert_no_plan(f, "/nowhere/a.o", NULL, "/nowhere/a.o: No such file");
	assert_no_plan(f, sub, NULL, "it is no file");
	assert_no_plan(f, text, NULL, "no ELF file");
	assert_no_plan(f, x86, NULL, "no BPF object");
	assert_no_plan(f, odd, NULL, "ends in .o");
	assert_no_plan(f, a, twin, "have the same name");
	for (size_t i = 0; i < 2; i++) {
		free(odd);
		odd = write_object(f, i ? "a\nb.o" : "\xff.o", EM_BPF, 100);
		assert_no_plan(f, odd, NULL, "can't stand in the results");
	}
	assert_no_plan(f, "", NULL, "'': No such file");
	free(a);
	free(x86);
	free(sub);
	free(twin);
	free(text);
	free(odd);
}

/* --- what comes from the guest ------------------------------------------------------------- */

static int send_event(struct intake *in, const char *text)
{
	json_t *event = json_loads(text, 0, NULL);
	int ret;

	assert_non_null(event);
	ret = intake__event(in, event);
	json_decref(event);
	return ret;
}

#define PROGRAM(name, index) \
	"{\"ev\":\"program\",\"name\":\"" name "\",\"index\":" index ",\"total\":3}"
#define RECORD(name)                                                                      \
	"{\"ev\":\"record\",\"record\":{\"kind\":\"program\",\"experiment\":\"o.bpf.o\"," \
	"\"name\":\"" name "\",\"verdict\":\"accept\",\"status\":\"ok\"}}"
#define END(status) "{\"ev\":\"end\",\"status\":\"" status "\",\"reason\":\"why\"}"

struct seen {
	char text[512];
};

static int note_record(void *ctx, const struct stored_record *r)
{
	struct seen *s = ctx;
	size_t len = strlen(s->text);
	char *labels = record__labels_str(r->record);

	snprintf(s->text + len, sizeof(s->text) - len, "%s[%s] %s %s; ", r->record->name, labels,
		 status__name(r->record->status), r->record->reason ? r->record->reason : "-");
	free(labels);
	return 0;
}

static void an_object_goes_on_behind_a_crash(void **state)
{
	struct fixture *f = *state;
	struct guest_info g = { .kernel = (char *)"k", .cpus = 1, .mem_mb = 512 };
	struct strv features = { 0 };
	json_t *globals = json_pack("{s:s}", "n", "5"), *params = json_object();
	struct plan_item item = { .experiment = "o.bpf.o",
				  .object = "/files/o.bpf.o",
				  .globals = globals,
				  .params = params };
	struct intake_opts o = { .objects = "/nowhere", .guest = &g, .features = &features };
	enum status worst = STATUS_OK;
	struct seen seen = { "" };
	struct run_info run;
	struct store *s = open_store(f);
	struct intake *in;
	size_t next = 9;

	assert_int_equal(store__begin_run(s, "assay verify", "{}", &run), 0);
	o.store = s;
	o.run = run.id;
	in = intake__begin(&o, &item);
	assert_int_equal(send_event(in, PROGRAM("a", "0")), 0);
	assert_false(intake__next_program(in, &next)); /* nothing happened */
	assert_int_equal(send_event(in, RECORD("a")), 0);
	assert_int_equal(send_event(in, PROGRAM("b", "1")), 0);
	/* The guest is gone in the middle of b. */
	intake__close(in);
	intake__fail(in, STATUS_CRASHED, "kernel panic");
	assert_true(intake__next_program(in, &next));
	assert_int_equal(next, 2);
	assert_false(intake__next_program(in, &next));
	assert_int_equal(send_event(in, PROGRAM("c", "2")), 0);
	assert_int_equal(send_event(in, END("timeout")), 1);
	assert_true(intake__dirty(in));
	assert_false(intake__next_program(in, &next)); /* it was the last */
	assert_int_equal(intake__finish(in, &worst), 0);
	assert_int_equal(worst, STATUS_CRASHED);
	assert_int_equal(store__records(s, run.id, NULL, NULL, note_record, &seen), 0);
	assert_string_equal(seen.text, "a[n=5] ok -; b[n=5] crashed kernel panic; "
				       "c[n=5] timeout why; ");
	store__close(s);
	run_info__release(&run);
	json_decref(globals);
	json_decref(params);
}

/* --- tables -------------------------------------------------------------------------------- */

static void put(struct store *s, int64_t run, const char *kernel, const char *program,
		enum verdict verdict, const char *failure, const char *message)
{
	struct guest_info g = { .kernel = (char *)kernel,
				.accel = (char *)"tcg",
				.timing = (char *)"wall",
				.cpus = 1 };
	struct record *r = record__new(RECORD_PROGRAM, "o.bpf.o", program);

	r->verdict = verdict;
	r->status = STATUS_OK;
	r->err = verdict == VERDICT_REJECT ? EACCES : 0;
	record__set(&r->failure, failure);
	record__set(&r->message, message);
	if (failure)
		record__fail(r, STATUS_SKIPPED, "the kernel has no function 'f'");
	assert_int_equal(store__add_record(s, run, &g, r, NULL), 0);
	record__free(r);
}

static void kernels_are_columns(void **state)
{
	static const char *const kernels[] = { "5.10.218", "6.1.192" };
	struct fixture *f = *state;
	struct verify_report_opts o = { 0 };
	struct store *s = open_store(f);
	struct run_info run;
	char *text = NULL;
	size_t len;

	assert_int_equal(store__begin_run(s, "assay verify", "{}", &run), 0);
	for (size_t i = 0; i < 2; i++) {
		struct guest_info g = { .kernel = (char *)kernels[i], .cpus = 1 };

		put(s, run.id, kernels[i], "same", VERDICT_REJECT, NULL, "R1 bad");
		assert_int_equal(
			store__add_experiment(s, run.id, &g, "o.bpf.o", "{}", STATUS_OK, NULL, 1),
			0);
	}
	put(s, run.id, "5.10.218", "flips", VERDICT_NONE, "kfunc", "extern");
	put(s, run.id, "6.1.192", "flips", VERDICT_ACCEPT, NULL, NULL);
	put(s, run.id, "6.1.192", "only", VERDICT_REJECT, NULL, "R2 worse");
	o.out = open_memstream(&text, &len);
	assert_int_equal(verify_report__print(s, &run, &o), 0);
	fclose(o.out);
	assert_non_null(strstr(text, "  program  5.10.218       6.1.192\n"
				     "  same     reject EACCES  reject EACCES\n"
				     "      5.10.218, 6.1.192: R1 bad\n"
				     "  flips    no kfunc       accept\n"
				     "      5.10.218: the kernel has no function 'f'\n"
				     "  only     -              reject EACCES\n"
				     "      6.1.192: R2 worse\n"));
	assert_non_null(strstr(text, "1 object on 2 kernels: 1 accepted, 3 rejected, 1 without "
				     "what they need (tcg, wall clock)\n"));
	free(text);
	store__close(s);
	run_info__release(&run);
}

static void csv_for_veristat(void **state)
{
	struct stored_record sr = { .guest.kernel = (char *)"6.1" };
	struct record *r = record__new(RECORD_PROGRAM, "o.bpf.o", "p");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	sr.record = r;
	r->verdict = VERDICT_ACCEPT;
	r->stats.insns = 7;
	csv__veristat_header(out);
	csv__veristat_record(out, &sr, false);
	record__label(r, "n", "5");
	csv__veristat_record(out, &sr, true);
	fclose(out);
	assert_string_equal(text, "file_name,prog_name,verdict,duration,total_insns,total_states,"
				  "peak_states,max_states_per_insn,max_mark_read_len\n"
				  "o.bpf.o,p,success,0,7,0,0,0,0\n"
				  "o.bpf.o@6.1,p[n=5],success,0,7,0,0,0,0\n");
	free(text);
	record__free(r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_choose_programs),
		cmocka_unit_test(patterns_choose_files),
		T(values_are_multiplied),
		T(objects_come_in_batches),
		T(what_is_no_object_is_said_at_once),
		T(an_object_goes_on_behind_a_crash),
		T(kernels_are_columns),
		cmocka_unit_test(csv_for_veristat),
	};

	return cmocka_run_group_tests_name("verify on the host", tests, NULL, NULL);
}
