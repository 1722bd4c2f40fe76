// SPDX-License-Identifier: GPL-2.0-only
#include "guest/objects.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "model/expect.h"

int object__open(const struct experiment *ex, struct bpf_object **out)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	const void *bytes;
	size_t size;
	char *name = strdup(ex->name);

	if (!name)
		return -ENOMEM;
	/* Names of maps begin with it, and the kernel takes no '-' there. */
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	opts.object_name = name;
	bytes = ex->elf_bytes(&size);
	*out = bpf_object__open_mem(bytes, size, &opts);
	free(name);
	return *out ? 0 : -errno;
}

void object__choose(struct bpf_object *obj, int (*want)(void *ctx, const char *name), void *ctx)
{
	struct bpf_program *prog;

	bpf_object__for_each_program (prog, obj)
		bpf_program__set_autoload(prog, want(ctx, bpf_program__name(prog)));
}

int object__tags(const struct bpf_object *obj, const char *program, struct strv *tags)
{
	const struct btf *btf = bpf_object__btf(obj);
	__u32 n = btf ? btf__type_cnt(btf) : 0;
	int err = 0;

	for (__u32 id = 1; id < n && !err; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id), *target;
		const char *tag;

		if (!btf_is_decl_tag(t) || btf_decl_tag(t)->component_idx != -1)
			continue;
		target = btf__type_by_id(btf, t->type);
		if (!target || !btf_is_func(target) ||
		    strcmp(btf__name_by_offset(btf, target->name_off), program) != 0)
			continue;
		tag = btf__name_by_offset(btf, t->name_off);
		if (expect__is_tag(tag))
			err = strv__add(tags, tag);
	}
	return err;
}
