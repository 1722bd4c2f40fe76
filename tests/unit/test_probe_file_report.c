// SPDX-License-Identifier: GPL-2.0-only
/* What `assay probe` says of a program's function or USDT probe, from what the guest found. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/probe_file_report.h"
#include "cli/probe_report.h"
#include "vm/functions.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_ERROR };

static const struct probe_functions unknown;

static void assert_says(const char *json, bool any, const struct probe_functions *f,
			const char *want)
{
	json_error_t err;
	json_t *facts = json_loads(json, 0, &err);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!facts)
		fail_msg("%s: %s", json, err.text);
	assert_non_null(out);
	probe_file_report__print(out, facts, "./prog", "k", f, false);
	fclose(out);
	if (!strstr(text, want))
		fail_msg("'%s' is not in:\n%s", want, text);
	assert_int_equal(probe_file_report__any(facts), any);
	json_decref(facts);
	free(text);
}

#define ELF "\"elf\": {\"fixed\": false, \"dynamic\": true, \"stripped\": false, \"dwarf\": true}, "
#define FUNCTION(symbols, more) \
	"{" ELF "\"function\": \"f\", \"symbols\": [" symbols "], \"variants\": []" more "}"
#define SYMBOL(more)                                                                           \
	"{\"name\": \"f\", \"table\": \".symtab\", \"binding\": \"local\", \"section\": "      \
	"\".text\", \"size\": 9, \"ifunc\": false, \"executable\": true, \"address\": "        \
	"\"0x401000\", \"offset\": \"0x1000\", \"aliases\": [\"g\", \"h\"], \"uprobe\": " more \
	", \"uretprobe\": " more "}"
#define ARMED	"{\"armed\": true}"
#define UNARMED "{\"armed\": false}"

static void test_function(void **state)
{
	static const char fine[] = FUNCTION(SYMBOL(ARMED), "");
	static const char twice[] = FUNCTION(SYMBOL(ARMED) ", " SYMBOL(ARMED), "");

	(void)state;
	assert_says(fine, true, &unknown, "f of ./prog on k\n");
	assert_says(fine, true, &unknown,
		    "x86-64, position-independent, linked dynamically, not stripped, with debug "
		    "information");
	assert_says(fine, true, &unknown,
		    "symbol           yes   static, 9 bytes at 0x401000 in .text (file offset "
		    "0x1000); also named g, h");
	assert_says(fine, true, &unknown, "uprobe           yes   in every process that maps");
	assert_says(fine, true, &unknown, "uretprobe        yes");
	assert_says(twice, true, &unknown, "2 functions of this name: a hook by name is ambiguous");
}

static void test_refused(void **state)
{
	static const char never[] = FUNCTION("{\"name\": \"f\", \"executable\": false}", "");

	(void)state;
	assert_says(
		FUNCTION(SYMBOL("{\"errno\": \"ENOTSUPP\"}"), ""), false, &unknown,
		"uprobe           no    ENOTSUPP: the kernel puts no uprobe on the instruction");
	assert_says(FUNCTION(SYMBOL("{\"errno\": \"EIO\"}"), ""), false, &unknown,
		    "EIO: the file system that holds the file can't have uprobes");
	assert_says(FUNCTION(SYMBOL("{\"errno\": \"ENOENT\", \"message\": \"no PMU\"}"), ""), false,
		    &unknown, "uprobe           no    ENOENT: no PMU");
	assert_says(FUNCTION(SYMBOL(UNARMED), ""), false, &unknown,
		    "uprobe           no    accepted, and yet a process that maps the file gets no "
		    "breakpoint");
	assert_says(never, false, &unknown, "uprobe           no    not in an executable segment");
}

static void test_no_function(void **state)
{
	const struct function of = { .name = "f", .file = "f.c", .line = 3, .sites = 2 };
	const struct probe_functions inlined = { true, &of, 1 }, none = { .known = true };

	(void)state;
	assert_says(
		FUNCTION("", ", \"nearest\": \"ff\""), false, &unknown,
		"symbol           no    no such function, or inlined wherever it is called; did "
		"you mean 'ff'?");
	assert_says(FUNCTION("", ""), false, &none, "symbol           no    no such function\n");
	assert_says(FUNCTION("", ""), false, &inlined,
		    "symbol           no    no copy of its own: inlined wherever it is called");
	assert_says(FUNCTION("", ""), false, &inlined,
		    "inlined          yes   global in f.c:3, inlined at 2 calls, no copy to hook");
	assert_says(FUNCTION("", ", \"imported\": true"), false, &unknown,
		    "this file only calls it: hook the shared library that has it");
	assert_says("{" ELF "\"function\": \"f\", \"symbols\": [], \"variants\": [\"f.cold\"]}",
		    false, &unknown, "symbol           no    only f.cold");
	assert_says("{\"problem\": \"no ELF file of x86-64\", \"function\": \"f\"}", false,
		    &unknown, "file             no    no ELF file of x86-64");
}

#define PROBE(locations, more)                                                                    \
	"{" ELF "\"provider\": \"p\", \"probe\": \"n\", \"notes\": 3, \"locations\": [" locations \
	"]" more "}"
#define LOCATION(nop, semaphore, uprobe)                                                      \
	"{\"address\": \"0x401000\", \"offset\": \"0x1000\", \"nop\": " nop ", \"args\": "    \
	"\"-4@%esi\", \"arguments\": [\"4 bytes signed in %esi\"], \"semaphore\": " semaphore \
	", \"uprobe\": " uprobe "}"
#define COUNTS "{\"address\": \"0x9000\", \"offset\": \"0x8000\", \"writable\": true}"
#define CONST  "{\"address\": \"0x9000\", \"offset\": \"0x8000\", \"writable\": false}"

static void test_probe(void **state)
{
	static const char fine[] =
		PROBE(LOCATION("true", COUNTS, "{\"armed\": true, \"counted\": 1}"), "");

	(void)state;
	assert_says(fine, true, &unknown, "p:n of ./prog on k\n");
	assert_says(
		fine, true, &unknown,
		"location 1       yes   0x401000 (file offset 0x1000), a nop; semaphore at 0x9000 "
		"(file offset 0x8000), counts");
	assert_says(fine, true, &unknown, "  argument 1           4 bytes signed in %esi");
	assert_says(PROBE(LOCATION("true", COUNTS, "{\"armed\": true, \"counted\": 0}"), ""), false,
		    &unknown, "(file offset 0x8000), does not count");
	assert_says(PROBE(LOCATION("true", CONST, "{\"armed\": true, \"counted\": 1}"), ""), false,
		    &unknown, "is not in a writable segment");
	assert_says(PROBE(LOCATION("false", "null", ARMED), ""), true, &unknown, "NOT a nop");
	assert_says(PROBE(LOCATION("true", COUNTS, "{\"errno\": \"EINVAL\"}"), ""), false, &unknown,
		    "location 1       no ");
	assert_says(PROBE("", ", \"nearest\": \"p:m\""), false, &unknown,
		    "USDT probe       no    no such probe; did you mean 'p:m'?");
}

static void test_list(void **state)
{
	(void)state;
	assert_says("{" ELF "\"notes\": 0, \"probes\": []}", false, &unknown,
		    "USDT probes      no    the file has none");
	assert_says("{" ELF "\"notes\": 2, \"probes\": [{\"provider\": \"p\", \"name\": \"n\", "
		    "\"locations\": 2, \"arguments\": 5, \"semaphore\": true}]}",
		    true, &unknown, "  p:n                 2          5  yes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_function),    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_function), cmocka_unit_test(test_probe),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
