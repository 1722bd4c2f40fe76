// SPDX-License-Identifier: GPL-2.0-only
#include "base/cpuinfo.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* "model name	: QEMU Virtual CPU version 2.5+" */
char *cpuinfo__parse_model(const char *text)
{
	const char *line = strstr(text, "model name"), *value;
	size_t len;

	if (!line)
		return NULL;
	len = strcspn(line, "\n");
	value = memchr(line, ':', len);
	if (!value)
		return NULL;
	value++;
	value += strspn(value, " \t");
	len = strcspn(value, "\n");
	return len ? strndup(value, len) : NULL;
}

char *cpuinfo__model(void)
{
	char *text = NULL, *model;

	if (file_read("/proc/cpuinfo", 0, &text, NULL))
		return NULL;
	model = cpuinfo__parse_model(text);
	free(text);
	return model;
}
