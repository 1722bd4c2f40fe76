/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_VISIT_H
#define ASSAY_CLI_VISIT_H

#include <argp.h>
#include <stdbool.h>

#include "base/str.h"
#include "cli/cli.h"

struct vm;
struct vm_outcome;

/* One guest for one job of the user's (`assay shell`, `assay exec`), with busybox and files in it.
 * Nothing of it is kept on disk, save the console's text where it is asked for. */
struct visit_opts {
	struct cli_vm vm;
	struct strv files;
	bool files_not_run;   /* nothing is said of those that could not */
	struct strv programs; /* of vm/programs.ini: their files on the host */
	const char *console;  /* file for the kernel's messages, or NULL */
	bool tty;
};
/* Options -f and --console; the input is a struct visit_opts, the child that of cli_vm_argp, whose
 * input the parent sets to &opts->vm. */
extern const struct argp visit_argp;
void visit_opts__release(struct visit_opts *o);

struct visit;
/* Gets the kernel, boots it and waits for the guest's hello. 0 or -errno, logged. */
int visit__open(struct cli *cli, const struct visit_opts *o, struct visit **out);
/* Ends the guest. Accepts NULL. */
void visit__close(struct visit *v);
struct vm *visit__vm(const struct visit *v);
const struct image *visit__image(const struct visit *v); /* borrowed */
/* Says on stderr how a conversation ended that did not come to its end. */
void visit__complain(const struct vm_outcome *o);
/* Warns of trouble that the kernel printed while all else went well. */
void visit__warn(const struct visit *v, const struct vm_outcome *o);

#endif
