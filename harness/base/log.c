// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

static const char *const level_prefix[] = {
	[LOG_LEVEL_ERROR] = "",
	[LOG_LEVEL_WARN] = "warning: ",
	[LOG_LEVEL_INFO] = "",
	[LOG_LEVEL_DEBUG] = "debug: ",
};

/* What is logged may come from a guest or a broken file: it must not steer the terminal. */
static void neutralise(char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = s[i];

		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			s[i] = '?';
	}
}

void log_catch__begin(struct log_catch *c)
{
	*c = (struct log_catch){ .outer = assay_log.catch };
	assay_log.catch = c;
}

char *log_catch__end(struct log_catch *c)
{
	assay_log.catch = c->outer;
	return c->first;
}

static bool is_quiet(void)
{
	for (const struct log_catch *c = assay_log.catch; c; c = c->outer)
		if (c->quiet)
			return true;
	return false;
}

static void keep_first(const char *text)
{
	for (struct log_catch *c = assay_log.catch; c; c = c->outer)
		if (!c->first)
			c->first = strndup(text, strcspn(text, "\n"));
}

void log_at(enum log_level level, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	int saved = errno;
	size_t head;
	va_list ap;

	if (level > assay_log.level)
		return;
	strbuf__addf(&sb, "%s: %s", assay_log.prog ? assay_log.prog : "assay", level_prefix[level]);
	head = sb.len;
	/* %m and the like see the caller's errno. */
	errno = saved;
	va_start(ap, fmt);
	strbuf__addv(&sb, fmt, ap);
	va_end(ap);
	if (!sb.len || sb.data[sb.len - 1] != '\n')
		strbuf__add(&sb, "\n", 1);
	if (sb.data)
		neutralise(sb.data, sb.len);
	if (level == LOG_LEVEL_ERROR && sb.data)
		keep_first(sb.data + head);
	if (is_quiet())
		goto out;
	if (assay_log.before)
		assay_log.before(assay_log.ctx);
	write_all(STDERR_FILENO, sb.failed ? "out of memory while logging\n" : strbuf__str(&sb),
		  sb.failed ? strlen("out of memory while logging\n") : sb.len);
out:
	strbuf__free(&sb);
	errno = saved;
}
