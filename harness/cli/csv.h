/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_CSV_H
#define ASSAY_CLI_CSV_H

#include <stdbool.h>
#include <stdio.h>

struct stored_record;

/* Programs as CSV: veristat's columns under its names and in its order, then assay's own (see
 * stat_columns.h). The first nine columns are what `veristat -C` of Linux 6.1 reads. A program
 * that never reached the verifier is a failure, as veristat has it. Values follow RFC 4180, but
 * line ends in them become blanks. Measurements have no place in this format: csv__record ignores
 * them. */
void csv__header(FILE *out);
void csv__record(FILE *out, const struct stored_record *r);
/* Only the nine columns that every veristat reads (of Linux 6.1 to 6.12 at least: they refuse a
 * file with more). Rows are told apart by file and program there, so a program's global variables
 * that were set stand behind its name, and with many_kernels the kernel behind the file's:
 * "prog.bpf.o@6.1.192,prog[n=5]". */
void csv__veristat_header(FILE *out);
void csv__veristat_record(FILE *out, const struct stored_record *r, bool many_kernels);
/* One value: quoted where it has to be. NULL is empty. */
void csv__value(FILE *out, const char *s);

#endif
