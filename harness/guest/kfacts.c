// SPDX-License-Identifier: GPL-2.0-only
#include "guest/kfacts.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "base/file.h"
#include "base/str.h"

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

char *notes__build_id(const void *notes, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = notes;

	while (len >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;
		size_t name, desc;
		char *id;

		memcpy(&n, p, sizeof(n));
		p += sizeof(n);
		len -= sizeof(n);
		/* Both parts are padded to 4 bytes; the file's last one may lack its padding. */
		name = ((size_t)n.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)n.n_descsz + 3) & ~(size_t)3;
		if (name > len || n.n_descsz > len - name)
			return NULL;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && !memcmp(p, "GNU", 4)) {
			id = calloc(1, 2 * (size_t)n.n_descsz + 1);
			for (size_t i = 0; id && i < n.n_descsz; i++) {
				id[2 * i] = hex[p[name + i] >> 4];
				id[2 * i + 1] = hex[p[name + i] & 15];
			}
			return id;
		}
		if (desc > len - name)
			return NULL;
		p += name + desc;
		len -= name + desc;
	}
	return NULL;
}

bool text__has_word(const char *text, size_t len, const char *word, char before, const char *after)
{
	size_t n = strlen(word);
	const char *end = text + len, *at = text;

	if (!n)
		return false;
	while ((at = memmem(at, (size_t)(end - at), word, n))) {
		bool starts = at == text || at[-1] == before;
		bool ends = at + n == end || strchr(after, at[n]);

		if (starts && ends)
			return true;
		at++;
	}
	return false;
}

int kfacts__new(struct kfacts **out)
{
	struct kfacts *k = calloc(1, sizeof(*k));
	char *notes = NULL;
	size_t len;
	int err = 0;

	if (!k)
		return -ENOMEM;
	if (uname(&k->uts)) {
		err = -errno;
		goto out;
	}
	err = kver__parse(k->uts.release, &k->version);
	if (err)
		goto out;
	if (!file_read("/sys/kernel/notes", 1 << 20, &notes, &len))
		k->build_id = notes__build_id(notes, len);
out:
	free(notes);
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

/* Each check returns a clause when the need is unmet and NULL when it is met. */
static char *check_config(struct kfacts *k, const char *name, const struct strv *features)
{
	(void)features;
	if (!k->config_tried)
		read_config(k);
	if (!k->config)
		return str_fmt("the kernel's configuration can't be read (no /proc/config.gz) and "
			       "%s is needed",
			       name);
	for (const char *suffix = "ym"; *suffix; suffix++) {
		char word[256];

		snprintf(word, sizeof(word), "%s=%c", name, *suffix);
		if (text__has_word(k->config, k->config_len, word, '\n', "\n"))
			return NULL;
	}
	return str_fmt("%s is not set", name);
}

static char *check_list(const char *name, const char *path, const char *path2, char before,
			const char *what)
{
	char *text = NULL, *why = NULL;
	size_t len;

	if (file_read(path, 0, &text, &len) &&
	    (!path2 || file_read((path = path2), 0, &text, &len)))
		return str_fmt("%s can't be read and %s is needed there", path, name);
	if (!text__has_word(text, len, name, before, " \t\n+["))
		why = str_fmt("%s is not %s", name, what);
	free(text);
	return why;
}

static char *check_symbol(struct kfacts *k, const char *name, const struct strv *features)
{
	(void)k, (void)features;
	return check_list(name, "/proc/kallsyms", NULL, ' ', "a symbol of the kernel");
}

static char *check_ftrace(struct kfacts *k, const char *name, const struct strv *features)
{
	(void)k, (void)features;
	return check_list(name, "/sys/kernel/tracing/available_filter_functions",
			  "/sys/kernel/debug/tracing/available_filter_functions", '\n',
			  "a function with an ftrace entry");
}

static char *check_inject(struct kfacts *k, const char *name, const struct strv *features)
{
	(void)k, (void)features;
	return check_list(name, "/sys/kernel/debug/error_injection/list", NULL, '\n',
			  "on the list of error-injectable functions");
}

static char *check_btf_func(struct kfacts *k, const char *name, const struct strv *features)
{
	const struct btf *btf = kfacts__btf(k);

	(void)features;
	if (!btf)
		return str_fmt("the kernel has no BTF (CONFIG_DEBUG_INFO_BTF) and the function %s "
			       "is needed in it",
			       name);
	if (btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) < 0)
		return str_fmt("%s is not a function in the kernel's BTF", name);
	return NULL;
}

static char *check_file(struct kfacts *k, const char *name, const struct strv *features)
{
	(void)k, (void)features;
	return file_exists(name) ? NULL : str_fmt("%s does not exist", name);
}

static char *check_feature(struct kfacts *k, const char *name, const struct strv *features)
{
	(void)k;
	if (features && strv__has(features, name))
		return NULL;
	return str_fmt("the kernel's patches do not provide '%s'", name);
}

static char *check_kernel(struct kfacts *k, const char *name, const struct strv *features)
{
	struct krange *range = NULL;
	char err[256] = "", buf[24];
	bool match;

	if (krange__parse(name, &range, err, sizeof(err)))
		return str_fmt("the kernel range '%s' can't be read: %s", name, err);
	match = krange__match(range, k->version, features ? (const char *const *)features->v : NULL,
			      features ? features->n : 0);
	krange__free(range);
	if (match)
		return NULL;
	return str_fmt("kernel %s is not in the range %s", kver__str(k->version, buf), name);
}

static const struct {
	const char *name;
	char *(*check)(struct kfacts *k, const char *name, const struct strv *features);
} kinds[] = {
	[NEED_CONFIG] = { "config", check_config },
	[NEED_SYMBOL] = { "symbol", check_symbol },
	[NEED_BTF_FUNC] = { "btf_func", check_btf_func },
	[NEED_FTRACE] = { "ftrace", check_ftrace },
	[NEED_INJECT] = { "inject", check_inject },
	[NEED_FILE] = { "file", check_file },
	[NEED_FEATURE] = { "feature", check_feature },
	[NEED_KERNEL] = { "kernel", check_kernel },
};

const char *need_kind__name(enum need_kind kind)
{
	return kinds[kind].name;
}

bool kfacts__has(struct kfacts *k, enum need_kind kind, const char *name,
		 const struct strv *features, char **why)
{
	char *clause = kinds[kind].check(k, name, features);
	bool met = !clause;

	if (why)
		*why = clause;
	else
		free(clause);
	return met;
}
