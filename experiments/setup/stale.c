// SPDX-License-Identifier: GPL-2.0-only
/* A kernel that is not the one that was asked for: papers that name another build id, or another
 * release, as if a boot loader had taken an older file. */
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

/* A value in the text of the papers, of the length that it must have; NULL when it is not so. */
static char *find_value(char *papers, const char *mark, size_t len)
{
	char *at = strstr(papers, mark);

	at = at ? at + strlen(mark) : NULL;
	return at && strcspn(at, "\"") == len ? at : NULL;
}

/* The papers, with four digits of the build id or the last one of the release changed. `ids` gets
 * "RELEASE (build id ID)" as it is, and as the papers have it then. */
static int forge(const char *from, const char *to, bool release, char *ids[2])
{
	static const size_t digits = sizeof(SETUP_KERNEL) - 1;
	char *path = str_fmt("%s/meta.json", from), *text = NULL, *id, *version;
	int err = path ? file_read(path, 0, &text, NULL) : -ENOMEM;

	free(path);
	if (err)
		return err;
	id = find_value(text, "\"build_id\": \"", BUILD_ID);
	version = find_value(text, "\"release\": \"", digits);
	for (int i = 0; !err && i < 2; i++) {
		if (id && version)
			ids[i] =
				str_fmt("%.*s (build id %.*s)", (int)digits, version, BUILD_ID, id);
		err = !id || !version ? -EINVAL : ids[i] ? 0 : -ENOMEM;
		if (!err && release)
			version[digits - 1] = version[digits - 1] == '0' ? '1' : '0';
		else if (!err)
			memset(id, *id == '0' ? '1' : '0', 4);
		if (!err && !i) {
			path = str_fmt("%s/meta.json", to);
			err = path ? file_write(path, text, strlen(text)) : -ENOMEM;
			free(path);
		}
	}
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

static int refused(const struct place *p, const char *name, const char *folder, char *const ids[2])
{
	char *line = str_fmt("assay: the guest runs kernel %s, and not %s: remove %s, and the "
			     "kernel is built again",
			     ids[0], ids[1], folder);
	struct record *r = exp__measurement(p->e, name);
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

/* A cache in which only this kernel is, with papers that are wrong. */
static int stale(const struct place *p, const char *name, const char *from, const char *key,
		 bool release)
{
	char *to = str_fmt("%s/cache/kernels/" SETUP_KERNEL "%s", p->dir, key);
	char *ids[2] = { NULL };
	int err = to ? dir_make(to) : -ENOMEM;

	err = err ? err : forge(from, to, release, ids);
	err = err ? err : link_rest(from, to);
	if (err)
		exp__fail(p->e, err, "copy the papers of kernel " SETUP_KERNEL);
	err = err ? err : refused(p, name, to, ids);
	if (to)
		dir_remove(to);
	free(to);
	free(ids[0]);
	free(ids[1]);
	return err;
}

int setup__stale(struct place *p)
{
	char *from = kernel_folder(p), *key = from ? strrchr(from, '/') : NULL;
	int err = 0;

	/* Where nothing is built it would be minutes for a check of seconds. */
	if (key) {
		err = stale(p, "stale-kernel", from, key, false);
		err = err ? err : stale(p, "stale-release", from, key, true);
		err = err ? err : accepted(p);
	}
	free(from);
	return err;
}
