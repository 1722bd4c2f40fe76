// SPDX-License-Identifier: GPL-2.0-only
/* Is there a skeleton for every object, and does every loader use its own? */
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "compile.h"
#include "guest/experiment.h"
#include "model/record.h"

/* The folder with the objects of the build: beside the program, or where `make install` puts them.
 * Caller frees. */
static char *objects_folder(const char *assay)
{
	static const char *const places[] = { "objects", "../lib/assay/objects" };
	char *program = strdup(assay), *found = NULL;
	const char *folder = program ? dirname(program) : "";

	for (size_t i = 0; !found && i < sizeof(places) / sizeof(places[0]); i++) {
		found = str_fmt("%s/%s", folder, places[i]);
		if (found && !file_exists(found)) {
			free(found);
			found = NULL;
		}
	}
	free(program);
	return found;
}

/* Does one of the sources in the folder include the header? */
static bool includes(const char *folder, const char *header)
{
	char *pattern = str_fmt("%s/*.[ch]", folder), *wanted = str_fmt("#include \"%s\"", header);
	bool found = false;
	glob_t files = { 0 };

	if (pattern && wanted && !glob(pattern, 0, NULL, &files)) {
		for (size_t i = 0; !found && i < files.gl_pathc; i++) {
			char *text = NULL;

			if (str_ends(files.gl_pathv[i], ".bpf.c") ||
			    file_read(files.gl_pathv[i], 0, &text, NULL))
				continue;
			found = strstr(text, wanted);
			free(text);
		}
	}
	globfree(&files);
	free(pattern);
	free(wanted);
	return found;
}

static void check_generated(struct record *r, const char *bpftool, const char *name,
			    const char *object)
{
	char *identifier = str_fmt("%s_bpf", name), *text = NULL, *header = NULL, *open;
	const char *argv[] = { bpftool, "gen", "skeleton", object, "name", identifier, NULL };
	int status = -1, err;

	for (char *c = identifier; c && *c; c++)
		if (*c == '-')
			*c = '_';
	text = str_fmt("%s: bpftool gen skeleton makes a header that opens the object", name);
	open = str_fmt("%s__open_and_load(", identifier);
	err = proc_output(argv, &header, &status);
	exp__check(r, !err && !status && open && strstr(header, open), text, "status %d, %zu bytes",
		   err ? err : status, header ? strlen(header) : 0);
	free(open);
	free(header);
	free(text);
	free(identifier);
}

static void check_experiment(struct record *r, const char *bpftool, const char *folder,
			     const char *name, const char *objects)
{
	char *header = str_fmt("%s.skel.h", name), *object = str_fmt("%s/%s.bpf.o", objects, name);
	char *text = str_fmt("%s: its loader includes %s", name, header);

	if (header && object && text) {
		bool found = includes(folder, header);

		exp__check(r, found, text, "%s", found ? "it does" : "no file there does");
		check_generated(r, bpftool, name, object);
	}
	free(header);
	free(object);
	free(text);
}

int compile__skeletons(struct exp *e)
{
	char *pattern = exp__data(e, "../*/*.bpf.c"), *objects = objects_folder(exp__assay(e));
	char *bpftool = proc_which("bpftool");
	struct record *r = exp__measurement(e, "skeletons");
	glob_t sources = { 0 };
	size_t checked = 0;

	if (!bpftool)
		exp__check(r, false, "there is a bpftool", "none in PATH");
	if (!objects || !pattern || glob(pattern, 0, NULL, &sources))
		exp__check(r, false, "the build has objects of experiments", "none in %s",
			   objects ? objects : "its folder");
	for (size_t i = 0; bpftool && objects && i < sources.gl_pathc; i++) {
		char *source = sources.gl_pathv[i], *slash = strrchr(source, '/');
		char *name = strndup(slash + 1, strlen(slash + 1) - strlen(".bpf.c"));

		*slash = '\0'; /* the folder */
		/* Others are objects that libbpf is to refuse: their loader opens the bytes. */
		if (name && str_ends(source, name) &&
		    source[strlen(source) - strlen(name) - 1] == '/') {
			check_experiment(r, bpftool, source, name, objects);
			checked++;
		}
		free(name);
	}
	record__metric(r, "objects", "", (double)checked);
	globfree(&sources);
	free(bpftool);
	free(objects);
	free(pattern);
	return exp__emit(e, r);
}
