// SPDX-License-Identifier: GPL-2.0-only
#include "vm/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/str.h"
#include "vm/image.h"

struct file {
	int fd;
	Elf *elf;
};

static int open_elf(struct file *f, const char *path)
{
	f->elf = NULL;
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return -errno;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -EINVAL;
	f->elf = elf_begin(f->fd, ELF_C_READ_MMAP, NULL);
	return f->elf && elf_kind(f->elf) == ELF_K_ELF ? 0 : -EINVAL;
}

static void close_elf(struct file *f)
{
	if (f->elf)
		elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
}

static int copy_section(Elf_Scn *scn, void **data, size_t *len)
{
	Elf_Data *d = elf_rawdata(scn, NULL);

	if (!d)
		return -EINVAL;
	*data = malloc(d->d_size ? d->d_size : 1);
	if (!*data)
		return -ENOMEM;
	if (d->d_size && d->d_buf)
		memcpy(*data, d->d_buf, d->d_size);
	*len = d->d_buf ? d->d_size : 0;
	return 0;
}

static int find_section(struct file *f, const char *name, Elf_Scn **scn, GElf_Shdr *sh)
{
	size_t names;

	*scn = NULL;
	if (elf_getshdrstrndx(f->elf, &names))
		return -EINVAL;
	while ((*scn = elf_nextscn(f->elf, *scn))) {
		const char *s;

		if (!gelf_getshdr(*scn, sh))
			continue;
		s = elf_strptr(f->elf, names, sh->sh_name);
		if (s && !strcmp(s, name))
			return 0;
	}
	return -ENOENT;
}

int elf_section(const char *path, const char *name, void **data, size_t *len)
{
	struct file f;
	Elf_Scn *scn;
	GElf_Shdr sh;
	int err = open_elf(&f, path);

	if (!err)
		err = find_section(&f, name, &scn, &sh);
	if (!err)
		err = copy_section(scn, data, len);
	close_elf(&f);
	return err;
}

int elf_section_place(const char *path, const char *name, off_t *offset, size_t *len)
{
	struct file f;
	Elf_Scn *scn;
	GElf_Shdr sh;
	int err = open_elf(&f, path);

	if (!err)
		err = find_section(&f, name, &scn, &sh);
	if (!err && sh.sh_type == SHT_NOBITS)
		err = -EINVAL;
	if (!err) {
		*offset = sh.sh_offset;
		*len = sh.sh_size;
	}
	close_elf(&f);
	return err;
}

static char *to_hex(const uint8_t *p, size_t len)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < len; i++)
		strbuf__addf(&sb, "%02x", p[i]);
	return strbuf__detach(&sb);
}

/* The first note of an owner and type among those of a section: its contents (*desc, in *d), or
 * -ENOENT. */
static int find_note(Elf_Data *d, const char *owner, unsigned int type, GElf_Nhdr *nh, size_t *desc)
{
	size_t at = 0, name, len = strlen(owner) + 1;

	while (d && (at = gelf_getnote(d, at, nh, &name, desc)) > 0)
		if (nh->n_type == type && nh->n_namesz == len &&
		    !memcmp((const char *)d->d_buf + name, owner, len))
			return 0;
	return -ENOENT;
}

static int section_build_id(Elf_Data *d, char **hex)
{
	GElf_Nhdr nh;
	size_t desc;
	int err = find_note(d, "GNU", NT_GNU_BUILD_ID, &nh, &desc);

	if (err || !nh.n_descsz)
		return err ? err : -ENOENT;
	*hex = to_hex((const uint8_t *)d->d_buf + desc, nh.n_descsz);
	return *hex ? 0 : -ENOMEM;
}

int elf_build_id(const char *path, char **hex)
{
	Elf_Scn *scn = NULL;
	struct file f;
	GElf_Shdr sh;
	int err = open_elf(&f, path);

	if (!err) {
		err = -ENOENT;
		while (err == -ENOENT && (scn = elf_nextscn(f.elf, scn)))
			if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_NOTE)
				err = section_build_id(elf_getdata(scn, NULL), hex);
	}
	close_elf(&f);
	return err;
}

int elf_loaded_hash(const char *path, char hex[HASH_HEX])
{
	struct hash *h = hash__new();
	Elf_Scn *scn = NULL;
	struct file f;
	int err = open_elf(&f, path);

	while (!err && h && (scn = elf_nextscn(f.elf, scn))) {
		GElf_Shdr sh;
		Elf_Data *d;

		if (!gelf_getshdr(scn, &sh) || !(sh.sh_flags & SHF_ALLOC) ||
		    sh.sh_type == SHT_NOTE || sh.sh_type == SHT_NOBITS)
			continue;
		d = elf_rawdata(scn, NULL);
		if (!d)
			err = -EINVAL;
		else if (d->d_buf)
			hash__add(h, d->d_buf, d->d_size);
	}
	if (h)
		hash__end(h, hex);
	else if (!err)
		err = -ENOMEM;
	close_elf(&f);
	return err;
}

int elf_has_note(const char *path, const char *owner, unsigned int type)
{
	Elf_Scn *scn = NULL;
	struct file f;
	GElf_Shdr sh;
	GElf_Nhdr nh;
	size_t desc;
	int err = open_elf(&f, path), found = 0;

	while (!err && !found && (scn = elf_nextscn(f.elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_NOTE)
			found = !find_note(elf_getdata(scn, NULL), owner, type, &nh, &desc);
	close_elf(&f);
	return err ? err : found;
}
