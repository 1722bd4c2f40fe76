// SPDX-License-Identifier: GPL-2.0-only
#include "guest/runner.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/exp.h"
#include "guest/kfacts.h"
#include "guest/load.h"
#include "guest/objects.h"
#include "guest/params.h"
#include "guest/run.h"
#include "guest/verify.h"

#define DEFAULT_REPEATS 5
/* libbpf must believe that the log is taken care of (in a buffer that is never used: the loads
 * bring their own): with a level of 0 it would load a rejected program once more for the log. */
#define LIBBPF_LOG_SIZE 4096

/* The programs of an experiment and what became of them. */
struct programs {
	struct strv names, accepted;
};

static int is_name(void *ctx, const char *name)
{
	return strcmp(ctx, name) == 0;
}

static int is_accepted(void *ctx, const char *name)
{
	return strv__has(ctx, name);
}

/* Opens a fresh object in which the programs that are wanted will be loaded, and lets the
 * experiment prepare it. */
static int open_prepared(struct exp *e, int (*want)(void *ctx, const char *name), void *ctx,
			 struct libbpf_messages *m, struct bpf_object **obj)
{
	int err;

	libbpf_messages__to(m);
	err = object__open(e->def, obj);
	if (err) {
		char *why = libbpf_messages__reason(m);

		exp__stop(e, STATUS_HARNESS, "the BPF object can't be opened: %s",
			  why ? why : strerror(-err));
		free(why);
		return err;
	}
	object__choose(*obj, want, ctx);
	err = e->def->prepare ? e->def->prepare(e, *obj) : 0;
	if (err)
		exp__stop(e, STATUS_HARNESS, "prepare() failed: %s", strerror(-err));
	return err;
}

static int is_any(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 1;
}

/* Those that prepare() does not leave out: an object is opened for each of them. */
static int list_programs(struct exp *e, struct strv *names)
{
	struct libbpf_messages m = LIBBPF_MESSAGES_INIT;
	struct bpf_object *obj = NULL;
	struct bpf_program *prog;
	int err = open_prepared(e, is_any, NULL, &m, &obj);

	if (!err)
		bpf_object__for_each_program (prog, obj)
			if (!err && bpf_program__autoload(prog))
				err = strv__add(names, bpf_program__name(prog));
	libbpf_messages__to(NULL);
	bpf_object__close(obj);
	libbpf_messages__free(&m);
	return err;
}

static int load_and_report(struct exp *e, struct bpf_object *obj, struct bpf_program *prog,
			   struct libbpf_messages *m, struct load_result *r)
{
	struct program_info info = {
		.name = bpf_program__name(prog),
		.section = bpf_program__section_name(prog),
		.type = bpf_program__type(prog),
	};
	int err = object__tags(obj, info.name, &info.tags);

	if (err)
		return err;
	err = load__object(obj, info.name, e->loads, kfacts__btf(e->kernel), m, r);
	/* The loads' result says more than libbpf's; only the harness's own failure ends here. */
	if (err == -ENOMEM && r->err != ENOMEM)
		exp__stop(e, STATUS_HARNESS, "out of memory while loading %s", info.name);
	else
		err = program__report(e, &info, r, m);
	strv__free(&info.tags);
	return err;
}

/* One program by itself: a fresh object, timed loads, full log, record and texts. */
static int verify(struct exp *e, const char *name, struct strv *accepted)
{
	struct libbpf_messages m = LIBBPF_MESSAGES_INIT;
	struct bpf_object *obj = NULL;
	struct load_result r;
	struct bpf_program *prog;
	char log[LIBBPF_LOG_SIZE];
	int err;

	load_result__init(&r);
	err = open_prepared(e, is_name, (void *)name, &m, &obj);
	if (err)
		goto out;
	prog = bpf_object__find_program_by_name(obj, name);
	if (!prog || !bpf_program__autoload(prog))
		goto out;
	bpf_program__set_log_level(prog, 1);
	bpf_program__set_log_buf(prog, log, sizeof(log));
	err = load_and_report(e, obj, prog, &m, &r);
	if (!err && r.verdict == VERDICT_ACCEPT)
		err = strv__add(accepted, name);
out:
	libbpf_messages__to(NULL);
	load_result__release(&r);
	bpf_object__close(obj);
	libbpf_messages__free(&m);
	return err;
}

static int verify_all(struct exp *e, struct programs *p)
{
	int err = list_programs(e, &p->names);

	for (size_t i = 0; !err && i < p->names.n; i++) {
		char *what = str_fmt("load %s", p->names.v[i]);

		e->last_progress_ns = 0;
		exp__progress(e, i, p->names.n, what ? what : "load");
		free(what);
		err = verify(e, p->names.v[i], &p->accepted);
	}
	return err;
}

struct links {
	struct bpf_link **link;
	size_t n;
};

static int attach_all(struct exp *e, struct bpf_object *obj, size_t max, struct libbpf_messages *m,
		      struct links *links)
{
	struct bpf_program *prog;

	links->link = calloc(max + 1, sizeof(*links->link));
	if (!links->link)
		return -ENOMEM;
	bpf_object__for_each_program (prog, obj) {
		struct bpf_link *link;

		if (bpf_program__fd(prog) < 0 || links->n == max)
			continue;
		link = bpf_program__attach(prog);
		if (!link) {
			int err = errno ? -errno : -EINVAL;
			char *why = libbpf_messages__reason(m);

			exp__stop(e, STATUS_UNEXPECTED, "program %s could not be attached: %s",
				  bpf_program__name(prog), why ? why : strerror(-err));
			free(why);
			return err;
		}
		links->link[links->n++] = link;
	}
	return 0;
}

static void detach_all(struct links *links)
{
	for (size_t i = 0; i < links->n; i++)
		bpf_link__destroy(links->link[i]);
	free(links->link);
}

/* Calls measure(); what it returns without having said why is its failure. */
static int call_measure(struct exp *e, struct bpf_object *obj)
{
	int err;

	e->last_progress_ns = 0;
	exp__progress(e, 0, 0, "measure");
	err = e->def->measure(e, obj);
	if (err)
		exp__stop(e, STATUS_HARNESS, "measure() failed: %s", strerror(-err));
	else if (e->status == STATUS_OK && !e->nr_measurements)
		exp__stop(e, STATUS_HARNESS,
			  "mistake in the experiment: measure() gave no measurement");
	return err;
}

static int measure(struct exp *e, struct programs *p)
{
	struct libbpf_messages m = LIBBPF_MESSAGES_INIT;
	struct links links = { 0 };
	struct bpf_object *obj = NULL;
	struct load_result r;
	int err = 0, text_err;

	load_result__init(&r);
	if (!e->def->measure)
		return 0;
	libbpf_messages__to(&m);
	if (e->def->elf_bytes) {
		err = open_prepared(e, is_accepted, &p->accepted, &m, &obj);
		if (err)
			goto out;
		err = load__object(obj, NULL, (struct loads){ 0 }, kfacts__btf(e->kernel), &m, &r);
		if (err) {
			char *why = libbpf_messages__reason(&m);

			exp__stop(e, STATUS_HARNESS,
				  "the accepted programs could not be loaded together: %s",
				  why ? why : strerror(-err));
			free(why);
			goto out;
		}
	}
	if (obj && e->def->attach)
		err = attach_all(e, obj, p->accepted.n, &m, &links);
	if (!err)
		err = call_measure(e, obj);
out:
	libbpf_messages__to(NULL);
	text_err = m.all.len ? exp__text(e, "", "libbpf", m.all.data, m.all.len) : 0;
	detach_all(&links);
	bpf_object__close(obj);
	libbpf_messages__free(&m);
	return err ? err : text_err;
}

/* The first need that is not met makes the experiment skipped. */
static int check_needs(struct exp *e)
{
	for (const struct need *n = e->def->needs; n && n->name; n++) {
		char *why = NULL;

		if (kfacts__has(e->kernel, n->kind, n->name, &e->features, &why))
			continue;
		exp__skip(e, "%s%s%s%s", why ? why : n->name, n->why ? " (" : "",
			  n->why ? n->why : "", n->why ? ")" : "");
		free(why);
		return -ECANCELED;
	}
	return 0;
}

/* A kernel whose BTF its own verifier refuses refuses every program from then on, and libbpf only
 * guesses why. An experiment that loads nothing through us may be about just that. */
static int check_btf(struct exp *e, bool is_object)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K }, /* r0 = 0 */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char log[256] = "";

	if ((!e->def->elf_bytes && !is_object) ||
	    exp__try_load(e, "nothing", BPF_PROG_TYPE_SOCKET_FILTER, nothing,
			  sizeof(nothing) / sizeof(nothing[0]), log, sizeof(log), 1) != -EINVAL ||
	    !strstr(log, "BTF is malformed"))
		return 0;
	log[strcspn(log, "\n")] = '\0';
	exp__skip(e,
		  "the verifier refuses every program, as the kernel's BTF is damaged (%s): build "
		  "the kernel with a pahole that fits it",
		  log);
	return -ECANCELED;
}

static int set_up(struct exp *e, const struct run_request *rq)
{
	char why[512] = "";
	int err = kfacts__new(&e->kernel);

	if (err) {
		exp__stop(e, STATUS_HARNESS, "the kernel's release can't be read: %s",
			  strerror(-err));
		return err;
	}
	for (size_t i = 0; !err && i < rq->features.n; i++)
		err = strv__add(&e->features, rq->features.v[i]);
	if (!err)
		err = params__new(e->def, rq->params, &e->params, why, sizeof(why));
	if (err)
		exp__stop(e, STATUS_HARNESS, "%s", *why ? why : strerror(-err));
	return err;
}

static int send_end(const struct exp *e)
{
	return sink__send(&e->sink, json_pack("{ss ss ss ss}", "ev", "end", "experiment",
					      e->def->name, "status", status__name(e->status),
					      "reason", e->reason ? e->reason : ""));
}

int runner__run(const struct run_request *rq, const struct sink *sink)
{
	struct exp e = {
		.def = rq->ex,
		.sink = *sink,
		.status = STATUS_OK,
		.loads = { rq->repeats ? rq->repeats : DEFAULT_REPEATS, rq->precision },
	};
	struct programs p = { 0 };
	int err = sink__start(sink, rq->ex->name);

	if (err)
		return err;
	err = set_up(&e, rq);
	if (!err)
		err = check_needs(&e);
	if (!err)
		err = check_btf(&e, rq->object);
	if (!err && rq->object)
		err = verify__object(&e, rq);
	if (!err && e.def->elf_bytes)
		err = verify_all(&e, &p);
	if (!err)
		err = measure(&e, &p);
	if (err)
		exp__stop(&e, STATUS_HARNESS, "the runner failed: %s", strerror(-err));
	err = send_end(&e);
	strv__free(&p.names);
	strv__free(&p.accepted);
	strv__free(&e.features);
	params__free(e.params);
	kfacts__free(e.kernel);
	free(e.reason);
	return err;
}
