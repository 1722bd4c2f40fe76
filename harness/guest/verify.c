// SPDX-License-Identifier: GPL-2.0-only
#include "guest/verify.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
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
};

/* A program on its way: what had to be left out so far. */
struct attempt {
	const char *name;
	char *bytes; /* with externs made weak that it does not use */
	struct strv maps;
	struct verify_failure *why_no_map; /* of each */
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
	err = object__open_mem(v->e->def->name, bytes, v->size, obj);
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

static void attempt__release(struct attempt *a)
{
	for (size_t i = 0; i < a->maps.n; i++)
		verify_failure__release(&a->why_no_map[i]);
	free(a->why_no_map);
	strv__free(&a->maps);
	verify_failure__release(&a->failure);
	free(a->bytes);
}

/* Once more without the map: should the program come by it, the verifier says so. */
static int leave_out_map(struct attempt *a, const char *map)
{
	struct verify_failure *list =
		reallocarray(a->why_no_map, a->maps.n + 1, sizeof(*a->why_no_map));
	int err = -ENOMEM;

	if (list) {
		a->why_no_map = list;
		list[a->maps.n] = a->failure;
		err = strv__add(&a->maps, map);
	}
	if (!err)
		a->failure = (struct verify_failure){ 0 };
	a->again = !err;
	return err;
}

/* Once more without the extern, if the program does not use it. */
static int leave_out_extern(struct verify *v, struct attempt *a, const char *name)
{
	int uses = object__uses(v->bytes, v->size, a->name, name);

	if (uses == -ENOMEM)
		return uses;
	if (uses || object__weaken(a->bytes, v->size, name))
		return 0;
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
	if (!err && c.failure == FAILURE_MAP && c.name && !strv__has(&a->maps, c.name))
		err = leave_out_map(a, c.name);
	else if (!err && c.name && strstr(c.line, "extern "))
		err = leave_out_extern(v, a, c.name);
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

/* The kernel refused it. */
static int explain_refusal(struct attempt *a, struct bpf_object *obj,
			   const struct bpf_program *prog, const struct libbpf_messages *m,
			   const struct load_result *r)
{
	struct bpf_map *map;
	int index, n = 0, err = verify_failure__after(r, prog, m, &index, &a->failure);

	if (err || index < 0)
		return err;
	bpf_object__for_each_map (map, obj)
		if (n++ == index)
			for (size_t i = 0; i < a->maps.n; i++)
				if (strcmp(a->maps.v[i], bpf_map__name(map)) == 0)
					return take_over(&a->failure, &a->why_no_map[i]);
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
	int err = object__tags(obj, a->name, &info.tags);

	if (!err)
		err = program__report(v->e, &info, r, m);
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
	for (size_t i = 0; i < a->maps.n; i++)
		bpf_map__set_autocreate(bpf_object__find_map_by_name(obj, a->maps.v[i]), false);
	bpf_program__set_log_level(prog, 1);
	bpf_program__set_log_buf(prog, log, sizeof(log));
	err = load__object(obj, a->name, v->e->repeats, kfacts__btf(v->e->kernel), &m, &r);
	/* The result says more than libbpf's; only our own want of memory ends here. */
	err = err == -ENOMEM && r.err != ENOMEM ? err : 0;
	if (!err && never_tried(&r))
		err = explain_trouble(v, a, obj, prog, &m, &r);
	else if (!err)
		err = explain_refusal(a, obj, prog, &m, &r);
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
	/* Ends: each time one more map or extern is left out. */
	do {
		if (!err)
			err = try_once(v, &a);
	} while (!err && a.again);
	if (err == -ENOMEM)
		exp__stop(v->e, STATUS_HARNESS, "out of memory while loading %s", name);
	attempt__release(&a);
	return err;
}

int verify__object(struct exp *e, const struct run_request *rq)
{
	struct verify v = { .e = e, .rq = rq };
	int err = file_read(rq->object, 0, &v.bytes, &v.size);

	if (err)
		exp__stop(e, STATUS_HARNESS, "%s can't be read: %s", rq->object, strerror(-err));
	else
		err = list_programs(&v);
	for (size_t i = rq->first; !err && i < v.names.n; i++) {
		err = sink__program(&e->sink, e->def->name, v.names.v[i], i, v.names.n);
		if (!err)
			err = verify_program(&v, v.names.v[i]);
	}
	strv__free(&v.names);
	free(v.bytes);
	return err;
}
