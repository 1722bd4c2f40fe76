// SPDX-License-Identifier: GPL-2.0-only
#include "guest/helpers.h"

#include <bpf/btf.h>
#include <linux/bpf.h>
#include <string.h>

#include "bpf/assay.bpf.h"

#define HELPER_NAME(name) "BPF_FUNC_" #name,

static const char *const helper_names[] = { ASSAY_HELPERS(HELPER_NAME) };

/* Index of the helper whose placeholder the instruction calls, or -1. */
static int placeholder(const struct bpf_insn *insn)
{
	if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg != 0)
		return -1;
	if (insn->imm < ASSAY_HELPER_BASE || insn->imm >= ASSAY_HELPER_BASE + ASSAY_HELPER_COUNT)
		return -1;
	return insn->imm - ASSAY_HELPER_BASE;
}

bool helpers__used(const struct bpf_insn *insns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (placeholder(&insns[i]) >= 0)
			return true;
	return false;
}

/* The value that the kernel's `enum bpf_func_id` gives a name, or -1. */
static int helper_id(const struct btf *btf, const char *name)
{
	int id = btf ? btf__find_by_name_kind(btf, "bpf_func_id", BTF_KIND_ENUM) : -1;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
	const struct btf_enum *e = t ? btf_enum(t) : NULL;

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (strcmp(btf__name_by_offset(btf, e[i].name_off), name) == 0)
			return e[i].val;
	return -1;
}

size_t helpers__patch(struct bpf_insn *insns, size_t n, const struct btf *btf)
{
	size_t changed = 0;

	for (size_t i = 0; i < n; i++) {
		int which = placeholder(&insns[i]);
		int id = which >= 0 ? helper_id(btf, helper_names[which]) : -1;

		if (id < 0)
			continue;
		insns[i].imm = id;
		changed++;
	}
	return changed;
}
