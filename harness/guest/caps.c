// SPDX-License-Identifier: GPL-2.0-only
#include "guest/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

int caps__set_effective(uint64_t wanted, uint64_t *before)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	if (before)
		*before = data[0].effective | (uint64_t)data[1].effective << 32;
	data[0].effective = (uint32_t)wanted;
	data[1].effective = (uint32_t)(wanted >> 32);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}
