// SPDX-License-Identifier: GPL-2.0-only
#include "cli/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"

int document__write(const char *path, int (*print)(const void *of, FILE *out), const void *of)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = path ? open_memstream(&text, &len) : stdout;
	int err = out ? print(of, out) : -ENOMEM;

	if (out && path && fclose(out) && !err)
		err = -ENOMEM;
	if (!err && path) {
		err = file_write(path, text, len);
		if (err)
			log_err("%s: can't be written: %s", path, strerror(-err));
	}
	free(text);
	return err;
}
