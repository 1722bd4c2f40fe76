// SPDX-License-Identifier: GPL-2.0-only
/* Nothing that an instruction set could lack: whether the compiler knows the -mcpu. */
int prog(void *ctx)
{
	return 0;
}
