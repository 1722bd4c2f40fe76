// SPDX-License-Identifier: GPL-2.0-only
/* Runs of one matrix, each of its own kernels, become one run. */
#include "store/merge_int.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "store/db.h"

static const char what[] = "join runs";

struct part {
	int64_t id;
	char *name, *command, *started, *ended, *host, *reason;
	char *matrix; /* the command without what differs between the parts */
	enum run_state state;
	int exit_status;
	bool joined;
};

struct join {
	struct store *store;
	const char *host; /* the kernel that stands for the host, or NULL */
	const char *lost;
	struct part *v; /* in the order in which they began */
	size_t n;
};

/* --- commands ------------------------------------------------------------------------------- */

/* Options that say where, for whom and on which kernel, with how many words they take. */
static int skipped_words(const char *word)
{
	static const char *const alone[] = { "-v", "--verbose", "--json", "--csv", "--full" };
	static const char *const with_value[] = { "-k", "--kernel", "--results", "--format" };
	size_t i, len;

	for (i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		if (!strcmp(word, alone[i]))
			return 1;
	for (i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
		len = strlen(with_value[i]);
		if (!strcmp(word, with_value[i]))
			return 2;
		if (!strncmp(word, with_value[i], len) && (len == 2 || word[len] == '='))
			return 1;
	}
	return 0;
}

static char *matrix_of(const char *command)
{
	struct strbuf sb = STRBUF_INIT;
	struct strv words = { 0 };
	int skip = 0;

	if (strv__split(&words, command ? command : "", " "))
		return NULL;
	for (size_t i = 0; i < words.n; i += skip ? (size_t)skip : 1) {
		skip = skipped_words(words.v[i]);
		if (!skip)
			strbuf__addf(&sb, "%s%s", sb.len ? " " : "", words.v[i]);
	}
	strv__free(&words);
	return sb.len ? strbuf__detach(&sb) : strdup("");
}

/* --- reading -------------------------------------------------------------------------------- */

static int copy_str(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from ? 0 : -ENOMEM;
}

static int on_run(void *ctx, const struct run_info *r)
{
	struct join *j = ctx;
	struct part *v = realloc(j->v, (j->n + 1) * sizeof(*v)), *p;
	int err;

	if (!v)
		return -ENOMEM;
	j->v = v;
	p = &v[j->n++];
	*p = (struct part){ .id = r->id, .state = r->state, .exit_status = r->exit_status };
	err = copy_str(r->name, &p->name);
	err = err ? err : copy_str(r->command, &p->command);
	err = err ? err : copy_str(r->started, &p->started);
	err = err ? err : copy_str(r->ended, &p->ended);
	err = err ? err : copy_str(r->host, &p->host);
	err = err ? err : copy_str(r->cut_off_reason, &p->reason);
	p->matrix = matrix_of(r->command);
	return err || p->matrix ? err : -ENOMEM;
}

static int by_start(const void *x, const void *y)
{
	const struct part *a = x, *b = y;
	int d = strcmp(a->started, b->started);

	return d ? d : strcmp(a->name, b->name);
}

static void release(struct join *j)
{
	for (size_t i = 0; i < j->n; i++) {
		free(j->v[i].name);
		free(j->v[i].command);
		free(j->v[i].started);
		free(j->v[i].ended);
		free(j->v[i].host);
		free(j->v[i].reason);
		free(j->v[i].matrix);
	}
	free(j->v);
}

/* --- may they be joined? -------------------------------------------------------------------- */

/* Runs a query with the numbers of two runs and perhaps a kernel; the first column of its first row
 * as an owned string, NULL when there is none. 0 or -errno. */
static int ask(const struct join *j, const char *sql, int64_t a, int64_t b, const char *kernel,
	       char **out)
{
	sqlite3_stmt *st;
	int rc, err = db__prepare(j->store, sql, &st);

	*out = NULL;
	if (err)
		return err;
	rc = db__bind(st, "iis", a, b, kernel);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		err = db__text(st, 0, out);
	else if (rc != SQLITE_DONE)
		err = db__fail(j->store, rc, what);
	sqlite3_finalize(st);
	return err;
}

static int refuse(const struct part *a, const struct part *b, const char *why)
{
	log_err("runs %s and %s can't be joined: %s", a->name, b->name, why);
	return -EEXIST;
}

/* What verdicts depend on must be the same; the machines may be others. */
static int check_tools(const struct part *a, const struct part *b)
{
	static const char *const machine[] = { "cpu", "cpus", "kernel", "qemu" };
	json_t *x = json_loads(a->host ? a->host : "", 0, NULL);
	json_t *y = json_loads(b->host ? b->host : "", 0, NULL), *value;
	const char *key, *differs = NULL;
	char why[160];
	size_t i;

	for (int turn = 0; turn < 2 && !differs; turn++) {
		json_object_foreach (turn ? y : x, key, value) {
			for (i = 0; i < sizeof(machine) / sizeof(machine[0]); i++)
				if (!strcmp(key, machine[i]))
					break;
			if (i == sizeof(machine) / sizeof(machine[0]) &&
			    !json_equal(json_object_get(x, key), json_object_get(y, key)))
				differs = key;
		}
	}
	if (differs)
		snprintf(why, sizeof(why),
			 "they were not made with the same tools ('%s' differs: see `assay list "
			 "runs`)",
			 differs);
	json_decref(x);
	json_decref(y);
	return differs ? refuse(a, b, why) : 0;
}

#define ENDS_OF(param)                                                                      \
	"SELECT g.kernel, e.experiment FROM experiments e JOIN guests g ON g.id = e.guest " \
	"WHERE e.run = " param " UNION "                                                    \
	"SELECT g.kernel, r.experiment FROM records r JOIN guests g ON g.id = r.guest "     \
	"WHERE r.run = " param
#define HOST_ENDS_OF(param)                                                                      \
	"SELECT e.experiment, e.status FROM experiments e JOIN guests g ON g.id = e.guest "      \
	"WHERE g.kernel = ?3 AND e.run = " param " UNION SELECT r.experiment || ' ' || r.name, " \
	"r.status FROM records r JOIN guests g ON g.id = r.guest WHERE g.kernel = ?3 AND "       \
	"r.run = " param

static int check_pair(const struct join *j, const struct part *a, const struct part *b)
{
	static const char twice[] = "SELECT experiment || ' on ' || kernel FROM (" ENDS_OF(
		"?1") ") WHERE "
		      "kernel IS NOT ?3 AND (kernel, experiment) IN (" ENDS_OF("?2") ") LIMIT 1";
	static const char builds[] =
		"SELECT a.kernel FROM guests a JOIN guests b ON a.kernel = b.kernel WHERE "
		"a.run = ?1 AND b.run = ?2 AND a.kernel IS NOT ?3 AND a.image_key IS NOT NULL "
		"AND b.image_key IS NOT NULL AND a.image_key <> b.image_key LIMIT 1";
	static const char host[] =
		"SELECT a.experiment FROM (" HOST_ENDS_OF("?1") ") a JOIN (" HOST_ENDS_OF(
			"?2") ") b ON a.experiment = b.experiment WHERE a.status <> b.status LIMIT 1";
	static const struct {
		const char *sql, *format;
	} checks[] = {
		{ twice, "both have %s" },
		{ builds, "kernel %s was built from other sources in one of them" },
		{ host, "'%s', which runs on the host, ended otherwise in one of them" },
	};
	char *found, *why;
	int err = check_tools(a, b);

	for (size_t i = 0; !err && i < sizeof(checks) / sizeof(checks[0]); i++) {
		err = ask(j, checks[i].sql, a->id, b->id, j->host, &found);
		if (err || !found)
			continue;
		why = str_fmt(checks[i].format, found);
		err = why ? refuse(a, b, why) : -ENOMEM;
		free(why);
		free(found);
	}
	return err;
}

/* --- joining -------------------------------------------------------------------------------- */

static int change(const struct join *j, const char *sql, int64_t to, int64_t from, const char *text)
{
	sqlite3_stmt *st;
	int rc, err = db__prepare(j->store, sql, &st);

	if (err)
		return err;
	rc = sqlite3_bind_parameter_count(st) < 3 ? db__bind(st, "ii", to, from)
						  : db__bind(st, "iis", to, from, text);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		err = db__fail(j->store, rc, what);
	sqlite3_finalize(st);
	return err;
}

/* Takes the rows of a part into the first one. Files stay in a folder of the part's name. */
static int take_part(const struct join *j, const struct part *first, const struct part *p)
{
	/* What ran on the host ran for every part: the first one's stays. */
	static const char *const drop_host[] = {
		"DELETE FROM texts WHERE run = ?2 AND kernel = ?3 AND ?1 = ?1",
		"DELETE FROM guests WHERE run = ?2 AND kernel = ?3 AND EXISTS "
		"(SELECT 1 FROM guests WHERE run = ?1 AND kernel = ?3)",
	};
	static const char *const take[] = {
		"UPDATE guests SET run = ?1 WHERE run = ?2",
		"UPDATE experiments SET run = ?1 WHERE run = ?2",
		"UPDATE records SET run = ?1 WHERE run = ?2",
		/* A kernel that both have: what is said of its guests is told apart by the part. */
		"UPDATE texts SET name = trim(name || ' ' || ?3) WHERE run = ?2 AND EXISTS "
		"(SELECT 1 FROM texts t WHERE t.run = ?1 AND t.kernel = texts.kernel AND "
		"t.experiment = texts.experiment AND t.name = texts.name AND t.kind = texts.kind)",
		"UPDATE texts SET run = ?1, path = ?3 || '/' || path WHERE run = ?2",
		"DELETE FROM runs WHERE id = ?2 AND ?1 = ?1",
	};
	char *has = NULL;
	int err = 0;

	if (j->host)
		err = ask(j, "SELECT '' FROM guests WHERE run = ?1 AND kernel = ?3 AND ?2 = ?2",
			  first->id, p->id, j->host, &has);
	for (size_t i = 0; !err && has && i < sizeof(drop_host) / sizeof(drop_host[0]); i++)
		err = change(j, drop_host[i], first->id, p->id, j->host);
	free(has);
	for (size_t i = 0; !err && i < sizeof(take) / sizeof(take[0]); i++)
		err = change(j, take[i], first->id, p->id, p->name);
	return err;
}

/* The parts' folders become folders of the joined run's. */
static int move_folders(const struct join *j, const struct part *const *parts, size_t n,
			const char *name)
{
	char *dir = store__run_dir(j->store, name), *from, *to;
	int err = dir ? dir_make(dir) : -ENOMEM;

	for (size_t i = 0; !err && i < n; i++) {
		from = store__run_dir(j->store, parts[i]->name);
		to = str_fmt("%s/%s", dir, parts[i]->name);
		err = !from || !to ? -ENOMEM : rename(from, to) ? -errno : 0;
		free(from);
		free(to);
	}
	free(dir);
	return err;
}

/* "assay run … -k A,B": as if one had run it. */
static char *command_of(const struct join *j, const struct part *first)
{
	char *kernels = NULL, *command = NULL;
	int err = ask(j,
		      "SELECT group_concat(kernel) FROM (SELECT DISTINCT kernel FROM guests WHERE "
		      "run = ?1 AND kernel IS NOT ?3 AND ?2 = ?2 ORDER BY id)",
		      first->id, first->id, j->host, &kernels);

	if (!err)
		command = str_fmt("%s%s%s", first->matrix, kernels ? " -k " : "",
				  kernels ? kernels : "");
	free(kernels);
	return command;
}

/* The joined run is as good as the worst of its parts. */
static char *state_of(const struct join *j, const struct part *const *parts, size_t n,
		      enum run_state *state)
{
	struct strbuf sb = STRBUF_INIT;

	*state = RUN_COMPLETE;
	for (size_t i = 0; i < n; i++) {
		if (parts[i]->state == RUN_COMPLETE)
			continue;
		*state = RUN_CUT_OFF;
		strbuf__addf(&sb, "%srun %s was cut off: %s", sb.len ? "; " : "", parts[i]->name,
			     parts[i]->reason ? parts[i]->reason : "no reason is known");
	}
	if (j->lost) {
		*state = RUN_CUT_OFF;
		strbuf__addf(&sb, "%s%s", sb.len ? "; " : "", j->lost);
	}
	return sb.len || sb.failed ? strbuf__detach(&sb) : NULL;
}

static int describe(const struct join *j, const struct part *const *parts, size_t n,
		    const char *name)
{
	char *command = command_of(j, parts[0]), *reason;
	const char *ended = NULL;
	enum run_state state;
	int exit_status = 0, err, rc;
	sqlite3_stmt *st = NULL;

	reason = state_of(j, parts, n, &state);
	for (size_t i = 0; i < n; i++) {
		if (parts[i]->ended && (!ended || strcmp(parts[i]->ended, ended) > 0))
			ended = parts[i]->ended;
		if (parts[i]->exit_status > exit_status)
			exit_status = parts[i]->exit_status;
	}
	if (state == RUN_CUT_OFF)
		exit_status = 3; /* of one that was cut off */
	err = command ? db__prepare(j->store,
				    "UPDATE runs SET name = ?, command = ?, ended = ?, state = ?, "
				    "cut_off_reason = ?, exit_status = ? WHERE id = ?",
				    &st)
		      : -ENOMEM;
	if (!err) {
		rc = db__bind(st, "sssssii", name, command, ended, run_state__name(state), reason,
			      (int64_t)exit_status, parts[0]->id);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(st);
		if (rc != SQLITE_DONE)
			err = db__fail(j->store, rc, what);
	}
	sqlite3_finalize(st);
	free(reason);
	free(command);
	return err;
}

static int join_parts(const struct join *j, const struct part *const *parts, size_t n)
{
	char *name = n > 1 ? str_fmt("%s+%zu", parts[0]->name, n - 1) : strdup(parts[0]->name);
	int err = name ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < n; i++)
		for (size_t k = i + 1; !err && k < n; k++)
			err = check_pair(j, parts[i], parts[k]);
	if (!err)
		err = db__begin(j->store, what);
	if (err)
		goto out;
	if (n > 1)
		err = change(j,
			     "UPDATE texts SET path = ?3 || '/' || path WHERE run = ?1 AND ?2 = ?2",
			     parts[0]->id, 0, parts[0]->name);
	for (size_t i = 1; !err && i < n; i++)
		err = take_part(j, parts[0], parts[i]);
	if (!err)
		err = describe(j, parts, n, name);
	if (!err && n > 1)
		err = move_folders(j, parts, n, name);
	err = db__end(j->store, err, what);
out:
	free(name);
	return err;
}

/* Runs of the same matrix, from i on. */
static int join_like(struct join *j, size_t i)
{
	const struct part **parts = calloc(j->n, sizeof(*parts));
	size_t n = 0;
	int err;

	if (!parts)
		return -ENOMEM;
	for (size_t k = i; k < j->n; k++) {
		if (j->v[k].joined || strcmp(j->v[i].matrix, j->v[k].matrix) != 0)
			continue;
		j->v[k].joined = true;
		parts[n++] = &j->v[k];
	}
	err = n > 1 || j->lost ? join_parts(j, parts, n) : 0;
	free(parts);
	return err;
}

int merge_join__all(struct store *s, const char *host, const char *lost)
{
	struct join j = { .store = s, .host = host, .lost = lost };
	int err = store__runs(s, on_run, &j);

	if (!err && j.n)
		qsort(j.v, j.n, sizeof(*j.v), by_start);
	for (size_t i = 0; !err && i < j.n; i++)
		if (!j.v[i].joined)
			err = join_like(&j, i);
	release(&j);
	return err;
}
