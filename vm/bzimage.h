/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_BZIMAGE_H
#define ASSAY_VM_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* x86's compressed kernel image ("vmlinuz"). Source: Documentation/x86/boot.rst of 6.1 for the
 * header, arch/x86/boot/compressed/Makefile for what is in the payload. */

/* Is it one, by its first 1024 bytes or more? */
bool bzimage__is(const uint8_t *data, size_t len);
/* "6.1.0-54-amd64 (builder) #1 SMP ..." of the header, in data; NULL when it has none. */
const char *bzimage__version(const uint8_t *data, size_t len);
/* Where the compressed kernel lies, without the size behind it, and the command that expands it
 * from standard input or a file ("xz"). 0, or -EINVAL and *reason (static). */
struct bzimage_payload {
	size_t offset, len;
	const char *const *command; /* NULL-terminated; it is given a file and writes to stdout */
	const char *suffix;	    /* of such files */
	uint32_t size;		    /* of the kernel; 0: not known */
};
int bzimage__payload(const uint8_t *data, size_t len, struct bzimage_payload *out,
		     const char **reason);

/* Writes the ELF kernel that a bzImage holds to `to`. kernel: the name for messages. 0 or -errno,
 * logged. */
int bzimage__expand(const char *kernel, const char *path, const char *to, int cancel_fd);
/* Expands FILE.xz, .zst or .gz to `to`; -EINVAL for another suffix. 0 or -errno, logged. */
int expand_file(const char *kernel, const char *path, const char *to, int cancel_fd);

#endif
