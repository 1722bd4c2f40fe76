// SPDX-License-Identifier: GPL-2.0-only
/* Keys of a memcached as its probe command__get shows them: by address and length, without a NUL
 * that anyone promises. The same key is read in several ways, each counting for itself. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

#include "assay.bpf.h"
#include "shared.h"

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct entry);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64); /* instruction pointer */
	__type(value, struct site);
} sites SEC(".maps");

__u64 declared_runs, declared_keys;

static __always_inline void count(const struct entry *e)
{
	__u64 *n = bpf_map_lookup_elem(&counts, e), one = 1;

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&counts, e, &one, BPF_ANY);
}

/* --- the key, read in several ways ------------------------------------------------------- */

/* As many bytes as the longest key has, whatever the key's length. */
EXPECT_ACCEPT("*")
SEC("usdt")
int BPF_USDT(whole, int fd, const char *key)
{
	struct entry e = { .method = METHOD_WHOLE };

	bpf_probe_read_user(e.text, KEY_MAX, key);
	count(&e);
	return 0;
}

/* The same with the length beside it, for user space to cut and to merge. */
EXPECT_ACCEPT("*")
SEC("usdt")
int BPF_USDT(merged, int fd, const char *key, long length)
{
	struct entry e = { .method = METHOD_MERGED, .length = length };

	bpf_probe_read_user(e.text, KEY_MAX, key);
	count(&e);
	return 0;
}

/* Up to a NUL. */
EXPECT_ACCEPT("*")
SEC("usdt")
int BPF_USDT(str, int fd, const char *key)
{
	struct entry e = { .method = METHOD_STR };

	bpf_probe_read_user_str(e.text, KEY_MAX, key);
	count(&e);
	return 0;
}

/* The length as it comes: signed ... */
EXPECT_REJECT("*", "EACCES", "R2 min value is negative, either use unsigned or 'var &= const'")
SEC("usdt")
int BPF_USDT(length_signed, int fd, const char *key, long length)
{
	struct entry e = { .method = METHOD_WHOLE };

	bpf_probe_read_user(e.text, length, key);
	count(&e);
	return 0;
}

/* ... and unsigned. */
EXPECT_REJECT("*", "EACCES",
	      "R2 unbounded memory access, use 'var &= const' or 'if \\(var < const\\)'")
SEC("usdt")
int BPF_USDT(length_unsigned, int fd, const char *key, long length)
{
	struct entry e = { .method = METHOD_WHOLE };
	__u64 n = (__u32)length;

	barrier_var(n);
	bpf_probe_read_user(e.text, n, key);
	count(&e);
	return 0;
}

/* Masked with the power of two above the longest key, less one. */
EXPECT_ACCEPT("*")
SEC("usdt")
int BPF_USDT(mask_ff, int fd, const char *key, long length)
{
	struct entry e = { .method = METHOD_MASK_FF };

	bpf_probe_read_user(e.text, length & 0xff, key);
	count(&e);
	return 0;
}

/* Masked with one that is too small: the verifier has no objection. */
EXPECT_ACCEPT("*")
SEC("usdt")
int BPF_USDT(mask_7f, int fd, const char *key, long length)
{
	struct entry e = { .method = METHOD_MASK_7F };

	bpf_probe_read_user(e.text, length & 0x7f, key);
	count(&e);
	return 0;
}

/* Cut by a comparison; the barrier keeps clang from comparing one register and passing another. */
EXPECT_ACCEPT("*")
SEC("usdt")
int BPF_USDT(clamp, int fd, const char *key, long length)
{
	struct entry e = { .method = METHOD_CLAMP };
	__u64 n = length;

	if (n > KEY_MAX)
		n = KEY_MAX;
	barrier_var(n);
	if (n > KEY_MAX)
		return 0;
	bpf_probe_read_user(e.text, n, key);
	count(&e);
	return 0;
}

/* --- what libbpf makes of the arguments -------------------------------------------------- */

EXPECT_ACCEPT("*")
SEC("usdt")
int BPF_USDT(arguments, int fd, const char *key, long length, long size)
{
	__u64 ip = PT_REGS_IP(ctx);
	struct site *s = bpf_map_lookup_elem(&sites, &ip), new = { 0 };

	if (!s) {
		bpf_map_update_elem(&sites, &ip, &new, BPF_NOEXIST);
		s = bpf_map_lookup_elem(&sites, &ip);
		if (!s)
			return 0;
	}
	s->hits++;
	s->nr_args = bpf_usdt_arg_cnt(ctx);
	s->length = length;
	s->size = size;
	return 0;
}

/* The arguments of the probe declared as those of the function: what is read is whatever the
 * calling convention's registers hold at that place. */
EXPECT_ACCEPT("*")
SEC("uprobe")
int BPF_KPROBE(declared, int fd, const char *key)
{
	char start[4] = { 0 };

	__sync_fetch_and_add(&declared_runs, 1);
	bpf_probe_read_user(start, sizeof(start), key);
	if (start[0] == 'u' && start[1] == 's' && start[2] == 'e' && start[3] == 'r')
		__sync_fetch_and_add(&declared_keys, 1);
	return 0;
}

/* --- the function that takes a command ------------------------------------------------------ */

/* void process_command_ascii(conn *c, char *command) */
EXPECT_ACCEPT("*")
SEC("uprobe")
int BPF_KPROBE(command, void *connection, const char *text)
{
	struct entry e = { .method = METHOD_COMMAND };

	bpf_probe_read_user_str(e.text, sizeof(e.text), text);
	count(&e);
	return 0;
}
