// SPDX-License-Identifier: GPL-2.0-only
/* One source through one compiler, and through libbpf. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/proc.h"
#include "base/str.h"
#include "compile.h"

#define TRIAL_TIMEOUT_MS 20000

static void keep_line(void *ctx, const char *line)
{
	strbuf__addf(ctx, "%s\n", line);
}

/* Addresses are other ones in every run: "0x55f0ab" becomes "0x...". */
static void blank_addresses(char *text)
{
	char *to = text;

	for (char *from = text; *from;) {
		size_t digits = str_starts(from, "0x") ? strspn(from + 2, "0123456789abcdef") : 0;

		if (digits < 4) {
			*to++ = *from++;
			continue;
		}
		memcpy(to, "0x...", 5);
		to += 5;
		from += 2 + digits;
	}
	*to = '\0';
}

/* The first error of what a compiler printed, without file and line; NULL for none. */
static char *first_error(const char *said)
{
	/* The last is how clang before 18 reported what it can't select. */
	static const char *const marks[] = { "error: ", "Error at line " };
	const char *first = NULL;
	char *message;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *at = strstr(said, marks[i]);

		if (at && (!first || at < first)) {
			first = at + strlen(marks[i]);
			if (i && strchr(first, ' '))
				first = strchr(first, ' ') + 1; /* the number of the line */
		}
	}
	if (!first)
		return NULL;
	message = strndup(first, strcspn(first, "\n"));
	if (message)
		blank_addresses(message);
	return message;
}

/* What libbpf says of the object: bpftool opens it to make a skeleton. */
static int open_object(const struct bench *b, struct trial *t)
{
	const char *argv[] = { b->bpftool, "gen", "skeleton", b->object, "name", "trial", NULL };
	struct strbuf said = STRBUF_INIT;
	struct proc_opts opts = { .argv = argv,
				  .on_line = keep_line,
				  .ctx = &said,
				  .timeout_ms = TRIAL_TIMEOUT_MS,
				  .cancel_fd = -1 };
	int status = -1, err = b->bpftool ? proc_run(&opts, &status) : -ENOENT;

	if (!err && status) {
		t->outcome = REFUSED;
		t->message = strndup(strbuf__str(&said), strcspn(strbuf__str(&said), "\n"));
	}
	strbuf__free(&said);
	return err;
}

int trial__run(struct bench *b, const struct compile_case *k, const struct compiler *cc,
	       const char *cpu, struct trial *t)
{
	char *file = str_fmt("%s.c", k->file ? k->file : k->name), *mcpu = str_fmt("-mcpu=%s", cpu);
	const char *argv[] = { cc->path,
			       "-target",
			       "bpf",
			       mcpu,
			       "-O2",
			       "-g",
			       "-D__TARGET_ARCH_x86",
			       "-fno-crash-diagnostics",
			       "-fno-color-diagnostics",
			       "-c",
			       file,
			       "-o",
			       b->object,
			       k->no_arch ? NULL : b->arch,
			       NULL };
	static const char *const env[] = { "LC_ALL=C", NULL };
	struct strbuf said = STRBUF_INIT;
	struct proc_opts opts = { .argv = argv,
				  .dir = b->cases,
				  .env = env,
				  .on_line = keep_line,
				  .ctx = &said,
				  .timeout_ms = TRIAL_TIMEOUT_MS,
				  .cancel_fd = -1 };
	int status = -1, err = file && mcpu ? proc_run(&opts, &status) : -ENOMEM;

	*t = (struct trial){ .clang = cc, .cpu = cpu };
	if (!err) {
		t->outcome = !status ? COMPILES : status == 1 ? ERROR : CRASHES;
		t->message = status ? first_error(strbuf__str(&said)) : NULL;
		strbuf__addf(&b->said, "--- clang %s -mcpu=%s%s: status %d\n%s", cc->version, cpu,
			     k->no_arch ? ", without the machine's headers" : "", status,
			     strbuf__str(&said));
		if (!status && k->open)
			err = open_object(b, t);
	}
	strbuf__free(&said);
	free(file);
	free(mcpu);
	return err;
}
