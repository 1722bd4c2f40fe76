// SPDX-License-Identifier: GPL-2.0-only
/* E35, E36: what a kernel without BTF, or with BTF that it refuses itself, says of programs. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "session.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define LOG_SIZE    (64 << 10)

enum btf_state { BTF_ABSENT, BTF_DAMAGED, BTF_VALID };

static const char *const state_names[] = {
	[BTF_ABSENT] = "absent",
	[BTF_DAMAGED] = "damaged",
	[BTF_VALID] = "valid",
};

/* The last line of a log, without the newline; the log is cut. */
static const char *last_line(char *log)
{
	size_t len = strlen(log);
	char *start;

	while (len && log[len - 1] == '\n')
		log[--len] = '\0';
	start = strrchr(log, '\n');
	return start ? start + 1 : log;
}

/* Two opinions on the bytes of the kernel's BTF, neither of which asks what the kernel made of them
 * when it first loaded a program: libbpf's, and that of BPF_BTF_LOAD, which checks what any program
 * brings with it as strictly as its own. */
static enum btf_state judge_bytes(struct exp *e, struct record *r, const char *bytes, size_t size)
{
	LIBBPF_OPTS(bpf_btf_load_opts, opts);
	struct btf *btf = btf__new(bytes, (__u32)size);
	int parsed = btf ? 0 : -errno, loaded;
	char *log = calloc(1, LOG_SIZE);

	opts.log_buf = log;
	opts.log_size = log ? LOG_SIZE : 0;
	opts.log_level = log ? 1 : 0;
	loaded = bpf_btf_load(bytes, size, &opts);
	/* The log has a line for each type; a full one is no verdict. */
	if (loaded == -ENOSPC)
		loaded = bpf_btf_load(bytes, size, NULL);
	record__label(r, "libbpf", exp__err_name(parsed));
	record__label(r, "btf_load", exp__err_name(loaded < 0 ? loaded : 0));
	if (loaded < 0 && log) {
		exp__text(e, "kernel_btf", "log", log, strlen(log));
		exp__observed(r, loaded, "%s", last_line(log));
	}
	if (loaded >= 0)
		close(loaded);
	free(log);
	btf__free(btf);
	return parsed || loaded < 0 ? BTF_DAMAGED : BTF_VALID;
}

static int look_at_btf(struct exp *e, enum btf_state *state)
{
	bool configured = exp__has(e, NEED_CONFIG, "CONFIG_DEBUG_INFO_BTF");
	struct record *r = exp__measurement(e, "kernel_btf");
	char *bytes = NULL;
	size_t size = 0;

	*state = BTF_ABSENT;
	if (!file_read(VMLINUX_BTF, 0, &bytes, &size))
		*state = judge_bytes(e, r, bytes, size);
	record__label(r, "state", state_names[*state]);
	record__metric(r, "size", "bytes", (double)size);
	exp__check(r, configured == (*state != BTF_ABSENT),
		   VMLINUX_BTF " is there if CONFIG_DEBUG_INFO_BTF is set", "%s, %s",
		   configured ? "set" : "not set", state_names[*state]);
	free(bytes);
	return exp__emit(e, r);
}

/* --- through libbpf ---------------------------------------------------------------------- */

static void check_runs(struct record *r, struct session *s)
{
	struct bpf_link *link;

	/* The object's own kprobe program has no function in its section. */
	if (bpf_program__type(s->prog) == BPF_PROG_TYPE_KPROBE)
		link = bpf_program__attach_kprobe(s->prog, false, "__x64_sys_getpgid");
	else
		link = bpf_program__attach(s->prog);
	exp__check(r, link != NULL, "it attaches", "%s", exp__err_name(link ? 0 : -errno));
	s->g->caller = exp__this_thread();
	syscall(SYS_getpgid, 0);
	s->g->caller = 0;
	exp__check(r, s->g->runs == 1, "and runs, once for a call", "%llu", s->g->runs);
	bpf_link__destroy(link);
}

/* What absent, damaged and valid BTF lead to are records of different names: "absent_btf_fentry".
 */
static void name_record(char name[48], enum btf_state state, const char *what)
{
	snprintf(name, 48, "%s_btf_%s", state_names[state], what);
}

struct load_case {
	const char *name, *prog;
	struct {
		int err;
		const char *says; /* libbpf; of several lines, the one that is the message */
	} expect[BTF_VALID + 1];
};

/* Where the kernel's BTF is damaged, libbpf gets no program of its own through, either, and
 * gives up before it comes to ours. */
#define NOTHING_LOADS -EINVAL, "Couldn't load trivial BPF program"

static const struct load_case load_cases[] = {
	{ "fentry",
	  "fentry_getpgid",
	  { [BTF_ABSENT] = { -ESRCH, "Error loading vmlinux BTF: -3" },
	    [BTF_DAMAGED] = { NOTHING_LOADS } } },
	{ "kprobe", "kprobe_count", { [BTF_DAMAGED] = { NOTHING_LOADS } } },
};

static int measure_load(struct exp *e, const struct load_case *c, enum btf_state state)
{
	const char *says = c->expect[state].says;
	int want = c->expect[state].err, err;
	struct session s;
	struct record *r;
	char name[48];

	name_record(name, state, c->name);
	r = exp__measurement(e, name);
	err = attach_errors__load(&s, c->prog);
	record__label(r, "load", exp__err_name(err));
	exp__check(r, err == want, want ? "loading fails as it must" : "the program is loaded",
		   "%s, expected %s", exp__err_name(err), exp__err_name(want));
	if (err && says) {
		char *line = attach_errors__line(s.said, says);

		attach_errors__says(r, "libbpf", s.said, says);
		exp__observed(r, err, "%s", line ? line : "");
		free(line);
	}
	if (err && state == BTF_ABSENT)
		attach_errors__says(r, "libbpf", s.said, "failed to find valid kernel BTF");
	if (err && s.said)
		exp__text(e, name, "libbpf", s.said, strlen(s.said));
	if (s.prog)
		check_runs(r, &s);
	attach_errors__close(&s);
	return exp__emit(e, r);
}

/* --- without libbpf ---------------------------------------------------------------------- */

static const struct bpf_insn return_0[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

#define MALFORMED "in-kernel BTF is malformed"

/* A program that wants nothing of BTF. */
static int load_plain(struct exp *e, enum btf_state state)
{
	static const char *const accepted[] = { "assay:accept:*", NULL };
	static const char *const malformed[] = { "assay:reject:*:EINVAL:" MALFORMED, NULL };

	char name[48];

	name_record(name, state, "raw_kprobe");
	return exp__load_record(e, name, BPF_PROG_TYPE_KPROBE, return_0, ARRAY_SIZE(return_0),
				state == BTF_DAMAGED ? malformed : accepted);
}

/* fentry on the first type of the kernel's BTF, whatever it is: no function, if there is any. */
static int load_fentry(struct exp *e, enum btf_state state)
{
	static const char *const says[] = {
		/* The text is of a time when only programs could be without BTF. */
		[BTF_ABSENT] = "FENTRY/FEXIT program can only be attached to another program "
			       "annotated with BTF",
		[BTF_DAMAGED] = MALFORMED,
		[BTF_VALID] = "attach_btf_id 1 is not a function",
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = 1);
	char log[4096] = "", name[48], *line;
	struct record *r;
	int fd, err;

	name_record(name, state, "raw_fentry");
	r = exp__measurement(e, name);
	opts.log_buf = log;
	opts.log_size = sizeof(log);
	opts.log_level = 1;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "raw_fentry", "GPL", return_0,
			   ARRAY_SIZE(return_0), &opts);
	err = fd < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	line = attach_errors__line(log, says[state]);
	record__label(r, "load", exp__err_name(err));
	exp__observed(r, err, "%s", line && *line ? line : log);
	exp__check(r, err == -EINVAL, "BPF_PROG_LOAD fails with EINVAL", "%s", exp__err_name(err));
	attach_errors__says(r, "the verifier", log, says[state]);
	free(line);
	return exp__emit(e, r);
}

int attach_errors__btf(struct exp *e, bool *loads)
{
	enum btf_state state;
	int err = look_at_btf(e, &state);

	*loads = state != BTF_DAMAGED;
	for (size_t i = 0; !err && i < ARRAY_SIZE(load_cases); i++)
		err = measure_load(e, &load_cases[i], state);
	if (!err)
		err = load_plain(e, state);
	return err ? err : load_fentry(e, state);
}
