// SPDX-License-Identifier: GPL-2.0-only
#include "vm/banner.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm/bzimage.h"

#define WORDS	     "Linux version "
#define LINE_MAX_LEN 4096

void banner__release(struct banner *b)
{
	free(b->release);
	free(b->version);
	free(b->compiler);
	free(b->linker);
	*b = (struct banner){ 0 };
}

/* "(COMPILER, LINKER) #..." of a banner; kernels before 5.8 name no linker. */
static void set_tools(struct banner *b, const char *text)
{
	const char *open = strstr(text, ") ("), *close = strstr(text, ") #"), *comma = NULL;

	if (!open || !close || close <= open + 3)
		return;
	open += 3;
	for (const char *p = open; p + 1 < close; p++)
		if (p[0] == ',' && p[1] == ' ')
			comma = p;
	b->compiler = strndup(open, (size_t)((comma ? comma : close) - open));
	b->linker = comma ? strndup(comma + 2, (size_t)(close - comma - 2)) : NULL;
}

/* "RELEASE (...) ... #1 SMP ...", up to the end of its line. */
static int parse(const char *text, struct banner *out)
{
	size_t release = strcspn(text, " \n");
	const char *version = strchr(text, '#');

	*out = (struct banner){ 0 };
	if (!release || text[release] != ' ' || !version)
		return -ENOENT;
	out->release = strndup(text, release);
	out->version = strndup(version, strcspn(version, "\n"));
	set_tools(out, text);
	if (out->release && out->version)
		return 0;
	banner__release(out);
	return -ENOMEM;
}

int banner__find(const char *data, size_t len, struct banner *out)
{
	const char *p = data, *end = data + len;
	int err = -ENOENT;

	/* The text is there twice or more: once without the number behind '#', and as a format. */
	while (err == -ENOENT &&
	       (p = memmem(p, (size_t)(end - p), WORDS, sizeof(WORDS) - 1)) != NULL) {
		size_t left = (size_t)(end - p), max = left < LINE_MAX_LEN ? left : LINE_MAX_LEN;
		char *line = strndup(p + sizeof(WORDS) - 1, strnlen(p, max) - sizeof(WORDS) + 1);
		const char *number;

		if (!line)
			return -ENOMEM;
		line[strcspn(line, "\n")] = '\0';
		number = strchr(line, '#');
		if (*line >= '0' && *line <= '9' && number && number[1] != ' ')
			err = parse(line, out);
		free(line);
		p += sizeof(WORDS) - 1;
	}
	return err;
}

static int read_data(const char *data, size_t len, struct banner *out)
{
	const char *version;

	if (len >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG))
		return banner__find(data, len, out);
	if (!bzimage__is((const uint8_t *)data, len))
		return -EINVAL;
	version = bzimage__version((const uint8_t *)data, len);
	return version ? parse(version, out) : -ENOENT;
}

int banner__of_file(const char *path, struct banner *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	struct stat st;
	void *data = MAP_FAILED;

	*out = (struct banner){ 0 };
	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) ? -errno : S_ISREG(st.st_mode) && st.st_size > 0 ? 0 : -EINVAL;
	if (!err) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		err = data == MAP_FAILED ? -errno : 0;
	}
	close(fd);
	if (err)
		return err;
	err = read_data(data, (size_t)st.st_size, out);
	munmap(data, (size_t)st.st_size);
	return err;
}
