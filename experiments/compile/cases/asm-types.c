// SPDX-License-Identifier: GPL-2.0-only
/* Compiled twice: without the folder of the machine's own headers, and with it. */
#include <linux/types.h>

__u32 size;
