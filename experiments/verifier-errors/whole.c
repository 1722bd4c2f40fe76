// SPDX-License-Identifier: GPL-2.0-only
#include "whole.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/version.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "model/record.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define LOG_SIZE      (64u << 10)

/* The bytes of a BPF object of this folder, which the Makefile compiles but gives no skeleton:
 * bpftool opens the object through libbpf, too, and fails as the experiment is to. */
#define OBJECT(symbol, file)                                        \
	asm(".pushsection .rodata\n"                                \
	    "	.balign 8\n"                                          \
	    "verifier_errors_" #symbol ":\n"                        \
	    "	.incbin \"" file "\"\n"                             \
	    "verifier_errors_" #symbol "_end:\n"                    \
	    "	.popsection\n");                                    \
	extern const char symbol[] asm("verifier_errors_" #symbol); \
	extern const char symbol##_end[] asm("verifier_errors_" #symbol "_end")

OBJECT(extern_call, "extern-call.bpf.o");
OBJECT(ksym_call, "ksym-call.bpf.o");
OBJECT(ksym_missing, "ksym-missing.bpf.o");
OBJECT(builtin_memcmp, "memcmp.bpf.o");
OBJECT(builtin_strstr, "strstr.bpf.o");
OBJECT(legacy_map, "legacy-map.bpf.o");

/* Where it fails. */
enum stage { OPEN, LOAD };
static const char *const stage_names[] = { [OPEN] = "open", [LOAD] = "load" };

struct expected {
	unsigned int below; /* this kernel version; 0: all later ones */
	enum stage stage;
	int err;
	const char *says; /* extended regex, in what libbpf prints or the verifier logs */
};

struct object {
	const char *name, *bytes, *end;
	struct expected expected[2];
	const char *btf; /* a function that the kernel's BTF must have; or NULL */
};

#define BYTES(symbol) .name = #symbol, .bytes = symbol, .end = symbol##_end

static const struct object objects[] = {
	{ BYTES(extern_call),
	  .expected = { { 0, OPEN, -ENOENT, "failed to find BTF for extern 'kstrtol'" } } },
	/* Kernel functions can be called since 5.13, those that are registered for it. */
	{ BYTES(ksym_call), .btf = "kstrtoll",
	  .expected = { { KERNEL_VERSION(5, 13, 0), LOAD, -EINVAL,
			  "BPF_CALL uses reserved fields" },
			{ 0, LOAD, -EACCES, "calling kernel function kstrtoll is not allowed" } } },
	{ BYTES(ksym_missing), .btf = "kstrtoll",
	  .expected = { { 0, LOAD, -EINVAL,
			  "extern \\(func ksym\\) 'kstrtol': not found in kernel or "
			  "module BTFs" } } },
	{ BYTES(builtin_memcmp),
	  .expected = { { 0, OPEN, -ENOENT, "failed to find BTF for extern 'memcmp'" } } },
	{ BYTES(builtin_strstr),
	  .expected = { { 0, OPEN, -ENOENT, "failed to find BTF for extern 'strstr'" } } },
	{ BYTES(legacy_map),
	  .expected = { { 0, OPEN, -ENOTSUP,
			  "legacy map definitions in 'maps' section are not supported by libbpf "
			  "v1.0\\+" } } },
};

/* What libbpf prints; its callback has no context. */
static struct strbuf said;

static int collect(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level <= LIBBPF_WARN)
		strbuf__addv(&said, fmt, args);
	return 0;
}

/* Opens and loads; the verifier's log, if it comes to that, is added to what libbpf said. */
static int try_object(const struct object *o, char *log, enum stage *stage)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = log, .kernel_log_size = LOG_SIZE,
		    .kernel_log_level = 1, .object_name = o->name);
	struct bpf_object *obj;
	int err = 0;

	*stage = OPEN;
	obj = bpf_object__open_mem(o->bytes, (size_t)(o->end - o->bytes), &opts);
	if (!obj)
		return -errno;
	*stage = LOAD;
	err = bpf_object__load(obj);
	bpf_object__close(obj);
	strbuf__addf(&said, "%s", log);
	return err;
}

static const struct expected *expected_here(const struct object *o, unsigned int kernel)
{
	const struct expected *x = o->expected;

	return x->below && kernel >= x->below ? x + 1 : x;
}

/* The line that matches, without libbpf's prefix; caller frees, NULL when there is none. */
static char *matching_line(const char *text, const char *regex)
{
	static const char prefix[] = "libbpf: ";
	regmatch_t at;
	const char *line;
	regex_t re;
	int none;

	if (regcomp(&re, regex, REG_EXTENDED | REG_NEWLINE))
		return NULL;
	none = regexec(&re, text, 1, &at, 0);
	regfree(&re);
	if (none)
		return NULL;
	for (line = text + at.rm_so; line > text && line[-1] != '\n'; line--)
		;
	if (str_starts(line, prefix))
		line += strlen(prefix);
	return strndup(line, strcspn(line, "\n"));
}

static int measure_object(struct exp *e, const struct object *o, char *log)
{
	const struct expected *want = expected_here(o, exp__kernel_version(e));
	struct record *r = exp__measurement(e, o->name);
	enum stage stage;
	char *line;
	int err, text_err;

	log[0] = '\0';
	err = try_object(o, log, &stage);
	line = matching_line(strbuf__str(&said), want->says);
	record__label(r, "fails_at", err ? stage_names[stage] : "");
	exp__observed(r, err, "%s", line ? line : strbuf__str(&said));
	exp__check(r, err == want->err && stage == want->stage,
		   want->stage == OPEN ? "the object can't be opened"
				       : "the object can't be loaded",
		   "%s to %s", exp__err_name(err), stage_names[stage]);
	exp__check(r, line != NULL, "the message is the expected one", "%s, expected /%s/",
		   line ? line : strbuf__str(&said), want->says);
	text_err = exp__text(e, o->name, "libbpf", strbuf__str(&said), said.len);
	strbuf__free(&said);
	free(line);
	err = exp__emit(e, r);
	return err ? err : text_err;
}

int verifier_errors__whole_objects(struct exp *e)
{
	char *log = malloc(LOG_SIZE);
	libbpf_print_fn_t before;
	int err = 0;

	if (!log)
		return -ENOMEM;
	before = libbpf_set_print(collect);
	for (size_t i = 0; !err && i < ARRAY_SIZE(objects); i++)
		if (!objects[i].btf || exp__has(e, NEED_BTF_FUNC, objects[i].btf))
			err = measure_object(e, &objects[i], log);
	libbpf_set_print(before);
	free(log);
	return err;
}
