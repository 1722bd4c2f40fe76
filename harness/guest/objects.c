// SPDX-License-Identifier: GPL-2.0-only
#include "guest/objects.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "model/expect.h"

/* A .rodata that holds nothing but constants without a name is described by an empty DATASEC (LLVM,
 * D84002). Kernels before 5.12 (13ca51d5eb35) refuse such BTF as a whole, and libbpf goes on
 * without any: the verifier's log then has no source lines. A "const void" is as long and says as
 * much. */
static void mend_btf(char *data, size_t size)
{
	static const struct btf_type const_void = { .info = BTF_KIND_CONST << 24 };
	struct btf *btf = btf__new(data, (__u32)size);
	__u32 raw_size, n = btf ? btf__type_cnt(btf) : 0;
	const char *raw = btf ? btf__raw_data(btf, &raw_size) : NULL;

	for (__u32 id = 1; raw && id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_is_datasec(t) && !btf_vlen(t))
			memcpy(data + ((const char *)t - raw), &const_void, sizeof(const_void));
	}
	btf__free(btf);
}

/* Mends the BTF in a copy of an object's file; what is wrong with the file is for libbpf to say. */
static void mend_object(char *bytes, size_t size)
{
	Elf_Scn *section = NULL;
	size_t names;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_memory(bytes, size);
	if (!elf || elf_getshdrstrndx(elf, &names))
		goto out;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr head;
		const char *name;

		if (!gelf_getshdr(section, &head))
			continue;
		name = elf_strptr(elf, names, head.sh_name);
		if (name && !strcmp(name, ".BTF") && head.sh_offset <= size &&
		    head.sh_size <= size - head.sh_offset)
			mend_btf(bytes + head.sh_offset, head.sh_size);
	}
out:
	elf_end(elf);
}

int object__open_mem(const char *named, const void *bytes, size_t size, const char *btf_path,
		     struct bpf_object **out)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	char *name = strdup(named), *copy = NULL;
	int err = -ENOMEM;

	if (!name)
		goto out;
	/* Names of maps begin with it, and the kernel takes no '-' there. */
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	opts.object_name = name;
	opts.btf_custom_path = btf_path;
	copy = malloc(size);
	if (!copy)
		goto out;
	memcpy(copy, bytes, size);
	mend_object(copy, size);
	*out = bpf_object__open_mem(copy, size, &opts);
	err = *out ? 0 : -errno;
out:
	free(copy);
	free(name);
	return err;
}

int object__open(const struct experiment *ex, struct bpf_object **out)
{
	size_t size;
	const void *bytes = ex->elf_bytes(&size);

	return object__open_mem(ex->name, bytes, size, NULL, out);
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
