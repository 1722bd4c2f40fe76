// SPDX-License-Identifier: GPL-2.0-only
#include "vm/prebuilt_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define IMAGE "linux-image-"

void control__release(struct control *c)
{
	free(c->package);
	free(c->version);
	free(c->arch);
	free(c->depends);
	free(c->sha256);
	*c = (struct control){ 0 };
}

/* The value of a line "Name: value"; NULL when it is another one. */
static const char *field(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) || line[len] != ':')
		return NULL;
	line += len + 1;
	return line + strspn(line, " ");
}

static int read_line(struct control *c, const char *line)
{
	const struct {
		const char *name;
		char **to;
	} fields[] = { { "Package", &c->package },
		       { "Version", &c->version },
		       { "Architecture", &c->arch },
		       { "Depends", &c->depends },
		       { "SHA256", &c->sha256 } };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *value = field(line, fields[i].name);

		if (!value || *fields[i].to)
			continue;
		*fields[i].to = strdup(value);
		return *fields[i].to ? 0 : -ENOMEM;
	}
	return 0;
}

int control__parse(const char *text, struct control *out)
{
	int err = 0;

	*out = (struct control){ 0 };
	while (!err && *text && *text != '\n') {
		size_t len = strcspn(text, "\n");
		char *line = strndup(text, len);

		err = line ? read_line(out, line) : -ENOMEM;
		free(line);
		text += len + (text[len] == '\n');
	}
	if (!err && !out->sha256) {
		out->sha256 = strdup("");
		err = out->sha256 ? 0 : -ENOMEM;
	}
	if (!err && (!out->package || !out->version || !out->arch))
		err = -ENOENT;
	if (err)
		control__release(out);
	return err;
}

static bool is_kernel(const char *package)
{
	const char *p = package + strlen(IMAGE);

	if (!str_starts(package, IMAGE))
		return false;
	if (str_starts(p, "unsigned-")) /* Ubuntu's */
		p += strlen("unsigned-");
	return *p >= '0' && *p <= '9';
}

bool control__is_kernel(const struct control *c)
{
	return is_kernel(c->package);
}

char *control__next(const struct control *c)
{
	struct strv all = { 0 };
	char *found = NULL;

	if (!c->depends || strv__split(&all, c->depends, ","))
		return NULL;
	for (size_t i = 0; !found && i < all.n; i++) {
		const char *s = all.v[i], *equal = strstr(s, "(= ");
		size_t name = strcspn(s, " (|");

		if (!str_starts(s, IMAGE))
			continue;
		found = equal ? str_fmt("%.*s=%.*s", (int)name, s, (int)strcspn(equal + 3, ")"),
					equal + 3)
			      : strndup(s, name);
	}
	strv__free(&all);
	return found;
}

char *control__version(const struct control *c)
{
	return str_fmt("%s=%s", c->package, c->version);
}

char *control__file(const struct control *c)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s_", c->package);
	for (const char *s = c->version; *s; s++)
		strbuf__add(&sb, *s == ':' ? "%3a" : s, *s == ':' ? 3 : 1);
	strbuf__addf(&sb, "_%s.deb", c->arch);
	if (sb.failed) {
		strbuf__free(&sb);
		return NULL;
	}
	return strbuf__detach(&sb);
}
