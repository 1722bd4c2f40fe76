// SPDX-License-Identifier: GPL-2.0-only
/* Runs test programs one after the other and adds up what they say in TAP (cmocka prints it when
 * CMOCKA_MESSAGE_OUTPUT is TAP). A program that crashes, prints no plan or runs fewer tests than
 * it planned counts as one failure more: a cut-off run is never a passed one. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/proc.h"
#include "base/str.h"

struct log assay_log = { .prog = "tests", .level = LOG_LEVEL_INFO };

struct tally {
	unsigned int passed, failed, skipped;
	long planned; /* -1: no plan seen */
	bool verbose;
	bool failing; /* the latest test: what comes after its line belongs to it, too */
	struct strbuf diagnostics; /* what the present test printed besides TAP */
	double last;
	const char *name;
};

static double now_s(void)
{
	return (double)clock_ns() / 1e9;
}

static void on_line(void *ctx, const char *line)
{
	struct tally *t = ctx;
	const char *skip = strstr(line, "# SKIP");
	uint64_t n;

	if (str_starts(line, "1..") && !num_u64(line + 3, 0, 1000000, &n)) {
		t->planned = (t->planned < 0 ? 0 : t->planned) + (long)n;
		return;
	}
	if (str_starts(line, "ok ") || str_starts(line, "not ok "))
		t->failing = *line == 'n' && !skip;
	/* cmocka up to 1.1 says "not ok" of a test that was skipped */
	if (skip && (str_starts(line, "ok ") || str_starts(line, "not ok "))) {
		t->skipped++;
		printf("  skipped: %s: %s\n%s", t->name, line, strbuf__str(&t->diagnostics));
	} else if (str_starts(line, "ok ")) {
		t->passed++;
	} else if (str_starts(line, "not ok ")) {
		t->failed++;
		printf("  FAILED: %s: %s\n%s", t->name, line, strbuf__str(&t->diagnostics));
	} else {
		if (t->verbose || (t->failing && str_starts(line, "# ")))
			printf("    %s\n", line);
		if (str_starts(line, "progress: ")) /* long tests say where they are */
			printf("  %s: %s\n", t->name, line + 10);
		strbuf__addf(&t->diagnostics, "    %s\n", line);
		fflush(stdout);
		return;
	}
	if (now_s() - t->last > 10) {
		printf("  %s: %s\n", t->name, line);
		t->last = now_s();
	}
	fflush(stdout);
	strbuf__free(&t->diagnostics);
	t->diagnostics = (struct strbuf)STRBUF_INIT;
}

static void run_program(const char *path, struct tally *total, int cancel_fd)
{
	const char *const argv[] = { path, NULL };
	const char *const env[] = { "CMOCKA_MESSAGE_OUTPUT=TAP", NULL };
	struct tally t = {
		.planned = -1, .verbose = total->verbose, .name = path, .last = now_s()
	};
	struct proc_opts opts = {
		.argv = argv,
		.env = env,
		.on_line = on_line,
		.ctx = &t,
		.cancel_fd = cancel_fd,
	};
	double start = now_s();
	int status = 0, err = proc_run(&opts, &status);
	unsigned int seen;

	seen = t.passed + t.failed + t.skipped;
	if (err || (status && !t.failed) || t.planned < 0 || seen != (unsigned long)t.planned) {
		t.failed++;
		printf("  FAILED: %s: %s (exit status %d, %u of %ld tests reported)\n%s", path,
		       err ? strerror(-err) : "did not run to its end", status, seen, t.planned,
		       strbuf__str(&t.diagnostics));
	}
	printf("%-44s %3u passed, %u failed, %u skipped (%.1f s)\n", path, t.passed, t.failed,
	       t.skipped, now_s() - start);
	fflush(stdout);
	strbuf__free(&t.diagnostics);
	total->passed += t.passed;
	total->failed += t.failed;
	total->skipped += t.skipped;
}

int main(int argc, char **argv)
{
	const char *verbose = getenv("ASSAY_VERBOSE");
	struct tally total = { .verbose = verbose && *verbose == '1' };
	int cancel_fd = cancel_open();
	int i;

	for (i = 1; i < argc && !cancel_pending(cancel_fd); i++)
		run_program(argv[i], &total, cancel_fd);
	if (i < argc) {
		printf("tests: interrupted, %d programs were not run\n", argc - i);
		total.failed++;
	}
	printf("%u passed, %u failed, %u skipped\n", total.passed, total.failed, total.skipped);
	return total.failed || !(total.passed + total.skipped) ? 1 : 0;
}
