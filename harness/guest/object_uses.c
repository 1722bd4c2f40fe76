// SPDX-License-Identifier: GPL-2.0-only
#include "guest/object_uses.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct file {
	Elf *elf;
	Elf_Data *symbols, *names;
	size_t nr_symbols, symtab_offset;
	bool *seen; /* of each symbol: a function that was looked at, or waits */
	size_t *todo, nr_todo;
	const char *wanted;
};

static Elf_Data *section_data(Elf *elf, size_t index, GElf_Shdr *head)
{
	Elf_Scn *section = elf_getscn(elf, index);

	return section && gelf_getshdr(section, head) ? elf_getdata(section, NULL) : NULL;
}

static int file__open(struct file *f, const void *bytes, size_t size)
{
	Elf_Scn *section = NULL;
	GElf_Shdr head;

	*f = (struct file){ 0 };
	elf_version(EV_CURRENT);
	f->elf = elf_memory((char *)bytes, size);
	if (!f->elf)
		return -EINVAL;
	while ((section = elf_nextscn(f->elf, section))) {
		if (!gelf_getshdr(section, &head) || head.sh_type != SHT_SYMTAB)
			continue;
		f->symbols = elf_getdata(section, NULL);
		f->nr_symbols = head.sh_size / sizeof(Elf64_Sym);
		f->symtab_offset = head.sh_offset;
		f->names = section_data(f->elf, head.sh_link, &head);
	}
	if (!f->symbols || !f->names)
		return -EINVAL;
	f->seen = calloc(f->nr_symbols, sizeof(*f->seen));
	f->todo = calloc(f->nr_symbols, sizeof(*f->todo));
	return f->seen && f->todo ? 0 : -ENOMEM;
}

static void file__close(struct file *f)
{
	free(f->seen);
	free(f->todo);
	elf_end(f->elf);
}

/* Of one that is not there, as an object may say anything: "", and of no type. */
static const char *symbol(const struct file *f, size_t i, GElf_Sym *sym)
{
	*sym = (GElf_Sym){ 0 };
	if (i >= f->nr_symbols || !gelf_getsym(f->symbols, (int)i, sym) ||
	    sym->st_name >= f->names->d_size)
		return "";
	return (const char *)f->names->d_buf + sym->st_name;
}

static void visit(struct file *f, size_t i)
{
	if (f->seen[i])
		return;
	f->seen[i] = true;
	f->todo[f->nr_todo++] = i;
}

/* The function of a section that holds the byte. */
static void visit_at(struct file *f, size_t section, uint64_t offset)
{
	GElf_Sym sym;

	for (size_t i = 0; i < f->nr_symbols; i++) {
		symbol(f, i, &sym);
		if (GELF_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_shndx == section &&
		    offset >= sym.st_value && offset - sym.st_value < sym.st_size)
			visit(f, i);
	}
}

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL;
}

/* A relocation of a function that is looked at. True when it is of the wanted symbol. */
static bool follow(struct file *f, const GElf_Rel *rel, const struct bpf_insn *insn)
{
	size_t i = GELF_R_SYM(rel->r_info);
	GElf_Sym sym;

	if (strcmp(symbol(f, i, &sym), f->wanted) == 0 && sym.st_shndx == SHN_UNDEF)
		return true;
	if (GELF_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_shndx != SHN_UNDEF)
		visit(f, i);
	else if (GELF_ST_TYPE(sym.st_info) == STT_SECTION)
		visit_at(f, sym.st_shndx,
			 is_call(insn) ? ((uint64_t)insn->imm + 1) * sizeof(*insn)
				       : (uint64_t)insn->imm);
	return false;
}

/* Walks the relocations of a section that lie in a function; the instructions that have one are
 * marked, by their number in it. */
static bool walk_relocations(struct file *f, const GElf_Sym *func, const Elf_Data *code,
			     bool *relocated)
{
	Elf_Scn *section = NULL;
	GElf_Shdr head;
	GElf_Rel rel;

	while ((section = elf_nextscn(f->elf, section))) {
		Elf_Data *data;

		if (!gelf_getshdr(section, &head) || head.sh_type != SHT_REL ||
		    head.sh_info != func->st_shndx)
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; data && gelf_getrel(data, i, &rel); i++) {
			uint64_t at = rel.r_offset - func->st_value;

			if (rel.r_offset < func->st_value || at >= func->st_size ||
			    func->st_size - at < sizeof(struct bpf_insn))
				continue;
			relocated[at / sizeof(struct bpf_insn)] = true;
			if (follow(f, &rel, (const void *)((char *)code->d_buf + rel.r_offset)))
				return true;
		}
	}
	return false;
}

/* Calls within a section need no relocation. */
static void walk_calls(struct file *f, const GElf_Sym *func, const Elf_Data *code,
		       const bool *relocated)
{
	const struct bpf_insn *insns = code->d_buf;
	int64_t first = (int64_t)(func->st_value / sizeof(*insns));
	int64_t n = (int64_t)(func->st_size / sizeof(*insns));

	for (int64_t i = 0; i < n; i++) {
		int64_t target = first + i + 1 + insns[first + i].imm;

		if (is_call(&insns[first + i]) && !relocated[i] && target >= 0)
			visit_at(f, func->st_shndx, (uint64_t)target * sizeof(*insns));
	}
}

/* 1 when the function refers to the wanted symbol itself, 0 or -ENOMEM. */
static int walk(struct file *f, size_t i)
{
	bool *relocated, found;
	GElf_Shdr head;
	GElf_Sym func;
	Elf_Data *code;

	symbol(f, i, &func);
	code = section_data(f->elf, func.st_shndx, &head);
	if (!code || !code->d_buf || func.st_value > code->d_size ||
	    func.st_size > code->d_size - func.st_value)
		return 0;
	relocated = calloc(func.st_size / sizeof(struct bpf_insn) + 1, sizeof(*relocated));
	if (!relocated)
		return -ENOMEM;
	found = walk_relocations(f, &func, code, relocated);
	walk_calls(f, &func, code, relocated);
	free(relocated);
	return found;
}

int object__uses(const void *bytes, size_t size, const char *program, const char *wanted)
{
	struct file f;
	int ret = file__open(&f, bytes, size);
	GElf_Sym sym;

	if (ret)
		goto out;
	f.wanted = wanted;
	for (size_t i = 0; i < f.nr_symbols; i++)
		if (strcmp(symbol(&f, i, &sym), program) == 0 &&
		    GELF_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_shndx != SHN_UNDEF)
			visit(&f, i);
	while (!ret && f.nr_todo)
		ret = walk(&f, f.todo[--f.nr_todo]);
out:
	file__close(&f);
	return ret;
}

int object__weaken(void *bytes, size_t size, const char *wanted)
{
	struct file f;
	int err = file__open(&f, bytes, size);
	GElf_Sym sym;

	for (size_t i = 0; !err && i < f.nr_symbols; i++) {
		size_t at = f.symtab_offset + i * sizeof(Elf64_Sym);
		Elf64_Sym *raw = (void *)((char *)bytes + at);

		if (strcmp(symbol(&f, i, &sym), wanted) != 0 || sym.st_shndx != SHN_UNDEF ||
		    at + sizeof(*raw) > size)
			continue;
		raw->st_info = ELF64_ST_INFO(STB_WEAK, ELF64_ST_TYPE(raw->st_info));
		goto out;
	}
	if (!err)
		err = -ENOENT;
out:
	file__close(&f);
	return err;
}
