// SPDX-License-Identifier: GPL-2.0-only
#include "guest/notes.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

char *notes__build_id(const void *notes, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = notes;

	while (len >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;
		size_t name, desc;
		char *id;

		memcpy(&n, p, sizeof(n));
		p += sizeof(n);
		len -= sizeof(n);
		/* Both parts are padded to 4 bytes; the file's last one may lack its padding. */
		name = ((size_t)n.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)n.n_descsz + 3) & ~(size_t)3;
		if (name > len || n.n_descsz > len - name)
			return NULL;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && !memcmp(p, "GNU", 4)) {
			id = calloc(1, 2 * (size_t)n.n_descsz + 1);
			for (size_t i = 0; id && i < n.n_descsz; i++) {
				id[2 * i] = hex[p[name + i] >> 4];
				id[2 * i + 1] = hex[p[name + i] & 15];
			}
			return id;
		}
		if (desc > len - name)
			return NULL;
		p += name + desc;
		len -= name + desc;
	}
	return NULL;
}

bool text__has_word(const char *text, size_t len, const char *word, char before, const char *after)
{
	size_t n = strlen(word);
	const char *end = text + len, *at = text;

	if (!n)
		return false;
	while ((at = memmem(at, (size_t)(end - at), word, n))) {
		bool starts = at == text || at[-1] == before;
		bool ends = at + n == end || strchr(after, at[n]);

		if (starts && ends)
			return true;
		at++;
	}
	return false;
}
