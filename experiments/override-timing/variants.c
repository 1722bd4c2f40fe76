// SPDX-License-Identifier: GPL-2.0-only
#include "variants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "guest/pass.h"
#include "model/record.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define BARRIER EXP_COPYOUT_DIR "barrier"
#define HINT	EXP_COPYOUT_DIR "hint"

struct variant {
	const char *barrier, *hint; /* words of these files */
};

static const struct variant variants[] = {
	{ "none", "none" },   { "wmb", "none" },    { "mfence", "none" },   { "lfence", "none" },
	{ "sfence", "none" }, { "none", "likely" }, { "none", "unlikely" },
};

static int choose(const struct variant *v)
{
	int err = exp__write_str(BARRIER, v->barrier);

	return err ? err : exp__write_str(HINT, v->hint);
}

/* Does the kernel say that it took the word? */
static void check_chosen(struct record *r, const char *path, const char *word)
{
	char *text = NULL;
	int err = file_read(path, 64, &text, NULL);

	if (!err)
		text[strcspn(text, "\n")] = '\0';
	exp__check(r, !err && !strcmp(text, word),
		   strcmp(path, HINT) ? "the barrier is in force" : "the hint is in force", "%s",
		   err ? exp__err_name(err) : text);
	free(text);
}

static int measure_variant(const struct context *ctx, const struct hook *hook, struct input *in,
			   const struct variant *v)
{
	struct record *r = exp__measurement(ctx->e, "barrier");
	int err = choose(v);

	record__label(r, "barrier", v->barrier);
	record__label(r, "hint", v->hint);
	record__label(r, "hook", hook->name);
	check_chosen(r, BARRIER, v->barrier);
	check_chosen(r, HINT, v->hint);
	if (!err)
		err = pass__measure(ctx, hook, in, exp__param_u64(ctx->e, "reads"),
				    exp__param_u64(ctx->e, "limit_s"), NULL, r);
	if (err)
		exp__fail(ctx->e, err, "read with barrier %s, hint %s", v->barrier, v->hint);
	return exp__emit(ctx->e, r) ?: err;
}

static int measure_hook(const struct context *ctx, const struct hook *hook, struct input *in)
{
	struct bpf_link *link = NULL;
	int err = pass__attach(ctx, hook, &link);

	for (size_t i = 0; !err && i < ARRAY_SIZE(variants); i++)
		err = measure_variant(ctx, hook, in, &variants[i]);
	hook__detach(&link);
	return err;
}

int variants__measure(const struct context *ctx, struct input *in)
{
	int err = 0;

	if (!exp__has(ctx->e, NEED_FILE, BARRIER) || !exp__has(ctx->e, NEED_FILE, HINT)) {
		struct record *r = exp__measurement(ctx->e, "barrier");

		record__fail(r, STATUS_SKIPPED,
			     "no " BARRIER
			     ": the kernel lacks the patch that provides copyout-variants");
		return exp__emit(ctx->e, r);
	}
	for (size_t i = 0; !err && i < NR_HOOKS; i++)
		err = measure_hook(ctx, &hooks[i], in);
	choose(&variants[0]);
	return err;
}
