/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_PROBE_H
#define ASSAY_GUEST_PROBE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct probe_target;

/* What can hang on a function of the running kernel, found out by reading its lists and by trying
 * each hook for a moment:
 *
 * {"function": "copyout_bpf", "release": "5.10.218",
 *  "symbols": [{"name": "copyout_bpf", "type": "T", "module": "ext4"}],
 *  "variants": ["copyout_bpf.part.0"],              what the compiler made of it besides
 *  "ftrace": false, "inject": "ERRNO", "blacklisted": false,
 *  "btf": true, "btf_module": "ext4",
 *  "kprobe":       {"errno": "EINVAL", "message": "…", "kind": "int3"|"jump"|"ftrace"},
 *  "override":     {"errno": "EINVAL", "kind": …},  the same with a program that may override
 *  "kprobe_multi": {"errno": …}, "fentry": {…}, "fmod_ret": {…},
 *  "optimization": 1}
 *
 * A hook that attached has no errno. Keys of what does not apply are left out. */
json_t *probe__function(const char *function); /* NULL on ENOMEM */

/* The same of a program's file, by its symbols and ELF notes. Of each kind of target:
 *
 * {"file": "/usr/lib/assay/memcached", "release": "5.10.218",
 *  "elf": {"fixed": true, "dynamic": false, "stripped": false, "dwarf": true},
 *  "problem": "no ELF file of x86-64",              then there is no more
 *
 * and of FILE:FUNCTION
 *  "function": "process_command_ascii",
 *  "symbols": [{"name": …, "table": ".symtab"|".dynsym", "binding": "local"|"global"|"weak",
 *               "section": ".text", "size": 10, "ifunc": false, "executable": true,
 *               "address": "0x…", "offset": "0x…", "aliases": ["other_name"],
 *               "uprobe": {"errno": "ENOTSUPP", "message": "…", "armed": true}, "uretprobe": {…}}],
 *  "variants": ["f.cold"], "imported": true,        a shared library has it
 *  "nearest": "process_command_asci"}               when there is none of the name
 *
 * and of FILE:PROVIDER:NAME
 *  "provider": "memcached", "probe": "command__get", "notes": 54, "nearest": "memcached:…",
 *  "locations": [{"address": "0x…", "offset": "0x…", "nop": true, "args": "-4@%esi",
 *                 "arguments": ["4 bytes signed in %esi (rsi)"], "problem": "…",
 *                 "semaphore": {"address": "0x…", "offset": "0x…", "writable": true},
 *                 "uprobe": {"armed": true, "counted": 1}}]}
 *
 * and of a file alone
 *  "notes": 54, "probes": [{"provider": …, "name": …, "locations": 2, "arguments": 5,
 *                           "semaphore": true}]}
 *
 * "armed": a process that has the file mapped got the breakpoint; "counted": by how
 * much its semaphore rose. An offset or a uprobe that there can't be is left out. */
json_t *probe__file(const struct probe_target *t); /* NULL on ENOMEM */

/* The command `assay-guest probe [--json] TARGET...`. Exit status. */
int probe__print(const char *const *targets, size_t n, bool json);

/* One hook tried on a function: adds its object to `into` under `key`. */
void probe__try_kprobe(json_t *into, const char *function);
void probe__try_override(json_t *into, const char *function);
void probe__try_kprobe_multi(json_t *into, const char *function);
void probe__try_trampoline(json_t *into, const char *key, unsigned int attach_type,
			   const char *function);

struct uprobe_place {
	const char *path;
	uint64_t offset;
	uint64_t semaphore; /* its offset, or 0 */
};
void probe__try_uprobe(json_t *into, const char *key, const struct uprobe_place *p, bool on_return);

#endif
