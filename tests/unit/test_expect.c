// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/expect.h"

#define LOG_126                                                                                  \
	"22: (85) call bpf_map_lookup_elem#1\n"                                                  \
	"invalid indirect read from stack R2 off -128+126 size 127\n"                            \
	"processed 23 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 " \
	"mark_read 1\n"

static void accept_tag(const char *tag)
{
	struct expect *e = NULL;
	char err[300] = "";

	if (expect__parse(tag, &e, err, sizeof(err)))
		fail_msg("%s: %s", tag, err);
	assert_non_null(e);
	expect__free(e);
}

static void refuse_tag(const char *tag, const char *because)
{
	struct expect *e = (void *)1;
	char err[400] = "";

	assert_int_equal(expect__parse(tag, &e, err, sizeof(err)), -EINVAL);
	assert_null(e);
	if (!strstr(err, because) || !strstr(err, tag))
		fail_msg("\"%s\" should be told and \"%s\": %s", tag, because, err);
	assert_int_equal(expect__parse(tag, &e, NULL, 0), -EINVAL);
}

static void test_parse(void **state)
{
	(void)state;
	accept_tag("assay:accept:*");
	accept_tag("assay:accept:<5.10.219|>=5.11,<6.3");
	accept_tag("assay:any:6.1.*");
	accept_tag("assay:reject:*:EACCES:invalid indirect read from stack( R1)? off");
	accept_tag("assay:reject:5.10.*,-strtol:22:unknown func [a-z_]+#[0-9]+");
	accept_tag("assay:reject:*:EACCES:a: b: c"); /* the pattern is the rest, colons and all */
	accept_tag("assay:reject:*:524:.*");
	expect__free(NULL);
}

static void test_parse_mistakes(void **state)
{
	(void)state;
	refuse_tag("btf_decl_tag", "assay:");
	refuse_tag("assay", "assay:");
	refuse_tag("assay:", "accept, reject or any");
	refuse_tag("assay:Accept:*", "accept, reject or any");
	refuse_tag("assay:accepted:*", "accept, reject or any");
	refuse_tag("assay:accept", "range is missing");
	refuse_tag("assay:accept:", "kernel range");
	refuse_tag("assay:accept:5.10", "needs an operator");
	refuse_tag("assay:accept:*:EACCES", "nothing may follow");
	refuse_tag("assay:any:*:", "nothing may follow");
	refuse_tag("assay:reject:*", "no errno");
	refuse_tag("assay:reject:*:", "no errno");
	refuse_tag("assay:reject:*:EACCESS:x", "EACCESS");
	refuse_tag("assay:reject:*:0:x", "no errno");
	refuse_tag("assay:reject:*:E0:x", "no errno");
	refuse_tag("assay:reject:*:EACCES", "pattern");
	refuse_tag("assay:reject:*:EACCES:", "pattern");
	refuse_tag("assay:reject:*:EACCES:(", "regular expression");
	refuse_tag("assay:reject:*:EACCES:[z-a]", "regular expression");
	assert_int_equal(expect__parse(NULL, &(struct expect *){ NULL }, NULL, 0), -EINVAL);
}

static void test_is_tag(void **state)
{
	(void)state;
	assert_true(expect__is_tag("assay:"));
	assert_true(expect__is_tag("assay:accept:*"));
	assert_false(expect__is_tag("assay"));
	assert_false(expect__is_tag("xassay:accept"));
	assert_false(expect__is_tag("ASSAY:accept:*"));
	assert_false(expect__is_tag(""));
	assert_false(expect__is_tag(NULL));
}

/* Judges one program; returns the status and leaves the judgement in *j. */
static enum status judge(struct judgement *j, const char *kernel, enum verdict verdict, int err,
			 const char *log, const char *const *tags)
{
	struct kver k;
	size_t n = 0;

	while (tags && tags[n])
		n++;
	assert_int_equal(kver__parse(kernel, &k), 0);
	assert_int_equal(expect__judge(tags, n, k, NULL, 0, verdict, err, log,
				       verdict == VERDICT_NONE ? log : NULL, j),
			 0);
	if (j->status == STATUS_OK)
		assert_null(j->reason);
	else
		assert_non_null(j->reason);
	return j->status;
}

#define TAGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void assert_ok(const char *kernel, enum verdict verdict, int err, const char *log,
		      const char *const *tags, const char *expected)
{
	struct judgement j;

	if (judge(&j, kernel, verdict, err, log, tags) != STATUS_OK)
		fail_msg("%s", j.reason);
	if (expected)
		assert_string_equal(j.expected, expected);
	else
		assert_null(j.expected);
	judgement__release(&j);
}

static void assert_not_ok(const char *kernel, enum verdict verdict, int err, const char *log,
			  const char *const *tags, enum status status, const char *reason)
{
	struct judgement j;

	assert_int_equal(judge(&j, kernel, verdict, err, log, tags), status);
	assert_string_equal(j.reason, reason);
	judgement__release(&j);
	judgement__release(&j); /* twice is harmless */
}

static const char *const flips[] = {
	"exec-tool:other",
	"assay:reject:<5.10.219|>=5.11,<6.3:EACCES:invalid indirect read from stack( R2)? off",
	"assay:accept:>=5.10.219,<5.11|>=6.3",
	NULL,
};

static void test_as_expected(void **state)
{
	(void)state;
	assert_ok("5.10.218", VERDICT_REJECT, EACCES, LOG_126, flips,
		  "reject EACCES /invalid indirect read from stack( R2)? off/");
	assert_ok("5.10.262", VERDICT_ACCEPT, 0, "", flips, "accept");
	assert_ok("7.3.4", VERDICT_ACCEPT, 0, NULL, flips, "accept");
	assert_ok("5.10", VERDICT_ACCEPT, 0, NULL, TAGS("assay:any:*"), NULL);
	assert_ok("5.10", VERDICT_REJECT, EINVAL, "x", TAGS("assay:any:*"), NULL);
	assert_ok("5.10", VERDICT_NONE, ENOENT, NULL, TAGS("assay:any:*"), NULL);
	/* Libbpf refused it: the verifier never saw it. */
	assert_ok("5.10", VERDICT_NONE, ESRCH, "failed to find BTF type ID of 'f': -3",
		  TAGS("assay:reject:*:ESRCH:BTF type ID of 'f'"),
		  "reject ESRCH /BTF type ID of 'f'/");
}

static void test_no_tags(void **state)
{
	struct judgement j;

	(void)state;
	assert_ok("5.10", VERDICT_REJECT, EACCES, LOG_126, NULL, NULL);
	assert_ok("5.10", VERDICT_ACCEPT, 0, NULL, TAGS("other:accept:*"), NULL);
	assert_int_equal(expect__judge(NULL, 0, (struct kver){ 5, 10, 0 }, NULL, 0, VERDICT_ACCEPT,
				       0, NULL, NULL, &j),
			 0);
	assert_int_equal(j.status, STATUS_OK);
	judgement__release(&j);
}

static void test_unexpected(void **state)
{
	(void)state;
	assert_not_ok("5.10.218", VERDICT_ACCEPT, 0, "", flips, STATUS_UNEXPECTED,
		      "expected reject EACCES /invalid indirect read from stack( R2)? off/, "
		      "was accepted");
	assert_not_ok("5.10.262", VERDICT_REJECT, EACCES, LOG_126, flips, STATUS_UNEXPECTED,
		      "expected accept, was rejected with EACCES: the log says \"invalid indirect "
		      "read from stack R2 off -128+126 size 127\"");
	assert_not_ok("5.10.218", VERDICT_REJECT, EACCES, "0: (95) exit\nR0 !read_ok\n", flips,
		      STATUS_UNEXPECTED,
		      "message changed: expected /invalid indirect read from stack( R2)? off/, "
		      "the log says \"R0 !read_ok\"");
	assert_not_ok(
		"5.10.218", VERDICT_REJECT, EINVAL, LOG_126, flips, STATUS_UNEXPECTED,
		"errno changed: expected EACCES /invalid indirect read from stack( R2)? off/, "
		"was EINVAL: the log says \"invalid indirect read from stack R2 off "
		"-128+126 size 127\"");
	assert_not_ok("5.10.218", VERDICT_REJECT, E2BIG, NULL, flips, STATUS_UNEXPECTED,
		      "expected reject EACCES /invalid indirect read from stack( R2)? off/, was "
		      "rejected with E2BIG: the log is empty");
	assert_not_ok("5.10.262", VERDICT_REJECT, ENOMEM, "0: (95) exit\n", flips,
		      STATUS_UNEXPECTED,
		      "expected accept, was rejected with ENOMEM: the log gives no reason");
	assert_not_ok("5.10.262", VERDICT_NONE, ENOENT, NULL, flips, STATUS_UNEXPECTED,
		      "expected accept, but the program never reached the verifier: ENOENT");
	assert_not_ok(
		"5.10", VERDICT_NONE, ESRCH, "another message", TAGS("assay:reject:*:ESRCH:x"),
		STATUS_UNEXPECTED,
		"expected reject ESRCH /x/, but the program never reached the verifier: ESRCH: "
		"libbpf says \"another message\"");
	assert_not_ok(
		"5.10", VERDICT_NONE, EINVAL, "x", TAGS("assay:reject:*:ESRCH:x"),
		STATUS_UNEXPECTED,
		"expected reject ESRCH /x/, but the program never reached the verifier: EINVAL: "
		"libbpf says \"x\"");
	assert_not_ok("5.10.218", VERDICT_NONE, 0, NULL, TAGS("assay:reject:*:EACCES:x"),
		      STATUS_UNEXPECTED,
		      "expected reject EACCES /x/, but the program never reached the verifier");
}

/* The pattern is searched in the whole log, within one line, as an extended expression. */
static void test_pattern(void **state)
{
	static const char log[] = "0: (85) call bpf_strtol#105\nunknown func bpf_strtol#105\n";

	(void)state;
	assert_ok("5.10", VERDICT_REJECT, EINVAL, log,
		  TAGS("assay:reject:*:EINVAL:^unknown func bpf_strtol#[0-9]+$"),
		  "reject EINVAL /^unknown func bpf_strtol#[0-9]+$/");
	assert_ok("5.10", VERDICT_REJECT, EINVAL, log,
		  TAGS("assay:reject:*:22:call bpf_(strtol|strtoul)#105"),
		  "reject EINVAL /call bpf_(strtol|strtoul)#105/");
	assert_not_ok("5.10", VERDICT_REJECT, EINVAL, log, TAGS("assay:reject:*:22:call.*unknown"),
		      STATUS_UNEXPECTED,
		      "message changed: expected /call.*unknown/, the log says \"unknown func "
		      "bpf_strtol#105\"");
	assert_not_ok("5.10", VERDICT_REJECT, EINVAL, NULL, TAGS("assay:reject:*:22:x"),
		      STATUS_UNEXPECTED, "message changed: expected /x/, the log is empty");
}

static void test_bad_tags(void **state)
{
	(void)state;
	assert_not_ok("5.10", VERDICT_ACCEPT, 0, "", TAGS("assay:accept:<5.0", "other:tag"),
		      STATUS_HARNESS,
		      "no tag applies to kernel 5.10.0: \"assay:accept:<5.0\"; exactly one must "
		      "(assay:any:RANGE expects nothing)");
	assert_not_ok(
		"5.10.3", VERDICT_ACCEPT, 0, "",
		TAGS("assay:accept:*", "assay:accept:<5", "assay:any:>6.0"), STATUS_HARNESS,
		"expectation \"assay:accept:<5\": kernel range \"<5\": a version like 5.10 or "
		"5.10.218 must follow the operator at \"<5\"");
	assert_not_ok("5.10.3", VERDICT_ACCEPT, 0, "",
		      TAGS("assay:accept:*", "assay:any:>6.0", "assay:any:5.10.*"), STATUS_HARNESS,
		      "2 tags apply to kernel 5.10.3: \"assay:accept:*\", \"assay:any:5.10.*\"; "
		      "narrow their ranges until exactly one does");
	/* Two that agree are a mistake all the same. */
	assert_not_ok("5.10.3", VERDICT_ACCEPT, 0, "", TAGS("assay:accept:*", "assay:accept:*"),
		      STATUS_HARNESS,
		      "2 tags apply to kernel 5.10.3: \"assay:accept:*\", \"assay:accept:*\"; "
		      "narrow their ranges until exactly one does");
	/* A mistake in a tag for other kernels is one, too. */
	assert_not_ok("5.10.3", VERDICT_ACCEPT, 0, "",
		      TAGS("assay:accept:5.10.*", "assay:reject:6.1.*:EACCES:("), STATUS_HARNESS,
		      "expectation \"assay:reject:6.1.*:EACCES:(\": bad regular expression: "
		      "Unmatched ( or \\(");
}

static void test_features(void **state)
{
	static const char *const tags[] = { "assay:accept:+strtol",
					    "assay:reject:-strtol:EINVAL:unknown func" };
	static const char *const have[] = { "copyout", "strtol" };
	struct kver k = { 5, 10, 218 };
	struct judgement j;

	(void)state;
	assert_int_equal(expect__judge(tags, 2, k, have, 2, VERDICT_ACCEPT, 0, "", NULL, &j), 0);
	assert_int_equal(j.status, STATUS_OK);
	assert_string_equal(j.expected, "accept");
	judgement__release(&j);
	assert_int_equal(expect__judge(tags, 2, k, have, 1, VERDICT_REJECT, EINVAL,
				       "unknown func bpf_strtol#105\n", NULL, &j),
			 0);
	assert_int_equal(j.status, STATUS_OK);
	assert_string_equal(j.expected, "reject EINVAL /unknown func/");
	judgement__release(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	 cmocka_unit_test(test_parse_mistakes),
		cmocka_unit_test(test_is_tag),	 cmocka_unit_test(test_as_expected),
		cmocka_unit_test(test_no_tags),	 cmocka_unit_test(test_unexpected),
		cmocka_unit_test(test_pattern),	 cmocka_unit_test(test_bad_tags),
		cmocka_unit_test(test_features),
	};

	return cmocka_run_group_tests_name("expect", tests, NULL, NULL);
}
