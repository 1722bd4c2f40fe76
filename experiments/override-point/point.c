// SPDX-License-Identifier: GPL-2.0-only
#include "point.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/cachestate.h"
#include "guest/experiment.h"

/* --- parameters -------------------------------------------------------------------------- */

static const char *const hook_names[] = {
	[POINT_OPTIMISED] = "optimised", [POINT_INT3] = "int3",
	[POINT_FTRACE] = "ftrace",	 [POINT_MULTI] = "multi",
	[POINT_FMOD_RET] = "fmod_ret",	 [POINT_FAIL_FUNCTION] = "fail_function",
	[POINT_NONE] = "none",		 NULL,
};
static const char *const companion_names[] = {
	[COMPANION_NONE] = "none",
	[COMPANION_KPROBE] = "kprobe",
	[COMPANION_KPROBE_FIRST] = "kprobe-first",
	[COMPANION_KRETPROBE] = "kretprobe",
	[COMPANION_KRETPROBE_FIRST] = "kretprobe-first",
	[COMPANION_FENTRY] = "fentry",
	[COMPANION_FEXIT] = "fexit",
	NULL,
};
static const char *const nesting_names[] = {
	[NESTING_NONE] = "none",
	[NESTING_PROGRAM] = "program",
	[NESTING_KPROBE] = "kprobe",
	[NESTING_SYSCALL] = "syscall",
	NULL,
};
static const char *const target_names[] = {
	"copyout", "copyout-plain", "copyout-ftrace", "copyout-inline", "ksys_read", "sys_read",
	"proc512", "proc4096",	    "chardev",	      "alloc",		NULL,
};
static const char *const source_names[] = {
	"tmpfs",  "ext4",	  "ramdisk",	 "proc", "chardev", "urandom",
	"direct", "mmap-private", "mmap-shared", "big",	 NULL,
};
static const char *const cache_names[] = {
	"warm",	     "drop1", "drop2", "drop3",	    "willneed",	     "dontneed",
	"readahead", "fsync", "memcg", "pressure0", "pressure10000", NULL,
};
static const char *const file_names[] = { "known", "random", NULL };
static const char *const barrier_names[] = { "none", "wmb", "mfence", "lfence", "sfence", NULL };
static const char *const hint_names[] = { "none", "likely", "unlikely", NULL };

#define STRING(n, v, c, h)                                                           \
	{                                                                            \
		.name = n, .type = PARAM_STRING, .value = v, .choices = c, .help = h \
	}
#define UINT(n, v, lo, hi, h)                                                              \
	{                                                                                  \
		.name = n, .type = PARAM_UINT, .value = v, .min = lo, .max = hi, .help = h \
	}

const struct param point_params[] = {
	STRING("point", "", NULL, "id of the design point"),
	STRING("hook", "optimised", hook_names, "how the function is hooked"),
	STRING("target", "copyout", target_names,
	       "the function; copyout: the variant that the hook wants"),
	UINT("size", "4096", 1, 16 << 20, "bytes of a read"),
	UINT("reads", "1000", 1, 100000000, "reads in a round, at least"),
	UINT("after", "200", 1, 100000000, "reads that must follow the loss of the override"),
	UINT("limit_ms", "3000", 1, 3600000,
	     "hook=optimised: how long to wait for the loss, in each round"),
	UINT("rounds", "1", 1, 10000, "how often the hook is attached and detached"),
	STRING("source", "tmpfs", source_names, "what is read"),
	STRING("cache", "warm", cache_names, "state of the page cache before each read"),
	STRING("file", "known", file_names, "contents of the file: a pattern, or random"),
	STRING("barrier", "none", barrier_names, "before the call of copyout"),
	STRING("hint", "none", hint_names, "how likely the compiler is told that the call is"),
	UINT("readers", "1", 1, POINT_READERS, "threads that read at the same time"),
	STRING("companion", "none", companion_names, "another program on the same function"),
	STRING("nesting", "none", nesting_names, "target=alloc: what calls the function"),
	UINT("result", "0", 0, INT32_MAX,
	     "what the function is made to return; 0: whatever stands for success"),
	UINT("cpus", "0", 0, 1024, "CPUs that the guest must have; 0: any number"),
	UINT("threads", "0", 0, 64, "hardware threads of a core that the guest must have; 0: any"),
	STRING("append", "", NULL, "what the kernel's command line must contain"),
	{ 0 },
};

static int choice(const struct exp *e, const char *param, const char *const *names)
{
	const char *value = exp__param_str(e, param);

	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], value))
			return i;
	return 0;
}

enum point_hook point__hook(const struct exp *e)
{
	return choice(e, "hook", hook_names);
}

enum point_companion point__companion(const struct exp *e)
{
	return choice(e, "companion", companion_names);
}

enum point_nesting point__nesting(const struct exp *e)
{
	return choice(e, "nesting", nesting_names);
}

/* --- the function ------------------------------------------------------------------------ */

static bool is(const struct point *p, const char *param, const char *value)
{
	return !strcmp(exp__param_str(p->e, param), value);
}

/* Patched kernels have both copyouts, and a file to choose: to look for the symbols in a hundred
 * thousand others takes longer than the reads. */
static int choose_copyout(struct point *p)
{
	bool patched = exp__has(p->e, NEED_FILE, EXP_COPYOUT_DIR "variant");
	bool by_trampoline =
		p->hook == POINT_FTRACE || p->hook == POINT_MULTI || p->hook == POINT_FMOD_RET;
	bool ftrace = is(p, "target", "copyout-ftrace") ||
		      (by_trampoline && is(p, "target", "copyout") && patched);
	bool inlined = is(p, "target", "copyout-inline");

	p->target.copyout = true;
	if (inlined && !exp__has(p->e, NEED_FEATURE, "copyout-inline"))
		return exp__skip(p->e, "no copyout_inline: the kernel lacks the patch that "
				       "provides copyout-inline");
	if (patched) {
		p->target.symbol = inlined  ? "copyout_inline"
				   : ftrace ? "copyout_ftrace"
					    : "copyout_bpf";
		p->target.variant = inlined ? "inline" : ftrace ? "ftrace" : "plain";
		if (exp__has(p->e, NEED_FILE, EXP_COPYOUT_DIR "body_calls"))
			p->target.body = BODY_COPYOUT;
		return 0;
	}
	if (ftrace)
		return exp__skip(p->e, "no copyout_ftrace: the kernel lacks the patch that "
				       "provides copyout-ftrace");
	p->target.symbol = exp__copyout_symbol(p->e);
	if (!p->target.symbol)
		return exp__skip(p->e, "copyout can't be hooked here: it is inlined, or has no "
				       "ftrace entry and the kernel asks for one");
	return 0;
}

static int choose_driver(struct point *p, const char *symbol, const char *path)
{
	if (!exp__has(p->e, NEED_FILE, path))
		return exp__skip(p->e,
				 "no %s: the kernel lacks the patch that provides "
				 "target-driver",
				 path);
	p->target.symbol = symbol;
	p->target.counts_bytes = true;
	if (exp__has(p->e, NEED_FILE, SOURCE_TARGET_DIR "body_calls"))
		p->target.body = BODY_DRIVER;
	p->source = (struct source){ .name = "target",
				     .place = PLACE_PATH,
				     .path = path,
				     .contents = CONTENTS_TARGET,
				     .own = symbol };
	if (strcmp(path, SOURCE_TARGET_DEVICE) != 0)
		p->source.max_size = is(p, "target", "proc512") ? 512 : 4096;
	return 0;
}

static int choose_target(struct point *p)
{
	if (p->nesting != NESTING_NONE && !is(p, "target", "alloc"))
		return exp__skip(p->e, "nesting goes with target=alloc alone");
	if (is(p, "target", "ksys_read") || is(p, "target", "sys_read")) {
		p->target.symbol = is(p, "target", "sys_read") ? "__x64_sys_read" : "ksys_read";
		p->target.counts_bytes = p->target.by_read = true;
		return 0;
	}
	if (is(p, "target", "proc512"))
		return choose_driver(p, SOURCE_PROC_READ, SOURCE_TARGET_DIR "512");
	if (is(p, "target", "proc4096"))
		return choose_driver(p, SOURCE_PROC_READ, SOURCE_TARGET_DIR "4096");
	if (is(p, "target", "chardev"))
		return choose_driver(p, SOURCE_DEV_READ, SOURCE_TARGET_DEVICE);
	if (!is(p, "target", "alloc"))
		return choose_copyout(p);
	p->target.symbol = "should_failslab";
	p->target.alloc = true;
	return 0;
}

static int choose_injection(struct point *p)
{
	if (p->hook != POINT_FAIL_FUNCTION)
		return 0;
	p->by_breakpoint = !exp__has(p->e, NEED_FTRACE, p->target.symbol);
	if (!exp__has(p->e, NEED_FILE, "/sys/kernel/debug/fail_function/inject"))
		return exp__skip(p->e, "the kernel has no fail_function");
	if (p->nesting == NESTING_KPROBE)
		return exp__skip(p->e,
				 "the kernel does not say how often fail_function's probe was "
				 "missed: a miss could not be told from no hit");
	if (p->readers > 1)
		return exp__skip(p->e, "fail_function counts for all threads together: whose read "
				       "it made fail can't be told with several readers");
	return 0;
}

/* --- what is read ------------------------------------------------------------------------ */

static const struct source sources[] = {
	{ .name = "tmpfs", .place = PLACE_MEMORY },
	{ .name = "ext4", .place = PLACE_DISK },
	{ .name = "ramdisk", .place = PLACE_RAM },
	{ .name = "proc",
	  .place = PLACE_PATH,
	  .path = SOURCE_TARGET_DIR "4096",
	  .contents = CONTENTS_TARGET,
	  .max_size = 4096 },
	{ .name = "chardev",
	  .place = PLACE_PATH,
	  .path = SOURCE_TARGET_DEVICE,
	  .contents = CONTENTS_TARGET },
	{ .name = "urandom",
	  .place = PLACE_PATH,
	  .path = "/dev/urandom",
	  .contents = CONTENTS_UNKNOWN },
	{ .name = "direct", .place = PLACE_DISK, .flags = O_DIRECT },
	{ .name = "mmap-private", .place = PLACE_DISK, .map = MAP_PRIVATE },
	{ .name = "mmap-shared", .place = PLACE_DISK, .map = MAP_SHARED },
	{ .name = "big", .place = PLACE_DISK },
};

static int choose_source(struct point *p)
{
	const char *name = exp__param_str(p->e, "source");

	for (size_t i = 0; !p->source.name && i < sizeof(sources) / sizeof(sources[0]); i++)
		if (!strcmp(sources[i].name, name))
			p->source = sources[i];
	if (p->source.contents == CONTENTS_PATTERN && is(p, "file", "random"))
		p->source.contents = CONTENTS_RANDOM;
	if (p->source.flags & O_DIRECT && p->size % 512)
		return exp__skip(p->e, "O_DIRECT reads multiples of 512 bytes");
	if (source__on_disk(&p->source) && !exp__disk())
		return exp__skip(p->e, "the guest has no disk");
	if (p->source.path && !exp__has(p->e, NEED_FILE, p->source.path))
		return exp__skip(p->e, "the kernel has no %s", p->source.path);
	return 0;
}

/* Warm is what a file is that was read a moment ago. */
static int choose_cache(struct point *p)
{
	if (is(p, "cache", "warm"))
		return 0;
	p->cache = cache_state__find(exp__param_str(p->e, "cache"));
	if (!source__on_disk(&p->source))
		return exp__skip(p->e, "only a file on a disk can be in the page cache or not");
	return 0;
}

static int choose_variant(struct point *p)
{
	p->barrier = exp__param_str(p->e, "barrier");
	p->hint = exp__param_str(p->e, "hint");
	if ((is(p, "barrier", "none") && is(p, "hint", "none")) ||
	    exp__has(p->e, NEED_FILE, EXP_COPYOUT_DIR "barrier"))
		return 0;
	return exp__skip(p->e, "no " EXP_COPYOUT_DIR "barrier: the kernel lacks the patch that "
			       "provides copyout-variants");
}

/* --- the guest --------------------------------------------------------------------------- */

/* "0-1" and "0,2" are two. */
static unsigned int threads_of_core(void)
{
	char *text = NULL, *range, *save = NULL;
	unsigned int n = 0;

	if (file_read("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", 4096, &text,
		      NULL))
		return 0;
	for (range = strtok_r(text, ",\n", &save); range; range = strtok_r(NULL, ",\n", &save)) {
		char *end;
		long low = strtol(range, &end, 10), high = low;

		if (*end == '-')
			high = strtol(end + 1, NULL, 10);
		n += (unsigned int)(high - low + 1);
	}
	free(text);
	return n;
}

static int check_guest(struct point *p)
{
	uint64_t cpus = exp__param_u64(p->e, "cpus"), threads = exp__param_u64(p->e, "threads");
	const char *append = exp__param_str(p->e, "append");
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	char *line = NULL;
	int err = 0;

	if (cpus && online != (long)cpus)
		return exp__skip(p->e, "the guest has %ld CPUs, not %llu", online,
				 (unsigned long long)cpus);
	if (threads && threads != threads_of_core())
		return exp__skip(p->e, "a core of the guest has %u threads, not %llu",
				 threads_of_core(), (unsigned long long)threads);
	if (!*append)
		return 0;
	if (file_read("/proc/cmdline", 0, &line, NULL) || !strstr(line, append))
		err = exp__skip(p->e, "the kernel's command line has no '%s'", append);
	free(line);
	return err;
}

int point__read_params(struct point *p)
{
	int err;

	p->hook = point__hook(p->e);
	p->companion = point__companion(p->e);
	p->nesting = point__nesting(p->e);
	p->size = exp__param_u64(p->e, "size");
	p->reads = exp__param_u64(p->e, "reads");
	p->after = exp__param_u64(p->e, "after");
	p->limit_ns = exp__param_u64(p->e, "limit_ms") * 1000000;
	p->rounds = exp__param_u64(p->e, "rounds");
	p->readers = (unsigned int)exp__param_u64(p->e, "readers");
	p->result = (long)exp__param_u64(p->e, "result");
	err = check_guest(p);
	if (!err)
		err = choose_target(p);
	if (!err)
		err = choose_injection(p);
	if (!err)
		err = choose_source(p);
	if (!err)
		err = choose_cache(p);
	return err ? err : choose_variant(p);
}
