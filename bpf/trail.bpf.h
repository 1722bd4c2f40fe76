/* SPDX-License-Identifier: GPL-2.0-only */
/* Notes what happens while the loader has the trail open. It is for one thread at a time: the
 * program asks first whether it is the one that is meant. */
#ifndef ASSAY_BPF_TRAIL_BPF_H
#define ASSAY_BPF_TRAIL_BPF_H

#include "trail.h"

struct trail trail;

static __always_inline void trail_note(__u32 what, __s64 value)
{
	__u64 i;

	if (!trail.open)
		return;
	i = trail.n++;
	if (i < TRAIL_MAX)
		trail.events[i] = (struct trail_event){ bpf_ktime_get_ns(), value, what,
							bpf_get_smp_processor_id() };
}

#endif
