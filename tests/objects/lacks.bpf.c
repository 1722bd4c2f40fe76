// SPDX-License-Identifier: GPL-2.0-only
/* Programs that need what Linux 5.10 does not have, and 6.1 has, beside some that every kernel
 * judges: none of them may hide another. Each name begins with what it lacks. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

/* of 5.16 */
struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 8);
	__uint(value_size, 8);
} bloom SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 8);
} array SEC(".maps");

extern bool CONFIG_FPROBE __kconfig;
/* of 5.18, for tests of the kernel's own */
extern void bpf_kfunc_call_test_mem_len_pass1(void *mem, int mem__sz) __ksym;

struct bpf_map___new {
	unsigned long long map_extra;
} __attribute__((preserve_access_index));

unsigned long long extra;

SEC("kprobe/vfs_open")
int plain(void *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&array, &key) ? 1 : 0;
}

SEC("kprobe/vfs_open")
int rejected(void *ctx)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&array, &key);

	return (int)*value;
}

SEC("kprobe/vfs_open")
int map_bloom(void *ctx)
{
	__u64 value = 1;

	return (int)bpf_map_push_elem(&bloom, &value, 0);
}

SEC("tc")
int kfunc_test(struct __sk_buff *skb)
{
	__u64 value = 0;

	bpf_kfunc_call_test_mem_len_pass1(&value, sizeof(value));
	return 0;
}

static __noinline int read_option(int n)
{
	return CONFIG_FPROBE ? n : 2 * n;
}

/* Not the program itself reads it, but a function that it calls. */
SEC("kprobe/vfs_open")
int kconfig_fprobe(void *ctx)
{
	return read_option((int)bpf_get_smp_processor_id());
}

SEC("fentry/vfs_fileattr_get")
int btf_function(void *ctx)
{
	return 0;
}

SEC("fentry/bpf_map_put")
int BPF_PROG(btf_field, struct bpf_map___new *map)
{
	extra = map->map_extra;
	return 0;
}

SEC("syscall")
int prog_type_syscall(void *ctx)
{
	return 0;
}

SEC("xdp.frags")
int other_flag(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* On no kernel: the program to be extended is not in this object. */
SEC("freplace/some_function")
int attach_target_none(void *ctx)
{
	return 0;
}

/* of 6.2; weak and called without a look at whether they are there */
extern void bpf_rcu_read_lock(void) __weak __ksym;
extern void bpf_rcu_read_unlock(void) __weak __ksym;

SEC("tc")
int kfunc_weak(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}
