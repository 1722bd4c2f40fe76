// SPDX-License-Identifier: GPL-2.0-only
#include "diff/baseline_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void baseline_text__escape(struct strbuf *sb, const char *text, const char *more)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f || c == '\\' || strchr(more, c))
			strbuf__addf(sb, "\\x%02x", c);
		else
			strbuf__add(sb, text, 1);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *baseline_text__unescape(const char *text, size_t len)
{
	char *out = malloc(len + 1), *p = out;

	for (size_t i = 0; out && i < len; i++) {
		int high, low;

		if (text[i] != '\\') {
			*p++ = text[i];
			continue;
		}
		high = i + 3 < len && text[i + 1] == 'x' ? hex_digit(text[i + 2]) : -1;
		low = high >= 0 ? hex_digit(text[i + 3]) : -1;
		if (low < 0 || (high == 0 && low == 0)) {
			free(out);
			errno = EINVAL;
			return NULL;
		}
		*p++ = (char)(high * 16 + low);
		i += 3;
	}
	if (out)
		*p = '\0';
	else
		errno = ENOMEM;
	return out;
}

size_t baseline_text__key_len(const char *line)
{
	size_t first = strcspn(line, "\t");

	return line[first] ? first + 1 + strcspn(line + first + 1, "\t") : first;
}

int baseline_text__lines(const char *text, struct strv *out)
{
	int err = 0;

	while (!err && *text) {
		size_t len = strcspn(text, "\n");
		char *line = strndup(text, len);

		err = line ? strv__add(out, line) : -ENOMEM;
		free(line);
		text += len + (text[len] == '\n');
	}
	return err;
}
