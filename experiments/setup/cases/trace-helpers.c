// SPDX-License-Identifier: GPL-2.0-only
/* What the loader has to be linked with. */
void read_trace_pipe(void);

void read_trace_pipe(void)
{
}
