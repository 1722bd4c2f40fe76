// SPDX-License-Identifier: GPL-2.0-only
/* On an ftrace entry nothing may change: above all, who may share it. */
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cure.h"
#include "guest/experiment.h"
#include "model/record.h"

#define ENABLED "/sys/kernel/debug/tracing/enabled_functions"
#define INJECT	"/sys/kernel/debug/fail_function/inject"
#define READS	100

/* The single capital letters behind the function's name and count: R saves registers, I may change
 * the instruction pointer (IPMODIFY), D has a trampoline, others are newer. "" when it is not
 * listed. */
static void ftrace_flags(const char *symbol, char *out, size_t room)
{
	char *text = NULL, *line, *word, *lines = NULL, *words = NULL;
	size_t n = 0, len = strlen(symbol);

	out[0] = '\0';
	if (file_read(ENABLED, 0, &text, NULL))
		return;
	for (line = strtok_r(text, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		if (strncmp(line, symbol, len) != 0 || line[len] != ' ')
			continue;
		strtok_r(line + len, " \t", &words); /* "(1)" */
		while ((word = strtok_r(NULL, " \t", &words)) && n + 1 < room &&
		       isupper((unsigned char)word[0]) && !word[1])
			out[n++] = word[0];
		out[n] = '\0';
		break;
	}
	free(text);
}

static int read_some(struct cure *c, struct record *r, const char *text)
{
	struct tally t = { 0 };
	int err = pass__run(c->ctx, &c->in, READS, NULL, &t);

	exp__check(r, !err && t.outcomes[READ_UNTOUCHED] == t.attempted && !t.body, text,
		   "%.0f of %.0f", (double)t.outcomes[READ_UNTOUCHED], (double)t.attempted);
	return err;
}

/* fentry beside what is on the function already. */
static int attach_fentry(struct cure *c, struct bpf_link **link)
{
	*link = bpf_program__attach(c->enter);
	return *link ? 0 : -errno;
}

static int measure_ftrace(struct cure *c)
{
	struct record *r = exp__measurement(c->ctx->e, "ftrace");
	struct bpf_link *link = NULL, *fentry = NULL;
	char *kind = NULL, flags[8] = "";
	int err, refused;

	hook__reset(c->ctx->state, 0);
	err = hook__attach(c->ctx->override, CURE_FTRACE, &link);
	if (!err) {
		kind = exp__kprobe_flags(CURE_FTRACE);
		exp__check(r, kind && strstr(kind, "FTRACE"), "the kprobe hangs on ftrace", "%s",
			   kind ? kind : "not listed");
		ftrace_flags(CURE_FTRACE, flags, sizeof(flags));
		record__label(r, "flags", flags);
		exp__check(r, flags[0] && !strchr(flags, 'I'),
			   "ftrace does not take it for one that excludes others (IPMODIFY)", "%s",
			   flags);
		err = read_some(c, r, "every read is overridden");
	}
	if (!err && c->enter) {
		refused = attach_fentry(c, &fentry);
		exp__check(r, !refused, "an fentry program attaches to the same function", "%s",
			   exp__err_name(refused));
		err = read_some(c, r, "with it as well");
		record__metric(r, "fentry_runs", "runs", (double)c->seen->entered);
	}
	bpf_link__destroy(fentry);
	hook__detach(&link);
	free(kind);
	return exp__emit(c->ctx->e, r) ?: err;
}

/* What an empty post_handler, the cure that the kernel's documentation names, would have made of
 * it: fail_function's kprobes have one. With its probability of 0 it fails nothing. */
static int measure_post_handler(struct cure *c)
{
	struct record *r = exp__measurement(c->ctx->e, "post_handler");
	struct bpf_link *fentry = NULL;
	char flags[8] = "";
	int err;

	if (!exp__has(c->ctx->e, NEED_FILE, INJECT) || !c->enter) {
		record__fail(r, STATUS_SKIPPED, "no " INJECT ", or no fentry program");
		return exp__emit(c->ctx->e, r);
	}
	err = exp__write_str(INJECT, CURE_FTRACE);
	if (!err) {
		ftrace_flags(CURE_FTRACE, flags, sizeof(flags));
		record__label(r, "flags", flags);
		exp__check(r, strchr(flags, 'I'),
			   "a kprobe with a post_handler is one that excludes others (IPMODIFY)",
			   "%s", flags);
		record__label(r, "fentry", exp__err_name(attach_fentry(c, &fentry)));
	}
	bpf_link__destroy(fentry);
	exp__write_str(INJECT, "!" CURE_FTRACE);
	return exp__emit(c->ctx->e, r) ?: err;
}

int cure_shared__measure(struct cure *c)
{
	int err = exp__copyout_variant("ftrace");

	if (!err)
		err = measure_ftrace(c);
	return err ? err : measure_post_handler(c);
}
