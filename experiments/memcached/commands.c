// SPDX-License-Identifier: GPL-2.0-only
/* X4: commands counted by their text through a uprobe on the function that takes them, by the path
 * of the program and through /proc/PID/root; E8: the same program, but another file. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "probe.h"
#include "server.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *text;
	uint64_t times;
} commands[] = {
	{ "set memtier-1 0 0 4", 3 }, { "set memtier-11 0 0 4", 2 }, { "get memtier-1", 7 },
	{ "get memtier-11", 5 },      { "get nobody", 4 },
};

/* Sends each command as often as the table says. */
static int load(void)
{
	struct mc_client c = { .fd = -1 };
	int err = mc_client__open(&c);

	for (size_t i = 0; !err && i < ARRAY_SIZE(commands); i++) {
		const char *key = commands[i].text + strlen("get ");
		char name[32] = "";
		bool found;

		sscanf(key, "%31s", name);
		for (uint64_t k = 0; !err && k < commands[i].times; k++)
			err = *commands[i].text == 's' ? mc_client__set(&c, name, "data")
						       : mc_client__get(&c, name, &found);
	}
	mc_client__close(&c);
	return err;
}

struct counted {
	uint64_t all, right; /* commands; those whose text and count are right */
	struct strbuf table;
};

static int see(void *ctx, const struct entry *e, uint64_t n)
{
	struct counted *c = ctx;

	c->all += n;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strncmp(e->text, commands[i].text, sizeof(e->text)) && n == commands[i].times)
			c->right += n;
	strbuf__addf(&c->table, "%8" PRIu64 "  %.*s\n", n, (int)sizeof(e->text), e->text);
	return c->table.failed ? -ENOMEM : 0;
}

struct attempt {
	const char *name;
	bool own_mounts;    /* the server's */
	const char *prefix; /* of the path: in /proc/PID, or "" */
	const char *path;
	bool sees;
};

static const struct attempt attempts[] = {
	{ "commands", false, "", SERVER_PATH, true },
	{ "commands_proc_root", true, "root", SERVER_PATH, true },
	{ "commands_proc_exe", true, "exe", "", true },
	{ "commands_other_inode", true, "", SERVER_PATH, false },
};

/* Is that what the server runs? */
static bool is_servers(const char *path, pid_t server)
{
	struct stat a, b;
	char exe[32];

	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)server);
	return !stat(path, &a) && !stat(exe, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int report(struct exp *e, const struct attempt *a, const struct mc_probe *p, bool same_file)
{
	struct counted c = { 0 };
	uint64_t sent = 0, expected;
	char path[64];
	struct record *r;
	int err = mc_probe__entries(p, see, &c);

	if (err) {
		strbuf__free(&c.table);
		return exp__fail(e, err, "read the counts of commands");
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		sent += commands[i].times;
	expected = a->sees ? sent : 0;
	snprintf(path, sizeof(path), "%s%s%s", *a->prefix ? "/proc/PID/" : "", a->prefix, a->path);
	r = exp__measurement(e, a->name);
	record__label(r, "path", path);
	record__label(r, "server", a->own_mounts ? "in its own mount namespace" : "in ours");
	record__metric(r, "sent", "commands", (double)sent);
	record__metric(r, "counted", "commands", (double)c.all);
	exp__observed(r, 0,
		      "the server got %" PRIu64 " commands and the probe counted %" PRIu64
		      "; the path leads to %s",
		      sent, c.all,
		      same_file ? "the file that it runs" : "another file than it runs");
	exp__check(r, c.all == expected,
		   a->sees ? "every command is counted"
			   : "none is counted: the server runs from another file",
		   "%" PRIu64 " of %" PRIu64, c.all, sent);
	exp__check(r, same_file == a->sees,
		   a->sees ? "the path leads to the file that the server runs"
			   : "the path leads to another file than the server runs",
		   "%s file", same_file ? "the same" : "another");
	if (a->sees)
		exp__check(r, c.right == sent, "each command's text has its true count",
			   "%" PRIu64 " of %" PRIu64, c.right, sent);
	err = exp__emit(e, r);
	if (!err && c.table.len)
		err = exp__text(e, a->name, "table", strbuf__str(&c.table), c.table.len);
	strbuf__free(&c.table);
	return err;
}

static int measure(struct exp *e, const struct attempt *a)
{
	struct mc_server server = { 0 };
	struct mc_probe p = { 0 };
	char path[64];
	int err = mc_server__start(&server, a->own_mounts);

	if (err)
		return exp__fail(e, err, "start memcached");
	if (*a->prefix)
		snprintf(path, sizeof(path), "/proc/%d/%s%s", (int)server.pid, a->prefix, a->path);
	else
		snprintf(path, sizeof(path), "%s", a->path);
	err = mc_probe__load(&p, "command");
	if (!err)
		err = mc_probe__attach_function(&p, "command", path);
	if (err) {
		exp__fail(e, err, "attach to " MC_FUNCTION " of %s", path);
		goto out;
	}
	err = load();
	mc_probe__detach(&p);
	err = err ? exp__fail(e, err, "talk to memcached")
		  : report(e, a, &p, is_servers(path, server.pid));
out:
	mc_probe__close(&p);
	mc_server__stop(&server);
	return err;
}

int mc_commands__measure(struct exp *e)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(attempts); i++)
		err = measure(e, &attempts[i]);
	return err;
}
