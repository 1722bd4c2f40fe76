// SPDX-License-Identifier: GPL-2.0-only
#include "compile.h"

#include <errno.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "guest/experiment.h"
#include "model/record.h"

#define COMPILE_TIMEOUT_MS 20000
#define DEFAULT_CPU	   "v3" /* as experiments are built */

static const char *const cpus[] = { "v1", "v2", "v3", "v4" };
#define NR_CPUS (sizeof(cpus) / sizeof(cpus[0]))

static const char *const outcome_names[] = {
	[COMPILES] = "compiles",
	[ERROR] = "error",
	[CRASHES] = "crashes",
};

struct context {
	struct exp *e;
	char *cases;  /* folder of the sources */
	char *object; /* where all are compiled to */
	char *arch;   /* -I/usr/include/x86_64-linux-gnu */
	char *bpftool;
	struct strbuf said; /* by all compilers about one source: evidence */
};

/* One source through one compiler. */
struct trial {
	enum compile_outcome outcome;
	char *message; /* the first error, without its place; or NULL */
};

/* --- running ------------------------------------------------------------------------------- */

static void keep_line(void *ctx, const char *line)
{
	strbuf__addf(ctx, "%s\n", line);
}

/* Addresses are other ones in every run: "0x55f0ab" becomes "0x...". */
static void blank_addresses(char *text)
{
	char *to = text;

	for (char *from = text; *from;) {
		size_t digits = str_starts(from, "0x") ? strspn(from + 2, "0123456789abcdef") : 0;

		if (digits < 4) {
			*to++ = *from++;
			continue;
		}
		memcpy(to, "0x...", 5);
		to += 5;
		from += 2 + digits;
	}
	*to = '\0';
}

/* The first error of what a compiler printed, without file and line; NULL for none. */
static char *first_error(const char *said)
{
	/* The last is how clang before 18 reported what it can't select. */
	static const char *const marks[] = { "error: ", "Error at line " };
	const char *first = NULL;
	char *message;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *at = strstr(said, marks[i]);

		if (at && (!first || at < first)) {
			first = at + strlen(marks[i]);
			if (i && strchr(first, ' '))
				first = strchr(first, ' ') + 1; /* the number of the line */
		}
	}
	if (!first)
		return NULL;
	message = strndup(first, strcspn(first, "\n"));
	if (message)
		blank_addresses(message);
	return message;
}

static int compile(struct context *c, const struct compile_case *k, const struct compiler *cc,
		   const char *cpu, struct trial *out)
{
	char *file = str_fmt("%s.c", k->file ? k->file : k->name), *mcpu = str_fmt("-mcpu=%s", cpu);
	const char *argv[] = { cc->path,
			       "-target",
			       "bpf",
			       mcpu,
			       "-O2",
			       "-g",
			       "-D__TARGET_ARCH_x86",
			       "-fno-crash-diagnostics",
			       "-fno-color-diagnostics",
			       "-c",
			       file,
			       "-o",
			       c->object,
			       k->no_arch ? NULL : c->arch,
			       NULL };
	static const char *const env[] = { "LC_ALL=C", NULL };
	struct strbuf said = STRBUF_INIT;
	struct proc_opts opts = { .argv = argv,
				  .dir = c->cases,
				  .env = env,
				  .on_line = keep_line,
				  .ctx = &said,
				  .timeout_ms = COMPILE_TIMEOUT_MS,
				  .cancel_fd = -1 };
	int status = -1, err = file && mcpu ? proc_run(&opts, &status) : -ENOMEM;

	*out = (struct trial){ 0 };
	if (!err) {
		out->outcome = !status ? COMPILES : status == 1 ? ERROR : CRASHES;
		out->message = out->outcome ? first_error(strbuf__str(&said)) : NULL;
		strbuf__addf(&c->said, "--- clang %s -mcpu=%s%s: status %d\n%s", cc->version, cpu,
			     k->no_arch ? ", without the machine's headers" : "", status,
			     strbuf__str(&said));
	}
	strbuf__free(&said);
	free(file);
	free(mcpu);
	return err;
}

/* --- judging ------------------------------------------------------------------------------- */

static bool matches(const char *regex, const char *text)
{
	regex_t re;
	bool match;

	if (!text || regcomp(&re, regex, REG_EXTENDED | REG_NOSUB))
		return false;
	match = !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return match;
}

/* The one expectation about the compiler and the instruction set; NULL for none or several. */
static const struct compile_expect *expectation(const struct compile_case *k, unsigned int major,
						const char *cpu)
{
	const struct compile_expect *found = NULL;

	for (size_t i = 0; i < nr_compile_expects; i++) {
		const struct compile_expect *x = &compile_expects[i];

		if (strcmp(x->name, k->name) || major < x->from ||
		    (x->below && major >= x->below) || (x->cpus && !strstr(x->cpus, cpu)))
			continue;
		if (found)
			return NULL;
		found = x;
	}
	return found;
}

static void check_code(const struct context *c, const struct compile_expect *x, struct record *r)
{
	char text[64];
	int n;

	if (x->has) {
		n = compile__insn_count(c->object, x->has);
		snprintf(text, sizeof(text), "the object has an instruction %s", x->has);
		exp__check(r, n > 0, text, "%d", n);
	}
	if (x->lacks) {
		n = compile__insn_count(c->object, x->lacks);
		snprintf(text, sizeof(text), "the object has no instruction %s", x->lacks);
		exp__check(r, n == 0, text, "%d", n);
	}
}

/* What libbpf says of the object: bpftool opens it to make a skeleton. */
static void check_open(const struct context *c, const struct compile_expect *x, struct record *r)
{
	const char *argv[] = { c->bpftool, "gen", "skeleton", c->object, "name", "trial", NULL };
	struct strbuf said = STRBUF_INIT;
	struct proc_opts opts = { .argv = argv,
				  .on_line = keep_line,
				  .ctx = &said,
				  .timeout_ms = COMPILE_TIMEOUT_MS,
				  .cancel_fd = -1 };
	int status = -1, err = c->bpftool ? proc_run(&opts, &status) : -ENOENT;
	char *first = strndup(strbuf__str(&said), strcspn(strbuf__str(&said), "\n"));

	if (!*x->opens) {
		exp__check(r, !err && !status, "libbpf opens the object", "status %d",
			   err ? err : status);
	} else {
		exp__check(r, !err && status && matches(x->opens, strbuf__str(&said)),
			   "libbpf does not open the object: a function is missing", "%s", first);
		exp__observed(r, status ? ENOENT : 0, "%s", first);
	}
	free(first);
	strbuf__free(&said);
}

static void judge(const struct context *c, const struct compile_expect *x, const struct trial *t,
		  struct record *r)
{
	char text[80];

	if (!x) {
		exp__check(r, false, "there is one expectation for this compiler", "%s",
			   outcome_names[t->outcome]);
		return;
	}
	snprintf(text, sizeof(text), "outcome: %s", outcome_names[x->outcome]);
	exp__check(r, t->outcome == x->outcome, text, "%s%s%s", outcome_names[t->outcome],
		   t->message ? ": " : "", t->message ? t->message : "");
	if (x->message)
		exp__check(r, matches(x->message, t->message), "the first error is the known one",
			   "%s", t->message ? t->message : "none");
	if (x->outcome != COMPILES || t->outcome != COMPILES)
		return;
	check_code(c, x, r);
	if (x->opens)
		check_open(c, x, r);
}

/* --- all of it ------------------------------------------------------------------------------ */

/* *known: is the instruction set known to the compiler at all? Set by the first case. */
static int try(struct context *c, const struct compile_case *k, const struct compiler *cc,
	       const char *cpu, bool *known)
{
	struct record *r = exp__measurement(c->e, k->name);
	struct trial t;
	int err = compile(c, k, cc, cpu, &t);

	if (err) {
		record__free(r);
		return exp__fail(c->e, err, "run %s on %s", cc->path, k->name);
	}
	record__label(r, "clang", cc->version);
	record__label(r, "mcpu", cpu);
	record__label(r, "outcome", outcome_names[t.outcome]);
	if (t.message)
		exp__observed(r, 0, "%s", t.message);
	judge(c, expectation(k, cc->kver.major, cpu), &t, r);
	if (k == compile_cases)
		*known = t.outcome == COMPILES;
	free(t.message);
	return exp__emit(c->e, r);
}

static int try_case(struct context *c, const struct compile_case *k, const struct compilers *ccs,
		    bool (*known)[NR_CPUS])
{
	bool every = k->every_cpu || exp__param_bool(c->e, "every-mcpu");
	int err = 0;

	for (size_t i = 0; !err && i < ccs->n; i++)
		for (size_t j = 0; !err && j < NR_CPUS; j++)
			if (known[i][j] && (every || !strcmp(cpus[j], DEFAULT_CPU)))
				err = try(c, k, &ccs->v[i], cpus[j], &known[i][j]);
	if (!err)
		err = exp__text(c->e, k->name, "log", strbuf__str(&c->said), c->said.len);
	strbuf__free(&c->said);
	return err;
}

static int measure_all(struct context *c, const struct compilers *ccs)
{
	bool(*known)[NR_CPUS] = malloc(ccs->n * sizeof(*known));
	int err = known ? 0 : -ENOMEM;

	if (known)
		memset(known, true, ccs->n * sizeof(*known));
	for (size_t i = 0; !err && i < nr_compile_cases; i++) {
		err = try_case(c, &compile_cases[i], ccs, known);
		exp__progress(c->e, i + 1, nr_compile_cases, "sources");
	}
	free(known);
	return err;
}

static int open_context(struct context *c)
{
	char template[] = "/tmp/assay-compile-XXXXXX";
	struct utsname uts;
	char *folder = mkdtemp(template);

	if (!folder || uname(&uts))
		return -errno;
	c->object = str_fmt("%s/object.o", folder);
	c->cases = exp__data(c->e, "cases");
	c->arch = str_fmt("-I/usr/include/%s-linux-gnu", uts.machine);
	c->bpftool = proc_which("bpftool");
	return c->object && c->cases && c->arch ? 0 : -ENOMEM;
}

static void close_context(struct context *c)
{
	char *slash = c->object ? strrchr(c->object, '/') : NULL;

	if (slash) {
		*slash = '\0';
		dir_remove(c->object);
	}
	free(c->object);
	free(c->cases);
	free(c->arch);
	free(c->bpftool);
	strbuf__free(&c->said);
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct context c = { .e = e, .said = STRBUF_INIT };
	struct compilers ccs = { 0 };
	int err;

	(void)obj;
	if (!exp__assay(e))
		return exp__skip(e, "its sources are found by `assay run` only");
	err = open_context(&c);
	if (!err && !file_exists(c.cases)) {
		err = exp__skip(e, "%s is not there: it takes the source tree", c.cases);
		goto out;
	}
	if (!err)
		err = compilers__find(&ccs);
	if (!err && !ccs.n)
		err = exp__skip(e, "there is no clang in PATH: apt-get install clang");
	if (!err)
		err = measure_all(&c, &ccs);
	if (!err)
		err = compile__skeletons(e);
out:
	compilers__release(&ccs);
	close_context(&c);
	return err;
}

static const struct param params[] = {
	{ .name = "every-mcpu",
	  .type = PARAM_BOOL,
	  .value = "no",
	  .help = "all sources with -mcpu v1 to v4, not only those that depend on it" },
	{ 0 },
};

#define THESIS "activity log of a thesis, "
#define NOTES  "notes on tracing with bcc"

static const struct row rows[] = {
	{ .id = "E6",
	  .title = "LLVM ERROR: Cannot select: ... TargetExternalSymbol'memset'",
	  .origin = NOTES,
	  .cause = "an object that is initialised and too large to be initialised by single "
		   "stores: the compiler calls memset, which BPF has not. clang 13 to 22 say \"A "
		   "call to built-in function 'memset' is not supported.\" and, on the stack, "
		   "then the stack limit. The bound is 128 stores of 8 bytes: 1024 bytes compile, "
		   "1032 do not",
	  .fix = "a per-CPU array map for the object; clear large values piecewise",
	  .shows = "zeroed-2000 memset-1032",
	  .passes = "zeroed-504 memset-1024" },
	{ .id = "E7",
	  .title = "__builtin_memcmp and __builtin_strstr fail in the verification stage",
	  .origin = NOTES,
	  .cause = "the compiler does not complain: what it does not expand in place it calls, and "
		   "as there is no such function, the object holds a call of number -1. libbpf "
		   "does not open it: \"failed to find BTF for extern 'memcmp': -2\". Lengths of "
		   "1, 2 and 4 bytes are expanded by clang 13 and 14, 16 bytes by 15 and later, "
		   "lengths known at run time only by none; strstr of two constants is computed by "
		   "the compiler",
	  .fix = "a constant length, small enough for the compiler; or a loop with a bound",
	  .shows = "memcmp-dynamic memcmp-16 strstr-dynamic",
	  .passes = "memcmp-4 strstr-constant" },
	{ .id = "E19",
	  .title = "Unsupport signed division for DAG: ... sdiv ... Please convert to unsigned "
		   "div/mod.",
	  .origin = THESIS "18 March 2020, clang 6",
	  .cause =
		  "BPF had no signed division before instruction set v4, which clang knows since "
		  "18 (16 does not, 19 does) and no kernel before 6.6 executes. Up to clang 16 the old "
		  "text and a crash (\"Cannot select\"), from 19 on a plain error; a division by "
		  "a power of two is a shift from clang 22 on and the same error before",
	  .fix = "divide unsigned, sign by hand; or -mcpu=v4 with clang 18 and a kernel from 6.6 on",
	  .shows = "signed-div signed-div-variable signed-mod signed-div-shift",
	  .passes = "unsigned-div signed-div-by-hand signed-div" },
	{ .id = "E20",
	  .title = "compiler crash in llvm::BPFTargetLowering::LowerGlobalAddress",
	  .origin = THESIS "19 February 2020, llc 6",
	  .cause = "an array whose size comes from ctx is an allocation on the stack at run time. "
		   "LLVM 6 announced to lower it and had no code for that: the switch in "
		   "LowerOperation ends in llvm_unreachable, which in a release build falls into "
		   "one of the cases, here LowerGlobalAddress, with a node that is no global. "
		   "clang 13 to 16 crash with a message, \"Unsupported dynamic stack "
		   "allocation\"; 19 and later report it as an error",
	  .fix = "a buffer of fixed size, and the size masked",
	  .shows = "dynamic-size",
	  .passes = "fixed-size" },
	{ .id = "E21",
	  .title = "BPF stack limit of 512 bytes exceeded (the compiler's message)",
	  .origin = THESIS "4 April 2020",
	  .cause = "the compiler counts, too, and refuses one byte earlier than the kernel: an "
		   "array of 511 bytes compiles, one of 512 does not, with every clang from 13 to "
		   "22, although the kernel allows 512. From clang 19 on the text names an option "
		   "(-mllvm -bpf-stack-size) instead of the number; kernels do not follow it",
	  .fix = "a per-CPU array map for the buffer",
	  .shows = "stack-520 stack-512",
	  .passes = "stack-511" },
	{ .id = "E29",
	  .title = "fatal error: asm/types.h: No such file or directory",
	  .origin = THESIS "13 May 2020",
	  .cause = "with -target bpf clang does not search the folder of the machine's own headers "
		   "(/usr/include/x86_64-linux-gnu on Debian), and <linux/types.h> includes "
		   "<asm/types.h>",
	  .fix = "-I for that folder: the Makefile passes it",
	  .shows = "asm-types-missing",
	  .passes = "asm-types" },
	{ .id = "E31",
	  .title = "error: use of unknown builtin '__builtin_preserve_access_index'",
	  .origin = THESIS "17 June 2020",
	  .cause = "the compiler is older than the builtin, which came with clang 10: every clang "
		   "from 13 to 22 has it. The same message today, of a younger builtin: clang 16 "
		   "and older on __builtin_nondeterministic_value",
	  .fix = "a younger compiler; assay doctor asks for clang 14",
	  .shows = "new-builtin",
	  .passes = "preserve-access-index" },
	{ .id = "E42",
	  .title = "asm goto constructs are not supported",
	  .origin = THESIS "2020",
	  .cause =
		  "inline functions of the kernel's headers hold x86 assembly. Since clang 9 asm "
		  "goto itself is understood (13 to 22 compile it when what it holds is BPF), and "
		  "the header alone compiles; only a call of the function fails, on the "
		  "instruction (\"invalid register/token name\") or on the flags (\"invalid output "
		  "constraint '=@ccc' in asm\")",
	  .fix = "vmlinux.h or own declarations instead of the kernel's headers",
	  .shows = "asm-goto-called asm-flag-output",
	  .passes = "asm-goto-unused asm-goto-bpf" },
	{ .id = "E43",
	  .title = "no member named 'di' in 'struct pt_regs'",
	  .origin = THESIS "2020",
	  .cause = "the struct is called the same and has other members: user space's has rdi, the "
		   "kernel's di. PT_REGS_PARM1 chooses by __KERNEL__ and __VMLINUX_H__, which may "
		   "be defined while the struct is user space's",
	  .fix = "one source of types: vmlinux.h, or <asm/ptrace.h> without those macros, and "
		 "PT_REGS_PARM1 for both",
	  .shows = "ptregs-di ptregs-mixed",
	  .passes = "ptregs-rdi ptregs-macro ptregs-kernel" },
	{ .id = "X22",
	  .title = "skeletons made by bpftool for every loader",
	  .origin = THESIS "1 July 2020",
	  .cause = "every object of the build gives a skeleton, and every loader includes its own",
	  .shows = "skeletons" },
	{ 0 },
};

const struct experiment experiment_compile = {
	.name = "compile",
	.summary = "what each clang makes of the sources that compilers stumbled over",
	.rows = rows,
	.on_host = true,
	.params = params,
	.timeout_s = 120,
	.measure = measure,
};
