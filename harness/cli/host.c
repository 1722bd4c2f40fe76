// SPDX-License-Identifier: GPL-2.0-only
#include "cli/host.h"

#include <glob.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cpuinfo.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/cli.h"
#include "vm/elf.h"

/* First line that a program prints, or NULL; caller frees. */
static char *first_line(const char *prog, const char *arg)
{
	const char *const argv[] = { prog, arg, NULL };
	char *out = NULL;
	int status;

	if (proc_output(argv, &out, &status) || status) {
		free(out);
		return NULL;
	}
	out[strcspn(out, "\n")] = '\0';
	return out;
}

static void set_string(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static void add_object(json_t *o, const char *name, const char *path)
{
	char hex[HASH_HEX];
	int err = hash_file(path, hex);

	if (err)
		log_warn("%s: cannot be read: %s", path, strerror(-err));
	else
		set_string(o, name, hex);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The hash of every experiment's BPF object, by experiment, and of the files by their names. */
static json_t *objects(const struct cli *cli, const struct strv *files)
{
	static const char suffix[] = ".bpf.o";
	char *pattern = str_fmt("%s/*%s", cli->objects, suffix);
	json_t *o = json_object();
	glob_t found = { 0 };

	if (pattern && !glob(pattern, 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *base = base_name(found.gl_pathv[i]);
			char *name = strndup(base, strlen(base) - strlen(suffix));

			if (name)
				add_object(o, name, found.gl_pathv[i]);
			free(name);
		}
	}
	globfree(&found);
	free(pattern);
	for (size_t i = 0; files && i < files->n; i++)
		add_object(o, base_name(files->v[i]), files->v[i]);
	return o;
}

char *host__describe_files(const struct cli *cli, const struct strv *files)
{
	char *versions = str_fmt("%s/versions.json", cli->objects);
	char *qemu = first_line("qemu-system-x86_64", "--version"), *cpu = cpuinfo__model(), *text;
	json_t *o = versions ? json_load_file(versions, 0, NULL) : NULL;
	char guest[HASH_HEX];
	struct utsname u;

	if (!json_is_object(o)) {
		json_decref(o);
		o = json_object();
	}
	set_string(o, "assay", ASSAY_VERSION);
	set_string(o, "qemu", qemu);
	set_string(o, "cpu", cpu);
	/* What a verdict depends on: see diff/facts.h. */
	if (!elf_loaded_hash(cli->guest, guest))
		set_string(o, "guest_sha256", guest);
	json_object_set_new(o, "objects", objects(cli, files));
	if (!uname(&u))
		set_string(o, "kernel", u.release);
	json_object_set_new(o, "cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(o);
	free(versions);
	free(qemu);
	free(cpu);
	return text;
}

char *host__describe(const struct cli *cli)
{
	return host__describe_files(cli, NULL);
}
