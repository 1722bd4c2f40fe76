// SPDX-License-Identifier: GPL-2.0-only
#include "compile.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "guest/experiment.h"
#include "model/record.h"

#define DEFAULT_CPU "v3" /* as experiments are built */

static const char *const cpus[] = { "v1", "v2", "v3", "v4" };
#define NR_CPUS (sizeof(cpus) / sizeof(cpus[0]))

static const char *const outcome_names[] = {
	[COMPILES] = "compiles",
	[ERROR] = "error",
	[CRASHES] = "crashes",
	[REFUSED] = "libbpf refuses it",
};

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
static const struct compile_expect *expectation(const struct compile_case *k, const struct trial *t)
{
	const struct compile_expect *found = NULL;
	unsigned int major = t->clang->kver.major;

	for (size_t i = 0; i < nr_compile_expects; i++) {
		const struct compile_expect *x = &compile_expects[i];

		if (strcmp(x->name, k->name) || major < x->from ||
		    (x->below && major >= x->below) || (x->cpus && !strstr(x->cpus, t->cpu)))
			continue;
		if (found)
			return NULL;
		found = x;
	}
	return found;
}

static void look_into(const struct bench *b, const struct compile_case *k, struct trial *t)
{
	const struct compile_expect *x = t->expect = expectation(k, t);
	bool object = t->outcome == COMPILES || t->outcome == REFUSED;

	t->has = object && x && x->has ? compile__insn_count(b->object, x->has) : -1;
	t->lacks = object && x && x->lacks ? compile__insn_count(b->object, x->lacks) : -1;
}

/* What is expected of a trial, as a check says it. */
static void add_expected(struct strbuf *sb, const struct compile_expect *x)
{
	strbuf__addf(sb, "%s", outcome_names[x->outcome]);
	if (x->message)
		strbuf__addf(sb, ", with the known message");
	if (x->has)
		strbuf__addf(sb, ", with an instruction %s", x->has);
	if (x->lacks)
		strbuf__addf(sb, ", with no instruction %s", x->lacks);
}

static void add_found(struct strbuf *sb, const struct trial *t)
{
	const struct compile_expect *x = t->expect;

	strbuf__addf(sb, "%s", outcome_names[t->outcome]);
	if (t->message)
		strbuf__addf(sb, ": %s", t->message);
	if (x && x->message)
		strbuf__addf(sb, "; the known message is /%s/", x->message);
	if (x && x->has)
		strbuf__addf(sb, "; %d %s", t->has, x->has);
	if (x && x->lacks)
		strbuf__addf(sb, "; %d %s", t->lacks, x->lacks);
}

static bool as_expected(const struct trial *t)
{
	const struct compile_expect *x = t->expect;

	return x && t->outcome == x->outcome && (!x->message || matches(x->message, t->message)) &&
	       (!x->has || t->has > 0) && (!x->lacks || t->lacks == 0);
}

/* One check for each trial. */
static void judge(const struct trial *t, struct record *r)
{
	struct strbuf what = STRBUF_INIT, found = STRBUF_INIT;

	strbuf__addf(&what, "clang %s -mcpu=%s: ", t->clang->version, t->cpu);
	if (t->expect)
		add_expected(&what, t->expect);
	else
		strbuf__addf(&what, "there is one expectation");
	add_found(&found, t);
	exp__check(r, as_expected(t), strbuf__str(&what), "%s", strbuf__str(&found));
	strbuf__free(&what);
	strbuf__free(&found);
}

/* --- records ------------------------------------------------------------------------------- */

/* Trials of a source that ended alike, by compilers for which the same instruction sets did: one
 * record. */
struct group {
	struct record *r;
	enum compile_outcome outcome;
	char *message;
	char *cpus; /* "v1 v2" */
	struct strbuf clangs;
};

struct groups {
	struct group *v;
	size_t n;
};

static bool alike(enum compile_outcome outcome, const char *message, const struct trial *t)
{
	return outcome == t->outcome && !message == !t->message &&
	       (!message || !strcmp(message, t->message));
}

static struct group *group_of(struct exp *e, struct groups *gs, const char *name,
			      const struct trial *t, const char *cpu_list)
{
	struct group *g = gs->v;

	for (size_t i = 0; i < gs->n; i++, g++)
		if (alike(g->outcome, g->message, t) && !strcmp(g->cpus, cpu_list))
			return g;
	g = realloc(gs->v, (gs->n + 1) * sizeof(*g));
	if (!g)
		return NULL;
	gs->v = g;
	g += gs->n;
	*g = (struct group){ .outcome = t->outcome };
	g->message = t->message ? strdup(t->message) : NULL;
	g->cpus = strdup(cpu_list);
	g->r = exp__measurement(e, name);
	if (!g->cpus || !g->r || !g->message != !t->message) {
		free(g->message);
		free(g->cpus);
		record__free(g->r);
		return NULL;
	}
	gs->n++;
	return g;
}

/* Puts what one compiler did into the groups. */
static int sort_in(struct exp *e, struct groups *gs, const char *name, const struct trial *ts,
		   size_t n)
{
	bool done[NR_CPUS] = { false };

	for (size_t i = 0; i < n; i++) {
		char cpu_list[NR_CPUS * 3 + 1] = "";
		struct group *g;

		for (size_t j = i; j < n && !done[i]; j++)
			if (alike(ts[i].outcome, ts[i].message, &ts[j]))
				snprintf(cpu_list + strlen(cpu_list),
					 sizeof(cpu_list) - strlen(cpu_list), "%s%s",
					 *cpu_list ? " " : "", ts[j].cpu);
		if (done[i])
			continue;
		g = group_of(e, gs, name, &ts[i], cpu_list);
		if (!g)
			return -ENOMEM;
		strbuf__addf(&g->clangs, "%s%s", g->clangs.len ? " " : "", ts[i].clang->version);
		for (size_t j = i; j < n; j++) {
			if (!alike(ts[i].outcome, ts[i].message, &ts[j]))
				continue;
			judge(&ts[j], g->r);
			done[j] = true;
		}
	}
	return 0;
}

static int emit(struct exp *e, struct group *g)
{
	record__label(g->r, "clang", strbuf__str(&g->clangs));
	record__label(g->r, "mcpu", g->cpus);
	record__label(g->r, "outcome", outcome_names[g->outcome]);
	if (g->message)
		exp__observed(g->r, g->outcome == REFUSED ? ENOENT : 0, "%s", g->message);
	return exp__emit(e, g->r);
}

/* Emits them, unless something failed before. */
static int finish(struct exp *e, struct groups *gs, int err)
{
	for (size_t i = 0; i < gs->n; i++) {
		struct group *g = &gs->v[i];

		if (err)
			record__free(g->r);
		else
			err = emit(e, g);
		free(g->message);
		free(g->cpus);
		strbuf__free(&g->clangs);
	}
	free(gs->v);
	return err;
}

/* --- all of it ------------------------------------------------------------------------------ */

/* All instruction sets that are wanted, with one compiler. known: those that the compiler knows at
 * all; set by the first case. */
static int try_compiler(struct exp *e, struct bench *b, const struct compile_case *k,
			struct groups *gs, const struct compiler *cc, bool known[NR_CPUS])
{
	bool every = k->every_cpu || exp__param_bool(e, "every-mcpu");
	struct trial trials[NR_CPUS];
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; !err && i < NR_CPUS; i++) {
		if (!known[i] || (!every && strcmp(cpus[i], DEFAULT_CPU) != 0))
			continue;
		err = trial__run(b, k, cc, cpus[i], &trials[n]);
		if (err)
			exp__fail(e, err, "run %s on %s", cc->path, k->name);
		else
			look_into(b, k, &trials[n]);
		if (k == compile_cases)
			known[i] = trials[n].outcome == COMPILES;
		n++;
	}
	if (!err)
		err = sort_in(e, gs, k->name, trials, n);
	while (n)
		free(trials[--n].message);
	return err;
}

static int try_case(struct exp *e, struct bench *b, const struct compile_case *k,
		    const struct compilers *ccs, bool (*known)[NR_CPUS])
{
	struct groups gs = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < ccs->n; i++)
		err = try_compiler(e, b, k, &gs, &ccs->v[i], known[i]);
	err = finish(e, &gs, err);
	if (!err)
		err = exp__text(e, k->name, "log", strbuf__str(&b->said), b->said.len);
	strbuf__free(&b->said);
	return err;
}

static int measure_all(struct exp *e, struct bench *b, const struct compilers *ccs)
{
	bool(*known)[NR_CPUS] = malloc(ccs->n * sizeof(*known));
	int err = known ? 0 : -ENOMEM;

	if (known)
		memset(known, true, ccs->n * sizeof(*known));
	for (size_t i = 0; !err && i < nr_compile_cases; i++) {
		err = try_case(e, b, &compile_cases[i], ccs, known);
		exp__progress(e, i + 1, nr_compile_cases, "sources");
	}
	free(known);
	return err;
}

/* With one compiler the rows are about that one alone, which is to be seen. */
static int measure_compilers(struct exp *e, const struct compilers *ccs)
{
	struct record *r = exp__measurement(e, "compilers");
	struct strbuf found = STRBUF_INIT;

	for (size_t i = 0; i < ccs->n; i++)
		strbuf__addf(&found, "%s%s", i ? " " : "", ccs->v[i].version);
	record__label(r, "clang", strbuf__str(&found));
	if (ccs->n == 1)
		record__fail(r, STATUS_SKIPPED,
			     "clang %s is the only one here: harness/setup.sh --catalogue installs "
			     "the oldest and the newest that apt offers",
			     strbuf__str(&found));
	else
		exp__check(r, ccs->n > 1, "there are compilers to be compared", "%zu", ccs->n);
	strbuf__free(&found);
	return exp__emit(e, r);
}

static int open_bench(struct exp *e, struct bench *b)
{
	char template[] = "/tmp/assay-compile-XXXXXX";
	struct utsname uts;
	char *folder = mkdtemp(template);

	if (!folder || uname(&uts))
		return -errno;
	b->object = str_fmt("%s/object.o", folder);
	b->cases = exp__data(e, "cases");
	b->arch = str_fmt("-I/usr/include/%s-linux-gnu", uts.machine);
	b->bpftool = proc_which("bpftool");
	return b->object && b->cases && b->arch ? 0 : -ENOMEM;
}

static void close_bench(struct bench *b)
{
	char *slash = b->object ? strrchr(b->object, '/') : NULL;

	if (slash) {
		*slash = '\0';
		dir_remove(b->object);
	}
	free(b->object);
	free(b->cases);
	free(b->arch);
	free(b->bpftool);
	strbuf__free(&b->said);
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct bench b = { .said = STRBUF_INIT };
	struct compilers ccs = { 0 };
	int err;

	(void)obj;
	if (!exp__assay(e))
		return exp__skip(e, "its sources are found by `assay run` only");
	err = open_bench(e, &b);
	if (!err && !file_exists(b.cases)) {
		err = exp__skip(e, "%s is not there: build or install assay again", b.cases);
		goto out;
	}
	if (!err)
		err = compilers__find(&ccs);
	if (!err && !ccs.n)
		err = exp__skip(e, "there is no clang in PATH: apt-get install clang");
	if (!err)
		err = measure_compilers(e, &ccs);
	if (!err)
		err = measure_all(e, &b, &ccs);
	if (!err)
		err = compile__skeletons(e);
out:
	compilers__release(&ccs);
	close_bench(&b);
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
#define NOTES  "notes on BPF for tracing a database, 2016"

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
	  .title = "__builtin_memcmp and __builtin_strstr fail in the verification stage (what "
		   "compilers make of them)",
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
	  .cause = "BPF has signed division since instruction set v4 only, which clang 16 does not "
		   "know and 19 does; mainline executes it since 6.6. Up to clang 16 the old text "
		   "and a crash (\"Cannot select\"), from 19 on a plain error. A division by a "
		   "power of two is the same error up to 19, and a shift with 22",
	  .fix = "divide unsigned, sign by hand; or -mcpu=v4 with clang 18 and a kernel from 6.6 "
		 "on",
	  .shows = "signed-div signed-div-variable signed-mod signed-div-shift",
	  .passes = "unsigned-div signed-div-by-hand" },
	{ .id = "E20",
	  .title = "compiler crash in llvm::BPFTargetLowering::LowerGlobalAddress",
	  .origin = THESIS "19 February 2020, llc 6",
	  .cause = "an array whose size comes from ctx is an allocation on the stack at run time. "
		   "LLVM 6 (its source was read, it was not run) announces to lower that itself "
		   "and has no code for it: the switch in LowerOperation ends in "
		   "llvm_unreachable, which in a release build falls into another case, "
		   "LowerGlobalAddress, with a node that is no global. clang 13 to 16 crash with a "
		   "message, \"Unsupported dynamic stack allocation\"; 19 and 22 report it as an "
		   "error",
	  .fix = "a buffer of fixed size, and the size masked",
	  .shows = "dynamic-size",
	  .passes = "fixed-size" },
	{ .id = "E21",
	  .title = "BPF stack limit of 512 bytes exceeded (the compiler's message)",
	  .origin = THESIS "4 and 10 April 2020",
	  .cause = "the compiler counts, too, and refuses one byte earlier than the kernel: an "
		   "array of 511 bytes compiles, one of 512 does not, with every clang from 13 "
		   "to 22, although the kernel allows 512. It is an error, no warning, as the "
		   "log supposes: no object is written. From clang 19 on the text names an "
		   "option (-mllvm -bpf-stack-size) instead of the number; kernels do not follow "
		   "it",
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
	  .origin = THESIS
	  "25 January 2020, which names the header that works round it; the text is clang's",
	  .cause = "inline functions of the kernel's headers hold x86 assembly. asm goto itself is "
		   "understood today (clang 13 to 22 compile it when what it holds is BPF), and "
		   "the header alone compiles; only a call of the function fails, on the "
		   "instruction (\"invalid register/token name\") or on the flags (\"invalid "
		   "output constraint '=@ccc' in asm\")",
	  .fix = "vmlinux.h or own declarations instead of the kernel's headers; the "
		 "kernel's own samples include asm_goto_workaround.h first",
	  .shows = "asm-goto-called asm-flag-output",
	  .passes = "asm-goto-unused asm-goto-bpf" },
	{ .id = "E43",
	  .title = "no member named 'di' in 'struct pt_regs'",
	  .origin = "in none of the logs: what reports on mixed headers quote",
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
