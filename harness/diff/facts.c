// SPDX-License-Identifier: GPL-2.0-only
#include "diff/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "store/store.h"

#define FACTS_MAX  (1 << 20)
#define CONFIG_MAX (4 << 20)

static void free_of(struct fact_of *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].experiment);
		free(v[i].value);
	}
	free(v);
}

void facts__release(struct facts *f)
{
	char *const strings[] = { f->kernel,   f->release,     f->image_key, f->build_id,
				  f->source,   f->source_hash, f->damage,    f->config_hash,
				  f->compiler, f->linker,      f->pahole,    f->assay,
				  f->clang,    f->libbpf,      f->bpftool,   f->guest };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		free(strings[i]);
	strv__free(&f->config);
	strv__free(&f->asked);
	for (size_t i = 0; i < f->nr_patches; i++) {
		free(f->patches[i].name);
		free(f->patches[i].hash);
		free(f->patches[i].change);
	}
	free(f->patches);
	free_of(f->objects, f->nr_objects);
	free_of(f->params, f->nr_params);
	*f = (struct facts){ 0 };
}

bool facts__known(const struct facts *f)
{
	return f->has_kernel || f->has_objects;
}

static const char *find(const struct fact_of *v, size_t n, const char *experiment)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].experiment, experiment))
			return v[i].value;
	return NULL;
}

const char *facts__object(const struct facts *f, const char *experiment)
{
	return find(f->objects, f->nr_objects, experiment);
}

const char *facts__params(const struct facts *f, const char *experiment)
{
	return find(f->params, f->nr_params, experiment);
}

/* --- configurations and patches --------------------------------------------------------------- */

/* What kconfig finds out about the compiler and its companions. */
static bool tells_of_tools(const char *option)
{
	static const char *const patterns[] = {
		"CC_VERSION_TEXT=*", "CC_IS_*",		 "CC_HAS_*",
		"CC_CAN_*",	     "CC_NO_*",		 "CC_IMPLICIT_*",
		"GCC_VERSION=*",     "GCC[0-9]*",	 "GCC_*_WORKAROUND=*",
		"CLANG_VERSION=*",   "AS_IS_*",		 "AS_VERSION=*",
		"AS_HAS_*",	     "AS_[A-Z]*[0-9]=y", "LD_IS_*",
		"LD_VERSION=*",	     "LLD_VERSION=*",	 "PAHOLE_*",
		"RUSTC_*",	     "TOOLS_SUPPORT_*",
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (str_glob(patterns[i], option))
			return true;
	return false;
}

static int by_string(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int facts__options(const char *config, struct strv *out)
{
	static const char prefix[] = "CONFIG_";
	struct strv lines = { 0 };
	int err = strv__split(&lines, config, "\n");

	for (size_t i = 0; !err && i < lines.n; i++) {
		const char *option = lines.v[i] + sizeof(prefix) - 1;

		if (str_starts(lines.v[i], prefix) && strchr(option, '=') &&
		    !tells_of_tools(option))
			err = strv__add(out, option);
	}
	strv__free(&lines);
	if (!err && out->n)
		qsort(out->v, out->n, sizeof(*out->v), by_string);
	return err;
}

int facts__options_hash(const struct strv *options, char hex[HASH_HEX])
{
	struct hash *h = hash__new();

	if (!h)
		return -ENOMEM;
	for (size_t i = 0; i < options->n; i++)
		hash__add_str(h, options->v[i]);
	hash__end(h, hex);
	return *hex ? 0 : -EIO;
}

/* A line of a patch that changes something, or names the file that is changed. */
static bool changes(const char *line, bool in_hunk)
{
	if (!in_hunk)
		return str_starts(line, "+++ ");
	return *line == '+' || *line == '-';
}

int facts__change_hash(const char *patch, char hex[HASH_HEX])
{
	struct hash *h = hash__new();
	bool in_hunk = false;
	size_t len;

	if (!h)
		return -ENOMEM;
	for (; *patch; patch += len + (patch[len] == '\n')) {
		len = strcspn(patch, "\n");
		/* What git writes between two files, and before its version at the end. */
		if (str_starts(patch, "diff --git ") || str_starts(patch, "-- \n"))
			in_hunk = false;
		else if (str_starts(patch, "@@ "))
			in_hunk = true;
		else if (changes(patch, in_hunk))
			hash__add(h, patch, len + (patch[len] == '\n'));
	}
	hash__end(h, hex);
	return *hex ? 0 : -EIO;
}

/* --- reading ------------------------------------------------------------------------------------
 */

struct reading {
	struct facts *f;
	char *facts, *config;
};

static int on_text(void *ctx, const struct stored_text *t)
{
	struct reading *r = ctx;
	bool config = !strcmp(t->kind, CONFIG_TEXT);
	char **to = config ? &r->config : &r->facts;
	int err;

	if (*to)
		return 0;
	err = file_read(t->path, config ? CONFIG_MAX : FACTS_MAX, to, NULL);
	/* Somebody removed texts of an old run: the rest of it still tells. */
	if (err == -ENOENT)
		return 0;
	if (err)
		log_err("%s: cannot be read: %s", t->path, strerror(-err));
	return err;
}

static int on_experiment(void *ctx, const struct stored_experiment *e)
{
	struct facts *f = ((struct reading *)ctx)->f;
	struct fact_of *v;

	if (!e->params || !strcmp(e->params, "{}") || find(f->params, f->nr_params, e->experiment))
		return 0;
	v = reallocarray(f->params, f->nr_params + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	f->params = v;
	v[f->nr_params] = (struct fact_of){ strdup(e->experiment), strdup(e->params) };
	f->nr_params++;
	return v[f->nr_params - 1].experiment && v[f->nr_params - 1].value ? 0 : -ENOMEM;
}

static int set_release(void *ctx, const struct stored_experiment *e)
{
	struct facts *f = ctx;

	if (f->release || !e->guest.release || !*e->guest.release)
		return 0;
	f->release = strdup(e->guest.release);
	if (e->guest.build_id && *e->guest.build_id && !f->build_id)
		f->build_id = strdup(e->guest.build_id);
	if (e->guest.image_key && *e->guest.image_key && !f->image_key)
		f->image_key = strdup(e->guest.image_key);
	return f->release ? 0 : -ENOMEM;
}

int facts__of_run(struct store *s, const struct run_info *run, const char *kernel,
		  struct facts *out)
{
	struct reading r = { .f = out };
	int err;

	*out = (struct facts){ 0 };
	err = store__texts(s, run->id, kernel, "", "", FACTS_TEXT, on_text, &r);
	if (!err)
		err = store__texts(s, run->id, kernel, "", "", CONFIG_TEXT, on_text, &r);
	if (!err && r.facts && facts__parse_kernel(r.facts, out))
		log_warn("run %s: what it kept of kernel %s is damaged: taken as unknown",
			 run->name, kernel);
	if (!err && r.config)
		err = strv__split(&out->config, r.config, "\n");
	if (!err && run->host)
		err = facts__parse_host(run->host, out);
	if (!err)
		err = store__experiments(s, run->id, kernel, NULL, on_experiment, &r);
	/* Kept with every record, also by runs that kept nothing else. */
	if (!err)
		err = store__experiments(s, run->id, kernel, NULL, set_release, out);
	if (!err && !out->kernel)
		err = (out->kernel = strdup(kernel)) ? 0 : -ENOMEM;
	free(r.facts);
	free(r.config);
	return err;
}
