// SPDX-License-Identifier: GPL-2.0-only
#include "guest/kfacts.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "base/file.h"
#include "base/str.h"
#include "guest/notes.h"

struct kfacts {
	struct utsname uts;
	struct kver version;
	char *build_id;
	char *config; /* NULL: not read, or not there */
	size_t config_len;
	bool config_tried;
	struct btf *btf;
	bool btf_tried;
};

int kfacts__new(struct kfacts **out)
{
	struct kfacts *k = calloc(1, sizeof(*k));
	char *notes = NULL, *signature = NULL;
	size_t len;
	int err = 0;

	if (!k)
		return -ENOMEM;
	if (uname(&k->uts)) {
		err = -errno;
		goto out;
	}
	/* Ubuntu's signature says more than its version text. */
	if (!file_read("/proc/version_signature", 4096, &signature, NULL))
		err = kver__real(k->uts.release, signature, &k->version);
	else
		err = kver__real(k->uts.release, k->uts.version, &k->version);
	if (err)
		goto out;
	if (!file_read("/sys/kernel/notes", 1 << 20, &notes, &len))
		k->build_id = notes__build_id(notes, len);
out:
	free(notes);
	free(signature);
	if (err) {
		kfacts__free(k);
		return err;
	}
	*out = k;
	return 0;
}

void kfacts__free(struct kfacts *k)
{
	if (!k)
		return;
	free(k->build_id);
	free(k->config);
	btf__free(k->btf);
	free(k);
}

const char *kfacts__release(const struct kfacts *k)
{
	return k->uts.release;
}

const char *kfacts__build_id(const struct kfacts *k)
{
	return k->build_id ? k->build_id : "";
}

struct kver kfacts__version(const struct kfacts *k)
{
	return k->version;
}

const struct btf *kfacts__btf(struct kfacts *k)
{
	if (!k->btf_tried) {
		k->btf_tried = true;
		k->btf = btf__load_vmlinux_btf();
	}
	return k->btf;
}

/* Reads a file that may be gzip-compressed (zlib passes plain ones through). */
static char *read_gz(const char *path, size_t *len)
{
	struct strbuf sb = STRBUF_INIT;
	gzFile gz = gzopen(path, "rb");
	char buf[8192];
	int n;

	if (!gz)
		return NULL;
	while ((n = gzread(gz, buf, sizeof(buf))) > 0)
		strbuf__add(&sb, buf, (size_t)n);
	gzclose(gz);
	if (n < 0 || !sb.len) {
		strbuf__free(&sb);
		return NULL;
	}
	*len = sb.len;
	return strbuf__detach(&sb);
}

static void read_config(struct kfacts *k)
{
	char *path;

	k->config_tried = true;
	k->config = read_gz("/proc/config.gz", &k->config_len);
	if (k->config)
		return;
	path = str_fmt("/boot/config-%s", k->uts.release); /* a real machine may have it there */
	if (path)
		k->config = read_gz(path, &k->config_len);
	free(path);
}

/* One need that is looked into. */
struct question {
	struct kfacts *k;
	const char *name;
	const struct strv *features;
	char *why; /* clause, when unmet */
};

static bool unmet(struct question *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool unmet(struct question *q, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list args;

	va_start(args, fmt);
	strbuf__addv(&sb, fmt, args);
	va_end(args);
	q->why = strbuf__detach(&sb);
	return false;
}

static bool check_config(struct question *q)
{
	struct kfacts *k = q->k;
	char word[256];

	if (!k->config_tried)
		read_config(k);
	if (!k->config)
		return unmet(q,
			     "the kernel's configuration can't be read (no /proc/config.gz) and "
			     "%s is needed",
			     q->name);
	for (const char *suffix = "ym"; *suffix; suffix++) {
		snprintf(word, sizeof(word), "%s=%c", q->name, *suffix);
		if (text__has_word(k->config, k->config_len, word, '\n', "\n"))
			return true;
	}
	return unmet(q, "%s is not set", q->name);
}

static bool check_list(struct question *q, const char *path, const char *path2, char before,
		       const char *what)
{
	char *text = NULL;
	size_t len;
	bool found;

	if (file_read(path, 0, &text, &len) &&
	    (!path2 || file_read((path = path2), 0, &text, &len)))
		return unmet(q, "%s can't be read and %s is needed there", path, q->name);
	found = text__has_word(text, len, q->name, before, " \t\n+[");
	free(text);
	return found || unmet(q, "%s is not %s", q->name, what);
}

static bool check_symbol(struct question *q)
{
	return check_list(q, "/proc/kallsyms", NULL, ' ', "a symbol of the kernel");
}

static bool check_ftrace(struct question *q)
{
	return check_list(q, "/sys/kernel/tracing/available_filter_functions",
			  "/sys/kernel/debug/tracing/available_filter_functions", '\n',
			  "a function with an ftrace entry");
}

static bool check_inject(struct question *q)
{
	return check_list(q, "/sys/kernel/debug/error_injection/list", NULL, '\n',
			  "on the list of error-injectable functions");
}

static bool check_btf_func(struct question *q)
{
	const struct btf *btf = kfacts__btf(q->k);

	if (!btf)
		return unmet(q,
			     "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF) and the function %s "
			     "is needed in it",
			     q->name);
	return btf__find_by_name_kind(btf, q->name, BTF_KIND_FUNC) > 0 ||
	       unmet(q, "%s is not a function in the kernel's BTF", q->name);
}

static bool check_file(struct question *q)
{
	return file_exists(q->name) || unmet(q, "%s does not exist", q->name);
}

static bool check_program(struct question *q)
{
	char *path = str_fmt(EXP_PROGRAM_DIR "%s", q->name);
	bool found = path && file_exists(path);

	free(path);
	return found || unmet(q, "the program %s is not in the guest", q->name);
}

static bool check_feature(struct question *q)
{
	if (q->features && strv__has(q->features, q->name))
		return true;
	/* A distribution's, or one of assay's without a series. */
	if (!q->features || !q->features->n)
		return unmet(q,
			     "it needs the patch %s, and this kernel (%s) has none of assay's "
			     "patches",
			     q->name, q->k->uts.release);
	return unmet(q, "the kernel's patches do not provide '%s'", q->name);
}

static bool check_kernel(struct question *q)
{
	const struct strv none = { 0 }, *f = q->features ? q->features : &none;
	struct krange *range = NULL;
	char err[256] = "", buf[24];
	bool match;

	if (krange__parse(q->name, &range, err, sizeof(err)))
		return unmet(q, "the kernel range '%s' can't be read: %s", q->name, err);
	match = krange__match(range, q->k->version, (const char *const *)f->v, f->n);
	krange__free(range);
	return match ||
	       unmet(q, "kernel %s is not in the range %s", kver__str(q->k->version, buf), q->name);
}

static const struct {
	const char *name;
	bool (*check)(struct question *q);
} kinds[] = {
	[NEED_CONFIG] = { "config", check_config },
	[NEED_SYMBOL] = { "symbol", check_symbol },
	[NEED_BTF_FUNC] = { "btf_func", check_btf_func },
	[NEED_FTRACE] = { "ftrace", check_ftrace },
	[NEED_INJECT] = { "inject", check_inject },
	[NEED_FILE] = { "file", check_file },
	[NEED_FEATURE] = { "feature", check_feature },
	[NEED_KERNEL] = { "kernel", check_kernel },
	[NEED_PROGRAM] = { "program", check_program },
};

const char *need_kind__name(enum need_kind kind)
{
	return kinds[kind].name;
}

bool kfacts__has(struct kfacts *k, enum need_kind kind, const char *name,
		 const struct strv *features, char **why)
{
	struct question q = { .k = k, .name = name, .features = features };
	bool met = kinds[kind].check(&q);

	if (why)
		*why = q.why;
	else
		free(q.why);
	return met;
}
