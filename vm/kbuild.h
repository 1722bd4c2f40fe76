/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_KBUILD_H
#define ASSAY_VM_KBUILD_H

#include <stdbool.h>

struct kopts;

/* How make is run in a kernel tree. */
struct kbuild {
	const char *kernel; /* name, for messages */
	const char *tree;
	const char *cache;
	const char *pahole; /* what to start in place of the host's; or NULL */
	bool ccache;
	bool verbose;	   /* pass the output through to stderr */
	bool partial;	   /* options that the tree does not have are left out */
	unsigned int jobs; /* 0: the CPUs that we may use */
	int cancel_fd;
};

/* Makes .config: tinyconfig, the options, olddefconfig; then checks that each option came out as
 * asked for. One that kconfig dropped is logged with its place and the reason: -EINVAL. A .config
 * that comes out as it was before keeps its time. */
int kbuild__configure(const struct kbuild *kb, const struct kopts *opts);

/* Does a configuration's text make anything a module? */
bool kbuild__has_modules(const char *config);

/* Builds vmlinux, and the modules when .config has any; everything printed goes to `log`. Shows
 * progress by `steps`, the number of lines expected (0: unknown), and puts the number counted
 * there. A failure is logged with the first errors and the log's path: -EIO. */
int kbuild__build(const struct kbuild *kb, const char *log, unsigned int *steps);

/* What `uname -r` will say; caller frees. */
int kbuild__release(const struct kbuild *kb, char **out);

#endif
