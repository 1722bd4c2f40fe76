// SPDX-License-Identifier: GPL-2.0-only
/* Guests that go on from a saved state: they differ where they must, and a state that is no use
 * costs a boot and nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "assay.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "vm/guestfs.h"
#include "vm/restore.h"
#include "vm/snapshot.h"
#include "vm/vm.h"
#include "wire/event.h"

#define KERNEL "5.10.218"

/* A cache whose states are its own; all else is the user's. */
static char *results, *cache, *states, *env;

static char *user_cache(void)
{
	const char *dir = getenv("ASSAY_CACHE"), *xdg = getenv("XDG_CACHE_HOME");

	if (dir && *dir)
		return strdup(dir);
	return xdg && *xdg ? str_fmt("%s/assay", xdg) : str_fmt("%s/.cache/assay", getenv("HOME"));
}

static int set_up_all(void **state)
{
	(void)state;
	need_kernel(KERNEL);
	return 0;
}

static int set_up(void **state)
{
	char *from = user_cache();
	DIR *d = opendir(from);
	struct dirent *e;

	(void)state;
	results = temp_dir();
	cache = temp_dir();
	states = str_fmt("%s/snapshots", cache);
	env = str_fmt("ASSAY_CACHE=%s", cache);
	while (d && (e = readdir(d))) {
		char *a = str_fmt("%s/%s", from, e->d_name),
		     *b = str_fmt("%s/%s", cache, e->d_name);

		if (*e->d_name != '.' && strcmp(e->d_name, "snapshots") != 0)
			assert_int_equal(symlink(a, b), 0);
		free(a);
		free(b);
	}
	if (d)
		closedir(d);
	free(from);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	umount2(states, MNT_DETACH);
	temp_dir_remove(results);
	temp_dir_remove(cache);
	free(states);
	free(env);
	return 0;
}

/* --- the program ----------------------------------------------------------------------------- */

static struct call the_call(void)
{
	static const char *vars[2];

	vars[0] = env;
	return (struct call){ .results = results, .selftest = true, .env = vars };
}

/* -v: QEMU's command lines are said. */
#define RUN(o, ...)                                                                         \
	do {                                                                                \
		const struct call c = the_call();                                           \
		assay_call(o, &c, ARGS("-v", "run", "--fresh", "experiment", __VA_ARGS__)); \
	} while (0)

static int count(const char *text, const char *part)
{
	int n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

/* Every QEMU of a run has its console's file below the results. */
static int count_starts(const struct outcome *o)
{
	char *mark = str_fmt("id=console,path=%s", results);
	int n = count(o->err, mark);

	free(mark);
	return n;
}

/* trivial and generated went well, by so many boots and restored guests. */
static void assert_well(struct outcome *o, int boots, int restored)
{
	assert_status(o, 0);
	assert_int_equal(experiment_status(results, KERNEL, "trivial", NULL), STATUS_OK);
	assert_int_equal(experiment_status(results, KERNEL, "generated", NULL), STATUS_OK);
	assert_int_equal(count(o->err, " -incoming "), restored);
	assert_int_equal(count_starts(o), boots + restored);
	assert_int_equal(count_qemus(results, NULL), 0);
}

/* The name of the only one that is kept; NULL when there is none. Nothing half written is there. */
static char *the_state(void)
{
	DIR *d = opendir(states);
	struct dirent *e;
	char *name = NULL;

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (*e->d_name == '.' || name)
			fail_msg("%s is there too", e->d_name);
		name = strdup(e->d_name);
	}
	if (d)
		closedir(d);
	return name;
}

static void assert_kept(void)
{
	char *name = the_state();

	assert_non_null(name);
	free(name);
}

static void test_made_once(void **state)
{
	struct outcome o;
	char *text;

	(void)state;
	RUN(&o, "trivial", "generated");
	assert_well(&o, 1, 2);
	outcome__release(&o);
	assert_kept();
	text = find_text(results, KERNEL, "", "", "console");
	assert_has(text, "Linux version " KERNEL);
	free(text);
	assert_int_equal(count_texts(results, "", "console"), 3);
	RUN(&o, "trivial", "generated");
	assert_well(&o, 0, 2);
	outcome__release(&o);
	/* Each begins with the boot's, as if it had been here. */
	text = find_text(results, KERNEL, "", "", "console");
	assert_has(text, "Linux version " KERNEL);
	free(text);
	assert_int_equal(count_texts(results, "", "console"), 2);
	text = find_text(results, KERNEL, "", "boot-2", "console");
	assert_has(text, "Linux version " KERNEL);
	free(text);
}

static void test_two_cpus(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "trivial", "generated", "--cpus", "2");
	assert_well(&o, 1, 2);
	outcome__release(&o);
}

/* It costs the experiment that crashed. */
static void test_crash(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "panic", "trivial", "loader-crash", "generated");
	assert_int_equal(o.status, 1);
	assert_int_equal(experiment_status(results, KERNEL, "panic", NULL), STATUS_CRASHED);
	assert_int_equal(experiment_status(results, KERNEL, "trivial", NULL), STATUS_OK);
	assert_int_equal(experiment_status(results, KERNEL, "generated", NULL), STATUS_OK);
	assert_int_equal(count(o.err, " -incoming "), 4);
	assert_int_equal(count_starts(&o), 5);
	outcome__release(&o);
}

static void test_boots(void **state)
{
	const struct call c = the_call();
	struct outcome o;

	(void)state;
	assay_call(&o, &c, ARGS("-v", "run", "--fresh", "boot", "trivial", "generated"));
	assert_well(&o, 2, 0);
	outcome__release(&o);
	assay_call(&o, &c, ARGS("-v", "run", "--fresh", "kernel", "trivial", "generated"));
	assert_well(&o, 1, 0);
	outcome__release(&o);
	assert_null(the_state());
	assay_call(&o, &c, ARGS("run", "--fresh", "never", "trivial"));
	assert_status(&o, 2);
	outcome__release(&o);
}

/* --- states that are no use ------------------------------------------------------------------ */

static void test_damaged(void **state)
{
	struct outcome o;
	char *name, *path;

	(void)state;
	RUN(&o, "trivial", "generated");
	outcome__release(&o);
	name = the_state();
	path = str_fmt("%s/%s/state", states, name);
	assert_int_equal(truncate(path, file_size(path) / 2), 0);
	RUN(&o, "trivial", "generated");
	assert_well(&o, 1, 2);
	assert_has(o.err, "damaged (it was cut short): it is made again");
	outcome__release(&o);
	/* Another one is there now. */
	RUN(&o, "trivial", "generated");
	assert_well(&o, 0, 2);
	assert_lacks(o.err, "damaged");
	outcome__release(&o);
	free(path);
	free(name);
}

/* Whole, by its checksum, and yet nothing that QEMU could go on from. */
static void test_not_restored(void **state)
{
	struct snapshot s;
	struct outcome o;
	char *name, *why;

	(void)state;
	RUN(&o, "trivial", "generated");
	outcome__release(&o);
	name = the_state();
	assert_int_equal(snapshot__load(cache, name, &s, &why), 0);
	assert_int_equal(ftruncate(s.fd, 100000), 0);
	snapshot__discard(cache, name);
	assert_int_equal(snapshot__keep(cache, name, &s, &snapshot_limits), 0);
	snapshot__release(&s);
	RUN(&o, "trivial", "generated");
	assert_well(&o, 1, 3);
	assert_int_equal(count(o.err, "can't be restored"), 1);
	assert_has(o.err, "it is made again");
	outcome__release(&o);
	RUN(&o, "trivial", "generated");
	assert_well(&o, 0, 2);
	outcome__release(&o);
	free(name);
}

/* A QEMU that restores nothing while a file says so. */
static char *make_qemu(void)
{
	char *real = proc_which("qemu-system-x86_64");
	char *path = str_fmt("%s/qemu-system-x86_64", cache);
	char *text =
		str_fmt("#!/bin/sh\ncase \" $* \" in *\" -incoming \"*)\n"
			"[ ! -e %s/broken ] || { echo 'this machine is broken' >&2; exit 1; }\n"
			"esac\nexec %s \"$@\"\n",
			cache, real);

	assert_non_null(real);
	assert_int_equal(file_write(path, text, strlen(text)), 0);
	assert_int_equal(chmod(path, 0755), 0);
	free(text);
	free(path);
	free(real);
	return str_fmt("PATH=%s:%s", cache, getenv("PATH"));
}

/* Thrown away, made again once, then booted: each said by one line, and nothing is kept. */
static void test_never_restored(void **state)
{
	char *path = make_qemu(), *broken = str_fmt("%s/broken", cache);
	struct call c = the_call();
	const char *const *args =
		ARGS("-v", "run", "--fresh", "experiment", "trivial", "generated");
	struct outcome o;

	(void)state;
	c.env = ARGS(env, path);
	assay_call(&o, &c, args);
	assert_well(&o, 1, 2);
	outcome__release(&o);
	assert_int_equal(file_write(broken, "", 0), 0);
	assay_call(&o, &c, args);
	assert_well(&o, 3, 2);
	assert_int_equal(count(o.err, "can't be restored"), 2);
	assert_int_equal(count(o.err, "it is made again"), 1);
	assert_int_equal(count(o.err, "every guest is booted instead"), 1);
	assert_has(o.err, "this machine is broken");
	outcome__release(&o);
	assert_null(the_state());
	free(broken);
	free(path);
}

static void mount_states(const char *options)
{
	assert_int_equal(dir_make(states), 0);
	if (mount("tmpfs", states, "tmpfs", 0, options))
		skip(); /* not root */
}

static void test_disk_full(void **state)
{
	struct outcome o;

	(void)state;
	mount_states("size=8m");
	RUN(&o, "trivial", "generated");
	assert_well(&o, 1, 2);
	assert_int_equal(count(o.err, "can't be kept in"), 1);
	assert_has(o.err, strerror(ENOSPC));
	outcome__release(&o);
	assert_null(the_state());
}

static void test_read_only(void **state)
{
	struct outcome o;

	(void)state;
	mount_states("size=200m");
	assert_int_equal(mount("tmpfs", states, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	RUN(&o, "trivial", "generated");
	assert_well(&o, 1, 2);
	assert_int_equal(count(o.err, "can't be kept in"), 1);
	assert_has(o.err, strerror(EROFS));
	outcome__release(&o);
	/* What is there already can be used. */
	assert_int_equal(mount("tmpfs", states, NULL, MS_REMOUNT, "size=200m"), 0);
	RUN(&o, "trivial", "generated");
	outcome__release(&o);
	assert_int_equal(mount("tmpfs", states, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	RUN(&o, "trivial", "generated");
	assert_well(&o, 0, 2);
	outcome__release(&o);
}

static void test_two_at_once(void **state)
{
	char *other = temp_dir(), *first = results;
	struct call c = the_call(), c2 = c;
	struct running a, b;
	struct outcome o;

	(void)state;
	c2.results = other;
	assay_start(&a, &c, ARGS("-v", "run", "--fresh", "experiment", "trivial", "generated"));
	assay_start(&b, &c2, ARGS("-v", "run", "--fresh", "experiment", "trivial", "generated"));
	assay_wait(&a, &o);
	assert_well(&o, count_starts(&o) - 2, 2);
	outcome__release(&o);
	results = other;
	assay_wait(&b, &o);
	assert_well(&o, count_starts(&o) - 2, 2);
	outcome__release(&o);
	results = first;
	temp_dir_remove(other);
	assert_kept();
}

/* Something is being written. */
static bool is_writing(void *ctx)
{
	DIR *d = opendir(ctx);
	struct dirent *e;
	bool is = false;

	while (d && (e = readdir(d)))
		is |= str_starts(e->d_name, ".new-");
	if (d)
		closedir(d);
	return is;
}

static void test_killed_while_saving(void **state)
{
	const struct call c = the_call();
	struct running r;
	struct outcome o;
	bool half = false;
	char *name = NULL;

	(void)state;
	/* The moment may be missed: then it is whole, and another one is made. */
	for (int i = 0; i < 5 && !half; i++) {
		dir_remove(states);
		assay_start(&r, &c, ARGS("run", "--fresh", "experiment", "trivial"));
		for (int wait = 0; wait < 120000 && !is_writing(states); wait++)
			usleep(500);
		assert_int_equal(kill(r.pid, SIGKILL), 0);
		assay_wait(&r, &o);
		outcome__release(&o);
		assert_no_qemu(results, 5);
		half = is_writing(states);
	}
	assert_true(half);
	RUN(&o, "trivial", "generated");
	assert_well(&o, 1, 2);
	assert_lacks(o.err, "damaged");
	outcome__release(&o);
	name = the_state();
	assert_non_null(name);
	free(name);
}

/* --- what must differ ------------------------------------------------------------------------ */

static int on_output(void *ctx, const json_t *event)
{
	const char *data;
	size_t len = 0;
	void *bytes = NULL;

	if (!strcmp(wire_type(event), "out") && !wire_str(event, "data", &data) &&
	    !base64__decode(data, &bytes, &len))
		strbuf__add(ctx, bytes, len);
	free(bytes);
	return !strcmp(wire_type(event), "exit");
}

/* What a command prints in a guest that was just restored. */
static char *ask(const struct snapshot *s, const struct vm_opts *opts, const char *command)
{
	struct strbuf out = STRBUF_INIT;
	struct vm_outcome o;
	struct vm *vm = NULL;

	assert_int_equal(snapshot__restore(s, opts, &vm, &o), 0);
	if (o.end != VM_DONE)
		fail_msg("%s", o.detail);
	vm_outcome__release(&o);
	assert_int_equal(vm__send(vm, json_pack("{s:s, s:[s,s,s]}", "job", "exec", "argv",
						"/bin/sh", "-c", command)),
			 0);
	vm__pump(vm, 20000, on_output, &out, &o);
	assert_int_equal(o.end, VM_DONE);
	vm_outcome__release(&o);
	vm__kill(vm);
	return strbuf__detach(&out);
}

static void test_renewed(void **state)
{
	struct image *image = find_image(KERNEL);
	char *busybox = proc_which("busybox"), *initramfs = NULL, *why;
	char *console = str_fmt("%s/console", cache), *one, *two;
	const struct guestfs_opts fs = { .guest = "build/assay-guest", .busybox = busybox };
	struct vm_opts opts = { .vmlinux = image->vmlinux,
				.console = console,
				.accel = ACCEL_TCG,
				.cancel_fd = -1,
				.qmp = true };
	struct vm_outcome o;
	struct snapshot s;
	const json_t *hello;
	struct vm *vm;
	int fd;

	(void)state;
	assert_non_null(busybox);
	assert_int_equal(guestfs__memory(&fs, &fd, &initramfs), 0);
	opts.initramfs = initramfs;
	assert_int_equal(vm__start(&opts, &vm), 0);
	assert_int_equal(vm__wait_hello(vm, &hello, &o), 0);
	assert_int_equal(o.end, VM_DONE);
	if (snapshot__take(vm, -1, &s, &why))
		fail_msg("%s", why);
	vm__kill(vm);
	opts.qmp = false;
	sleep(3); /* the saved clock is that far behind */
	/* From two places of the kernel. */
	one = ask(&s, &opts, "od -An -tx1 -N16 /dev/urandom; cat /proc/sys/kernel/random/uuid");
	two = ask(&s, &opts, "od -An -tx1 -N16 /dev/urandom; cat /proc/sys/kernel/random/uuid");
	assert_int_equal(strlen(one), strlen(two));
	assert_true(strlen(one) > 80);
	assert_string_not_equal(one, two);
	assert_int_not_equal(strncmp(one, two, 48), 0);
	assert_string_not_equal(one + 49, two + 49);
	free(one);
	free(two);
	one = ask(&s, &opts, "cat /proc/sys/kernel/random/boot_id");
	two = ask(&s, &opts, "cat /proc/sys/kernel/random/boot_id");
	assert_string_not_equal(one, two);
	free(one);
	free(two);
	/* A second at most may pass between the asking and here, on a slow machine some more. */
	one = ask(&s, &opts, "date +%s");
	assert_in_range(strtoll(one, NULL, 10), time(NULL) - 2, time(NULL) + 1);
	free(one);
	snapshot__release(&s);
	close(fd);
	free(initramfs);
	free(console);
	free(busybox);
	image__free(image);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_renewed),	 TEST(test_made_once),	    TEST(test_two_cpus),
		TEST(test_crash),	 TEST(test_boots),	    TEST(test_damaged),
		TEST(test_not_restored), TEST(test_never_restored), TEST(test_disk_full),
		TEST(test_read_only),	 TEST(test_two_at_once),    TEST(test_killed_while_saving),
	};

	return cmocka_run_group_tests(tests, set_up_all, NULL);
}
