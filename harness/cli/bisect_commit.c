// SPDX-License-Identifier: GPL-2.0-only
/* One commit of a bisection: `assay bisect --step`. */
#include "cli/bisect_commit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/bisect.h"
#include "cli/bisect_git.h"

char *commit__kept(const char *dir, const char *id)
{
	return str_fmt("%s/%s.json", dir, id);
}

/* The kernel's own name tells commits of one run apart; all are built in the source's tree. */
static int ask_now(struct trial *t, const struct bisect_args *a, const struct commit *c,
		   struct answers **out)
{
	struct kernel k = *c->entry;
	int err;

	t->cli->kernel_source = c->source;
	k.slot = c->entry->name;
	if (a->no_series) {
		k.partial = true;
		k.nr_patches = 0;
		k.features = k.traits;
	}
	k.name = c->id ? str_fmt("%s@%.*s", c->entry->name, COMMIT_SHORT, c->id)
		       : strdup(c->entry->name);
	err = k.name ? trial__ask(t, &k, NULL, out) : -ENOMEM;
	free(k.name);
	return err;
}

int commit__ask(struct trial *t, const struct bisect_args *a, const struct commit *c,
		struct answers **out)
{
	char *path = c->id && c->kept ? commit__kept(c->kept, c->id) : NULL;
	int err;

	if (path && !answers__load(path, out)) {
		(*out)->reused = true;
		free(path);
		return 0;
	}
	err = ask_now(t, a, c, out);
	if (!err && path) {
		err = answers__save(*out, path);
		if (err) {
			log_err("%s: cannot be written: %s", path, strerror(-err));
			answers__free(*out);
		}
	}
	free(path);
	return err;
}

/* --- the step ----------------------------------------------------------------------------------
 */

/* A word that no answer begins with would make every commit bad. */
static int check_word(const char *option, const char *value, enum bisect_by by)
{
	static const char *const words[] = { "skipped", "absent",     "not",	 "accept", "reject",
					     "ok",	"unexpected", "crashed", "ran" };
	size_t len = strcspn(value, " ,"), n = sizeof(words) / sizeof(words[0]);
	const char *near;

	for (size_t i = 0; i < n; i++)
		if (strlen(words[i]) == len && !strncmp(words[i], value, len))
			return 0;
	if (by == BY_MESSAGE)
		return 0;
	near = str_nearest(value, words, n);
	log_err("%s: '%s' is no answer%s%s%s: accept, reject, of measurements ok, unexpected, "
		"crashed, of an experiment as a whole ran, crashed",
		option, value, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	return -EINVAL;
}

static int check(const struct bisect_args *a)
{
	int err;

	if (!a->good || a->wanted.n != 1) {
		log_err("bisect: --step takes --good ANSWER and one EXPERIMENT:RECORD");
		return -EINVAL;
	}
	err = check_word("--good", a->good, a->by);
	return err || !a->bad ? err : check_word("--bad", a->bad, a->by);
}

static bool does_say(const struct answer *a, enum bisect_by by, const char *text)
{
	char *value = answer__value(a, by), *brief = answer__brief(a);
	bool is = value && (!strcmp(value, text) || (brief && !strcmp(brief, text)));

	free(value);
	free(brief);
	return is;
}

static int judge(const struct bisect_args *a, const struct answers *all)
{
	const struct answer *is = all->why ? NULL : answers__meant(all, a->wanted.v[0]);
	int status = STEP_UNKNOWN;
	const char *record;
	char *text, *value;

	if (all->why) {
		log_info("bisect: can't be told: %s", all->why);
		return STEP_UNKNOWN;
	}
	if (!is && !(a->by == BY_STATUS && strchr(a->wanted.v[0], ':') &&
		     !strpbrk(a->wanted.v[0], "*?["))) {
		log_err("bisect: '%s' is not one record of the experiment", a->wanted.v[0]);
		return STEP_USAGE;
	}
	record = is ? is->record : a->wanted.v[0];
	text = answers__says(all, record);
	value = answer__value(is, a->by);
	if (value && does_say(is, a->by, a->good))
		status = STEP_GOOD;
	else if (value && (!a->bad || does_say(is, a->by, a->bad)))
		status = STEP_BAD;
	log_info("bisect: %s: %s: %s", record, text ? text : "",
		 status == STEP_GOOD  ? "good"
		 : status == STEP_BAD ? "bad"
				      : "can't be told");
	free(text);
	free(value);
	return status;
}

static int run_step(struct cli *cli, const struct bisect_args *a, struct trial *t,
		    const char *source, int *status)
{
	char *id = NULL;
	struct commit c = { .source = source, .kept = a->answers };
	struct answers *all = NULL;
	int err = cli__kernel(cli, a->vm.kernels_arg, &c.entry);

	if (!err && c.entry->like) {
		log_err("kernel %s is a copy of another one: it takes no source", c.entry->name);
		err = -EINVAL;
	}
	if (!err && a->answers)
		err = dir_make(a->answers);
	if (!err)
		err = bisect__open_trial(cli, a, t);
	if (err)
		return err;
	id = git_clean_commit(source, cli->cancel_fd);
	c.id = id;
	err = commit__ask(t, a, &c, &all);
	if (!err) {
		*status = judge(a, all);
		answers__free(all);
	}
	free(id);
	return err;
}

int bisect__step(struct cli *cli, struct bisect_args *a)
{
	const char *folder = a->vm.kernel_source ? a->vm.kernel_source : ".";
	char *source = realpath(folder, NULL);
	struct trial t = { 0 };
	int status = STEP_FAILED, err = source ? check(a) : -errno;

	if (!source)
		log_err("%s: %s", folder, strerror(-err));
	if (!err)
		err = run_step(cli, a, &t, source, &status);
	if (err)
		status = err == -EINTR	  ? STEP_INTERRUPTED
			 : err == -EINVAL ? STEP_USAGE
					  : STEP_FAILED;
	if (trial__end(&t, err ? strerror(-err) : NULL, status))
		status = STEP_FAILED;
	trial__close(&t);
	free(source);
	return status;
}
