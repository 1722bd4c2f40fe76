// SPDX-License-Identifier: GPL-2.0-only
/* A header that is not there, and BTF that is no ELF. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/proc.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "setup.h"

/* --- sys/capability.h ------------------------------------------------------------------------ */

/* As on a host without libcap-dev, whatever this one has. */
static int missing_header(const struct place *p)
{
	char *source = exp__data(p->e, "cases/capability.c");
	const char *argv[] = { "gcc", "-nostdinc", "-I", p->dir, "-fsyntax-only", source, NULL };
	struct record *r = exp__measurement(p->e, "without-capability.h");
	const char *at;
	struct said said = { 0 };
	int err = source ? place__run(p, false, argv, &said) : -ENOMEM;

	if (err) {
		record__free(r);
	} else {
		at = strstr(strbuf__str(&said.err), "fatal error: ");
		at = at ? at : strbuf__str(&said.err);
		exp__observed(r, 0, "%.*s", (int)strcspn(at, "\n"), at);
		said__check_status(&said, r, 1);
		said__check_match(r, strbuf__str(&said.err), "the compiler misses the header",
				  "fatal error: sys/capability\\.h: No such file or directory$");
		err = exp__emit(p->e, r);
	}
	said__release(&said);
	free(source);
	return err;
}

static int nobody_includes(const struct place *p)
{
	char *root = exp__data(p->e, "../.."), *bpf = exp__data(p->e, "../../bpf");
	struct strv argv = { 0 };
	struct record *r = exp__measurement(p->e, "no-capability.h");
	struct said said = { 0 };
	static const char *const folders[] = { "bpf", "harness", "vm", "experiments" };
	int err = strv__split(&argv,
			      "grep -rlE --include=*.[ch] --exclude=capability.c "
			      "^#[[:blank:]]*include[[:blank:]]*<sys/capability.h>",
			      " ");

	err = root && bpf ? err : -ENOMEM;
	if (!err && !file_exists(bpf)) {
		record__fail(r, STATUS_SKIPPED, "assay's own sources are not here");
		err = exp__emit(p->e, r);
		goto out;
	}
	for (size_t i = 0; !err && i < sizeof(folders) / sizeof(folders[0]); i++) {
		char *folder = str_fmt("%s/%s", root, folders[i]);

		err = folder ? strv__add(&argv, folder) : -ENOMEM;
		free(folder);
	}
	if (!err)
		err = place__run(p, false, (const char *const *)argv.v, &said);
	if (err) {
		record__free(r);
	} else {
		/* grep: 1 when it looked and found none */
		exp__check(r, said.status == 1 && !said.err.len,
			   "no source of assay includes sys/capability.h", "status %d %s%s",
			   said.status, strbuf__str(&said.out), strbuf__str(&said.err));
		err = exp__emit(p->e, r);
	}
out:
	strv__free(&argv);
	said__release(&said);
	free(root);
	free(bpf);
	return err;
}

int setup__headers(struct place *p)
{
	int err = missing_header(p);

	return err ? err : nobody_includes(p);
}

/* --- raw BTF -------------------------------------------------------------------------------- */

/* What libbpf prints while it reads; it has one place for it, for the whole program. */
static char messages[1024];

static int keep_message(enum libbpf_print_level level, const char *fmt, va_list args)
{
	size_t len = strlen(messages);

	(void)level;
	return vsnprintf(messages + len, sizeof(messages) - len, fmt, args);
}

/* BTF as /sys/kernel/btf/vmlinux has it: nothing around it. */
static int write_raw(const char *path)
{
	struct btf *btf = btf__new_empty();
	const void *data;
	__u32 size;
	int err = btf ? 0 : -errno;

	if (!err && (btf__add_int(btf, "int", 4, BTF_INT_SIGNED) < 0 ||
		     btf__add_typedef(btf, "assay_t", 1) < 0))
		err = -errno;
	data = err ? NULL : btf__raw_data(btf, &size);
	if (!err)
		err = data ? file_write(path, data, size) : -ENOMEM;
	btf__free(btf);
	return err;
}

/* A reader that knows only ELF, as bpftool before 5.5 did. */
static int read_as_elf(const struct place *p, const char *path)
{
	struct record *r = exp__measurement(p->e, "btf-as-elf");
	libbpf_print_fn_t before = libbpf_set_print(keep_message);
	struct btf *btf;
	char *end;
	int err;

	*messages = '\0';
	errno = 0;
	btf = btf__parse_elf(path, NULL);
	err = errno;
	libbpf_set_print(before);
	end = strstr(messages, path);
	exp__check(r, !btf && err == LIBBPF_ERRNO__FORMAT,
		   "reading raw BTF as ELF fails with error 4001 (format)", "%s, error %d",
		   btf ? "read" : "not read", err);
	exp__check(r, end && strstr(messages, "libbpf: failed to get EHDR from "),
		   "libbpf says that there is no ELF header", "%s", messages);
	/* Without the folder, which is another one in every run. */
	exp__observed(r, 0, "%.*svmlinux.btf: error -%d", end ? (int)(end - messages) : 0, messages,
		      err);
	btf__free(btf);
	return exp__emit(p->e, r);
}

static int read_raw(const struct place *p, const char *path)
{
	struct record *r = exp__measurement(p->e, "btf-as-it-is");
	struct btf *btf = btf__parse(path, NULL);

	exp__check(r, btf && btf__find_by_name(btf, "assay_t") == 2,
		   "a reader that looks first finds the types", "%s",
		   btf ? "read" : strerror(errno));
	btf__free(btf);
	return exp__emit(p->e, r);
}

static int dump(const struct place *p, const char *path)
{
	struct record *r = exp__measurement(p->e, "btf-bpftool");
	char *bpftool = proc_which("bpftool");
	const char *argv[] = { bpftool, "btf", "dump", "file", path, "format", "c", NULL };
	struct said said = { 0 };
	int err = bpftool ? place__run(p, false, argv, &said)
			  : exp__fail(p->e, -ENOENT, "find bpftool");

	if (err) {
		record__free(r);
	} else {
		said__check_status(&said, r, 0);
		said__check_match(r, strbuf__str(&said.out), "bpftool writes the types as C",
				  "^typedef int assay_t;$");
		err = exp__emit(p->e, r);
	}
	said__release(&said);
	free(bpftool);
	return err;
}

int setup__btf(struct place *p)
{
	char *path = place__at(p, "vmlinux.btf");
	int err = path ? write_raw(path) : -ENOMEM;

	if (err)
		exp__fail(p->e, err, "write BTF to a file");
	err = err ? err : read_as_elf(p, path);
	err = err ? err : read_raw(p, path);
	err = err ? err : dump(p, path);
	free(path);
	return err;
}
