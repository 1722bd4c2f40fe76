/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_PROBE_H
#define ASSAY_GUEST_PROBE_H

#include <jansson.h>
#include <stdbool.h>

/* What can hang on a function of the running kernel, found out by reading its lists and by trying
 * each hook for a moment:
 *
 * {"function": "copyout_bpf", "release": "5.10.218",
 *  "symbols": [{"name": "copyout_bpf", "type": "T", "module": "ext4"}],
 *  "variants": ["copyout_bpf.part.0"],              what the compiler made of it besides
 *  "ftrace": false, "inject": "ERRNO", "blacklisted": false,
 *  "btf": true, "btf_module": "ext4",
 *  "kprobe":       {"errno": "EINVAL", "message": "…", "kind": "int3"|"jump"|"ftrace"},
 *  "kprobe_multi": {"errno": …}, "fentry": {…}, "fmod_ret": {…},
 *  "optimization": 1}
 *
 * A hook that attached has no errno. Keys of what does not apply are left out. */
json_t *probe__function(const char *function); /* NULL on ENOMEM */

/* The commands `assay-guest probe [--json] FUNCTION...`. Exit status. */
int probe__print(const char *const *functions, size_t n, bool json);

/* One hook tried on a function: adds its object to `into` under `key`. */
void probe__try_kprobe(json_t *into, const char *function);
void probe__try_kprobe_multi(json_t *into, const char *function);
void probe__try_trampoline(json_t *into, const char *key, unsigned int attach_type,
			   const char *function);

#endif
