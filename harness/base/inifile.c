// SPDX-License-Identifier: GPL-2.0-only
#include "base/inifile.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/str.h"

void inifile__complain(struct inifile *f, int line, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf__addv(&sb, fmt, ap);
	va_end(ap);
	log_err("%s:%d: %s", f->path, line, strbuf__str(&sb));
	strbuf__free(&sb);
	if (!f->err)
		f->err = -EINVAL;
}

bool inifile__once(struct inifile *f, unsigned int i, const char *name)
{
	if (f->keys & 1u << i) {
		inifile__complain(f, f->line, "key '%s' comes twice in this section", name);
		return false;
	}
	f->keys |= 1u << i;
	return true;
}

static void end_section(struct inifile *f)
{
	if (!f->section_line)
		return;
	if (f->section_new)
		inifile__complain(f, f->section_line, "section without keys");
	else if (!f->skip)
		f->end(f);
}

/* inih's Debian build doesn't hand the line number to its handler, nor tell of a section before
 * its first key: the reader counts both. */
static char *read_line(char *buf, int size, void *stream)
{
	struct inifile *f = stream;
	size_t len;

	if (!fgets(buf, size, f->stream))
		return NULL;
	f->line++;
	len = strlen(buf);
	if (len + 1 == (size_t)size && buf[len - 1] != '\n') {
		int c;

		inifile__complain(f, f->line, "line of more than %d characters", size - 2);
		while ((c = fgetc(f->stream)) != EOF && c != '\n')
			;
		return strcpy(buf, "#\n");
	}
	/* inih hands such a line over as another value of the key before. */
	f->continued = *buf == ' ' || *buf == '\t';
	if (buf[strspn(buf, " \t")] == '[') {
		end_section(f);
		f->section_line = f->line;
		f->section_new = true;
	}
	return buf;
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct inifile *f = user;
	int err = 0;

	if (!f->section_line) {
		inifile__complain(f, f->line, "'%s' stands before the first [section]", name);
		return 1;
	}
	if (f->section_new) {
		f->section_new = f->skip = false;
		f->keys = 0;
		err = f->begin(f, section);
		if (err)
			f->skip = true;
	}
	if (!err && !f->skip)
		err = f->key(f, name, value);
	if (err)
		f->err = err;
	return 1;
}

int inifile__read(struct inifile *f)
{
	struct stat st;
	int bad;

	f->stream = fopen(f->path, "re");
	if (!f->stream)
		f->err = -errno;
	else if (!fstat(fileno(f->stream), &st) && S_ISDIR(st.st_mode))
		f->err = -EISDIR; /* which else shows at the first line only */
	if (f->err) {
		log_err("%s: cannot be read: %s", f->path, strerror(-f->err));
		if (f->stream)
			fclose(f->stream);
		f->stream = NULL;
		return f->err;
	}
	bad = ini_parse_stream(read_line, f, on_key, f);
	end_section(f);
	if (bad > 0)
		inifile__complain(f, bad, "neither a [section], 'key = value' nor a comment");
	else if (bad < 0 && !f->err)
		f->err = -ENOMEM;
	if (!f->err && ferror(f->stream))
		inifile__complain(f, f->line, "cannot be read further");
	fclose(f->stream);
	f->stream = NULL;
	return f->err;
}

static void unknown_key(struct inifile *f, const struct inifile_key *keys, size_t n,
			const char *name)
{
	const char *known[32], *near;
	size_t i;

	for (i = 0; i < n && i < 32; i++)
		known[i] = keys[i].name;
	near = str_nearest(name, known, i);
	if (near)
		inifile__complain(f, f->line, "unknown key '%s' (did you mean '%s'?)", name, near);
	else
		inifile__complain(f, f->line, "unknown key '%s'", name);
}

int inifile__set(struct inifile *f, const struct inifile_key *keys, size_t n, void *item,
		 const char *name, const char *value)
{
	unsigned int i = 0;
	int err;

	while (i < n && strcmp(keys[i].name, name) != 0)
		i++;
	if (i == n) {
		unknown_key(f, keys, n, name);
		return 0;
	}
	if (!(f->continued && keys[i].lines) && !inifile__once(f, i, name))
		return 0;
	err = keys[i].set(item, value);
	if (err == -EINVAL) {
		inifile__complain(f, f->line, "%s = %s: not %s", name, value, keys[i].want);
		err = 0;
	}
	return err;
}

void inifile__need(struct inifile *f, const struct inifile_key *keys, size_t n, const char *kind,
		   const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].must && !(f->keys & 1u << i))
			inifile__complain(f, f->section_line, "%s '%s' has no '%s'", kind, name,
					  keys[i].name);
}
