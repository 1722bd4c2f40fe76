// SPDX-License-Identifier: GPL-2.0-only
/* `assay run` and `assay show`: what is kept of a run, and every form in which it is shown. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay.h"
#include "model/failure.h"
#include "base/file.h"
#include "base/str.h"

#define KERNEL "5.10.218"

/* One run of two real experiments as JSON, one of programs that this kernel has not all for, one of
 * a self-test as tables. */
static char *real, *lacking, *trivial;
static struct outcome real_out, lacking_out, trivial_out;

static int set_up(void **state)
{
	(void)state;
	need_kernel(KERNEL);
	real = temp_dir();
	lacking = temp_dir();
	trivial = temp_dir();
	ASSAY(&lacking_out, false, lacking, "verify", "build/tests/objects/lacks.bpf.o", "-k",
	      KERNEL, "--json");
	ASSAY(&real_out, false, real, "run", "strtol", "masked-read", "--json", "--repeats", "3");
	ASSAY(&trivial_out, true, trivial, "run", "trivial", "-p", "calls=7", "--cpus", "2",
	      "--mem", "256M");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	outcome__release(&real_out);
	outcome__release(&lacking_out);
	outcome__release(&trivial_out);
	temp_dir_remove(real);
	temp_dir_remove(lacking);
	temp_dir_remove(trivial);
	return 0;
}

/* --- what is kept --------------------------------------------------------------------------- */

static void test_complete(void **state)
{
	struct run_info run;

	(void)state;
	assert_status(&real_out, 0);
	assert_status(&trivial_out, 0);
	find_run(trivial, &run);
	assert_int_equal(run.state, RUN_COMPLETE);
	assert_int_equal(run.exit_status, 0);
	assert_null(run.cut_off_reason);
	assert_int_equal(run.counts[STATUS_OK], 3);
	assert_has(run.command, "run trivial -p calls=7 --cpus 2");
	assert_has(run.host, "\"qemu\":\"QEMU emulator version");
	assert_has(run.host, "\"clang\":");
	run_info__release(&run);
}

/* Everything that is said of a program. */
static void test_program_record(void **state)
{
	const struct record *r;
	struct records rs;

	(void)state;
	records__load(&rs, real, KERNEL, "strtol");
	r = records__get(&rs, "sum_strtol");
	assert_int_equal(r->kind, RECORD_PROGRAM);
	assert_int_equal(r->verdict, VERDICT_ACCEPT);
	assert_string_equal(r->prog_type, "kprobe");
	assert_has(r->section, "kprobe");
	assert_true(r->stats.insns > 100);
	assert_true(r->stats.total_states > 0);
	assert_true(r->stats.peak_states > 0);
	assert_true(r->stats.max_states_per_insn > 0);
	assert_true(r->stats.mark_read > 0);
	assert_true(r->stats.stack_depth > 0);
	assert_true(r->stats.verification_time_us > 0);
	assert_true(r->load_time_us >= (double)r->stats.verification_time_us);
	assert_true(r->xlated_size > 0);
	assert_true(r->jited_size > 0);
	assert_int_equal(r->nr_series, 2);
	assert_int_equal(r->series[0].n, 3); /* --repeats 3 */

	r = records__get(&rs, "kstrtol_nosize");
	assert_int_equal(r->verdict, VERDICT_REJECT);
	assert_int_equal(r->err, EINVAL);
	assert_has(r->message, "kernel subsystem misconfigured");
	assert_int_equal(r->xlated_size, -1);
	records__release(&rs);
}

static void assert_text(const char *experiment, const char *name, const char *kind,
			const char *const *parts)
{
	char *text = find_text(real, KERNEL, experiment, name, kind);

	if (!text)
		fail_msg("%s %s has no text of kind %s", experiment, name, kind);
	for (; *parts; parts++)
		assert_has(text, *parts);
	free(text);
}

/* The full log, of accepted and rejected programs alike: states, source lines, statistics. */
static void test_texts(void **state)
{
	(void)state;
	assert_text("strtol", "kstrtol_right", "log",
		    ARGS("0: R1=ctx(", "; ", " call ", "R10=fp0", "\nprocessed ",
			 "verification time ", "stack depth "));
	assert_text("strtol", "kstrtol_nosize", "log",
		    ARGS("0: R1=ctx(", "kernel subsystem misconfigured", "\nprocessed "));
	assert_text("strtol", "kstrtol_right", "disasm",
		    ARGS("<kstrtol_right>:", "; ", "strtol.bpf.c:", "\tcall ", "\texit"));
	assert_text("masked-read", "mask_7f_buf_126", "disasm",
		    ARGS("<mask_7f_buf_126>:", "&= 127"));
	assert_text("masked-read", "mask_7f_buf_126", "stack", ARGS("mask_7f_buf_126"));
	assert_text("strtol", "", "dmesg", ARGS("] "));
	assert_text("", "", "console", ARGS("Linux version " KERNEL, "Run /init as init process"));
}

/* A program's disassembly holds no other program. */
static void test_disassembly_is_the_programs_own(void **state)
{
	char *text = find_text(real, KERNEL, "masked-read", "mask_7f_buf_126", "disasm");

	(void)state;
	assert_non_null(text);
	assert_lacks(text, "<mask_7f_buf_127>:");
	assert_lacks(text, "Disassembly of section");
	free(text);
}

static void test_parameters_and_guest(void **state)
{
	const struct record *r;
	struct records rs;
	struct outcome o;

	(void)state;
	records__load(&rs, trivial, KERNEL, "trivial");
	r = records__get(&rs, "hits");
	assert_true(metric(r, "calls") == 7);
	records__release(&rs);
	ASSAY(&o, true, trivial, "show", "--json");
	assert_status(&o, 0);
	assert_has(o.out, "\"cpus\":2,");
	assert_has(o.out, "\"mem_mb\":256,");
	outcome__release(&o);
	assert_has(trivial_out.out, "parameters: calls=7");
}

/* --- how it is shown ------------------------------------------------------------------------- */

/* The names in the first column of the tables of docs/records.md. */
static void documented_fields(struct strv *fields)
{
	char *text, *line, *save = NULL;

	if (file_read("docs/records.md", 0, &text, NULL))
		fail_msg("docs/records.md: can't be read; run the tests in the source's folder");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *end;

		if (!str_starts(line, "| `"))
			continue;
		end = strchr(line + 3, '`');
		assert_non_null(end);
		*end = '\0';
		assert_int_equal(strv__add(fields, line + 3), 0);
	}
	free(text);
}

struct seen {
	struct strv documented, seen;
};

static void see_field(struct seen *s, const char *prefix, const char *key)
{
	char *name = str_fmt("%s%s", prefix, key);

	if (!strv__has(&s->documented, name))
		fail_msg("the field %s is not in docs/records.md", name);
	if (!strv__has(&s->seen, name))
		assert_int_equal(strv__add(&s->seen, name), 0);
	free(name);
}

static void see_fields(struct seen *s, json_t *record)
{
	json_t *value;
	const char *key;

	/* of the object `stats` each field has a row of its own */
	json_object_foreach (record, key, value)
		if (strcmp(key, "stats") != 0)
			see_field(s, "", key);
	json_object_foreach (json_object_get(record, "stats"), key, value)
		see_field(s, "stats.", key);
}

/* Of a run in which all is as expected. */
static void see_record(struct seen *s, json_t *record)
{
	static const char *const always[] = { "run",	   "kernel", "release", "build_id",
					      "image_key", "accel",  "timing",	"cpu_model",
					      "cpus",	   "mem_mb", "kind",	"experiment",
					      "name",	   "status" };
	json_t *value;

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (!json_object_get(record, always[i]))
			fail_msg("%s is missing", always[i]);
	see_fields(s, record);
	assert_string_equal(json_string_value(json_object_get(record, "kernel")), KERNEL);
	assert_string_equal(json_string_value(json_object_get(record, "release")), KERNEL);
	assert_string_equal(json_string_value(json_object_get(record, "status")), "ok");
	value = json_object_get(record, "errno");
	assert_true(!value || json_integer_value(value) > 0);
	value = json_object_get(record, "verdict");
	assert_true(!value ==
		    !strcmp(json_string_value(json_object_get(record, "kind")), "measurement"));
}

static bool names_failure(const char *name)
{
	for (enum failure f = FAILURE_MAP; f <= FAILURE_OTHER; f++)
		if (!strcmp(name, failure__name(f)))
			return true;
	return false;
}

static void see_lines(struct seen *s, const struct outcome *o,
		      void (*see)(struct seen *s, json_t *record), size_t at_least)
{
	struct strv lines = { 0 };

	assert_int_equal(strv__split(&lines, o->out, "\n"), 0);
	assert_true(lines.n > at_least);
	for (size_t i = 0; i < lines.n; i++) {
		json_error_t e;
		json_t *record = json_loads(lines.v[i], JSON_REJECT_DUPLICATES, &e);

		if (!record)
			fail_msg("line %zu is no JSON: %s", i + 1, e.text);
		see(s, record);
		json_decref(record);
	}
	strv__free(&lines);
}

/* One record a line; every field is documented, and every documented field occurs. */
static void test_json(void **state)
{
	struct seen s = { 0 };

	(void)state;
	documented_fields(&s.documented);
	assert_true(s.documented.n > 30);
	see_lines(&s, &real_out, see_record, 40);
	assert_status(&lacking_out, 0);
	see_lines(&s, &lacking_out, see_fields, 5);
	for (size_t i = 0; i < s.documented.n; i++) {
		const char *name = s.documented.v[i];

		/* the rows that explain a status or a failure */
		if (strchr(name, ' ') || status__parse(name, &(enum status){ 0 }) == 0 ||
		    names_failure(name))
			continue;
		if (!strv__has(&s.seen, name))
			fail_msg("the field %s is documented and in no record", name);
	}
	strv__free(&s.documented);
	strv__free(&s.seen);
}

/* What is printed while it runs is what is kept. */
static void test_show_json_is_the_same(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, real, "show", "--json");
	assert_status(&o, 0);
	assert_string_equal(o.out, real_out.out);
	outcome__release(&o);
}

static void test_csv(void **state)
{
	/* of tools/testing/selftests/bpf/veristat.c */
	static const char header[] = "file_name,prog_name,verdict,duration,total_insns,"
				     "total_states,peak_states,max_states_per_insn,"
				     "max_mark_read_len,";
	struct strv lines = { 0 };
	struct outcome o;

	(void)state;
	ASSAY(&o, false, real, "show", "latest", "strtol", "--csv");
	assert_status(&o, 0);
	assert_true(str_starts(o.out, header));
	assert_has(o.out, "\nstrtol.bpf.o,kstrtol_right,success,");
	assert_has(o.out, "\nstrtol.bpf.o,kstrtol_nosize,failure,");
	assert_lacks(o.out, "mask_7f");
	assert_int_equal(strv__split(&lines, o.out, "\n"), 0);
	for (size_t i = 1; i < lines.n; i++)
		assert_matches(lines.v[i], "^strtol.bpf.o,[a-z0-9_]+,(success|failure),[0-9]+,"
					   "[0-9]+,[0-9]+,[0-9]+,[0-9]+,[0-9]+,");
	strv__free(&lines);
	outcome__release(&o);
}

/* The same tables again; the run's own ends with where the evidence lies. */
static void test_show_reprints(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, true, trivial, "show");
	assert_status(&o, 0);
	assert_has(trivial_out.out, "trivial on " KERNEL ": ok");
	assert_has(trivial_out.out, "evidence: ");
	assert_has(o.out, trivial_out.out);
	outcome__release(&o);
}

static void test_show_texts(void **state)
{
	static const struct {
		const char *args[6];
		const char *part;
	} shown[] = {
		{ { "show", "strtol", "kstrtol_nosize", "--log" },
		  "kernel subsystem misconfigured" },
		{ { "show", "latest", "strtol", "kstrtol_right", "--disasm" }, "<kstrtol_right>:" },
		{ { "show", "strtol", "kstrtol_right", "--lines" }, "  strtol.bpf.c:" },
		{ { "show", "masked-read", "mask_7f_buf_126", "--stack" }, "mask_7f_buf_126" },
		{ { "show", "--console" }, "Linux version " KERNEL },
		{ { "show", "masked-read", "--matrix" }, "0x7f" },
		{ { "show", "strtol", "--dmesg" }, "] " },
		{ { "show", "strtol", "--log" }, "=== strtol kstrtol_right on " KERNEL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		struct outcome o;

		assay_run(&o, false, real, shown[i].args);
		assert_status(&o, 0);
		assert_has(o.out, shown[i].part);
		outcome__release(&o);
	}
}

static void test_show_wrong_names(void **state)
{
	static const struct {
		const char *args[6];
		const char *message;
	} wrong[] = {
		{ { "show", "masked-raed" }, "did you mean 'masked-read'?" },
		{ { "show", "strtol", "kstrtol_rihgt", "--log" }, "did you mean 'kstrtol_right'?" },
		{ { "show", "-k", "5.10.281" }, "did you mean '5.10.218'?" },
		{ { "show", "--sort", "insn" }, "did you mean 'insns'?" },
		{ { "show", "--lgo" }, "did you mean '--log'?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct outcome o;

		assay_run(&o, false, real, wrong[i].args);
		assert_status(&o, 2);
		assert_has(o.err, wrong[i].message);
		outcome__release(&o);
	}
}

static void test_list_runs(void **state)
{
	struct run_info run;
	struct outcome o;

	(void)state;
	find_run(trivial, &run);
	ASSAY(&o, true, trivial, "list", "runs");
	assert_status(&o, 0);
	assert_has(o.out, run.name);
	assert_has(o.out, "complete");
	assert_has(o.out, "3 ok");
	outcome__release(&o);
	run_info__release(&run);
}

/* --- more than one --------------------------------------------------------------------------- */

static int count_run(void *ctx, const struct run_info *run)
{
	int *n = ctx;

	assert_int_equal(run->state, RUN_COMPLETE);
	assert_int_equal(run->counts[STATUS_OK], 3);
	++*n;
	return 0;
}

static void test_two_at_once(void **state)
{
	char *dir = temp_dir();
	const struct call c = { .results = dir, .selftest = true };
	struct running a, b;
	struct outcome o;
	struct store *s;
	int n = 0;

	(void)state;
	assay_start(&a, &c, ARGS("run", "trivial", "--json"));
	assay_start(&b, &c, ARGS("run", "trivial", "--json"));
	assay_wait(&a, &o);
	assert_status(&o, 0);
	outcome__release(&o);
	assay_wait(&b, &o);
	assert_status(&o, 0);
	outcome__release(&o);
	assert_int_equal(store__open(dir, false, &s), 0);
	assert_int_equal(store__runs(s, count_run, &n), 0);
	assert_int_equal(n, 2);
	store__close(s);
	temp_dir_remove(dir);
}

/* --- exit status ----------------------------------------------------------------------------- */

static void test_exit_status(void **state)
{
	char *dir = temp_dir(), *reason;
	struct outcome o;

	(void)state;
	/* what was left out is no failure */
	ASSAY(&o, true, dir, "run", "unmet-need");
	assert_status(&o, 0);
	assert_int_equal(experiment_status(dir, KERNEL, "unmet-need", NULL), STATUS_SKIPPED);
	outcome__release(&o);
	ASSAY(&o, true, dir, "run", "hang", "failed-check", "--timeout", "1s");
	assert_status(&o, 1);
	assert_int_equal(experiment_status(dir, KERNEL, "hang", &reason), STATUS_TIMEOUT);
	assert_has(reason, "timed out after 1.0 s");
	free(reason);
	assert_int_equal(experiment_status(dir, KERNEL, "failed-check", NULL), STATUS_UNEXPECTED);
	outcome__release(&o);
	temp_dir_remove(dir);
}

/* --- for machines ---------------------------------------------------------------------------- */

/* What a run prints, a later show prints again, also of the run's copy in other results. */
static void test_output_for_machines(void **state)
{
	char *dir = temp_dir(), *other = temp_dir(), *as_run;
	struct outcome o;

	(void)state;
	ASSAY(&o, true, dir, "run", "failed-check", "panic", "--format", "junit");
	assert_status(&o, 1);
	assert_has(o.out, "<testsuite name=\"" KERNEL "/failed-check\"");
	assert_has(o.out, "<failure message=\"two and three make four: found 5\" "
			  "type=\"unexpected\">");
	assert_has(o.out, "type=\"crashed\"");
	assert_has(o.out, "Kernel panic - not syncing: sysrq triggered crash\n");
	as_run = strdup(o.out);
	outcome__release(&o);
	ASSAY(&o, true, dir, "show", "--format", "junit");
	assert_status(&o, 0);
	assert_string_equal(o.out, as_run);
	outcome__release(&o);
	ASSAY(&o, true, other, "merge", dir);
	assert_status(&o, 0);
	outcome__release(&o);
	ASSAY(&o, true, other, "show", "--format", "junit");
	assert_status(&o, 0);
	assert_string_equal(o.out, as_run);
	outcome__release(&o);
	free(as_run);
	temp_dir_remove(other);
	temp_dir_remove(dir);
}

/* --- the kernel that was asked for ------------------------------------------------------------ */

/* A cache with only this kernel, whose papers name another build id. */
static char *forged_cache(const struct image *img, char *forged)
{
	char *cache = temp_dir(), *dir = str_fmt("%s/kernels/" KERNEL "/%s", cache, img->key);
	char *meta_from = str_fmt("%s/meta.json", img->dir),
	     *meta_to = str_fmt("%s/meta.json", dir);
	struct dirent *e;
	char *text, *id;
	DIR *all;

	assert_int_equal(dir_make(dir), 0);
	all = opendir(img->dir);
	assert_non_null(all);
	while ((e = readdir(all))) {
		char *from = str_fmt("%s/%s", img->dir, e->d_name);
		char *to = str_fmt("%s/%s", dir, e->d_name);

		if (*e->d_name != '.' && strcmp(e->d_name, "meta.json"))
			assert_int_equal(symlink(from, to), 0);
		free(from);
		free(to);
	}
	closedir(all);
	assert_int_equal(file_read(meta_from, 0, &text, NULL), 0);
	id = strstr(text, img->build_id);
	assert_non_null(id);
	memcpy(forged, img->build_id, 40);
	memset(forged, *forged == '0' ? '1' : '0', 4);
	forged[40] = '\0';
	memcpy(id, forged, 40);
	assert_int_equal(file_write(meta_to, text, strlen(text)), 0);
	free(text);
	free(meta_from);
	free(meta_to);
	free(dir);
	return cache;
}

static void test_another_kernel_is_refused(void **state)
{
	struct image *img = find_image(KERNEL);
	char forged[41], *cache, *env, *reason;
	char *dir = temp_dir();
	struct call c = { .results = dir, .selftest = true };
	struct records rs;
	struct outcome o;

	(void)state;
	assert_int_equal(strlen(img->build_id), 40);
	cache = forged_cache(img, forged);
	env = str_fmt("ASSAY_CACHE=%s", cache);
	c.env = ARGS(env);
	assay_call(&o, &c, ARGS("run", "trivial", "--accel", "tcg"));
	assert_status(&o, 3);
	outcome__release(&o);
	assert_int_equal(experiment_status(dir, KERNEL, "trivial", &reason), STATUS_HARNESS);
	assert_has(reason, img->build_id);
	assert_has(reason, forged);
	free(reason);
	records__load(&rs, dir, KERNEL, "trivial");
	assert_int_equal(rs.n, 0);
	records__release(&rs);

	assay_call(&o, &c, ARGS("exec", "--accel", "tcg", "--", "echo", "ran"));
	assert_status(&o, 3);
	assert_has(o.err, img->build_id);
	assert_has(o.err, forged);
	assert_string_equal(o.out, "");
	outcome__release(&o);
	image__free(img);
	free(env);
	temp_dir_remove(cache);
	temp_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_program_record),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_disassembly_is_the_programs_own),
		cmocka_unit_test(test_parameters_and_guest),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_show_json_is_the_same),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_show_reprints),
		cmocka_unit_test(test_show_texts),
		cmocka_unit_test(test_show_wrong_names),
		cmocka_unit_test(test_list_runs),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_output_for_machines),
		cmocka_unit_test(test_another_kernel_is_refused),
	};

	return cmocka_run_group_tests_name("run", tests, set_up, tear_down);
}
