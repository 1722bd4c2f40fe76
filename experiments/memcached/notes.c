// SPDX-License-Identifier: GPL-2.0-only
#include "notes.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_OWNER "stapsdt"
#define NOTE_TYPE  3
#define NOP	   0x90

struct file {
	int fd;
	Elf *elf;
};

static int file__open(struct file *f, const char *path)
{
	GElf_Ehdr ehdr;
	int err = 0;

	*f = (struct file){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (f->fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	f->elf = elf_begin(f->fd, ELF_C_READ, NULL);
	if (!f->elf || !gelf_getehdr(f->elf, &ehdr) || ehdr.e_ident[EI_CLASS] != ELFCLASS64)
		err = -EINVAL;
	return err;
}

static void file__close(struct file *f)
{
	elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
}

static Elf_Scn *find_section(Elf *elf, const char *name, GElf_Shdr *hdr)
{
	Elf_Scn *s = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((s = elf_nextscn(elf, s))) {
		const char *is;

		if (gelf_getshdr(s, hdr) && (is = elf_strptr(elf, names, hdr->sh_name)) &&
		    !strcmp(is, name))
			return s;
	}
	return NULL;
}

/* The loadable segment that an address lies in. */
static bool find_segment(Elf *elf, uint64_t address, GElf_Phdr *out)
{
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(elf, (int)i, out) && out->p_type == PT_LOAD &&
		    address >= out->p_vaddr && address < out->p_vaddr + out->p_memsz)
			return true;
	return false;
}

static int parse_strings(struct mc_note *note, const char *s, size_t len)
{
	char **const to[] = { &note->provider, &note->name, &note->args };

	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		size_t n = strnlen(s, len);

		if (n == len)
			return -EINVAL;
		*to[i] = strdup(s);
		if (!*to[i])
			return -ENOMEM;
		s += n + 1;
		len -= n + 1;
	}
	return 0;
}

/* Three addresses, then three strings. The section .stapsdt.base stands in every program that has
 * probes, so that what moves a program (prelink) after it was linked can be told from a note, which
 * nobody relocates. */
static int parse_note(const struct file *f, const char *desc, size_t len, uint64_t base,
		      struct mc_note *note)
{
	uint64_t address[3];
	GElf_Phdr segment;
	unsigned char byte = 0;
	int err;

	if (len < sizeof(address))
		return -EINVAL;
	memcpy(address, desc, sizeof(address));
	err = parse_strings(note, desc + sizeof(address), len - sizeof(address));
	if (err)
		return err;
	note->base = address[1];
	note->location = address[0] + (base - address[1]);
	note->semaphore = address[2] ? address[2] + (base - address[1]) : 0;
	if (find_segment(f->elf, note->location, &segment) && (segment.p_flags & PF_X)) {
		note->offset = note->location - segment.p_vaddr + segment.p_offset;
		if (pread(f->fd, &byte, 1, (off_t)note->offset) == 1)
			note->is_nop = byte == NOP;
	}
	note->in_data = note->semaphore && find_segment(f->elf, note->semaphore, &segment) &&
			(segment.p_flags & PF_W);
	usdt_args__parse(note->args, note->arg, MC_ARGS_MAX, &note->nr_args, note->problem,
			 sizeof(note->problem));
	return 0;
}

static int add_note(struct mc_notes *notes, const struct file *f, const char *desc, size_t len)
{
	struct mc_note *v = reallocarray(notes->v, notes->n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	notes->v = v;
	v[notes->n] = (struct mc_note){ 0 };
	return parse_note(f, desc, len, notes->base, &v[notes->n++]);
}

static int read_notes(const struct file *f, struct mc_notes *out)
{
	GElf_Shdr hdr;
	Elf_Scn *section = find_section(f->elf, ".stapsdt.base", &hdr);
	size_t at = 0, name_at, desc_at;
	Elf_Data *data;
	GElf_Nhdr nhdr;
	int err = 0;

	out->base = section ? hdr.sh_addr : 0;
	section = find_section(f->elf, ".note.stapsdt", &hdr);
	data = section ? elf_getdata(section, NULL) : NULL;
	if (!data || !out->base)
		return -ENOENT;
	while (!err && (at = gelf_getnote(data, at, &nhdr, &name_at, &desc_at)) > 0) {
		const char *bytes = data->d_buf;

		if (nhdr.n_type == NOTE_TYPE && nhdr.n_namesz == sizeof(NOTE_OWNER) &&
		    !memcmp(bytes + name_at, NOTE_OWNER, sizeof(NOTE_OWNER)))
			err = add_note(out, f, bytes + desc_at, nhdr.n_descsz);
	}
	return err ? err : out->n ? 0 : -ENOENT;
}

int mc_notes__read(const char *path, struct mc_notes *out)
{
	struct file f;
	int err = file__open(&f, path);

	*out = (struct mc_notes){ 0 };
	if (!err)
		err = read_notes(&f, out);
	if (err)
		mc_notes__release(out);
	file__close(&f);
	return err;
}

void mc_notes__release(struct mc_notes *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		free(notes->v[i].provider);
		free(notes->v[i].name);
		free(notes->v[i].args);
	}
	free(notes->v);
	*notes = (struct mc_notes){ 0 };
}
