// SPDX-License-Identifier: GPL-2.0-only
void read_trace_pipe(void);

int main(void)
{
	read_trace_pipe();
	return 0;
}
