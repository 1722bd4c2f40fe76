// SPDX-License-Identifier: GPL-2.0-only
/* X3: what the ELF notes of memcached's probes say, and what arrives when they are hit; E8: a
 * handler with the wrong signature. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "guest/usdt.h"
#include "memcached.skel.h"
#include "model/record.h"
#include "probe.h"
#include "server.h"

#define HITS   7
#define MISSES 5
#define VALUE  "abcdef"

/* --- the notes ------------------------------------------------------------------------------- */

static bool first_of_name(const struct usdt_notes *notes, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (!strcmp(notes->v[i].name, notes->v[at].name))
			return false;
	return true;
}

static void add_note(struct strbuf *sb, const struct usdt_note *n)
{
	char text[128];

	strbuf__addf(sb,
		     "%s:%s at 0x%" PRIx64 " (file offset 0x%" PRIx64 "), semaphore 0x%" PRIx64
		     ", arguments %s\n",
		     n->provider, n->name, n->location, n->offset, n->semaphore, n->args);
	for (size_t i = 0; i < n->nr_args; i++)
		strbuf__addf(sb, "    %zu: %s\n", i + 1,
			     usdt_arg__describe(&n->arg[i], text, sizeof(text)));
	if (*n->problem)
		strbuf__addf(sb, "    %s\n", n->problem);
}

/* One probe: all of its locations. */
static int report_probe(struct exp *e, const struct usdt_notes *notes, size_t first)
{
	const char *name = notes->v[first].name;
	struct strbuf args = STRBUF_INIT;
	size_t locations = 0, odd = 0, moved = 0, unclear = 0, distinct = 0;
	struct record *r;
	int err;

	for (size_t i = first; i < notes->n; i++) {
		const struct usdt_note *n = &notes->v[i];

		if (strcmp(n->name, name) != 0)
			continue;
		locations++;
		odd += !n->is_nop || !n->in_data;
		moved += n->base != notes->base;
		unclear += *n->problem || n->nr_args != notes->v[first].nr_args;
		if (!strstr(strbuf__str(&args), n->args)) {
			strbuf__addf(&args, "%s%s", args.len ? " | " : "", n->args);
			distinct++;
		}
	}
	r = exp__measurement(e, name);
	/* The first one; the others are in the table. */
	record__label(r, "signature", notes->v[first].args);
	record__metric(r, "locations", "locations", (double)locations);
	record__metric(r, "signatures", "signatures", (double)distinct);
	record__metric(r, "arguments", "arguments", (double)notes->v[first].nr_args);
	exp__check(r, !unclear, "every description is understood, with as many arguments each",
		   "%zu not", unclear);
	exp__check(r, !odd, "at every location is a nop, and its semaphore is in writable memory",
		   "%zu not so", odd);
	exp__check(r, !moved, ".stapsdt.base is where the notes have it: the addresses hold",
		   "%zu others", moved);
	if (!strcmp(name, MC_PROBE))
		exp__check(r, distinct > 1,
			   "the same argument is in another place at each location",
			   "%zu signatures at %zu locations", distinct, locations);
	err = args.failed ? -ENOMEM : 0;
	strbuf__free(&args);
	return exp__emit(e, r) ?: err;
}

int mc_notes__measure(struct exp *e, const struct usdt_notes *notes)
{
	struct strbuf text = STRBUF_INIT;
	int err = 0;

	for (size_t i = 0; i < notes->n; i++)
		add_note(&text, &notes->v[i]);
	err = exp__text(e, "usdt_notes", "table", strbuf__str(&text), text.len);
	strbuf__free(&text);
	/* Those of commands; the others (items, slabs, connections) are understood alike. */
	for (size_t i = 0; !err && i < notes->n; i++)
		if (strstr(notes->v[i].name, "command") && first_of_name(notes, i))
			err = report_probe(e, notes, i);
	return err;
}

/* --- what arrives ------------------------------------------------------------------------------
 */

static int load(struct mc_client *c)
{
	bool found;
	int err = mc_client__set(c, "user:1", VALUE);

	for (int i = 0; !err && i < HITS; i++)
		err = mc_client__get(c, "user:1", &found);
	for (int i = 0; !err && i < MISSES; i++)
		err = mc_client__get(c, "nobody", &found);
	return err;
}

struct arrived {
	uint64_t hits, found, absent, wrong;
};

/* The size of a value includes its line end; of one that is not there it is the constant -1. */
static void add_site(struct arrived *a, const struct usdt_note *n, const struct site *s)
{
	bool absent = n->arg[3].place == USDT_CONSTANT;

	a->hits += s->hits;
	*(absent ? &a->absent : &a->found) += s->hits;
	if (s->nr_args != n->nr_args || s->length != (__s64)strlen("user:1") ||
	    s->size != (absent ? n->arg[3].value : (__s64)strlen(VALUE) + 2))
		a->wrong += s->hits;
}

static int read_sites(const struct mc_probe *p, struct usdt_notes *notes, struct arrived *a)
{
	int map = mc_probe__map(p, "sites"), err = map < 0 ? map : 0;

	for (size_t i = 0; !err && i < notes->n; i++) {
		struct usdt_note *n = &notes->v[i];
		struct site s;

		if (strcmp(n->name, MC_PROBE) != 0 || n->nr_args < 4 ||
		    bpf_map_lookup_elem(map, &n->location, &s))
			continue;
		n->hits = s.hits;
		add_site(a, n, &s);
	}
	return err;
}

static int report_arguments(struct exp *e, const struct arrived *a)
{
	struct record *r = exp__measurement(e, "usdt_arguments");

	record__label(r, "probe", MC_PROBE);
	record__metric(r, "hits", "hits", (double)a->hits);
	exp__check(r, a->found == HITS, "each key that is found hits a location with a size",
		   "%" PRIu64 " of %d", a->found, HITS);
	exp__check(r, a->absent == MISSES, "each other one with the constant -1 for a size",
		   "%" PRIu64 " of %d", a->absent, MISSES);
	exp__check(r, a->hits && !a->wrong,
		   "number of arguments, length and size are what the note and the client say",
		   "%" PRIu64 " hits not so", a->wrong);
	return exp__emit(e, r);
}

/* E8: a handler of the location that keys go through which are found takes its arguments from the
 * calling convention's registers. */
static int report_declared(struct exp *e, const struct memcached_bpf__bss *g,
			   const struct usdt_note *n)
{
	struct record *r = exp__measurement(e, "declared_arguments");

	record__label(r, "arguments", n->args);
	record__metric(r, "runs", "runs", (double)g->declared_runs);
	record__metric(r, "keys", "keys", (double)g->declared_keys);
	exp__observed(r, 0, "the program ran %" PRIu64 " times and counted %" PRIu64 " keys",
		      (uint64_t)g->declared_runs, (uint64_t)g->declared_keys);
	exp__check(r, g->declared_runs == HITS, "the program runs for each hit",
		   "%" PRIu64 " of %d", (uint64_t)g->declared_runs, HITS);
	exp__check(r, !g->declared_keys, "and sees no key: its count stays 0", "%" PRIu64 " keys",
		   (uint64_t)g->declared_keys);
	return exp__emit(e, r);
}

/* The location that a text command's hit goes through: the one with a size. */
static const struct usdt_note *find_location(const struct usdt_notes *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		if (notes->v[i].hits && notes->v[i].arg[3].place != USDT_CONSTANT)
			return &notes->v[i];
	return NULL;
}

/* Again, with the wrong handler at that location. */
static int measure_declared(struct exp *e, const struct usdt_notes *notes, struct mc_client *c)
{
	const struct usdt_note *n = find_location(notes);
	struct memcached_bpf__bss *g = NULL;
	struct mc_probe p = { 0 };
	int err = n ? mc_probe__load(&p, "declared") : -ENOENT;

	if (!err)
		err = mc_probe__attach_offset(&p, "declared", n->offset);
	if (!err) {
		g = exp__map_globals(p.obj, sizeof(*g));
		err = g ? 0 : -errno;
	}
	if (!err)
		err = load(c);
	if (err)
		exp__fail(e, err, "attach a program to one location");
	else
		err = report_declared(e, g, n);
	if (g)
		munmap(g, sizeof(*g));
	mc_probe__close(&p);
	return err;
}

/* A location is one uprobe of the kernel's, which has one semaphore or none: who comes second has
 * to name the same. libbpf does for a USDT probe, and names none for an offset. */
static int measure_semaphore(struct exp *e, const struct usdt_notes *notes, struct mc_probe *usdt)
{
	const struct usdt_note *n = find_location(notes);
	struct record *r = exp__measurement(e, "uprobe_on_usdt");
	struct mc_probe p = { 0 };
	int err = n ? mc_probe__load(&p, "declared") : -ENOENT, beside = 0, alone = 0;

	if (!err) {
		beside = mc_probe__attach_offset(&p, "declared", n->offset);
		mc_probe__detach(usdt);
		alone = mc_probe__attach_offset(&p, "declared", n->offset);
		exp__observed(r, beside, "perf_event_open: %s", strerror(-beside));
		exp__check(r, beside == -EINVAL,
			   "a uprobe without a semaphore, where a USDT probe with one is: EINVAL",
			   "%s", exp__err_name(beside));
		exp__check(r, !alone, "it attaches once the USDT probe is detached", "%s",
			   exp__err_name(alone));
		err = exp__emit(e, r);
		r = NULL;
	} else {
		exp__fail(e, err, "load a program for one location");
	}
	record__free(r);
	mc_probe__close(&p);
	return err;
}

/* The counter in memcached's memory of those who look at the probe. */
static int read_semaphore(pid_t pid, const struct usdt_notes *notes, uint16_t *out)
{
	const struct usdt_note *n = notes->v;
	char path[32];
	int fd, err = 0;

	while (strcmp(n->name, MC_PROBE) != 0)
		if (++n == notes->v + notes->n)
			return -ENOENT;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, out, sizeof(*out), (off_t)n->semaphore) != (ssize_t)sizeof(*out))
		err = -EIO;
	close(fd);
	return err;
}

static int report_semaphore(struct exp *e, const struct usdt_notes *notes, const uint16_t was[3])
{
	struct record *r = exp__measurement(e, "semaphore");
	unsigned int locations = 0;

	for (size_t i = 0; i < notes->n; i++)
		locations += !strcmp(notes->v[i].name, MC_PROBE);
	record__metric(r, "before", "uprobes", was[0]);
	record__metric(r, "attached", "uprobes", was[1]);
	record__metric(r, "detached", "uprobes", was[2]);
	exp__check(r, !was[0] && was[1] == locations && !was[2],
		   "while a program is attached memcached's semaphore counts the locations",
		   "%u, %u, %u for %u locations", was[0], was[1], was[2], locations);
	return exp__emit(e, r);
}

int mc_arguments__measure(struct exp *e, struct usdt_notes *notes)
{
	struct mc_server server = { 0 };
	struct mc_client client = { .fd = -1 };
	struct arrived arrived = { 0 };
	struct mc_probe p = { 0 };
	uint16_t semaphore[3] = { 0 };
	int err = mc_server__start(&server, false);

	if (!err)
		err = mc_probe__load(&p, "arguments");
	if (!err)
		err = read_semaphore(server.pid, notes, &semaphore[0]);
	if (!err)
		err = mc_probe__attach_usdt(&p, "arguments", server.pid);
	if (!err)
		err = read_semaphore(server.pid, notes, &semaphore[1]);
	if (!err)
		err = mc_client__open(&client);
	if (!err)
		err = load(&client);
	if (!err)
		err = read_sites(&p, notes, &arrived);
	if (err)
		exp__fail(e, err, "probe memcached's " MC_PROBE);
	else
		err = report_arguments(e, &arrived);
	if (!err)
		err = measure_semaphore(e, notes, &p);
	mc_probe__detach(&p);
	if (!err)
		err = read_semaphore(server.pid, notes, &semaphore[2]);
	if (!err)
		err = report_semaphore(e, notes, semaphore);
	if (!err)
		err = measure_declared(e, notes, &client);
	mc_client__close(&client);
	mc_probe__close(&p);
	mc_server__stop(&server);
	return err;
}
