// SPDX-License-Identifier: GPL-2.0-only
/* `assay probe`: functions of the kernel, and functions and USDT probes of programs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay.h"
#include "base/file.h"
#include "base/str.h"

#define KERNEL "5.10.218"

/* Functions of this program that the kernel refuses, and one that it takes. */
__asm__(".text\n"
	".type test_halts, @function\n test_halts: hlt\n ret\n .size test_halts, .-test_halts\n"
	".type test_traps, @function\n test_traps: int3\n ret\n .size test_traps, .-test_traps\n"
	".type test_plain, @function\n test_plain: nop\n ret\n .size test_plain, .-test_plain\n"
	".data\n .type test_in_data, @function\n test_in_data: .byte 0x90\n .text\n");

static char *dir;

static int set_up(void **state)
{
	(void)state;
	need_kernel(KERNEL);
	dir = temp_dir();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(dir);
	return 0;
}

static char *self(const char *rest)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	assert_true(n > 0);
	path[n] = '\0';
	return str_fmt("%s:%s", path, rest);
}

/* --- the kernel ------------------------------------------------------------------------------- */

static void test_kernel(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, NULL, "probe", "-k", KERNEL, "vfs_read", "copyout_bpf");
	assert_status(&o, 0);
	assert_matches(o.out, "^vfs_read on " KERNEL "\n  symbol +yes +global\n");
	assert_matches(o.out, "\n  kprobe +yes +on the ftrace entry; never optimised\n");
	assert_matches(o.out, "\n  fentry, fexit +yes\n");
	assert_matches(o.out, "\n  fmod_ret +no +EINVAL: vfs_read\\(\\) is not modifiable\n");
	assert_matches(o.out, "\ncopyout_bpf on " KERNEL "\n");
	assert_matches(o.out, "\n  kprobe +yes +int3, which the optimiser turns into a jump");
	assert_matches(o.out, "\n  fmod_ret +no +EBUSY");
	assert_matches(o.out, "\n  override +LOST +it holds until the kprobe is optimised");
	outcome__release(&o);

	ASSAY(&o, false, NULL, "probe", "-k", KERNEL, "vfs_read", "nosuch");
	assert_status(&o, 1);
	assert_matches(o.out, "\nnosuch on " KERNEL "\n  symbol +no +no such function\n");
	assert_matches(o.out, "\n  kprobe +no +ENOENT: no such symbol\n");
	outcome__release(&o);
}

/* --- programs --------------------------------------------------------------------------------- */

static void test_memcached(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, NULL, "probe", "-k", KERNEL, "memcached:process_command_ascii",
	      "memcached:memcached:command__get", "memcached:", "vfs_read");
	assert_status(&o, 0);
	assert_matches(o.out, "^process_command_ascii of memcached on " KERNEL "\n");
	assert_matches(o.out, "\n  symbol +yes +global, [0-9]+ bytes at 0x[0-9a-f]+ in \\.text");
	assert_matches(o.out, "\n  uprobe +yes +in every process that maps this file");
	assert_matches(o.out, "\n  uretprobe +yes\n");
	assert_matches(o.out, "\nmemcached:command__get of memcached on " KERNEL "\n");
	assert_matches(o.out, "\n  USDT probe +yes +5 locations;");
	assert_matches(o.out, "\n  location 5 +yes +0x[0-9a-f]+ \\(file offset 0x[0-9a-f]+\\), a "
			      "nop; semaphore at 0x[0-9a-f]+[^;]*, counts\n");
	assert_matches(o.out, "\n    argument 1 +4 bytes signed ");
	assert_lacks(o.out, "does not count");
	assert_matches(o.out, "\n  memcached:command__get +5 +5 +yes\n");
	assert_matches(o.out, "\nvfs_read on " KERNEL "\n");
	outcome__release(&o);

	ASSAY(&o, false, NULL, "probe", "-k", KERNEL, "memcached:process_command_asci",
	      "memcached:memcached:comand__get");
	assert_status(&o, 1);
	assert_has(o.out, "did you mean 'process_command_ascii'?");
	assert_has(o.out, "did you mean 'memcached:command__get'?");
	outcome__release(&o);
}

/* What the kernel takes and refuses is its own word: all four are functions in the file. */
static void test_instructions(void **state)
{
	char *plain = self("test_plain"), *halts = self("test_halts"), *traps = self("test_traps");
	char *data = self("test_in_data");
	struct outcome o;
	json_t *all, *s;

	(void)state;
	ASSAY(&o, false, NULL, "probe", "-k", KERNEL, "--json", plain, halts, traps, data);
	assert_status(&o, 1);
	all = json_loads(o.out, 0, NULL);
	assert_int_equal(json_array_size(all), 4);
	for (size_t i = 0; i < 4; i++) {
		static const char *const refused[] = { NULL, "ENOTSUPP", "ENOTSUPP" };
		static const char *const keys[] = { "uprobe", "uretprobe" };

		s = json_array_get(json_object_get(json_array_get(all, i), "symbols"), 0);
		assert_non_null(s);
		for (size_t k = 0; k < 2; k++) {
			const json_t *h = json_object_get(s, keys[k]);

			if (i == 3) {
				assert_null(h); /* not in an executable segment: not tried */
				continue;
			}
			assert_non_null(h);
			assert_int_equal(json_is_true(json_object_get(h, "armed")), !refused[i]);
			if (refused[i])
				assert_string_equal(json_string_value(json_object_get(h, "errno")),
						    refused[i]);
		}
	}
	json_decref(all);
	outcome__release(&o);
	free(plain);
	free(halts);
	free(traps);
	free(data);
}

static void test_no_program(void **state)
{
	char *text = str_fmt("%s/notes.txt", dir), *target = str_fmt("%s:main", text);
	struct outcome o;

	(void)state;
	assert_int_equal(file_write(text, "no program\n", 11), 0);
	ASSAY(&o, false, NULL, "probe", "-k", KERNEL, target);
	assert_status(&o, 1);
	assert_matches(o.out, "\n  file +no +no ELF file of x86-64\n$");
	outcome__release(&o);
	free(target);
	free(text);
}

/* --- wrong use: no guest is booted ------------------------------------------------------------ */

static void assert_wrong(const char *target, const char *message)
{
	struct outcome o;

	ASSAY(&o, false, NULL, "probe", "-k", KERNEL, target);
	assert_status(&o, 2);
	assert_has(o.err, message);
	assert_string_equal(o.out, "");
	outcome__release(&o);
}

static void test_wrong_use(void **state)
{
	struct outcome o;

	(void)state;
	assert_wrong("vfs read", "'vfs read' is no name of a function");
	assert_wrong("memcached:a:b:c", "neither FILE:FUNCTION nor FILE:PROVIDER:NAME");
	assert_wrong("memcache:main", "did you mean 'memcached'?");
	assert_wrong("./nosuch:main", "./nosuch: No such file or directory");
	assert_wrong("/tmp/:main", "names no file");
	ASSAY(&o, false, NULL, "probe", "-k", KERNEL);
	assert_status(&o, 2);
	assert_has(o.err, "which function?");
	outcome__release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kernel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_memcached, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_instructions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_program, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_use, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
