/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_FORMATS_H
#define ASSAY_CLI_FORMATS_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

struct stored_record;
struct suites;
struct suites_of;

/* A form in which results are printed: the table is each command's own, the others are the same for
 * all. One row in formats.c is all there is to a format. */
struct format {
	const char *name, *help;
	/* Forms of one record after another, printed while the run goes on. head may be NULL;
	 * record returns 0, 1 for a record that the form has no place for, or -errno. */
	void (*head)(FILE *out);
	int (*record)(FILE *out, const char *run, const struct stored_record *r);
	/* Forms that need to know all of it; 0 or -errno. */
	int (*suites)(const struct suites *s, FILE *out);
};

extern const struct format formats[];
extern const size_t nr_formats;

/* NULL when there is none; *nearest (may be NULL) is then a name to suggest, or NULL. */
const struct format *format__find(const char *name, const char **nearest);
bool format__is_table(const struct format *f); /* the command prints it itself */

/* Options --format, --json and --csv, which exclude each other: an argp child whose input is a
 * struct format_choice. */
struct format_choice {
	const struct format *format; /* NULL: none was chosen, which means the table */
	const char *option;	     /* that chose it */
};
extern const struct argp format_argp;

/* Records of a run as they come, then what is left to print. All of it can be had later from the
 * store just the same: format__run. */
struct format_stream {
	const struct format *format;
	FILE *out;
	bool begun;
	int left_out; /* records that the form has no place for */
	int err;      /* the first, of writing */
};
void format_stream__record(struct format_stream *s, const char *run, const struct stored_record *r);
/* To be called once the run has ended; of is the run as it is then. 0 or -errno. */
int format_stream__end(struct format_stream *s, const struct suites_of *of);
/* All of a run from the store. */
int format__run(const struct format *f, const struct suites_of *of, FILE *out);

#endif
