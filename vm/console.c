// SPDX-License-Identifier: GPL-2.0-only
#include "vm/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/str.h"

#define READ_SIZE     (64u << 10)
#define READ_MAX      (4u << 20) /* of one poll: other things want attention too */
#define LINE_LIMIT    4096
#define BEFORE	      2048 /* bytes looked at before the trouble, for an excerpt */
#define AFTER	      (32u << 10)
#define CLUSTER	      (8u << 10) /* splats not farther apart belong together */
#define EXCERPT_LINES 60
#define TAIL_LINES    20

/* Where a splat was found. */
struct mark {
	enum splat splat;
	off_t at;    /* its line */
	off_t first; /* the first splat of its cluster */
};

struct console {
	int fd;
	off_t pos; /* read so far */

	char line[LINE_LIMIT + 1]; /* the line that is not complete yet */
	size_t line_len;	   /* its length, also of what did not fit */
	off_t line_at;

	struct mark worst, ending;
	off_t last, first; /* the latest splat, and the first one of its cluster; -1 */
};

int console__create(const char *path, struct console **out)
{
	struct console *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->last = -1;
	c->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (c->fd < 0) {
		err = -errno;
		free(c);
		return err;
	}
	*out = c;
	return 0;
}

void console__free(struct console *c)
{
	if (!c)
		return;
	close(c->fd);
	free(c);
}

/* --- finding trouble ----------------------------------------------------------------------- */

static bool ends_guest(enum splat s)
{
	return s == SPLAT_RCU_STALL || s == SPLAT_HUNG_TASK || s == SPLAT_SOFT_LOCKUP ||
	       s == SPLAT_HARD_LOCKUP || s == SPLAT_BUG || s == SPLAT_PANIC;
}

static void judge_line(struct console *c)
{
	size_t len = c->line_len < LINE_LIMIT ? c->line_len : LINE_LIMIT;
	struct mark m = { .at = c->line_at };

	c->line[len] = '\0';
	for (char *p = c->line; (p = memchr(p, '\0', c->line + len - p));)
		*p = '?';
	m.splat = splat__classify(c->line);
	if (m.splat == SPLAT_NONE)
		return;
	if (c->last < 0 || m.at - c->last > CLUSTER)
		c->first = m.at;
	c->last = m.at;
	m.first = c->first;
	if (m.splat > c->worst.splat)
		c->worst = m;
	if (m.splat == SPLAT_OOPS && c->ending.splat == SPLAT_BUG && c->ending.first == m.first)
		c->ending.splat = SPLAT_NONE;
	/* A BUG in the midst of an oops is part of its text. */
	if (m.splat == SPLAT_BUG && c->worst.splat >= SPLAT_OOPS && c->worst.first == m.first)
		return;
	if (ends_guest(m.splat) && m.splat > c->ending.splat)
		c->ending = m;
}

static void take(struct console *c, const char *data, size_t len)
{
	while (len) {
		const char *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) : len;

		if (c->line_len < LINE_LIMIT) {
			size_t room = LINE_LIMIT - c->line_len;

			memcpy(c->line + c->line_len, data, n < room ? n : room);
		}
		c->line_len += n;
		if (end) {
			judge_line(c);
			c->line_at += (off_t)c->line_len + 1;
			c->line_len = 0;
			n++;
		}
		data += n;
		len -= n;
	}
}

int console__poll(struct console *c)
{
	char buf[READ_SIZE];
	size_t got = 0;

	while (got < READ_MAX) {
		ssize_t n = pread(c->fd, buf, sizeof(buf), c->pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		take(c, buf, n);
		c->pos += n;
		got += n;
	}
	return got > 0;
}

void console__finish(struct console *c)
{
	if (c->line_len)
		judge_line(c);
}

void console__mark(struct console *c)
{
	console__poll(c);
	if (c->ending.splat != SPLAT_NONE)
		return;
	c->worst = (struct mark){ 0 };
	c->last = -1;
}

bool console__empty(const struct console *c)
{
	return !c->pos;
}

/* What is most worth telling. */
static const struct mark *telling(const struct console *c)
{
	return c->ending.splat != SPLAT_NONE ? &c->ending : &c->worst;
}

enum splat console__ending(const struct console *c)
{
	return c->ending.splat;
}

enum splat console__splat(const struct console *c)
{
	return telling(c)->splat;
}

long long console__disk_left(const struct console *c)
{
	struct statvfs vfs;
	fsblkcnt_t blocks;

	/* A file in memory is on no disk, and says that it has no blocks. */
	if (fstatvfs(c->fd, &vfs) || !vfs.f_blocks)
		return -1;
	blocks = geteuid() ? vfs.f_bavail : vfs.f_bfree;
	return (long long)blocks * (long long)vfs.f_frsize;
}

/* --- showing it ---------------------------------------------------------------------------- */

/* Reads [from, to) of the file; *len is what there was. */
static char *read_range(const struct console *c, off_t from, off_t to, size_t *len)
{
	size_t size, got = 0;
	char *buf;

	if (from < 0)
		from = 0;
	if (to > c->pos)
		to = c->pos;
	size = to > from ? (size_t)(to - from) : 0;
	buf = malloc(size + 1);
	if (!buf)
		return NULL;
	while (got < size) {
		ssize_t n = pread(c->fd, buf + got, size - got, from + (off_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += n;
	}
	/* Of equal length, so that offsets still hold. */
	for (size_t i = 0; i < got; i++) {
		if (!buf[i])
			buf[i] = '?';
	}
	buf[got] = '\0';
	*len = got;
	return buf;
}

static char *printable(const char *text)
{
	char *s = text ? str_utf8(text, strlen(text)) : NULL, *to = s;

	if (!s)
		return NULL;
	for (const char *p = s; *p; p++) {
		if (*p != '\r')
			*to++ = *p;
	}
	*to = '\0';
	return s;
}

char *console__text(const struct console *c, size_t max)
{
	off_t from = c->pos > (off_t)max ? c->pos - (off_t)max : 0;
	size_t len;
	char *text = read_range(c, from, c->pos, &len), *start = text, *out;

	if (!text)
		return NULL;
	if (from && strchr(text, '\n'))
		start = strchr(text, '\n') + 1;
	out = printable(start);
	free(text);
	return out;
}

char *console__tail(const struct console *c, int lines)
{
	char *text = console__text(c, (size_t)lines * 256), *p, *out;

	if (!text)
		return NULL;
	p = text + strlen(text);
	if (p > text && p[-1] == '\n')
		p--;
	while (p > text && (p[-1] != '\n' || --lines > 0))
		p--;
	out = strdup(p);
	free(text);
	return out;
}

char *console__splat_line(const struct console *c)
{
	const struct mark *m = telling(c);
	char *text, *line, *p, *out;
	size_t len;

	if (m->splat == SPLAT_NONE)
		return NULL;
	text = read_range(c, m->at, m->at + 512, &len);
	if (!text)
		return NULL;
	text[strcspn(text, "\r\n")] = '\0';
	line = text;
	/* "[    1.234567] " or, with CONFIG_PRINTK_CALLER, "[    1.234567][    T1] " */
	while (*line == '[' && strspn(line + 1, " .0123456789TC") && (p = strchr(line, ']')))
		line = p + 1 + strspn(p + 1, " ");
	out = printable(*line ? line : text);
	free(text);
	return out;
}

char *console__excerpt(const struct console *c)
{
	const struct mark *m = telling(c);
	char *text, *head = NULL, *rest = NULL, *line = NULL, *all = NULL, *out;
	size_t len, at;
	off_t from;

	if (m->splat == SPLAT_NONE)
		return console__tail(c, TAIL_LINES);
	from = m->first > BEFORE ? m->first - BEFORE : 0;
	text = read_range(c, from, m->at + AFTER, &len);
	if (!text)
		return NULL;
	at = (size_t)(m->at - from);
	if ((size_t)(m->first - from) <= len)
		head = splat__excerpt(text, text + (m->first - from), EXCERPT_LINES);
	if (head && at < len)
		line = strndup(text + at, strcspn(text + at, "\r\n"));
	/* What led to it can fill the excerpt, or end before it ("end trace" of the oops that a
	 * panic follows). */
	if (line && !strstr(head, line)) {
		rest = splat__excerpt(text, text + at, EXCERPT_LINES);
		all = rest ? str_fmt("%s[...]\n%s", head, rest) : NULL;
	}
	out = printable(all ?: head);
	free(all);
	free(rest);
	free(line);
	free(head);
	free(text);
	return out;
}
