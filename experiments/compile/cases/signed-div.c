// SPDX-License-Identifier: GPL-2.0-only
/* The average of three numbers, from their signed sum. */
long average(long sum)
{
	return sum / 3;
}
