/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's headers do for gcc and the machine that the kernel is for: asm goto in an
 * inline function, flags as outputs. */
static inline _Bool test_and_set(unsigned long *word)
{
	asm goto("btsq $3, %0; jc %l[was_set]" : : "m"(*word) : "cc", "memory" : was_set);
	return 0;
was_set:
	return 1;
}
