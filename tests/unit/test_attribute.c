// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "diff/attribute.h"
#include "diff/side.h"
#include "base/log.h"
#include "facts_fixture.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

static void expect_cause(const struct facts *a, const struct facts *b, const char *experiment,
			 const char *sentence)
{
	char *cause = attribute__cause(a, b, experiment);

	assert_non_null(cause);
	assert_string_equal(cause, sentence);
	free(cause);
}

struct pair {
	struct facts a, b;
};

static int two_point_releases(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->a = made_up_facts("5.10.218");
	p->b = made_up_facts("5.10.223");
	*state = p;
	return 0;
}

static int the_same_kernel(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->a = made_up_facts("5.10.218");
	p->b = made_up_facts("5.10.218");
	*state = p;
	return 0;
}

static int release_pair(void **state)
{
	struct pair *p = *state;

	facts__release(&p->a);
	facts__release(&p->b);
	free(p);
	return 0;
}

static void the_kernel_alone(void **state)
{
	struct pair *p = *state;

	expect_cause(&p->a, &p->b, "override",
		     "same object, configuration and compiler: it is the kernel (5.10.218 -> "
		     "5.10.223, one of the 5 point releases 5.10.219 to 5.10.223)");
	expect_cause(&p->b, &p->a, "override",
		     "same object, configuration and compiler: it is the kernel (5.10.223 -> "
		     "5.10.218, one of the 5 point releases 5.10.219 to 5.10.223)");
	expect_cause(&p->a, &p->b, "verifier-scaling",
		     "same guest program, configuration and compiler: it is the kernel (5.10.218 "
		     "-> 5.10.223, one of the 5 point releases 5.10.219 to 5.10.223)");
	set_fact(&p->b.release, "5.10.219");
	expect_cause(&p->a, &p->b, "override",
		     "same object, configuration and compiler: it is the kernel (5.10.218 -> "
		     "5.10.219)");
	set_fact(&p->b.release, "6.1.192");
	expect_cause(&p->a, &p->b, "override",
		     "same object, configuration and compiler: it is the kernel (5.10.218 -> "
		     "6.1.192)");
}

static void options_of_its_source(void **state)
{
	struct pair *p = *state;

	set_fact(&p->b.release, "5.10.219");
	set_fact(&p->b.config_hash, "c2");
	assert_int_equal(strv__add(&p->b.config, "MITIGATION_TSA=y"), 0);
	expect_cause(&p->a, &p->b, "override",
		     "same object, configuration and compiler: it is the kernel (5.10.218 -> "
		     "5.10.219); its source brings other options with the same asked for: only in "
		     "the second: MITIGATION_TSA=y");
}

static void another_source_of_one_release(void **state)
{
	struct pair *p = *state;

	set_fact(&p->b.image_key, "another");
	set_fact(&p->b.source, "/home/me/linux");
	set_fact(&p->b.source_hash, "mine");
	expect_cause(&p->a, &p->b, "override",
		     "same object, configuration and compiler: it is the kernel (its source: "
		     "linux-source=5.10.218 -> /home/me/linux)");
	set_fact(&p->b.source_hash, p->a.source_hash);
	set_fact(&p->b.damage, "type 3 of its BTF is damaged");
	expect_cause(
		&p->a, &p->b, "override",
		"same object, configuration and compiler: it is the kernel (the second: type 3 "
		"of its BTF is damaged)");
}

static void the_configuration(void **state)
{
	struct pair *p = *state;

	set_fact(&p->b.image_key, "another");
	free(p->b.asked.v[1]);
	p->b.asked.v[1] = strdup("LSM=n");
	assert_int_equal(strv__add(&p->b.asked, "NET=y"), 0);
	expect_cause(&p->a, &p->b, "override",
		     "all else is the same: it is the configuration (changed: LSM=y -> n; only in "
		     "the second: NET=y)");
	/* Of kernels that were built elsewhere. */
	p->a.has_asked = p->b.has_asked = false;
	set_fact(&p->b.config_hash, "c2");
	assert_int_equal(strv__add(&p->a.config, "X86=y"), 0);
	expect_cause(&p->a, &p->b, "override",
		     "all else is the same: it is the configuration (only in the first: X86=y)");
	strv__free(&p->a.config);
	expect_cause(&p->a, &p->b, "override", "all else is the same: it is the configuration");
}

static void many_options(void **state)
{
	struct pair *p = *state;

	set_fact(&p->b.image_key, "another");
	for (int i = 0; i < 9; i++) {
		char *option = str_fmt("X%d=y", i);

		assert_int_equal(strv__add(&p->b.asked, option), 0);
		free(option);
	}
	expect_cause(&p->a, &p->b, "override",
		     "all else is the same: it is the configuration (only in the second: 9, from "
		     "X0=y to X8=y)");
}

static void the_series(void **state)
{
	struct pair *p = *state;

	set_fact(&p->b.image_key, "another");
	add_patch(&p->b, "0003-three.patch", "p3", "x3");
	expect_cause(&p->a, &p->b, "override",
		     "all else is the same: it is the patch series (only in the second: "
		     "0003-three.patch)");
	set_fact(&p->b.patches[0].hash, "p9");
	set_fact(&p->b.patches[0].change, "x9");
	set_fact(&p->b.patches[1].name, "0002-deux.patch");
	expect_cause(
		&p->a, &p->b, "override",
		"all else is the same: it is the patch series (other contents: 0001-one.patch; "
		"only in the first: 0002-two.patch; only in the second: 0002-deux.patch, "
		"0003-three.patch)");
}

static void the_compiler(void **state)
{
	struct pair *p = *state;

	set_fact(&p->b.image_key, "another");
	set_fact(&p->b.compiler, "gcc 13");
	set_fact(&p->b.pahole, "v1.30");
	expect_cause(&p->a, &p->b, "override",
		     "all else is the same: it is the kernel's compiler (gcc 12.2.0 -> gcc 13; "
		     "pahole v1.24 -> v1.30)");
}

static void clang_and_the_object(void **state)
{
	struct pair *p = *state;

	set_object(&p->b, "override", "o9");
	expect_cause(&p->a, &p->b, "override", "all else is the same: it is the BPF object");
	set_fact(&p->b.clang, "clang 16");
	expect_cause(&p->a, &p->b, "override",
		     "differ: the BPF object, clang (clang 14 -> clang 16)");
	/* Another clang that made the same object is the cause of nothing. */
	expect_cause(&p->a, &p->b, "strtol",
		     "nothing that is recorded differs: it varies from run to run, or with the "
		     "guest's CPUs and memory");
}

static void libbpf_and_the_guest_program(void **state)
{
	struct pair *p = *state;

	set_fact(&p->b.guest, "g2");
	expect_cause(&p->a, &p->b, "override",
		     "all else is the same: it is the guest program, which loads it");
	expect_cause(&p->a, &p->b, "verifier-scaling",
		     "all else is the same: it is the guest program, which makes this experiment's "
		     "programs");
	set_fact(&p->b.libbpf, "1.4.0");
	expect_cause(&p->a, &p->b, "override",
		     "differ: libbpf (1.1.2 -> 1.4.0), the guest program, which loads it");
}

static void several(void **state)
{
	struct pair *p = *state;

	set_fact(&p->b.release, "6.1.192");
	assert_int_equal(strv__add(&p->b.asked, "FPROBE=y"), 0);
	set_fact(&p->b.patches[1].change, "x9");
	set_fact(&p->b.patches[1].hash, "p9");
	expect_cause(&p->a, &p->b, "override",
		     "differ: the kernel (5.10.218 -> 6.1.192), the configuration (only in the "
		     "second: FPROBE=y), the patch series (other contents: 0002-two.patch)");
}

static void parameters(void **state)
{
	struct pair *p = *state;

	add_of(&p->b.params, &p->b.nr_params, "strtol", "{\"n\":\"3\"}");
	expect_cause(&p->a, &p->b, "strtol",
		     "all else is the same: it is the parameters (default -> {\"n\":\"3\"})");
	expect_cause(&p->a, &p->b, "override",
		     "nothing that is recorded differs: it varies from run to run, or with the "
		     "guest's CPUs and memory");
}

static void what_is_not_known(void **state)
{
	struct pair *p = *state;
	struct facts none = { 0 };

	expect_cause(&none, &p->b, "override",
		     "unknown: the first kept no facts about kernel and tools");
	expect_cause(&p->a, &none, "override",
		     "unknown: the second kept no facts about kernel and tools");
	expect_cause(&none, &none, "override",
		     "unknown: both sides kept no facts about kernel and tools");
	/* Never a cause while something else is unknown. */
	p->b.has_patches = false;
	set_fact(&p->b.pahole, NULL);
	expect_cause(&p->a, &p->b, "override",
		     "differ: the kernel (5.10.218 -> 5.10.223, one of the 5 point releases "
		     "5.10.219 to 5.10.223); unknown: patches, kernel's compiler");
	set_fact(&p->b.release, p->a.release);
	set_fact(&p->b.source_hash, p->a.source_hash);
	expect_cause(
		&p->a, &p->b, "override",
		"unknown: nothing that was kept differs, not kept: patches, kernel's compiler");
}

/* Options that were asked for are named as the configuration, not as the source's doing. */
static void kernel_and_options(void **state)
{
	struct pair *p = *state;

	set_fact(&p->b.release, "5.10.219");
	set_fact(&p->b.config_hash, "c2");
	assert_int_equal(strv__add(&p->b.asked, "TLS=y"), 0);
	assert_int_equal(strv__add(&p->b.config, "TLS=y"), 0);
	expect_cause(&p->a, &p->b, "override",
		     "differ: the kernel (5.10.218 -> 5.10.219), the configuration (only in the "
		     "second: TLS=y)");
}

static void expect_of_cell(const struct side *a, const struct side *b, const char *sentence)
{
	const struct cell c = { .experiment = (char *)"override" };
	char *cause;

	assert_int_equal(attribute__cell(a, b, &c, &cause), 0);
	assert_string_equal(cause, sentence);
	free(cause);
}

/* The kernel is no cause as long as the guests differ as well. */
static void the_guests(void **state)
{
	struct pair *p = *state;
	struct side a = { .facts = p->a, .guest = { .cpus = 1, .mem_mb = 512 } };
	struct side b = { .facts = p->b, .guest = { .cpus = 1, .mem_mb = 512 } };

	a.guest.accel = (char *)"tcg";
	expect_of_cell(&a, &b,
		       "same object, configuration and compiler: it is the kernel (5.10.218 -> "
		       "5.10.223, one of the 5 point releases 5.10.219 to 5.10.223)");
	b.guest.accel = (char *)"kvm";
	b.guest.cpus = 4;
	expect_of_cell(&a, &b,
		       "differ: the kernel (5.10.218 -> 5.10.223, one of the 5 point releases "
		       "5.10.219 to 5.10.223), the guest (accelerator tcg -> kvm; CPUs 1 -> 4)");
	a.facts = p->b;
	expect_of_cell(&a, &b,
		       "all else is the same: it is the guest (accelerator tcg -> kvm; CPUs 1 -> "
		       "4)");
	b.guest = a.guest;
	expect_of_cell(&a, &b, "nothing that is recorded differs: it varies from run to run");
	b.guest.mem_mb = 1024;
	a.guest.cpu_model = (char *)"qemu64";
	b.guest.cpu_model = (char *)"max";
	expect_of_cell(&a, &b,
		       "all else is the same: it is the guest (CPU qemu64 -> max; memory 512 -> "
		       "1024 MB)");
}

#define OF(test, setup) cmocka_unit_test_setup_teardown(test, setup, release_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF(the_kernel_alone, two_point_releases),
		OF(options_of_its_source, two_point_releases),
		OF(another_source_of_one_release, the_same_kernel),
		OF(the_configuration, the_same_kernel),
		OF(many_options, the_same_kernel),
		OF(the_series, the_same_kernel),
		OF(the_compiler, the_same_kernel),
		OF(clang_and_the_object, the_same_kernel),
		OF(libbpf_and_the_guest_program, the_same_kernel),
		OF(several, two_point_releases),
		OF(parameters, the_same_kernel),
		OF(what_is_not_known, two_point_releases),
		OF(the_guests, two_point_releases),
		OF(kernel_and_options, two_point_releases),
	};

	return cmocka_run_group_tests_name("attribute", tests, NULL, NULL);
}
