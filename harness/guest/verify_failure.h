/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_VERIFY_FAILURE_H
#define ASSAY_GUEST_VERIFY_FAILURE_H

#include <stdbool.h>

#include "model/failure.h"

struct bpf_object;
struct bpf_program;
struct btf;
struct libbpf_cause;
struct libbpf_messages;
struct load_result;

/* Why the verifier had no say about a program. */
struct verify_failure {
	enum failure kind;
	char *reason; /* one sentence */
	/* What libbpf said and its errno, where the kernel was not asked to load the program, or
	 * not as it is; else NULL. */
	char *message;
	int err;
};

void verify_failure__release(struct verify_failure *f);

/* What libbpf's loading of an object ended with before it came to the program: the cause is what it
 * said (model/libbpf_said.h), err its errno. The kernel is asked where that tells more: does it
 * know the type of the map, has it that function? kernel is its BTF, or NULL. 0 or -ENOMEM. */
int verify_failure__before(const struct libbpf_cause *cause, int err, struct bpf_object *obj,
			   const struct bpf_program *prog, const struct btf *kernel,
			   struct verify_failure *out);

/* Whether a rejection is none of the verifier's: it did not begin (no log, and the kernel refuses
 * the same of a program that does nothing), or came by an instruction that libbpf made invalid. In
 * that case of a map that was left out, *map is its index and out is not set: the caller knows why;
 * else *map is -1. out->kind is FAILURE_NONE for a verdict. 0 or -ENOMEM. */
int verify_failure__after(const struct load_result *r, const struct bpf_program *prog,
			  const struct libbpf_messages *m, const struct btf *kernel, int *map,
			  struct verify_failure *out);

/* Did the verifier come by a call of a weak kernel function that the kernel does not have? libbpf
 * leaves a call of number 0, which the verifier passes over until the program is accepted otherwise
 * (6.1: fixup_kfunc_call): what it says of the code behind it means nothing. */
bool verify_failure__met_weak_call(const struct load_result *r);

#endif
