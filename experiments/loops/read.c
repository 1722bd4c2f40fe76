// SPDX-License-Identifier: GPL-2.0-only
#include "read.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "bpf/trail.h"
#include "guest/experiment.h"
#include "guest/trail.h"
#include "loops.skel.h"
#include "model/record.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PAGE	  4096
#define MAX_LINKS 4

typedef struct loops_bpf__bss globals;

/* Of several kprobes on one function the one attached last runs first. */
static const char *const programs[MAX_LINKS] = { "copyout_helper", "copyout_words",
						 "copyout_unrolled", "copyout_loop" };

static const char *const names[NR_EVENTS] = {
	[EVENT_READ] = "read",	 [EVENT_LOOP] = "loop",	    [EVENT_UNROLLED] = "unrolled",
	[EVENT_WORDS] = "words", [EVENT_HELPER] = "helper", [EVENT_RETURNED] = "returned",
};

static int attach(struct bpf_object *obj, const char *copyout, struct bpf_link **links)
{
	for (size_t i = 0; i < MAX_LINKS; i++) {
		struct bpf_program *p = exp__loaded(obj, programs[i]);

		if (!p)
			continue; /* the helper is not there on every kernel: see its tags */
		links[i] = bpf_program__attach_kprobe(p, false, copyout);
		if (!links[i])
			return -errno;
	}
	return 0;
}

static int make_file(const char *text, size_t len)
{
	char page[PAGE] = { 0 };
	int fd = memfd_create("assay-text", MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	memcpy(page, text, len);
	err = write_all(fd, page, sizeof(page));
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* All find the text, or none does. */
static void check_values(struct record *r, const struct trail *t, bool found)
{
	unsigned int right = 0, all = 0;

	for (size_t i = 0; i < t->n && i < TRAIL_MAX; i++) {
		if (t->events[i].what == EVENT_READ || t->events[i].what == EVENT_RETURNED)
			continue;
		right += t->events[i].value == found;
		all++;
	}
	exp__check(r, all && right == all,
		   found ? "each finds the text" : "none finds the text, which differs in its end",
		   "%u of %u", right, all);
}

static int measure_text(struct exp *e, globals *g, const char *name, const char *text, bool found,
			bool helper)
{
	int fd = make_file(text, sizeof(LOOPS_WANTED));
	struct record *r;
	char page[PAGE];
	long n;

	if (fd < 0)
		return exp__fail(e, fd, "make a file in memory");
	g->thread = exp__this_thread();
	trail__open(&g->trail);
	trail__add(&g->trail, EVENT_READ, PAGE);
	n = pread(fd, page, sizeof(page), 0);
	trail__add(&g->trail, EVENT_RETURNED, n < 0 ? -errno : n);
	trail__close(&g->trail);
	g->thread = 0;
	close(fd);
	r = trail__measurement(e, name, &g->trail, names, NR_EVENTS,
			       helper ? "read, loop, unrolled, words, helper, returned"
				      : "read, loop, unrolled, words, returned");
	exp__check(r, n == PAGE, "a page is read", "%ld", n);
	check_values(r, &g->trail, found);
	return exp__emit(e, r);
}

int loops__read(struct exp *e, struct bpf_object *obj)
{
	const char *copyout = exp__copyout_symbol(e);
	struct bpf_link *links[MAX_LINKS] = { NULL };
	bool helper = exp__loaded(obj, "copyout_helper");
	globals *g;
	int err;

	if (!copyout) {
		struct record *r = exp__measurement(e, "events_wanted");

		record__fail(r, STATUS_SKIPPED,
			     "copyout is inlined in this kernel, or can't be probed");
		return exp__emit(e, r);
	}
	g = exp__map_globals(obj, sizeof(*g));
	if (!g)
		return exp__fail(e, -errno, "map the programs' variables");
	err = attach(obj, copyout, links);
	if (err)
		exp__fail(e, err, "attach the comparing programs to %s", copyout);
	if (!err)
		err = measure_text(e, g, "events_wanted", LOOPS_WANTED, true, helper);
	if (!err)
		err = measure_text(e, g, "events_other", "get one_kez", false, helper);
	for (size_t i = 0; i < MAX_LINKS; i++)
		bpf_link__destroy(links[i]);
	munmap(g, sizeof(*g));
	return err;
}
