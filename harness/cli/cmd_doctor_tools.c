// SPDX-License-Identifier: GPL-2.0-only
/* `assay doctor`: programs and headers. */
#include "cli/cmd_doctor.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "model/kver.h"

#define ASK_TIMEOUT_MS 10000

struct tool {
	const char *name;
	const char *package; /* of Debian */
	const char *why;     /* what needs it */
	const char *min;     /* oldest version that will do; NULL: any */
	bool optional;
	bool silent; /* does not tell its version */
};

static const struct tool tools[] = {
	{ .name = "qemu-system-x86_64", .package = "qemu-system-x86", .why = "runs the kernels" },
	{ .name = "gcc", .package = "gcc", .why = "builds kernels and assay" },
	{ .name = "make", .package = "make", .why = "builds kernels and assay", .min = "3.82" },
	{ .name = "ld", .package = "binutils", .why = "links kernels" },
	{ .name = "objcopy", .package = "binutils", .why = "makes kernels bootable" },
	{ .name = "flex", .package = "flex", .why = "builds kernels" },
	{ .name = "bison", .package = "bison", .why = "builds kernels" },
	{ .name = "bc", .package = "bc", .why = "builds kernels" },
	{ .name = "perl", .package = "perl", .why = "builds kernels" },
	{ .name = "python3", .package = "python3", .why = "builds kernels" },
	/* scripts/link-vmlinux.sh of 5.10 asks for it. */
	{ .name = "pahole", .package = "dwarves", .why = "makes the kernels' BTF", .min = "1.16" },
	{ .name = "patch", .package = "patch", .why = "patches kernels" },
	{ .name = "tar", .package = "tar", .why = "unpacks kernel sources" },
	{ .name = "xz", .package = "xz-utils", .why = "unpacks kernel sources" },
	{ .name = "dpkg-deb",
	  .package = "dpkg",
	  .why = "unpacks Debian's kernel sources",
	  .optional = true },
	/* Expectations are declaration tags in BTF, which clang knows since 14. */
	{ .name = "clang", .package = "clang", .why = "compiles BPF programs", .min = "14.0" },
	{ .name = "llvm-objdump", .package = "llvm", .why = "disassembles BPF programs" },
	{ .name = "bpftool", .package = "bpftool", .why = "makes skeletons of BPF programs" },
	{ .name = "ccache",
	  .package = "ccache",
	  .why = "makes rebuilding kernels quick",
	  .optional = true },
	{ .name = "gnuplot",
	  .package = "gnuplot-nox",
	  .why = "draws the pictures of `assay plot`",
	  .min = "5.0", /* datablocks and dash types */
	  .optional = true },
};

int doctor__parse_version(const char *text, struct kver *out, char buf[24])
{
	const char *p;

	/* A number with a point in it: not the 86_64 of a name, nor a lone year. */
	for (p = text; *p; p++) {
		size_t digits = strspn(p, "0123456789");

		if (!digits)
			continue;
		if (p[digits] == '.' && p[digits + 1] >= '0' && p[digits + 1] <= '9' &&
		    !kver__parse(p, out)) {
			/* As the program writes it: bc's 1.07.1 is not 1.7.1 to its users. */
			snprintf(buf, 24, "%.*s", (int)strspn(p, "0123456789."), p);
			return 0;
		}
		p += digits - 1;
	}
	return -EINVAL;
}

static void keep_text(void *ctx, const char *line)
{
	strbuf__addf(ctx, "%s\n", line);
}

/* What a program says to --version, standard error included. */
static int ask(const char *path, struct strbuf *said)
{
	const char *argv[] = { path, "--version", NULL };
	struct proc_opts opts = {
		.argv = argv,
		.on_line = keep_text,
		.ctx = said,
		.timeout_ms = ASK_TIMEOUT_MS,
		.cancel_fd = -1,
	};
	int status = 0, err = proc_run(&opts, &status);

	return err ? err : status ? -EIO : 0;
}

static void check_version(struct doctor *d, const struct tool *t, const char *path)
{
	struct strbuf said = STRBUF_INIT;
	struct kver version, min = { 0 };
	enum mark bad = t->optional ? MARK_WARN : MARK_FAIL;
	char *mend = str_fmt("reinstall package %s", t->package), buf[24];
	int err = ask(path, &said);

	if (err) {
		int first = (int)strcspn(strbuf__str(&said), "\n");

		doctor__note(d, bad, t->name, mend, "%s does not run: %s%s%.*s", path,
			     err == -EIO ? "it fails on --version" : strerror(-err),
			     first ? ": " : "", first, strbuf__str(&said));
		goto out;
	}
	if (t->min)
		kver__parse(t->min, &min);
	if (doctor__parse_version(strbuf__str(&said), &version, buf)) {
		doctor__note(d, t->min ? MARK_WARN : MARK_OK, t->name,
			     t->min ? "look whether it is new enough" : NULL,
			     "%s, of unknown version%s%s", path, t->min ? "; needed: " : "",
			     t->min ? t->min : "");
		goto out;
	}
	if (t->min && kver__cmp(version, min) < 0) {
		free(mend);
		mend = str_fmt("install package %s in version %s or later", t->package, t->min);
		doctor__note(d, bad, t->name, mend, "%s %s is too old; %s, and takes %s or later",
			     path, buf, t->why, t->min);
	} else {
		doctor__note(d, MARK_OK, t->name, NULL, "%s %s", path, buf);
	}
out:
	free(mend);
	strbuf__free(&said);
}

static void check_tool(struct doctor *d, const struct tool *t)
{
	char *path = proc_which(t->name), *mend = str_fmt("install package %s", t->package);

	if (path)
		check_version(d, t, path);
	else
		doctor__note(d, t->optional ? MARK_WARN : MARK_FAIL, t->name, mend,
			     "not found; it %s", t->why);
	free(mend);
	free(path);
}

/* Is the program without an interpreter, so that it runs in a guest that has no libraries? */
static int is_static(const char *path)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	int fd = open(path, O_RDONLY | O_CLOEXEC), i, ret = 1;

	if (fd < 0)
		return -errno;
	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 || eh.e_ident[EI_CLASS] != ELFCLASS64)
		ret = -ENOEXEC;
	for (i = 0; ret > 0 && i < eh.e_phnum; i++) {
		off_t at = (off_t)(eh.e_phoff + (uint64_t)i * eh.e_phentsize);

		if (pread(fd, &ph, sizeof(ph), at) != sizeof(ph))
			ret = -ENOEXEC;
		else if (ph.p_type == PT_INTERP)
			ret = 0;
	}
	close(fd);
	return ret;
}

static void check_busybox(struct doctor *d)
{
	static const char mend[] = "install package busybox-static";
	char *path = proc_which("busybox");
	int ret;

	if (!path) {
		doctor__note(d, MARK_WARN, "busybox", mend,
			     "not found; `assay shell` and `assay exec` need it");
		return;
	}
	ret = is_static(path);
	if (ret > 0)
		doctor__note(d, MARK_OK, "busybox", NULL, "%s, static", path);
	else if (!ret)
		doctor__note(d, MARK_WARN, "busybox", mend,
			     "%s needs shared libraries, which a guest has not: `assay shell` and "
			     "`assay exec` take a static one",
			     path);
	else
		doctor__note(d, MARK_WARN, "busybox", mend, "%s can't be read as a program: %s",
			     path, strerror(-ret));
	free(path);
}

void doctor__check_tools(struct doctor *d)
{
	size_t i;

	for (i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		check_tool(d, &tools[i]);
	check_busybox(d);
}

/* --- headers ------------------------------------------------------------------------------- */

static const struct header {
	const char *name, *package, *why;
	enum mark missing;
} headers[] = {
	{ "gelf.h", "libelf-dev", "kernels are built with it", MARK_FAIL },
	/* The program that asks is built: the rest is for building it again. */
	{ "bpf/libbpf.h", "libbpf-dev", "experiments are built with it", MARK_WARN },
	{ "asm/types.h", "linux-libc-dev", "BPF programs are compiled with it", MARK_WARN },
	{ "zlib.h", "zlib1g-dev", "assay is built with it", MARK_WARN },
	{ "jansson.h", "libjansson-dev", "assay is built with it", MARK_WARN },
	{ "sqlite3.h", "libsqlite3-dev", "assay is built with it", MARK_WARN },
	{ "ini.h", "libinih-dev", "assay is built with it", MARK_WARN },
	{ "openssl/evp.h", "libssl-dev", "assay is built with it", MARK_WARN },
	{ "event.h", "libevent-dev", "memcached, for guests, is built with it", MARK_WARN },
	{ "sys/sdt.h", "systemtap-sdt-dev", "memcached's probes are built with it", MARK_WARN },
};

static bool compiler_finds(const char *gcc, const char *header)
{
	const char *argv[] = { gcc, "-E", "-include", header, "-x", "c", "/dev/null", NULL };
	struct strbuf said = STRBUF_INIT;
	struct proc_opts opts = {
		.argv = argv,
		.on_line = keep_text,
		.ctx = &said,
		.timeout_ms = ASK_TIMEOUT_MS,
		.cancel_fd = -1,
	};
	int status = 1, err = proc_run(&opts, &status);

	strbuf__free(&said);
	return !err && !status;
}

void doctor__check_headers(struct doctor *d)
{
	struct strbuf found = STRBUF_INIT;
	char *gcc = proc_which("gcc");
	size_t i;

	if (!gcc) {
		doctor__note(d, MARK_WARN, "headers", "install gcc first",
			     "can't be looked for without gcc");
		return;
	}
	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		const struct header *h = &headers[i];
		char *mend;

		if (compiler_finds(gcc, h->name)) {
			strbuf__addf(&found, "%s%s", found.len ? " " : "", h->name);
			continue;
		}
		mend = str_fmt("install package %s", h->package);
		doctor__note(d, h->missing, h->name, mend, "not found; %s", h->why);
		free(mend);
	}
	if (found.len)
		doctor__note(d, MARK_OK, "headers", NULL, "%s", strbuf__str(&found));
	strbuf__free(&found);
	free(gcc);
}
