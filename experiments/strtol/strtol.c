// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/version.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "guest/kmsg.h"
#include "model/record.h"
#include "model/verdict.h"
#include "strtol.skel.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TEXT 64 /* as in strtol.bpf.c */

typedef struct strtol_bpf__bss globals;

/* What a program puts into the map `results`: struct numbers of strtol.bpf.c. */
struct numbers {
	long sum, average;
	unsigned long long count;
	long error;
};

/* --- the same in user space -------------------------------------------------------------- */

/* The C library's part of the comparison: numbers separated by blanks, to the end of the text or
 * the first thing that is no number. */
static struct numbers sum_signed(const char *text, int base)
{
	struct numbers n = { 0 };

	while (*text && !n.error) {
		char *end;
		long long v;

		errno = 0;
		v = strtoll(text, &end, base);
		if (end == text || errno) {
			n.error = errno == ERANGE ? -ERANGE : -EINVAL;
			break;
		}
		n.sum += v;
		n.count++;
		text = end;
	}
	n.average = n.count ? n.sum / (long)n.count : 0;
	return n;
}

static struct numbers sum_unsigned(const char *text, int base)
{
	struct numbers n = { 0 };

	while (*text && !n.error) {
		unsigned long long v;
		char *end;

		errno = 0;
		v = strtoull(text, &end, base);
		if (end == text || errno) {
			n.error = errno == ERANGE ? -ERANGE : -EINVAL;
			break;
		}
		n.sum += (long)v;
		n.count++;
		text = end;
	}
	n.average = n.count ? (long)((unsigned long)n.sum / n.count) : 0;
	return n;
}

/* The whole text, but for a newline, is one number. */
static struct numbers whole(const char *text, int base)
{
	struct numbers n = { 0 };
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, base);
	if (end == text || isspace((unsigned char)*text) || (*end && strcmp(end, "\n") != 0))
		n.error = -EINVAL;
	else if (errno)
		n.error = -ERANGE;
	else
		n = (struct numbers){ .sum = v, .average = v, .count = 1 };
	return n;
}

/* --- where the text passes --------------------------------------------------------------- */

struct hook {
	const char *symbol;
	bool kernel_buffer;
	const char *verb; /* what is done with the text */
};

static const struct hook hooks[] = {
	{ "copyout_bpf", true, "read" },
	{ "vfs_write", false, "write" },
};

struct context {
	struct exp *e;
	struct bpf_object *obj;
	globals *g;
	int results, file;
};

/* Reads or writes the text, which is not empty, once, under the eyes of the program. */
static int pass(struct context *c, const struct hook *hook, const char *text)
{
	size_t len = strlen(text);
	char buf[256];
	long n;

	if (ftruncate(c->file, 0) ||
	    (hook->kernel_buffer && pwrite(c->file, text, len, 0) != (long)len))
		return errno ? -errno : -EIO;
	c->g->runs = 0;
	c->g->kernel_buffer = hook->kernel_buffer;
	c->g->reader = exp__this_thread();
	if (hook->kernel_buffer)
		n = pread(c->file, buf, sizeof(buf), 0);
	else
		n = pwrite(c->file, text, len, 0);
	c->g->reader = 0;
	if (n < 0)
		return -errno;
	return n == (long)len ? 0 : -EIO;
}

/* Passes the text and fetches what the program made of it. */
static int ask(struct context *c, const struct hook *hook, const char *text, int base,
	       struct numbers *out)
{
	struct numbers none = { .error = 1 };
	__u32 zero = 0;
	int err;

	c->g->base = (__u64)base;
	err = bpf_map_update_elem(c->results, &zero, &none, BPF_ANY);
	if (!err)
		err = pass(c, hook, text);
	if (!err)
		err = bpf_map_lookup_elem(c->results, &zero, out);
	return err;
}

/* --- cases ------------------------------------------------------------------------------- */

struct text_case {
	const char *text;
	int base;
	bool differs; /* the helper is stricter than the C library: */
	struct numbers expected;
};

static const struct text_case signed_cases[] = {
	{ .text = "01 02 03", .base = 10 },
	{ .text = "-5 7 -12", .base = 10 },
	{ .text = "010 07 17", .base = 8 },
	{ .text = "ff -10 7F 0x20", .base = 16 },
	{ .text = "0x10 010 9", .base = 0 },
	{ .text = "7\n", .base = 10 },
	{ .text = "12 abc 7", .base = 10 },
	{ .text = "abc", .base = 10 },
	{ .text = "18 19", .base = 8 },
	{ .text = "9223372036854775807", .base = 10 },
	{ .text = "9223372036854775808", .base = 10 },
	{ .text = "-9223372036854775808", .base = 10 },
	{ .text = "-9223372036854775809", .base = 10 },
	{ .text = "99999999999999999999", .base = 10 },
	/* No plus sign, no other base than 8, 10 and 16, no 0 out of "0x". */
	{ .text = "+5", .base = 10, .differs = true, .expected = { .error = -EINVAL } },
	{ .text = "101", .base = 2, .differs = true, .expected = { .error = -EINVAL } },
	{ .text = "0x", .base = 16, .differs = true, .expected = { .error = -EINVAL } },
};

static const struct text_case unsigned_cases[] = {
	{ .text = "01 02 03", .base = 10 },
	{ .text = "010 07 17", .base = 8 },
	{ .text = "ff 10", .base = 16 },
	{ .text = "18446744073709551615", .base = 10 },
	{ .text = "18446744073709551616", .base = 10 },
	{ .text = "1 x", .base = 10 },
	/* The C library negates. */
	{ .text = "3 -1",
	  .base = 10,
	  .differs = true,
	  .expected = { .sum = 3, .average = 3, .count = 1, .error = -EINVAL } },
};

static const struct text_case whole_cases[] = {
	{ .text = "42", .base = 10 },
	{ .text = "42\n", .base = 10 },
	{ .text = "-7", .base = 10 },
	{ .text = "+5", .base = 10 },
	{ .text = "42 x", .base = 10 },
	{ .text = " 42", .base = 10 },
	{ .text = "42\n\n", .base = 10 },
	{ .text = "ff", .base = 16 },
	{ .text = "0x1f", .base = 0 },
	{ .text = "101", .base = 2 },
	{ .text = "9223372036854775807", .base = 10 },
	{ .text = "9223372036854775808", .base = 10 },
	{ .text = "g", .base = 16 },
	{ .text = "g", .base = 17, .differs = true, .expected = { .error = -EINVAL } },
};

/* A program that parses, and what it is compared with. */
struct parser {
	const char *prog;
	struct numbers (*reference)(const char *text, int base);
	const struct text_case *cases;
	size_t n;
};

static const struct parser parsers[] = {
	{ "sum_strtol", sum_signed, signed_cases, ARRAY_SIZE(signed_cases) },
	{ "sum_strtoul", sum_unsigned, unsigned_cases, ARRAY_SIZE(unsigned_cases) },
	{ "whole_kstrtol", whole, whole_cases, ARRAY_SIZE(whole_cases) },
};

static bool equal(const struct numbers *a, const struct numbers *b)
{
	/* What a failed bpf_kstrtol leaves in its result is not defined. */
	return a->count == b->count && a->error == b->error &&
	       (!a->count || (a->sum == b->sum && a->average == b->average));
}

static void describe(const struct numbers *n, char *buf, size_t len)
{
	snprintf(buf, len, "%llu numbers, sum %ld, average %ld%s%s", n->count, n->sum, n->average,
		 n->error ? ", then " : "", n->error ? errno__name((int)-n->error) : "");
}

/* Text for a check: "…" in base n, newlines shown. */
static void quote(const struct text_case *t, char *buf, size_t len)
{
	size_t n = (size_t)snprintf(buf, len, "\"");

	for (const char *s = t->text; *s && n + 24 < len; s++)
		n += (size_t)snprintf(buf + n, len - n, *s == '\n' ? "\\n" : "%c", *s);
	snprintf(buf + n, len - n, "\" in base %d%s", t->base,
		 t->differs ? ", unlike the C library" : "");
}

static int check_case(struct context *c, const struct hook *hook, const struct parser *p,
		      const struct text_case *t, struct record *r)
{
	struct numbers found = { 0 },
		       want = t->differs ? t->expected : p->reference(t->text, t->base);
	char text[128], got[128], expected[128];
	int err = ask(c, hook, t->text, t->base, &found);

	if (err)
		return exp__fail(c->e, err, "%s the text of a case", hook->verb);
	quote(t, text, sizeof(text));
	describe(&found, got, sizeof(got));
	describe(&want, expected, sizeof(expected));
	if (c->g->runs != 1)
		return exp__check(r, false, text, "the program ran %llu times", c->g->runs);
	if (equal(&found, &want))
		return exp__check(r, true, text, "%s", got);
	return exp__check(r, false, text, "%s; expected %s", got, expected);
}

static int measure_parser(struct context *c, const struct hook *hook, const struct parser *p,
			  struct bpf_program *prog)
{
	struct record *r = exp__measurement(c->e, p->prog);
	struct bpf_link *link = bpf_program__attach_kprobe(prog, false, hook->symbol);
	struct numbers first = { 0 };
	int err = 0;

	record__label(r, "hook", hook->symbol);
	if (!link) {
		record__free(r);
		return exp__fail(c->e, -errno, "attach %s to %s", p->prog, hook->symbol);
	}
	for (size_t i = 0; !err && i < p->n; i++)
		err = check_case(c, hook, p, &p->cases[i], r);
	if (!err)
		err = ask(c, hook, p->cases[0].text, p->cases[0].base, &first);
	bpf_link__destroy(link);
	if (err) {
		record__free(r);
		return err;
	}
	record__metric(r, "cases", "texts", (double)p->n);
	record__metric(r, "sum", "", (double)first.sum);
	record__metric(r, "average", "", (double)first.average);
	return exp__emit(c->e, r);
}

/* --- the kernel's log -------------------------------------------------------------------- */

static int check_print(struct context *c, const struct hook *hook, int kmsg, const char *text,
		       struct record *r)
{
	char found[256] = "", name[128];
	struct numbers n = { 0 };
	int messages, err;

	lseek(kmsg, 0, SEEK_END);
	err = ask(c, hook, text, 10, &n);
	if (err)
		return exp__fail(c->e, err, "%s the text of a case", hook->verb);
	messages = kmsg__messages(kmsg, "bpf: ", found, sizeof(found));
	snprintf(name, sizeof(name), "\"%s\" is in the kernel's log, once and unchanged", text);
	return exp__check(r, messages == 1 && !strcmp(found, text) && n.sum == (long)strlen(text),
			  name, "%d messages, \"%s\", %ld bytes", messages, found, n.sum);
}

static int measure_print(struct context *c, const struct hook *hook, struct bpf_program *prog)
{
	/* A conversion that printk must not see, and a text that fills the buffer without a NUL. */
	static const char *const texts[] = {
		"01 02 03",
		"100%s of %d %p",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	};
	struct record *r = exp__measurement(c->e, "print_dmesg");
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), err;
	struct bpf_link *link = bpf_program__attach_kprobe(prog, false, hook->symbol);

	_Static_assert(sizeof("0123456789abcdef") - 1 == TEXT / 4,
		       "the last text fills the buffer");
	record__label(r, "hook", hook->symbol);
	err = link && kmsg >= 0 ? 0 : -errno;
	if (err)
		exp__fail(c->e, err, "open /dev/kmsg and attach print_dmesg to %s", hook->symbol);
	for (size_t i = 0; !err && i < ARRAY_SIZE(texts); i++)
		err = check_print(c, hook, kmsg, texts[i], r);
	bpf_link__destroy(link);
	if (kmsg >= 0)
		close(kmsg);
	if (!err)
		return exp__emit(c->e, r);
	record__free(r);
	return err;
}

/* --- all of it --------------------------------------------------------------------------- */

static int measure_hook(struct context *c, const struct hook *hook)
{
	struct bpf_program *prog;
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(parsers); i++) {
		prog = exp__loaded(c->obj, parsers[i].prog);
		if (prog)
			err = measure_parser(c, hook, &parsers[i], prog);
	}
	prog = exp__loaded(c->obj, "print_dmesg");
	if (!err && prog)
		err = measure_print(c, hook, prog);
	return err;
}

/* Are the helpers there where they are expected, and nowhere else? */
static int measure_offered(struct context *c)
{
	bool strtol = exp__kernel_version(c->e) >= KERNEL_VERSION(6, 1, 0) ||
		      exp__has(c->e, NEED_FEATURE, "tracing-strtol");
	const struct {
		const char *label, *prog;
		bool expected;
	} helpers[] = {
		{ "bpf_strtol", "sum_strtol", strtol },
		{ "bpf_strtoul", "sum_strtoul", strtol },
		{ "bpf_kstrtol", "whole_kstrtol", exp__has(c->e, NEED_FEATURE, "kstrtol") },
		{ "bpf_dmesg_print", "print_dmesg", exp__has(c->e, NEED_FEATURE, "dmesg-print") },
	};
	struct record *r = exp__measurement(c->e, "offered");

	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++) {
		bool found = exp__loaded(c->obj, helpers[i].prog);
		char text[64];

		record__label(r, helpers[i].label, found ? "yes" : "no");
		snprintf(text, sizeof(text), "kprobe programs are %soffered %s",
			 helpers[i].expected ? "" : "not ", helpers[i].label);
		exp__check(r, found == helpers[i].expected, text, "%s is %s", helpers[i].prog,
			   found ? "loaded" : "rejected");
	}
	return exp__emit(c->e, r);
}

static int open_context(struct context *c)
{
	c->results = bpf_object__find_map_fd_by_name(c->obj, "results");
	if (c->results < 0)
		return -ENOENT;
	c->file = memfd_create("assay-text", MFD_CLOEXEC);
	if (c->file < 0)
		return -errno;
	c->g = exp__map_globals(c->obj, sizeof(*c->g));
	return c->g ? 0 : -errno;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct context c = { .e = e, .obj = obj, .file = -1 };
	int err = open_context(&c);

	if (err)
		exp__fail(e, err, "prepare maps and a file in memory");
	else
		err = measure_offered(&c);
	for (size_t i = 0; !err && i < ARRAY_SIZE(hooks); i++)
		if (exp__has(e, NEED_SYMBOL, hooks[i].symbol))
			err = measure_hook(&c, &hooks[i]);
	if (c.g)
		munmap(c.g, sizeof(*c.g));
	if (c.file >= 0)
		close(c.file);
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_EVENTS", "kprobe programs are the ones that want the helpers" },
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS", "the programs are attached to kprobes" },
	{ NEED_CONFIG, "CONFIG_CGROUP_BPF",
	  "sysctl programs, which always had bpf_strtol, are what it is compared with" },
	{ NEED_SYMBOL, "vfs_write", "texts pass there on every kernel" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "X10",
	  .title = "helpers from a patched kernel, with right and broken prototypes",
	  .origin = "activity log of a thesis, March 2020",
	  .cause = "a right prototype is used by any tracing program; one that breaks the "
		   "verifier's rules rejects every program that calls it (5.10.218, 5.10.262, "
		   "6.1.192)",
	  .shows = "offered kstrtol_right kstrtol_nosize dmesg_print_right dmesg_print_nosize" },
	{ .id = "E13",
	  .title = "unknown func bpf_strtol#105",
	  .origin = "activity log of a thesis, 27 February 2020",
	  .cause = "the helper exists and is not offered to this program type: before 6.1 only "
		   "programs on sysctls had it",
	  .fix = "the patch tracing-strtol, or 6.1 and later, or a program type that has the "
		 "helper",
	  .shows = "strtol_kprobe strtoul_kprobe",
	  .passes = "strtol_sysctl" },
	{ .id = "E15",
	  .title = "kernel subsystem misconfigured func bpf_kstrtol#111, bpf_strtol#105, "
		   "bpf_dmesg_print#113",
	  .origin = "activity log of a thesis, 6, 12 and 25 March 2020",
	  .cause = "the helper's prototype breaks the verifier's rules: here a pointer to memory "
		   "with no size argument behind it; a size with no such pointer before it is "
		   "the same mistake (check_arg_pair_ok in kernel/bpf/verifier.c), which is what "
		   "became of bpf_strtol when its pointer was declared as anything. The program "
		   "is not at fault. A kernel without the patches says 'invalid func unknown#...'",
	  .fix = "in the kernel: a size argument behind the pointer; nothing in the program",
	  .shows = "kstrtol_nosize dmesg_print_nosize",
	  .passes = "kstrtol_right dmesg_print_right" },
	{ .id = "E17",
	  .title = "invalid stack type R1 off=-4 access_size=10",
	  .origin = "activity log of a thesis, 15 March 2020",
	  .cause = "kstrtol(buf, base, res) made a helper: the prototype declares the argument "
		   "behind the buffer as the buffer's size, and the program passes the base, 10, "
		   "there. Kernels from 5.12 and 5.10.33 on say 'invalid indirect access to "
		   "stack R1 off=-4 size=10'; one without the patches 'invalid func unknown#...'",
	  .fix = "a prototype with a size, or a buffer that has as many bytes as the base says",
	  .shows = "kstrtol_base",
	  .passes = "kstrtol_base_fits" },
	{ .id = "E18",
	  .title = "invalid indirect read from stack off -16+0 size 8",
	  .origin = "activity log of a thesis, 15 March 2020",
	  .cause = "the result variable of bpf_strtol was never written, and is the lowest of "
		   "the stack: 5.10.218 refuses that, and so does 5.10.262, which lets a "
		   "privileged program have other stack that it has not written. Since 6.1.120 "
		   "the verifier knows that the helper only writes it. A kernel that does not "
		   "offer the helper says so first (E13)",
	  .fix = "long number = 0",
	  .shows = "strtol_result_not_initialised",
	  .passes = "strtol_kprobe" },
	{ .id = "K3",
	  .title = "bpf_strtol and bpf_strtoul offered to tracing programs",
	  .origin = "activity log of a thesis, 18 March 2020",
	  .cause = "patch tracing-strtol for 5.10; mainline offers them to all types since 6.1 "
		   "(8a67f2de9b1d), and the same programs pass there without it",
	  .shows = "strtol_kprobe strtoul_kprobe sum_strtol sum_strtoul" },
	{ .id = "K4",
	  .title = "new helpers bpf_kstrtol and bpf_dmesg_print, right and wrong prototypes",
	  .origin = "activity log of a thesis, 6 to 28 March 2020",
	  .cause = "patches kstrtol, dmesg-print and wrong-protos; a program finds their numbers "
		   "in the BTF of the running kernel",
	  .shows = "offered whole_kstrtol print_dmesg" },
	{ .id = "T",
	  .title = "a helper's number lives in three files that have to be kept in step",
	  .origin = "activity log of a thesis, March to June 2020",
	  .cause = "the number is a helper's place in enum bpf_func_id, copied to "
		   "tools/include and to bpf_helper_defs.h. A program of assay names a "
		   "helper of the patches, and before it is loaded the name is looked up in "
		   "the BTF of the kernel that runs: the same object calls the right helper "
		   "on 5.10 and on 6.1, where it has another number. Where there is no such "
		   "helper the call is refused",
	  .fix = "ASSAY_HELPER(name) in bpf/assay.bpf.h, and a line in its list",
	  .shows = "offered kstrtol_right" },
	{ 0 },
};

/* 7.3 takes such a prototype for a mistake of the verifier's own ("verifier bug: incorrect func
 * proto") and warns, which spoils what comes after: not loaded there. */
static int prepare(struct exp *e, struct bpf_object *obj)
{
	static const char *const nosize[] = { "kstrtol_nosize", "dmesg_print_nosize" };

	for (size_t i = 0; i < ARRAY_SIZE(nosize); i++) {
		struct bpf_program *p = bpf_object__find_program_by_name(obj, nosize[i]);

		if (p && exp__kernel_version(e) >= KERNEL_VERSION(7, 0, 0))
			bpf_program__set_autoload(p, false);
	}
	return 0;
}

const struct experiment experiment_strtol = {
	.name = "strtol",
	.summary = "numbers parsed in the kernel: who is offered the helpers, and what they return",
	.rows = rows,
	.needs = needs,
	.timeout_s = 60,
	.elf_bytes = strtol_bpf__elf_bytes,
	.prepare = prepare,
	.measure = measure,
};
