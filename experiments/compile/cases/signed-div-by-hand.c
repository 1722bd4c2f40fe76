// SPDX-License-Identifier: GPL-2.0-only
/* The mend for sums that may be negative: divide the magnitude, put the sign back. */
long average(long sum)
{
	return sum < 0 ? -(long)(-(unsigned long)sum / 3) : (long)((unsigned long)sum / 3);
}
