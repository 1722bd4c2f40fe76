// SPDX-License-Identifier: GPL-2.0-only
#include "guest/usdt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest/elf_file.h"

#define NOTE_OWNER "stapsdt"
#define NOTE_TYPE  3
#define NOP	   0x90

static int parse_strings(struct usdt_note *note, const char *s, size_t len)
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
static int parse_note(const struct elf_file *f, const char *desc, size_t len, uint64_t base,
		      struct usdt_note *note)
{
	uint64_t address[3], moved;
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
	moved = base ? base - address[1] : 0;
	note->location = address[0] + moved;
	note->semaphore = address[2] ? address[2] + moved : 0;
	if (elf_file__segment(f, note->location, &segment) && (segment.p_flags & PF_X)) {
		note->offset = note->location - segment.p_vaddr + segment.p_offset;
		if (pread(f->fd, &byte, 1, (off_t)note->offset) == 1)
			note->is_nop = byte == NOP;
	}
	note->in_data = note->semaphore && elf_file__segment(f, note->semaphore, &segment) &&
			(segment.p_flags & PF_W);
	if (note->semaphore)
		elf_file__offset(f, note->semaphore, &note->semaphore_offset);
	usdt_args__parse(note->args, note->arg, USDT_ARGS_MAX, &note->nr_args, note->problem,
			 sizeof(note->problem));
	return 0;
}

static int add_note(struct usdt_notes *notes, const struct elf_file *f, const char *desc,
		    size_t len)
{
	struct usdt_note *v = reallocarray(notes->v, notes->n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	notes->v = v;
	v[notes->n] = (struct usdt_note){ 0 };
	return parse_note(f, desc, len, notes->base, &v[notes->n++]);
}

static int read_notes(const struct elf_file *f, struct usdt_notes *out)
{
	GElf_Shdr hdr;
	Elf_Scn *section = elf_file__section(f, ".stapsdt.base", &hdr);
	size_t at = 0, name_at, desc_at;
	Elf_Data *data;
	GElf_Nhdr nhdr;
	int err = 0;

	out->base = section ? hdr.sh_addr : 0;
	section = elf_file__section(f, ".note.stapsdt", &hdr);
	data = section ? elf_getdata(section, NULL) : NULL;
	if (!data)
		return -ENOENT;
	while (!err && (at = gelf_getnote(data, at, &nhdr, &name_at, &desc_at)) > 0) {
		const char *bytes = data->d_buf;

		if (nhdr.n_type == NOTE_TYPE && nhdr.n_namesz == sizeof(NOTE_OWNER) &&
		    !memcmp(bytes + name_at, NOTE_OWNER, sizeof(NOTE_OWNER)))
			err = add_note(out, f, bytes + desc_at, nhdr.n_descsz);
	}
	return err ? err : out->n ? 0 : -ENOENT;
}

int usdt_notes__read_elf(const struct elf_file *f, struct usdt_notes *out)
{
	int err;

	*out = (struct usdt_notes){ 0 };
	err = read_notes(f, out);
	if (err)
		usdt_notes__release(out);
	return err;
}

int usdt_notes__read(const char *path, struct usdt_notes *out)
{
	struct elf_file f;
	int err = elf_file__open(&f, path);

	*out = (struct usdt_notes){ 0 };
	if (!err)
		err = usdt_notes__read_elf(&f, out);
	elf_file__close(&f);
	return err;
}

void usdt_notes__release(struct usdt_notes *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		free(notes->v[i].provider);
		free(notes->v[i].name);
		free(notes->v[i].args);
	}
	free(notes->v);
	*notes = (struct usdt_notes){ 0 };
}
