/* SPDX-License-Identifier: GPL-2.0-only */
/* What every BPF program of assay includes, after <linux/bpf.h> and <bpf/bpf_helpers.h>. */
#ifndef ASSAY_BPF_H
#define ASSAY_BPF_H

/* Expectations stand beside the program and travel in its BTF. The grammar is that of
 * harness/model/expect.h and kver.h; for any one kernel exactly one of a program's tags applies.
 *
 *	EXPECT_ACCEPT(">=5.10.223")
 *	EXPECT_REJECT("<5.10.223", "EACCES", "invalid indirect read from stack")
 *	SEC("kprobe/x") int prog(void *ctx) { … }
 */
#define EXPECT_TAG(text)		 __attribute__((btf_decl_tag("assay:" text)))
#define EXPECT_ACCEPT(range)		 EXPECT_TAG("accept:" range)
#define EXPECT_REJECT(range, err, regex) EXPECT_TAG("reject:" range ":" err ":" regex)
#define EXPECT_ANY(range)		 EXPECT_TAG("any:" range)

/* Helpers that only patched kernels have. Their numbers differ from branch to branch, so a
 * program calls a placeholder, and the loader puts in the number that the running kernel's BTF
 * gives for BPF_FUNC_<name> (harness/guest/helpers.c). On a kernel without the helper the
 * placeholder stays, and the verifier names it as an invalid function. */
#define ASSAY_HELPER_BASE 0x0a550000
#define ASSAY_HELPERS(FN)  \
	FN(kstrtol)        \
	FN(kstrtol_nosize) \
	FN(kstrtol_base)   \
	FN(dmesg_print)    \
	FN(dmesg_print_nosize)
#define ASSAY_HELPER_ENUM(name) ASSAY_HELPER_IDX_##name,
enum { ASSAY_HELPERS(ASSAY_HELPER_ENUM) ASSAY_HELPER_COUNT };
#define ASSAY_HELPER(name) ((void *)(unsigned long)(ASSAY_HELPER_BASE + ASSAY_HELPER_IDX_##name))

#endif
