/* SPDX-License-Identifier: GPL-2.0-only */
/* Made-up facts for the tests of what compares them. */
#ifndef TESTS_UNIT_FACTS_FIXTURE_H
#define TESTS_UNIT_FACTS_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "diff/facts.h"

static inline void set_fact(char **to, const char *value)
{
	free(*to);
	*to = value ? strdup(value) : NULL;
	assert_true(!value || *to);
}

/* "name=hash=change" */
static inline void add_patch(struct facts *f, const char *name, const char *hash,
			     const char *change)
{
	f->patches = realloc(f->patches, (f->nr_patches + 1) * sizeof(*f->patches));
	assert_non_null(f->patches);
	f->patches[f->nr_patches++] =
		(struct fact_patch){ strdup(name), strdup(hash), change ? strdup(change) : NULL };
	f->has_patches = true;
}

static inline void add_of(struct fact_of **v, size_t *n, const char *experiment, const char *value)
{
	*v = realloc(*v, (*n + 1) * sizeof(**v));
	assert_non_null(*v);
	(*v)[(*n)++] = (struct fact_of){ strdup(experiment), strdup(value) };
}

static inline void set_object(struct facts *f, const char *experiment, const char *hash)
{
	for (size_t i = 0; i < f->nr_objects; i++)
		if (!strcmp(f->objects[i].experiment, experiment))
			set_fact(&f->objects[i].value, hash);
	if (!facts__object(f, experiment))
		add_of(&f->objects, &f->nr_objects, experiment, hash);
	f->has_objects = true;
}

/* All that a run keeps of a patched kernel. */
static inline struct facts made_up_facts(const char *release)
{
	struct facts f = { .has_kernel = true, .has_asked = true };

	set_fact(&f.kernel, release);
	set_fact(&f.release, release);
	f.image_key = str_fmt("key of %s", release);
	f.source = str_fmt("linux-source=%s", release);
	f.source_hash = str_fmt("hash of %s", release);
	set_fact(&f.build_id, "abcd");
	set_fact(&f.config_hash, "c1");
	set_fact(&f.compiler, "gcc 12.2.0");
	set_fact(&f.linker, "ld 2.40");
	set_fact(&f.pahole, "v1.24");
	set_fact(&f.assay, "0.1");
	set_fact(&f.clang, "clang 14");
	set_fact(&f.libbpf, "1.1.2");
	set_fact(&f.bpftool, "v7.1.0");
	set_fact(&f.guest, "g1");
	assert_int_equal(strv__add(&f.asked, "BPF=y"), 0);
	assert_int_equal(strv__add(&f.asked, "LSM=y"), 0);
	assert_int_equal(strv__add(&f.config, "BPF=y"), 0);
	assert_int_equal(strv__add(&f.config, "LSM=y"), 0);
	add_patch(&f, "0001-one.patch", "p1", "x1");
	add_patch(&f, "0002-two.patch", "p2", "x2");
	set_object(&f, "override", "o1");
	set_object(&f, "strtol", "o2");
	return f;
}

#endif
