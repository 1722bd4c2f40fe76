/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_RELEASES_H
#define ASSAY_VM_RELEASES_H

#include <stdbool.h>
#include <stddef.h>

#include "model/kver.h"
#include "vm/aptindex.h"
#include "vm/kernels.h"

/* Releases that the archive offers and kernels.ini has no entry for. */
struct release {
	struct kver version;
	const struct apt_offer **offers; /* of it, newest revision first; borrowed, as all here */
	size_t n;
	bool wanted;		   /* to become an entry */
	bool new_branch;	   /* kernels.ini has nothing of its branch */
	const struct kernel *like; /* entry to go by: of its branch, or of the one before; NULL */
};
struct releases {
	struct release *v; /* by version */
	size_t n;
};

struct releases_request {
	const struct strv *words; /* branches ("6.1") and releases ("6.1.180"); none: all branches
				   * that kernels.ini has, and newer ones */
	bool older; /* wanted are also those before the newest entry of their branch */
};

/* Is each a branch or a release? 0 or -EINVAL, logged. Needs no archive. */
int releases__check_words(const struct strv *words);
/* Wanted are: what is newer than the newest entry of its branch; what a word names; of branches
 * newer than all entries the newest release. Of releases that only moving suites (sid, testing,
 * backports) have, the newest of a branch alone: the others vanish from there any day. 0, -ENOMEM,
 * or -EINVAL for a word that is neither, or names nothing that is there, logged. */
int releases__choose(const struct kernels *ks, const struct apt_offers *o,
		     const struct releases_request *rq, struct releases *out);
void releases__free(struct releases *r);

#endif
