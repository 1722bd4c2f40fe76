// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "base/str.h"
#include "bpf/trail.h"
#include "guest/experiment.h"
#include "guest/reader.h"
#include "guest/trail.h"
#include "lsm.h"
#include "lsm.skel.h"
#include "model/record.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MAX_LINKS 2
#define WORD	  0x79617373u /* what open_sleepable reads of this process */

typedef struct lsm_bpf__bss globals;

/* --- the kernel's list of security modules ----------------------------------------------- */

/* The configuration, from the kernel or, as distributions have it, from a file. */
static gzFile open_config(void)
{
	gzFile gz = gzopen("/proc/config.gz", "rb");
	char path[128];
	struct utsname uts;

	if (gz || uname(&uts))
		return gz;
	snprintf(path, sizeof(path), "/boot/config-%s", uts.release);
	return gzopen(path, "rb");
}

/* "CONFIG_LSM="yama,bpf"" of the configuration: the part between the quotes; caller frees. */
static char *configured_list(void)
{
	static const char name[] = "CONFIG_LSM=\"";
	gzFile gz = open_config();
	char line[1024], *found = NULL;

	if (!gz)
		return NULL;
	while (!found && gzgets(gz, line, sizeof(line)))
		if (str_starts(line, name))
			found = strndup(line + strlen(name), strcspn(line + strlen(name), "\""));
	gzclose(gz);
	return found;
}

/* lsm= on the kernel's command line stands above the configuration; the last one counts. */
static char *list_of_modules(void)
{
	char *text = NULL, *save = NULL, *found = configured_list();

	if (file_read("/proc/cmdline", 0, &text, NULL))
		return found;
	for (char *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		if (!str_starts(word, "lsm="))
			continue;
		free(found);
		found = strdup(word + strlen("lsm="));
	}
	free(text);
	return found;
}

static bool has_bpf(const char *list)
{
	struct strv modules = { 0 };
	bool has = list && !strv__split(&modules, list, ",") && strv__has(&modules, "bpf");

	strv__free(&modules);
	return has;
}

/* --- programs at work -------------------------------------------------------------------- */

/* What every case needs. */
struct work {
	struct exp *e;
	bool active; /* "bpf" is in the list: the hooks call programs */
	void *page;
};

/* The programs of one case, loaded afresh, as 5.10 attaches such a program only once (see
 * copyout-trampoline, attach_again), and attached. */
struct session {
	struct bpf_object *obj;
	struct bpf_link *links[MAX_LINKS];
	globals *g;
};

static bool listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static int session__load(struct session *s, const char *const *names)
{
	size_t size;
	const void *elf = lsm_bpf__elf_bytes(&size);
	struct bpf_program *p;
	int err;

	s->obj = bpf_object__open_mem(elf, size, NULL);
	if (!s->obj)
		return -errno;
	bpf_object__for_each_program (p, s->obj)
		bpf_program__set_autoload(p, listed(names, bpf_program__name(p)));
	err = bpf_object__load(s->obj);
	if (err)
		return err;
	s->g = exp__map_globals(s->obj, sizeof(*s->g));
	return s->g ? 0 : -errno;
}

/* Attaches the programs in the order of their names. Whatever fails becomes a check that did. */
static int session__attach(struct session *s, struct record *r, const char *const *names)
{
	int err = session__load(s, names);

	exp__check(r, !err, "the programs are loaded", "%s", exp__err_name(err));
	for (size_t i = 0; !err && i < MAX_LINKS && names[i]; i++) {
		s->links[i] =
			bpf_program__attach(bpf_object__find_program_by_name(s->obj, names[i]));
		err = s->links[i] ? 0 : -errno;
		exp__check(r, !err, "the program attaches", "%s: %s", names[i], exp__err_name(err));
	}
	return err;
}

static void session__close(struct session *s)
{
	for (size_t i = 0; i < MAX_LINKS; i++)
		bpf_link__destroy(s->links[i]);
	if (s->g)
		munmap(s->g, sizeof(*s->g));
	bpf_object__close(s->obj);
}

static long change_page(void *page)
{
	long ret = syscall(SYS_mprotect, page, 4096, PROT_READ);

	return ret < 0 ? -errno : ret;
}

static void *change_in_thread(void *page)
{
	return (void *)change_page(page);
}

/* mprotect in this thread and in another one, under the programs that are attached. */
static int change_both(struct work *w, globals *g, long *here, long *there)
{
	pthread_t other;
	void *ret;
	int err;

	g->thread = exp__this_thread();
	*here = change_page(w->page);
	err = -pthread_create(&other, NULL, change_in_thread, w->page);
	if (!err)
		err = -pthread_join(other, &ret);
	g->thread = 0;
	*there = err ? err : (long)ret;
	return err;
}

struct mprotect_case {
	const char *name;
	const char *attached[MAX_LINKS + 1]; /* in this order */
	/* Expected where the hooks call programs: */
	long returns;
	unsigned int denials, seconds;
};

static const struct mprotect_case mprotect_cases[] = {
	{ "nothing_attached", { NULL }, 0, 0, 0 },
	{ "deny", { "mprotect_deny" }, -EPERM, 1, 0 },
	{ "allow", { "mprotect_second" }, 0, 0, 1 },
	/* The one attached last is asked first (bpf_trampoline_link_prog puts it at the head of
	 * the list), and the first that says no is the last that is asked. */
	{ "deny_then_second", { "mprotect_deny", "mprotect_second" }, -EPERM, 1, 1 },
	{ "second_then_deny", { "mprotect_second", "mprotect_deny" }, -EPERM, 1, 0 },
	{ "positive", { "mprotect_positive" }, 4242, 0, 0 },
};

static void check_mprotect(struct work *w, struct record *r, const struct mprotect_case *c,
			   const globals *g, long here, long there)
{
	long want = w->active ? c->returns : 0;
	unsigned int denials = w->active ? c->denials : 0, seconds = w->active ? c->seconds : 0;

	exp__check(r, here == want, "mprotect returns what the hook's programs say",
		   "%ld, expected %ld", here, want);
	exp__check(r, there == 0, "another thread is not concerned", "%ld", there);
	exp__check(r, g->denials == denials && g->seconds == seconds,
		   "the programs run as often as they are asked",
		   "%llu and %llu, expected %u and %u", g->denials, g->seconds, denials, seconds);
	record__metric(r, "returned", "", (double)here);
	record__metric(r, "other_thread", "", (double)there);
	record__metric(r, "denials", "runs", (double)g->denials);
	record__metric(r, "seconds", "runs", (double)g->seconds);
	if (here < 0)
		exp__observed(r, (int)here, "mprotect: %s", strerror((int)-here));
}

static int measure_mprotect(struct work *w, const struct mprotect_case *c)
{
	struct record *r = exp__measurement(w->e, c->name);
	struct session s = { 0 };
	long here, there;
	int err = session__attach(&s, r, c->attached);

	if (!err) {
		err = change_both(w, s.g, &here, &there);
		exp__check(r, !err, "another thread is made", "%s", exp__err_name(err));
	}
	if (!err)
		check_mprotect(w, r, c, s.g, here, there);
	session__close(&s);
	return exp__emit(w->e, r);
}

#define OPENS 5

static int open_files(void)
{
	for (unsigned int i = 0; i < OPENS; i++) {
		int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return -errno;
		close(fd);
	}
	return 0;
}

static int measure_open(struct work *w, const char *name, const char *prog)
{
	const char *const names[] = { prog, NULL };
	static const uint32_t word = WORD;
	struct record *r = exp__measurement(w->e, name);
	struct session s = { 0 };
	int err = session__attach(&s, r, names);

	if (err)
		goto out;
	s.g->user = (void *)&word;
	s.g->thread = exp__this_thread();
	err = open_files();
	s.g->thread = 0;
	exp__check(r, !err, "the file is opened", "%s", exp__err_name(err));
	exp__check(r, s.g->opens == (w->active ? OPENS : 0),
		   w->active ? "the program runs for each open" : "it never runs", "%llu",
		   s.g->opens);
	if (!strcmp(prog, "open_sleepable"))
		exp__check(r, s.g->first_word == (w->active ? WORD : 0),
			   "where it runs it reads this process's memory", "%#x", s.g->first_word);
	record__metric(r, "opens", "runs", (double)s.g->opens);
out:
	session__close(&s);
	return exp__emit(w->e, r);
}

static const char *const event_names[NR_EVENTS] = {
	[EVENT_READ] = "read",	     [EVENT_WATCH] = "read_watch",  [EVENT_DENY] = "read_deny",
	[EVENT_COPYOUT] = "copyout", [EVENT_RETURNED] = "returned",
};

static const struct read_case {
	const char *name;
	const char *loaded[MAX_LINKS + 2]; /* attached in this order, and at_copyout */
	bool denies;
	const char *expected, *inactive; /* where the hooks call programs, and where not */
} read_cases[] = {
	{ "events_read",
	  { "read_watch", "at_copyout" },
	  false,
	  "read, read_watch, copyout, returned",
	  "read, copyout, returned" },
	{ "events_read_denied",
	  { "read_watch", "read_deny", "at_copyout" },
	  true,
	  "read, read_deny, returned",
	  "read, copyout, returned" },
	{ "events_read_denied_last",
	  { "read_deny", "read_watch", "at_copyout" },
	  true,
	  "read, read_watch, read_deny, returned",
	  "read, copyout, returned" },
};

/* The programs of a case on the hook, and at_copyout on copyout. */
static int attach_read(struct session *s, const struct read_case *c, const char *copyout,
		       struct bpf_link **at_copyout)
{
	int err = session__load(s, c->loaded);

	for (size_t i = 0; !err && i < MAX_LINKS && c->loaded[i + 1]; i++) {
		s->links[i] =
			bpf_program__attach(bpf_object__find_program_by_name(s->obj, c->loaded[i]));
		err = s->links[i] ? 0 : -errno;
	}
	if (err)
		return err;
	*at_copyout = bpf_program__attach_kprobe(
		bpf_object__find_program_by_name(s->obj, "at_copyout"), false, copyout);
	return *at_copyout ? 0 : -errno;
}

/* The hook file_permission is asked before anything is read. */
static int measure_read(struct work *w, struct reader *reader, const struct read_case *c,
			const char *copyout)
{
	bool denied = c->denies && w->active;
	long want = denied ? -EPERM : (long)reader->size, n = 0;
	enum read_outcome outcome = READ_MIXED;
	struct bpf_link *at_copyout = NULL;
	struct session s = { 0 };
	int err = attach_read(&s, c, copyout, &at_copyout);
	struct record *r;

	if (err) {
		exp__fail(w->e, err, "attach the programs of %s", c->name);
		goto out;
	}
	s.g->thread = exp__this_thread();
	trail__open(&s.g->trail);
	trail__add(&s.g->trail, EVENT_READ, (long)reader->size);
	n = reader__read(reader, &outcome);
	trail__add(&s.g->trail, EVENT_RETURNED, n);
	trail__close(&s.g->trail);
	s.g->thread = 0;
	r = trail__measurement(w->e, c->name, &s.g->trail, event_names, NR_EVENTS,
			       w->active ? c->expected : c->inactive);
	exp__check(r, n == want, denied ? "read fails with EPERM" : "a page is read", "%ld", n);
	exp__check(r, outcome == (denied ? READ_UNTOUCHED : READ_COPIED),
		   denied ? "the buffer is untouched" : "its bytes arrive", "%s",
		   outcome == READ_COPIED ? "copied" : "not, or in part");
	err = exp__emit(w->e, r);
out:
	bpf_link__destroy(at_copyout);
	session__close(&s);
	return err;
}

static int measure_reads(struct work *w)
{
	const char *copyout = exp__copyout_symbol(w->e);
	struct reader reader = READER_INIT;
	int err;

	if (!copyout) {
		struct record *r = exp__measurement(w->e, "events_read");

		record__fail(r, STATUS_SKIPPED,
			     "copyout is inlined in this kernel, or can't be probed");
		return exp__emit(w->e, r);
	}
	err = reader__open(&reader, 4096);
	if (err)
		exp__fail(w->e, err, "make a file in memory");
	for (size_t i = 0; !err && i < ARRAY_SIZE(read_cases); i++)
		err = measure_read(w, &reader, &read_cases[i], copyout);
	reader__close(&reader);
	return err;
}

/* Runs this very program once more, to say its version. */
static int exec_child(void)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDOUT_FILENO);
		execl("/proc/self/exe", "assay-guest", "--version", NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ENOEXEC;
}

static int measure_exec(struct work *w)
{
	static const char *const names[] = { "exec_sleepable", NULL };
	struct record *r = exp__measurement(w->e, "count_execs");
	struct session s = { 0 };
	int err = session__attach(&s, r, names);

	if (err)
		goto out;
	s.g->watch = 1;
	err = exec_child();
	s.g->watch = 0;
	exp__check(r, !err, "a program is executed", "%s", exp__err_name(err));
	exp__check(r, s.g->execs == w->active, w->active ? "the program runs" : "it never runs",
		   "%llu", s.g->execs);
	record__metric(r, "execs", "runs", (double)s.g->execs);
out:
	session__close(&s);
	return exp__emit(w->e, r);
}

/* --- loads without libbpf's preparation -------------------------------------------------- */

static const struct bpf_insn return_0[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

struct raw_case {
	const char *name, *function, *license;
	int err;
	const char *says; /* extended regular expression, or NULL: the kernel says nothing */
};

static const struct raw_case raw_cases[] = {
	{ "raw_hook", "bpf_lsm_file_open", "GPL", 0, NULL },
	{ "raw_no_hook", "vfs_read", "GPL", -EINVAL,
	  "attach_btf_id [0-9]+ points to wrong type name vfs_read" },
	{ "raw_not_gpl", "bpf_lsm_file_open", "Proprietary", -EINVAL,
	  "LSM programs must have a GPL compatible license" },
};

/* A kernel without CONFIG_BPF_LSM does not know the program type. */
static const struct raw_case raw_without_lsm = { "raw_without_lsm", NULL, "GPL", -EINVAL, NULL };

static bool matches(const char *text, const char *regex)
{
	regex_t re;
	bool found;

	if (!regex)
		return !*text;
	if (regcomp(&re, regex, REG_EXTENDED | REG_NOSUB))
		return false;
	found = !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return found;
}

static int measure_raw(struct exp *e, const struct raw_case *c)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_LSM_MAC);
	struct record *r = exp__measurement(e, c->name);
	int id = c->function ? libbpf_find_vmlinux_btf_id(c->function, BPF_TRACE_FENTRY) : 1;
	char log[4096] = "";
	int fd, err;

	exp__check(r, id > 0, "the function is in the kernel's BTF", "%d", id);
	opts.attach_btf_id = (__u32)id;
	opts.log_buf = log;
	opts.log_size = sizeof(log);
	opts.log_level = 1;
	fd = bpf_prog_load(BPF_PROG_TYPE_LSM, c->name, c->license, return_0, ARRAY_SIZE(return_0),
			   &opts);
	err = fd < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	record__label(r, "function", c->function ? c->function : "");
	record__label(r, "load", exp__err_name(err));
	exp__check(r, err == c->err, c->err ? "BPF_PROG_LOAD fails with EINVAL" : "it is loaded",
		   "%s", exp__err_name(err));
	if (c->err) {
		char *what = c->says ? str_fmt("the verifier says /%s/", c->says)
				     : strdup("the kernel says nothing more");

		if (what)
			exp__check(r, matches(log, c->says), what, "%s", log);
		free(what);
		log[strcspn(log, "\n")] = '\0';
		exp__observed(r, err, "BPF_PROG_LOAD: %s", *log ? log : strerror(-err));
	}
	return exp__emit(e, r);
}

static int measure_list(struct exp *e, const char *list, bool active)
{
	struct record *r = exp__measurement(e, "modules");

	record__label(r, "list", list ? list : "?");
	record__label(r, "bpf", active ? "yes" : "no");
	exp__check(r, list != NULL, "the list of modules can be read", "%s", list ? list : "no");
	return exp__emit(e, r);
}

/* A program that the kernel refuses is judged by its own tags. */
static bool all_loaded(struct bpf_object *obj, const char *const *names)
{
	for (; *names; names++)
		if (!exp__loaded(obj, *names))
			return false;
	return true;
}

static int measure_work(struct work *w, struct bpf_object *obj)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(mprotect_cases); i++)
		if (all_loaded(obj, mprotect_cases[i].attached))
			err = measure_mprotect(w, &mprotect_cases[i]);
	if (!err)
		err = measure_open(w, "count_opens", "open_count");
	if (!err && exp__loaded(obj, "open_sleepable"))
		err = measure_open(w, "read_user_memory", "open_sleepable");
	if (!err)
		err = measure_reads(w);
	if (!err)
		err = measure_exec(w);
	for (size_t i = 0; !err && i < ARRAY_SIZE(raw_cases); i++)
		err = measure_raw(w->e, &raw_cases[i]);
	return err;
}

static bool has_lsm(struct exp *e)
{
	return exp__has(e, NEED_CONFIG, "CONFIG_BPF_LSM");
}

/* Without the option no program has a chance, and only measure_raw has something to say. */
static int prepare(struct exp *e, struct bpf_object *obj)
{
	struct bpf_program *p;

	if (has_lsm(e))
		return 0;
	bpf_object__for_each_program (p, obj)
		bpf_program__set_autoload(p, false);
	return 0;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct work w = { .e = e };
	char *list = list_of_modules();
	int err;

	w.active = has_bpf(list);
	if (!has_lsm(e)) {
		err = measure_raw(e, &raw_without_lsm);
		goto out;
	}
	w.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (w.page == MAP_FAILED) {
		err = exp__fail(e, -errno, "map a page");
		goto out;
	}
	err = measure_list(e, list, w.active);
	if (!err)
		err = measure_work(&w, obj);
	munmap(w.page, 4096);
out:
	free(list);
	return err;
}

static const struct row rows[] = {
	{ .id = "X26",
	  .title = "LSM programs with CONFIG_BPF_LSM",
	  .origin = "activity log of a thesis, 22 May 2020",
	  .cause = "they work where CONFIG_BPF_LSM is set and the list of security "
		   "modules has bpf (CONFIG_LSM, or lsm= on the command line): without "
		   "the option loading fails with EINVAL and no text; without bpf in "
		   "the list they load, attach and never run. A negative errno is what "
		   "the system call returns, for the threads that the program chooses; "
		   "any other value is handed on, too: 4242 from lsm/file_mprotect "
		   "makes mprotect return 4242 (5.10 and 6.1). Of several programs on "
		   "a hook the last attached is asked first, and a refusal ends the "
		   "round. lsm/file_permission is asked on every read before copyout: "
		   "-EPERM from it, and no byte is copied. A hook that does not exist "
		   "is ESRCH from libbpf, another function EINVAL from the verifier; "
		   "of 5.10's hooks one may sleep, bprm_committed_creds",
	  .shows = "modules nothing_attached deny allow deny_then_second "
		   "second_then_deny positive count_opens events_* count_execs "
		   "read_user_memory raw_* no_such_hook disabled_hook open_sleepable "
		   "open_not_sleepable free_sleepable" },
	{ 0 },
};

const struct experiment experiment_lsm = {
	.name = "lsm",
	.summary = "LSM programs: they watch and deny; which are refused, and which never run",
	.rows = rows,
	.timeout_s = 60,
	.elf_bytes = lsm_bpf__elf_bytes,
	.prepare = prepare,
	.measure = measure,
};
