/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_STR_H
#define ASSAY_BASE_STR_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

/* A growing, always NUL-terminated string. Initialise with STRBUF_INIT, release with
 * strbuf__free. When memory runs out the buffer keeps what it has and `failed` is set. */
struct strbuf {
	char *data; /* NULL until something is added: use strbuf__str */
	size_t len, cap;
	bool failed;
};
#define STRBUF_INIT \
	{           \
		0   \
	}

void strbuf__add(struct strbuf *sb, const void *data, size_t len);
void strbuf__addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf__addv(struct strbuf *sb, const char *fmt, va_list ap);
const char *strbuf__str(const struct strbuf *sb); /* never NULL */
char *strbuf__detach(struct strbuf *sb);	  /* caller frees; NULL only on ENOMEM */
void strbuf__free(struct strbuf *sb);

/* asprintf that returns the string (caller frees) or NULL on ENOMEM. */
char *str_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* NULL-terminated array of strings. */
struct strv {
	char **v; /* NULL-terminated once something was added; NULL before */
	size_t n;
};
int strv__add(struct strv *sv, const char *s);			   /* copies; -ENOMEM */
int strv__split(struct strv *sv, const char *s, const char *seps); /* trims blanks, skips empty */
bool strv__has(const struct strv *sv, const char *s);
void strv__free(struct strv *sv);

/* The candidate nearest to `name` by edit distance (Damerau-Levenshtein), or NULL when none is
 * near enough to be meant (distance above a third of the length, at least 1) and none begins with
 * the name. */
const char *str_nearest(const char *name, const char *const *candidates, size_t n);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_glob(const char *pattern, const char *s); /* fnmatch */
/* Copies s, replacing bytes that are not valid UTF-8 by '?' and dropping NULs; caller frees. */
char *str_utf8(const char *s, size_t len);

#endif
