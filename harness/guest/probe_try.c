// SPDX-License-Identifier: GPL-2.0-only
/* Each hook is tried for a moment, with a program that does nothing: what the kernel says to that
 * is the answer that no list gives. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "guest/probe.h"
#include "model/verdict.h"

#define LOG_SIZE 65536
/* The optimiser of kprobes runs some 50 to 100 ms after a probe was armed. */
#define OPTIMISED_WITHIN_MS 400
#define PAUSE_MS	    20

#ifndef BPF_F_KPROBE_MULTI_RETURN
#error "libbpf's headers are older than kprobe.multi (5.18)"
#endif

static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static void add_result(json_t *into, const char *key, int err, const char *message,
		       const char *kind)
{
	json_object_set_new(into, key,
			    json_pack("{ss* ss* ss*}", "errno",
				      err ? errno__name(err < 0 ? -err : err) : NULL, "message",
				      message && *message ? message : NULL, "kind", kind));
}

/* --- kprobe ------------------------------------------------------------------------------------
 */

static int open_kprobe(const char *function)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.sample_period = 1,
					.wakeup_events = 1 };
	uint64_t type;
	int err = exp__read_u64("/sys/bus/event_source/devices/kprobe/type", &type), fd;

	if (err)
		return err;
	attr.type = (uint32_t)type;
	attr.kprobe_func = (uint64_t)(unsigned long)function;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What carries the kprobe now: "ftrace", "jump" or "int3". */
static const char *kind_of(const char *function)
{
	char *flags = exp__kprobe_flags(function);
	const char *kind = "int3";

	if (flags && strstr(flags, "FTRACE"))
		kind = "ftrace";
	else if (flags && strstr(flags, "OPTIMIZED"))
		kind = "jump";
	free(flags);
	return kind;
}

/* What the kprobe is in the end: an int3 may be turned into a jump a moment after. */
static const char *kind_at_last(const char *function)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	const char *kind = kind_of(function);

	for (int ms = 0; !strcmp(kind, "int3") && ms < OPTIMISED_WITHIN_MS; ms += PAUSE_MS) {
		nanosleep(&pause, NULL);
		kind = kind_of(function);
	}
	return kind;
}

void probe__try_kprobe(json_t *into, const char *function)
{
	int fd = open_kprobe(function);
	const char *kind = fd >= 0 ? kind_at_last(function) : NULL;

	if (fd >= 0)
		close(fd);
	add_result(into, "kprobe", fd < 0 ? fd : 0, NULL, kind);
}

/* Calls bpf_override_return for the kernel to see, and never does: no thread has this number. The
 * verifier doesn't know that, or it would leave the call out. */
static const struct bpf_insn never_override[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1 },
	{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_pid_tgid },
	{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 0, .off = 3, .imm = -1 },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 6 },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 0 },
	{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_override_return },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

void probe__try_override(json_t *into, const char *function)
{
	const size_t n = sizeof(never_override) / sizeof(never_override[0]);
	int prog = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "probe", "GPL", never_override, n, NULL);
	const char *kind = NULL;
	int fd, err = 0;

	if (prog < 0) {
		add_result(into, "override", errno, "the kernel refuses bpf_override_return", NULL);
		return;
	}
	fd = open_kprobe(function);
	if (fd < 0)
		err = fd;
	else if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog))
		err = errno;
	else
		kind = kind_at_last(function);
	if (fd >= 0)
		close(fd);
	close(prog);
	add_result(into, "override", err, NULL, kind);
}

void probe__try_kprobe_multi(json_t *into, const char *function)
{
	LIBBPF_OPTS(bpf_prog_load_opts, load, .expected_attach_type = BPF_TRACE_KPROBE_MULTI);
	LIBBPF_OPTS(bpf_link_create_opts, link);
	const char *syms[] = { function };
	int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "probe", "GPL", nothing, 2, &load), to,
	    err = 0;

	if (fd < 0) {
		add_result(into, "kprobe_multi", errno, NULL, NULL);
		return;
	}
	link.kprobe_multi.syms = syms;
	link.kprobe_multi.cnt = 1;
	to = bpf_link_create(fd, 0, BPF_TRACE_KPROBE_MULTI, &link);
	if (to < 0)
		err = errno;
	else
		close(to);
	close(fd);
	add_result(into, "kprobe_multi", err, NULL, NULL);
}

/* --- fentry and fmod_ret -------------------------------------------------------------------------
 */

/* The verifier's last line but that of its statistics. Ends it. */
static const char *last_line(char *log)
{
	char *stats = strstr(log, "processed "), *line;
	size_t n;

	if (stats)
		*stats = '\0';
	n = strlen(log);
	while (n && log[n - 1] == '\n')
		log[--n] = '\0';
	line = strrchr(log, '\n');
	return line ? line + 1 : log;
}

void probe__try_trampoline(json_t *into, const char *key, unsigned int attach_type,
			   const char *function)
{
	LIBBPF_OPTS(bpf_prog_load_opts, load, .expected_attach_type = attach_type);
	int id = libbpf_find_vmlinux_btf_id(function, attach_type), fd, to, err = 0;
	char *log = calloc(1, LOG_SIZE);

	if (id < 0 || !log) {
		add_result(into, key, id < 0 ? id : ENOMEM, NULL, NULL);
		free(log);
		return;
	}
	load.attach_btf_id = (uint32_t)id;
	load.log_buf = log;
	load.log_size = LOG_SIZE;
	load.log_level = 1;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "probe", "GPL", nothing, 2, &load);
	if (fd < 0) {
		add_result(into, key, errno, last_line(log), NULL);
		free(log);
		return;
	}
	to = bpf_raw_tracepoint_open(NULL, fd);
	if (to < 0)
		err = errno;
	else
		close(to);
	close(fd);
	add_result(into, key, err, NULL, NULL);
	free(log);
}
