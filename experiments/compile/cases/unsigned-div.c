// SPDX-License-Identifier: GPL-2.0-only
/* The mend that the compiler asks for. */
unsigned long average(unsigned long sum)
{
	return sum / 3;
}
