// SPDX-License-Identifier: GPL-2.0-only
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "guest/experiment.h"
#include "memcached.skel.h"
#include "server.h"

int mc_probe__load(struct mc_probe *p, const char *program)
{
	struct bpf_program *prog;
	size_t size;
	const void *elf = memcached_bpf__elf_bytes(&size);

	*p = (struct mc_probe){ .obj = bpf_object__open_mem(elf, size, NULL) };
	if (!p->obj)
		return -errno;
	bpf_object__for_each_program (prog, p->obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), program));
	return bpf_object__load(p->obj);
}

int mc_probe__attach_usdt(struct mc_probe *p, const char *program, pid_t pid)
{
	struct bpf_program *prog = exp__loaded(p->obj, program);

	if (!prog)
		return -ENOENT;
	p->link = bpf_program__attach_usdt(prog, pid, SERVER_PATH, MC_PROVIDER, MC_PROBE, NULL);
	return p->link ? 0 : -errno;
}

int mc_probe__attach_function(struct mc_probe *p, const char *program, const char *path)
{
	struct bpf_program *prog = exp__loaded(p->obj, program);
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = MC_FUNCTION);

	if (!prog)
		return -ENOENT;
	p->link = bpf_program__attach_uprobe_opts(prog, -1, path, 0, &opts);
	return p->link ? 0 : -errno;
}

int mc_probe__attach_offset(struct mc_probe *p, const char *program, uint64_t offset)
{
	struct bpf_program *prog = exp__loaded(p->obj, program);

	if (!prog)
		return -ENOENT;
	p->link = bpf_program__attach_uprobe(prog, false, -1, SERVER_PATH, offset);
	return p->link ? 0 : -errno;
}

void mc_probe__detach(struct mc_probe *p)
{
	bpf_link__destroy(p->link);
	p->link = NULL;
}

void mc_probe__close(struct mc_probe *p)
{
	mc_probe__detach(p);
	bpf_object__close(p->obj);
	p->obj = NULL;
}

int mc_probe__map(const struct mc_probe *p, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(p->obj, name);

	return map ? bpf_map__fd(map) : -ENOENT;
}

int mc_probe__entries(const struct mc_probe *p,
		      int (*seen)(void *ctx, const struct entry *e, uint64_t n), void *ctx)
{
	int map = mc_probe__map(p, "counts"), err = map < 0 ? map : 0;
	struct entry at, next;
	bool first = true;

	while (!err && !bpf_map_get_next_key(map, first ? NULL : &at, &next)) {
		uint64_t n;

		at = next;
		first = false;
		err = bpf_map_lookup_elem(map, &at, &n);
		if (!err)
			err = seen(ctx, &at, n);
	}
	return err;
}
