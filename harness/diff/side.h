/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_SIDE_H
#define ASSAY_DIFF_SIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "diff/facts.h"
#include "model/record.h"
#include "store/store.h"

/* A program or a measurement as one kernel showed it. All strings are owned. */
struct cell {
	char *experiment, *name, *labels; /* the key; labels as record__labels_str, "" for none */
	enum record_kind kind;
	enum verdict verdict;
	int err;
	char *message; /* NULL: none */
	char *failure; /* what kept a program from the verifier, one word; "": nothing did */
	enum status status;
	char *reason;	       /* of the status; NULL: none */
	struct record *record; /* all of it; NULL from a baseline */
	char *log;	       /* path of the verifier log's text; NULL: none */
	char *object;	       /* SHA-256 of the BPF object; NULL: unknown */
};

/* How an experiment ended as a whole on that kernel; of several ends (a study's points) the
 * worst. A side that knows no ends (a baseline) holds an experiment in full when it holds any of
 * its cells. */
struct whole {
	char *experiment;
	char *params; /* JSON object as the user gave them; NULL: unknown */
	enum status status;
	char *reason; /* NULL: none */
};

/* What one kernel showed: of a run, or of a baseline. */
struct side {
	char *title;		 /* for people: "5.10.218 (run 12)", "5.10.218 (baseline)" */
	char *kernel;		 /* entry name */
	char *run, *started;	 /* the run's name, ISO 8601 UTC; NULL from a baseline */
	char *host;		 /* JSON of the run's host and tools; NULL: unknown */
	struct guest_info guest; /* strings NULL where unknown */
	bool from_baseline, cut_off;
	struct facts facts;
	struct cell *cells; /* sorted by key once side__sort was called */
	size_t n;
	struct whole *wholes; /* at most one for each experiment */
	size_t nr_wholes;
};

/* An empty side; NULL on ENOMEM. */
struct side *side__new(const char *title, const char *kernel);
void side__free(struct side *s);
/* Adds a cell that holds only its key, verdict none and status ok; valid until the next one is
 * added. NULL on ENOMEM. */
struct cell *side__add(struct side *s, enum record_kind kind, const char *experiment,
		       const char *name, const char *labels);
/* Adds the end of an experiment, or worsens the one that is there. 0 or -ENOMEM. */
int side__end(struct side *s, const char *experiment, const char *params, enum status status,
	      const char *reason);
/* To be called once all cells are added: brings them in the order in which they are found. 0 or
 * -ENOMEM. */
int side__sort(struct side *s);

/* One kernel of a run, with the places of its verifier logs. -ENOENT (not logged) when the run has
 * nothing of that kernel; other errors are logged. */
int side__of_run(struct store *s, const struct run_info *run, const char *kernel,
		 struct side **out);
/* The cell with that key, or NULL; of several with one key the first. */
const struct cell *side__find(const struct side *s, const char *experiment, const char *name,
			      const char *labels);
const struct whole *side__whole(const struct side *s, const char *experiment); /* or NULL */
/* What veristat calls its file: "masked-read.bpf.o", or the object that was verified. Caller frees;
 * NULL on ENOMEM. */
char *cell__file(const struct cell *c);
/* Order of keys: experiment, name, labels. */
int cell__cmp(const struct cell *a, const struct cell *b);

#endif
