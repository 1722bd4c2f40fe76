// SPDX-License-Identifier: GPL-2.0-only
#include "cli/kernel_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/cli.h"

/* Titles of the steps below vm/. */
static const struct board_word words[] = {
	{ "download", "fetching" },	    { "unpack", "unpacking" }, { "patch", "patching" },
	{ "configuration", "configuring" }, { "build", "compiling" },  { NULL, NULL },
};

void kernel_built__release(struct kernel_built *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		image__free(v[i].image);
		free(v[i].why);
		v[i] = (struct kernel_built){ 0 };
	}
}

/* Looked for first: only what takes time gets a line. What is wrong with an entry comes out again,
 * and is said, when it is built. */
static bool is_there(struct cli *cli, const struct kernel *k)
{
	struct image *img = NULL;
	struct log_catch c;
	int err;

	log_catch__begin(&c);
	c.quiet = true;
	err = cli__lookup(cli, k, &img);
	free(log_catch__end(&c));
	image__free(img);
	return !err;
}

static struct board *make_board(const struct kernel *const *ks, const struct kernel_built *out,
				size_t n, size_t *line)
{
	const char **names = calloc(n + 1, sizeof(*names));
	struct board *b = NULL;
	size_t lines = 0;

	for (size_t i = 0; names && i < n; i++) {
		line[i] = lines;
		if (!out[i].was)
			names[lines++] = ks[i]->name;
	}
	if (lines > 1)
		b = board__new(names, lines, words);
	free(names);
	return b;
}

static int build(struct cli *cli, const struct kernel *k, struct kernel_built *out, struct board *b,
		 size_t line)
{
	uint64_t start = clock_ns();
	char time[32], *result;
	int err;

	if (!out->was)
		board__begin(b, line);
	err = cli__image_why(cli, k, &out->image, &out->why);
	if (err == -EINTR || out->was)
		return err == -EINTR ? err : 0;
	out->seconds = (double)(clock_ns() - start) / 1e9;
	if (err && !out->why)
		out->why = strdup(strerror(-err));
	fmt_seconds(out->seconds, time, sizeof(time));
	result = err ? str_fmt("failed: %s", out->why ? out->why : "out of memory")
		     : str_fmt("%s in %s", k->prebuilt ? "ready" : "built", time);
	board__end(b, line, result ? result : "");
	free(result);
	return err == -ENOMEM ? err : 0;
}

int kernel_build__all(struct cli *cli, const struct kernel *const *ks, size_t n,
		      struct kernel_built *out)
{
	size_t *line = calloc(n + 1, sizeof(*line));
	struct board *b;
	int err = line ? 0 : -ENOMEM;

	memset(out, 0, n * sizeof(*out));
	if (err)
		return err;
	for (size_t i = 0; n > 1 && i < n; i++)
		out[i].was = is_there(cli, ks[i]);
	b = make_board(ks, out, n, line);
	for (size_t i = 0; !err && i < n; i++)
		err = build(cli, ks[i], &out[i], b, line[i]);
	board__free(b);
	free(line);
	return err;
}
