// SPDX-License-Identifier: GPL-2.0-only
#include "cli/junit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/suites.h"
#include "cli/xml.h"

/* Of a longer text only the beginning and the end, where the verifier says why. */
#define TEXT_HEAD 4096
#define TEXT_TAIL 28672

static void put_seconds(FILE *out, double seconds)
{
	if (seconds >= 0)
		fprintf(out, " time=\"%.6f\"", seconds);
}

/* Up to the end of a line where one ends within the last quarter. */
static size_t head_length(const char *text)
{
	size_t n;

	for (n = TEXT_HEAD; n > TEXT_HEAD * 3 / 4; n--)
		if (text[n - 1] == '\n')
			return n;
	return TEXT_HEAD;
}

static size_t tail_start(const char *text, size_t len)
{
	size_t at;

	for (at = len - TEXT_TAIL; at < len - TEXT_TAIL * 3 / 4; at++)
		if (text[at - 1] == '\n')
			return at;
	return len - TEXT_TAIL;
}

static void put_log(FILE *out, const char *text, size_t len)
{
	size_t head, tail;

	if (len <= TEXT_HEAD + TEXT_TAIL) {
		xml__text(out, text, len);
		return;
	}
	head = head_length(text);
	tail = tail_start(text, len);
	xml__text(out, text, head);
	fprintf(out, "\n[... %zu of %zu bytes are left out here ...]\n", tail - head, len);
	xml__text(out, text + tail, len - tail);
}

static void put_text(FILE *out, const struct suite_case *c)
{
	char *text = NULL;
	size_t len;
	int err = file_read(c->log, 0, &text, &len);

	fputs("      <system-out>", out);
	xml__text(out, c->log_title, strlen(c->log_title));
	if (c->log_shown) {
		fputs(" (`", out);
		xml__text(out, c->log_shown, strlen(c->log_shown));
		fputs("`)", out);
	}
	fputs(":\n", out);
	if (err)
		fprintf(out, "[it can't be read: %s]", strerror(-err));
	else
		put_log(out, text, len);
	fputs("</system-out>\n", out);
	free(text);
}

static void put_end(FILE *out, const char *element, const struct suite_case *c)
{
	fprintf(out, "      <%s", element);
	xml__attribute(out, "message", c->reason ? c->reason : "");
	xml__attribute(out, "type", c->type);
	if (!c->details || !*c->details) {
		fputs("/>\n", out);
		return;
	}
	fputc('>', out);
	xml__text(out, c->details, strlen(c->details));
	fprintf(out, "</%s>\n", element);
}

static void put_note(FILE *out, const struct suite_case *c)
{
	fputs("      <system-out>", out);
	xml__text(out, c->type, strlen(c->type));
	fputs(": ", out);
	xml__text(out, c->reason ? c->reason : "", c->reason ? strlen(c->reason) : 0);
	if (c->details && *c->details) {
		fputc('\n', out);
		xml__text(out, c->details, strlen(c->details));
	}
	fputs("</system-out>\n", out);
}

/* "5.10.218.strtol_bpf_o": readers take what follows the last dot for the class. NULL on ENOMEM. */
static char *class_of(const struct suite *s)
{
	bool both = *s->kernel && *s->experiment;
	char *class = str_fmt("%s%s%s", s->kernel, both ? "." : "", s->experiment), *p;

	for (p = class ? class + strlen(s->kernel) + both : NULL; p && *p; p++)
		if (*p == '.')
			*p = '_';
	return class;
}

static void put_case(FILE *out, const struct suite *suite, const struct suite_case *c)
{
	static const char *const elements[] = {
		[CASE_SKIPPED] = "skipped", [CASE_FAILED] = "failure", [CASE_ERROR] = "error"
	};
	char *class = class_of(suite);

	fputs("    <testcase", out);
	xml__attribute(out, "name", c->name);
	xml__attribute(out, "classname", class ? class : suite->name);
	put_seconds(out, c->seconds);
	free(class);
	if (c->end == CASE_PASSED) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n", out);
	if (c->end == CASE_NOTE)
		put_note(out, c);
	else
		put_end(out, elements[c->end], c);
	if (c->log)
		put_text(out, c);
	fputs("    </testcase>\n", out);
}

static void put_properties(FILE *out, const struct suite *suite)
{
	if (!suite->properties.n)
		return;
	fputs("    <properties>\n", out);
	for (size_t i = 0; i < suite->properties.n; i++) {
		fputs("      <property", out);
		xml__attribute(out, "name", suite->properties.v[i]);
		xml__attribute(out, "value", suite->values.v[i]);
		fputs("/>\n", out);
	}
	fputs("    </properties>\n", out);
}

static void put_suite(FILE *out, const struct suites *s, size_t i)
{
	const struct suite *suite = &s->v[i];

	fputs("  <testsuite", out);
	xml__attribute(out, "name", suite->name);
	fprintf(out, " id=\"%zu\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", i,
		suite->n, suite__count(suite, CASE_FAILED), suite__count(suite, CASE_ERROR),
		suite__count(suite, CASE_SKIPPED));
	put_seconds(out, suite->seconds);
	if (s->started)
		xml__attribute(out, "timestamp", s->started);
	fputs(">\n", out);
	put_properties(out, suite);
	for (size_t c = 0; c < suite->n; c++)
		put_case(out, suite, &suite->cases[c]);
	fputs("  </testsuite>\n", out);
}

int junit__print(const struct suites *s, FILE *out)
{
	size_t tests = 0, failures = 0, errors = 0;
	double seconds = 0;

	for (size_t i = 0; i < s->n; i++) {
		tests += s->v[i].n;
		failures += suite__count(&s->v[i], CASE_FAILED);
		errors += suite__count(&s->v[i], CASE_ERROR);
		seconds += s->v[i].seconds > 0 ? s->v[i].seconds : 0;
	}
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
	xml__attribute(out, "name", s->name);
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", tests, failures, errors);
	put_seconds(out, seconds);
	fputs(">\n", out);
	for (size_t i = 0; i < s->n; i++)
		put_suite(out, s, i);
	fputs("</testsuites>\n", out);
	return ferror(out) ? -EIO : 0;
}
