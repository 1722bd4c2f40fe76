// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
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

#include "bpf/trail.h"
#include "copyout-trampoline.skel.h"
#include "events_emit.h"
#include "guest/experiment.h"
#include "guest/reader.h"
#include "guest/trail.h"
#include "model/record.h"
#include "rows.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TARGET_FILE  "/proc/bpf_target/modify"
#define READ_SIZE    4096
#define MAX_ATTACHED 3

typedef struct copyout_trampoline_bpf__bss globals;

/* --- programs ---------------------------------------------------------------------------- */

static int attach(struct bpf_object *obj, const char *name, struct bpf_link **link)
{
	struct bpf_program *p = exp__loaded(obj, name);

	*link = NULL;
	if (!p)
		return -ENOENT;
	*link = bpf_program__attach(p);
	return *link ? 0 : -errno;
}

/* What libbpf said of a failure: kept, and held against the words that are expected. */
static void check_words(struct record *r, int err, const char *words)
{
	char *said = exp__libbpf_said();
	const char *at = said ? strstr(said, words) : NULL;

	exp__observed(r, err, "%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
	exp__check(r, at != NULL, "libbpf says so", "%s; expected \"%s\"", said ? said : "nothing",
		   words);
	free(said);
}

static bool listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

/* The programs of one case: loaded afresh, as 5.10 attaches a tracing program only once (see
 * measure_again), attached, and sharing their .bss. */
struct session {
	struct bpf_object *obj;
	struct bpf_link *links[MAX_ATTACHED];
	globals *g;
};

/* Loads these programs alone, and one more that is not going to be attached, or NULL. */
static int session__load(struct session *s, const char *const *names, const char *idle)
{
	size_t size;
	const void *elf = copyout_trampoline_bpf__elf_bytes(&size);
	struct bpf_program *p;
	int err;

	s->obj = bpf_object__open_mem(elf, size, NULL);
	if (!s->obj)
		return -errno;
	bpf_object__for_each_program (p, s->obj) {
		const char *name = bpf_program__name(p);

		bpf_program__set_autoload(p, listed(names, name) || (idle && !strcmp(name, idle)));
	}
	err = bpf_object__load(s->obj);
	if (err)
		return err;
	s->g = exp__map_globals(s->obj, sizeof(*s->g));
	return s->g ? 0 : -errno;
}

static void session__close(struct session *s)
{
	for (size_t i = 0; i < MAX_ATTACHED; i++)
		bpf_link__destroy(s->links[i]);
	if (s->g)
		munmap(s->g, sizeof(*s->g));
	bpf_object__close(s->obj);
	*s = (struct session){ 0 };
}

/* Attaches programs of the session; a failure is for the caller to report. */
static int session__attach(struct session *s, const char *const *names)
{
	int err = 0;

	for (size_t i = 0; !err && i < MAX_ATTACHED && names[i]; i++)
		err = attach(s->obj, names[i], &s->links[i]);
	return err;
}

static void session__detach(struct session *s)
{
	for (size_t i = 0; i < MAX_ATTACHED; i++) {
		bpf_link__destroy(s->links[i]);
		s->links[i] = NULL;
	}
}

/* --- does it attach? --------------------------------------------------------------------- */

struct attach_case {
	const char *prog, *target;
	int err; /* expected */
};

/* A function without an ftrace entry has no five bytes of nop for the trampoline's call: the
 * kernel finds other instructions there and gives EBUSY. */
static const struct attach_case attach_cases[] = {
	{ "fentry_plain", "copyout_bpf", -EBUSY },   { "fexit_plain", "copyout_bpf", -EBUSY },
	{ "fmod_ret_plain", "copyout_bpf", -EBUSY }, { "fentry_ftrace", "copyout_ftrace", 0 },
	{ "fexit_ftrace", "copyout_ftrace", 0 },     { "fmod_ret_ftrace", "copyout_ftrace", 0 },
};

static int measure_attach(struct exp *e, struct bpf_object *obj)
{
	for (size_t i = 0; i < ARRAY_SIZE(attach_cases); i++) {
		const struct attach_case *c = &attach_cases[i];
		struct bpf_link *link;
		struct record *r;
		char name[96];
		int err;

		if (!exp__loaded(obj, c->prog))
			continue;
		snprintf(name, sizeof(name), "attach_%s", c->prog);
		r = exp__measurement(e, name);
		free(exp__libbpf_said());
		err = attach(obj, c->prog, &link);
		bpf_link__destroy(link);
		record__label(r, "target", c->target);
		record__label(r, "ftrace_entry",
			      exp__has(e, NEED_FTRACE, c->target) ? "yes" : "no");
		record__label(r, "attach", exp__err_name(err));
		exp__check(r, err == c->err,
			   c->err ? "attaching fails with EBUSY" : "attaching succeeds", "%s",
			   exp__err_name(err));
		if (err) {
			snprintf(name, sizeof(name), "prog '%s': failed to attach: %s", c->prog,
				 strerror(EBUSY));
			check_words(r, err, name);
		}
		err = exp__emit(e, r);
		if (err)
			return err;
	}
	return 0;
}

/* A second attachment of a program that was attached and detached before: in 5.10 the first link
 * takes the trampoline with it. Mainline 5.13 allows it: "bpf: Allow trampoline re-attach for
 * tracing and lsm programs". */
static int measure_again(struct exp *e)
{
	static const char *const names[] = { "fentry_getpgid", NULL };
	int want = exp__kernel_version(e) < KERNEL_VERSION(5, 13, 0) ? -ENOENT : 0;
	struct record *r = exp__measurement(e, "attach_again");
	struct session s = { 0 };
	int err = session__load(&s, names, NULL), again = 0;

	if (!err)
		err = session__attach(&s, names);
	exp__check(r, !err, "the first attachment succeeds", "%s", exp__err_name(err));
	if (!err) {
		session__detach(&s);
		again = session__attach(&s, names);
		exp__check(r, again == want,
			   want ? "the second one fails with ENOENT" : "so does the second", "%s",
			   exp__err_name(again));
	}
	session__close(&s);
	return exp__emit(e, r);
}

/* --- does it run? ------------------------------------------------------------------------ */

static const char *const outcome_names[] = {
	[READ_COPIED] = "copied",
	[READ_UNTOUCHED] = "untouched",
	[READ_MIXED] = "mixed",
};

struct seen {
	uint64_t outcomes[NR_READ_OUTCOMES];
	long returned; /* by the last read */
	bool same;     /* all reads returned that */
	uint64_t body_calls;
};

struct copyout_case {
	const char *name, *variant;
	const char *attached[MAX_ATTACHED + 1];
	long modified;
	/* Expected: */
	bool body_runs;
	long returned;
};

#define ALL_ON_FTRACE                                              \
	{                                                          \
		"fentry_ftrace", "fexit_ftrace", "fmod_ret_ftrace" \
	}

/* copyout's result is the number of bytes that it left. fmod_ret can't make it 0 without the body
 * running: 0 from an fmod_ret program means "go on". */
static const struct copyout_case copyout_cases[] = {
	{ "never_attached", "ftrace", { NULL }, 0, true, READ_SIZE },
	{ "fentry", "ftrace", { "fentry_ftrace" }, 0, true, READ_SIZE },
	{ "fexit", "ftrace", { "fexit_ftrace" }, 0, true, READ_SIZE },
	{ "fmod_ret_goes_on", "ftrace", ALL_ON_FTRACE, 0, true, READ_SIZE },
	{ "fmod_ret_one_left", "ftrace", ALL_ON_FTRACE, 1, false, READ_SIZE - 1 },
	{ "fmod_ret_all_left", "ftrace", ALL_ON_FTRACE, READ_SIZE, false, -EFAULT },
	{ "wrong_variant", "plain", ALL_ON_FTRACE, READ_SIZE, true, READ_SIZE },
};

/* Is the program to be seen running? */
static bool runs(const struct copyout_case *c, const char *prog)
{
	return listed(c->attached, prog) && !strcmp(c->variant, "ftrace");
}

static int read_many(struct reader *reader, globals *g, uint64_t reads, struct seen *seen)
{
	int err = exp__copyout_watch();

	seen->same = true;
	if (err)
		return err;
	g->reader = exp__this_thread();
	for (uint64_t i = 0; i < reads; i++) {
		enum read_outcome outcome;
		long n;

		/* The first read is kept event by event. */
		if (!i)
			trail__open(&g->trail);
		trail__add(&g->trail, EVENT_READ, READ_SIZE);
		n = reader__read(reader, &outcome);
		trail__add(&g->trail, EVENT_RETURNED, n);
		trail__close(&g->trail);
		seen->same &= !i || n == seen->returned;
		seen->returned = n;
		seen->outcomes[outcome]++;
	}
	g->reader = 0;
	err = exp__copyout_calls(&seen->body_calls);
	exp__copyout_unwatch();
	return err;
}

/* How often a read calls copyout. When it left some bytes, 6.1's copy_page_to_iter asks it again
 * for the rest until a call gets nowhere, and 5.10's does not; when that changed was not looked up.
 */
struct range {
	uint64_t min, max;
};

static struct range calls_expected(struct exp *e, const struct copyout_case *c)
{
	uint64_t reads = exp__param_u64(e, "reads");
	bool some_left = c->returned > 0 && c->returned < READ_SIZE;
	unsigned int kernel = exp__kernel_version(e);

	return (struct range){
		.min = some_left && kernel >= KERNEL_VERSION(6, 1, 0) ? 2 * reads : reads,
		.max = some_left && kernel >= KERNEL_VERSION(5, 11, 0) ? 2 * reads : reads,
	};
}

static void check_runs(struct record *r, const char *what, uint64_t found, struct range expected)
{
	char text[64];

	snprintf(text, sizeof(text),
		 expected.max ? "%s runs once for each call of copyout" : "%s never runs", what);
	exp__check(r, found >= expected.min && found <= expected.max, text, "%" PRIu64 " runs",
		   found);
	snprintf(text, sizeof(text), "%s_runs", what);
	record__metric(r, text, "runs", (double)found);
}

static int report_case(struct exp *e, struct record *r, const struct copyout_case *c,
		       const globals *g, const struct seen *s)
{
	uint64_t reads = exp__param_u64(e, "reads"), copied = c->body_runs ? reads : 0;
	enum read_outcome want = c->body_runs ? READ_COPIED : READ_UNTOUCHED;
	struct range calls = calls_expected(e, c), none = { 0 };

	record__metric(r, "reads", "reads", (double)reads);
	record__metric(r, "returned", "bytes or -errno", (double)s->returned);
	for (size_t i = 0; i < NR_READ_OUTCOMES; i++)
		record__metric(r, outcome_names[i], "reads", (double)s->outcomes[i]);
	record__metric(r, "body_calls", "calls", (double)s->body_calls);
	check_runs(r, "fentry", g->fentry_runs, runs(c, "fentry_ftrace") ? calls : none);
	check_runs(r, "fexit", g->fexit_runs, runs(c, "fexit_ftrace") ? calls : none);
	check_runs(r, "fmod_ret", g->fmod_ret_runs, runs(c, "fmod_ret_ftrace") ? calls : none);
	check_runs(r, "never_attached", g->never_attached_runs, none);
	exp__check(r, s->body_calls == copied,
		   copied ? "copyout's body runs for each read" : "copyout's body never runs",
		   "%" PRIu64 " calls in %" PRIu64 " reads", s->body_calls, reads);
	exp__check(r, s->outcomes[want] == reads,
		   copied ? "every buffer holds the file" : "no buffer is touched",
		   "%" PRIu64 " of %" PRIu64, s->outcomes[want], reads);
	exp__check(r, s->same && s->returned == c->returned,
		   "every read returns what the caller makes of copyout's result",
		   "%ld, expected %ld%s", s->returned, c->returned,
		   s->same ? "" : ", not all the same");
	if (runs(c, "fexit_ftrace"))
		exp__check(r, g->fexit_saw == c->modified,
			   "fexit sees the result that fmod_ret left", "%ld", (long)g->fexit_saw);
	return exp__emit(e, r);
}

/* The programs of a trampoline run in this order, once for each call of copyout. */
static int report_events(struct exp *e, const struct copyout_case *c, const globals *g)
{
	bool entry = runs(c, "fentry_ftrace"), exit = runs(c, "fexit_ftrace");
	uint64_t reads = exp__param_u64(e, "reads");

	if (entry && exit)
		return events__emit(e, c->name, &g->trail, ", fentry, fmod_ret, fexit",
				    g->fexit_runs / reads);
	return events__emit(e, c->name, &g->trail, entry ? ", fentry" : ", fexit",
			    (entry ? g->fentry_runs : g->fexit_runs) / reads);
}

static int measure_case(struct exp *e, struct reader *reader, const struct copyout_case *c)
{
	struct record *r = exp__measurement(e, c->name);
	struct session s = { 0 };
	struct seen seen = { 0 };
	int err, attached;

	record__label(r, "variant", c->variant);
	err = exp__copyout_variant(c->variant);
	if (!err)
		err = session__load(&s, c->attached, "never_attached");
	if (err) {
		exp__fail(e, err, "prepare the case %s", c->name);
		goto out;
	}
	s.g->modified = c->modified;
	attached = session__attach(&s, c->attached);
	if (attached) {
		exp__check(r, false, "the programs attach", "%s", exp__err_name(attached));
		err = exp__emit(e, r);
		r = NULL;
		goto out;
	}
	err = read_many(reader, s.g, exp__param_u64(e, "reads"), &seen);
	session__detach(&s);
	if (err) {
		exp__fail(e, err, "count copyout's calls through %s", EXP_COPYOUT_DIR);
		goto out;
	}
	err = report_case(e, r, c, s.g, &seen);
	r = NULL;
	if (!err)
		err = report_events(e, c, s.g);
out:
	record__free(r);
	session__close(&s);
	return err;
}

static int measure_copyout(struct exp *e)
{
	struct reader reader = READER_INIT;
	int err;

	if (!exp__has(e, NEED_FILE, EXP_COPYOUT_DIR "body_calls")) {
		struct record *r = exp__measurement(e, "copyout");

		record__fail(r, STATUS_SKIPPED,
			     "no " EXP_COPYOUT_DIR ": the kernel lacks the patches that provide "
			     "copyout-ftrace and copyout-count");
		return exp__emit(e, r);
	}
	err = reader__open(&reader, READ_SIZE);
	if (err) {
		err = exp__fail(e, err, "make a file in memory");
		goto out;
	}
	for (size_t i = 0; !err && i < ARRAY_SIZE(copyout_cases); i++) {
		exp__progress(e, i, ARRAY_SIZE(copyout_cases), copyout_cases[i].name);
		err = measure_case(e, &reader, &copyout_cases[i]);
	}
	exp__copyout_variant("plain");
out:
	reader__close(&reader);
	return err;
}

/* --- controls ---------------------------------------------------------------------------- */

/* A function with a known result, and how to call it. */
struct control {
	const char *name;
	const char *attached[MAX_ATTACHED + 1];
	long (*call)(void); /* its result, or a negative errno */
};

#define CONTROL_RESULT 4242

static long call_getpgid(void)
{
	return syscall(SYS_getpgid, 0);
}

/* bpf_target_modify(40) through the driver's file. */
static long call_target(void)
{
	uint64_t result = 0;
	int err = exp__write_str(TARGET_FILE, "40");

	if (!err)
		err = exp__read_u64(TARGET_FILE, &result);
	return err ? err : (long)result;
}

static const struct control controls[] = {
	{ "control_getpgid",
	  { "fentry_getpgid", "fexit_getpgid", "fmod_ret_getpgid" },
	  call_getpgid },
	{ "control_target", { "fentry_target", "fexit_target", "fmod_ret_target" }, call_target },
};

static void call_control(struct record *r, const struct control *c, struct session *s)
{
	long before = c->call(), during, goes_on, after;
	globals *g = s->g;
	int err = session__attach(s, c->attached);

	exp__check(r, !err, "fentry, fexit and fmod_ret attach", "%s", exp__err_name(err));
	if (err)
		return;
	g->reader = exp__this_thread();
	g->modified = CONTROL_RESULT;
	during = c->call();
	exp__check(r, during == CONTROL_RESULT && g->fexit_saw == during,
		   "caller and fexit get what fmod_ret returned", "%ld and %ld", during,
		   (long)g->fexit_saw);
	g->modified = 0;
	goes_on = c->call();
	g->reader = 0;
	exp__check(r, goes_on == before && g->fexit_saw == before,
		   "0 from fmod_ret lets the function run", "%ld and %ld", goes_on,
		   (long)g->fexit_saw);
	exp__check(r, g->fentry_runs == 2 && g->fexit_runs == 2 && g->fmod_ret_runs == 2,
		   "each program runs for both calls", "fentry %llu, fexit %llu, fmod_ret %llu",
		   g->fentry_runs, g->fexit_runs, g->fmod_ret_runs);
	session__detach(s);
	after = c->call();
	exp__check(r, before >= 0 && after == before, "detached, the function is as before",
		   "%ld before, %ld after", before, after);
	record__metric(r, "before", "", (double)before);
	record__metric(r, "modified", "", (double)during);
	record__metric(r, "after", "", (double)after);
}

static int measure_control(struct exp *e, const struct control *c)
{
	struct record *r = exp__measurement(e, c->name);
	struct session s = { 0 };
	int err = session__load(&s, c->attached, NULL);

	if (err) {
		record__free(r);
		exp__fail(e, err, "load the programs of %s", c->name);
	} else {
		call_control(r, c, &s);
		err = exp__emit(e, r);
	}
	session__close(&s);
	return err;
}

/* --- a kernel without the function ------------------------------------------------------- */

/* What the loader meets where copyout is static and inlined: no such function in the kernel's BTF,
 * refused by libbpf before the kernel is asked. Its message is kept with the program. */
static int measure_missing(struct exp *e)
{
	static const char *const names[] = { "fentry_plain", NULL };
	struct record *r = exp__measurement(e, "missing_target");
	struct session s = { 0 };
	int err;

	free(exp__libbpf_said());
	err = session__load(&s, names, NULL);
	session__close(&s);
	record__label(r, "target", "copyout_bpf");
	exp__check(r, err == -ESRCH, "loading fails with ESRCH: the target is not in the BTF", "%s",
		   exp__err_name(err));
	check_words(r, err, "failed to find kernel BTF type ID of 'copyout_bpf': -3");
	return exp__emit(e, r);
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	int err = measure_attach(e, obj);

	if (!err)
		err = measure_again(e);
	for (size_t i = 0; !err && i < ARRAY_SIZE(controls); i++)
		if (exp__loaded(obj, controls[i].attached[0]))
			err = measure_control(e, &controls[i]);
	if (!err && !exp__has(e, NEED_BTF_FUNC, "copyout_bpf"))
		err = measure_missing(e);
	if (!err)
		err = measure_copyout(e);
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_DEBUG_INFO_BTF",
	  "fentry, fexit and fmod_ret find functions by BTF" },
	{ NEED_CONFIG, "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
	  "trampolines are called from ftrace entries" },
	{ NEED_CONFIG, "CONFIG_FUNCTION_ERROR_INJECTION",
	  "fmod_ret asks for functions on the error-injection list" },
	{ NEED_INJECT, "__x64_sys_getpgid", "the control that every kernel has" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "reads",
	  .type = PARAM_UINT,
	  .value = "100",
	  .min = 1,
	  .max = 100000000,
	  .help = "reads in each case" },
	{ 0 },
};

const struct experiment experiment_copyout_trampoline = {
	.name = "copyout-trampoline",
	.summary = "fentry, fexit and fmod_ret on copyout, with an ftrace entry and without",
	.rows = copyout_trampoline__rows,
	.needs = needs,
	.params = params,
	.timeout_s = 60,
	.elf_bytes = copyout_trampoline_bpf__elf_bytes,
	.measure = measure,
};
