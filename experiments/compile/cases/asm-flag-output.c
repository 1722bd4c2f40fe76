// SPDX-License-Identifier: GPL-2.0-only
/* The other form of the same header: the carry flag of the x86 as an output. */
int prog(unsigned long *ctx)
{
	_Bool was_set;

	asm volatile("btsq $3, %1" : "=@ccc"(was_set), "+m"(*ctx) : : "memory");
	return was_set;
}
