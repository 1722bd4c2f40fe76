// SPDX-License-Identifier: GPL-2.0-only
/* What `assay probe` says of a function, from what the guest found. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/probe_report.h"
#include "model/kver.h"
#include "vm/functions.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_ERROR };

static const struct probe_functions unknown;

static char *report(const char *json, unsigned int major, const struct probe_functions *f)
{
	json_t *facts = json_loads(json, 0, NULL);
	struct kver v = { major, 10, 1 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(facts);
	assert_non_null(out);
	probe_report__print(out, facts, "k", v, f, false);
	fclose(out);
	json_decref(facts);
	return text;
}

static void assert_says(const char *json, unsigned int major, const struct probe_functions *f,
			const char *want)
{
	char *text = report(json, major, f);

	if (!strstr(text, want))
		fail_msg("'%s' is not in:\n%s", want, text);
	free(text);
}

#define PLAIN(kprobe, override)                                                           \
	"{\"function\": \"f\", \"symbols\": [{\"name\": \"f\", \"type\": \"T\"}], "       \
	"\"variants\": [], \"ftrace\": false, \"inject\": \"(unknown)\", \"btf\": true, " \
	"\"kprobe\": " kprobe ", \"override\": " override ", "                            \
	"\"kprobe_multi\": {\"errno\": \"EINVAL\"}, "                                     \
	"\"fentry\": {\"errno\": \"EBUSY\"}, \"fmod_ret\": {\"errno\": \"EBUSY\"}}"
#define INT3	"{\"kind\": \"int3\"}"
#define JUMP	"{\"kind\": \"jump\"}"
#define FTRACE	"{\"kind\": \"ftrace\"}"
#define REFUSED "{\"errno\": \"EINVAL\"}"

static void test_override_lost(void **state)
{
	(void)state;
	assert_says(PLAIN(JUMP, JUMP), 5, &unknown, "override         LOST");
	assert_says(PLAIN(JUMP, JUMP), 5, &unknown, "debug.kprobes-optimization=0");
	assert_says(PLAIN(INT3, INT3), 5, &unknown, "override         yes   by kprobe\n");
	assert_says(PLAIN(FTRACE, FTRACE), 5, &unknown, "override         yes   by kprobe\n");
	assert_says(PLAIN(FTRACE, FTRACE), 5, &unknown, "never optimised");
	assert_says(PLAIN(INT3, INT3), 5, &unknown, "no ftrace entry");
	assert_says(PLAIN(INT3, INT3), 5, &unknown, "error injection  yes   TRUE");
	assert_says(PLAIN(INT3, INT3), 5, &unknown, "came with 5.18");
	assert_says(PLAIN(INT3, INT3), 6, &unknown, "EINVAL: it needs an ftrace entry");
	assert_says(PLAIN(REFUSED, REFUSED), 5, &unknown, "CONFIG_KPROBE_EVENTS_ON_NOTRACE");
	assert_says(PLAIN(REFUSED, REFUSED), 5, &unknown, "override         no    no kprobe");
}

/* A jump for others, an int3 for those that override: what counts is the override's. */
static void test_override_kept(void **state)
{
	(void)state;
	assert_says(PLAIN(JUMP, INT3), 5, &unknown,
		    "kprobe           yes   int3, which the optimiser turns into a jump");
	assert_says(PLAIN(JUMP, INT3), 5, &unknown,
		    "override         yes   by kprobe: this kernel does not optimise one whose "
		    "program overrides\n");
	/* The sysctl was turned on while the probe was looking. */
	assert_says(PLAIN(INT3, JUMP), 5, &unknown, "override         LOST");
	/* No CONFIG_BPF_KPROBE_OVERRIDE. */
	assert_says(PLAIN(JUMP, "{\"errno\": \"EINVAL\", \"message\": \"refused\"}"), 5, &unknown,
		    "override         no    EINVAL: refused\n");
}

static const char none[] =
	"{\"function\": \"f\", \"symbols\": [], \"variants\": [\"f.part.0\"], \"ftrace\": false, "
	"\"btf\": false, \"kprobe\": {\"errno\": \"ENOENT\"}, "
	"\"kprobe_multi\": {\"errno\": \"EINVAL\"}, \"fentry\": {\"errno\": \"ENOENT\"}, "
	"\"fmod_ret\": {\"errno\": \"ENOENT\"}}";

static const char gone[] = "{\"function\": \"f\", \"symbols\": [], \"variants\": []}";

static void test_no_symbol(void **state)
{
	const struct function of = {
		.name = "f", .file = "lib/iov_iter.c", .line = 7, .is_static = true, .sites = 4
	};
	const struct probe_functions f = { true, &of, 1 }, nowhere = { .known = true };
	json_t *facts = json_loads(none, 0, NULL);

	(void)state;
	assert_false(probe_report__any(facts));
	json_decref(facts);
	assert_says(none, 5, &unknown, "only f.part.0");
	assert_says(none, 5, &unknown, "ENOENT: no such symbol");
	assert_says(
		none, 5, &f,
		"inlined          yes   static in lib/iov_iter.c:7, inlined at 4 calls, no copy to hook");
	assert_says(none, 5, &f, "only f.part.0");
	assert_says(gone, 5, &f, "not in kallsyms: inlined wherever it is called");
	assert_says(gone, 5, &nowhere, "symbol           no    no such function");
	assert_says(none, 5, &unknown, "not in the kernel's BTF");
}

static const char twice[] =
	"{\"function\": \"f\", \"symbols\": [{\"name\": \"f\", \"type\": \"t\"}, {\"name\": "
	"\"f\", \"type\": \"t\", \"module\": \"ext4\"}], \"variants\": [], \"ftrace\": true, "
	"\"btf\": true, \"kprobe\": {\"kind\": \"ftrace\"}, \"kprobe_multi\": {}}";

static void test_two_symbols(void **state)
{
	const struct function of = {
		.name = "f", .file = "fs/a.c", .line = 9, .copies = 2, .sites = 1
	};
	const struct probe_functions f = { true, &of, 1 };
	json_t *facts = json_loads(twice, 0, NULL);

	(void)state;
	assert_true(probe_report__any(facts));
	json_decref(facts);
	assert_says(twice, 6, &unknown, "2 functions of this name");
	assert_says(twice, 6, &unknown, "in module ext4");
	assert_says(twice, 6, &unknown, "not tried on a module's function");
	assert_says(twice, 6, &unknown, "not on the error-injection list: attaching gives EINVAL");
	assert_says(twice, 6, &f,
		    "some  global in fs/a.c:9, inlined at 1 call: a hook misses it, 2 copies");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_override_lost),
		cmocka_unit_test(test_override_kept),
		cmocka_unit_test(test_no_symbol),
		cmocka_unit_test(test_two_symbols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
