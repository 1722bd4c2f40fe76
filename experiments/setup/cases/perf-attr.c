// SPDX-License-Identifier: GPL-2.0-only
/* As the header of the perf tool did: hooks of that tool's own tests, unless they are switched off.
 * They are defined in the perf tool only. */
#ifndef HAVE_ATTR_TEST
#define HAVE_ATTR_TEST 1
#endif

#if HAVE_ATTR_TEST
extern int test_attr__enabled;
void test_attr__open(int fd);
#endif

int main(void)
{
#if HAVE_ATTR_TEST
	if (test_attr__enabled)
		test_attr__open(0);
#endif
	return 0;
}
