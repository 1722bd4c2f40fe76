/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_LOAD_H
#define ASSAY_GUEST_LOAD_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "model/stats.h"
#include "model/verdict.h"
#include "model/vlog.h"

struct bpf_insn;
struct bpf_object;
struct bpf_prog_load_opts;
struct btf;
struct libbpf_messages;

/* One program as it is handed to BPF_PROG_LOAD. */
struct load_spec {
	enum bpf_prog_type type;
	const char *name, *license;
	const struct bpf_insn *insns;
	size_t nr_insns;
	const struct bpf_prog_load_opts *opts; /* or NULL; its log_* fields are not used */
};

/* How often a program is loaded for its times. */
struct loads {
	unsigned int repeats; /* at least; 0: 1 */
	/* Until the 95 % interval of the median is within so many per cent of it on either side, or
	 * a limit is reached; 0: just `repeats`. */
	double precision;
};

/* What the kernel said of a program. */
struct load_result {
	enum verdict verdict; /* VERDICT_NONE: the kernel never got to judge it, see trouble */
	int err;	      /* positive errno of BPF_PROG_LOAD, or of what failed before it */
	int fd;		      /* the accepted program, or -1; owned */
	char *message;	      /* the verifier's reason; NULL for an accepted program */
	char *trouble;	      /* why the loads say nothing about the verifier; NULL when they do */

	/* One sample for each timed load, which asks for statistics only. */
	size_t n;
	double *load_us, *verification_us; /* the latter is NULL when the log does not say */
	struct vlog_stats stats;	   /* medians */
	/* With a precision: of the verifier's own time, or where it does not say, of the load's. */
	struct interval median_ci;
	bool precise; /* it was reached */

	char *log; /* of full level; NUL-terminated; "" when the kernel wrote none */
	size_t log_len;
	size_t log_map; /* bytes mapped for it; 0: none */
	bool log_cut;	/* longer than the largest buffer */
	long xlated_size, jited_size;
	struct bpf_insn *insns; /* as loaded: relocated, helpers patched */
	size_t nr_insns;
	unsigned int attach_type, flags; /* expected_attach_type and prog_flags of the load */
};

void load_result__init(struct load_result *r);
void load_result__release(struct load_result *r);

/* Loads the program as often as asked for with log level 4 (statistics only), taking the time of
 * each, then once with the full log as evidence. The verdict is that of the timed loads: a full log
 * that does not fit the largest buffer says nothing about the program. Returns 0 whatever the
 * kernel said, or -ENOMEM. */
int load__measure(const struct load_spec *spec, struct loads loads, struct load_result *r);

/* Loads an object through libbpf. When libbpf comes to load the program called `name`, the loads
 * are made and measured as in load__measure, with precisely what libbpf prepared: relocated
 * instructions, map descriptors, BTF with line information, attach target. libbpf goes on with the
 * descriptor or error of these loads. With a `name` of NULL this is bpf_object__load. All that
 * libbpf prints from here on is added to `messages`. Placeholders of helpers are replaced
 * (guest/helpers.h) from btf, which may be NULL.
 *
 * Returns what bpf_object__load returned. When libbpf failed before it came to load the program
 * (a map can't be created, the attach target is not in the kernel's BTF), r->verdict stays
 * VERDICT_NONE, r->err is the errno and r->trouble libbpf's message. */
int load__object(struct bpf_object *obj, const char *name, struct loads loads,
		 const struct btf *btf, struct libbpf_messages *messages, struct load_result *r);

/* One load without any record. Returns 0, or the negative errno of the rejection; a log longer than
 * the buffer is cut, which is never reported as -ENOSPC. */
int load__try(const struct load_spec *spec, char *log, size_t log_len, unsigned int log_level);

/* What libbpf printed. */
struct libbpf_messages {
	struct strbuf all;
	struct strbuf warnings; /* the lines that are warnings once more */
};
#define LIBBPF_MESSAGES_INIT             \
	{                                \
		STRBUF_INIT, STRBUF_INIT \
	}

void libbpf_messages__free(struct libbpf_messages *m);
/* Sends what libbpf prints to m (NULL: nowhere). */
void libbpf_messages__to(struct libbpf_messages *m);
/* The warning that says why libbpf failed, without its prefix; caller frees; NULL when none. */
char *libbpf_messages__reason(const struct libbpf_messages *m);

#endif
