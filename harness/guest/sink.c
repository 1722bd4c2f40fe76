// SPDX-License-Identifier: GPL-2.0-only
#include "guest/sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "model/record.h"
#include "wire/event.h"
#include "wire/record_json.h"

static int fd_line(void *ctx, const char *line, size_t len)
{
	return write_all(*(const int *)ctx, line, len);
}

struct sink sink__to_fd(const int *fd)
{
	return (struct sink){ .line = fd_line, .ctx = (void *)fd };
}

static int append(const char *data, size_t len, void *ctx)
{
	struct strbuf *sb = ctx;

	if (sb->len + len >= WIRE_LINE_MAX)
		return -1; /* no use in writing the rest of it */
	strbuf__add(sb, data, len);
	return sb->failed ? -1 : 0;
}

int sink__send(const struct sink *s, json_t *event)
{
	struct strbuf line = STRBUF_INIT;
	int err;

	if (!event)
		return -ENOMEM;
	if (json_dump_callback(event, append, &line, JSON_COMPACT | JSON_REAL_PRECISION(17))) {
		err = line.failed ? -ENOMEM : -EMSGSIZE;
		goto out;
	}
	strbuf__add(&line, "\n", 1);
	err = line.failed ? -ENOMEM : s->line(s->ctx, line.data, line.len);
out:
	strbuf__free(&line);
	json_decref(event);
	return err;
}

int sink__start(const struct sink *s, const char *experiment)
{
	return sink__send(s, json_pack("{ss ss}", "ev", "start", "experiment", experiment));
}

int sink__progress(const struct sink *s, const char *experiment, unsigned long long done,
		   unsigned long long total, const char *what)
{
	return sink__send(s, json_pack("{ss ss sI sI ss}", "ev", "progress", "experiment",
				       experiment, "done", (json_int_t)done, "total",
				       (json_int_t)total, "what", what ? what : ""));
}

int sink__program(const struct sink *s, const char *experiment, const char *name, size_t index,
		  size_t total)
{
	return sink__send(s, json_pack("{ss ss ss sI sI}", "ev", "program", "experiment",
				       experiment, "name", name, "index", (json_int_t)index,
				       "total", (json_int_t)total));
}

int sink__record(const struct sink *s, const struct record *r)
{
	json_t *record = record_json__pack(r);

	if (!record)
		return -ENOMEM;
	return sink__send(s, json_pack("{ss so}", "ev", "record", "record", record));
}

/* How much of data fits a part without tearing a character: continuation bytes at the cut are left
 * for the next part. */
static size_t part_len(const char *data, size_t len)
{
	size_t n = WIRE_PART_MAX;

	if (len <= n)
		return len;
	for (int i = 0; i < 3 && ((unsigned char)data[n] & 0xc0) == 0x80; i++)
		n--;
	return n;
}

int sink__text(const struct sink *s, const char *experiment, const char *name, const char *kind,
	       const char *data, size_t len)
{
	int err = 0;

	for (json_int_t part = 0; !err; part++) {
		size_t n = part_len(data, len);
		char *utf8 = str_utf8(data, n);
		bool last = n == len;

		if (!utf8)
			return -ENOMEM;
		err = sink__send(s, json_pack("{ss ss ss ss sI sb ss}", "ev", "text", "experiment",
					      experiment, "name", name, "kind", kind, "part", part,
					      "last", last, "data", utf8));
		free(utf8);
		data += n;
		len -= n;
		if (last)
			break;
	}
	return err;
}

int sink__log(const struct sink *s, const char *level, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	char *utf8 = NULL;
	va_list args;
	int err;

	va_start(args, fmt);
	strbuf__addv(&sb, fmt, args);
	va_end(args);
	utf8 = str_utf8(strbuf__str(&sb), sb.len);
	err = sink__send(
		s, json_pack("{ss ss ss}", "ev", "log", "level", level, "text", utf8 ? utf8 : ""));
	free(utf8);
	strbuf__free(&sb);
	return err;
}
