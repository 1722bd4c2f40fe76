// SPDX-License-Identifier: GPL-2.0-only
#include "guest/kmsg.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX 8192 /* CONSOLE_EXT_LOG_MAX: a read with a smaller buffer fails */

int kmsg__open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	if (lseek(fd, 0, SEEK_END) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int hex(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static void add_time(struct strbuf *out, unsigned long long us)
{
	strbuf__addf(out, "[%5llu.%06llu] ", us / 1000000, us % 1000000);
}

void kmsg__format(const char *record, size_t len, struct strbuf *out)
{
	const char *end = memchr(record, '\n', len);
	const char *text = memchr(record, ';', len);
	unsigned long long us = 0;
	char head[80];

	/* "6,339,5140900,-;text\n", then perhaps lines " KEY=value" about the device */
	if (!text)
		return;
	if (!end)
		end = record + len;
	snprintf(head, sizeof(head), "%.*s", (int)(text - record), record);
	if (text > end || sscanf(head, "%*u,%*u,%llu", &us) != 1)
		return;
	add_time(out, us);
	for (const char *p = text + 1; p < end; p++) {
		int c = (unsigned char)*p;

		/* The kernel writes bytes outside of printable ASCII as \xNN. */
		if (c == '\\' && end - p >= 4 && p[1] == 'x' && hex(p[2]) >= 0 && hex(p[3]) >= 0) {
			c = hex(p[2]) * 16 + hex(p[3]);
			p += 3;
		}
		strbuf__add(out, &(char){ (char)c }, 1);
		if (c == '\n')
			add_time(out, us);
	}
	strbuf__add(out, "\n", 1);
}

int kmsg__read(int fd, struct strbuf *out, bool *lost)
{
	char record[RECORD_MAX];

	*lost = false;
	for (;;) {
		ssize_t n = read(fd, record, sizeof(record));

		if (n > 0) {
			kmsg__format(record, (size_t)n, out);
		} else if (n < 0 && errno == EPIPE) {
			strbuf__addf(out, "(messages were lost: the kernel's buffer overran)\n");
			*lost = true;
		} else if (!n || errno != EINTR) {
			return n < 0 && errno != EAGAIN ? -errno : 0;
		}
	}
}

/* The text of a line behind "[   12.345678] ". */
static const char *after_time(const char *line)
{
	const char *p = line;

	if (*p != '[')
		return line;
	p = strstr(p, "] ");
	return p ? p + 2 : line;
}

struct declared {
	regex_t *regex;
	bool *seen;
	size_t n;
};

static void declared__release(struct declared *d)
{
	for (size_t i = 0; i < d->n; i++)
		regfree(&d->regex[i]);
	free(d->regex);
	free(d->seen);
}

static int declared__init(struct declared *d, const char *const *expected, char **error)
{
	size_t n = 0;

	while (expected && expected[n])
		n++;
	*d = (struct declared){ 0 };
	d->regex = calloc(n + 1, sizeof(*d->regex));
	d->seen = calloc(n + 1, sizeof(*d->seen));
	if (!d->regex || !d->seen)
		return -ENOMEM;
	for (; d->n < n; d->n++) {
		char why[128];
		int err = regcomp(&d->regex[d->n], expected[d->n], REG_EXTENDED | REG_NOSUB);

		if (!err)
			continue;
		regerror(err, &d->regex[d->n], why, sizeof(why));
		*error = str_fmt("mistake in the experiment: expected splat '%s' is no regular "
				 "expression: %s",
				 expected[d->n], why);
		return *error ? -EINVAL : -ENOMEM;
	}
	return 0;
}

static bool declared__match(struct declared *d, const char *line)
{
	bool any = false;

	for (size_t i = 0; i < d->n; i++) {
		if (regexec(&d->regex[i], line, 0, NULL, 0))
			continue;
		d->seen[i] = true;
		any = true;
	}
	return any;
}

static int judge_line(struct declared *d, const char *line, struct splat_judgement *out)
{
	enum splat s = splat__classify(line);

	if (s == SPLAT_OOM)
		out->oom = true;
	if (s == SPLAT_NONE || declared__match(d, line) || out->undeclared != SPLAT_NONE)
		return 0;
	out->undeclared = s;
	out->line = strdup(after_time(line));
	return out->line ? 0 : -ENOMEM;
}

int splats__judge(const char *dmesg, const char *const *expected, struct splat_judgement *out)
{
	struct declared d;
	char *copy = NULL, *save = NULL;
	int err;

	*out = (struct splat_judgement){ 0 };
	err = declared__init(&d, expected, &out->error);
	if (err == -EINVAL)
		err = 0; /* told in out->error; every splat then counts as undeclared */
	if (!err && !(copy = strdup(dmesg)))
		err = -ENOMEM;
	for (char *line = err ? NULL : strtok_r(copy, "\n", &save); line && !err;
	     line = strtok_r(NULL, "\n", &save))
		err = judge_line(&d, line, out);
	for (size_t i = 0; i < d.n && !out->missing; i++)
		if (!d.seen[i])
			out->missing = expected[i];
	free(copy);
	declared__release(&d);
	if (err)
		splat_judgement__release(out);
	return err;
}

void splat_judgement__release(struct splat_judgement *j)
{
	free(j->line);
	free(j->error);
	*j = (struct splat_judgement){ 0 };
}

int kmsg__messages(int fd, const char *prefix, char *text, size_t len)
{
	size_t skip = strlen(prefix);
	char record[RECORD_MAX];
	int n = 0;

	for (;;) {
		ssize_t got = read(fd, record, sizeof(record) - 1);
		char *message;

		if (got < 0 && errno == EPIPE) /* overwritten meanwhile: the next one */
			continue;
		if (got <= 0)
			return n;
		record[got] = '\0';
		/* "6,339,5140900,-;text\n", and lines of a dictionary that begin with a blank */
		message = strchr(record, ';');
		if (!message || strncmp(message + 1, prefix, skip) != 0)
			continue;
		message += 1 + skip;
		message[strcspn(message, "\n")] = '\0';
		snprintf(text, len, "%s", message);
		n++;
	}
}
