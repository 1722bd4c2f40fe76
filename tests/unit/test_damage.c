// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <linux/btf.h>
#include <string.h>

#include "base/proc.h"
#include "folder_fixture.h"
#include "vm/btf.h"
#include "vm/damage.h"
#include "vm/elf.h"
#include "vm/image.h"

/* Raw BTF: a prototype and a function. */
struct raw {
	struct btf_header h;
	uint32_t types[6];
	char strings[12];
};

static const struct raw sound = {
	.h = { .magic = 0xeb9f,
	       .version = 1,
	       .hdr_len = sizeof(struct btf_header),
	       .type_len = sizeof(sound.types),
	       .str_off = sizeof(sound.types),
	       .str_len = sizeof(sound.strings) },
	.types = { 0, 13 << 24, 0, 1, 12 << 24, 1 },
	.strings = "\0verify_cpu",
};

static void test_damage_btf(void **state)
{
	struct raw r = sound;
	struct strv missing = { 0 };
	unsigned int id = 0;
	char *reason = NULL;

	(void)state;
	assert_int_equal(btf_damage(&r, sizeof(r), &id, &reason), 0);
	assert_null(reason);
	assert_int_equal(id, 2);
	assert_int_equal(r.types[3], sizeof(r.strings));
	r.types[3] = 1;
	assert_memory_equal(&r, &sound, sizeof(r)); /* nothing else was touched */
	/* our own reader refuses it as the kernel does */
	r.types[3] = sizeof(r.strings);
	assert_int_equal(
		btf_find_funcs(&r, sizeof(r), (const char *[]){ NULL }, &missing, NULL, &reason),
		-EINVAL);
	assert_string_equal(reason, "malformed BTF: name out of range");
	free(reason);
	r = sound;
	r.types[4] = 7 << 24; /* a forward declaration */
	assert_int_equal(btf_damage(&r, sizeof(r), &id, &reason), -ENOENT);
	assert_string_equal(reason, "BTF without a function");
	free(reason);
	assert_int_equal(btf_damage(&r, 10, &id, &reason), -EINVAL);
	free(reason);
}

/* This test's program stands for the kernel. */
static void put_kernel(bool btf)
{
	char *raw = at("raw"), *to = at("built/vmlinux"), *arg = str_fmt(".BTF=%s", raw);
	const char *argv[] = { "objcopy", "--add-section", arg, "/proc/self/exe", to, NULL };
	char exe[256] = "";
	int status = -1;

	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	argv[3] = exe;
	put("built/config", "CONFIG_X=y\n");
	put("built/vmlinux.btf", "sound");
	put("built/modules/one.ko", "module");
	put("built/meta.json", "{\"name\": \"base\", \"key\": \"old\", \"build_id\": \"1234\","
			       "\"files\": {\"vmlinux\": 1, \"config\": 11, \"vmlinux.btf\": 5,"
			       "\"modules/one.ko\": 6}}");
	assert_int_equal(file_write(raw, &sound, sizeof(sound)), 0);
	if (btf)
		assert_int_equal(
			proc_run(&(struct proc_opts){ .argv = argv, .cancel_fd = -1 }, &status), 0);
	else
		status = file_copy(exe, to);
	assert_int_equal(status, 0);
	free(arg);
	free(to);
	free(raw);
}

static int publish(void)
{
	char *built = at("built"), *cache = at("cache"), *slot = at("cache/kernels/bad");
	struct image from = { .name = "base", .dir = built };
	int err;

	assert_int_equal(dir_make(slot), 0);
	listen_begin();
	err = damage__publish("bad", &from, cache, "bad", "0123456789abcdef");
	listen_end();
	free(slot);
	free(cache);
	free(built);
	return err;
}

static json_t *read_json(const char *name)
{
	char *path = at(name), *text = NULL;
	json_t *o;

	assert_int_equal(file_read(path, 0, &text, NULL), 0);
	o = json_loads(text, 0, NULL);
	assert_non_null(o);
	free(text);
	free(path);
	return o;
}

#define NEW "cache/kernels/bad/0123456789abcdef/"

static void test_publish(void **state)
{
	char *path = at(NEW "vmlinux"), *was = at("built/vmlinux");
	void *data = NULL;
	size_t len;
	json_t *meta;

	(void)state;
	put_kernel(true);
	assert_int_equal(publish(), 0);
	assert_int_equal(file_size(path), file_size(was));
	assert_int_equal(elf_section(path, ".BTF", &data, &len), 0);
	assert_int_equal(len, sizeof(sound));
	assert_int_equal(((struct raw *)data)->types[3], sizeof(sound.strings));
	free(data);
	/* the one it was taken from is as it was */
	assert_int_equal(elf_section(was, ".BTF", &data, &len), 0);
	assert_memory_equal(data, &sound, len);
	free(data);
	holds(NEW "config", "CONFIG_X=y\n");
	holds(NEW "modules/one.ko", "module");
	meta = read_json(NEW "meta.json");
	assert_string_equal(json_string_value(json_object_get(meta, "name")), "bad");
	assert_string_equal(json_string_value(json_object_get(meta, "key")), "0123456789abcdef");
	assert_string_equal(json_string_value(json_object_get(meta, "like")), "base");
	assert_string_equal(json_string_value(json_object_get(meta, "build_id")), "1234");
	assert_int_equal(json_integer_value(json_object_get(meta, "damaged_btf_type")), 2);
	json_decref(meta);
	free(was);
	free(path);
}

static void test_no_btf(void **state)
{
	(void)state;
	put_kernel(false);
	assert_int_equal(publish(), -ENOENT);
	says("kernel bad: the BTF of its vmlinux");
	assert_false(there(NEW));
	assert_false(there("cache/kernels/bad/.new"));
}

static void test_key(void **state)
{
	char a[KEY_HEX], b[KEY_HEX], again[KEY_HEX];

	(void)state;
	assert_int_equal(damage__key("046be4e2c5bed1ea", a), 0);
	assert_int_equal(damage__key("6a7e9c5b805e3145", b), 0);
	assert_int_equal(damage__key("046be4e2c5bed1ea", again), 0);
	assert_string_equal(a, again);
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, "046be4e2c5bed1ea");
	assert_int_equal(strlen(a), KEY_HEX - 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_damage_btf), T(test_publish), T(test_no_btf),
					    T(test_key) };

	return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}
