// SPDX-License-Identifier: GPL-2.0-only
#include "guest/verify.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/exp.h"
#include "guest/globals.h"
#include "guest/kfacts.h"
#include "guest/load.h"
#include "guest/object_uses.h"
#include "guest/objects.h"
#include "guest/run.h"
#include "guest/verify_failure.h"
#include "model/libbpf_said.h"
#include "model/progfilter.h"

/* As in guest/runner.c. */
#define LIBBPF_LOG_SIZE 4096
/* Of Linux 6.2: headers of libbpf 1.1 need not have it. */
#define MAP_TYPE_CGRP_STORAGE 32

/* The object of the user's. */
struct verify {
	struct exp *e;
	const struct run_request *rq;
	char *bytes;
	size_t size;
	struct strv names; /* of the programs that are wanted */
	/* What is known not to be had on this kernel: is left out from then on. */
	struct strv externs, maps;
	struct verify_failure *why_no_map; /* of each */
	/* On a kernel without BTF an empty one takes its place: else libbpf would load no program
	 * of an object in which one has CO-RE relocations. */
	int btf_fd;
	char *btf_path;
};

/* A program on its way. */
struct attempt {
	const char *name;
	char *bytes; /* with externs made weak that it does not use */
	struct verify_failure failure;
	bool again;
};

/* --- opening ------------------------------------------------------------------------------- */

/* A map that its loader gives a size, or a name to be found by, can't be created as it is. */
static void mend_map(struct bpf_map *map)
{
	bpf_map__set_pin_path(map, NULL);
	if (bpf_map__max_entries(map))
		return;
	switch ((int)bpf_map__type(map)) {
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case MAP_TYPE_CGRP_STORAGE:
	case BPF_MAP_TYPE_STRUCT_OPS:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY: /* libbpf makes it as large as there are CPUs */
		break;
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		bpf_map__set_max_entries(map, (__u32)sysconf(_SC_PAGESIZE));
		break;
	default:
		bpf_map__set_max_entries(map, 1);
	}
}

static int is_name(void *ctx, const char *name)
{
	return ctx && strcmp(ctx, name) == 0;
}

/* Opens the object for the program of that name (NULL: none). -EINVAL, with the reason said, when
 * it is the object that can't be opened or set up. */
static int open_for(struct verify *v, const char *bytes, const char *name,
		    struct libbpf_messages *m, struct bpf_object **obj)
{
	struct bpf_map *map;
	char *why = NULL;
	int err;

	libbpf_messages__to(m);
	err = object__open_mem(v->e->def->name, bytes, v->size, v->btf_path, obj);
	if (err == -ENOMEM)
		return err;
	if (err) {
		why = libbpf_messages__reason(m);
		exp__stop(v->e, STATUS_UNEXPECTED, "libbpf can't open the object: %s",
			  why ? why : strerror(-err));
		free(why);
		return -EINVAL;
	}
	object__choose(*obj, is_name, (void *)name);
	bpf_object__for_each_map (map, *obj)
		mend_map(map);
	err = globals__set(*obj, v->rq->globals, &why);
	if (err == -EINVAL)
		exp__stop(v->e, STATUS_UNEXPECTED, "%s", why ? why : "a global can't be set");
	free(why);
	return err;
}

static bool is_wanted(const struct verify *v, const char *program)
{
	const json_t *patterns = v->rq->programs;
	size_t n = json_array_size(patterns);
	const char **list = calloc(n + 1, sizeof(*list));
	bool wanted = false;

	for (size_t i = 0; list && i < n; i++) {
		list[i] = json_string_value(json_array_get(patterns, i));
		if (!list[i])
			n = i;
	}
	if (list)
		wanted = progfilter__wants(list, n, v->e->def->name, program);
	free(list);
	return wanted;
}

static int list_programs(struct verify *v)
{
	struct libbpf_messages m = LIBBPF_MESSAGES_INIT;
	struct bpf_object *obj = NULL;
	struct bpf_program *prog;
	int err = open_for(v, v->bytes, NULL, &m, &obj);

	if (!err)
		bpf_object__for_each_program (prog, obj)
			if (!err && is_wanted(v, bpf_program__name(prog)))
				err = strv__add(&v->names, bpf_program__name(prog));
	libbpf_messages__to(NULL);
	if (err == -EINVAL && m.all.len)
		exp__text(v->e, "", "libbpf", m.all.data, m.all.len);
	bpf_object__close(obj);
	libbpf_messages__free(&m);
	return err;
}

/* --- one program --------------------------------------------------------------------------- */

/* Once more without the map: should the program come by it, the verifier says so. */
static int leave_out_map(struct verify *v, struct attempt *a, const char *map)
{
	struct verify_failure *list =
		reallocarray(v->why_no_map, v->maps.n + 1, sizeof(*v->why_no_map));
	int err = -ENOMEM;

	if (list) {
		v->why_no_map = list;
		err = strv__add(&v->maps, map);
	}
	if (err)
		return err;
	list[v->maps.n - 1] = a->failure;
	a->failure = (struct verify_failure){ 0 };
	a->again = true;
	return 0;
}

/* Makes the extern weak if the program does not use it: 1. It is left as it is: 0. Or -ENOMEM. */
static int leave_out_extern(const struct verify *v, struct attempt *a, const char *name)
{
	int uses = object__uses(v->bytes, v->size, a->name, name);

	if (uses == -ENOMEM)
		return uses;
	return !uses && !object__weaken(a->bytes, v->size, name);
}

static int without_extern(struct verify *v, struct attempt *a, const char *name)
{
	int err = strv__has(&v->externs, name) ? 0 : strv__add(&v->externs, name);
	int left_out = err ? err : leave_out_extern(v, a, name);

	if (left_out <= 0)
		return left_out;
	verify_failure__release(&a->failure);
	a->again = true;
	return 0;
}

/* libbpf gave up before it came to the program. */
static int explain_trouble(struct verify *v, struct attempt *a, struct bpf_object *obj,
			   const struct bpf_program *prog, const struct libbpf_messages *m,
			   const struct load_result *r)
{
	struct libbpf_cause c;
	int err = libbpf_said__cause(strbuf__str(&m->warnings), &c);

	if (!err)
		err = verify_failure__before(&c, r->err, obj, prog, kfacts__btf(v->e->kernel),
					     &a->failure);
	if (!err && c.failure == FAILURE_MAP && c.name && !strv__has(&v->maps, c.name))
		err = leave_out_map(v, a, c.name);
	else if (!err && c.name && strstr(c.line, "extern "))
		err = without_extern(v, a, c.name);
	libbpf_cause__release(&c);
	return err;
}

static int take_over(struct verify_failure *to, const struct verify_failure *from)
{
	to->kind = from->kind;
	to->err = from->err;
	to->reason = strdup(from->reason);
	to->message = strdup(from->message);
	return to->reason && to->message ? 0 : -ENOMEM;
}

/* A weak extern that libbpf could not resolve and the program uses; caller frees; NULL: none. */
static char *weak_extern(const struct verify *v, const struct attempt *a,
			 const struct libbpf_messages *m)
{
	static const char before[] = "libbpf: extern '", after[] = "' (weak): not resolved";
	char *name = NULL;

	for (const char *at = strbuf__str(&m->all); !name && (at = strstr(at, before));) {
		size_t len;

		at += strlen(before);
		len = strcspn(at, "'");
		if (!str_starts(at + len, after))
			continue;
		name = strndup(at, len);
		if (name && object__uses(v->bytes, v->size, a->name, name) <= 0) {
			free(name);
			name = NULL;
		}
	}
	return name;
}

static int explain_weak_call(const struct verify *v, struct attempt *a,
			     const struct libbpf_messages *m, const struct load_result *r)
{
	char *name;

	if (r->verdict != VERDICT_REJECT || a->failure.kind != FAILURE_NONE ||
	    !verify_failure__met_weak_call(r))
		return 0;
	name = weak_extern(v, a, m);
	a->failure.kind = FAILURE_KFUNC;
	a->failure.reason = str_fmt("the kernel has no function '%s', which is weak, and called "
				    "all the same",
				    name ? name : "of that name");
	free(name);
	return a->failure.reason ? 0 : -ENOMEM;
}

/* The kernel refused it. */
static int explain_refusal(const struct verify *v, struct attempt *a, struct bpf_object *obj,
			   const struct bpf_program *prog, const struct libbpf_messages *m,
			   const struct load_result *r)
{
	struct bpf_map *map;
	int index, n = 0,
		   err = verify_failure__after(r, prog, m, kfacts__btf(v->e->kernel), &index,
					       &a->failure);

	if (!err && index < 0)
		err = explain_weak_call(v, a, m, r);
	if (err || index < 0)
		return err;
	bpf_object__for_each_map (map, obj)
		if (n++ == index)
			for (size_t i = 0; i < v->maps.n; i++)
				if (strcmp(v->maps.v[i], bpf_map__name(map)) == 0)
					return take_over(&a->failure, &v->why_no_map[i]);
	return 0;
}

static int report(struct verify *v, const struct attempt *a, struct bpf_object *obj,
		  const struct bpf_program *prog, const struct libbpf_messages *m,
		  const struct load_result *r)
{
	struct program_info info = {
		.name = a->name,
		.section = bpf_program__section_name(prog),
		.type = bpf_program__type(prog),
		.failure = a->failure.kind == FAILURE_NONE ? NULL : &a->failure,
	};
	/* libbpf says something of every program of the object, each time. */
	bool telling = info.failure || r->trouble;
	int err = object__tags(obj, a->name, &info.tags);

	if (!err)
		err = program__report(v->e, &info, r, telling ? m : NULL);
	strv__free(&info.tags);
	return err;
}

static bool never_tried(const struct load_result *r)
{
	return r->trouble && !r->insns;
}

static int try_once(struct verify *v, struct attempt *a)
{
	struct libbpf_messages m = LIBBPF_MESSAGES_INIT;
	struct bpf_object *obj = NULL;
	struct bpf_program *prog;
	char log[LIBBPF_LOG_SIZE];
	struct load_result r;
	int err;

	a->again = false;
	load_result__init(&r);
	err = open_for(v, a->bytes, a->name, &m, &obj);
	prog = err ? NULL : bpf_object__find_program_by_name(obj, a->name);
	if (!prog)
		goto out;
	for (size_t i = 0; i < v->maps.n; i++)
		bpf_map__set_autocreate(bpf_object__find_map_by_name(obj, v->maps.v[i]), false);
	bpf_program__set_log_level(prog, 1);
	bpf_program__set_log_buf(prog, log, sizeof(log));
	err = load__object(obj, a->name, v->e->loads, kfacts__btf(v->e->kernel), &m, &r);
	/* The result says more than libbpf's; only our own want of memory ends here. */
	err = err == -ENOMEM && r.err != ENOMEM ? err : 0;
	if (!err && never_tried(&r))
		err = explain_trouble(v, a, obj, prog, &m, &r);
	else if (!err)
		err = explain_refusal(v, a, obj, prog, &m, &r);
	if (!err && !a->again)
		err = report(v, a, obj, prog, &m, &r);
out:
	libbpf_messages__to(NULL);
	load_result__release(&r);
	bpf_object__close(obj);
	libbpf_messages__free(&m);
	return err;
}

static int verify_program(struct verify *v, const char *name)
{
	struct attempt a = { .name = name, .bytes = malloc(v->size) };
	int err = a.bytes ? 0 : -ENOMEM;

	if (!err)
		memcpy(a.bytes, v->bytes, v->size);
	for (size_t i = 0; !err && i < v->externs.n; i++)
		if (leave_out_extern(v, &a, v->externs.v[i]) < 0)
			err = -ENOMEM;
	/* Ends: each time one more map or extern is left out. */
	do {
		if (!err)
			err = try_once(v, &a);
	} while (!err && a.again);
	if (err == -ENOMEM)
		exp__stop(v->e, STATUS_HARNESS, "out of memory while loading %s", name);
	verify_failure__release(&a.failure);
	free(a.bytes);
	return err;
}

static int stand_in_for_btf(struct verify *v)
{
	struct btf *empty;
	const void *raw;
	__u32 size;
	int err = -ENOMEM;

	if (kfacts__btf(v->e->kernel))
		return 0;
	empty = btf__new_empty();
	raw = empty ? btf__raw_data(empty, &size) : NULL;
	v->btf_fd = raw ? memfd_create("no-btf", MFD_CLOEXEC) : -1;
	if (v->btf_fd >= 0 && write(v->btf_fd, raw, size) == (ssize_t)size)
		v->btf_path = str_fmt("/proc/self/fd/%d", v->btf_fd);
	if (v->btf_path)
		err = 0;
	btf__free(empty);
	return err;
}

static void verify__release(struct verify *v)
{
	for (size_t i = 0; i < v->maps.n; i++)
		verify_failure__release(&v->why_no_map[i]);
	free(v->why_no_map);
	strv__free(&v->maps);
	strv__free(&v->externs);
	strv__free(&v->names);
	free(v->bytes);
	free(v->btf_path);
	if (v->btf_fd >= 0)
		close(v->btf_fd);
}

int verify__object(struct exp *e, const struct run_request *rq)
{
	struct verify v = { .e = e, .rq = rq, .btf_fd = -1 };
	int err = file_read(rq->object, 0, &v.bytes, &v.size);

	if (err)
		exp__stop(e, STATUS_HARNESS, "%s can't be read: %s", rq->object, strerror(-err));
	else
		err = stand_in_for_btf(&v);
	if (!err)
		err = list_programs(&v);
	for (size_t i = rq->first; !err && i < v.names.n; i++) {
		err = sink__program(&e->sink, e->def->name, v.names.v[i], i, v.names.n);
		if (!err)
			err = verify_program(&v, v.names.v[i]);
	}
	verify__release(&v);
	return err;
}
