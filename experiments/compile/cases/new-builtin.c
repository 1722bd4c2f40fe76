// SPDX-License-Identifier: GPL-2.0-only
/* clang 16 does not know this builtin, 19 does. Of one that it does not know it says what clang 9
 * and older said of __builtin_preserve_access_index. */
int prog(int x)
{
	return __builtin_nondeterministic_value(x);
}
