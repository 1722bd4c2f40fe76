/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_INIFILE_H
#define ASSAY_BASE_INIFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A file of [sections] with 'key = value' lines, read by inih. Mistakes are logged as
 * "file:line: reason" and reading goes on, so that all are told at once. */
struct inifile {
	const char *path;
	int line;	   /* being read */
	int section_line;  /* of the last [section] */
	bool skip;	   /* its keys belong to no entry: set by begin, which refused it */
	unsigned int keys; /* bits of those set in this section: see inifile__once */
	int err;	   /* the first one, or 0 */

	/* Callbacks, with the struct inifile that its owner embeds. 0 or -ENOMEM. */
	int (*begin)(struct inifile *f, const char *section); /* at its first key */
	int (*key)(struct inifile *f, const char *name, const char *value);
	void (*end)(struct inifile *f); /* after its last key; not for a section without any */

	FILE *stream;
	bool section_new; /* the first key of the section has not come yet */
	bool continued;	  /* the line begins with blanks: the value goes on that came before */
};

/* Reads the file at f->path. 0 or -errno, logged: -EINVAL for mistakes in it. */
int inifile__read(struct inifile *f);
/* Logs a mistake, and keeps -EINVAL as the error. */
void inifile__complain(struct inifile *f, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Marks the i-th of the keys (below 32) as set in this section; false, and a complaint, when it
 * was already. */
bool inifile__once(struct inifile *f, unsigned int i, const char *name);

/* A key that a section may have: a row of a table with fewer than 32. */
struct inifile_key {
	const char *name;
	bool must;  /* the section is nothing without */
	bool lines; /* the value may go on over further lines, each of which is set */
	/* Sets it in what the section describes. 0, -ENOMEM, or -EINVAL, which is complained of: */
	int (*set)(void *item, const char *value);
	const char *want; /* "'value': not WANT" */
};
/* For the callback `key`: finds the key in the table and sets it. 0 or -ENOMEM. */
int inifile__set(struct inifile *f, const struct inifile_key *keys, size_t n, void *item,
		 const char *name, const char *value);
/* For the callback `end`: complains of the keys that the section, of that kind and name, lacks. */
void inifile__need(struct inifile *f, const struct inifile_key *keys, size_t n, const char *kind,
		   const char *name);

#endif
