// SPDX-License-Identifier: GPL-2.0-only
#include "read-tracepoint.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "bpf/trail.h"
#include "guest/experiment.h"
#include "guest/trail.h"
#include "model/record.h"
#include "read-tracepoint.skel.h"
#include "readers.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define FORMAT_DIR "/sys/kernel/tracing/events/syscalls/"

typedef struct read_tracepoint_bpf__bss globals;

/* --- the argument structs against the format files --------------------------------------- */

struct member {
	const char *name;
	unsigned int offset, size;
};

#define MEMBER(type, name)                                                           \
	{                                                                            \
#name, offsetof(struct type, name), sizeof(((struct type *)0)->name) \
	}
#define COMMON(type)                                                                               \
	MEMBER(type, common_type), MEMBER(type, common_flags), MEMBER(type, common_preempt_count), \
		MEMBER(type, common_pid), MEMBER(type, __syscall_nr)

static const struct member enter_members[] = {
	COMMON(enter_read),
	MEMBER(enter_read, fd),
	MEMBER(enter_read, buf),
	MEMBER(enter_read, count),
	{ 0 },
};
static const struct member exit_members[] = { COMMON(exit_read), MEMBER(exit_read, ret), { 0 } };

static const struct format {
	const char *event, *type; /* name of the struct */
	const struct member *members;
} formats[] = {
	{ "sys_enter_read", "enter_read", enter_members },
	{ "sys_exit_read", "exit_read", exit_members },
};

/* "	field:char * buf;	offset:24;	size:8;	signed:0;" */
static bool parse_field(const char *line, char name[64], struct member *out)
{
	const char *end = strchr(line, ';'), *start = end;

	if (strncmp(line, "\tfield:", 7) != 0 || !end)
		return false;
	while (start > line && !strchr(" *\t:", start[-1]))
		start--;
	snprintf(name, 64, "%.*s", (int)(end - start), start);
	out->name = name;
	return sscanf(end, ";\toffset:%u;\tsize:%u;", &out->offset, &out->size) == 2;
}

static const struct member *find_member(const struct member *m, const char *name)
{
	for (; m->name; m++)
		if (!strcmp(m->name, name))
			return m;
	return NULL;
}

static void check_fields(struct record *r, const struct format *f, char *text)
{
	size_t fields = 0, members = 0;
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const struct member *m;
		struct member field;
		char name[64], what[128];

		if (!parse_field(line, name, &field))
			continue;
		fields++;
		m = find_member(f->members, name);
		snprintf(what, sizeof(what), "struct %s has %s at %u, %u bytes", f->type, name,
			 field.offset, field.size);
		exp__check(r, m && m->offset == field.offset && m->size == field.size, what,
			   m ? "at %u, %u bytes" : "no such member", m ? m->offset : 0,
			   m ? m->size : 0);
	}
	while (f->members[members].name)
		members++;
	exp__check(r, fields == members, "and it has no other members", "%zu fields, %zu members",
		   fields, members);
}

static int measure_format(struct exp *e, const struct format *f)
{
	struct record *r;
	char path[128], name[64], *text = NULL;
	size_t len;
	int err;

	snprintf(path, sizeof(path), FORMAT_DIR "%s/format", f->event);
	err = file_read(path, 1 << 16, &text, &len);
	if (err)
		return exp__fail(e, err, "read %s", path);
	snprintf(name, sizeof(name), "format_%s", f->event);
	r = exp__measurement(e, name);
	err = exp__text(e, name, "log", text, len);
	check_fields(r, f, text);
	free(text);
	if (!err)
		return exp__emit(e, r);
	record__free(r);
	return err;
}

/* --- what loads and cannot be attached --------------------------------------------------- */

static const struct attach_case {
	const char *prog;
	int err;
	const char *why;
} attach_cases[] = {
	{ "enter_with_fourth_argument", -EACCES, "the struct is longer than the record" },
	{ "exit_with_buffer", -EACCES, "the exit's record ends before the buffer" },
	{ "exit_with_fd", 0, "it reads no further than the record goes" },
};

static int measure_attach(struct exp *e, struct bpf_object *obj, const struct attach_case *c)
{
	struct bpf_program *p = exp__loaded(obj, c->prog);
	struct bpf_link *link;
	struct record *r;
	char name[64];
	int err;

	if (!p)
		return exp__fail(e, -ENOENT, "find %s among the loaded programs", c->prog);
	snprintf(name, sizeof(name), "attach_%s", c->prog);
	r = exp__measurement(e, name);
	link = bpf_program__attach(p);
	err = link ? 0 : -errno;
	bpf_link__destroy(link);
	exp__observed(r, -err, "%s", err ? "ioctl(PERF_EVENT_IOC_SET_BPF) fails" : "attached");
	record__label(r, "attach", exp__err_name(err));
	exp__check(r, err == c->err, c->why, "%s", exp__err_name(err));
	return exp__emit(e, r);
}

/* --- the maps and the programs at work --------------------------------------------------- */

struct context {
	struct exp *e;
	struct bpf_object *obj;
	globals *g;
	struct bpf_link *enter, *leave;
	int wanted, wanted_u32, seen;
};

static int open_context(struct context *c)
{
	c->wanted = bpf_object__find_map_fd_by_name(c->obj, "wanted");
	c->wanted_u32 = bpf_object__find_map_fd_by_name(c->obj, "wanted_u32");
	c->seen = bpf_object__find_map_fd_by_name(c->obj, "seen");
	if (c->wanted < 0 || c->wanted_u32 < 0 || c->seen < 0 || !exp__loaded(c->obj, "enter") ||
	    !exp__loaded(c->obj, "leave"))
		return -ENOENT;
	c->g = exp__map_globals(c->obj, sizeof(*c->g));
	if (!c->g)
		return -errno;
	c->enter = bpf_program__attach(exp__loaded(c->obj, "enter"));
	if (!c->enter)
		return -errno;
	c->leave = bpf_program__attach(exp__loaded(c->obj, "leave"));
	return c->leave ? 0 : -errno;
}

static void close_context(struct context *c)
{
	bpf_link__destroy(c->enter);
	bpf_link__destroy(c->leave);
	if (c->g)
		munmap(c->g, sizeof(*c->g));
}

static int want(struct context *c, const struct wanted *w)
{
	/* The kernel takes as many bytes as the map's value has: of the address, the first four. */
	__u64 buf = w->buf;
	__u32 zero = 0;
	int err = bpf_map_update_elem(c->wanted_u32, &zero, &buf, BPF_ANY);

	return err ? err : bpf_map_update_elem(c->wanted, &zero, w, BPF_ANY);
}

static int want_nothing(struct context *c)
{
	struct wanted none = { 0 };

	return want(c, &none);
}

/* --- one read: do both sides speak of the same? ------------------------------------------ */

static void check_number(struct record *r, const char *what, uint64_t found, uint64_t expected)
{
	exp__check(r, found == expected, what, "%" PRIu64 ", in user space %" PRIu64, found,
		   expected);
}

static void check_seen(struct record *r, const struct seen *s, const struct wanted *w,
		       const char *old, const char *new, long size)
{
	check_number(r, "the file descriptor is that of the call", s->fd, w->fd);
	check_number(r, "the process is getpid()", s->tgid, w->tgid);
	check_number(r, "the thread is gettid()", s->pid, w->pid);
	check_number(r, "the address of the buffer is that of the call", s->buf, w->buf);
	check_number(r, "the size is that of the call", s->count, (uint64_t)size);
	check_number(r, "the return value is that of the call", (uint64_t)s->ret, (uint64_t)size);
	check_number(r, "on entry the system call's number is that of read", (uint64_t)s->enter_nr,
		     SYS_read);
	check_number(r, "on exit the system call's number is that of read", (uint64_t)s->exit_nr,
		     SYS_read);
	exp__check(r, !memcmp(s->before, old, SEEN_BYTES),
		   "on entry the buffer holds what it held before", "\"%.*s\"", SEEN_BYTES,
		   s->before);
	exp__check(r, !memcmp(s->after, new, SEEN_BYTES), "on exit it holds what was read",
		   "\"%.*s\"", SEEN_BYTES, s->after);
}

static const char *const event_names[NR_EVENTS] = {
	[EVENT_READ] = "read",		[EVENT_ENTER] = "sys_enter_read",
	[EVENT_VFS_READ] = "vfs_read",	[EVENT_COPYOUT] = "copyout",
	[EVENT_EXIT] = "sys_exit_read", [EVENT_RETURNED] = "returned",
};

/* One read under the programs' eyes, with two more between those of the tracepoints; event by
 * event. copyout: its name here, or NULL. 0 or -errno. */
static int read_traced(struct context *c, const char *copyout, int fd, char *buf, size_t size)
{
	struct bpf_program *inside[] = { exp__loaded(c->obj, "inside_vfs_read"),
					 exp__loaded(c->obj, "inside_copyout") };
	const char *const functions[] = { "vfs_read", copyout };
	struct bpf_link *links[ARRAY_SIZE(inside)] = { NULL };
	int err = 0;
	long n;

	for (size_t i = 0; !err && i < ARRAY_SIZE(inside); i++) {
		if (!functions[i])
			continue;
		links[i] = inside[i] ? bpf_program__attach_kprobe(inside[i], false, functions[i])
				     : NULL;
		err = links[i] ? 0 : inside[i] ? -errno : -ENOENT;
	}
	if (!err) {
		trail__open(&c->g->trail);
		trail__add(&c->g->trail, EVENT_READ, (long)size);
		n = read(fd, buf, size);
		trail__add(&c->g->trail, EVENT_RETURNED, n);
		trail__close(&c->g->trail);
		err = n == (long)size ? 0 : -EIO;
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		bpf_link__destroy(links[i]);
	return err;
}

static int report_events(struct context *c, bool copyout, char before, char after)
{
	const struct trail *t = &c->g->trail;
	struct record *r = trail__measurement(
		c->e, "events", t, event_names, NR_EVENTS,
		copyout ? "read, sys_enter_read, vfs_read, copyout, sys_exit_read, returned"
			: "read, sys_enter_read, vfs_read, sys_exit_read, returned");

	for (size_t i = 0; i < t->n && i < TRAIL_MAX; i++) {
		const struct trail_event *ev = &t->events[i];

		if (ev->what == EVENT_COPYOUT)
			exp__check(r, ev->value == before,
				   "at copyout's entry the buffer holds its old bytes", "'%c'",
				   (char)ev->value);
		if (ev->what == EVENT_EXIT)
			exp__check(r, ev->value == after, "at the exit it holds what was read",
				   "'%c'", (char)ev->value);
	}
	return exp__emit(c->e, r);
}

static int measure_both_ways(struct context *c)
{
	const char *copyout = exp__copyout_symbol(c->e);
	static const char old[SEEN_BYTES + 1] = "................",
					   new[SEEN_BYTES + 1] = "01 02 03 04 05 0";
	int fd = memfd_create("assay-both-ways", MFD_CLOEXEC), err = 0;
	struct record *r = exp__measurement(c->e, "both_ways");
	char buf[SEEN_BYTES];
	struct wanted w = { .buf = (uintptr_t)buf,
			    .fd = (__u32)fd,
			    .tgid = (__u32)getpid(),
			    .pid = (__u32)exp__this_thread() };
	struct seen s = { 0 };
	__u32 zero = 0;

	memcpy(buf, old, sizeof(buf));
	if (fd < 0 || pwrite(fd, new, sizeof(buf), 0) != sizeof(buf))
		err = -errno;
	if (!err)
		err = want(c, &w);
	if (!err)
		err = read_traced(c, copyout, fd, buf, sizeof(buf));
	if (!err)
		err = bpf_map_lookup_elem(c->seen, &zero, &s);
	want_nothing(c);
	if (fd >= 0)
		close(fd);
	if (err) {
		record__free(r);
		return exp__fail(c->e, err, "read a file in memory under the programs' eyes");
	}
	check_seen(r, &s, &w, old, new, sizeof(buf));
	err = exp__emit(c->e, r);
	return err ? err : report_events(c, copyout != NULL, old[0], new[0]);
}

/* A map whose value has four bytes keeps the lower half of an address, whoever writes it. */
static int measure_narrow_map(struct context *c)
{
	struct record *r = exp__measurement(c->e, "u32_map");
	uint64_t address = 0x00005620219e54b0, found = UINT64_MAX;
	struct wanted w = { .buf = address };
	__u32 zero = 0;
	int err = want(c, &w);

	if (!err)
		err = bpf_map_lookup_elem(c->wanted_u32, &zero, &found);
	want_nothing(c);
	if (err) {
		record__free(r);
		return exp__fail(c->e, err, "write and read the map wanted_u32");
	}
	exp__observed(r, 0, "0x%" PRIx64 " through a map of u32: 0x%" PRIx32, address,
		      (uint32_t)found);
	exp__check(r, (uint32_t)found == (uint32_t)address,
		   "the map holds the lower half of the address 0x5620219e54b0", "0x%" PRIx32,
		   (uint32_t)found);
	exp__check(r, found >> 32 == UINT32_MAX,
		   "reading the map leaves the other half of a 64-bit variable as it was",
		   "0x%" PRIx32, (uint32_t)(found >> 32));
	return exp__emit(c->e, r);
}

/* --- many readers at the same time ------------------------------------------------------- */

static const char *const kind_names[NR_KINDS] = {
	[KIND_TARGET] = "target",	    [KIND_LOW_HALF] = "low_half",
	[KIND_OTHER_FD] = "other_fd",	    [KIND_MAIN_THREAD] = "main_thread",
	[KIND_FORK_BUFFER] = "fork_buffer", [KIND_FORK] = "fork",
};

struct wanting {
	struct context *c;
	const struct readers *rs;
};

static int want_target(void *arg, uint32_t target_tid)
{
	const struct wanting *wanting = arg;
	struct wanted w = { .buf = (uintptr_t)wanting->rs->buf,
			    .fd = (__u32)wanting->rs->fd,
			    .tgid = (__u32)getpid(),
			    .pid = target_tid };

	return want(wanting->c, &w);
}

/* --- what each filter made of them ------------------------------------------------------- */

/* '#' matched, as it should; 'x' matched by mistake; '.' not matched; '-' missed. In the order of
 * enum reader_kind. */
static const struct filter_case {
	const char *name;
	const char expected[NR_KINDS + 1];
} filter_cases[NR_FILTERS] = {
	[FILTER_NOTHING] = { "nothing", "#xxxxx" },
	[FILTER_FD] = { "fd", "#x.xxx" },
	[FILTER_TGID] = { "tgid", "#xxx.." },
	[FILTER_PID] = { "pid", "#xx..." },
	[FILTER_TGID_IN_LOW_HALF] = { "tgid_in_low_half", "-..x.." },
	[FILTER_PID_IN_HIGH_HALF] = { "pid_in_high_half", "-....." },
	[FILTER_BUFFER] = { "buffer", "#.x.x." },
	[FILTER_BUFFER_U32] = { "buffer_u32", "#xx.x." },
	[FILTER_FD_TGID] = { "fd_tgid", "#x.x.." },
	[FILTER_FD_PID_BUFFER] = { "fd_pid_buffer", "#....." },
	[FILTER_EXIT_NOTHING] = { "exit_nothing", "#xxxxx" },
	[FILTER_EXIT_PID] = { "exit_pid", "#xx..." },
	[FILTER_EXIT_ENTERED] = { "exit_entered", "#....." },
};

static bool matches(char cell)
{
	return cell == '#' || cell == 'x';
}

static char cell_of(int kind, uint64_t found, uint64_t reads)
{
	if (found && found < reads)
		return '?'; /* some of them */
	if (kind == KIND_TARGET)
		return found ? '#' : '-';
	return found ? 'x' : '.';
}

static int report_filter(struct context *c, const struct readers *rs, enum filter f,
			 char cells[NR_KINDS + 1])
{
	const struct filter_case *fc = &filter_cases[f];
	uint64_t right = 0, wrong = 0, missed = 0;
	struct record *r;
	char name[64];

	snprintf(name, sizeof(name), "filter_%s", fc->name);
	r = exp__measurement(c->e, name);
	for (int kind = 0; kind < NR_KINDS; kind++) {
		uint64_t found = c->g->matched[f][kind], reads = readers__made(rs, kind);
		char text[96];

		cells[kind] = cell_of(kind, found, reads);
		if (kind == KIND_TARGET) {
			right = found;
			missed = reads - found;
		} else {
			wrong += found;
		}
		snprintf(text, sizeof(text), "%s of the reads of %s",
			 matches(fc->expected[kind]) ? "matches all" : "matches none",
			 kind_names[kind]);
		exp__check(r, found == (matches(fc->expected[kind]) ? reads : 0), text,
			   "%" PRIu64 " of %" PRIu64, found, reads);
	}
	exp__observed(r, 0,
		      "%" PRIu64 " reads matched, %" PRIu64 " falsely matched, %" PRIu64 " missed",
		      right, wrong, missed);
	record__metric(r, "matched", "reads", (double)right);
	record__metric(r, "falsely", "reads", (double)wrong);
	record__metric(r, "missed", "reads", (double)missed);
	return exp__emit(c->e, r);
}

static int report_readers(struct context *c, const struct readers *rs)
{
	struct record *r = exp__measurement(c->e, "filters");
	char cells[NR_FILTERS][NR_KINDS + 1] = { { 0 } };
	char *rows[NR_FILTERS], *names[NR_FILTERS];
	struct matrix m = { .name = "matched",
			    .row_axis = "compared",
			    .col_axis = "reader",
			    .legend = "# matched, x falsely matched, . not matched, - missed, "
				      "? some of them",
			    .row_names = names,
			    .cells = rows,
			    .col_names = (char **)kind_names,
			    .nr_rows = NR_FILTERS,
			    .nr_cols = NR_KINDS };
	int err = 0;

	for (int kind = 0; kind < NR_KINDS; kind++) {
		record__metric(r, kind_names[kind], "reads", (double)readers__made(rs, kind));
		check_number(r, "the readers read as often as they were told",
			     readers__made(rs, kind), readers__told(rs, kind));
	}
	for (int f = 0; !err && f < NR_FILTERS; f++) {
		err = report_filter(c, rs, f, cells[f]);
		rows[f] = cells[f];
		names[f] = (char *)filter_cases[f].name;
	}
	if (!err)
		err = record__matrix(r, &m);
	if (!err)
		return exp__emit(c->e, r);
	record__free(r);
	return err;
}

static int measure_filters(struct context *c)
{
	struct readers rs;
	struct wanting wanting = { c, &rs };
	int err = readers__open(&rs, exp__param_u64(c->e, "reads"));

	memset(c->g->matched, 0, sizeof(c->g->matched));
	if (!err)
		err = readers__run(&rs, want_target, &wanting);
	want_nothing(c);
	if (err)
		exp__fail(c->e, err, "read in several threads and processes");
	else
		err = report_readers(c, &rs);
	readers__close(&rs);
	return err;
}

/* --- all of it --------------------------------------------------------------------------- */

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct context c = { .e = e, .obj = obj };
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(formats); i++)
		err = measure_format(e, &formats[i]);
	for (size_t i = 0; !err && i < ARRAY_SIZE(attach_cases); i++)
		err = measure_attach(e, obj, &attach_cases[i]);
	if (err)
		return err;
	err = open_context(&c);
	if (err)
		exp__fail(e, err, "attach the programs to the tracepoints of read");
	if (!err)
		err = measure_both_ways(&c);
	if (!err)
		err = measure_narrow_map(&c);
	if (!err)
		err = measure_filters(&c);
	close_context(&c);
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_EVENTS", "the programs are attached to tracepoints" },
	{ NEED_CONFIG, "CONFIG_FTRACE_SYSCALLS", "the tracepoints of system calls" },
	{ NEED_FILE, FORMAT_DIR "sys_enter_read/format", "tracefs says what the records hold" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "reads",
	  .type = PARAM_UINT,
	  .value = "100",
	  .min = 1,
	  .max = 40000,
	  .help = "reads of the target; each other reader makes ten more than the one before" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "X5",
	  .title = "tracepoint arguments of read, and by what a read is recognised: "
		   "fd, pid, tgid, buffer",
	  .origin = "activity log of a thesis, 6 to 17 January 2020",
	  .cause = "only fd, thread and the whole address of the buffer together match "
		   "one reader's reads alone. An fd means nothing without its process, "
		   "an address exists in every process; the exit's record has neither, "
		   "so the thread's entry must be remembered (5.10.218 with and without "
		   "patches, 5.10.262, 6.1.192)",
	  .shows = "format_* both_ways events filter* u32_map attach_*" },
	{ 0 },
};

const struct experiment experiment_read_tracepoint = {
	.name = "read-tracepoint",
	.summary = "the tracepoints of read: what they hold, and by what a read is recognised",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 60,
	.elf_bytes = read_tracepoint_bpf__elf_bytes,
	.measure = measure,
};
