// SPDX-License-Identifier: GPL-2.0-only
/* The bytes on both sides of copyout, and those that a program writes to the reader. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "guest/trail.h"
#include "loader.h"
#include "model/record.h"

#define OPCODE_JMP   0xe9
#define OPTIMISATION "/proc/sys/debug/kprobes-optimization"

/* A text for a check: bytes that are no characters as '~'. */
static const char *show(const char *bytes, char out[TEXT + 1])
{
	for (int i = 0; i < TEXT; i++)
		out[i] = bytes[i] >= ' ' && bytes[i] < 127 ? bytes[i] : '~';
	out[TEXT] = '\0';
	return out;
}

static void check_bytes(struct record *r, const char *what, const char *found, const char *expected)
{
	char text[TEXT + 1];

	exp__check(r, !memcmp(found, expected, TEXT), what, "\"%s\"", show(found, text));
}

/* Bytes of the files from an offset on. */
static void file_bytes(char out[TEXT], size_t at)
{
	for (size_t i = 0; i < TEXT; i++)
		out[i] = read_path__byte(at + i);
}

/* --- events ------------------------------------------------------------------------------ */

static const char *const event_names[NR_BYTES_EVENTS] = {
	[BYTES_CALL] = "called",       [BYTES_LOOK] = "program reads",
	[BYTES_COPYOUT] = "copyout",   [BYTES_WRITE] = "program writes",
	[BYTES_RETURNED] = "returned",
};

static long read_traced(struct read_path *p, int fd, size_t page)
{
	long n;

	trail__open(&p->g->trail);
	trail__add(&p->g->trail, BYTES_CALL, PAGE);
	n = read_path__read(p, fd, page);
	trail__add(&p->g->trail, BYTES_RETURNED, n);
	trail__close(&p->g->trail);
	return n;
}

static int report_events(struct read_path *p, const char *name, const char *expected)
{
	char text[64];

	snprintf(text, sizeof(text), "events_%s", name);
	return trail__emit(p->e, text, &p->g->trail, event_names, NR_BYTES_EVENTS, expected);
}

/* --- reading ----------------------------------------------------------------------------- */

/* What a helper is expected to give: 0, or the length of a string with its NUL, or an errno and
 * zeroes. */
struct reading {
	enum access_kind kind;
	const char *helper, *of;
	bool string, kernel;
	long fails; /* the errno, or 0 */
};

static void check_reading(struct read_path *p, struct record *r, const struct reading *e,
			  const char *bytes)
{
	const struct access *a = &p->g->accesses[e->kind];
	char expected[TEXT] = { 0 }, text[128], name[TEXT + 1];
	long ret = e->fails ?: e->string ? TEXT : 0;

	if (!e->fails)
		memcpy(expected, bytes, e->string ? TEXT - 1 : TEXT);
	snprintf(text, sizeof(text), "%s of %s gives %s", e->helper, e->of,
		 e->fails ? exp__err_name((int)e->fails) : "its bytes");
	exp__check(r, a->ret == ret && !memcmp(a->bytes, expected, TEXT), text, "%ld, \"%s\"",
		   a->ret, show(a->bytes, name));
}

/* At copyout's entry the source is the page cache's, and the reader's buffer holds old bytes. */
static int measure_read(struct read_path *p)
{
	static const char from[] = "the kernel's address", to[] = "the reader's address";
	static const struct reading readings[] = {
		{ KERNEL_OF_FROM, "bpf_probe_read_kernel", from, false, true, 0 },
		{ KERNEL_STR_OF_FROM, "bpf_probe_read_kernel_str", from, true, true, 0 },
		{ USER_OF_FROM, "bpf_probe_read_user", from, false, true, -EFAULT },
		{ USER_OF_TO, "bpf_probe_read_user", to, false, false, 0 },
		{ USER_STR_OF_TO, "bpf_probe_read_user_str", to, true, false, 0 },
		{ OLD_OF_TO, "bpf_probe_read", to, false, false, 0 },
		{ KERNEL_OF_TO, "bpf_probe_read_kernel", to, false, false, -ERANGE },
	};
	struct record *r = exp__measurement(p->e, "bytes_at_copyout");
	struct bpf_link *link = read_path__attach(p, "copyout_read", false, p->copyout);
	char old[TEXT], new[TEXT];
	int err;
	long n;

	record__label(r, "hook", p->copyout);
	exp__check(r, link, "a kprobe attaches", "%s", exp__err_name(link ? 0 : -errno));
	memset(old, 'o', sizeof(old));
	memcpy(p->buf, old, sizeof(old));
	file_bytes(new, 3 * PAGE);
	p->g->runs = 0;
	n = read_traced(p, p->memory, 3);
	bpf_link__destroy(link);
	exp__check(r, n == PAGE && p->g->runs == 1, "a page is read, in one copyout",
		   "%ld bytes, %llu runs", n, p->g->runs);
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++)
		check_reading(p, r, &readings[i], readings[i].kernel ? new : old);
	check_bytes(r, "after the read the buffer holds the file's bytes", p->buf, new);
	err = exp__emit(p->e, r);
	return err ? err : report_events(p, "bytes_at_copyout", "called, program reads, returned");
}

/* --- writing ----------------------------------------------------------------------------- */

static const struct write_case {
	const char *name, *prog;
	const char *state; /* of the kprobe: "" an int3, "OPTIMIZED" a jump, "FTRACE"; NULL: none */
	bool at_return, trampoline;
	long ret;   /* of bpf_probe_write_user */
	bool stays; /* the reader gets what was written */
} write_cases[] = {
	{ "write_kprobe_int3", "copyout_write", "", false, false, -EPERM, false },
	{ "write_kprobe_jump", "copyout_write", "OPTIMIZED", false, false, 0, false },
	{ "write_kprobe_ftrace", "copyout_write", "FTRACE", false, false, 0, false },
	{ "write_kretprobe", "copyout_write_return", "", true, false, 0, true },
	{ "write_kretprobe_ftrace", "copyout_write_return", "FTRACE", true, false, 0, true },
	{ "write_fexit", "copyout_write_fexit", NULL, false, true, 0, true },
};

static bool on_ftrace(const struct write_case *c)
{
	return c->trampoline || !strcmp(c->state, "FTRACE");
}

static bool wants_jump(const struct write_case *c)
{
	return c->state && !strcmp(c->state, "OPTIMIZED");
}

/* The programs of a case: one that writes, and before a kretprobe one that saves the address. */
struct hooks {
	struct bpf_link *write, *save;
	char *state;	    /* of the kprobe on the function */
	uint64_t optimises; /* what the sysctl said before, if it was asked */
	bool asked;
};

static void unhook(struct hooks *h)
{
	bpf_link__destroy(h->write);
	bpf_link__destroy(h->save);
	free(h->state);
	if (h->asked)
		exp__write_str(OPTIMISATION, h->optimises ? "1" : "0");
	exp__copyout_variant("plain"); /* fails on a kernel without variants */
	*h = (struct hooks){ 0 };
}

/* A kprobe is called optimised when it is queued for that, and gets its jump a little later. 0
 * where it is not even queued. */
static int await_jump(struct read_path *p, const struct hooks *h)
{
	if (!h->state || strcmp(h->state, "OPTIMIZED") != 0)
		return 0;
	for (int i = 0; i < 200; i++) {
		read_path__read(p, p->memory, 5);
		if (p->g->opcode == OPCODE_JMP)
			return 0;
		usleep(10000);
	}
	return -ETIMEDOUT;
}

static int hook(struct read_path *p, const struct write_case *c, struct hooks *h)
{
	const char *function = on_ftrace(c) ? "copyout_ftrace" : p->copyout;
	struct bpf_program *prog = exp__loaded(p->obj, c->prog);
	int err = 0;

	if (on_ftrace(c))
		err = exp__copyout_variant("ftrace");
	/* An int3 that stays one, for all but the case that wants the jump. */
	if (!err)
		err = exp__read_u64(OPTIMISATION, &h->optimises);
	h->asked = !err;
	if (!err)
		err = exp__write_str(OPTIMISATION, wants_jump(c) ? "1" : "0");
	if (err)
		return err;
	if (c->at_return) {
		h->save = read_path__attach(p, "copyout_save", false, function);
		if (!h->save)
			return -errno;
	}
	if (!prog)
		return -ENOENT;
	h->write = c->trampoline ? bpf_program__attach(prog)
				 : read_path__attach(p, c->prog, c->at_return, function);
	if (!h->write)
		return -errno;
	if (!c->state)
		return 0;
	h->state = exp__kprobe_flags(function);
	return wants_jump(c) ? await_jump(p, h) : 0;
}

static void write_once(struct read_path *p, struct record *r, const struct write_case *c)
{
	static const char text[TEXT] = "written by a program";
	const size_t len = sizeof("written by a program") - 1;
	const struct access *a = &p->g->accesses[WRITE_TO];
	char file[TEXT], written[TEXT], expected[TEXT];
	long n;

	file_bytes(file, 5 * PAGE);
	memset(p->buf, 'o', TEXT);
	/* What the program sees just after its write: its text on top of what was there. */
	memcpy(written, c->stays ? file : p->buf, TEXT);
	if (!c->ret)
		memcpy(written, text, len);
	memcpy(expected, c->stays ? written : file, TEXT);
	memcpy(p->g->text, text, TEXT);
	p->g->text_len = len;
	p->g->runs = 0;
	n = read_traced(p, p->memory, 5);
	exp__check(r, n == PAGE && p->g->runs == 1, "a page is read, and the program runs once",
		   "%ld bytes, %llu runs", n, p->g->runs);
	record__label(r, "result", exp__err_name((int)a->ret));
	exp__observed(r, (int)-a->ret,
		      "bpf_probe_write_user returns %ld, the reader gets \"%.20s\"", a->ret,
		      p->buf);
	exp__check(r, a->ret == c->ret,
		   c->ret ? "bpf_probe_write_user gives EPERM" : "bpf_probe_write_user gives 0",
		   "%ld", a->ret);
	check_bytes(r,
		    c->ret ? "the buffer holds its old bytes"
			   : "just after it the program finds its text in the buffer",
		    a->bytes, written);
	check_bytes(r,
		    c->stays ? "the reader gets the program's text"
			     : "the reader gets the file's bytes",
		    p->buf, expected);
}

static const char *events_of(const struct write_case *c)
{
	return c->at_return ? "called, copyout, program writes, returned"
			    : "called, program writes, returned";
}

static int measure_write(struct read_path *p, const struct write_case *c)
{
	struct record *r = exp__measurement(p->e, c->name);
	struct hooks h = { 0 };
	int err;

	if (on_ftrace(c) && !p->address[STEP_copyout_ftrace]) {
		record__fail(r, STATUS_SKIPPED, "the kernel lacks the patch copyout-ftrace");
		return exp__emit(p->e, r);
	}
	err = hook(p, c, &h);
	exp__check(r, !err, "the program attaches, and an optimised kprobe becomes a jump", "%s",
		   exp__err_name(err));
	/* copyout_bpf is written so that it can be optimised; the kernel's own copyout is not. */
	if (!err && wants_jump(c) && h.state && !*h.state &&
	    strcmp(p->copyout, read_path__steps[STEP_copyout_bpf]) != 0) {
		unhook(&h);
		record__fail(r, STATUS_SKIPPED, "the kernel does not optimise a kprobe on %s",
			     p->copyout);
		return exp__emit(p->e, r);
	}
	if (!err && c->state) {
		record__label(r, "kprobe", !h.state ? "none" : *h.state ? h.state : "int3");
		exp__check(r, h.state && !strcmp(h.state, c->state),
			   *c->state ? c->state : "the kprobe is an int3", "\"%s\"",
			   h.state ? h.state : "no such probe");
	}
	if (err) {
		unhook(&h);
		return exp__emit(p->e, r);
	}
	write_once(p, r, c);
	unhook(&h);
	err = exp__emit(p->e, r);
	return err ? err : report_events(p, c->name, events_of(c));
}

/* --- more or less than what was read ----------------------------------------------------- */

#define NUMBERS "01 02 03 04 05 06 07 08 09 10"

/* A program cannot change how many bytes a read returns: what it writes is too short or too long.
 */
static const struct length_case {
	const char *name, *text;
	size_t len;
	const char *expected; /* the buffer, up to the bytes that nobody wrote */
	const char *why;
} length_cases[] = {
	{ "write_shorter", "42", 2, "42 02 03 04 05 06 07 08 09 10",
	  "behind a shorter text the file's own bytes are left" },
	{ "write_same_length", "42\0vious text of this program", 29,
	  "42\0vious text of this program",
	  "written in full length the text drags its buffer's old bytes along" },
	{ "write_longer", "42 and more than the read returned", 34,
	  "42 and more than the read returned",
	  "a longer text goes into memory behind what the read returned" },
};

static int measure_length(struct read_path *p, const struct length_case *c, int file)
{
	static const struct write_case at_return = { .prog = "copyout_write_return",
						     .state = "",
						     .at_return = true };
	struct record *r = exp__measurement(p->e, c->name);
	struct hooks h = { 0 };
	char expected[TEXT], shown[TEXT + 1];
	size_t end = c->len > sizeof(NUMBERS) - 1 ? c->len : sizeof(NUMBERS) - 1;
	int err = hook(p, &at_return, &h);
	long n;

	memset(p->buf, '.', TEXT);
	memset(expected, '.', TEXT);
	memcpy(expected, c->expected, end);
	memset(p->g->text, 0, TEXT);
	memcpy(p->g->text, c->text, c->len);
	p->g->text_len = c->len;
	n = read_traced(p, file, 0);
	unhook(&h);
	exp__check(r, !err, "the program attaches", "%s", exp__err_name(err));
	exp__check(r, n == sizeof(NUMBERS) - 1, "the read returns as many bytes as the file has",
		   "%ld", n);
	check_bytes(r, c->why, p->buf, expected);
	exp__observed(r, 0, "the read returns %ld, the buffer begins with \"%s\"", n,
		      show(p->buf, shown));
	record__metric(r, "written", "bytes", (double)c->len);
	record__metric(r, "returned", "bytes", (double)n);
	err = exp__emit(p->e, r);
	return err ? err : report_events(p, c->name, events_of(&at_return));
}

static int measure_lengths(struct read_path *p)
{
	int file = memfd_create("assay-numbers", MFD_CLOEXEC), err = 0;

	if (file < 0)
		return exp__fail(p->e, -errno, "make a file in memory");
	err = write_all(file, NUMBERS, sizeof(NUMBERS) - 1);
	for (size_t i = 0; !err && i < ARRAY_SIZE(length_cases); i++)
		err = measure_length(p, &length_cases[i], file);
	close(file);
	return err;
}

/* --- the warning ------------------------------------------------------------------------- */

/* The kernel says in its log who loads such a program; it limits itself to ten lines in five
 * seconds, and the programs of this object have been loaded many times. */
static int measure_warning(struct read_path *p)
{
	struct record *r = exp__measurement(p->e, "write_warning");
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[8192], line[256] = "", wanted[128];
	const char *text;
	double lines = 0;

	snprintf(wanted, sizeof(wanted),
		 "[%d] is installing a program with bpf_probe_write_user helper that may corrupt "
		 "user memory!",
		 getpid());
	for (;;) {
		ssize_t n = kmsg < 0 ? -1 : read(kmsg, record, sizeof(record) - 1);

		if (n < 0 && errno == EPIPE) /* overwritten meanwhile: the next one */
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		text = strchr(record, ';');
		if (!text || !strstr(text, wanted))
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text + 1, "\n"), text + 1);
		lines++;
	}
	if (kmsg >= 0)
		close(kmsg);
	/* The number is another one in every run. */
	text = strchr(line, '[');
	if (lines > 0 && text)
		exp__observed(r, 0, "%.*s[pid]%s", (int)(text - line), line, strchr(text, ']') + 1);
	if (exp__kernel_version(p->e) < KERNEL_VERSION(7, 0, 0))
		exp__check(r, lines > 0,
			   "loading such a program puts a warning into the kernel's log", "\"%s\"",
			   line);
	else
		exp__check(r, lines == 0, "nothing in the kernel's log tells of it any more",
			   "\"%s\"", line);
	record__metric(r, "warnings", "lines", lines);
	return exp__emit(p->e, r);
}

/* --- vfs_write --------------------------------------------------------------------------- */

/* Writes from `from`; what the program saw is then in p->g->accesses. */
static long write_under_probe(struct read_path *p, struct record *r, const char *from, int to)
{
	struct bpf_link *link = read_path__attach(p, "vfs_write_read", false, "vfs_write");
	long n;

	exp__check(r, link, "a kprobe attaches", "%s", exp__err_name(link ? 0 : -errno));
	p->g->runs = 0;
	p->g->reader = exp__this_thread();
	trail__open(&p->g->trail);
	trail__add(&p->g->trail, BYTES_CALL, TEXT);
	n = pwrite(to, from, TEXT, 0);
	trail__add(&p->g->trail, BYTES_RETURNED, n);
	trail__close(&p->g->trail);
	p->g->reader = 0;
	bpf_link__destroy(link);
	exp__check(r, n == TEXT && p->g->runs == 1, "64 bytes are written, in one vfs_write",
		   "%ld bytes, %llu runs", n, p->g->runs);
	return n;
}

static int measure_vfs_write(struct read_path *p, int to)
{
	static const char of[] = "the writer's address";
	static const struct reading readings[] = {
		{ USER_OF_TO, "bpf_probe_read_user", of, false, false, 0 },
		{ USER_STR_OF_TO, "bpf_probe_read_user_str", of, true, false, 0 },
		{ OLD_OF_TO, "bpf_probe_read", of, false, false, 0 },
		{ KERNEL_OF_TO, "bpf_probe_read_kernel", of, false, false, -ERANGE },
	};
	struct record *r = exp__measurement(p->e, "vfs_write");
	char text[TEXT];
	int err;

	for (int i = 0; i < TEXT; i++)
		text[i] = (char)('A' + i % 26);
	write_under_probe(p, r, text, to);
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++)
		check_reading(p, r, &readings[i], text);
	err = exp__emit(p->e, r);
	return err ? err : report_events(p, "vfs_write", "called, program reads, returned");
}

/* A page that is in memory, and not yet in the process's page table. The system call would map it,
 * a program may not wait for that. */
static int measure_not_mapped(struct read_path *p, int to)
{
	static const char of[] = "an address that is not mapped yet";
	static const struct reading readings[] = {
		{ USER_OF_TO, "bpf_probe_read_user", of, false, false, -EFAULT },
		{ USER_STR_OF_TO, "bpf_probe_read_user_str", of, true, false, -EFAULT },
		{ OLD_OF_TO, "bpf_probe_read", of, false, false, -EFAULT },
	};
	struct record *r = exp__measurement(p->e, "vfs_write_not_mapped");
	char file[TEXT], arrived[TEXT] = { 0 };
	char *from = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, p->memory, 7 * PAGE);
	int err;

	if (from == MAP_FAILED) {
		record__free(r);
		return exp__fail(p->e, -errno, "map a page of a file");
	}
	file_bytes(file, 7 * PAGE);
	write_under_probe(p, r, from, to);
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++)
		check_reading(p, r, &readings[i], file);
	if (pread(to, arrived, TEXT, 0) != TEXT)
		arrived[0] = '\0';
	check_bytes(r, "all the same its bytes are written", arrived, file);
	munmap(from, PAGE);
	err = exp__emit(p->e, r);
	return err ? err
		   : report_events(p, "vfs_write_not_mapped", "called, program reads, returned");
}

int read_path__bytes(struct read_path *p)
{
	int to = memfd_create("assay-written", MFD_CLOEXEC), err = 0;

	if (to < 0)
		return exp__fail(p->e, -errno, "make a file in memory");
	if (p->copyout)
		err = measure_read(p);
	for (size_t i = 0; !err && p->copyout && i < ARRAY_SIZE(write_cases); i++)
		err = measure_write(p, &write_cases[i]);
	if (!err && p->copyout)
		err = measure_lengths(p);
	if (!err)
		err = measure_warning(p);
	if (!err)
		err = measure_vfs_write(p, to);
	if (!err)
		err = measure_not_mapped(p, to);
	close(to);
	return err;
}
