/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPERIMENT_SETUP_H
#define EXPERIMENT_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct exp;
struct record;

/* The kernel whose build is asked for; nothing of it is ever built here. */
#define SETUP_KERNEL "5.10.218"

/* A folder of our own: tools/ (all that PATH offers, as links), cache/, results/, and files. */
struct place {
	struct exp *e;
	char *dir, *tools;
	char *path_env, *cache_env, *results_env; /* NAME=VALUE */
};

int place__open(struct place *p, struct exp *e);
void place__close(struct place *p);
/* "name" below the folder; caller frees. */
char *place__at(const struct place *p, const char *name);
/* A tool that is not there; one that is a shell script; the real one again. 0 or -errno. */
int place__take_away(const struct place *p, const char *tool);
int place__fake(const struct place *p, const char *tool, const char *script);
int place__give_back(const struct place *p, const char *tool);

/* The program that goes into guests, by where assay is; caller frees. */
char *setup__guest(const char *assay);

/* What a program did. */
struct said {
	int status;
	struct strbuf out, err;
};

/* Runs it: with the doctored PATH, cache and results when doctored. 0 or -errno, to be returned:
 * the reason is kept. */
int place__run(const struct place *p, bool doctored, const char *const *argv, struct said *said);
void said__release(struct said *said);

/* Checks of what it did: the exit status; that the errors are this one line (what is recorded as
 * the message); that they, or the output, match an extended regex. */
void said__check_status(const struct said *said, struct record *r, int status);
void said__check_line(const struct said *said, struct record *r, const char *line);
void said__check_match(struct record *r, const char *text, const char *what, const char *regex);

/* The parts, in the order in which they run; 0 or -errno. */
int setup__tools(struct place *p);    /* tools that are missing, too old, broken */
int setup__doctor(struct place *p);   /* the same to `assay doctor` and to harness/setup.sh */
int setup__options(struct place *p);  /* options that kconfig drops */
int setup__includes(struct place *p); /* an old <linux/bpf.h>; clang alone */
int setup__links(struct place *p);    /* programs that do not link, or not start */
int setup__headers(struct place *p);  /* sys/capability.h */
int setup__btf(struct place *p);      /* raw BTF and readers of ELF */
int setup__stale(struct place *p);    /* a kernel that is not the one asked for */

#endif
