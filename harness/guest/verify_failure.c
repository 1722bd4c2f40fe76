// SPDX-License-Identifier: GPL-2.0-only
#include "guest/verify_failure.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "guest/insn.h"
#include "guest/load.h"
#include "model/libbpf_said.h"

#define LOG_STATS 4u /* BPF_LOG_STATS */

void verify_failure__release(struct verify_failure *f)
{
	free(f->reason);
	free(f->message);
	*f = (struct verify_failure){ 0 };
}

static int found(struct verify_failure *f, enum failure kind, char *reason)
{
	f->kind = kind;
	f->reason = reason;
	return reason ? 0 : -ENOMEM;
}

/* --- before the program is loaded --------------------------------------------------------- */

static char *why_no_map(struct bpf_object *obj, const char *name, int err)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(obj, name);
	enum bpf_map_type type = map ? bpf_map__type(map) : BPF_MAP_TYPE_UNSPEC;
	const char *word = libbpf_bpf_map_type_str(type);

	if (map && libbpf_probe_bpf_map_type(type, NULL) == 0)
		return str_fmt("map '%s': the kernel does not know its type, %s", name,
			       word ? word : "a new one");
	return str_fmt("map '%s'%s%s%s can't be created: %s", name, map ? " (" : "",
		       map && word ? word : "", map ? ")" : "", errno__name(err));
}

/* What the sections of programs that attach through BTF name, and how the kernel's BTF spells it.
 */
static const struct target {
	enum bpf_prog_type type;
	enum bpf_attach_type attach; /* 0: any */
	const char *what, *prefix;
	unsigned int btf_kind;
} targets[] = {
	{ BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, "tracepoint", "btf_trace_", BTF_KIND_TYPEDEF },
	{ BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "iterator", "bpf_iter_", BTF_KIND_FUNC },
	{ BPF_PROG_TYPE_TRACING, 0, "function", "", BTF_KIND_FUNC },
	{ BPF_PROG_TYPE_LSM, 0, "LSM hook", "bpf_lsm_", BTF_KIND_FUNC },
};

static char *why_no_target(const struct bpf_program *prog, const char *name,
			   const struct btf *kernel)
{
	const struct target *t = NULL;
	char *spelled;
	bool there;

	for (size_t i = 0; !t && i < sizeof(targets) / sizeof(targets[0]); i++)
		if (targets[i].type == bpf_program__type(prog) &&
		    (!targets[i].attach ||
		     targets[i].attach == bpf_program__expected_attach_type(prog)))
			t = &targets[i];
	if (!t)
		return str_fmt("'%s' is not in the kernel's BTF", name);
	spelled = str_fmt("%s%s", t->prefix, name);
	if (!spelled)
		return NULL;
	there = btf__find_by_name_kind(kernel, spelled, t->btf_kind) > 0;
	free(spelled);
	return there ? str_fmt("libbpf can't use the %s '%s', although it is in the kernel's BTF",
			       t->what, name)
		     : str_fmt("the kernel has no %s '%s' in its BTF", t->what, name);
}

static char *why_no_btf(const struct libbpf_cause *c, const struct bpf_program *prog,
			const struct btf *kernel)
{
	if (!kernel)
		return str_fmt("the kernel has no BTF%s%s%s", c->name ? ", where '" : "",
			       c->name ? c->name : "", c->name ? "' is looked for" : "");
	if (!c->name)
		return strdup(c->line);
	if (strstr(c->line, "kernel BTF type ID"))
		return why_no_target(prog, c->name, kernel);
	if (strstr(c->line, "struct_ops"))
		return str_fmt("the kernel's BTF does not have what struct_ops needs: %s", c->line);
	if (strstr(c->line, "incompatible"))
		return str_fmt("variable '%s' is of another type in the kernel's BTF", c->name);
	if (strstr(c->line, "(strong)"))
		return str_fmt("the kernel has no symbol '%s'", c->name);
	return str_fmt("the kernel's BTF has no variable '%s'", c->name);
}

static char *why_no_option(const struct libbpf_cause *c)
{
	if (!c->name)
		return strdup("the kernel does not tell its configuration (/proc/config.gz)");
	if (strstr(c->line, "not resolved"))
		return str_fmt("%s is not set in the kernel's configuration", c->name);
	return str_fmt("%s can't be had from the kernel's configuration: %s", c->name, c->line);
}

static int why_not(const struct libbpf_cause *c, int err, struct bpf_object *obj,
		   const struct bpf_program *prog, const struct btf *kernel,
		   struct verify_failure *out)
{
	enum failure kind = c->failure;

	switch (kind) {
	case FAILURE_MAP:
		return found(out, kind, why_no_map(obj, c->name, err));
	case FAILURE_KFUNC:
		return found(out, kind,
			     str_fmt(strstr(c->line, "incompatible")
					     ? "kernel function '%s' has another prototype there"
					     : "the kernel has no function '%s' in its BTF",
				     c->name));
	case FAILURE_KCONFIG:
		return found(out, kind, why_no_option(c));
	case FAILURE_BTF:
		return found(out, kind, why_no_btf(c, prog, kernel));
	case FAILURE_ATTACH_TARGET:
		return found(out, kind,
			     strdup(strstr(c->line, "attach program FD")
					    ? "the program that it replaces a function of is not "
					      "loaded, and not named in the object"
					    : "its section names no target to attach to"));
	case FAILURE_OTHER:
		return found(out, kind,
			     str_fmt("libbpf %s knows no program type for section '%s'",
				     libbpf_version_string(), c->name));
	default:
		return found(out, FAILURE_OTHER,
			     str_fmt("libbpf did not load it: %s", errno__name(err)));
	}
}

int verify_failure__before(const struct libbpf_cause *c, int err, struct bpf_object *obj,
			   const struct bpf_program *prog, const struct btf *kernel,
			   struct verify_failure *out)
{
	int ret = why_not(c, err, obj, prog, kernel, out);

	out->err = err;
	if (ret || !c->line)
		return ret;
	out->message = strdup(c->line);
	return out->message ? 0 : -ENOMEM;
}

/* --- after the kernel refused it ----------------------------------------------------------- */

/* Does a program that does nothing, of that type and so on, get as far as to the verifier? */
static bool reaches_verifier(const struct bpf_program *prog, unsigned int attach_type,
			     unsigned int flags)
{
	const struct bpf_insn nothing[] = { INSN_MOV(BPF_REG_0, 1), INSN_EXIT };
	char log[4096] = "";
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_level = LOG_STATS, .log_buf = log,
		    .log_size = sizeof(log));
	int fd;

	opts.expected_attach_type = attach_type;
	opts.prog_flags = flags;
	fd = bpf_prog_load(bpf_program__type(prog), "nothing", "GPL", nothing, 2, &opts);
	if (fd >= 0)
		close(fd);
	return fd >= 0 || *log;
}

/* Types whose programs can't be loaded without a target. */
static bool attaches_by_btf(enum bpf_prog_type type)
{
	return type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM ||
	       type == BPF_PROG_TYPE_EXT || type == BPF_PROG_TYPE_STRUCT_OPS;
}

static const char *or_new(const char *word)
{
	return word ? word : "a new one";
}

/* The verifier did not begin: it has written nothing, not even its statistics. */
static int refused(const struct load_result *r, const struct bpf_program *prog,
		   struct verify_failure *out)
{
	enum bpf_prog_type type = bpf_program__type(prog);

	if (libbpf_probe_bpf_prog_type(type, NULL) == 0)
		return found(out, FAILURE_PROG_TYPE,
			     str_fmt("the kernel does not know the program type %s",
				     or_new(libbpf_bpf_prog_type_str(type))));
	if (attaches_by_btf(type) || reaches_verifier(prog, r->attach_type, r->flags))
		return 0;
	if (!r->flags || !reaches_verifier(prog, r->attach_type, 0))
		return found(out, FAILURE_ATTACH_TARGET,
			     str_fmt("the kernel does not know the attach type %s for programs of "
				     "type %s",
				     or_new(libbpf_bpf_attach_type_str(r->attach_type)),
				     or_new(libbpf_bpf_prog_type_str(type))));
	return found(out, FAILURE_OTHER,
		     str_fmt("the kernel does not know a flag that section '%s' asks for (%#x)",
			     bpf_program__section_name(prog), r->flags));
}

static bool calls_kfunc(const struct load_result *r)
{
	for (size_t i = 0; i < r->nr_insns; i++)
		if (r->insns[i].code == (BPF_JMP | BPF_CALL) &&
		    r->insns[i].src_reg == BPF_PSEUDO_KFUNC_CALL)
			return true;
	return false;
}

int verify_failure__after(const struct load_result *r, const struct bpf_program *prog,
			  const struct libbpf_messages *m, const struct btf *kernel, int *map,
			  struct verify_failure *out)
{
	struct poison p;
	char *what;
	int err;

	*map = -1;
	if (r->verdict != VERDICT_REJECT)
		return 0;
	if (!r->log_len)
		return refused(r, prog, out);
	p = libbpf_said__poison(r->log);
	if (p.failure == FAILURE_MAP)
		*map = (int)p.map;
	if (p.failure == FAILURE_BTF) {
		what = libbpf_said__relocation(strbuf__str(&m->all), bpf_program__name(prog),
					       p.insn);
		err = found(out, FAILURE_BTF,
			    str_fmt("%s what a CO-RE relocation asks for: %s",
				    kernel ? "the kernel's BTF does not have"
					   : "the kernel has no BTF, so not",
				    what ? what : "libbpf does not say what"));
		free(what);
		return err;
	}
	/* 5.13 (e6ac2450d6de) brought calls of kernel functions; to a kernel before it such a call
	 * is one with a reserved field set. */
	if (r->message && strstr(r->message, "uses reserved fields") && calls_kfunc(r))
		return found(out, FAILURE_KFUNC,
			     strdup("the kernel knows no calls of kernel functions"));
	return 0;
}

/* "41: (85) call …" at the beginning of a line. */
static bool came_by_call(const char *log, size_t insn)
{
	char start[48];
	size_t len = (size_t)snprintf(start, sizeof(start), "%zu: (85) call", insn);

	for (const char *at = log; (at = strstr(at, start)); at += len)
		if (at == log || at[-1] == '\n')
			return true;
	return false;
}

bool verify_failure__met_weak_call(const struct load_result *r)
{
	if (r->log_len && libbpf_said__poison(r->log).failure == FAILURE_KFUNC)
		return true;
	/* Up to libbpf 1.2 such a call has no number. */
	for (size_t i = 0; r->log_len && i < r->nr_insns; i++)
		if (r->insns[i].code == (BPF_JMP | BPF_CALL) &&
		    r->insns[i].src_reg == BPF_PSEUDO_KFUNC_CALL && !r->insns[i].imm &&
		    !r->insns[i].off && came_by_call(r->log, i))
			return true;
	return false;
}
