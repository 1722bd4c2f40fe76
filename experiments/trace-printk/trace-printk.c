// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/version.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "guest/kmsg.h"
#include "guest/trace.h"
#include "model/record.h"
#include "trace-printk.skel.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define KERNEL_IMAGE 0xffffffff80000000ull /* from there on, without KASLR, on x86-64 */

typedef struct trace_printk_bpf__bss globals;

struct context {
	struct exp *e;
	struct bpf_object *obj;
	globals *g;
	uint64_t marks; /* set in the trace buffer so far */
};

/* Runs a program once. 0 or -errno. */
static int run(struct context *c, const char *name)
{
	struct bpf_program *prog = exp__loaded(c->obj, name);
	struct bpf_link *link = prog ? bpf_program__attach(prog) : NULL;

	if (!link)
		return prog ? -errno : -ENOENT;
	c->g->runs = 0;
	c->g->returned = 0;
	c->g->pointer = 0;
	c->g->reader = exp__this_thread();
	syscall(SYS_getpgid, 0);
	c->g->reader = 0;
	bpf_link__destroy(link);
	return c->g->runs == 1 ? 0 : -EIO;
}

/* The same; what it printed into the trace buffer is added to `out` and kept as a text. */
static int run_traced(struct context *c, const char *name, struct strbuf *out)
{
	/* The harness has marks of its own: small numbers. */
	uint64_t mark = ((uint64_t)getpid() << 32) + ++c->marks;
	int err = trace__mark(mark);

	if (!err)
		err = run(c, name);
	if (!err)
		err = trace__since(mark, out);
	return err ?: exp__text(c->e, name, "trace_pipe", strbuf__str(out), out->len);
}

/* Text for a check: bytes that are no characters as in /dev/kmsg, without a last newline. Caller
 * frees. */
static char *escape(const char *text)
{
	struct strbuf out = STRBUF_INIT;

	for (; *text && strcmp(text, "\n") != 0; text++)
		if (isprint((unsigned char)*text))
			strbuf__addf(&out, "%c", *text);
		else
			strbuf__addf(&out, "\\x%02x", (unsigned char)*text);
	return strbuf__detach(&out);
}

/* --- bpf_trace_printk --------------------------------------------------------------------- */

#define PREFIX "bpf_trace_printk: "

/* The last message of a trace, from behind the prefix to the end; NULL when there is none. */
static const char *last_message(const char *trace)
{
	const char *found = NULL, *at = trace;

	while ((at = strstr(at, PREFIX)))
		found = at += strlen(PREFIX);
	return found;
}

static const struct print_case {
	const char *prog, *text; /* that comes out, with its newline */
	const char *why;
	bool refused_before_5_13; /* then by the helper, and nothing comes out */
	bool refused;
	int blank; /* newlines of the text that the trace shows as blank lines */
} print_cases[] = {
	{ "unterminated", "char 01full buffer %s\n",
	  "%s goes on into the format that lies behind the two characters", false, false, 1 },
	{ "terminated", "char 01\n", "%s ends at the NUL", false, false, 0 },
	{ "probe_read", "char 01full buffer %s\n", "bpf_probe_read_kernel sets no NUL", false,
	  false, 1 },
	{ "probe_read_str", "char 01\n", "bpf_probe_read_kernel_str sets one", false, false, 0 },
	{ "probe_read_str_too_small", "char 0\n",
	  "and leaves out a character where there is no room for it", false, false, 0 },
	{ "format_without_nul", NULL, "a format without a NUL is refused", false, true, 0 },
	{ "format_with_nul", "abcd\n", "with one it is printed", false, false, 0 },
	{ "format_padded", "abcd\n", "a format with more than one NUL", true, false, 0 },
	{ "two_strings", "first second\n", "two strings in one message", true, false, 0 },
	{ "trace_text", "pointer 42\n", "the text's address prints the text", false, false, 0 },
};

static int measure_print(struct context *c, const struct print_case *pc)
{
	bool refused = pc->refused || (pc->refused_before_5_13 &&
				       exp__kernel_version(c->e) < KERNEL_VERSION(5, 13, 0));
	struct strbuf trace = STRBUF_INIT;
	struct record *r;
	const char *message;
	char name[64], *shown;
	long want;
	int err = run_traced(c, pc->prog, &trace);

	if (err) {
		strbuf__free(&trace);
		return exp__fail(c->e, err, "run %s", pc->prog);
	}
	snprintf(name, sizeof(name), "printed_%s", pc->prog);
	r = exp__measurement(c->e, name);
	message = last_message(strbuf__str(&trace));
	shown = escape(message ?: "");
	record__label(r, "result",
		      c->g->returned < 0 ? exp__err_name((int)c->g->returned) : "text");
	if (refused) {
		exp__observed(r, EINVAL, "bpf_trace_printk returns %ld", (long)c->g->returned);
		exp__check(r, c->g->returned == -EINVAL, "bpf_trace_printk returns EINVAL", "%ld",
			   (long)c->g->returned);
		exp__check(r, !message, "and nothing comes out", "\"%s\"", shown ?: "");
	} else {
		/* What the helper returns counts the newline of a format, not the line's own. */
		want = (long)strlen(pc->text) - 1 + pc->blank;
		exp__observed(r, 0, "%s", shown ?: "");
		exp__check(r, message && !strcmp(message, pc->text), pc->why, "\"%s\"",
			   shown ?: "");
		exp__check(r, c->g->returned == want, "bpf_trace_printk returns its length", "%ld",
			   (long)c->g->returned);
	}
	free(shown);
	strbuf__free(&trace);
	return exp__emit(c->e, r);
}

/* --- the end of the stack ------------------------------------------------------------------ */

/* What lies above the program's stack differs from run to run. */
static int measure_top_of_stack(struct context *c)
{
	static const char text[] = "abcdefgh";
	struct strbuf trace = STRBUF_INIT;
	struct record *r;
	const char *message;
	char *shown;
	int err = run_traced(c, "top_of_stack", &trace);

	if (err) {
		strbuf__free(&trace);
		return exp__fail(c->e, err, "run top_of_stack");
	}
	r = exp__measurement(c->e, "printed_top_of_stack");
	message = last_message(strbuf__str(&trace));
	shown = escape(message ?: "");
	/* What follows is the same in no two runs: it is kept as a text. */
	if (message && strlen(message) > strlen(text))
		exp__observed(r, 0, "%.*s...", (int)strlen(text), message);
	exp__check(r, message && !strncmp(message, text, strlen(text)),
		   "the eight characters of the program's come out", "\"%s\"", shown ?: "");
	record__metric(r, "behind_the_stack", "bytes",
		       (double)(c->g->returned - (long)strlen(text)));
	free(shown);
	strbuf__free(&trace);
	return exp__emit(c->e, r);
}

/* --- addresses ----------------------------------------------------------------------------- */

static int measure_address(struct context *c)
{
	struct strbuf trace = STRBUF_INIT;
	char as_p[64] = "", as_lx[64] = "", wanted[64];
	struct record *r;
	const char *message;
	int err = run_traced(c, "address", &trace);

	if (err) {
		strbuf__free(&trace);
		return exp__fail(c->e, err, "run address");
	}
	r = exp__measurement(c->e, "printed_address");
	message = last_message(strbuf__str(&trace));
	exp__check(r, message && sscanf(message, "as p %63s as lx %63s", as_p, as_lx) == 2,
		   "both come out", "\"%s\"", message ?: "");
	exp__observed(r, 0, "%s", message ?: "");
	snprintf(wanted, sizeof(wanted), "%" PRIx64, (uint64_t)c->g->pointer);
	exp__check(r, !strcmp(as_lx, wanted), "%lx prints the address", "%s, it is %s", as_lx,
		   wanted);
	exp__check(r, *as_p && !strstr(as_p, wanted), "%p prints something else", "%s, it is %s",
		   as_p, wanted);
	strbuf__free(&trace);
	return exp__emit(c->e, r);
}

/* The bytes of a pointer as a text: up to the first NUL. */
static void pointer_text(uint64_t pointer, char out[9])
{
	memcpy(out, &pointer, 8); /* little-endian, as the kernel has it */
	out[8] = '\0';
}

/* Addresses in the kernel's image, which lies at the same place in every run, are recorded as they
 * come out; those of stacks and maps are the same in no two runs. */
static void check_rubbish(struct record *r, uint64_t pointer, const char *found)
{
	char bytes[9], *expected, *shown = escape(found);

	pointer_text(pointer, bytes);
	expected = escape(bytes);
	if (pointer >= KERNEL_IMAGE)
		exp__observed(r, 0, "%s", shown ?: "");
	exp__check(r, !strcmp(found, bytes),
		   "the bytes of the pointer come out, from the lowest to the first NUL",
		   "\"%s\", the pointer is 0x%" PRIx64 ": \"%s\"", shown ?: "", pointer,
		   expected ?: "");
	record__metric(r, "bytes", "bytes", (double)strlen(found));
	free(shown);
	free(expected);
}

static int measure_trace_pointer(struct context *c)
{
	struct strbuf trace = STRBUF_INIT;
	struct record *r;
	char found[64] = "";
	const char *message;
	int err = run_traced(c, "trace_pointer", &trace);

	if (err) {
		strbuf__free(&trace);
		return exp__fail(c->e, err, "run trace_pointer");
	}
	r = exp__measurement(c->e, "printed_trace_pointer");
	message = last_message(strbuf__str(&trace));
	if (message && !strncmp(message, "pointer ", 8))
		snprintf(found, sizeof(found), "%.*s", (int)strlen(message + 8) - 1, message + 8);
	check_rubbish(r, c->g->pointer, found);
	strbuf__free(&trace);
	return exp__emit(c->e, r);
}

/* --- bpf_dmesg_print ----------------------------------------------------------------------- */

/* "\x80u&" -> the bytes. */
static void unescape(const char *from, char *out, size_t len)
{
	unsigned int byte;
	size_t n = 0;

	while (*from && n + 1 < len)
		if (sscanf(from, "\\x%2x", &byte) == 1) {
			out[n++] = (char)byte;
			from += 4;
		} else {
			out[n++] = *from++;
		}
	out[n] = '\0';
}

/* The last message that begins with "bpf: ", as it was printed. Returns how many there are. */
static int dmesg_messages(int kmsg, char *text, size_t len)
{
	char raw[1024] = ""; /* four characters for each byte of text that is none */
	int n = kmsg__messages(kmsg, "bpf: ", raw, sizeof(raw));

	if (n)
		unescape(raw, text, len);
	return n;
}

static int measure_dmesg(struct context *c, const char *prog, bool rubbish)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), err, messages;
	char name[64], found[256] = "", *shown;
	struct record *r;

	if (kmsg < 0)
		return exp__fail(c->e, -errno, "open /dev/kmsg");
	lseek(kmsg, 0, SEEK_END);
	err = run(c, prog);
	messages = err ? 0 : dmesg_messages(kmsg, found, sizeof(found));
	close(kmsg);
	if (err)
		return exp__fail(c->e, err, "run %s", prog);
	snprintf(name, sizeof(name), "printed_%s", prog);
	r = exp__measurement(c->e, name);
	exp__check(r, messages == 1, "one message is in the kernel's log", "%d messages", messages);
	if (rubbish) {
		check_rubbish(r, c->g->pointer, found);
	} else {
		shown = escape(found);
		exp__observed(r, 0, "%s", shown ?: "");
		exp__check(r, !strcmp(found, "42"), "the text comes out", "\"%s\"", shown ?: "");
		free(shown);
	}
	exp__check(r, c->g->returned == (long)strlen(found), "bpf_dmesg_print returns its length",
		   "%ld", (long)c->g->returned);
	return exp__emit(c->e, r);
}

/* --- all of it ----------------------------------------------------------------------------- */

static int measure_dmesgs(struct context *c)
{
	static const char *const rubbish[] = { "dmesg_kernel_address", "dmesg_stack_pointer",
					       "dmesg_map_pointer" };
	int err;

	if (!exp__has(c->e, NEED_FEATURE, "dmesg-print")) {
		struct record *r = exp__measurement(c->e, "printed_dmesg");

		record__fail(r, STATUS_SKIPPED, "the kernel lacks the patch dmesg-print");
		return exp__emit(c->e, r);
	}
	err = measure_dmesg(c, "dmesg_text", false);
	for (size_t i = 0; !err && i < ARRAY_SIZE(rubbish); i++)
		err = measure_dmesg(c, rubbish[i], true);
	return err;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct context c = { .e = e, .obj = obj };
	int err = 0;

	c.g = exp__map_globals(obj, sizeof(*c.g));
	if (!c.g)
		return exp__fail(e, -errno, "map the programs' variables");
	strcpy(c.g->source, "01 02 03");
	for (size_t i = 0; !err && i < ARRAY_SIZE(print_cases); i++)
		err = measure_print(&c, &print_cases[i]);
	if (!err)
		err = measure_top_of_stack(&c);
	if (!err)
		err = measure_address(&c);
	if (!err)
		err = measure_trace_pointer(&c);
	if (!err)
		err = measure_dmesgs(&c);
	munmap(c.g, sizeof(*c.g));
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_EVENTS", "the programs are attached to a kprobe and print" },
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS", "the programs are attached to a kprobe" },
	{ NEED_FILE, "/sys/kernel/tracing/trace_marker", "tracefs shows what is printed" },
	{ NEED_SYMBOL, "__x64_sys_getpgid", "the system call that runs the programs" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "E40",
	  .title = "garbled bpf_trace_printk: the previous format string leaks into the output",
	  .origin = "activity log of a thesis, 15, 19 and 20 February 2020",
	  .cause = "%s of a text without a NUL: bpf_trace_printk reads on until it finds "
		   "one. On the stack the format of the previous message lies behind the "
		   "text; at the stack's end the kernel's own bytes do. The verifier does "
		   "not look at what %s is given. The same on 5.10 and 6.1. The format "
		   "itself is not the cause: without a NUL it is refused with EINVAL",
	  .fix = "a NUL behind the text and room for it: bpf_probe_read_kernel_str and "
		 "bpf_probe_read_user_str set one, bpf_probe_read_kernel and _user do not",
	  .shows = "printed_unterminated printed_probe_read printed_top_of_stack",
	  .passes = "printed_terminated printed_probe_read_str" },
	{ .id = "E41",
	  .title = "custom print helper prints rubbish: \\x80u&\\x90\\xff\\xff\\xff\\xff",
	  .origin = "activity log of a thesis, 28 March 2020",
	  .cause = "the bytes are an address, lowest byte first: 0xffffffff90267580, in the "
		   "kernel's image. The same comes out when a helper is given the address "
		   "of a variable that holds an address, in place of the text's: to the "
		   "verifier both are memory of the right size. Whether the source's "
		   "program or its helper took the address once too often is not known",
	  .fix = "pass the text's address: one & less",
	  .shows = "printed_dmesg_kernel_address printed_dmesg_stack_pointer "
		   "printed_dmesg_map_pointer printed_trace_pointer",
	  .passes = "printed_dmesg_text printed_trace_text" },
	{ 0 },
};

const struct experiment experiment_trace_printk = {
	.name = "trace-printk",
	.summary = "what programs print into the trace and the log, and what else comes out",
	.rows = rows,
	.needs = needs,
	.timeout_s = 60,
	.elf_bytes = trace_printk_bpf__elf_bytes,
	.measure = measure,
};
