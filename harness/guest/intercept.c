// SPDX-License-Identifier: GPL-2.0-only
/* Why the loads are made from inside libbpf.
 *
 * What counts is the time of BPF_PROG_LOAD, its errno and its log, for the program as libbpf
 * prepares it. bpf_object__load also creates maps, loads BTF, probes the kernel and reads its BTF,
 * and after a rejection it has closed the maps, so that the load could not be repeated. Going
 * through a fresh object for each load (as veristat does) costs all of that every time and still
 * shows neither the time nor, for certain, the errno of the call itself. So the guest program is
 * linked with -Wl,--wrap=bpf_prog_load: libbpf's call arrives here with everything in place, and is
 * made as often as wanted. */
#include "guest/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/experiment.h"
#include "guest/helpers.h"

int __real_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
			 const struct bpf_insn *insns, size_t nr_insns,
			 const struct bpf_prog_load_opts *opts);
int __wrap_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
			 const struct bpf_insn *insns, size_t nr_insns,
			 const struct bpf_prog_load_opts *opts);

/* A function that replaces another one and libbpf's print callback get no context: these two
 * pointers hold it while load__object runs, and are NULL otherwise. */
struct interception {
	const char *name; /* program to measure, or NULL */
	struct loads loads;
	const struct btf *btf;
	struct load_result *result;
	bool seen;
	int err; /* of load__measure */
};
static struct interception *active;
static struct libbpf_messages *messages_to;

static int measure(const struct load_spec *spec)
{
	struct load_result *r = active->result;
	int fd;

	active->seen = true;
	active->err = load__measure(spec, active->loads, r);
	if (active->err) {
		errno = -active->err;
		return active->err;
	}
	/* libbpf owns the descriptor that it is given. */
	fd = r->fd;
	r->fd = -1;
	if (fd >= 0)
		return fd;
	errno = r->err ? r->err : EINVAL;
	return -errno;
}

int __wrap_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
			 const struct bpf_insn *insns, size_t nr_insns,
			 const struct bpf_prog_load_opts *opts)
{
	struct bpf_insn *patched = NULL;
	int ret, err;

	if (!active)
		return __real_bpf_prog_load(type, name, license, insns, nr_insns, opts);
	if (helpers__used(insns, nr_insns)) {
		patched = malloc(nr_insns * sizeof(*patched));
		if (!patched)
			return -ENOMEM;
		memcpy(patched, insns, nr_insns * sizeof(*patched));
		helpers__patch(patched, nr_insns, active->btf);
	}
	/* libbpf also loads tiny programs of its own, without a name or with another one, to probe
	 * what the kernel supports. */
	if (active->name && name && !active->seen && strcmp(name, active->name) == 0) {
		const struct load_spec spec = {
			.type = type,
			.name = name,
			.license = license,
			.insns = patched ? patched : insns,
			.nr_insns = nr_insns,
			.opts = opts,
		};

		ret = measure(&spec);
	} else {
		ret = __real_bpf_prog_load(type, name, license, patched ? patched : insns, nr_insns,
					   opts);
	}
	err = errno;
	free(patched);
	errno = err;
	return ret;
}

static int collect(enum libbpf_print_level level, const char *fmt, va_list args)
{
	va_list again;

	if (!messages_to)
		return 0;
	va_copy(again, args);
	strbuf__addv(&messages_to->all, fmt, args);
	if (level == LIBBPF_WARN)
		strbuf__addv(&messages_to->warnings, fmt, again);
	va_end(again);
	return 0;
}

void libbpf_messages__free(struct libbpf_messages *m)
{
	strbuf__free(&m->all);
	strbuf__free(&m->warnings);
}

void libbpf_messages__to(struct libbpf_messages *m)
{
	messages_to = m;
	libbpf_set_print(collect);
}

char *exp__libbpf_said(void)
{
	if (!messages_to || !messages_to->warnings.len)
		return NULL;
	return strbuf__detach(&messages_to->warnings);
}

/* Warnings that only say what came of an earlier one, or that libbpf got over it. */
static bool is_consequence(const char *line, size_t len)
{
	static const char *const words[] = {
		"failed to load object",     "failed to prepare load attributes",
		": failed to load: ",	     "failed to load BPF skeleton",
		"BTF is optional, ignoring", "Retrying without BTF",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(line, len, words[i], strlen(words[i])))
			return true;
	return false;
}

char *libbpf_messages__reason(const struct libbpf_messages *m)
{
	static const char prefix[] = "libbpf: ";
	const char *best = NULL;
	size_t best_len = 0;

	for (const char *line = strbuf__str(&m->warnings); *line;) {
		size_t len = strcspn(line, "\n");

		if (str_starts(line, prefix) && !is_consequence(line, len)) {
			best = line + strlen(prefix);
			best_len = len - strlen(prefix);
		}
		line += len;
		if (*line)
			line++;
	}
	return best ? strndup(best, best_len) : NULL;
}

int load__object(struct bpf_object *obj, const char *name, struct loads loads,
		 const struct btf *btf, struct libbpf_messages *messages, struct load_result *r)
{
	struct interception in = { .name = name, .loads = loads, .btf = btf, .result = r };
	int err;

	libbpf_messages__to(messages);
	active = &in;
	err = bpf_object__load(obj);
	active = NULL;
	if (in.err)
		return in.err;
	if (name && !in.seen && !r->trouble) {
		r->err = err < 0 ? -err : 0;
		r->trouble = libbpf_messages__reason(messages);
		if (!r->trouble)
			r->trouble = str_fmt("libbpf did not load it: %s", strerror(r->err));
	}
	return err;
}
