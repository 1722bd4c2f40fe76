// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/record.h"
#include "model/stats.h"
#include "read.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MAX_STACK  "/proc/sys/kernel/bpf_max_stack"
#define JIT_ENABLE "/proc/sys/net/core/bpf_jit_enable"
#define NOBODY	   65534
#define MAX_WRITES 100000u

struct context {
	struct exp *e;
	struct page_env env;
	struct bpf_insn insns[BIG_STACK_MAX_INSNS];
	unsigned char page[BIG_STACK_PAGE];
	uint64_t sum; /* of the page */
	int file;
	uint64_t writes;
	double *us;
};

/* --- verdicts ---------------------------------------------------------------------------- */

#define TOO_DEEP(size) \
	"assay:reject:*:EACCES:invalid (indirect access|write) to stack R1 off=-" size " size=" size

static const struct way hook = { "hook", IN_STACK, 8, 0 };
static const struct way stack_256 = { "stack_256", IN_STACK, 256, 16 };
static const struct way stack_512 = { "stack_512", IN_STACK, 512, 8 };
static const struct way stack_2048 = { "stack_2048", IN_STACK, 2048, 2 };
static const struct way stack_4096 = { "stack_4096", IN_STACK, 4096, 1 };
static const struct way stack_4104 = { "stack_4104", IN_STACK, 4104, 1 };
static const struct way array_256 = { "array_256", IN_ARRAY, 256, 16 };
static const struct way array_4096 = { "array_4096", IN_ARRAY, 4096, 1 };

struct verdict_case {
	const char *name;
	const struct way *way;
	unsigned int store; /* depth, where there is no way */
	const char *tag;
};

static const struct verdict_case by_default[] = {
	{ "stack_256", &stack_256, 0, "assay:accept:*" },
	{ "stack_512", &stack_512, 0, "assay:accept:*" },
	{ "stack_2048", &stack_2048, 0, TOO_DEEP("2048") },
	{ "array_4096", &array_4096, 0, "assay:accept:*" },
	{ "store_512", NULL, 512, "assay:accept:*" },
	{ "store_520", NULL, 520,
	  "assay:reject:*:EACCES:invalid write to stack R10 off=-520 size=8" },
};

static const struct verdict_case raised[] = {
	{ "raised_stack_2048", &stack_2048, 0, "assay:accept:+max-stack" },
	{ "raised_stack_4096", &stack_4096, 0, "assay:accept:+max-stack" },
	{ "raised_stack_4104", &stack_4104, 0, TOO_DEEP("4104") },
	{ "raised_store_520", NULL, 520, "assay:accept:+max-stack" },
};

static const struct verdict_case without_jit[] = {
	{ "no_jit_stack_512", &stack_512, 0, "assay:accept:+max-stack" },
	{ "no_jit_stack_2048", &stack_2048, 0,
	  "assay:reject:+max-stack:EOPNOTSUPP:"
	  "stack of 2048 bytes needs the JIT, the interpreter has 512" },
};

/* Without the sums: a log that has all slots of the stack in each of a thousand lines is megabytes
 * long. The programs that add up are loaded when they are run. */
static size_t make(struct context *c, const struct verdict_case *v)
{
	if (v->way)
		return big_stack__program(c->insns, v->way, &c->env, false);
	return big_stack__store(c->insns, v->store);
}

static int verdicts(struct context *c, const struct verdict_case *cases, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		const char *tags[] = { cases[i].tag, NULL };
		size_t len = make(c, &cases[i]);

		err = exp__load_record(c->e, cases[i].name, BPF_PROG_TYPE_RAW_TRACEPOINT, c->insns,
				       len, tags);
	}
	return err;
}

/* --- at work ----------------------------------------------------------------------------- */

/* The page is written again and again, under the eyes of the program or, fd < 0, of none. */
static int write_pages(struct context *c, int prog)
{
	int link = prog >= 0 ? bpf_raw_tracepoint_open("sys_enter", prog) : -1, err = 0;

	if (prog >= 0 && link < 0)
		return exp__fail(c->e, -errno, "attach to the raw tracepoint sys_enter");
	for (uint64_t i = 0; !err && i < c->writes; i++) {
		uint64_t start = exp__now_ns();

		if (pwrite(c->file, c->page, sizeof(c->page), 0) != (long)sizeof(c->page))
			err = exp__fail(c->e, -errno, "write a page");
		c->us[i] = (double)(exp__now_ns() - start) / 1e3;
	}
	if (link >= 0)
		close(link);
	return err;
}

static void report_times(struct context *c, struct record *r)
{
	record__metric(r, "write", "us", stats__median(c->us, c->writes));
	record__metric(r, "write_low", "us", stats__quantile(c->us, c->writes, 0.25));
	record__metric(r, "write_high", "us", stats__quantile(c->us, c->writes, 0.75));
	record__series(r, "write", "us", c->us, c->writes);
}

static int run(struct context *c, const struct way *w, bool sum, struct page_result *found)
{
	struct bpf_prog_load_opts opts = { .sz = sizeof(opts) };
	size_t n = big_stack__program(c->insns, w, &c->env, sum);
	int prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, w->name, "GPL", c->insns, n, &opts);
	__u32 zero = 0;
	int err;

	if (prog < 0)
		return exp__fail(c->e, -errno, "load %s", w->name);
	memset(found, 0, sizeof(*found));
	err = bpf_map_update_elem(c->env.results, &zero, found, BPF_ANY);
	if (!err)
		err = write_pages(c, prog);
	if (!err)
		err = bpf_map_lookup_elem(c->env.results, &zero, found);
	close(prog);
	return err;
}

static int measure_way(struct context *c, const struct way *w)
{
	struct record *r = exp__measurement(c->e, "page");
	struct page_result found;
	int err;

	record__label(r, "buffer", w->name);
	record__metric(r, "reads", "reads", w->reads);
	err = run(c, w, true, &found);
	if (err)
		goto fail;
	exp__check(r, found.runs == c->writes, "the program runs to its end for every page",
		   "%" PRIu64 " of %" PRIu64, found.runs, c->writes);
	exp__check(r, found.sum == (w->reads ? c->sum : 0),
		   w->reads ? "what it read is what was written: the sums of all words are equal"
			    : "it reads nothing",
		   "%#" PRIx64 ", the page's %#" PRIx64, found.sum, c->sum);
	record__metric(r, "summing", "us", stats__median(c->us, c->writes));
	err = run(c, w, false, &found);
	if (err)
		goto fail;
	report_times(c, r);
	return exp__emit(c->e, r);
fail:
	record__free(r);
	return err;
}

static int measure_bare(struct context *c)
{
	struct record *r = exp__measurement(c->e, "page");
	int err;

	record__label(r, "buffer", "no program");
	err = write_pages(c, -1);
	if (err) {
		record__free(r);
		return err;
	}
	report_times(c, r);
	return exp__emit(c->e, r);
}

static int measure_ways(struct context *c, const struct way *const *ways, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = measure_way(c, ways[i]);
	return err ? err : big_stack__read(c->e, &c->env, c->file, c->sum, ways, n);
}

/* --- with the limit raised --------------------------------------------------------------- */

/* Another user's program, as far as there may be any: the errno as the child's exit status. */
static int store_as_nobody(struct context *c, unsigned int depth, int *found)
{
	size_t n = big_stack__store(c->insns, depth);
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (!child) {
		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(EHWPOISON);
		_exit(-exp__try_load(c->e, "nobody", BPF_PROG_TYPE_SOCKET_FILTER, c->insns, n, NULL,
				     0, 0));
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	*found = WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
	return 0;
}

static int measure_unprivileged(struct context *c)
{
	struct record *r = exp__measurement(c->e, "raised_unprivileged");
	int at = 0, beyond = 0, err = store_as_nobody(c, 512, &at);

	if (!err)
		err = store_as_nobody(c, 520, &beyond);
	if (err) {
		record__free(r);
		return exp__fail(c->e, err, "load a program as another user");
	}
	exp__check(r, !at, "without capabilities a store at 512 is accepted", "%s",
		   exp__err_name(at));
	exp__check(r, beyond == -EACCES, "and one at 520 is refused with EACCES", "%s",
		   exp__err_name(beyond));
	return exp__emit(c->e, r);
}

static int check_range(struct context *c)
{
	struct record *r = exp__measurement(c->e, "sysctl");
	uint64_t before = 0;
	int err = exp__read_u64(MAX_STACK, &before), low, high;

	low = exp__write_str(MAX_STACK, "511");
	high = exp__write_str(MAX_STACK, "4097");
	exp__check(r, !err && before == 512, "kernel.bpf_max_stack is 512 at first",
		   "%" PRIu64 ", %s", before, exp__err_name(err));
	exp__check(r, low == -EINVAL && high == -EINVAL, "511 and 4097 are refused with EINVAL",
		   "%s, %s", exp__err_name(low), exp__err_name(high));
	return exp__emit(c->e, r);
}

static int with_raised(struct context *c)
{
	static const struct way *const ways[] = { &stack_2048, &stack_4096 };
	int err = verdicts(c, raised, ARRAY_SIZE(raised));

	if (!err)
		err = measure_ways(c, ways, ARRAY_SIZE(ways));
	if (!err)
		err = measure_unprivileged(c);
	return err;
}

static int with_interpreter(struct context *c)
{
	uint64_t jit = 1;
	int err = exp__read_u64(JIT_ENABLE, &jit), restored;

	if (!err)
		err = exp__write_str(JIT_ENABLE, "0");
	if (err)
		return exp__fail(c->e, err, "turn the JIT off by %s", JIT_ENABLE);
	err = verdicts(c, without_jit, ARRAY_SIZE(without_jit));
	restored = exp__write_str(JIT_ENABLE, jit ? "1" : "0");
	return err ? err : restored;
}

static int measure_raised(struct context *c)
{
	int err, restored;

	if (!exp__has(c->e, NEED_FILE, MAX_STACK)) {
		struct record *r = exp__measurement(c->e, "sysctl");

		record__fail(r, STATUS_SKIPPED,
			     "no %s: the kernel lacks the patch that provides max-stack",
			     MAX_STACK);
		return exp__emit(c->e, r);
	}
	err = check_range(c);
	if (err)
		return err;
	err = exp__write_str(MAX_STACK, "4096");
	if (err)
		return exp__fail(c->e, err, "write 4096 to %s", MAX_STACK);
	err = with_raised(c);
	if (!err)
		err = with_interpreter(c);
	restored = exp__write_str(MAX_STACK, "512");
	return err ? err : restored;
}

/* --- all of it --------------------------------------------------------------------------- */

static int open_context(struct context *c)
{
	uint64_t word;

	c->writes = exp__param_u64(c->e, "writes");
	c->us = calloc(c->writes, sizeof(*c->us));
	if (!c->us)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(c->page); i++)
		c->page[i] = (unsigned char)(i * 31 + i / 256 + 7);
	for (size_t i = 0; i < sizeof(c->page); i += sizeof(word)) {
		memcpy(&word, c->page + i, sizeof(word));
		c->sum += word;
	}
	c->env.thread = exp__this_thread();
	c->file = memfd_create("assay-page", MFD_CLOEXEC);
	c->env.results = bpf_map_create(BPF_MAP_TYPE_ARRAY, "results", 4,
					sizeof(struct page_result), 1, NULL);
	c->env.texts =
		bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "texts", 4, BIG_STACK_PAGE, 1, NULL);
	return c->file < 0 || c->env.results < 0 || c->env.texts < 0 ? -errno : 0;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	static const struct way *const ways[] = { &hook, &stack_256, &stack_512, &array_256,
						  &array_4096 };
	struct context *c = calloc(1, sizeof(*c));
	int err;

	(void)obj;
	if (!c)
		return -ENOMEM;
	c->e = e;
	c->file = c->env.results = c->env.texts = -1;
	err = open_context(c);
	if (err)
		exp__fail(e, err, "make maps and a file in memory");
	if (!err)
		err = verdicts(c, by_default, ARRAY_SIZE(by_default));
	if (!err)
		err = measure_bare(c);
	if (!err)
		err = measure_ways(c, ways, ARRAY_SIZE(ways));
	if (!err)
		err = measure_raised(c);
	if (c->env.texts >= 0)
		close(c->env.texts);
	if (c->env.results >= 0)
		close(c->env.results);
	if (c->file >= 0)
		close(c->file);
	free(c->us);
	free(c);
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_FTRACE_SYSCALLS", "the programs are attached to sys_enter" },
	{ NEED_FILE, JIT_ENABLE, "a large stack needs the JIT, which is turned off to see that" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "writes",
	  .type = PARAM_UINT,
	  .value = "201",
	  .min = 1,
	  .max = MAX_WRITES,
	  .help = "pages written for each kind of buffer" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "X25",
	  .title = "the buffer on the stack, in a per-CPU array, and with MAX_BPF_STACK raised",
	  .origin = "activity log of a thesis, 4 and 9 April 2020",
	  .cause = "what costs is the number of reads: one read of a page adds half of "
		   "what 16 reads of 256 bytes add to a write, and the same to a "
		   "per-CPU array as to a stack raised to 4,096 bytes (5.10.218, TCG). "
		   "The larger stack gains nothing over the array. On copyout, too, "
		   "each way brings the reader's page in, and in one read the "
		   "program's begin and end lie between the call and its return",
	  .shows = "page events_* stack_256 stack_512 stack_2048 array_4096 "
		   "raised_stack_2048 raised_stack_4096" },
	{ .id = "K6",
	  .title = "MAX_BPF_STACK raised",
	  .origin = "activity log of a thesis, 9 April 2020",
	  .cause = "patch max-stack: the sysctl kernel.bpf_max_stack, 512 to 4096, for "
		   "privileged loaders. Beyond 512 bytes a program needs the JIT, as "
		   "the interpreter has no larger stacks: EOPNOTSUPP. Everybody else "
		   "keeps 512",
	  .shows = "sysctl raised_stack_2048 raised_stack_4096 raised_stack_4104 "
		   "raised_store_520 raised_unprivileged no_jit_stack_512 "
		   "no_jit_stack_2048" },
	{ 0 },
};

const struct experiment experiment_big_stack = {
	.name = "big-stack",
	.summary =
		"a page read into the stack, a per-CPU array, and a stack of more than 512 bytes",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 180,
	.measure = measure,
};
