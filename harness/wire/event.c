// SPDX-License-Identifier: GPL-2.0-only
#include "wire/event.h"

#include <errno.h>

#include "base/file.h"
#include "base/str.h"

const char *wire_type(const json_t *event)
{
	const char *type = json_string_value(json_object_get(event, "ev"));

	return type ? type : json_string_value(json_object_get(event, "job"));
}

int wire_str(const json_t *event, const char *key, const char **out)
{
	const json_t *v = json_object_get(event, key);

	if (!v)
		return -ENOENT;
	if (!json_is_string(v))
		return -EINVAL;
	*out = json_string_value(v);
	return 0;
}

int wire_int(const json_t *event, const char *key, int64_t *out)
{
	const json_t *v = json_object_get(event, key);

	if (!v)
		return -ENOENT;
	if (!json_is_integer(v))
		return -EINVAL;
	*out = json_integer_value(v);
	return 0;
}

static int append(const char *data, size_t len, void *ctx)
{
	struct strbuf *line = ctx;

	strbuf__add(line, data, len);
	return line->failed ? -1 : 0;
}

int wire_send(int fd, json_t *event)
{
	struct strbuf line = STRBUF_INIT;
	int err = 0;

	if (!event)
		return -ENOMEM;
	if (!wire_type(event)) {
		err = -EINVAL;
	} else if (json_dump_callback(event, append, &line,
				      JSON_COMPACT | JSON_REAL_PRECISION(17))) {
		err = line.failed ? -ENOMEM : -EINVAL;
	} else {
		strbuf__add(&line, "\n", 1);
		if (line.failed)
			err = -ENOMEM;
		else if (line.len > WIRE_LINE_MAX)
			err = -EMSGSIZE;
		else
			err = write_all(fd, line.data, line.len);
	}
	strbuf__free(&line);
	json_decref(event);
	return err;
}
