// SPDX-License-Identifier: GPL-2.0-only
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for `more` bytes and the NUL. Once memory ran out nothing is added any more: a
 * string with a hole in it would be worse than one that is cut. */
static bool reserve(struct strbuf *sb, size_t more)
{
	size_t need, cap;
	char *data;

	if (sb->failed)
		return false;
	if (more >= SIZE_MAX / 2 - sb->len) {
		sb->failed = true;
		return false;
	}
	need = sb->len + more + 1;
	if (need <= sb->cap)
		return true;
	cap = sb->cap ? sb->cap : 64;
	while (cap < need)
		cap *= 2;
	data = realloc(sb->data, cap);
	if (!data) {
		sb->failed = true;
		return false;
	}
	sb->data = data;
	sb->cap = cap;
	return true;
}

void strbuf__add(struct strbuf *sb, const void *data, size_t len)
{
	if (!len || !reserve(sb, len))
		return;
	memcpy(sb->data + sb->len, data, len);
	sb->len += len;
	sb->data[sb->len] = '\0';
}

void strbuf__addv(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		sb->failed = true;
	else if (n > 0 && reserve(sb, n))
		sb->len += vsnprintf(sb->data + sb->len, (size_t)n + 1, fmt, again);
	va_end(again);
}

void strbuf__addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf__addv(sb, fmt, ap);
	va_end(ap);
}

const char *strbuf__str(const struct strbuf *sb)
{
	return sb->data ? sb->data : "";
}

char *strbuf__detach(struct strbuf *sb)
{
	char *s = sb->data;

	if (sb->failed) {
		free(s);
		s = NULL;
	} else if (!s) {
		s = strdup("");
	}
	*sb = (struct strbuf)STRBUF_INIT;
	return s;
}

void strbuf__free(struct strbuf *sb)
{
	free(sb->data);
	*sb = (struct strbuf)STRBUF_INIT;
}
