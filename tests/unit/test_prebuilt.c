// SPDX-License-Identifier: GPL-2.0-only
/* Kernels that are given with -k: how it is read, what they say of themselves, and what is kept of
 * them. This test's own program stands for a vmlinux: it has a build id, a banner and the note of
 * kernels that start by PVH. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "folder_fixture.h"

#include "base/proc.h"
#include "vm/banner.h"
#include "vm/bzimage.h"
#include "vm/image.h"
#include "vm/kernels.h"
#include "vm/prebuilt.h"
#include "vm/prebuilt_control.h"

#define RELEASE "6.1.0-99-amd64"
#define VERSION "#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-1 (2026-01-02)"

const char own_banner[] = "Linux version " RELEASE
			  " (a@b) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld 2.40) " VERSION "\n";

/* owner's length, contents' length, type; owner; contents */
__asm__(".pushsection .note.Xen, \"a\", @note\n"
	".balign 4\n.long 4, 4, 18\n.asciz \"Xen\"\n.long 0\n"
	".popsection\n");

/* --- reading -k ------------------------------------------------------------------------------ */

static void assert_split(const char *arg, const char *want)
{
	struct strbuf sb = STRBUF_INIT;
	struct strv words = { 0 };

	assert_int_equal(prebuilt__split(arg, &words), 0);
	for (size_t i = 0; i < words.n; i++)
		strbuf__addf(&sb, "%s%s", i ? " | " : "", words.v[i]);
	assert_string_equal(strbuf__str(&sb), want);
	strbuf__free(&sb);
	strv__free(&words);
}

static void test_split(void **state)
{
	(void)state;
	assert_split("5.10.218,6.1", "5.10.218 | 6.1");
	assert_split("vmlinux:a/b,config:c,6.1", "vmlinux:a/b,config:c | 6.1");
	assert_split("5.10,deb:x.deb, modules:y.deb", "5.10 | deb:x.deb,modules:y.deb");
	assert_split("config:c", "config:c");
	assert_split(" , ", "");
}

static void assert_wrong(const char *spec, const char *part)
{
	struct prebuilt *p = NULL;
	char *why = NULL;

	assert_int_equal(prebuilt__parse(spec, &p, &why), -EINVAL);
	if (!strstr(why, part))
		fail_msg("'%s' is not in '%s'", part, why);
	free(why);
}

static void test_parse(void **state)
{
	struct prebuilt *p;
	char *why;

	(void)state;
	assert_int_equal(prebuilt__parse("deb:a/b.deb,modules:c.deb", &p, &why), 0);
	assert_int_equal(p->kind, PREBUILT_DEB);
	assert_string_equal(p->image, "a/b.deb");
	assert_string_equal(p->modules, "c.deb");
	prebuilt__free(p);
	assert_int_equal(prebuilt__parse("apt:linux-image-amd64=6.1.1-1/bookworm", &p, &why), 0);
	assert_string_equal(p->package, "linux-image-amd64");
	assert_string_equal(p->version, "6.1.1-1");
	assert_string_equal(p->suite, "bookworm");
	prebuilt__free(p);
	assert_int_equal(prebuilt__parse("apt:a/trixie", &p, &why), 0);
	assert_null(p->version);
	assert_string_equal(p->suite, "trixie");
	prebuilt__free(p);
	assert_int_equal(prebuilt__parse("vmlinux:v,config:c", &p, &why), 0);
	assert_string_equal(p->config, "c");
	assert_string_equal(p->spec, "vmlinux:v,config:c");
	prebuilt__free(p);
	assert_wrong("deb:", "a file is missing");
	assert_wrong("apt:", "a package is missing");
	assert_wrong("apt:a b", "expected apt:PACKAGE");
	assert_wrong("apt:-o", "expected apt:PACKAGE");
	assert_wrong("vmlinux:a\xff", "must be UTF-8");
	assert_wrong("apt:..=1", "expected apt:PACKAGE");
	assert_wrong("apt:a=../b", "expected apt:PACKAGE");
	assert_wrong("apt:a/..", "expected apt:PACKAGE");
	assert_wrong("vmlinux:v,config:", "a file is missing");
	assert_wrong("vmlinux:v,config:a,config:b", "two of one kind");
	assert_wrong("deb:x,config:c", "config: goes with vmlinux:");
	assert_wrong("vmlinux:x,modules:c", "modules: goes with deb:");
	assert_wrong("vmlinux:x,6.1", "no comma");
}

static void assert_name(const char *package, const char *want)
{
	char *name = prebuilt__package_kernel(package);

	assert_string_equal(name, want);
	free(name);
}

static void test_package_kernel(void **state)
{
	(void)state;
	assert_name("linux-image-6.1.0-54-amd64", "6.1.0-54-amd64");
	assert_name("linux-image-6.1.0-54-cloud-amd64-unsigned", "6.1.0-54-cloud-amd64");
	assert_name("linux-image-unsigned-6.8.0-45-generic", "6.8.0-45-generic");
	assert_name("linux-image-amd64", "linux-image-amd64");
	assert_name("linux-modules-6.8.0-45-generic", "linux-modules-6.8.0-45-generic");
}

static void test_control(void **state)
{
	static const char meta[] = "Package: linux-image-amd64\nVersion: 6.1.192-2\n"
				   "Architecture: amd64\nDepends: kmod, "
				   "linux-image-6.1.0-56-amd64 (= 6.1.192-2)\n\nPackage: other\n";
	struct control c;
	char *s;

	(void)state;
	assert_int_equal(control__parse(meta, &c), 0);
	assert_false(control__is_kernel(&c));
	s = control__next(&c);
	assert_string_equal(s, "linux-image-6.1.0-56-amd64=6.1.192-2");
	free(s);
	control__release(&c);
	assert_int_equal(control__parse("Package: linux-image-6.1.0-56-amd64\nVersion: 1:2~3\n"
					"Architecture: amd64\nSHA256: ab\nSHA256: cd\n",
					&c),
			 0);
	assert_true(control__is_kernel(&c));
	assert_null(control__next(&c));
	s = control__file(&c);
	assert_string_equal(s, "linux-image-6.1.0-56-amd64_1%3a2~3_amd64.deb");
	free(s);
	assert_string_equal(c.sha256, "ab");
	control__release(&c);
	assert_int_equal(control__parse("", &c), -ENOENT);
	assert_int_equal(control__parse("N: Unable to locate package x\n", &c), -ENOENT);
}

/* --- images ---------------------------------------------------------------------------------- */

static void test_banner(void **state)
{
	/* '!' for 'L': this program itself is to have one banner */
	char twice[] = "x\0!inux version %s (%s)\0!inux version 6.1.0 (b) (gcc, ld) # SMP\n"
		       "!inux version 5.4.1 (b) (gcc version 9 (D 9)) #2 SMP x\nrest";
	struct banner b;

	(void)state;
	for (size_t i = 0; i < sizeof(twice); i++)
		if (twice[i] == '!')
			twice[i] = 'L';
	assert_int_equal(banner__of_file("/proc/self/exe", &b), 0);
	assert_string_equal(b.release, RELEASE);
	assert_string_equal(b.version, VERSION);
	assert_string_equal(b.compiler, "gcc-12 (Debian 12.2.0-14) 12.2.0");
	assert_string_equal(b.linker, "GNU ld 2.40");
	banner__release(&b);
	assert_int_equal(banner__find(twice, sizeof(twice), &b), 0);
	assert_string_equal(b.release, "5.4.1");
	assert_string_equal(b.version, "#2 SMP x");
	assert_string_equal(b.compiler, "gcc version 9 (D 9)");
	assert_null(b.linker);
	banner__release(&b);
	assert_int_equal(banner__find("Linux version 6", 15, &b), -ENOENT);
	put("no", "text");
	assert_int_equal(banner__of_file("/proc/no-such-file", &b), -ENOENT);
	assert_int_equal(banner__of_file("/dev/null", &b), -EINVAL);
}

static void shell(const char *fmt, ...)
{
	char command[2048];
	const char *argv[] = { "sh", "-ec", command, NULL };
	struct proc_opts opts = { .argv = argv, .dir = dir };
	int status = -1;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	assert_int_equal(proc_run(&opts, &status), 0);
	if (status)
		fail_msg("%s: status %d", command, status);
}

static void set_le(char *p, uint32_t v, unsigned int bytes)
{
	for (; bytes--; v >>= 8)
		*p++ = (char)v;
}

#define SETUP 2 /* sectors, beside the first */

/* A bzImage with that file as its payload, and the size of the expanded one behind, which gzip's
 * own format ends with. */
static void put_bzimage(const char *name, const char *payload, uint32_t size)
{
	char *from = at(payload), *to = at(name), *data, *image;
	size_t len, start = (SETUP + 1) * 512, behind = str_ends(payload, ".gz") ? 0 : 4;

	assert_int_equal(file_read(from, 0, &data, &len), 0);
	image = calloc(1, start + len + 4);
	image[0x1f1] = SETUP;
	memcpy(image + 0x202, "HdrS", 4);
	set_le(image + 0x206, 0x20f, 2);
	set_le(image + 0x20e, 0x200, 2);
	strcpy(image + 0x400, RELEASE " (a@b) " VERSION);
	set_le(image + 0x24c, (uint32_t)(len + behind), 4);
	memcpy(image + start, data, len);
	set_le(image + start + len, size, (unsigned int)behind);
	assert_int_equal(file_write(to, image, start + len + behind), 0);
	free(image);
	free(data);
	free(to);
	free(from);
}

static void expands(const char *compress, const char *file)
{
	char *image = at("bzImage"), *to = at("vmlinux");
	struct banner b;

	shell("%s < kernel > %s", compress, file);
	put_bzimage("bzImage", file, 12);
	assert_int_equal(bzimage__expand("k", image, to, -1), 0);
	holds("vmlinux", "hello kernel");
	assert_int_equal(banner__of_file(image, &b), 0);
	assert_string_equal(b.release, RELEASE);
	assert_string_equal(b.version, VERSION);
	banner__release(&b);
	free(to);
	free(image);
}

static void test_bzimage(void **state)
{
	struct bzimage_payload p;
	const char *reason;
	char *image = at("bzImage"), *to = at("vmlinux"), *data;
	size_t len;

	(void)state;
	put("kernel", "hello kernel");
	expands("xz -9", "kernel.xz");
	expands("gzip", "kernel.gz");
	if (system("command -v zstd >/dev/null") == 0)
		expands("zstd -q", "kernel.zst");
	if (system("command -v lz4 >/dev/null") == 0)
		expands("lz4 -lq", "kernel.lz4");
	listen_begin();
	put_bzimage("bzImage", "kernel.xz", 13);
	assert_int_equal(bzimage__expand("k", image, to, -1), -EBADMSG);
	listen_end();
	says("12 bytes expanded, and should be 13: it is damaged");
	listen_begin();
	put_bzimage("bzImage", "kernel", 12);
	assert_int_equal(bzimage__expand("k", image, to, -1), -EINVAL);
	listen_end();
	says("compressed in a way that assay does not know");
	/* Cut off by one byte; and its payload begins where it ends. */
	put_bzimage("bzImage", "kernel.xz", 12);
	assert_int_equal(file_read(image, 0, &data, &len), 0);
	assert_int_equal(bzimage__payload((const uint8_t *)data, len, &p, &reason), 0);
	assert_int_equal(bzimage__payload((const uint8_t *)data, len - 1, &p, &reason), -EINVAL);
	assert_string_equal(reason, "it is cut off");
	set_le(data + 0x248, 1, 4);
	assert_int_equal(bzimage__payload((const uint8_t *)data, len, &p, &reason), -EINVAL);
	assert_string_equal(reason, "it is cut off");
	free(data);
	assert_int_equal(bzimage__payload((const uint8_t *)"MZ", 2, &p, &reason), -EINVAL);
	assert_string_equal(reason, "it is no bzImage");
	free(to);
	free(image);
}

/* --- kernels that are given ------------------------------------------------------------------ */

#define NEEDS                                                                                 \
	"CONFIG_BLK_DEV_INITRD=y\nCONFIG_BINFMT_ELF=y\nCONFIG_DEVTMPFS=y\nCONFIG_PROC_FS=y\n" \
	"CONFIG_SYSFS=y\nCONFIG_PCI=y\nCONFIG_SERIAL_8250_CONSOLE=y\n"

static struct kernels *ks;
static struct kernel_paths where;

static int set_up(void **state)
{
	assert_int_equal(setup(state), 0);
	put("config/c.config", "");
	put("kernels.ini", "[assay]\ndefault = 5.10.1\n[5.10.1]\nversion = 5.10.1\n"
			   "source = /nowhere\nconfigs = c.config\n");
	where = paths();
	assert_int_equal(kernels__load(&where, &ks), 0);
	return 0;
}

static int tear_down(void **state)
{
	kernels__free(ks);
	free((char *)where.ini);
	free((char *)where.configs);
	free((char *)where.patches);
	free((char *)where.cache);
	return teardown(state);
}

static int given(const struct kernel **k, const char *fmt, ...)
{
	char spec[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(spec, sizeof(spec), fmt, ap);
	va_end(ap);
	return kernels__given(ks, spec, k);
}

static int ensure(const struct kernel *k, struct image **img)
{
	struct image_opts o = { .paths = &where, .cancel_fd = -1 };

	return image__ensure(k, &o, img);
}

static void test_given(void **state)
{
	const struct kernel *a, *b, *c;
	char v[24];

	(void)state;
	shell("cp /proc/%d/exe one; cp one two; cp one three", (int)getpid());
	assert_int_equal(given(&a, "vmlinux:%s/one", dir), 0);
	assert_string_equal(a->name, "vmlinux-" RELEASE);
	assert_string_equal(kver__str(a->version, v), "6.1.170");
	assert_int_equal(given(&b, "vmlinux:%s/one", dir), 0);
	assert_ptr_equal(a, b);
	assert_int_equal(given(&b, "vmlinux:%s/two", dir), 0);
	assert_true(str_starts(b->name, "vmlinux-" RELEASE "@"));
	assert_int_equal(given(&c, "vmlinux:%s/three", dir), 0);
	assert_true(str_starts(c->name, "vmlinux-" RELEASE "@"));
	assert_string_not_equal(b->name, c->name);
	/* plans point to the first ones */
	for (int i = 0; i < 20; i++)
		assert_int_equal(given(&c, "apt:linux-image-6.1.0-%d-amd64", i), 0);
	assert_string_equal(c->name, "6.1.0-19-amd64");
	assert_string_equal(a->name, "vmlinux-" RELEASE);
	assert_int_equal(given(&c, "apt:linux-image-6.1.0-50-amd64=6.1.176-1/bookworm"), 0);
	assert_string_equal(c->name, "6.1.0-50-amd64");
	assert_string_equal(kver__str(c->version, v), "6.1.176");
	assert_int_equal(given(&c, "apt:linux-image-amd64"), 0);
	assert_string_equal(c->name, "linux-image-amd64");
	assert_int_equal(given(&c, "apt:linux-image-amd64=6.1.1-1/trixie"), 0);
	assert_string_equal(c->name, "linux-image-amd64-6.1.1-1-trixie");
	assert_int_equal(kernels__count(ks), 1);
	listen_begin();
	assert_int_equal(given(&c, "vmlinux:%s/four", dir), -EINVAL);
	assert_int_equal(given(&c, "vmlinux:%s/kernels.ini", dir), -EINVAL);
	assert_int_equal(given(&c, "deb:%s/kernels.ini", dir), -EINVAL);
	listen_end();
	says("four: No such file or directory");
	says("it is neither an ELF vmlinux nor a bzImage");
	says("kernels.ini is no Debian package");
}

/* The second time nothing is made; other contents are another kernel. */
static void test_vmlinux(void **state)
{
	const struct kernel *k;
	struct image *img, *again;
	char *id, v[24], *lookup;

	(void)state;
	shell("cp /proc/%d/exe one", (int)getpid());
	assert_int_equal(given(&k, "vmlinux:%s/one", dir), 0);
	assert_int_equal(ensure(k, &img), 0);
	assert_string_equal(img->release, RELEASE);
	assert_string_equal(kver__str(img->version, v), "6.1.170");
	assert_null(img->config);
	assert_null(img->modules);
	assert_null(img->btf);
	assert_int_equal(elf_build_id("/proc/self/exe", &id), 0);
	assert_string_equal(img->build_id, id);
	free(id);
	assert_int_equal(img->features.n, 0);
	lookup = str_fmt("%s/mark", img->dir);
	assert_int_equal(file_write(lookup, "", 0), 0);
	assert_int_equal(ensure(k, &again), 0);
	assert_string_equal(again->dir, img->dir);
	assert_true(file_exists(lookup));
	image__free(again);
	shell("printf x >> one");
	assert_int_equal(ensure(k, &again), 0);
	assert_string_not_equal(again->dir, img->dir);
	image__free(again);
	image__free(img);
	free(lookup);
}

static void test_vmlinux_config(void **state)
{
	const struct kernel *k;
	struct image *img;
	char *path;

	(void)state;
	shell("cp /proc/%d/exe one", (int)getpid());
	put("config-y", NEEDS "CONFIG_VIRTIO_PCI=y\nCONFIG_VIRTIO_CONSOLE=y\n");
	put("config-m", NEEDS "CONFIG_VIRTIO_PCI=m\nCONFIG_VIRTIO_CONSOLE=y\n");
	assert_int_equal(given(&k, "vmlinux:%s/one,config:%s/config-y", dir, dir), 0);
	assert_int_equal(ensure(k, &img), 0);
	path = str_fmt("%s/config-" RELEASE, img->modules);
	assert_true(file_exists(path));
	assert_true(file_exists(img->config));
	free(path);
	image__free(img);
	assert_int_equal(given(&k, "vmlinux:%s/one,config:%s/config-m", dir, dir), 0);
	listen_begin();
	assert_true(ensure(k, &img) < 0);
	listen_end();
	says("the guest can't work with it: CONFIG_VIRTIO_PCI=m, and no modules are given "
	     "(virtio_pci): an image that is given by hand brings no modules; its package");
}

/* A package as Debian makes them, with this program for a kernel. */
static void put_deb(const char *package, const char *files)
{
	put("pkg/DEBIAN/control", "");
	shell("printf 'Package: %s\\nVersion: 6.1.170-1\\nArchitecture: amd64\\nMaintainer: a <a@b>\\n"
	      "Description: x\\n' > pkg/DEBIAN/control\n%s\n"
	      "dpkg-deb -Znone --root-owner-group -b pkg %s.deb >/dev/null\nrm -rf pkg",
	      package, files, package);
}

static const char module_files[] =
	"m=pkg/lib/modules/" RELEASE "/kernel; mkdir -p $m/drivers\n"
	"module() { printf \"$2\" > info; printf 'int x;' | gcc -x c -c -o m.o -; "
	"objcopy --add-section .modinfo=info m.o $m/$1.ko; }\n"
	"module drivers/virtio_pci 'depends=virtio\\0'\n"
	"module drivers/virtio 'depends=\\0'; xz $m/drivers/virtio.ko\n"
	"module virtio_console 'depends=virtio\\0'\n"
	"module unused 'depends=\\0'\n";

static void test_deb(void **state)
{
	const struct kernel *k;
	struct image *img;
	struct strbuf files = STRBUF_INIT;
	char *list, *path;

	(void)state;
	strbuf__addf(&files,
		     "mkdir -p pkg/boot; cp /proc/%d/exe pkg/boot/vmlinuz-" RELEASE "\n"
		     "printf '" NEEDS "CONFIG_VIRTIO_PCI=m\\nCONFIG_VIRTIO_CONSOLE=m\\n'"
		     " > pkg/boot/config-" RELEASE "\n%s",
		     (int)getpid(), module_files);
	put_deb("linux-image-" RELEASE, strbuf__str(&files));
	strbuf__free(&files);
	assert_int_equal(given(&k, "deb:%s/linux-image-" RELEASE ".deb", dir), 0);
	assert_string_equal(k->name, RELEASE);
	assert_int_equal(ensure(k, &img), 0);
	path = str_fmt("%s/boot.list", img->modules);
	assert_int_equal(file_read(path, 0, &list, NULL), 0);
	assert_string_equal(list, "virtio.ko\nvirtio_pci.ko\nvirtio_console.ko\n");
	free(list);
	free(path);
	path = str_fmt("%s/virtio.ko", img->modules);
	assert_true(file_exists(path));
	free(path);
	path = str_fmt("%s/unused.ko", img->modules);
	assert_false(file_exists(path));
	free(path);
	assert_true(str_ends(img->source, "linux-image-" RELEASE ".deb"));
	assert_false(there("cache/kernels/" RELEASE "/.unpacked"));
	image__free(img);
}

static void test_deb_lacks(void **state)
{
	const struct kernel *k;
	struct image *img;
	char own[512];

	(void)state;
	put_deb("linux-image-amd64", "true");
	snprintf(own, sizeof(own),
		 "mkdir -p pkg/boot; cp /proc/%d/exe pkg/boot/vmlinuz-6.8.0-45-generic",
		 (int)getpid());
	put_deb("linux-image-6.8.0-45-generic", own);
	listen_begin();
	assert_int_equal(given(&k, "deb:%s/linux-image-amd64.deb", dir), 0);
	assert_true(ensure(k, &img) < 0);
	assert_int_equal(given(&k, "deb:%s/linux-image-6.8.0-45-generic.deb", dir), 0);
	assert_true(ensure(k, &img) < 0);
	listen_end();
	says("has no /boot/vmlinuz-*: it is no kernel package");
	says("has no /boot/config-*: Ubuntu has that in the package linux-modules-*: "
	     "-k deb:FILE,modules:FILE takes both");
	assert_false(there("cache/kernels/6.8.0-45-generic/.new"));
}

/* Reading a pipe would wait for ever, and a link leads out of the package. */
static void test_deb_of_odd_files(void **state)
{
	static const char *const odd[] = { "mkfifo", "mkdir", "ln -s /dev/zero" };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		const struct kernel *k;
		struct image *img;
		char files[256];

		snprintf(
			files, sizeof(files),
			"mkdir -p pkg/boot pkg/lib/modules/9.9.%zu; touch pkg/boot/config-9.9.%zu\n"
			"%s pkg/boot/vmlinuz-9.9.%zu",
			i, i, odd[i], i);
		put_deb("linux-image-9.9.9", files);
		listen_begin();
		assert_int_equal(given(&k, "deb:%s/linux-image-9.9.9.deb", dir), 0);
		assert_true(ensure(k, &img) < 0);
		listen_end();
		says("is no plain file");
		assert_false(there("cache/kernels/9.9.9/.unpacked"));
	}
}

static void test_modules_elsewhere(void **state)
{
	const struct kernel *k;
	struct image *img;

	(void)state;
	put_deb("linux-image-9.9.9",
		"mkdir -p pkg/boot pkg/lib/modules; touch pkg/boot/config-9.9.9 pkg/boot/vmlinuz-9.9.9\n"
		"ln -s / pkg/lib/modules/9.9.9");
	listen_begin();
	assert_int_equal(given(&k, "deb:%s/linux-image-9.9.9.deb", dir), 0);
	assert_true(ensure(k, &img) < 0);
	listen_end();
	says("/lib/modules/9.9.9 is no folder");
}

static void test_given_pipes(void **state)
{
	const struct kernel *k;

	(void)state;
	shell("mkfifo pipe; touch image");
	listen_begin();
	assert_int_equal(given(&k, "vmlinux:%s/pipe", dir), -EINVAL);
	assert_int_equal(given(&k, "deb:%s", dir), -EINVAL);
	listen_end();
	says("pipe: it is no plain file");
	says(": it is no plain file");
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_package_kernel),
		cmocka_unit_test(test_control),
		cmocka_unit_test_setup_teardown(test_banner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bzimage, setup, teardown),
		IN_FOLDER(given),
		IN_FOLDER(vmlinux),
		IN_FOLDER(vmlinux_config),
		IN_FOLDER(deb),
		IN_FOLDER(deb_lacks),
		IN_FOLDER(deb_of_odd_files),
		IN_FOLDER(modules_elsewhere),
		IN_FOLDER(given_pipes),
	};

	return cmocka_run_group_tests_name("prebuilt", tests, NULL, NULL);
}
