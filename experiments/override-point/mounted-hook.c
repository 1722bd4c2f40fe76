// SPDX-License-Identifier: GPL-2.0-only
#include "mounted-hook.h"

#include "point.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fail-function.h"
#include "guest/experiment.h"
#include "guest/hook.h"
#include "override-point.skel.h"

/* --- which programs ---------------------------------------------------------------------- */

static const char *const hook_programs[] = {
	[POINT_OPTIMISED] = "override",
	[POINT_INT3] = "override",
	[POINT_FTRACE] = "override",
	[POINT_MULTI] = "override_multi",
	[POINT_FMOD_RET] = "modify",
	[POINT_FAIL_FUNCTION] = NULL,
	[POINT_NONE] = NULL,
};
static const char *const companion_programs[] = {
	[COMPANION_NONE] = NULL,
	[COMPANION_KPROBE] = "beside_kprobe",
	[COMPANION_KPROBE_FIRST] = "beside_kprobe",
	[COMPANION_KRETPROBE] = "beside_kretprobe",
	[COMPANION_KRETPROBE_FIRST] = "beside_kretprobe",
	[COMPANION_FENTRY] = "beside_fentry",
	[COMPANION_FEXIT] = "beside_fexit",
};
static const char *const nesting_programs[] = {
	[NESTING_NONE] = NULL,
	[NESTING_PROGRAM] = "around_tracepoint",
	[NESTING_KPROBE] = "around_kprobe",
	[NESTING_SYSCALL] = NULL,
};

static bool same(const char *name, const char *program)
{
	return name && !strcmp(name, program);
}

/* Programs of trampolines have their own way (see load_afresh). */
static bool is_traced(const char *program)
{
	return same("modify", program) || same("beside_fentry", program) ||
	       same("beside_fexit", program);
}

bool mounted_hook__wants(const struct exp *e, const char *program)
{
	return !is_traced(program) && (same(hook_programs[point__hook(e)], program) ||
				       same(companion_programs[point__companion(e)], program) ||
				       same(nesting_programs[point__nesting(e)], program));
}

bool mounted_hook__has_hits(const struct point *p)
{
	return p->hook == POINT_INT3 || p->hook == POINT_OPTIMISED || p->hook == POINT_FTRACE;
}

bool mounted_hook__has_program(const struct point *p)
{
	return hook_programs[p->hook];
}

/* --- trampolines ------------------------------------------------------------------------- */

/* Loads one program with the point's globals. In 5.10 a program of a trampoline is attached once:
 * the first link takes the trampoline along (since 5.13 it does not). And what it is to be attached
 * to is known before it is loaded. */
static int load_afresh(const struct point *p, const char *program, struct bpf_object **out)
{
	size_t size;
	const void *elf = override_point_bpf__elf_bytes(&size);
	struct bpf_object *obj = bpf_object__open_mem(elf, size, NULL);
	const struct bpf_map *globals = bpf_object__find_map_by_name(p->obj, ".bss");
	struct bpf_program *prog;
	struct bpf_map *map;
	int err;

	*out = obj;
	if (!obj)
		return -errno;
	bpf_object__for_each_program (prog, obj)
		bpf_program__set_autoload(prog, same(program, bpf_program__name(prog)));
	bpf_map__set_autocreate(bpf_object__find_map_by_name(obj, "trie"), false);
	bpf_map__set_autocreate(bpf_object__find_map_by_name(obj, "hash"), false);
	map = bpf_object__find_map_by_name(obj, ".bss");
	err = bpf_map__reuse_fd(map, bpf_map__fd(globals));
	if (!err)
		err = bpf_program__set_attach_target(bpf_object__find_program_by_name(obj, program),
						     0, p->target.symbol);
	return err ? err : bpf_object__load(obj);
}

static int attach_traced(const struct point *p, const char *program, struct bpf_object **obj,
			 struct bpf_link **link)
{
	int err = load_afresh(p, program, obj);

	if (err)
		return err;
	*link = bpf_program__attach_trace(bpf_object__find_program_by_name(*obj, program));
	return *link ? 0 : -errno;
}

/* --- attaching --------------------------------------------------------------------------- */

/* Lines that only say what came of an earlier one, and the frame around the verifier's log. */
static bool says_nothing(const char *line)
{
	static const char *const parts[] = { "failed to load object",
					     ": failed to load: ", "PROG LOAD LOG", "processed " };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(line, parts[i]))
			return true;
	return !*line;
}

/* What libbpf, or the verifier through it, said last, without the speaker's name. Caller frees. */
static char *last_words(int err)
{
	char *said = exp__libbpf_said(), *line, *save = NULL;
	const char *words = strerror(-err);
	char *out;

	for (line = said ? strtok_r(said, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "libbpf: ", 8))
			line += 8;
		if (!says_nothing(line))
			words = line;
	}
	out = strdup(words);
	free(said);
	return out;
}

static int attach_multi(struct mounted_hook *h, const struct point *p)
{
	LIBBPF_OPTS(bpf_kprobe_multi_opts, opts);
	const char *symbol = p->target.symbol;
	const struct bpf_program *prog = exp__loaded(p->obj, "override_multi");

	if (!prog)
		return -ENOENT;
	opts.syms = &symbol;
	opts.cnt = 1;
	h->links[0] = bpf_program__attach_kprobe_multi_opts(prog, NULL, &opts);
	return h->links[0] ? 0 : -errno;
}

static int attach_hook(struct mounted_hook *h, const struct point *p)
{
	const struct bpf_program *prog;

	switch (p->hook) {
	case POINT_MULTI:
		return attach_multi(h, p);
	case POINT_FMOD_RET:
		return attach_traced(p, "modify", &h->objs[0], &h->links[0]);
	case POINT_FAIL_FUNCTION:
		return fail_function__inject(&h->injection, p->target.symbol, p->state->result,
					     p->by_breakpoint, &h->reason);
	case POINT_NONE:
		return 0;
	default:
		prog = exp__loaded(p->obj, "override");
		return prog ? hook__attach(prog, p->target.symbol, &h->event) : -ENOENT;
	}
}

static int attach_kprobe(const struct point *p, const char *program, const char *symbol,
			 struct bpf_link **link)
{
	const struct bpf_program *prog = exp__loaded(p->obj, program);

	if (!prog)
		return -ENOENT;
	*link = bpf_program__attach_kprobe(prog, same("beside_kretprobe", program), symbol);
	return *link ? 0 : -errno;
}

static int attach_companion(struct mounted_hook *h, const struct point *p, bool first)
{
	bool is_first =
		p->companion == COMPANION_KPROBE_FIRST || p->companion == COMPANION_KRETPROBE_FIRST;
	const char *program = companion_programs[p->companion];
	int err;

	if (!program || first != is_first)
		return 0;
	if (is_traced(program))
		err = attach_traced(p, program, &h->objs[1], &h->links[1]);
	else
		err = attach_kprobe(p, program, p->target.symbol, &h->links[1]);
	if (err) {
		char *why = last_words(err);

		exp__skip(p->e, "the companion can't be attached to %s: %s: %s", p->target.symbol,
			  exp__err_name(err), why ? why : "");
		free(why);
		return -ECANCELED;
	}
	return 0;
}

/* A kprobe in a function without an ftrace entry is an int3: inside of its handlers a kprobe on
 * ftrace is found to be one too many, and counted. (Inside of another one on ftrace it is not even
 * looked at.) */
int mounted_hook__surround(struct mounted_hook *h, const struct point *p)
{
	const char *program = nesting_programs[p->nesting];
	int err = -ENOENT;

	if (!program)
		return 0;
	if (p->nesting == NESTING_KPROBE) {
		const char *symbol = exp__copyout_symbol(p->e);

		err = symbol ? attach_kprobe(p, program, symbol, &h->links[2]) : -ENOENT;
	} else if (exp__loaded(p->obj, program)) {
		h->links[2] = bpf_program__attach(exp__loaded(p->obj, program));
		err = h->links[2] ? 0 : -errno;
	}
	return err ? exp__fail(p->e, err, "attach %s", program) : 0;
}

int mounted_hook__attach(struct mounted_hook *h, const struct point *p)
{
	int err = attach_companion(h, p, true);

	if (!err)
		err = mounted_hook__surround(h, p);
	if (err)
		return err;
	free(exp__libbpf_said());
	h->asked_ns = exp__now_ns();
	h->refused = attach_hook(h, p);
	h->attached_ns = exp__now_ns();
	if (h->refused && !h->reason)
		h->reason = last_words(h->refused);
	return h->refused ? 0 : attach_companion(h, p, false);
}

void mounted_hook__detach(struct mounted_hook *h)
{
	hook__detach(&h->event);
	for (size_t i = 0; i < sizeof(h->links) / sizeof(h->links[0]); i++)
		bpf_link__destroy(h->links[i]);
	for (size_t i = 0; i < sizeof(h->objs) / sizeof(h->objs[0]); i++)
		bpf_object__close(h->objs[i]);
	fail_function__remove(&h->injection);
}
