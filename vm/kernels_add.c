// SPDX-License-Identifier: GPL-2.0-only
#include "vm/kernels_add.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "vm/lock.h"
#include "vm/series.h"

#define INI_MAX	  (4 << 20)
#define PATCH_MAX (16 << 20)

/* A section, as far as one must know it to put another one behind it. */
struct section {
	char name[64];
	const char *keys; /* its first line after the name */
	const char *end;  /* behind its last key's line: comments after that are the next one's */
	struct kver version;
	bool plain; /* its name is its version */
};
struct sections {
	struct section *v;
	size_t n;
};

static const char *next_line(const char *s)
{
	s = strchrnul(s, '\n');
	return *s ? s + 1 : s;
}

/* The key of a line "key = value"; 0 when it is none: blank, a comment, a value going on. */
static size_t key_length(const char *line)
{
	size_t len = strcspn(line, "=:\n");

	if (!*line || strchr(" \t\r\n;#[", *line) || !line[len] || line[len] == '\n')
		return 0;
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	return len;
}

static bool is_key(const char *line, const char *key)
{
	return key_length(line) == strlen(key) && !strncmp(line, key, strlen(key));
}

static bool is_blank_or_comment(const char *line)
{
	line += strspn(line, " \t\r");
	return !*line || strchr("\n;#", *line);
}

/* A key's value up to a comment, trimmed. */
static void value_of(const char *line, char *buf, size_t size)
{
	const char *s = line + strcspn(line, "=:\n");
	size_t len;

	s += *s == '=' || *s == ':';
	s += strspn(s, " \t");
	len = strcspn(s, "\n");
	for (size_t i = 1; i < len; i++)
		if (s[i] == ';' && isspace((unsigned char)s[i - 1]))
			len = i;
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	snprintf(buf, size, "%.*s", (int)len, s);
}

static const struct section *find_section(const struct sections *ss, const char *name)
{
	for (size_t i = 0; i < ss->n; i++)
		if (!strcmp(ss->v[i].name, name))
			return &ss->v[i];
	return NULL;
}

static void read_keys(const struct sections *ss, struct section *s)
{
	const struct section *like;
	char value[64], plain[24];

	for (const char *line = s->keys; *line && *line != '['; line = next_line(line)) {
		if (!is_blank_or_comment(line))
			s->end = next_line(line);
		if (is_key(line, "version")) {
			value_of(line, value, sizeof(value));
			if (kver__parse(value, &s->version))
				s->version = (struct kver){ 0 };
			s->plain = !strcmp(s->name, value) ||
				   !strcmp(s->name, kver__str(s->version, plain));
		} else if (is_key(line, "like")) {
			value_of(line, value, sizeof(value));
			like = find_section(ss, value);
			if (like)
				s->version = like->version;
		}
	}
}

static int read_sections(const char *text, struct sections *ss)
{
	*ss = (struct sections){ 0 };
	for (const char *line = text; *line; line = next_line(line)) {
		struct section *v;

		if (*line != '[' || line[strcspn(line, "]\n")] != ']')
			continue;
		v = reallocarray(ss->v, ss->n + 1, sizeof(*v));
		if (!v) {
			free(ss->v);
			return -ENOMEM;
		}
		ss->v = v;
		v += ss->n++;
		*v = (struct section){ .keys = next_line(line), .end = next_line(line) };
		snprintf(v->name, sizeof(v->name), "%.*s", (int)strcspn(line + 1, "]"), line + 1);
		read_keys(ss, v);
	}
	return 0;
}

/* The section behind which a release is put: index, or -1 for the end of what is no section. */
static long find_place(const struct sections *ss, struct kver version)
{
	long best = -1, first = -1;

	for (size_t i = 0; i < ss->n; i++) {
		const struct section *s = &ss->v[i], *b = best < 0 ? NULL : &ss->v[best];

		if (!s->plain)
			continue;
		if (first < 0 && kver__same_branch(s->version, version))
			first = (long)i;
		if (kver__cmp(s->version, version) < 0 &&
		    (!b || kver__cmp(s->version, b->version) >= 0))
			best = (long)i;
	}
	/* Older than all of its branch: before the branch, not among another one's. */
	if (first >= 0 && (best < 0 || !kver__same_branch(ss->v[best].version, version)))
		return first - 1;
	if (best < 0)
		return (long)ss->n - 1;
	/* What was made of the same release stays with it. */
	while ((size_t)best + 1 < ss->n && !kver__cmp(ss->v[best + 1].version, ss->v[best].version))
		best++;
	return best;
}

static void add_list(struct strbuf *sb, const char *key, const struct strv *v)
{
	for (size_t i = 0; i < v->n; i++)
		strbuf__addf(sb, "%s%s%s", i ? "" : key, i ? ", " : " = ", v->v[i]);
	if (v->n)
		strbuf__addf(sb, "\n");
}

/* The tarball of another release lies beside: its name and the folder of its series differ. */
static void add_tarball(struct strbuf *sb, const char *line, struct kver was, struct kver is)
{
	char url[1024], a[24], b[24], dir[24];
	const char *name, *at;

	value_of(line, url, sizeof(url));
	kver__str(was, a);
	kver__str(is, b);
	snprintf(dir, sizeof(dir), "/v%u.x/", was.major);
	name = strrchr(url, '/');
	at = name ? strstr(name, a) : NULL;
	if (!at)
		return;
	strbuf__addf(sb, "tarball = ");
	name = strstr(url, dir);
	if (name && name < at) {
		strbuf__addf(sb, "%.*s/v%u.x/", (int)(name - url), url, is.major);
		name += strlen(dir);
	} else {
		name = url;
	}
	strbuf__addf(sb, "%.*s%s%s\n", (int)(at - name), name, b, at + strlen(a));
}

/* The keys of another entry that are of its one release. */
static bool is_dropped(const char *line, const struct kernel_new *k)
{
	static const char *const own[] = { "package", "sha256", "suites",
					   "tarball", "source", "tarball-sha256" };
	/* Which experiments hold on a kernel is known once somebody has run them there. */
	static const char *const branch[] = { "series", "more", "experiments" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (is_key(line, own[i]))
			return true;
	for (size_t i = 0; k->configs && i < sizeof(branch) / sizeof(branch[0]); i++)
		if (is_key(line, branch[i]))
			return true;
	return false;
}

static void write_entry(struct strbuf *sb, const struct section *like, const struct kernel_new *k)
{
	char version[24];
	bool skip = false;

	kver__str(k->version, version);
	strbuf__addf(sb, "\n; Found by `assay kernel update`.\n[%s]\n", version);
	for (const char *line = like->keys; line < like->end; line = next_line(line)) {
		const char *end = next_line(line);

		if (is_blank_or_comment(line))
			continue;
		/* A line that begins with blanks belongs to the key before it. */
		if (!key_length(line)) {
			if (!skip)
				strbuf__add(sb, line, (size_t)(end - line));
			continue;
		}
		skip = true;
		if (is_key(line, "version")) {
			strbuf__addf(sb, "version = %s\npackage = %s\nsha256 = %s\n", version,
				     k->package, k->sha256);
			add_list(sb, "suites", k->suites);
		} else if (k->configs && is_key(line, "configs")) {
			add_list(sb, "configs", k->configs);
		} else if (is_key(line, "tarball")) {
			add_tarball(sb, line, like->version, k->version);
		} else if (!is_dropped(line, k)) {
			skip = false;
			strbuf__add(sb, line, (size_t)(end - line));
			if (end[-1] != '\n')
				strbuf__add(sb, "\n", 1);
		}
	}
}

int kernels_text__add(const char *text, const struct kernel_new *k, char **out)
{
	struct strbuf sb = STRBUF_INIT;
	const struct section *like;
	struct sections ss;
	char name[24];
	size_t at;
	long place;
	int err = read_sections(text, &ss);

	*out = NULL;
	if (err)
		return err;
	like = find_section(&ss, k->like);
	if (!like || find_section(&ss, kver__str(k->version, name))) {
		free(ss.v);
		return like ? -EEXIST : -ENOENT;
	}
	place = find_place(&ss, k->version);
	at = place < 0 ? 0 : (size_t)(ss.v[place].end - text);
	strbuf__add(&sb, text, at);
	if (at && text[at - 1] != '\n')
		strbuf__add(&sb, "\n", 1);
	write_entry(&sb, like, k);
	strbuf__add(&sb, text + at, strlen(text + at));
	free(ss.v);
	if (sb.failed) {
		strbuf__free(&sb);
		return -ENOMEM;
	}
	*out = strbuf__detach(&sb);
	return *out ? 0 : -ENOMEM;
}

/* --- configuration without patches ---------------------------------------------------------- */

/* Options that a patch adds: "+config NAME". */
static int add_options(struct strv *names, const char *patch)
{
	static const char *const marks[] = { "+config ", "+menuconfig " };
	int err = 0;

	for (const char *line = patch; !err && *line; line = next_line(line)) {
		for (size_t i = 0; !err && i < sizeof(marks) / sizeof(marks[0]); i++) {
			const char *s = line + strlen(marks[i]);
			char *name;

			if (!str_starts(line, marks[i]))
				continue;
			name = strndup(s, strcspn(s, " \t\r\n"));
			err = name ? strv__add(names, name) : -ENOMEM;
			free(name);
		}
	}
	return err;
}

static int patch_options(const struct kernel_paths *paths, const struct kernel *k,
			 struct strv *names)
{
	char *dir = str_fmt("%s/%s", paths->patches, k->series);
	struct series s;
	int err = dir ? series__read(dir, &k->more, &s) : -ENOMEM;

	if (err) {
		free(dir);
		return err;
	}
	for (size_t i = 0; !err && i < s.patches.n; i++) {
		char *path = str_fmt("%s/%s", dir, s.patches.v[i]), *text = NULL;

		err = path ? file_read(path, PATCH_MAX, &text, NULL) : -ENOMEM;
		if (!err)
			err = add_options(names, text);
		free(text);
		free(path);
	}
	series__release(&s);
	free(dir);
	return err;
}

/* Does a fragment set one of the options? */
static int sets_any(const char *path, const struct strv *names, bool *sets)
{
	char *text = NULL;
	int err = file_read(path, INI_MAX, &text, NULL);

	*sets = false;
	for (const char *line = text; !err && *line; line = next_line(line)) {
		const char *s = strstr(line, "CONFIG_");
		char *name;

		if (!s || s >= next_line(line))
			continue;
		s += strlen("CONFIG_");
		name = strndup(s, strcspn(s, "= \t\r\n"));
		if (!name)
			err = -ENOMEM;
		else if (strv__has(names, name))
			*sets = true;
		free(name);
	}
	free(text);
	return err;
}

int kernels__bare_configs(const struct kernel_paths *paths, const struct kernel *k,
			  struct strv *out)
{
	struct strv names = { 0 };
	int err = k->series ? patch_options(paths, k, &names) : 0;

	for (size_t i = 0; !err && i < k->configs.n; i++) {
		char *path = str_fmt("%s/%s", paths->configs, k->configs.v[i]);
		bool sets = false;

		err = path ? sets_any(path, &names, &sets) : -ENOMEM;
		if (!err && !sets)
			err = strv__add(out, k->configs.v[i]);
		free(path);
	}
	strv__free(&names);
	return err;
}

/* --- writing -------------------------------------------------------------------------------- */

static void say_unwritable(const char *ini, int err)
{
	log_err("%s: cannot be written: %s%s", ini, strerror(-err),
		err == -EACCES || err == -EROFS || err == -EPERM
			? ": it is that of an installation; a checkout of assay has its own"
			: "");
}

static int check_loads(const struct kernel_paths *paths, const char *beside)
{
	struct kernel_paths p = *paths;
	struct kernels *ks = NULL;
	int err;

	p.ini = beside;
	err = kernels__load(&p, &ks);
	kernels__free(ks);
	if (err)
		log_err("%s: with the new entries it would not load: it stays as it was",
			paths->ini);
	return err;
}

int kernels_text__save(const struct kernel_paths *paths, const char *was, const char *text)
{
	char *beside = str_fmt("%s.new", paths->ini), *now = NULL;
	/* Taken for an instant: nobody waits long enough to cancel. */
	int lock = lock__take(paths->cache, "kernels.ini", "writes kernels.ini", -1);
	int err = lock < 0 ? lock : beside ? 0 : -ENOMEM;

	if (!err) {
		err = access(paths->ini, W_OK) ? -errno : file_write(beside, text, strlen(text));
		if (err)
			say_unwritable(paths->ini, err);
	}
	if (err)
		goto out;
	err = check_loads(paths, beside);
	if (!err)
		err = file_read(paths->ini, INI_MAX, &now, NULL);
	if (!err && strcmp(now, was)) {
		log_err("%s: somebody else has changed it meanwhile: it stays as it is",
			paths->ini);
		err = -EAGAIN;
	} else if (!err) {
		err = file_write(paths->ini, text, strlen(text));
		if (err)
			say_unwritable(paths->ini, err);
	}
	if (unlink(beside) && !err)
		log_warn("%s: cannot be removed: %s", beside, strerror(errno));
out:
	if (lock >= 0)
		close(lock);
	free(now);
	free(beside);
	return err;
}
