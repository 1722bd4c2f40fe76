/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_CMD_DOCTOR_H
#define ASSAY_CLI_CMD_DOCTOR_H

#include <stddef.h>

struct cli;

/* What `assay doctor` found out, in the order in which it was looked for. */
enum mark {
	MARK_OK,
	MARK_WARN, /* works without */
	MARK_FAIL, /* does not */
};

struct finding {
	enum mark mark;
	char *what, *found;
	char *mend; /* NULL for ok */
};

struct doctor {
	struct finding *v;
	size_t n;
	int nr_failed, nr_warned;
	int err; /* -ENOMEM when something could not be noted */
};

const char *mark__name(enum mark m); /* "ok", "warn", "FAIL" */
/* Notes one finding; copies. mend NULL or "" for none. */
void doctor__note(struct doctor *d, enum mark m, const char *what, const char *mend,
		  const char *found_fmt, ...) __attribute__((format(printf, 5, 6)));
void doctor__release(struct doctor *d);

/* cmd_doctor_tools.c: programs and headers, found through PATH. */
void doctor__check_tools(struct doctor *d);
void doctor__check_headers(struct doctor *d);
/* The first version number in what a program says of itself ("v1.24"), and in buf as it is written
 * there. 0, or -EINVAL. */
struct kver;
int doctor__parse_version(const char *text, struct kver *out, char buf[24]);

/* cmd_doctor_host.c: what is not installed but there, or not. */
void doctor__check_kvm(struct doctor *d, const char *cache);
void doctor__check_cache(struct doctor *d, const char *cache);
void doctor__check_memory(struct doctor *d);
void doctor__check_sources(struct doctor *d, struct cli *cli);
void doctor__check_results(struct doctor *d, const char *results);
void doctor__check_guest(struct doctor *d, const struct cli *cli);

#endif
