// SPDX-License-Identifier: GPL-2.0-only
#include "guest/bootmods.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "wire/event.h"

const struct bootmod *bootmod__parse(char *line, struct bootmod *out)
{
	char *blank;

	*out = (struct bootmod){ .args = "" };
	if (*line == '-') {
		out->optional = true;
		line++;
	}
	if (!*line)
		return NULL;
	out->file = line;
	blank = strchr(line, ' ');
	if (blank) {
		*blank = '\0';
		out->args = blank + 1;
	}
	return out;
}

static int load(const struct bootmod *m)
{
	char *path = str_fmt(EXP_MODULE_DIR "%s", m->file);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1, err = path ? 0 : -ENOMEM;

	if (!err && fd < 0)
		err = -errno;
	if (!err && syscall(SYS_finit_module, fd, m->args, 0) && errno != EEXIST)
		err = -errno;
	if (fd >= 0)
		close(fd);
	free(path);
	return err;
}

void bootmods__load(struct strv *problems)
{
	struct strv lines = { 0 };
	struct bootmod m;
	char *text = NULL;

	if (file_read(EXP_MODULE_DIR GUEST_BOOT_LIST, 0, &text, NULL) ||
	    strv__split(&lines, text, "\n"))
		goto out;
	for (size_t i = 0; i < lines.n; i++) {
		int err = bootmod__parse(lines.v[i], &m) ? load(&m) : 0;
		char *problem = NULL;

		if (err && !m.optional)
			problem = str_fmt("module %s can't be loaded: %s", m.file, strerror(-err));
		if (problem)
			strv__add(problems, problem);
		free(problem);
	}
out:
	strv__free(&lines);
	free(text);
}
