/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_CLI_H
#define ASSAY_CLI_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/timing.h"
#include "vm/accel.h"
#include "vm/image.h"
#include "vm/kernels.h"

struct catalog;
struct store;

/* Exit status of every command. */
enum {
	EXIT_AS_EXPECTED = 0, /* everything as expected */
	EXIT_UNEXPECTED = 1,  /* something differs from what was expected */
	EXIT_USAGE = 2,	      /* wrong use: nothing was done */
	EXIT_HARNESS = 3,     /* assay itself failed, or was cut off */
};

/* What every command gets. */
struct cli {
	struct kernel_paths paths;
	const char *results;	 /* folder of assay.db */
	const char *baseline;	 /* folder of the baselines */
	const char *guest;	 /* path of assay-guest */
	const char *objects;	 /* folder with <experiment>.bpf.o and <experiment>.dis */
	const char *experiments; /* folder of the experiments' own files */
	const char *command;	 /* the command line as one string, for the record */
	bool verbose;		 /* -v */
	int cancel_fd;
	const char *kernel_source; /* --kernel-source of the command, or NULL */
	struct kernels *kernels;   /* loaded by cli__kernels */
	struct catalog *catalog;   /* loaded by cli__catalog */
};

/* Loads kernels.ini once. 0 or -errno, logged. */
int cli__kernels(struct cli *cli, const struct kernels **out);
/* Asks the guest program once what experiments there are. 0 or -errno, logged. */
int cli__catalog(struct cli *cli, const struct catalog **out);
/* Finds a kernel (NULL: the default). -EINVAL and a message with the nearest name when unknown. */
int cli__kernel(struct cli *cli, const char *name, const struct kernel **out);
/* Builds or finds its image, with the tree limit and the functions that experiments need. */
int cli__image(struct cli *cli, const struct kernel *k, struct image **out);
/* The same, and *why (caller frees; NULL when it went well) gets what failed as a sentence. */
int cli__image_why(struct cli *cli, const struct kernel *k, struct image **out, char **why);
/* As cli__image, but only looks: -ENOENT when it is not built, or not as it would be now. */
int cli__lookup(struct cli *cli, const struct kernel *k, struct image **out);
/* The limit of the build trees that the user sets (ASSAY_TREE_LIMIT), or *bytes as it was. -EINVAL,
 * logged, when it is no size. */
int cli__tree_limit(uint64_t *bytes);
/* Opens the results; logs. */
int cli__store(struct cli *cli, bool create, struct store **out);
/* "unknown WHAT 'NAME': did you mean 'NEAREST'?; MEND" (nearest may be NULL). Returns -EINVAL. */
int cli__unknown(const char *what, const char *name, const char *nearest, const char *mend);
/* Exit status for a negative errno of the functions above: EXIT_USAGE for -EINVAL, else
 * EXIT_HARNESS. */
int cli__exit_status(int err);

/* Options that every command which boots a guest has: an argp child. The input is a
 * struct cli_vm, filled with defaults by cli_vm__init. */
struct cli_vm {
	const char *kernels_arg; /* -k, several joined by commas; NULL: the default kernel */
	char kernels[8192];
	const char *kernel_source; /* --kernel-source */
	enum accel accel;	   /* --accel */
	double precision;	   /* --precision in per cent, 0: none is asked for */
	enum timing timing;	   /* --timing, where the command has it */
	unsigned int cpus;	   /* --cpus, default 1 */
	unsigned int threads;	   /* --threads of a core, default 1 */
	unsigned int mem_mb;	   /* --mem, default 512 */
	const char *append;	   /* --append: added to the kernel's command line */
};
extern const struct argp cli_vm_argp;
/* --timing, of commands that keep times: a child after that one, with the same input. */
extern const struct argp cli_timing_argp;
void cli_vm__init(struct cli_vm *v);

/* Values of the options --repeats, --timeout and --run-timeout, for parsers: 0; a wrong one is an
 * argp_error. */
error_t cli__parse_repeats(const struct argp_state *state, const char *arg, unsigned int *repeats);
error_t cli__parse_timeout(const struct argp_state *state, const char *arg, uint64_t *ms);
error_t cli__parse_run_timeout(const struct argp_state *state, const char *arg, uint64_t *ms);

/* As argp_parse, but for a command "assay NAME": -1 and a message where argp would exit with
 * EX_USAGE; an unknown long option gets the nearest one suggested. *out_exit is set to the exit
 * status when the command is to end here (--help: 0, wrong use: 2). */
bool cli__parse(const struct argp *argp, const char *name, int argc, char **argv, void *input,
		int *out_exit);

int cmd_run(struct cli *cli, int argc, char **argv);
int cmd_verify(struct cli *cli, int argc, char **argv);
int cmd_list(struct cli *cli, int argc, char **argv);
int cmd_show(struct cli *cli, int argc, char **argv);
int cmd_compare(struct cli *cli, int argc, char **argv);
int cmd_merge(struct cli *cli, int argc, char **argv);
int cmd_catalogue(struct cli *cli, int argc, char **argv);
int cmd_plot(struct cli *cli, int argc, char **argv);
int cmd_kernel(struct cli *cli, int argc, char **argv);
int cmd_probe(struct cli *cli, int argc, char **argv);
int cmd_study(struct cli *cli, int argc, char **argv);
int cmd_bisect(struct cli *cli, int argc, char **argv);
int cmd_shell(struct cli *cli, int argc, char **argv);
int cmd_exec(struct cli *cli, int argc, char **argv);
int cmd_doctor(struct cli *cli, int argc, char **argv);
int cmd_baseline(struct cli *cli, int argc, char **argv);
int cmd_regress(struct cli *cli, int argc, char **argv);

#endif
