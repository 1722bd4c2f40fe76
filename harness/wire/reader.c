// SPDX-License-Identifier: GPL-2.0-only
#include "wire/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct wire_reader {
	struct strbuf buf;
	size_t start;	/* where the line that is read next begins in buf */
	size_t scanned; /* from start on: bytes known to hold no newline */
	size_t skipped; /* bytes dropped of a line that is too long; 0: not skipping */
	size_t line;	/* number of the line that is read next */
	struct strbuf err;
};

struct wire_reader *wire_reader__new(void)
{
	struct wire_reader *r = calloc(1, sizeof(*r));

	if (r)
		r->line = 1;
	return r;
}

void wire_reader__free(struct wire_reader *r)
{
	if (!r)
		return;
	strbuf__free(&r->buf);
	strbuf__free(&r->err);
	free(r);
}

/* Forgets what was read. Only when it is at least half of the buffer: each byte moves once. */
static void compact(struct wire_reader *r)
{
	size_t rest = r->buf.len - r->start;

	if (!r->start || r->start < rest)
		return;
	memmove(r->buf.data, r->buf.data + r->start, rest);
	r->buf.len = rest;
	r->buf.data[rest] = '\0';
	r->start = 0;
}

int wire_reader__feed(struct wire_reader *r, const void *data, size_t len)
{
	compact(r);
	strbuf__add(&r->buf, data, len);
	if (!r->buf.failed)
		return 0;
	/* What is there stays readable; only this piece is lost, which the caller is told. */
	r->buf.failed = false;
	return -ENOMEM;
}

/* Drops what is left of a line that is too long. Returns false when its end has not come yet. */
static bool skip(struct wire_reader *r)
{
	const char *from = r->buf.data + r->start;
	size_t len = r->buf.len - r->start;
	const char *nl = len ? memchr(from, '\n', len) : NULL;

	r->scanned = 0;
	if (!nl) {
		r->skipped += len;
		r->start = r->buf.len;
		compact(r);
		return false;
	}
	r->start += nl - from + 1;
	r->skipped = 0;
	r->line++;
	return true;
}

__attribute__((format(printf, 3, 4))) static int complain(struct wire_reader *r, size_t line,
							  const char *fmt, ...)
{
	va_list ap;

	strbuf__free(&r->err);
	strbuf__addf(&r->err, "line %zu of the event stream ", line);
	va_start(ap, fmt);
	strbuf__addv(&r->err, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

/* jansson quotes the text near the mistake, which may hold anything. */
static int complain_json(struct wire_reader *r, size_t line, const json_error_t *e)
{
	char *text = str_utf8(e->text, strnlen(e->text, sizeof(e->text)));

	for (char *p = text; p && *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	complain(r, line, "is no valid JSON: %s (byte %d)", text ? text : "?", e->position);
	free(text);
	return -EBADMSG;
}

static int parse(struct wire_reader *r, const char *text, size_t len, size_t line, json_t **event)
{
	json_error_t e = { 0 };
	json_t *json;

	if (!len)
		return complain(r, line, "is empty");
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	if (!json)
		return complain_json(r, line, &e);
	if (!json_is_object(json))
		complain(r, line, "is no JSON object");
	else if (!wire_type(json))
		complain(r, line, "has neither \"ev\" nor \"job\" as a string");
	else if (json_object_get(json, "ev") && json_object_get(json, "job"))
		complain(r, line, "has both \"ev\" and \"job\"");
	else {
		*event = json;
		return 1;
	}
	json_decref(json);
	return -EBADMSG;
}

int wire_reader__next(struct wire_reader *r, json_t **event, const char **err)
{
	const char *from, *nl;
	size_t len;
	int ret;

	*event = NULL;
	*err = NULL;
	if (r->skipped && !skip(r))
		return 0;
	len = r->buf.len - r->start;
	if (!len)
		return 0;
	from = r->buf.data + r->start;
	nl = memchr(from + r->scanned, '\n', len - r->scanned);
	if (!nl)
		r->scanned = len;
	else
		len = nl - from;
	/* The limit is for the line with its newline. */
	if (len >= WIRE_LINE_MAX) {
		ret = complain(r, r->line, "is longer than %u bytes", WIRE_LINE_MAX);
		skip(r);
	} else if (nl) {
		ret = parse(r, from, len, r->line, event);
		r->start += len + 1;
		r->scanned = 0;
		r->line++;
	} else {
		return 0;
	}
	if (ret < 0)
		*err = r->err.failed ? "out of memory" : strbuf__str(&r->err);
	return ret;
}

size_t wire_reader__pending(const struct wire_reader *r)
{
	const char *from = strbuf__str(&r->buf) + r->start;
	size_t len = r->buf.len - r->start;
	const char *nl = len ? memrchr(from, '\n', len) : NULL;

	if (nl)
		return len - (nl - from + 1);
	return len + r->skipped;
}
