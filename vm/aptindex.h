/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_APTINDEX_H
#define ASSAY_VM_APTINDEX_H

#include <stddef.h>

#include "base/str.h"
#include "vm/source.h"

/* What Debian's signed indexes say of kernel sources. */

/* One version of a package linux-source-X.Y. */
struct apt_offer {
	char *package, *version;
	char *sha256; /* of the .deb */
	char *url;    /* of the .deb */
	struct strv suites;
};
struct apt_offers {
	struct apt_offer *v;
	size_t n;
	struct strv read, lacking; /* suites with an index, and without */
	struct strv stale; /* what apt could not fetch, and why: an older copy was read, if any */
};
void apt_offers__release(struct apt_offers *o);

/* Reads an index line by line; "" ends a package. */
struct apt_index {
	struct apt_offers *to;
	const char *suite, *archive; /* the archive's address, which file names are below */
	/* Of the package that is being read: */
	char *package, *version, *sha256, *file;
	int err;
};
void apt_index__line(struct apt_index *x, const char *line);
/* After the last line: 0 or -ENOMEM. */
int apt_index__end(struct apt_index *x);

/* Fetches the indexes of all of Debian's suites, the development ones also, into an apt state of
 * its own (<cache>/apt/index), and reads them. A suite that the mirror lacks is listed as such. On
 * failure -errno and *reason (caller frees). */
int apt_offers__fetch(const struct source_opts *o, struct apt_offers *out, char **reason);

/* Is the file there, without fetching it? 0; -ENOENT: the archive has it no more; another -errno:
 * it could not be asked. *said (caller frees; may be NULL) is what it answered. */
int apt_offer__there(const struct apt_offer *o, int cancel_fd, char **said);

#endif
