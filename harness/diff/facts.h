/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_FACTS_H
#define ASSAY_DIFF_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct run_info;
struct store;

/* Texts of a run that hold what follows about one of its kernels. */
#define FACTS_TEXT  "facts"  /* facts__kernel_json */
#define CONFIG_TEXT "config" /* the options that are set, facts__options */

struct fact_patch {
	char *name;   /* "0003-iov_iter-copyout-count.patch" */
	char *hash;   /* of the file */
	char *change; /* of its added and removed lines alone: the same for one that was only ported
		       * to other lines or another context; NULL: unknown */
};

/* Something about one experiment: the hash of its object, or its parameters. */
struct fact_of {
	char *experiment, *value;
};

/* What a verdict depends on: the kernel and what it was made of, what compiled the programs and
 * what loaded them. All strings are owned; NULL: unknown. Hashes are SHA-256 as hex. */
struct facts {
	/* Of the kernel; all unknown when the run kept no text of them. */
	bool has_kernel;
	char *kernel;	 /* entry */
	char *release;	 /* as uname -r says */
	char *image_key; /* of assay's build: a hash of all that it was made of */
	char *build_id;
	char *source;	    /* what it was built from: package and version, URL or path */
	char *source_hash;  /* of that file */
	char *damage;	    /* what was made wrong with it on purpose; NULL: nothing */
	char *config_hash;  /* of the options that are set, without those that tell of the compiler
			     */
	struct strv config; /* these options, "NAME=VALUE" by name; empty: not at hand */
	bool has_asked;
	struct strv asked; /* what was asked for beyond the smallest configuration, the same way */
	bool has_patches;
	struct fact_patch *patches; /* in order */
	size_t nr_patches;
	char *compiler, *linker, *pahole;

	/* Of the tools; unknown when the run is of an assay that did not keep them. */
	char *assay, *clang, *libbpf, *bpftool;
	char *guest; /* hash of the guest program's code and data: loaders of all experiments,
			libbpf */
	bool has_objects;
	struct fact_of
		*objects; /* by name: hash of <experiment>.bpf.o; some experiments have none */
	size_t nr_objects;

	/* Of the run: parameters that were set, as compact JSON; experiments with others only. */
	struct fact_of *params;
	size_t nr_params;
};

/* Reads what a run kept of one kernel; what it did not keep stays unknown. 0 or -errno, logged.
 * Release with facts__release, also after a failure. */
int facts__of_run(struct store *s, const struct run_info *run, const char *kernel,
		  struct facts *out);
void facts__release(struct facts *f);
/* Is anything known at all? */
bool facts__known(const struct facts *f);
/* Hash of the experiment's object, or NULL: it has none, or none is known (see has_objects). */
const char *facts__object(const struct facts *f, const char *experiment);
/* The experiment's parameters as they were set, or NULL: its defaults. */
const char *facts__params(const struct facts *f, const char *experiment);

/* The parts of the kernel as JSON, and back; config aside. -EINVAL: not such a text. */
char *facts__kernel_json(const struct facts *f); /* caller frees; NULL on ENOMEM */
int facts__parse_kernel(const char *text, struct facts *f);
/* The tools, from what a run keeps of its host (run_info.host). What is no JSON tells nothing. */
int facts__parse_host(const char *host_json, struct facts *f);

/* The options that are set in a .config, sorted, without CONFIG_ and without those that only tell
 * which compiler it was (CC_VERSION_TEXT and the like: facts have these by themselves). */
int facts__options(const char *config, struct strv *out);
/* Hash of such a list. */
int facts__options_hash(const struct strv *options, char hex[65]);
/* fact_patch.change of a patch's text. */
int facts__change_hash(const char *patch, char hex[65]);

/* Is it the same patch, whatever its place in the series? Does it do the same? */
bool fact_patch__same_name(const struct fact_patch *a, const struct fact_patch *b);
bool fact_patch__same_change(const struct fact_patch *a, const struct fact_patch *b);

/* What differs between two sides. */
enum fact {
	FACT_KERNEL, /* release or source */
	FACT_CONFIG,
	FACT_SERIES,
	FACT_COMPILER, /* the kernel's: compiler, linker or pahole */
	FACT_OBJECT,   /* of the experiment asked about */
	FACT_CLANG,
	FACT_LIBBPF,
	FACT_GUEST,  /* the guest program */
	FACT_PARAMS, /* of the experiment asked about */
	FACT_MAX,
};
enum fact_state { FACT_UNKNOWN, FACT_SAME, FACT_DIFFERS };
/* Compares all of it for one experiment. One without object on either side has the guest program's
 * state as its object's. NULL: for all experiments that both sides have. */
void facts__differ(const struct facts *a, const struct facts *b, const char *experiment,
		   enum fact_state out[FACT_MAX]);

#endif
