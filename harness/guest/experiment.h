/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_EXPERIMENT_H
#define ASSAY_GUEST_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;
struct bpf_object;
struct bpf_program;
struct record;
struct exp; /* a running experiment: handed to the callbacks */

enum need_kind {
	NEED_CONFIG,   /* "CONFIG_BPF_KPROBE_OVERRIDE": =y or =m in /proc/config.gz */
	NEED_SYMBOL,   /* in /proc/kallsyms */
	NEED_BTF_FUNC, /* a function in the kernel's BTF */
	NEED_FTRACE,   /* in available_filter_functions */
	NEED_INJECT,   /* in the error-injection list */
	NEED_FILE,     /* a path that exists */
	NEED_FEATURE,  /* provided by the kernel's patch series */
	NEED_KERNEL,   /* a range as in model/kver.h */
	NEED_PROGRAM,  /* a program that assay builds for guests: EXP_PROGRAM_DIR "memcached" */
};

/* Where the guest finds what NEED_PROGRAM asks for, and the modules of its kernel (*.ko). */
#define EXP_PROGRAM_DIR "/usr/lib/assay/"
#define EXP_MODULE_DIR	"/lib/modules/"

struct need {
	enum need_kind kind;
	const char *name;
	const char *why; /* what the experiment does with it: shown when unmet */
};

enum param_type {
	PARAM_UINT,
	PARAM_BOOL,
	PARAM_STRING,
	PARAM_SIZES, /* sizes separated by commas, each such as 512 or 64K; read as a string */
};

struct param {
	const char *name;
	enum param_type type;
	const char *value;	    /* default, as text */
	uint64_t min, max;	    /* PARAM_UINT, and each of PARAM_SIZES */
	const char *const *choices; /* PARAM_STRING: NULL-terminated, or NULL for free text */
	const char *help;
};

/* A row of the catalogue that an experiment covers. docs/catalogue.md is made from these and from
 * the records of a run; no text in it has another source. */
struct row {
	const char *id;	    /* "E13", "X4", "K2", "T" */
	const char *title;  /* the message as its source had it, or the question: one line */
	const char *origin; /* where the row comes from: "activity log of a thesis, 27 Feb 2020" */
	const char *
		cause; /* why, as settled here, with kernel versions; of X and K rows: the answer */
	const char *fix; /* what mends it; NULL where nothing is to be mended */
	/* Names of records (programs or measurements) of this experiment, separated by blanks; a
	 * '*' at the end of a name stands for any rest. */
	const char *shows;  /* those that show it: their messages, or checks, are the row's */
	const char *passes; /* E rows: the nearest that pass; else NULL */
};

/* One question put to a kernel. Defined as a constant in experiments/<name>/<name>.c under the
 * name experiment_<name with '-' as '_'>; nothing else registers it.
 *
 * Without callbacks: each program of the object is loaded by itself (timed loads with statistics
 * only, then one with the full log) and judged against the tags beside it in the BPF source.
 * Callbacks return 0 or -errno; they never print, exit, parse arguments or keep time. */
struct experiment {
	const char *name;
	const char *summary;		  /* one line */
	const struct row *rows;		  /* of the catalogue; ends with an id of NULL; or NULL */
	bool on_host;			  /* about the tool chain or the set-up: runs on the host,
					   * once a run, without BPF; see exp__assay, exp__data */
	const struct need *needs;	  /* ends with a name of NULL; or NULL */
	const struct param *params;	  /* ends with a name of NULL; or NULL */
	unsigned int timeout_s;		  /* of one run under TCG; 0: 60 */
	unsigned int disk_mb;		  /* size of an empty ext4 disk, see exp__disk; 0: none */
	const char *const *expect_splats; /* extended regexes, NULL-terminated: splats that are part
					   * of the question; or NULL */

	const void *(*elf_bytes)(size_t *size); /* the BPF object, from its skeleton; or NULL */
	/* After open and before load, for every object opened: set globals, attach targets. */
	int (*prepare)(struct exp *e, struct bpf_object *obj);
	/* Once, after the verdicts. With an elf_bytes: obj is a fresh object in which the programs
	 * that were accepted are loaded (none attached); without one, obj is NULL. */
	int (*measure)(struct exp *e, struct bpf_object *obj);
	bool attach; /* attach all loaded programs by their section before measure */
};

/* --- for callbacks ------------------------------------------------------------------------- */

/* Parameters: checked against their declaration before the experiment starts. */
uint64_t exp__param_u64(const struct exp *e, const char *name);
bool exp__param_bool(const struct exp *e, const char *name);
const char *exp__param_str(const struct exp *e, const char *name);

/* Does the kernel have it? As a need, but asked at run time. */
bool exp__has(struct exp *e, enum need_kind kind, const char *name);
unsigned int exp__kernel_version(const struct exp *e); /* KERNEL_VERSION(a, b, c) */

/* Monotonic time in ns. The only clock that experiments use. */
uint64_t exp__now_ns(void);

/* A measurement: new, filled in through model/record.h (labels, metrics, series, checks, matrix),
 * then emitted, which takes ownership. A failed check makes its status unexpected. NULL only when
 * memory ran out; record__… functions and exp__emit accept NULL and exp__emit then returns -ENOMEM.
 */
struct record *exp__measurement(struct exp *e, const char *name);
int exp__emit(struct exp *e, struct record *r);
/* Shorthand: record__check with a formatted `found`. */
int exp__check(struct record *r, bool ok, const char *text, const char *found_fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Shown on the host while it runs. Cheap. */
void exp__progress(struct exp *e, uint64_t done, uint64_t total, const char *what);

/* Evidence: kept as a text of the run. kind as in wire/event.h. */
int exp__text(struct exp *e, const char *name, const char *kind, const char *data, size_t len);

/* Says why the experiment can't go on here and returns the value to return from the callback:
 * the experiment is recorded as skipped. */
int exp__skip(struct exp *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What was observed where no program was loaded: the errno (positive, or 0) and the message as the
 * kernel, a library or a tool printed it. */
int exp__observed(struct record *r, int err, const char *message_fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A failure that is the harness's or the set-up's (a file can't be created): keeps the sentence
 * and returns err, for `return exp__fail(e, -errno, "open %s", path)`. */
int exp__fail(struct exp *e, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Loads instructions that the experiment generated. Wanted for maps of thousands of programs: no
 * record is made, the descriptor is closed. log_level 0 with log NULL, or a buffer for the log.
 * Returns 0 when accepted, the negative errno of the rejection otherwise (never -ENOSPC for a log
 * that is too small: the log is cut instead). */
int exp__try_load(struct exp *e, const char *name, unsigned int prog_type,
		  const struct bpf_insn *insns, size_t nr_insns, char *log, size_t log_len,
		  unsigned int log_level);

/* Loads generated instructions as exp__try_load, but as a full record: timed loads, full log,
 * statistics, stack layout; `tags` as in model/expect.h, NULL-terminated or NULL. */
int exp__load_record(struct exp *e, const char *name, unsigned int prog_type,
		     const struct bpf_insn *insns, size_t nr_insns, const char *const *tags);

/* --- what a kernel offers, for measurements -------------------------------------------------- */

/* Flags of the kprobe on a symbol, from debugfs' kprobes/list: "OPTIMIZED", "FTRACE", "DISABLED"
 * separated by blanks, "" for a plain int3, NULL when there is no such probe. Caller frees. */
char *exp__kprobe_flags(const char *symbol);
/* Reads or writes a small file of /proc or /sys: whole number. 0 or -errno. */
int exp__read_u64(const char *path, uint64_t *out);
int exp__write_str(const char *path, const char *value);

/* The virtual disk that struct experiment's disk_mb asks for: the path of its device, or NULL where
 * there is none, as on a real machine. It has an empty ext4 file system, is there to be written to,
 * and gone with the guest. Experiments of the same guest share it. */
const char *exp__disk(void);

/* --- for measurements that attach programs --------------------------------------------------- */

/* The object's program of that name, or NULL unless it is loaded. */
struct bpf_program *exp__loaded(struct bpf_object *obj, const char *name);
/* Maps the zero-initialised global variables of a loaded object: size is that of the skeleton's
 * struct <name>_bpf__bss. Goes to munmap. NULL with errno set when it can't be. */
void *exp__map_globals(struct bpf_object *obj, size_t size);
/* The calling thread as bpf_get_current_pid_tgid() gives it. */
uint64_t exp__this_thread(void);
/* What libbpf warned of since the last call, as it would have printed it; caller frees. NULL when
 * it said nothing. */
char *exp__libbpf_said(void);
/* For a label or a check: "success" for 0, the name of the errno for -errno. */
const char *exp__err_name(int err);

/* Kernels with the feature copyout-count have this folder; the features copyout-bpf and
 * copyout-ftrace are the functions that lib/iov_iter.c calls in copyout's place. */
#define EXP_COPYOUT_DIR "/sys/kernel/debug/copyout/"
/* Counts from 0 how often copyout's body runs for this process; exp__copyout_unwatch forgets the
 * count. */
int exp__copyout_watch(void);
void exp__copyout_unwatch(void);
int exp__copyout_calls(uint64_t *out);
/* The function that reads call to copy, where a kprobe can be put on it: "copyout_bpf", "copyout",
 * or NULL: it is inlined, or has no ftrace entry and the kernel asks for one. */
const char *exp__copyout_symbol(struct exp *e);
int exp__copyout_variant(const char *name); /* "plain" (copyout_bpf), "ftrace" (copyout_ftrace) */

/* --- for experiments on the host (on_host) ---------------------------------------------------- */

/* Path of the assay program that runs this experiment, or NULL when assay-guest runs alone. */
const char *exp__assay(const struct exp *e);
/* Path of a file of the experiment's own folder: "unsigned.c" -> ".../experiments/compile/
 * unsigned.c". Caller frees; NULL when assay-guest runs alone or memory ran out. */
char *exp__data(const struct exp *e, const char *file);

#endif
