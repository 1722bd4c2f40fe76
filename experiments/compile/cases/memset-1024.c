// SPDX-License-Identifier: GPL-2.0-only
void clear(unsigned long *value)
{
	__builtin_memset(value, 0, 1024);
}
