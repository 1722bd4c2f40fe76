/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_PARAMS_H
#define ASSAY_GUEST_PARAMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct experiment;
struct param;

/* The values of an experiment's parameters: what was given, and the defaults for the rest. */
struct params;

/* `given`: object name -> value (string, integer or boolean), or NULL. Returns 0, -ENOMEM, or
 * -EINVAL with a sentence that names the parameter (and the nearest one for an unknown name) in
 * err. */
int params__new(const struct experiment *ex, const json_t *given, struct params **out, char *err,
		size_t err_len);
void params__free(struct params *p);

/* The declaration and value of a parameter; 0, or -ENOENT when the experiment declares none of that
 * name, -EINVAL when it is of another type. */
int params__u64(const struct params *p, const char *name, uint64_t *out);
int params__bool(const struct params *p, const char *name, bool *out);
int params__str(const struct params *p, const char *name, const char **out);

const char *param_type__name(const struct param *p); /* "uint", "bool", "string" */
uint64_t param__max(const struct param *p);	     /* a max of 0 stands for no limit */

#endif
