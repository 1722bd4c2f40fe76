// SPDX-License-Identifier: GPL-2.0-only
/* X2: the keys that a real memcached is asked for, as five ways of reading them show them, beside
 * what the client knows that it asked. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "probe.h"
#include "server.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What lies behind a key in memcached's memory: an item holds its key, one byte that nobody
 * writes, and its value; a key that is not found is still in the client's request. */
enum kind {
	FRESH,	  /* an item in memory that was never used: that byte is zero */
	RECYCLED, /* in memory of a deleted item with a longer key */
	ABSENT,	  /* not found: the server has put a NUL behind it */
	NR_KINDS,
};

struct key_case {
	const char *start; /* filled up with 'x' */
	unsigned int length;
	enum kind kind;
};

/* user:1 is how three others begin; and 134 & 0x7f is its length. */
static const struct key_case key_cases[] = {
	{ "user:1", 6, FRESH },	    { "user:10", 7, FRESH },	 { "user:100", 8, FRESH },
	{ "user:1", 127, FRESH },   { "user:1", 128, FRESH },	 { "user:1", 134, FRESH },
	{ "session:", 200, FRESH }, { "longest:", 250, FRESH },	 { "cart:1", 6, RECYCLED },
	{ "cart:12", 7, RECYCLED }, { "cart:123", 8, RECYCLED }, { "ghost:1", 7, ABSENT },
	{ "ghost:22", 8, ABSENT },
};
#define NR_KEYS	 ARRAY_SIZE(key_cases)
#define TAKER	 0 /* of the hits of MISTAKEN, when lengths are masked with 0x7f */
#define MISTAKEN 5

/* Key and value of a recycled item and of the one before it come to this: the same slab class. */
#define RECYCLED_SIZE 100
#define OLD_KEY_SIZE  60

struct truth {
	char key[KEY_MAX + 1];
	uint64_t gets;
};

struct load {
	struct truth keys[NR_KEYS];
	uint64_t gets;
};

static void fill(char *to, const char *start, size_t length, char c)
{
	size_t n = strlen(start);

	memcpy(to, start, n);
	if (length > n)
		memset(to + n, c, length - n);
	to[length] = '\0';
}

/* --- load ---------------------------------------------------------------------------------- */

static int set_recycled(struct mc_client *c, const char *key)
{
	char old_key[OLD_KEY_SIZE + 1], value[RECYCLED_SIZE + 1];
	int err;

	fill(old_key, "old:", OLD_KEY_SIZE, 'J');
	fill(value, "", RECYCLED_SIZE - OLD_KEY_SIZE, 'v');
	err = mc_client__set(c, old_key, value);
	if (!err)
		err = mc_client__delete(c, old_key);
	fill(value, "", RECYCLED_SIZE - strlen(key), 'v');
	return err ? err : mc_client__set(c, key, value);
}

static int set_all(struct load *l, struct mc_client *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < NR_KEYS; i++) {
		const struct key_case *k = &key_cases[i];

		fill(l->keys[i].key, k->start, k->length, 'x');
		if (k->kind == FRESH)
			err = mc_client__set(c, l->keys[i].key, "1000");
		else if (k->kind == RECYCLED)
			err = set_recycled(c, l->keys[i].key);
	}
	return err;
}

/* Every key another number of times, turn by turn. */
static int get_all(struct exp *e, struct load *l, struct mc_client *c)
{
	uint64_t rounds = exp__param_u64(e, "rounds") * (NR_KEYS + 1);
	int err = 0;

	for (uint64_t round = 0; !err && round < rounds; round++) {
		for (size_t i = round % (NR_KEYS + 1); !err && i < NR_KEYS; i++) {
			bool found;

			err = mc_client__get(c, l->keys[i].key, &found);
			if (!err && found != (key_cases[i].kind != ABSENT))
				err = -ENODATA;
			l->keys[i].gets++;
			l->gets++;
		}
	}
	return err;
}

/* Changes values where they are: key and item stay, what lies behind the key does not. */
static int change_all(struct load *l, struct mc_client *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < NR_KEYS; i++)
		if (key_cases[i].kind == FRESH)
			err = mc_client__increment(c, l->keys[i].key);
	return err;
}

/* --- what the programs saw ------------------------------------------------------------------- */

struct seen_key {
	uint64_t entries, hits;
};

struct seen {
	const struct load *load;
	struct seen_key keys[NR_KEYS];
	uint64_t entries, garbled, hits;
	struct strbuf table;
};

/* An entry's key is what a tool prints: up to a NUL, and 250 bytes at most; or what it cuts by the
 * length beside it. */
static size_t key_length(const struct entry *e)
{
	return e->method == METHOD_MERGED && e->length <= KEY_MAX ? e->length
								  : strnlen(e->text, KEY_MAX);
}

static size_t find_key(const struct load *l, const struct entry *e)
{
	size_t i = 0;

	while (i < NR_KEYS && (key_length(e) != key_cases[i].length ||
			       memcmp(e->text, l->keys[i].key, key_cases[i].length) != 0))
		i++;
	return i;
}

static void add_line(struct strbuf *sb, const struct entry *e, uint64_t n, const char *what)
{
	size_t len = key_length(e);

	strbuf__addf(sb, "%8" PRIu64 "  %-8s  ", n, what);
	for (size_t i = 0; i < len; i++)
		strbuf__addf(sb, isprint((unsigned char)e->text[i]) ? "%c" : "\\x%02x",
			     (unsigned char)e->text[i]);
	strbuf__add(sb, "\n", 1);
}

static int see(void *ctx, const struct entry *e, uint64_t n)
{
	struct seen *s = ctx;
	size_t i = find_key(s->load, e);

	s->entries++;
	s->hits += n;
	if (i < NR_KEYS) {
		s->keys[i].entries++;
		s->keys[i].hits += n;
	} else {
		s->garbled++;
	}
	add_line(&s->table, e, n, i < NR_KEYS ? "a key" : "garbled");
	return s->table.failed ? -ENOMEM : 0;
}

enum outcome { EXACT, REPEATED, WRONG_COUNT, LOST, NR_OUTCOMES };

static enum outcome outcome_of(const struct seen *s, size_t i)
{
	if (!s->keys[i].entries)
		return LOST;
	if (s->keys[i].hits != s->load->keys[i].gets)
		return WRONG_COUNT;
	return s->keys[i].entries > 1 ? REPEATED : EXACT;
}

/* --- the ways of reading --------------------------------------------------------------------- */

struct way {
	const char *program, *how;
	enum outcome (*expected)(size_t i);
};

/* As many bytes as a key may have: also those behind it, which change. */
static enum outcome expect_whole(size_t i)
{
	if (key_cases[i].kind == RECYCLED)
		return LOST;
	return key_cases[i].length < KEY_MAX ? REPEATED : EXACT;
}

/* The same entries, each with the right key: their sum is right. */
static enum outcome expect_merged(size_t i)
{
	(void)i;
	return REPEATED;
}

/* Right where a NUL happens to follow, and one byte of the buffer is for a NUL of its own. */
static enum outcome expect_str(size_t i)
{
	return key_cases[i].kind == RECYCLED || key_cases[i].length == KEY_MAX ? LOST : EXACT;
}

static enum outcome expect_right(size_t i)
{
	(void)i;
	return EXACT;
}

static enum outcome expect_mask_7f(size_t i)
{
	if (key_cases[i].length > 0x7f)
		return LOST;
	return i == TAKER ? WRONG_COUNT : EXACT;
}

static const struct way ways[] = {
	{ "whole", "bpf_probe_read_user of 250 bytes", expect_whole },
	{ "merged", "the same and its length, merged in user space", expect_merged },
	{ "str", "bpf_probe_read_user_str of 250 bytes", expect_str },
	{ "mask_ff", "bpf_probe_read_user of length & 0xff", expect_right },
	{ "mask_7f", "bpf_probe_read_user of length & 0x7f", expect_mask_7f },
	{ "clamp", "bpf_probe_read_user of length, at most 250", expect_right },
};
#define NR_WAYS ARRAY_SIZE(ways)

static void check_kind(struct record *r, const struct way *w, const struct seen *s, enum kind kind)
{
	static const char *const kinds[] = {
		[FRESH] = "keys in fresh memory",
		[RECYCLED] = "keys in recycled memory",
		[ABSENT] = "keys that are not found",
	};
	static const char *const outcomes[] = { "exact", "repeated", "with a wrong count", "lost" };
	unsigned int n[NR_OUTCOMES] = { 0 }, wrong = 0, of = 0, may_be = 0;
	char text[128];
	bool may;

	for (size_t i = 0; i < NR_KEYS; i++) {
		if (key_cases[i].kind != kind)
			continue;
		of++;
		n[w->expected(i)]++;
		/* What lies behind a key in a request is another request's, and what lies behind an
		 * item changes with its neighbours: that may repeat a key, and need not. */
		may = w->expected(i) == REPEATED &&
		      (kind != FRESH || key_cases[i].length == KEY_MAX);
		may_be += may;
		if (outcome_of(s, i) != w->expected(i) && !(may && outcome_of(s, i) == EXACT))
			wrong++;
	}
	snprintf(text, sizeof(text), "%s: %u %s, %u %s%s, %u %s, %u %s", kinds[kind], n[EXACT],
		 outcomes[EXACT], n[REPEATED], outcomes[REPEATED], may_be ? " (or exact)" : "",
		 n[WRONG_COUNT], outcomes[WRONG_COUNT], n[LOST], outcomes[LOST]);
	exp__check(r, !wrong, text, "%u of %u not so", wrong, of);
}

static void check_counts(struct record *r, const struct way *w, const struct seen *s)
{
	const struct load *l = s->load;

	exp__check(r, s->hits == l->gets, "every get is counted", "%" PRIu64 " of %" PRIu64,
		   s->hits, l->gets);
	for (enum kind k = 0; k < NR_KINDS; k++)
		check_kind(r, w, s, k);
	if (w->expected(TAKER) == WRONG_COUNT)
		exp__check(r, s->keys[TAKER].hits == l->keys[TAKER].gets + l->keys[MISTAKEN].gets,
			   "a key of 134 bytes counts as its first 6, which are another key",
			   "%" PRIu64 " hits of user:1, which was asked for %" PRIu64 " times",
			   s->keys[TAKER].hits, l->keys[TAKER].gets);
}

/* Over all keys: by how much the count differs from what was asked for. */
static double off_by(const struct seen *s)
{
	double off = 0;

	for (size_t i = 0; i < NR_KEYS; i++)
		off += fabs((double)s->keys[i].hits - (double)s->load->keys[i].gets);
	return off;
}

static void add_metrics(struct record *r, const struct seen *s)
{
	static const char *const names[] = { "exact", "repeated", "wrong_count", "lost" };
	uint64_t n[NR_OUTCOMES] = { 0 }, right = 0;

	for (size_t i = 0; i < NR_KEYS; i++) {
		enum outcome o = outcome_of(s, i);

		n[o]++;
		if (o == EXACT)
			right += s->keys[i].hits;
	}
	record__metric(r, "keys", "keys", NR_KEYS);
	record__metric(r, "gets", "gets", (double)s->load->gets);
	record__metric(r, "entries", "entries", (double)s->entries);
	record__metric(r, "garbled", "entries", (double)s->garbled);
	for (size_t i = 0; i < NR_OUTCOMES; i++)
		record__metric(r, names[i], "keys", (double)n[i]);
	record__metric(r, "hits", "gets", (double)s->hits);
	record__metric(r, "right_hits", "gets", (double)right);
	record__metric(r, "off", "gets", off_by(s));
}

static int report(struct exp *e, const struct way *w, const struct mc_probe *p, struct seen *s)
{
	struct record *r;
	char name[32];
	int err;

	strbuf__addf(&s->table, "    gets  what      key\n");
	err = mc_probe__entries(p, see, s);
	snprintf(name, sizeof(name), "keys_%s", w->program);
	if (err)
		return exp__fail(e, err, "read the counts of %s", w->program);
	r = exp__measurement(e, name);
	record__label(r, "read", w->how);
	add_metrics(r, s);
	check_counts(r, w, s);
	err = exp__emit(e, r);
	if (!err)
		err = exp__text(e, name, "table", strbuf__str(&s->table), s->table.len);
	return err;
}

/* --- key by key ------------------------------------------------------------------------------ */

#define SHOWN 20 /* characters of a key */

static void add_key(struct strbuf *sb, const struct load *l, const struct seen seen[NR_WAYS],
		    size_t i)
{
	size_t length = key_cases[i].length;

	strbuf__addf(sb, "%-*.*s %6zu %5" PRIu64, SHOWN, SHOWN, l->keys[i].key, length,
		     l->keys[i].gets);
	for (size_t w = 0; w < NR_WAYS; w++) {
		int64_t off = (int64_t)seen[w].keys[i].hits - (int64_t)l->keys[i].gets;
		char cell[32];

		snprintf(cell, sizeof(cell), "%+" PRId64 " (%" PRIu64 ")", off,
			 (uint64_t)seen[w].keys[i].entries);
		strbuf__addf(sb, " %9s", cell);
	}
	strbuf__add(sb, "\n", 1);
}

/* All ways beside the truth. */
static int report_keys(struct exp *e, const struct load *l, const struct seen seen[NR_WAYS])
{
	struct record *r = exp__measurement(e, "keys");
	struct strbuf table = STRBUF_INIT;
	int err;

	strbuf__addf(&table, "By key: its bytes, how often it was asked for, and how far the count "
			     "of each way of reading is off\n(in how many entries of the map)\n\n");
	strbuf__addf(&table, "%-*s %6s %5s", SHOWN, "key", "bytes", "gets");
	for (size_t w = 0; w < NR_WAYS; w++)
		strbuf__addf(&table, " %9s", ways[w].program);
	strbuf__add(&table, "\n", 1);
	for (size_t i = 0; i < NR_KEYS; i++)
		add_key(&table, l, seen, i);
	record__metric(r, "gets", "gets", (double)l->gets);
	for (size_t w = 0; w < NR_WAYS; w++)
		record__metric(r, ways[w].program, "gets off", off_by(&seen[w]));
	for (size_t w = 0; w < NR_WAYS; w++) {
		bool right = ways[w].expected == expect_right || ways[w].expected == expect_merged;
		char text[64];

		snprintf(text, sizeof(text), "the counts of %s are %s", ways[w].program,
			 right ? "the true ones" : "off");
		exp__check(r, (off_by(&seen[w]) == 0) == right, text, "%.0f gets",
			   off_by(&seen[w]));
	}
	err = exp__emit(e, r);
	if (!err)
		err = exp__text(e, "keys", "table", strbuf__str(&table), table.len);
	strbuf__free(&table);
	return err;
}

static int report_all(struct exp *e, const struct load *l, const struct mc_probe probes[NR_WAYS])
{
	struct seen seen[NR_WAYS] = { 0 };
	int err = 0;

	for (size_t i = 0; i < NR_WAYS; i++)
		seen[i].load = l;
	for (size_t i = 0; !err && i < NR_WAYS; i++)
		err = report(e, &ways[i], &probes[i], &seen[i]);
	if (!err)
		err = report_keys(e, l, seen);
	for (size_t i = 0; i < NR_WAYS; i++)
		strbuf__free(&seen[i].table);
	return err;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int attach_all(struct exp *e, struct mc_probe probes[NR_WAYS], pid_t server)
{
	int err = 0;

	for (size_t i = 0; !err && i < NR_WAYS; i++) {
		err = mc_probe__load(&probes[i], ways[i].program);
		if (!err)
			err = mc_probe__attach_usdt(&probes[i], ways[i].program, server);
		if (err)
			exp__fail(e, err, "attach %s to " MC_PROBE, ways[i].program);
	}
	return err;
}

int mc_keys__measure(struct exp *e)
{
	struct mc_probe probes[NR_WAYS] = { 0 };
	struct mc_server server = { 0 };
	struct mc_client client = { .fd = -1 };
	struct load load = { 0 };
	int err = mc_server__start(&server, false);

	if (err)
		return exp__fail(e, err, "start memcached");
	err = attach_all(e, probes, server.pid);
	if (err)
		goto out;
	err = mc_client__open(&client);
	if (!err)
		err = set_all(&load, &client);
	if (!err)
		err = get_all(e, &load, &client);
	if (!err)
		err = change_all(&load, &client);
	if (!err)
		err = get_all(e, &load, &client);
	if (err)
		exp__fail(e, err, "talk to memcached");
	for (size_t i = 0; i < NR_WAYS; i++)
		mc_probe__detach(&probes[i]);
	if (!err)
		err = report_all(e, &load, probes);
out:
	mc_client__close(&client);
	for (size_t i = 0; i < NR_WAYS; i++)
		mc_probe__close(&probes[i]);
	mc_server__stop(&server);
	return err;
}
