// SPDX-License-Identifier: GPL-2.0-only
#include "guest/load.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/stats.h"

#define LOG_STATS     4u	  /* BPF_LOG_STATS: what the kernel's headers keep to themselves */
#define LOG_FULL      (2u | 4u)	  /* every instruction and state, and the statistics */
#define STATS_LOG_MIN (64u << 10) /* holds a rejection's message and the statistics */
#define STATS_LOG_MAX (16u << 20)
#define FULL_LOG_MIN  (16u << 20)
#define FULL_LOG_MAX  (256u << 20)
#define FULL_LOG_STEP 4u

/* libbpf's own function: bpf_prog_load itself is wrapped (guest/intercept.c). */
int __real_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
			 const struct bpf_insn *insns, size_t nr_insns,
			 const struct bpf_prog_load_opts *opts);

void load_result__init(struct load_result *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = -1;
	r->xlated_size = -1;
	r->jited_size = -1;
	vlog_stats__init(&r->stats);
}

static void drop_log(struct load_result *r)
{
	if (r->log_map)
		munmap(r->log, r->log_map);
	r->log = NULL;
	r->log_map = 0;
	r->log_len = 0;
}

void load_result__release(struct load_result *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->message);
	free(r->trouble);
	free(r->load_us);
	free(r->verification_us);
	free(r->insns);
	drop_log(r);
	load_result__init(r);
}

/* The load itself: a descriptor or -errno, and the time that it took. */
static int load_once(const struct load_spec *spec, unsigned int level, char *log, size_t log_len,
		     double *us)
{
	struct bpf_prog_load_opts opts = { .sz = sizeof(opts) };
	uint64_t start;
	int fd;

	if (spec->opts)
		opts = *spec->opts;
	opts.log_level = level;
	opts.log_buf = level ? log : NULL;
	opts.log_size = level ? (__u32)log_len : 0;
	if (level)
		log[0] = '\0';
	start = exp__now_ns();
	fd = __real_bpf_prog_load(spec->type, spec->name, spec->license, spec->insns,
				  spec->nr_insns, &opts);
	if (fd < 0)
		fd = errno ? -errno : fd;
	if (us)
		*us = (double)(exp__now_ns() - start) / 1000;
	return fd;
}

int load__try(const struct load_spec *spec, char *log, size_t log_len, unsigned int log_level)
{
	int fd;

	/* Kernels refuse a log of less than 128 bytes. */
	if (!log || log_len < 128)
		log_level = 0;
	fd = load_once(spec, log_level, log, log_len, NULL);
	/* Too small a buffer: the verdict comes from a load without log. */
	if (fd == -ENOSPC && log_level)
		fd = load_once(spec, 0, NULL, 0, NULL);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* A load with a heap buffer that grows until the statistics fit; the buffer is kept between calls.
 */
static int load_stats(const struct load_spec *spec, char **log, size_t *log_len, double *us)
{
	for (;;) {
		int fd;
		char *bigger;

		if (!*log) {
			*log = malloc(*log_len);
			if (!*log)
				return -ENOMEM;
		}
		fd = load_once(spec, LOG_STATS, *log, *log_len, us);
		if (fd != -ENOSPC || *log_len >= STATS_LOG_MAX)
			return fd;
		bigger = realloc(*log, *log_len * 4);
		if (!bigger)
			return -ENOMEM;
		*log = bigger;
		*log_len *= 4;
	}
}

#define MEDIAN_FIELDS(X)        \
	X(verification_time_us) \
	X(insns)                \
	X(max_states_per_insn)  \
	X(total_states)         \
	X(peak_states)          \
	X(mark_read)            \
	X(stack_depth)

/* Only the time differs from load to load; taking the median of all needs no exception. */
static void median_stats(const struct vlog_stats *all, double *scratch, size_t n,
			 struct vlog_stats *out)
{
	*out = all[0];
#define MEDIAN(field)                              \
	for (size_t i = 0; i < n; i++)             \
		scratch[i] = (double)all[i].field; \
	out->field = (int64_t)(stats__median(scratch, n) + 0.5);
	MEDIAN_FIELDS(MEDIAN)
#undef MEDIAN
	/* + 0.5 rounds; VLOG_UNKNOWN is -1, the only negative value, in all samples or none. */
#define UNKNOWN(field)                    \
	if (all[0].field == VLOG_UNKNOWN) \
		out->field = VLOG_UNKNOWN;
	MEDIAN_FIELDS(UNKNOWN)
#undef UNKNOWN
}

static void set_trouble(struct load_result *r, char *sentence)
{
	free(r->trouble);
	r->trouble = sentence;
	r->verdict = VERDICT_NONE;
}

/* Failures that come before, or from beside, the verifier's judgement. */
static const char *no_verdict(int err)
{
	switch (err) {
	case ENOMEM:
		return "the kernel had no memory to load it";
	case EAGAIN:
	case EINTR:
		return "the load was interrupted";
	case EMFILE:
	case ENFILE:
		return "there was no file descriptor left to load it";
	default:
		return NULL;
	}
}

/* Takes in what one timed load said. Returns false when the loads can't be used. */
static bool agree(struct load_result *r, unsigned int i, int fd)
{
	int err = fd < 0 ? -fd : 0;
	const char *why = no_verdict(err);

	if (why) {
		r->err = err;
		set_trouble(r, str_fmt("%s (%s in load %u)", why, errno__name(err), i + 1));
		return false;
	}
	if (r->verdict == VERDICT_NONE) {
		r->verdict = err ? VERDICT_REJECT : VERDICT_ACCEPT;
		r->err = err;
	}
	if (err == r->err)
		return true;
	set_trouble(r, str_fmt("the loads disagree: the first one gave %s, load %u %s",
			       r->err ? errno__name(r->err) : "success", i + 1,
			       err ? errno__name(err) : "success"));
	return false;
}

/* Limits of the loads for a precision. */
#define PRECISION_LOADS_MIN 15
#define PRECISION_LOADS_MAX 500u
#define PRECISION_NS	    2000000000ull

/* Is the median known well enough? Its interval is looked at after every fifth load. */
static bool precise_enough(struct load_result *r, bool timed_by_log, double percent)
{
	const double *x = timed_by_log ? r->verification_us : r->load_us;
	double median;

	if (r->n < PRECISION_LOADS_MIN || r->n % 5)
		return false;
	median = stats__median(x, r->n);
	r->median_ci = stats__median_ci(x, r->n);
	r->precise = r->median_ci.high - median <= median * percent / 100 &&
		     median - r->median_ci.low <= median * percent / 100;
	return r->precise;
}

/* The first load of all pays for cold caches and slabs (measured: 30 times the later ones); where
 * several samples are wanted it is made and not counted. */
static int timed_loads(const struct load_spec *spec, struct loads loads, struct load_result *r)
{
	const bool by_precision = loads.precision > 0;
	unsigned int least = loads.repeats ? loads.repeats : 1, warm_up = least > 1 || by_precision;
	unsigned int most =
		by_precision && least < PRECISION_LOADS_MAX ? PRECISION_LOADS_MAX : least;
	struct vlog_stats *all = calloc(most, sizeof(*all));
	double *scratch = calloc(most, sizeof(*scratch));
	uint64_t start = exp__now_ns();
	size_t log_len = STATS_LOG_MIN;
	char *log = NULL;
	int err = -ENOMEM;

	r->load_us = calloc(most, sizeof(*r->load_us));
	r->verification_us = calloc(most, sizeof(*r->verification_us));
	if (!all || !scratch || !r->load_us || !r->verification_us)
		goto out;
	/* Without a precision most is least. */
	for (unsigned int i = 0; i < most + warm_up; i++) {
		struct vlog v = { 0 };
		double us;
		int fd = load_stats(spec, &log, &log_len, &us);

		if (fd >= 0)
			close(fd);
		if (!log)
			goto out;
		err = 0;
		if (!agree(r, i, fd))
			goto out;
		if (i < warm_up)
			continue;
		err = vlog__parse(log, fd < 0, &v);
		if (err)
			goto out;
		all[r->n] = v.stats;
		r->load_us[r->n] = us;
		r->verification_us[r->n] = (double)v.stats.verification_time_us;
		r->n++;
		free(r->message);
		r->message = v.message;
		v.message = NULL;
		vlog__release(&v);
		if (r->n < least || !by_precision)
			continue;
		if (precise_enough(r, all[0].verification_time_us != VLOG_UNKNOWN,
				   loads.precision) ||
		    (r->n >= PRECISION_LOADS_MIN && exp__now_ns() - start > PRECISION_NS))
			break;
	}
	median_stats(all, scratch, r->n, &r->stats);
	if (all[0].verification_time_us == VLOG_UNKNOWN) {
		free(r->verification_us);
		r->verification_us = NULL;
	}
	if (by_precision)
		r->median_ci = stats__median_ci(
			r->verification_us ? r->verification_us : r->load_us, r->n);
out:
	free(log);
	free(scratch);
	free(all);
	return err;
}

/* The largest log buffer: half of what is available, so that reading the evidence of one program
 * does not end the guest. */
static size_t full_log_max(void)
{
	long pages = sysconf(_SC_AVPHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	size_t half;

	if (pages <= 0 || page <= 0)
		return FULL_LOG_MIN;
	half = (size_t)pages * (size_t)page / 2;
	if (half < FULL_LOG_MIN)
		return FULL_LOG_MIN;
	return half < FULL_LOG_MAX ? half & ~(size_t)4095 : FULL_LOG_MAX;
}

/* Loads once more for the log. Pages of the buffer are only touched as far as the log goes. */
static int full_log(const struct load_spec *spec, struct load_result *r)
{
	size_t max = full_log_max(), size = FULL_LOG_MIN;
	int fd;

	for (;; size *= FULL_LOG_STEP) {
		if (size > max)
			size = max;
		r->log = mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (r->log == MAP_FAILED) {
			r->log = NULL;
			return -ENOMEM;
		}
		r->log_map = size;
		fd = load_once(spec, LOG_FULL, r->log, size, NULL);
		if (fd != -ENOSPC || size >= max)
			break;
		drop_log(r);
	}
	r->log_cut = fd == -ENOSPC;
	r->log_len = strnlen(r->log, size);
	if (r->log_cut)
		fd = load_once(spec, 0, NULL, 0, NULL);
	if ((fd < 0 ? -fd : 0) != r->err) {
		set_trouble(r, str_fmt("the load with the full log gave %s, the timed ones %s",
				       fd < 0 ? errno__name(-fd) : "success",
				       r->err ? errno__name(r->err) : "success"));
	}
	r->fd = fd < 0 ? -1 : fd;
	return 0;
}

static void read_sizes(struct load_result *r)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (r->fd < 0 || bpf_obj_get_info_by_fd(r->fd, &info, &len))
		return;
	r->xlated_size = info.xlated_prog_len;
	r->jited_size = info.jited_prog_len;
}

/* The full log says which instruction's failure it was and often more; the message of the timed
 * loads stands when it was cut. */
static int full_message(struct load_result *r)
{
	struct vlog v = { 0 };
	int err;

	if (r->verdict != VERDICT_REJECT || r->log_cut)
		return 0;
	err = vlog__parse(r->log, 1, &v);
	if (err)
		return err;
	if (v.message) {
		free(r->message);
		r->message = v.message;
		v.message = NULL;
	}
	vlog__release(&v);
	return 0;
}

int load__measure(const struct load_spec *spec, struct loads loads, struct load_result *r)
{
	int err;

	r->insns = malloc(spec->nr_insns * sizeof(*r->insns));
	if (!r->insns)
		return -ENOMEM;
	memcpy(r->insns, spec->insns, spec->nr_insns * sizeof(*r->insns));
	r->nr_insns = spec->nr_insns;
	if (spec->opts) {
		r->attach_type = spec->opts->expected_attach_type;
		r->flags = spec->opts->prog_flags;
	}
	err = timed_loads(spec, loads, r);
	if (err || r->trouble)
		return err;
	err = full_log(spec, r);
	if (err)
		return err;
	read_sizes(r);
	return full_message(r);
}
