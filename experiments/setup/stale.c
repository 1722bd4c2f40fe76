// SPDX-License-Identifier: GPL-2.0-only
/* A kernel that is not the one that was asked for: papers that name another build id, as if a boot
 * loader had taken an older file. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "setup.h"

#define BUILD_ID 40 /* hexadecimal digits */

/* The folder of the built kernel: "…/kernels/NAME/KEY"; NULL when it is not built. Caller frees. */
static char *kernel_folder(const struct place *p)
{
	const char *argv[] = { exp__assay(p->e), "kernel", "path", SETUP_KERNEL, NULL };
	struct said said = { 0 };
	char *folder = NULL;

	if (!place__run(p, false, argv, &said) && !said.status)
		folder = strndup(strbuf__str(&said.out), strcspn(strbuf__str(&said.out), "\n"));
	said__release(&said);
	return folder;
}

/* The papers, with four digits of the build id changed; both ids. */
static int forge(const char *from, const char *to, char real[BUILD_ID + 1],
		 char forged[BUILD_ID + 1])
{
	static const char mark[] = "\"build_id\": \"";
	char *papers = str_fmt("%s/meta.json", from), *text = NULL, *id;
	int err = papers ? file_read(papers, 0, &text, NULL) : -ENOMEM;

	free(papers);
	if (err)
		return err;
	id = strstr(text, mark);
	if (!id || strspn(id + strlen(mark), "0123456789abcdef") != BUILD_ID) {
		free(text);
		return -EINVAL;
	}
	id += strlen(mark);
	memcpy(real, id, BUILD_ID);
	memset(id, *id == '0' ? '1' : '0', 4);
	memcpy(forged, id, BUILD_ID);
	real[BUILD_ID] = forged[BUILD_ID] = '\0';
	papers = str_fmt("%s/meta.json", to);
	err = papers ? file_write(papers, text, strlen(text)) : -ENOMEM;
	free(papers);
	free(text);
	return err;
}

/* All else is the real kernel's. */
static int link_rest(const char *from, const char *to)
{
	DIR *d = opendir(from);
	struct dirent *entry;
	int err = d ? 0 : -errno;

	while (!err && (entry = readdir(d))) {
		char *source = str_fmt("%s/%s", from, entry->d_name);
		char *target = str_fmt("%s/%s", to, entry->d_name);

		if (*entry->d_name != '.' && strcmp(entry->d_name, "meta.json") != 0 &&
		    (!source || !target || symlink(source, target)))
			err = -errno;
		free(source);
		free(target);
	}
	if (d)
		closedir(d);
	return err;
}

static int boot(const struct place *p, bool forged, struct said *said)
{
	/* The first word only takes the place of the cache of our own. */
	const char *argv[] = { "/usr/bin/env",
			       forged ? p->cache_env : "LC_ALL=C",
			       exp__assay(p->e),
			       "exec",
			       "-k",
			       SETUP_KERNEL,
			       "--accel",
			       "tcg",
			       "--",
			       "echo",
			       "ran",
			       NULL };

	return place__run(p, false, argv, said);
}

static int refused(const struct place *p, const char *folder, const char *real, const char *forged)
{
	static const char runs[] = "assay: the guest runs kernel " SETUP_KERNEL " (build id ";
	static const char asked[] = "), and not " SETUP_KERNEL " (build id ";
	char *line = str_fmt("%s%s%s%s): remove %s, and the kernel is built again", runs, real,
			     asked, forged, folder);
	struct record *r = exp__measurement(p->e, "stale-kernel");
	struct said said = { 0 };
	int err = line ? boot(p, true, &said) : -ENOMEM;

	if (err) {
		record__free(r);
	} else {
		said__check_status(&said, r, 3);
		said__check_line(&said, r, line);
		exp__check(r, !said.out.len, "nothing was run in the guest", "%s",
			   strbuf__str(&said.out));
		/* Without the folder, which is another one in every run. */
		exp__observed(r, 0, "%.*s", (int)(strstr(line, ": remove") - line), line);
		err = exp__emit(p->e, r);
	}
	said__release(&said);
	free(line);
	return err;
}

static int accepted(const struct place *p)
{
	struct record *r = exp__measurement(p->e, "right-kernel");
	struct said said = { 0 };
	int err = boot(p, false, &said);

	if (err) {
		record__free(r);
		said__release(&said);
		return err;
	}
	said__check_status(&said, r, 0);
	exp__check(r, !strcmp(strbuf__str(&said.out), "ran\n"), "the command ran in the guest",
		   "%s", strbuf__str(&said.out));
	said__release(&said);
	return exp__emit(p->e, r);
}

int setup__stale(struct place *p)
{
	char real[BUILD_ID + 1], forged[BUILD_ID + 1];
	char *from = kernel_folder(p), *key = from ? strrchr(from, '/') : NULL, *to = NULL;
	int err;

	if (!key) {
		/* Nothing is built for this: minutes for a check of seconds. */
		free(from);
		return 0;
	}
	to = str_fmt("%s/cache/kernels/" SETUP_KERNEL "%s", p->dir, key);
	err = to ? dir_make(to) : -ENOMEM;
	err = err ? err : forge(from, to, real, forged);
	err = err ? err : link_rest(from, to);
	if (err)
		exp__fail(p->e, err, "copy the papers of kernel " SETUP_KERNEL);
	err = err ? err : refused(p, to, real, forged);
	err = err ? err : accepted(p);
	free(from);
	free(to);
	return err;
}
