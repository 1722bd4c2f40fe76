// SPDX-License-Identifier: GPL-2.0-only
#include "cli/sides.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/baselines.h"
#include "cli/cli.h"
#include "cli/hostrun.h"
#include "diff/baseline.h"
#include "diff/side.h"
#include "store/store.h"
#include "vm/kernels.h"

/* A side as it was named. */
struct ref {
	const char *word;
	bool baseline;	     /* baseline, baseline:KERNEL */
	bool file;	     /* FILE.txt */
	struct run_info run; /* id 0: none was named */
	char *kernel;	     /* NULL: none was named */
};

static void ref_release(struct ref *r)
{
	run_info__release(&r->run);
	free(r->kernel);
}

/* --- kernels of a run ------------------------------------------------------------------------ */

static int add_name(struct strv *names, const char *name)
{
	return strv__has(names, name) ? 0 : strv__add(names, name);
}

static int see_record(void *ctx, const struct stored_record *r)
{
	return add_name(ctx, r->guest.kernel);
}

static int see_experiment(void *ctx, const struct stored_experiment *e)
{
	return add_name(ctx, e->kernel);
}

static int kernels_of(struct store *s, int64_t run, struct strv *out)
{
	int err = store__experiments(s, run, NULL, NULL, see_experiment, out);

	return err ? err : store__records(s, run, NULL, NULL, see_record, out);
}

static int stop(void *ctx, const struct stored_record *r)
{
	(void)ctx;
	(void)r;
	return 1;
}

struct search {
	struct store *store;
	const char *kernel, *other; /* other NULL: none */
	int64_t id;		    /* of the newest complete run that has them; 0: none */
};

/* Runs come from the oldest to the newest. */
static int search_run(void *ctx, const struct run_info *r)
{
	struct search *s = ctx;
	int has;

	if (r->state != RUN_COMPLETE)
		return 0;
	has = store__records(s->store, r->id, s->kernel, NULL, stop, NULL);
	if (has > 0 && s->other)
		has = store__records(s->store, r->id, s->other, NULL, stop, NULL);
	if (has > 0)
		s->id = r->id;
	return has < 0 ? has : 0;
}

/* *id 0: there is no such run. */
static int newest_run(struct store *s, const char *kernel, const char *other, int64_t *id)
{
	struct search search = { .store = s, .kernel = kernel, .other = other };
	int err = s ? store__runs(s, search_run, &search) : 0;

	*id = search.id;
	return err;
}

static int load_run(struct store *s, int64_t id, struct run_info *out)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)id);
	return store__find_run(s, text, out);
}

/* --- words ----------------------------------------------------------------------------------- */

static int unknown(struct cli *cli, const char *word)
{
	const struct kernels *ks = NULL;
	const char *nearest = NULL;

	if (!cli__kernels(cli, &ks))
		kernels__find(ks, word, &nearest);
	log_err("'%s' is neither a run nor a kernel%s%s%s; `assay list runs` and `assay list "
		"kernels` show them",
		word, nearest ? ": did you mean '" : "", nearest ? nearest : "",
		nearest ? "'?" : "");
	return -EINVAL;
}

/* A kernel that a run has, or an entry of the list; a branch stands for its newest entry. Given by
 * hand it may be neither in the list any more. */
static int find_kernel(struct cli *cli, struct store *s, const char *word, char **out)
{
	const struct kernels *ks = NULL;
	const struct kernel *k = NULL;
	int64_t id = 0;
	int err = newest_run(s, word, NULL, &id);

	if (err)
		return err;
	if (!id) {
		err = cli__kernels(cli, &ks);
		if (err)
			return err;
		k = kernels__find(ks, word, NULL);
		if (!k)
			return unknown(cli, word);
	}
	*out = strdup(k ? k->name : word);
	return *out ? 0 : -ENOMEM;
}

/* RUN or RUN:KERNEL. -ENOENT: no run is called so. */
static int parse_run(struct store *s, struct ref *r)
{
	const char *colon = strchr(r->word, ':');
	char *name;
	int err;

	if (!s)
		return -ENOENT;
	err = store__find_run(s, r->word, &r->run);
	if (err != -ENOENT || !colon)
		return err == -ENOTUNIQ ? -EINVAL : err;
	name = strndup(r->word, (size_t)(colon - r->word));
	if (!name)
		return -ENOMEM;
	err = store__find_run(s, name, &r->run);
	free(name);
	if (err)
		return err == -ENOTUNIQ ? -EINVAL : err;
	r->kernel = strdup(colon + 1);
	return r->kernel ? 0 : -ENOMEM;
}

static bool is_all_baselines(const char *word)
{
	return strcmp(word, "baseline") == 0 || str_starts(word, "baseline:");
}

bool sides__is_baseline(const char *word)
{
	return is_all_baselines(word) || str_ends(word, ".txt");
}

static int parse_ref(struct cli *cli, struct store *s, struct ref *r)
{
	int err;

	if (is_all_baselines(r->word)) {
		r->baseline = true;
		if (r->word[8] && !r->word[9]) {
			log_err("'%s': a kernel is missing after the colon", r->word);
			return -EINVAL;
		}
		return r->word[8] ? find_kernel(cli, s, r->word + 9, &r->kernel) : 0;
	}
	if (str_ends(r->word, ".txt")) {
		r->file = true;
		return 0;
	}
	err = parse_run(s, r);
	return err == -ENOENT ? find_kernel(cli, s, r->word, &r->kernel) : err;
}

static int no_kernel(const struct ref *r, const struct strv *names)
{
	const char *near = str_nearest(r->kernel, (const char *const *)names->v, names->n);

	log_err("run %s has no kernel '%s'%s%s%s", r->run.name, r->kernel,
		near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	return -EINVAL;
}

/* In RUN:KERNEL the kernel may be a branch: then it is the one of it that the run has. */
static int check_kernel(struct store *s, struct ref *r)
{
	struct strv names = { 0 }, found = { 0 };
	struct strbuf all = STRBUF_INIT;
	size_t len;
	int err;

	if (!r->run.id || !r->kernel)
		return 0;
	len = strlen(r->kernel);
	err = kernels_of(s, r->run.id, &names);
	if (strv__has(&names, r->kernel))
		goto out;
	for (size_t i = 0; !err && i < names.n; i++) {
		const char *name = names.v[i];

		if (strncmp(name, r->kernel, len) != 0 || name[len] != '.')
			continue;
		err = strv__add(&found, name);
		strbuf__addf(&all, "%s%s", all.len ? ", " : "", name);
	}
	if (!err && found.n == 1) {
		err = record__set(&r->kernel, found.v[0]);
	} else if (!err && found.n) {
		log_err("run %s has several kernels of %s: %s; name one of them", r->run.name,
			r->kernel, strbuf__str(&all));
		err = -EINVAL;
	} else if (!err) {
		err = no_kernel(r, &names);
	}
out:
	strbuf__free(&all);
	strv__free(&found);
	strv__free(&names);
	return err;
}

static int no_run(const char *kernel)
{
	log_err("no complete run has kernel %s; `assay run -k %s` makes one", kernel, kernel);
	return -EINVAL;
}

/* Kernels that were named alone get their runs. */
static int choose_runs(struct store *s, struct ref *a, struct ref *b)
{
	bool alone_a = !a->run.id && !a->baseline && !a->file;
	bool alone_b = !b->run.id && !b->baseline && !b->file;
	int64_t id = 0;
	int err = 0;

	if (alone_a && alone_b)
		err = newest_run(s, a->kernel, b->kernel, &id);
	if (!err && id) {
		err = load_run(s, id, &a->run);
		return err ? err : load_run(s, id, &b->run);
	}
	if (!err && alone_a) {
		err = newest_run(s, a->kernel, NULL, &id);
		err = err ? err : id ? load_run(s, id, &a->run) : no_run(a->kernel);
	}
	id = 0;
	if (!err && alone_b) {
		err = newest_run(s, b->kernel, NULL, &id);
		err = err ? err : id ? load_run(s, id, &b->run) : no_run(b->kernel);
	}
	return err;
}

/* --- reading --------------------------------------------------------------------------------- */

static int read_file(const char *path, struct side **out)
{
	int err = baseline__read(path, out);

	if (err != -ENOENT)
		return err;
	log_err("%s: there is no such file", path);
	return -EINVAL;
}

static int read_side(struct cli *cli, struct store *s, const struct ref *r, const char *kernel,
		     struct side **out)
{
	if (r->file)
		return read_file(r->word, out);
	if (r->baseline)
		return baselines__read(cli, kernel, out);
	return side__of_run(s, &r->run, kernel, out);
}

/* Is it that the run does not have the kernel? */
static int read_or_say(struct cli *cli, struct store *s, const struct ref *r, const char *kernel,
		       struct side **out)
{
	int err = read_side(cli, s, r, kernel, out);

	if (err != -ENOENT)
		return err;
	log_err("run %s has no kernel '%s'", r->run.name, kernel);
	return -EINVAL;
}

/* A kernel that is NULL is that of the other, which is a file. */
static int add_pair(struct cli *cli, struct store *s, const struct ref *a, const char *kernel_a,
		    const struct ref *b, const char *kernel_b, struct sides *out)
{
	struct sides_pair *v = realloc(out->v, (out->n + 1) * sizeof(*v));
	int err = 0;

	if (!v)
		return -ENOMEM;
	out->v = v;
	v += out->n++;
	memset(v, 0, sizeof(*v));
	if (a->file || kernel_a) {
		err = read_or_say(cli, s, a, kernel_a, &v->a);
		kernel_b = !err && !kernel_b ? v->a->kernel : kernel_b;
	}
	if (!err)
		err = read_or_say(cli, s, b, kernel_b, &v->b);
	if (!err && !v->a)
		err = read_or_say(cli, s, a, v->b->kernel, &v->a);
	return err;
}

static const char *title(const struct ref *r)
{
	return r->run.name ? r->run.name : r->word;
}

/* Baselines are of all kernels that have one: that a run has fewer is the usual case. */
static int note(struct sides *out, const char *kernel, const struct ref *r)
{
	char *text = str_fmt("%s: only in %s", kernel, title(r));
	int err = r->baseline ? 0 : text ? strv__add(&out->notes, text) : -ENOMEM;

	free(text);
	return err;
}

static int kernels_of_ref(struct cli *cli, struct store *s, const struct ref *r, struct strv *out)
{
	return r->baseline ? baselines__list(cli, out) : kernels_of(s, r->run.id, out);
}

static int nothing_common(const struct ref *a, const struct ref *b, const struct strv *of_a)
{
	const char *example = "KERNEL";

	/* What ran on the host is no kernel to compare. */
	for (size_t i = of_a->n; i-- > 0;)
		if (strcmp(of_a->v[i], HOSTRUN_KERNEL) != 0)
			example = of_a->v[i];
	log_err("%s and %s have no kernel in common; kernels can be named, as in %s:%s", title(a),
		title(b), a->word, example);
	return -EINVAL;
}

/* Kernel by kernel of the same name. */
static int pair_all(struct cli *cli, struct store *s, const struct ref *a, const struct ref *b,
		    struct sides *out)
{
	struct strv of_a = { 0 }, of_b = { 0 };
	int err = kernels_of_ref(cli, s, a, &of_a);

	if (!err)
		err = kernels_of_ref(cli, s, b, &of_b);
	for (size_t i = 0; !err && i < of_a.n; i++)
		err = strv__has(&of_b, of_a.v[i])
			      ? add_pair(cli, s, a, of_a.v[i], b, of_a.v[i], out)
			      : note(out, of_a.v[i], a);
	for (size_t i = 0; !err && i < of_b.n; i++)
		if (!strv__has(&of_a, of_b.v[i]))
			err = note(out, of_b.v[i], b);
	if (!err && !out->n)
		err = nothing_common(a, b, &of_a);
	strv__free(&of_a);
	strv__free(&of_b);
	return err;
}

static bool is_one(const struct ref *a, const struct ref *b, const char *ka, const char *kb)
{
	if (a->file || b->file)
		return a->file && b->file && strcmp(a->word, b->word) == 0;
	return a->baseline == b->baseline && a->run.id == b->run.id &&
	       strcmp(ka ? ka : "", kb ? kb : "") == 0;
}

static int pair(struct cli *cli, struct store *s, struct ref *a, struct ref *b, struct sides *out)
{
	const char *ka = a->kernel ? a->kernel : b->kernel;
	const char *kb = b->kernel ? b->kernel : a->kernel;

	if (is_one(a, b, ka, kb)) {
		log_err("'%s' and '%s' are the same", a->word, b->word);
		return -EINVAL;
	}
	return ka || a->file || b->file ? add_pair(cli, s, a, ka, b, kb, out)
					: pair_all(cli, s, a, b, out);
}

int sides__open(struct cli *cli, struct store *s, const char *a, const char *b, struct sides *out)
{
	struct ref ra = { .word = a }, rb = { .word = b };
	int err;

	memset(out, 0, sizeof(*out));
	err = parse_ref(cli, s, &ra);
	if (!err)
		err = parse_ref(cli, s, &rb);
	if (!err)
		err = choose_runs(s, &ra, &rb);
	if (!err)
		err = check_kernel(s, &ra);
	if (!err)
		err = check_kernel(s, &rb);
	if (!err)
		err = pair(cli, s, &ra, &rb, out);
	ref_release(&ra);
	ref_release(&rb);
	return err;
}

void sides__release(struct sides *s)
{
	for (size_t i = 0; i < s->n; i++) {
		side__free(s->v[i].a);
		side__free(s->v[i].b);
	}
	free(s->v);
	strv__free(&s->notes);
	memset(s, 0, sizeof(*s));
}
