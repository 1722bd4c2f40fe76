/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_FAILURE_H
#define ASSAY_MODEL_FAILURE_H

/* What a kernel lacks of that which a program needs, where the verifier has no say (record field
 * `failure`). */
enum failure {
	FAILURE_NONE,
	FAILURE_MAP,	       /* a map that the program uses can't be created */
	FAILURE_KFUNC,	       /* a kernel function that it calls is not there to be called */
	FAILURE_KCONFIG,       /* an option that it reads (__kconfig) is not in the configuration */
	FAILURE_BTF,	       /* a type, field, variable or attach target is not in kernel's BTF */
	FAILURE_PROG_TYPE,     /* the kernel does not know the type of the program */
	FAILURE_ATTACH_TARGET, /* attach type unknown, or no target named that could be had */
	FAILURE_OTHER,	       /* it did not get to the verifier for another reason */
};

const char *failure__name(enum failure f); /* "map", …; NULL for FAILURE_NONE */

#endif
