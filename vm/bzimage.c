// SPDX-License-Identifier: GPL-2.0-only
#include "vm/bzimage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"

/* Offsets in the file. */
#define SETUP_SECTS    0x1f1
#define HEADER_MAGIC   0x202
#define PROTOCOL       0x206
#define KERNEL_VERSION 0x20e
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
#define HEADER_END     0x250
#define SECTOR	       512

#define PROTOCOL_PAYLOAD 0x0208 /* the first that tells where the payload is */

static const char *const xz[] = { "xz", "-dc", "--", NULL };
static const char *const lzma[] = { "xz", "-dc", "--format=lzma", "--", NULL };
static const char *const zstd[] = { "zstd", "-dcq", "--", NULL };
static const char *const gzip[] = { "gzip", "-dc", "--", NULL };
static const char *const lz4[] = { "lz4", "-dcq", NULL };
static const char *const bzip2[] = { "bzip2", "-dc", "--", NULL };

static const struct format {
	const char *name, *suffix, *magic;
	size_t magic_len;
	const char *const *command;
	bool size_behind; /* the build appends the size; gzip's own format ends with it */
} formats[] = {
	{ "xz", ".xz",
	  "\xfd"
	  "7zXZ",
	  6, xz, true },
	{ "zstd", ".zst", "\x28\xb5\x2f\xfd", 4, zstd, true },
	{ "gzip", ".gz", "\x1f\x8b\x08", 3, gzip, false },
	{ "lz4", ".lz4", "\x02\x21\x4c\x18", 4, lz4, true },
	{ "bzip2", ".bz2", "BZh", 3, bzip2, true },
	{ "lzma", ".lzma", "\x5d\x00\x00", 3, lzma, true },
};
#define NR_FORMATS (sizeof(formats) / sizeof(formats[0]))

static uint32_t le(const uint8_t *p, unsigned int bytes)
{
	uint32_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

bool bzimage__is(const uint8_t *data, size_t len)
{
	return len >= HEADER_END && !memcmp(data + HEADER_MAGIC, "HdrS", 4);
}

const char *bzimage__version(const uint8_t *data, size_t len)
{
	size_t at;

	if (!bzimage__is(data, len) || !le(data + KERNEL_VERSION, 2))
		return NULL;
	at = le(data + KERNEL_VERSION, 2) + SECTOR;
	return at < len && memchr(data + at, '\0', len - at) ? (const char *)data + at : NULL;
}

int bzimage__payload(const uint8_t *data, size_t len, struct bzimage_payload *out,
		     const char **reason)
{
	size_t start, offset, size;

	*reason = "it is no bzImage";
	if (!bzimage__is(data, len))
		return -EINVAL;
	*reason = "its header does not say where the kernel is (boot protocol before 2.08)";
	if (le(data + PROTOCOL, 2) < PROTOCOL_PAYLOAD)
		return -EINVAL;
	start = ((data[SETUP_SECTS] ? data[SETUP_SECTS] : 4) + 1) * SECTOR;
	offset = le(data + PAYLOAD_OFFSET, 4);
	size = le(data + PAYLOAD_LENGTH, 4);
	*reason = "it is cut off";
	if (start > len || offset > len - start || size > len - start - offset || size < 8)
		return -EINVAL;
	*out = (struct bzimage_payload){ .offset = start + offset, .len = size };
	for (size_t i = 0; i < NR_FORMATS; i++) {
		const struct format *f = &formats[i];

		if (memcmp(data + out->offset, f->magic, f->magic_len))
			continue;
		out->command = f->command;
		out->suffix = f->suffix;
		out->size = le(data + out->offset + size - 4, 4);
		out->len -= f->size_behind ? 4 : 0;
		return 0;
	}
	*reason = "its kernel is compressed in a way that assay does not know (lzo?)";
	return -EINVAL;
}

static void keep_line(void *ctx, const char *line)
{
	char **last = ctx;

	if (!*line)
		return;
	free(*last);
	*last = strdup(line);
}

/* The command, given the file, writes to `to`. */
static int expand(const char *kernel, const char *const *command, const char *path, const char *to,
		  int cancel_fd)
{
	const char *argv[16] = { "sh", "-c", "to=$1; shift; exec \"$@\" >\"$to\"", "assay", to };
	char *said = NULL;
	struct proc_opts opts = {
		.argv = argv, .on_line = keep_line, .ctx = &said, .cancel_fd = cancel_fd
	};
	char *which = proc_which(command[0]);
	int status = 0, err = which ? 0 : -ENOENT;
	size_t n = 5;

	free(which);
	if (err) {
		log_err("kernel %s: to expand %s it takes the program %s: install it", kernel, path,
			command[0]);
		return err;
	}
	while (*command)
		argv[n++] = *command++;
	argv[n] = path;
	err = proc_run(&opts, &status);
	if (!err && status)
		err = -EIO;
	if (err && err != -EINTR)
		log_err("kernel %s: %s can't be expanded: %s", kernel, path,
			said ? said : strerror(-err));
	free(said);
	return err;
}

int expand_file(const char *kernel, const char *path, const char *to, int cancel_fd)
{
	for (size_t i = 0; i < NR_FORMATS; i++)
		if (str_ends(path, formats[i].suffix))
			return expand(kernel, formats[i].command, path, to, cancel_fd);
	return -EINVAL;
}

int bzimage__expand(const char *kernel, const char *path, const char *to, int cancel_fd)
{
	struct bzimage_payload p = { 0 };
	const char *reason = NULL;
	char *data = NULL, *part = NULL;
	size_t len = 0;
	int err = file_read(path, 0, &data, &len);

	if (!err)
		err = bzimage__payload((const uint8_t *)data, len, &p, &reason);
	if (err) {
		log_err("kernel %s: %s: %s", kernel, path, reason ? reason : strerror(-err));
		free(data);
		return err;
	}
	part = str_fmt("%s%s", to, p.suffix);
	err = part ? file_write(part, data + p.offset, p.len) : -ENOMEM;
	free(data);
	if (!err)
		err = expand(kernel, p.command, part, to, cancel_fd);
	if (!err && p.size && file_size(to) != (int64_t)p.size) {
		log_err("kernel %s: %s: its kernel is %lld bytes expanded, and should be %u: it is "
			"damaged",
			kernel, path, (long long)file_size(to), p.size);
		err = -EBADMSG;
	}
	if (part)
		unlink(part);
	free(part);
	return err;
}
