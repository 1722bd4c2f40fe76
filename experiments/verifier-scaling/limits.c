// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/version.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/fit.h"
#include "model/record.h"
#include "model/vlog.h"
#include "parts.h"
#include "shapes.h"

#define LOG_LEN	     65536
#define LOG_STATS    4u	   /* BPF_LOG_STATS */
#define UNPRIVILEGED 4096u /* BPF_MAXINSNS */
#define JUMPS	     8192u /* BPF_COMPLEXITY_LIMIT_JMP_SEQ */
#define PATH_BITS    10
#define NOBODY	     65534

struct limits {
	struct exp *e;
	struct bpf_insn *insns;
	char *log;
};

static int try_load(struct limits *l, size_t n)
{
	l->log[0] = '\0';
	return exp__try_load(l->e, "limit", BPF_PROG_TYPE_SOCKET_FILTER, l->insns, n, l->log,
			     LOG_LEN, LOG_STATS);
}

/* What the last log says of the instructions processed, or VLOG_UNKNOWN. */
static int64_t processed(const struct limits *l)
{
	struct vlog v;
	int64_t n;

	if (vlog__parse(l->log, 0, &v))
		return VLOG_UNKNOWN;
	n = v.stats.insns;
	vlog__release(&v);
	return n;
}

static int expect_accepted(struct limits *l, struct record *r, size_t n, const char *text)
{
	int err = try_load(l, n);

	return exp__check(r, !err, text, "%s", exp__err_name(err));
}

/* `line`: the verifier's reason, all of the log's first line. */
static int expect_refused(struct limits *l, struct record *r, size_t n, int want, const char *line,
			  const char *text)
{
	int err = try_load(l, n), len = (int)strcspn(l->log, "\n");

	if (*line)
		exp__observed(r, -err, "%.*s", len, l->log);
	return exp__check(
		r,
		err == want && (size_t)len == strlen(line) && !strncmp(l->log, line, (size_t)len),
		text, "%s: %.*s", exp__err_name(err), len ? len : 8, len ? l->log : "(no log)");
}

/* 7.3 keeps more of each instruction: a guest of 512 MB is too small for a million (ENOMEM), one of
 * 2 GB is not (--mem=2G). */
static bool enough_memory(const struct limits *l)
{
	struct sysinfo si;

	return exp__kernel_version(l->e) < KERNEL_VERSION(7, 0, 0) ||
	       (!sysinfo(&si) && (uint64_t)si.totalram * si.mem_unit > 1ull << 30);
}

/* The size of the program, checked by the system call before there is a log. */
static int measure_size(struct limits *l)
{
	struct record *r = exp__measurement(l->e, "limit_size");

	if (enough_memory(l)) {
		expect_accepted(l, r, scaling__moves(l->insns, SCALING_MAX),
				"1,000,000 instructions are accepted");
		exp__check(r, processed(l) == SCALING_MAX, "all of them processed", "%" PRId64,
			   processed(l));
	}
	expect_refused(l, r, scaling__moves(l->insns, SCALING_MAX + 1), -E2BIG, "",
		       "1,000,001 are refused with E2BIG, without a word in the log");
	return exp__emit(l->e, r);
}

/* What the verifier goes through, on all paths; that exactly 1,000,000 are accepted is a check of
 * limit_size. */
static int measure_processed(struct limits *l)
{
	struct record *r = exp__measurement(l->e, "limit_processed");
	size_t n = scaling__loop_of(l->insns, SCALING_MAX + 1);

	record__metric(r, "instructions", "insns", (double)n);
	expect_refused(l, r, n, -E2BIG, "BPF program is too large. Processed 1000001 insn",
		       "a loop of 1,000,001 is refused with E2BIG and the verifier's words");
	return exp__emit(l->e, r);
}

/* The other sides of a path's jumps wait in a list. */
static int measure_jumps(struct limits *l)
{
	struct record *r = exp__measurement(l->e, "limit_jumps");
	/* The callers of push_stack() took every failure of it for EFAULT, until it told them the
	 * reason (after 6.12.107; it does in 6.12.117). */
	int err = exp__kernel_version(l->e) < KERNEL_VERSION(6, 12, 108) ? -EFAULT : -E2BIG;

	expect_accepted(l, r, scaling__jumps(l->insns, JUMPS),
			"8,192 jumps of unknown outcome in a row are accepted");
	expect_refused(l, r, scaling__jumps(l->insns, JUMPS + 1), err,
		       "The sequence of 8193 jumps is too complex.",
		       "8,193 are refused with the verifier's words");
	return exp__emit(l->e, r);
}

/* Each bit more doubles what the verifier goes through. */
static int measure_paths(struct limits *l)
{
	double bits[PATH_BITS], insns[PATH_BITS], doublings[PATH_BITS];
	struct record *r = exp__measurement(l->e, "paths");
	size_t size = 0;
	bool grows = true;
	struct fit f;
	int err = 0;

	for (unsigned int i = 0; !err && i < PATH_BITS; i++) {
		size = scaling__paths(l->insns, i + 1);
		err = try_load(l, size);
		bits[i] = i + 1;
		insns[i] = (double)processed(l);
		doublings[i] = log2(insns[i]);
		grows &= insns[i] >= (double)(2u << i);
	}
	exp__check(r, !err, "the programs are accepted", "%s", exp__err_name(err));
	if (err)
		return exp__emit(l->e, r);
	exp__check(r, grows, "2 to the number of bits is the least that is processed",
		   "%.0f for %d bits", insns[PATH_BITS - 1], PATH_BITS);
	record__metric(r, "instructions", "insns", (double)size);
	record__metric(r, "processed", "insns", insns[PATH_BITS - 1]);
	if (!fit__line(bits, doublings, PATH_BITS, &f))
		scaling__slope(r, "doublings_per_bit", "", &f, 1);
	record__series(r, "bits", "bits", bits, PATH_BITS);
	record__series(r, "processed", "insns", insns, PATH_BITS);
	return exp__emit(l->e, r);
}

/* As another user, without any capability: the errno as the child's exit status. */
static int load_as_nobody(struct limits *l, size_t n, int *found)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (!child) {
		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(EXIT_FAILURE + EHWPOISON);
		_exit(-try_load(l, n));
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(status))
		return -ECHILD;
	*found = -WEXITSTATUS(status);
	return 0;
}

static int measure_unprivileged(struct limits *l)
{
	static const char switch_path[] = "/proc/sys/kernel/unprivileged_bpf_disabled";
	struct record *r = exp__measurement(l->e, "limit_unprivileged");
	uint64_t disabled = 0;
	int err = exp__read_u64(switch_path, &disabled), at = 0, beyond = 0;

	if (err || disabled) {
		record__fail(r, STATUS_SKIPPED, "%s is not 0: only root loads programs",
			     switch_path);
		return exp__emit(l->e, r);
	}
	err = load_as_nobody(l, scaling__moves(l->insns, UNPRIVILEGED), &at);
	if (!err)
		err = load_as_nobody(l, scaling__moves(l->insns, UNPRIVILEGED + 1), &beyond);
	if (err) {
		record__free(r);
		return exp__fail(l->e, err, "load a program as another user");
	}
	exp__check(r, !at, "without capabilities 4,096 instructions are accepted", "%s",
		   exp__err_name(at));
	exp__check(r, beyond == -E2BIG, "and 4,097 refused with E2BIG", "%s",
		   exp__err_name(beyond));
	return exp__emit(l->e, r);
}

int scaling__limits(struct exp *e)
{
	struct limits l = { .e = e };
	int err = -ENOMEM;

	l.insns = calloc(SCALING_MAX + 1, sizeof(*l.insns));
	l.log = calloc(1, LOG_LEN);
	if (l.insns && l.log)
		err = measure_size(&l);
	if (!err)
		err = measure_processed(&l);
	if (!err)
		err = measure_jumps(&l);
	if (!err)
		err = measure_paths(&l);
	if (!err)
		err = measure_unprivileged(&l);
	free(l.log);
	free(l.insns);
	return err;
}
