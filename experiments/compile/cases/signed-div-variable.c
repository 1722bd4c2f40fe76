// SPDX-License-Identifier: GPL-2.0-only
long average(long sum, long count)
{
	return sum / count;
}
