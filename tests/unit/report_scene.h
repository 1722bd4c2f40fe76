/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of whole reports share: a run in a store, and its report as text. */
#ifndef TESTS_UNIT_REPORT_SCENE_H
#define TESTS_UNIT_REPORT_SCENE_H

#include "base/str.h"
#include "cli/report.h"
#include "store_fixture.h"

struct scene {
	struct store *store;
	struct run_info run;
	struct guest_info guest;
};

static inline void scene_begin(struct scene *sc, struct fixture *f)
{
	sc->store = open_store(f);
	sc->guest = example_guest();
	assert_int_equal(store__begin_run(sc->store, "assay run", "{}", &sc->run), 0);
}

static inline void scene_end(struct scene *sc)
{
	run_info__release(&sc->run);
	store__close(sc->store);
}

static inline void add(struct scene *sc, struct record *r)
{
	assert_int_equal(store__add_record(sc->store, sc->run.id, &sc->guest, r, NULL), 0);
	record__free(r);
}

static inline void ended(struct scene *sc, const char *experiment, const char *params,
			 enum status status, const char *reason, double seconds)
{
	assert_int_equal(store__add_experiment(sc->store, sc->run.id, &sc->guest, experiment,
					       params, status, reason, seconds),
			 0);
}

static inline struct record *program(const char *experiment, const char *name, enum verdict verdict,
				     int err, int64_t insns)
{
	struct record *r = record__new(RECORD_PROGRAM, experiment, name);

	r->verdict = verdict;
	r->err = err;
	r->status = STATUS_OK;
	r->stats.insns = insns;
	r->stats.total_states = insns < 0 ? -1 : insns / 10;
	r->stats.peak_states = insns < 0 ? -1 : insns / 20;
	r->stats.stack_depth = insns < 0 ? -1 : 128;
	r->stats.verification_time_us = insns < 0 ? -1 : insns * 7;
	return r;
}

/* Replaces every `from` in *text. */
static inline void replace(char **text, const char *from, const char *to)
{
	struct strbuf sb = STRBUF_INIT;
	const char *p = *text, *next;

	while ((next = strstr(p, from))) {
		strbuf__add(&sb, p, (size_t)(next - p));
		strbuf__addf(&sb, "%s", to);
		p = next + strlen(from);
	}
	strbuf__addf(&sb, "%s", p);
	free(*text);
	*text = strbuf__detach(&sb);
}

/* The report with the run's name as RUN and its folder as DIR, the run's id being 1; caller frees.
 */
static inline char *report(struct scene *sc, struct report_opts opts)
{
	char *text = NULL, *dir = store__run_dir(sc->store, sc->run.name);
	struct run_info now;
	size_t len;

	assert_int_equal(store__find_run(sc->store, NULL, &now), 0);
	opts.out = open_memstream(&text, &len);
	if (!opts.prog)
		opts.prog = "assay";
	assert_int_equal(report__print(sc->store, &now, &opts), 0);
	fclose(opts.out);
	run_info__release(&now);
	replace(&text, dir, "DIR");
	replace(&text, sc->run.name, "RUN");
	free(dir);
	return text;
}

static inline void assert_text(const char *is, const char *should)
{
	if (strcmp(is, should) == 0)
		return;
	printf("printed:\n%s\nand should print:\n%s\n", is, should);
	fail();
}

/* The program has left a log. */
static inline void keep_log(struct scene *sc, const char *experiment, const char *name)
{
	assert_int_equal(store__add_text(sc->store, sc->run.id, sc->guest.kernel, experiment, name,
					 "log", "0: exit\n", 8, true),
			 0);
}

#endif
