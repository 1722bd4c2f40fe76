/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_GLOBALS_H
#define ASSAY_GUEST_GLOBALS_H

#include <jansson.h>

struct bpf_object;

/* Sets global variables of an object that is open and not yet loaded: {name: value as text}. As
 * veristat's --set-global-vars: variables of .rodata, .data and .bss that are integers, bool or
 * enums, members of structs (s.member) and elements of arrays (a[3]) among them; values are
 * decimal, hexadecimal (0x) or octal (0) numbers, true, false, or names of the enum. Returns 0,
 * -ENOMEM, or -EINVAL and a sentence in *why (caller frees) that names the nearest variable. */
int globals__set(struct bpf_object *obj, const json_t *globals, char **why);

#endif
