// SPDX-License-Identifier: GPL-2.0-only

/* Behaves: loads instructions that it makes itself, with and without a record, and asks what the
 * kernel offers. The harness must say: ok; `zero` accepted, `nothing` rejected as expected, and all
 * checks of `api` hold. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/version.h>
#include <string.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/record.h"

static const struct bpf_insn zero[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
	{ .code = BPF_JMP | BPF_EXIT },
};
static const struct bpf_insn nothing[] = {
	{ .code = BPF_JMP | BPF_EXIT },
};

static int load(struct exp *e)
{
	static const char *const accept[] = { "assay:accept:*", NULL };
	static const char *const reject[] = { "assay:reject:*:EACCES:R0 !read_ok", NULL };
	int err = exp__load_record(e, "zero", BPF_PROG_TYPE_SOCKET_FILTER, zero, 2, accept);

	if (err)
		return err;
	return exp__load_record(e, "nothing", BPF_PROG_TYPE_SOCKET_FILTER, nothing, 1, reject);
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct record *r = exp__measurement(e, "api");
	char log[4096] = "", small[128] = "";
	int ok, bad, cut;
	uint64_t n = 0;

	(void)obj;
	ok = exp__try_load(e, "zero", BPF_PROG_TYPE_SOCKET_FILTER, zero, 2, NULL, 0, 0);
	bad = exp__try_load(e, "nothing", BPF_PROG_TYPE_SOCKET_FILTER, nothing, 1, log, sizeof(log),
			    1);
	cut = exp__try_load(e, "zero", BPF_PROG_TYPE_SOCKET_FILTER, zero, 2, small, sizeof(small),
			    7);
	exp__check(r, ok == 0, "a good program loads", "%d", ok);
	exp__check(r, bad == -EACCES, "a bad one is refused", "%d", bad);
	exp__check(r, strstr(log, "R0 !read_ok"), "the log says why", "%s", log);
	exp__check(r, cut == 0, "a log that is too long is cut", "%d", cut);
	exp__check(r, exp__has(e, NEED_SYMBOL, "vfs_read"), "vfs_read is a symbol", "not found");
	exp__check(r, !exp__has(e, NEED_SYMBOL, "vfs_rea"), "vfs_rea is none", "found");
	exp__check(r, exp__has(e, NEED_BTF_FUNC, "vfs_read"), "vfs_read is in BTF", "not found");
	exp__check(r, exp__has(e, NEED_FTRACE, "vfs_read"), "vfs_read has ftrace", "not found");
	exp__check(r, !exp__has(e, NEED_INJECT, "vfs_read"), "vfs_read is not injectable", "it is");
	exp__check(r, !exp__has(e, NEED_FEATURE, "nothing"), "no such feature", "it is there");
	exp__check(r, exp__kernel_version(e) >= KERNEL_VERSION(4, 0, 0), "a kernel since 4.0", "%u",
		   exp__kernel_version(e));
	exp__check(r, !exp__read_u64("/proc/sys/kernel/pid_max", &n) && n > 100, "pid_max", "%llu",
		   (unsigned long long)n);
	exp__check(r, !exp__kprobe_flags("vfs_read"), "no kprobe on vfs_read", "there is one");
	exp__check(r, exp__write_str("/proc/no-such-file", "1") == -ENOENT, "no such file",
		   "written");
	n = exp__now_ns();
	usleep(1000);
	exp__check(r, exp__now_ns() - n >= 1000000, "time goes on", "%llu ns",
		   (unsigned long long)(exp__now_ns() - n));
	exp__text(e, "", "note", "caf\xc3\xa9 \xff", 7);
	ok = exp__emit(e, r);
	return ok ? ok : load(e);
}

const struct experiment experiment_generated = {
	.name = "generated",
	.summary = "Self-test: instructions made by the experiment itself.",
	.measure = measure,
};
