// SPDX-License-Identifier: GPL-2.0-only
/* Which instructions a compiled object has. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "compile.h"

#define CLASS(code) ((code)&0x07)
#define OP(code)    ((code)&0xf0)

static bool arithmetic(const struct bpf_insn *i, int op)
{
	return (CLASS(i->code) == BPF_ALU64 || CLASS(i->code) == BPF_ALU) && OP(i->code) == op;
}

/* Signed division and remainder are the unsigned ones with an offset of 1. */
static bool is_sdiv(const struct bpf_insn *i)
{
	return arithmetic(i, BPF_DIV) && i->off == 1;
}

static bool is_udiv(const struct bpf_insn *i)
{
	return arithmetic(i, BPF_DIV) && i->off == 0;
}

static bool is_smod(const struct bpf_insn *i)
{
	return arithmetic(i, BPF_MOD) && i->off == 1;
}

static bool is_arsh(const struct bpf_insn *i)
{
	return arithmetic(i, BPF_ARSH);
}

static bool is_jeq(const struct bpf_insn *i)
{
	return (CLASS(i->code) == BPF_JMP || CLASS(i->code) == BPF_JMP32) && OP(i->code) == BPF_JEQ;
}

static bool is_call(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_CALL);
}

static const struct {
	const char *name;
	bool (*is)(const struct bpf_insn *i);
} kinds[] = {
	{ "sdiv", is_sdiv }, { "udiv", is_udiv }, { "smod", is_smod },
	{ "arsh", is_arsh }, { "jeq", is_jeq },	  { "call", is_call },
};

static int count(Elf_Data *code, bool (*is)(const struct bpf_insn *i))
{
	const struct bpf_insn *insns = code->d_buf;
	size_t n = insns ? code->d_size / sizeof(*insns) : 0;
	int found = 0;

	for (size_t i = 0; i < n; i++) {
		found += is(&insns[i]);
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW))
			i++; /* the second half of a constant is no instruction */
	}
	return found;
}

static int count_all(Elf *elf, bool (*is)(const struct bpf_insn *i))
{
	int found = 0, sections = 0;
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf_Data *code;

		if (!gelf_getshdr(scn, &header) || !(header.sh_flags & SHF_EXECINSTR) ||
		    !header.sh_size)
			continue;
		code = elf_rawdata(scn, NULL);
		if (!code)
			return -EINVAL;
		found += count(code, is);
		sections++;
	}
	return sections ? found : -EINVAL;
}

int compile__insn_count(const char *object, const char *kind)
{
	bool (*is)(const struct bpf_insn *i) = NULL;
	int fd, found = -EINVAL;
	Elf *elf;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, kind))
			is = kinds[i].is;
	fd = open(object, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !is)
		goto out;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		found = count_all(elf, is);
	elf_end(elf);
out:
	if (fd >= 0)
		close(fd);
	return found;
}
