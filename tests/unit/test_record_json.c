// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/record.h"
#include "wire/record_json.h"

/* A record in which every field has a value of its own. */
static struct record *full_record(void)
{
	static char *rows[] = { (char *)"80", (char *)"126" };
	static char *cols[] = { (char *)"0x7f", (char *)"0xff", (char *)"0x3f" };
	static char *cells[] = { (char *)"AR.", (char *)"RRA" };
	const struct matrix m = { .name = (char *)"map",
				  .row_axis = (char *)"buffer",
				  .col_axis = (char *)"mask",
				  .legend = (char *)"A accept, R reject",
				  .row_names = rows,
				  .cells = cells,
				  .col_names = cols,
				  .nr_rows = 2,
				  .nr_cols = 3 };
	static const double samples[] = { 1, 0.1, -2.5e-300, NAN, DBL_MAX };
	struct record *r = record__new(RECORD_PROGRAM, "masked-read", "read_126");
	int err = 0;

	assert_non_null(r);
	err |= record__label(r, "hook", "int3") | record__label(r, "größe", "");
	err |= record__set(&r->prog_type, "kprobe") |
	       record__set(&r->section, "kprobe/copyout_bpf");
	err |= strv__add(&r->tags, "assay:any:*") | strv__add(&r->tags, "assay:accept:>=5.11");
	r->verdict = VERDICT_REJECT;
	r->err = EACCES;
	err |= record__set(&r->failure, "prog-type");
	err |= record__set(&r->message,
			   "invalid indirect read from stack R1 off -128+126 size 127");
	err |= record__set(&r->expected, "reject EACCES /invalid/");
	r->status = STATUS_UNEXPECTED;
	err |= record__set(&r->reason, "line with \"quotes\" and \\");
	r->stats = (struct vlog_stats){ .verification_time_us = 11,
					.insns = 12,
					.max_states_per_insn = 13,
					.total_states = 14,
					.peak_states = 15,
					.mark_read = 16,
					.stack_depth = 17,
					.nr_subprogs = 3,
					.subprog_stack = { 8, 0, 9 } };
	r->load_time_us = 1234.0625;
	r->xlated_size = 800;
	r->jited_size = 650;
	err |= record__metric(r, "overridden", "reads", 400000);
	err |= record__metric(r, "odd", "", NAN);
	err |= record__series(r, "latency", "ns", samples, 5);
	err |= record__series(r, "nothing", "ns", NULL, 0);
	err |= record__check(r, true, "all overridden", "400000 of 400000");
	err |= record__check(r, false, "none lost", "");
	err |= record__matrix(r, &m);
	assert_int_equal(err, 0);
	return r;
}

/* To JSON, to text, and back. */
static struct record *through_text(const struct record *r)
{
	json_t *json = record_json__pack(r), *again;
	char *text = json_dumps(json, JSON_COMPACT), err[200] = "untouched";
	struct record *out = NULL;
	json_error_t je;

	assert_non_null(text);
	again = json_loads(text, JSON_REJECT_DUPLICATES, &je);
	assert_non_null(again);
	if (record_json__unpack(again, &out, err, sizeof(err)))
		fail_msg("%s", err);
	assert_string_equal(err, "");
	json_decref(json);
	json_decref(again);
	free(text);
	return out;
}

static void assert_same_text(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void assert_same_number(double a, double b)
{
	assert_true(isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b));
}

static void assert_same_measures(const struct record *a, const struct record *b)
{
	assert_int_equal(a->nr_labels, b->nr_labels);
	for (size_t i = 0; i < a->nr_labels; i++) {
		assert_string_equal(a->labels[i].name, b->labels[i].name);
		assert_string_equal(a->labels[i].value, b->labels[i].value);
	}
	assert_int_equal(a->nr_metrics, b->nr_metrics);
	for (size_t i = 0; i < a->nr_metrics; i++) {
		assert_string_equal(a->metrics[i].name, b->metrics[i].name);
		assert_string_equal(a->metrics[i].unit, b->metrics[i].unit);
		assert_same_number(a->metrics[i].value, b->metrics[i].value);
	}
	assert_int_equal(a->nr_series, b->nr_series);
	for (size_t i = 0; i < a->nr_series; i++) {
		assert_string_equal(a->series[i].name, b->series[i].name);
		assert_string_equal(a->series[i].unit, b->series[i].unit);
		assert_int_equal(a->series[i].n, b->series[i].n);
		for (size_t k = 0; k < a->series[i].n; k++)
			assert_same_number(a->series[i].values[k], b->series[i].values[k]);
	}
	assert_int_equal(a->nr_checks, b->nr_checks);
	for (size_t i = 0; i < a->nr_checks; i++) {
		assert_string_equal(a->checks[i].text, b->checks[i].text);
		assert_string_equal(a->checks[i].found, b->checks[i].found);
		assert_int_equal(a->checks[i].ok, b->checks[i].ok);
	}
}

static void assert_same_matrices(const struct record *a, const struct record *b)
{
	assert_int_equal(a->nr_matrices, b->nr_matrices);
	for (size_t i = 0; i < a->nr_matrices; i++) {
		const struct matrix *m = &a->matrices[i], *n = &b->matrices[i];

		assert_string_equal(m->name, n->name);
		assert_string_equal(m->row_axis, n->row_axis);
		assert_string_equal(m->col_axis, n->col_axis);
		assert_string_equal(m->legend, n->legend);
		assert_int_equal(m->nr_rows, n->nr_rows);
		assert_int_equal(m->nr_cols, n->nr_cols);
		for (size_t k = 0; k < m->nr_rows; k++) {
			assert_string_equal(m->row_names[k], n->row_names[k]);
			assert_string_equal(m->cells[k], n->cells[k]);
		}
		for (size_t k = 0; k < m->nr_cols; k++)
			assert_string_equal(m->col_names[k], n->col_names[k]);
	}
}

static void assert_same(const struct record *a, const struct record *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->experiment, b->experiment);
	assert_string_equal(a->name, b->name);
	assert_same_text(a->prog_type, b->prog_type);
	assert_same_text(a->section, b->section);
	assert_int_equal(a->tags.n, b->tags.n);
	for (size_t i = 0; i < a->tags.n; i++)
		assert_string_equal(a->tags.v[i], b->tags.v[i]);
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->err, b->err);
	assert_same_text(a->message, b->message);
	assert_same_text(a->failure, b->failure);
	assert_same_text(a->expected, b->expected);
	assert_int_equal(a->status, b->status);
	assert_same_text(a->reason, b->reason);
	assert_memory_equal(&a->stats, &b->stats, sizeof(a->stats));
	assert_same_number(a->load_time_us, b->load_time_us);
	assert_int_equal(a->xlated_size, b->xlated_size);
	assert_int_equal(a->jited_size, b->jited_size);
	assert_same_measures(a, b);
	assert_same_matrices(a, b);
}

static void everything_comes_back(void **state)
{
	struct record *r = full_record(), *back = through_text(r);

	(void)state;
	assert_same(r, back);
	record__free(r);
	record__free(back);
}

static void an_empty_record_comes_back(void **state)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "e", ""), *back;

	(void)state;
	back = through_text(r);
	assert_same(r, back);
	assert_int_equal(back->stats.insns, VLOG_UNKNOWN);
	record__free(r);
	record__free(back);
}

static void what_is_unknown_is_left_out(void **state)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "e", "m");
	json_t *json;
	char *text;

	(void)state;
	r->load_time_us = NAN;
	r->status = STATUS_OK;
	json = record_json__pack(r);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, "{\"kind\":\"measurement\",\"experiment\":\"e\",\"name\":\"m\","
				  "\"status\":\"ok\"}");
	free(text);
	json_decref(json);
	/* Zero is known. */
	r->stats.insns = 0;
	r->xlated_size = 0;
	r->load_time_us = 0;
	json = record_json__pack(r);
	assert_int_equal(json_object_size(json), 7);
	assert_int_equal(json_object_size(json_object_get(json, "stats")), 1);
	assert_true(json_is_integer(json_object_get(json, "xlated_size")));
	assert_true(json_is_real(json_object_get(json, "load_time_us")));
	json_decref(json);
	record__free(r);
}

static void numbers_stay_exact(void **state)
{
	static const double values[] = { 0.1,	   1.0 / 3,	DBL_MIN,  DBL_MAX,
					 -DBL_MAX, DBL_EPSILON, 4.9e-324, 123456789012,
					 -0.0,	   1e15,	1e17,	  0.30000000000000004 };
	const size_t n = sizeof(values) / sizeof(values[0]);
	struct record *r = record__new(RECORD_MEASUREMENT, "e", "m"), *back;

	(void)state;
	assert_int_equal(record__series(r, "s", "", values, n), 0);
	assert_int_equal(record__metric(r, "m", "", 0.1 + 0.2), 0);
	r->load_time_us = 1e-7;
	r->stats.mark_read = INT64_MAX;
	r->xlated_size = LONG_MAX;
	r->err = INT_MAX;
	back = through_text(r);
	assert_same(r, back);
	record__free(r);
	record__free(back);
}

static void infinity_is_no_number(void **state)
{
	static const double values[] = { INFINITY, -INFINITY, 1 };
	struct record *r = record__new(RECORD_MEASUREMENT, "e", "m"), *back;

	(void)state;
	assert_int_equal(record__series(r, "s", "", values, 3), 0);
	assert_int_equal(record__metric(r, "m", "", INFINITY), 0);
	back = through_text(r);
	assert_true(isnan(back->series[0].values[0]) && isnan(back->series[0].values[1]));
	assert_true(back->series[0].values[2] == 1);
	assert_true(isnan(back->metrics[0].value));
	record__free(r);
	record__free(back);
}

static void bytes_become_utf8(void **state)
{
	struct record *r = record__new(RECORD_PROGRAM, "e\xff", "n"), *back;

	(void)state;
	assert_int_equal(record__set(&r->message, "a\xff\xc3z"), 0);
	assert_int_equal(record__label(r, "l\xfe", "\x80"), 0);
	back = through_text(r);
	assert_string_equal(back->experiment, "e?");
	assert_string_equal(back->message, "a??z");
	assert_string_equal(record__get_label(back, "l?"), "?");
	record__free(r);
	record__free(back);
}

static void largest_program(void **state)
{
	struct record *r = record__new(RECORD_PROGRAM, "e", "n"), *back;

	(void)state;
	r->stats.nr_subprogs = VLOG_MAX_SUBPROGS;
	for (int i = 0; i < VLOG_MAX_SUBPROGS; i++)
		r->stats.subprog_stack[i] = i;
	back = through_text(r);
	assert_same(r, back);
	record__free(r);
	record__free(back);
}

static int allowed; /* allocations of jansson that succeed from now on */

static void *scarce_malloc(size_t size)
{
	return allowed-- > 0 ? malloc(size) : NULL;
}

static void memory_may_run_out_anywhere(void **state)
{
	struct record *r = full_record();
	json_t *json = NULL;
	int n;

	(void)state;
	json_set_alloc_funcs(scarce_malloc, free);
	for (n = 0; !json && n < 10000; n++) {
		allowed = n;
		json = record_json__pack(r);
	}
	json_set_alloc_funcs(malloc, free);
	/* It takes some allocations, and whole is what came out in the end. */
	assert_in_range(n, 50, 9999);
	assert_int_equal(json_array_size(json_object_get(json, "matrices")), 1);
	json_decref(json);
	record__free(r);
}

/* --- what others may send -------------------------------------------------------------------- */

#define MINIMAL "\"kind\":\"program\",\"experiment\":\"e\",\"name\":\"n\",\"status\":\"ok\""

static int unpack_text(const char *text, struct record **out, char *err, size_t err_len)
{
	json_error_t je;
	json_t *json = json_loads(text, JSON_DECODE_ANY, &je);
	int ret;

	if (!json)
		fail_msg("the test's own JSON: %s: %s", je.text, text);
	ret = record_json__unpack(json, out, err, err_len);
	json_decref(json);
	return ret;
}

static void unknown_fields_and_nulls_are_ignored(void **state)
{
	struct record *r = NULL;
	char err[100];

	(void)state;
	assert_int_equal(unpack_text("{" MINIMAL ",\"new\":[1,{}],\"message\":null,\"stats\":null,"
				     "\"metrics\":null,\"labels\":null,\"errno\":null,"
				     "\"run\":\"20261120\",\"mem_mb\":512}",
				     &r, err, sizeof(err)),
			 0);
	assert_null(r->message);
	assert_int_equal(r->nr_metrics, 0);
	assert_int_equal(r->verdict, VERDICT_NONE);
	assert_int_equal(r->err, 0);
	record__free(r);
}

static void whole_numbers_pass_for_reals(void **state)
{
	struct record *r = NULL;
	char err[100];

	(void)state;
	assert_int_equal(unpack_text("{" MINIMAL ",\"load_time_us\":5,"
				     "\"metrics\":[{\"name\":\"m\",\"value\":7}],"
				     "\"series\":[{\"name\":\"s\",\"values\":[1,2.5]}]}",
				     &r, err, sizeof(err)),
			 0);
	assert_true(r->load_time_us == 5);
	assert_true(r->metrics[0].value == 7);
	assert_string_equal(r->metrics[0].unit, "");
	assert_true(r->series[0].values[1] == 2.5);
	record__free(r);
}

static void mistakes_name_the_field(void **state)
{
	static const struct {
		const char *fields, *field;
	} bad[] = {
		{ "\"verdict\":\"maybe\"", "\"verdict\"" },
		{ "\"verdict\":1", "\"verdict\"" },
		{ "\"errno\":\"EACCES\"", "\"errno\"" },
		{ "\"errno\":-13", "\"errno\"" },
		{ "\"errno\":2147483648", "\"errno\"" },
		{ "\"message\":7", "\"message\"" },
		{ "\"expected\":[]", "\"expected\"" },
		{ "\"reason\":{}", "\"reason\"" },
		{ "\"prog_type\":true", "\"prog_type\"" },
		{ "\"section\":1.5", "\"section\"" },
		{ "\"labels\":[]", "\"labels\"" },
		{ "\"labels\":{\"a\":1}", "\"labels\"" },
		{ "\"labels\":{\"\":\"x\"}", "\"labels\"" },
		{ "\"tags\":\"x\"", "\"tags\"" },
		{ "\"tags\":[\"x\",1]", "\"tags\"" },
		{ "\"stats\":[]", "\"stats\"" },
		{ "\"stats\":{\"insns\":\"12\"}", "\"stats.insns\"" },
		{ "\"stats\":{\"insns\":1.5}", "\"stats.insns\"" },
		{ "\"stats\":{\"peak_states\":-2}", "\"stats.peak_states\"" },
		{ "\"stats\":{\"subprog_stack\":8}", "\"stats.subprog_stack\"" },
		{ "\"stats\":{\"subprog_stack\":[8,\"x\"]}", "\"stats.subprog_stack\"" },
		{ "\"stats\":{\"subprog_stack\":[-8]}", "\"stats.subprog_stack\"" },
		{ "\"stats\":{\"subprog_stack\":[2147483648]}", "\"stats.subprog_stack\"" },
		{ "\"load_time_us\":\"1\"", "\"load_time_us\"" },
		{ "\"load_time_us\":-1", "\"load_time_us\"" },
		{ "\"xlated_size\":1.0", "\"xlated_size\"" },
		{ "\"jited_size\":-1", "\"jited_size\"" },
		{ "\"metrics\":{}", "\"metrics\"" },
		{ "\"metrics\":[1]", "\"metrics[0]\"" },
		{ "\"metrics\":[{\"value\":1}]", "\"metrics[0].name\"" },
		{ "\"metrics\":[{\"name\":\"\"}]", "\"metrics[0].name\"" },
		{ "\"metrics\":[{\"name\":\"a\"},{\"name\":\"a\"}]", "\"metrics[1].name\"" },
		{ "\"metrics\":[{\"name\":\"a\",\"unit\":1}]", "\"metrics[0].unit\"" },
		{ "\"metrics\":[{\"name\":\"a\",\"value\":\"1\"}]", "\"metrics[0].value\"" },
		{ "\"series\":[{\"values\":[]}]", "\"series[0].name\"" },
		{ "\"series\":[{\"name\":\"a\",\"values\":1}]", "\"series[0].values\"" },
		{ "\"series\":[{\"name\":\"a\",\"values\":[\"1\"]}]", "\"series[0].values\"" },
		{ "\"series\":[{\"name\":\"a\"},{\"name\":\"a\"}]", "\"series[1].name\"" },
		{ "\"checks\":[{\"ok\":true}]", "\"checks[0].text\"" },
		{ "\"checks\":[{\"text\":\"t\"}]", "\"checks[0].ok\"" },
		{ "\"checks\":[{\"text\":\"t\",\"ok\":1}]", "\"checks[0].ok\"" },
		{ "\"checks\":[{\"text\":\"t\",\"ok\":true,\"found\":1}]", "\"checks[0].found\"" },
		{ "\"matrices\":[{\"cells\":[]}]", "\"matrices[0].name\"" },
		{ "\"matrices\":[{\"name\":\"m\",\"cells\":\"x\"}]", "\"matrices[0].cells\"" },
		{ "\"matrices\":[{\"name\":\"m\",\"cells\":[\"ab\",\"a\"]}]",
		  "\"matrices[0].cells\"" },
		{ "\"matrices\":[{\"name\":\"m\",\"cells\":[\"ab\",1]}]", "\"matrices[0].cells\"" },
		{ "\"matrices\":[{\"name\":\"m\",\"cells\":[\"ab\"],\"col_names\":[\"x\"]}]",
		  "\"matrices[0].cells\"" },
		{ "\"matrices\":[{\"name\":\"m\",\"cells\":[\"ab\"],\"row_names\":[]}]",
		  "\"matrices[0].row_names\"" },
		{ "\"matrices\":[{\"name\":\"m\",\"row_names\":[\"x\"]}]",
		  "\"matrices[0].row_names\"" },
		{ "\"matrices\":[{\"name\":\"m\",\"legend\":1}]", "\"matrices[0].legend\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct record *r = (struct record *)1;
		char *text = str_fmt("{" MINIMAL ",%s}", bad[i].fields), err[200] = "";

		assert_int_equal(unpack_text(text, &r, err, sizeof(err)), -EINVAL);
		assert_null(r);
		if (!strstr(err, bad[i].field))
			fail_msg("\"%s\" does not name %s", err, bad[i].field);
		free(text);
	}
}

static void missing_fields_are_named(void **state)
{
	static const struct {
		const char *text, *field;
	} bad[] = {
		{ "[]", "object" },
		{ "null", "object" },
		{ "{}", "\"kind\"" },
		{ "{\"kind\":\"x\"}", "\"kind\"" },
		{ "{\"kind\":\"program\",\"name\":\"n\",\"status\":\"ok\"}", "\"experiment\"" },
		{ "{\"kind\":\"program\",\"experiment\":\"e\",\"status\":\"ok\"}", "\"name\"" },
		{ "{\"kind\":\"program\",\"experiment\":\"e\",\"name\":\"n\"}", "\"status\"" },
		{ "{\"kind\":\"program\",\"experiment\":\"e\",\"name\":\"n\",\"status\":\"good\"}",
		  "\"status\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct record *r = NULL;
		char err[200] = "";

		assert_int_equal(unpack_text(bad[i].text, &r, err, sizeof(err)), -EINVAL);
		assert_null(r);
		if (!strstr(err, bad[i].field))
			fail_msg("\"%s\" does not name %s", err, bad[i].field);
	}
}

static void too_many_subprograms(void **state)
{
	json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:{}}", "kind", "program", "experiment", "e",
				 "name", "n", "status", "ok", "stats");
	json_t *list = json_array();
	struct record *r = NULL;
	char err[200];

	(void)state;
	json_object_set_new(json_object_get(json, "stats"), "subprog_stack", list);
	for (int i = 0; i < VLOG_MAX_SUBPROGS; i++)
		json_array_append_new(list, json_integer(8));
	assert_int_equal(record_json__unpack(json, &r, err, sizeof(err)), 0);
	assert_int_equal(r->stats.nr_subprogs, VLOG_MAX_SUBPROGS);
	record__free(r);
	json_array_append_new(list, json_integer(8));
	assert_int_equal(record_json__unpack(json, &r, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "subprog_stack"));
	json_decref(json);
}

static void a_short_error_buffer_is_kept_to(void **state)
{
	struct record *r = NULL;
	char err[8] = "1234567";

	(void)state;
	assert_int_equal(unpack_text("{}", &r, err, 4), -EINVAL);
	assert_string_equal(err, "rec");
	assert_int_equal(err[4], '5');
}

/* Any field of a whole record replaced by a value of any other type: never a crash or a leak. */
static void every_field_of_every_type(void **state)
{
	static const char *const values[] = { "null",  "true",	 "-1",	       "1.5",
					      "\"x\"", "[]",	 "[[]]",       "{}",
					      "[{}]",  "[null]", "{\"a\":{}}", "[\"a\",1]" };
	struct record *r = full_record();
	json_t *whole = record_json__pack(r), *value;
	const char *key;

	(void)state;
	json_object_foreach (whole, key, value) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			json_t *changed = json_copy(whole);
			struct record *back = NULL;
			char err[200];
			int ret;

			json_object_set_new(changed, key,
					    json_loads(values[i], JSON_DECODE_ANY, NULL));
			ret = record_json__unpack(changed, &back, err, sizeof(err));
			assert_true(ret == 0 ? back != NULL : ret == -EINVAL && !back);
			if (ret)
				assert_non_null(strstr(err, key));
			record__free(back);
			json_decref(changed);
		}
	}
	json_decref(whole);
	record__free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_back),
		cmocka_unit_test(an_empty_record_comes_back),
		cmocka_unit_test(what_is_unknown_is_left_out),
		cmocka_unit_test(numbers_stay_exact),
		cmocka_unit_test(infinity_is_no_number),
		cmocka_unit_test(bytes_become_utf8),
		cmocka_unit_test(largest_program),
		cmocka_unit_test(memory_may_run_out_anywhere),
		cmocka_unit_test(unknown_fields_and_nulls_are_ignored),
		cmocka_unit_test(whole_numbers_pass_for_reals),
		cmocka_unit_test(mistakes_name_the_field),
		cmocka_unit_test(missing_fields_are_named),
		cmocka_unit_test(too_many_subprograms),
		cmocka_unit_test(a_short_error_buffer_is_kept_to),
		cmocka_unit_test(every_field_of_every_type),
	};

	return cmocka_run_group_tests_name("record_json", tests, NULL, NULL);
}
