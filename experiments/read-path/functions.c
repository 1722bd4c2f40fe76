// SPDX-License-Identifier: GPL-2.0-only
/* Which functions of the read path can be probed, and in which order a read passes them. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/version.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "loader.h"
#include "model/record.h"

#define FTRACE_LIST    "/sys/kernel/tracing/available_filter_functions"
#define INJECTION_LIST "/sys/kernel/debug/error_injection/list"

/* --- one function ------------------------------------------------------------------------ */

struct facts {
	bool symbol, ftrace, btf, inject;
};

/* Which functions of the path a file lists, one in each line and first in it. Read once for all of
 * them: the kernel takes a tenth of a second to make such a list, in emulation. */
static int read_list(const char *path, bool listed[NR_STEPS])
{
	FILE *f = fopen(path, "re");
	char line[512];

	if (!f)
		return errno == ENOENT ? 0 : -errno; /* a kernel without such functions */
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, " \t\n")] = '\0';
		for (int step = 0; step < NR_STEPS; step++)
			listed[step] |= !strcmp(line, read_path__steps[step]);
	}
	fclose(f);
	return 0;
}

static int try_kprobe(struct read_path *p, int step)
{
	struct bpf_link *link = read_path__attach(p, "at_entry", false, read_path__steps[step]);
	int err = link ? 0 : -errno;

	bpf_link__destroy(link);
	return err;
}

/* What it takes to try fentry. libbpf looks functions up in the kernel's BTF, which is large: once
 * for all of them. */
struct fentry {
	struct bpf_object *obj;
	struct bpf_program *prog; /* any_fentry */
	struct btf *btf;
};

static int open_fentry(struct fentry *f)
{
	size_t size;
	const void *elf = read_path_bpf__elf_bytes(&size);

	f->obj = bpf_object__open_mem(elf, size, NULL);
	if (!f->obj)
		return -errno;
	f->prog = bpf_object__find_program_by_name(f->obj, "any_fentry");
	f->btf = btf__load_vmlinux_btf();
	return !f->prog ? -ENOENT : f->btf ? 0 : -errno;
}

static void close_fentry(struct fentry *f)
{
	bpf_object__close(f->obj);
	btf__free(f->btf);
}

#define IN_MODULE (-EXDEV)

/* libbpf's answer to a program for that function, and if it has no objection the kernel's: a
 * program that returns 0 is loaded and attached. */
static int try_fentry(const struct fentry *f, const char *function)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int err = bpf_program__set_attach_target(f->prog, 0, function), id, prog, link;

	if (err)
		return err;
	id = btf__find_by_name_kind(f->btf, function, BTF_KIND_FUNC);
	if (id < 0) /* libbpf has found it in a module's BTF */
		return id == -ENOENT ? IN_MODULE : id;
	opts.attach_btf_id = (__u32)id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "any_fentry", "GPL", insns, ARRAY_SIZE(insns),
			     &opts);
	if (prog < 0)
		return -errno;
	link = bpf_raw_tracepoint_open(NULL, prog);
	err = link < 0 ? -errno : 0;
	if (link >= 0)
		close(link);
	close(prog);
	return err;
}

/* A kprobe event asks for a symbol, and for an ftrace entry unless the kernel is built to do
 * without. */
static int kprobe_expected(struct read_path *p, const struct facts *f)
{
	if (!f->symbol)
		return -ENOENT;
	if (!f->ftrace && !exp__has(p->e, NEED_CONFIG, "CONFIG_KPROBE_EVENTS_ON_NOTRACE"))
		return -EINVAL;
	return 0;
}

/* A trampoline asks for BTF when its program is loaded (libbpf: ESRCH), and for an ftrace entry
 * when it is attached: without one there is no nop where its call could go. */
static int fentry_expected(const struct facts *f)
{
	if (!f->btf)
		return -ESRCH;
	return f->ftrace ? 0 : -EBUSY;
}

struct lists {
	bool ftrace[NR_STEPS], inject[NR_STEPS];
};

static void label_bool(struct record *r, const char *name, bool value)
{
	record__label(r, name, value ? "yes" : "no");
}

static int measure_function(struct read_path *p, const struct fentry *any, int step,
			    const struct lists *lists)
{
	const char *function = read_path__steps[step];
	struct facts f = { .symbol = p->address[step],
			   .ftrace = lists->ftrace[step],
			   .btf = exp__has(p->e, NEED_BTF_FUNC, function),
			   .inject = lists->inject[step] };
	int kprobe = try_kprobe(p, step), fentry = try_fentry(any, function);
	int want_kprobe = kprobe_expected(p, &f), want_fentry = fentry_expected(&f);
	struct record *r;
	char name[64];

	snprintf(name, sizeof(name), "function_%s", function);
	r = exp__measurement(p->e, name);
	label_bool(r, "kallsyms", f.symbol);
	label_bool(r, "ftrace", f.ftrace);
	label_bool(r, "BTF", f.btf);
	label_bool(r, "injectable", f.inject);
	if (fentry == IN_MODULE) {
		record__fail(
			r, STATUS_SKIPPED,
			"%s is in a module, and programs are only tried on the kernel's own BTF",
			function);
		return exp__emit(p->e, r);
	}
	record__label(r, "kprobe", exp__err_name(kprobe));
	record__label(r, "fentry", exp__err_name(fentry));
	exp__observed(r, 0, "kprobe: %s, fentry: %s", exp__err_name(kprobe), exp__err_name(fentry));
	exp__check(r, kprobe == want_kprobe,
		   "a kprobe attaches where kallsyms has the name, else ENOENT", "%s, expected %s",
		   exp__err_name(kprobe), exp__err_name(want_kprobe));
	exp__check(r, fentry == want_fentry,
		   "fentry attaches where BTF and ftrace have it, else ESRCH or EBUSY",
		   "%s, expected %s", exp__err_name(fentry), exp__err_name(want_fentry));
	return exp__emit(p->e, r);
}

/* --- the path ---------------------------------------------------------------------------- */

struct path {
	const char *name, *own; /* the file system's read function */
	int fd;
	bool page_cache; /* reads through mm/filemap.c */
};

static bool on_path(const struct read_path *p, const struct path *path, int step)
{
	switch (step) {
	case STEP_ksys_read: /* pread does not pass it */
	case STEP_copyout_ftrace:
		return false;
	case STEP_ext4_file_read_iter:
	case STEP_shmem_file_read_iter:
		return !strcmp(read_path__steps[step], path->own);
	case STEP_generic_file_read_iter:
	case STEP_generic_file_buffered_read:
	case STEP_filemap_read:
		return path->page_cache;
	case STEP__copy_to_iter: /* copy_page_to_iter has no copy of its own since 5.13 */
		return exp__kernel_version(p->e) >= KERNEL_VERSION(5, 13, 0);
	default:
		return true;
	}
}

static void keep_events(struct read_path *p, struct record *r, const struct path *path)
{
	uint64_t n = p->g->nr_events < MAX_EVENTS ? p->g->nr_events : MAX_EVENTS;
	double ns[MAX_EVENTS], cpus[MAX_EVENTS];
	struct strbuf text = STRBUF_INIT, names = STRBUF_INIT;

	for (uint64_t i = 0; i < n; i++) {
		struct event ev = p->g->events[i];

		ns[i] = (double)(ev.ns - p->g->events[0].ns);
		cpus[i] = (double)ev.cpu;
		strbuf__addf(&text, "%8.0f ns  cpu %llu  %s\n", ns[i], ev.cpu,
			     read_path__function(p, &ev));
		strbuf__addf(&names, "%s%s", i ? ", " : "", read_path__function(p, &ev));
	}
	exp__observed(r, 0, "%s", strbuf__str(&names));
	strbuf__free(&names);
	record__series(r, "since_first", "ns", ns, n);
	record__series(r, "cpu", "", cpus, n);
	exp__text(p->e, path->name, "log", strbuf__str(&text), text.len);
	strbuf__free(&text);
}

/* What the program noted at number i, or "nothing". */
static const char *found(const struct read_path *p, uint64_t i)
{
	if (i >= p->g->nr_events || i >= MAX_EVENTS)
		return "nothing";
	return read_path__function(p, &p->g->events[i]);
}

/* Every function on the path to which a probe is attached is hit once, in this order. */
static void check_events(struct read_path *p, struct record *r, const struct path *path,
			 struct bpf_link *const *links)
{
	const globals *g = p->g;
	uint64_t n = 0;

	for (int step = 0; step < NR_STEPS; step++) {
		char text[96];

		if (!links[step] || !on_path(p, path, step))
			continue;
		snprintf(text, sizeof(text), "number %" PRIu64 " is %s", n + 1,
			 read_path__steps[step]);
		exp__check(r, !strcmp(found(p, n), read_path__steps[step]), text, "%s",
			   found(p, n));
		n++;
	}
	exp__check(r, g->nr_events == n, "and nothing else is hit", "%llu hits", g->nr_events);
	for (uint64_t i = 1; i < n && i < MAX_EVENTS; i++)
		if (g->events[i].ns < g->events[i - 1].ns)
			exp__check(r, false, "times do not go back", "at number %" PRIu64, i + 1);
}

static int measure_path(struct read_path *p, const struct path *path)
{
	struct record *r = exp__measurement(p->e, path->name);
	struct bpf_link *links[NR_STEPS] = { NULL };
	long n = 0;

	if (path->fd < 0) {
		record__fail(r, STATUS_SKIPPED, "%s", p->no_disk);
		return exp__emit(p->e, r);
	}
	for (int step = 0; step < NR_STEPS; step++)
		links[step] = read_path__attach(p, "at_entry", false, read_path__steps[step]);
	/* The first read may find a cold cache or a page that was never mapped. */
	for (int i = 0; i < 2 && n >= 0; i++)
		n = read_path__read(p, path->fd, 0);
	for (int step = 0; step < NR_STEPS; step++)
		bpf_link__destroy(links[step]);
	exp__check(r, n == PAGE, "a page is read", "%ld", n);
	keep_events(p, r, path);
	check_events(p, r, path, links);
	return exp__emit(p->e, r);
}

int read_path__functions(struct read_path *p)
{
	const struct path paths[] = {
		{ "path_tmpfs", "shmem_file_read_iter", p->memory, false },
		{ "path_ext4", "ext4_file_read_iter", p->disk, true },
	};
	struct lists lists = { 0 };
	struct fentry any = { 0 };
	int err = open_fentry(&any);

	if (!err)
		err = read_list(FTRACE_LIST, lists.ftrace);
	if (!err)
		err = read_list(INJECTION_LIST, lists.inject);
	if (err)
		exp__fail(p->e, err, "read the kernel's BTF and lists of functions");
	for (int step = 0; !err && step < NR_STEPS; step++)
		err = measure_function(p, &any, step, &lists);
	close_fentry(&any);
	for (size_t i = 0; !err && i < ARRAY_SIZE(paths); i++)
		err = measure_path(p, &paths[i]);
	return err;
}
