// SPDX-License-Identifier: GPL-2.0-only
const char *zlibVersion(void);

int main(void)
{
	return zlibVersion()[0] == 0;
}
