// SPDX-License-Identifier: GPL-2.0-only
/* Programs of which it can be computed how often the verifier comes by a line: it walks through
 * each turn of a loop whose end it knows, and through a static function for each call. The lines
 * that are counted are single instructions that the compiler must leave alone. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("kprobe/vfs_open")
int counted(void *ctx)
{
	long sum = 0;

#pragma clang loop unroll(disable)
	for (int i = 0; i < 10; i++)
		asm volatile("%[sum] += 7" : [sum] "+r"(sum));
	return 0;
}

static __attribute__((noinline)) long grow(long x)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < 4; i++)
		asm volatile("%[x] *= 3" : [x] "+r"(x));
	return x;
}

SEC("kprobe/vfs_open")
int called(void *ctx)
{
	long x = bpf_get_prandom_u32();

	x = grow(x);
	x = grow(x);
	return grow(x) != 0;
}

/* Four ways come to the same end. It is walked once: the other three end there, as what follows is
 * known. Kernels remember a place only after eight instructions and two jumps. */
SEC("kprobe/vfs_open")
int joined(void *ctx)
{
	long x = bpf_get_prandom_u32();

	asm volatile("if %[x] == 5 goto 1f; if %[x] == 6 goto 1f; if %[x] == 7 goto 1f;"
		     "r1 = 1; r1 = 2; r1 = 3; r1 = 4; r1 = 5; r1 = 6; r1 = 7; r1 = 8; 1: r1 = 9"
		     :
		     : [x] "r"(x)
		     : "r1");
	asm volatile("r2 = 3" ::: "r2");
	return 0;
}
