/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_APTSRC_H
#define ASSAY_VM_APTSRC_H

#include <stddef.h>

#include "base/str.h"
#include "vm/source.h"

/* Debian packages through an apt state of our own: the host's lists, packages and sources are
 * neither used nor changed, but its mirrors, proxies, credentials and keyrings are. */

/* Addresses of Debian archives, as the host's apt sources name them. */
struct apt_mirrors {
	struct strv main, security;
};
/* Reads lines "LABEL|ORIGIN|RELEASE|URI" of `apt-get indextargets`. Where label and origin are
 * unknown (the host's lists were never fetched) release and address have to tell. An archive of
 * which only the other half is named is taken to lie beside it. */
int apt_mirrors__parse(const char *text, struct apt_mirrors *m);
/* The archives that the host's apt knows, also when it never fetched their lists. None is no error.
 */
int apt_mirrors__find(struct apt_mirrors *m);
void apt_mirrors__release(struct apt_mirrors *m);
/* The deb822 text for suites on the mirrors; "" when there is no mirror for any. Caller frees. */
char *apt_sources(const struct apt_mirrors *m, const char *const *suites, size_t n,
		  const char *keyring);

/* Fetches k->package as <dir>/<file> (dir holds what an interrupted download left, which is
 * continued). *file (caller frees) is its name. On failure -errno and *reason (caller frees). */
int apt_fetch(const struct kernel *k, const struct source_opts *o, const char *dir, char **file,
	      char **reason);
/* The name under which apt keeps a package "name=version". */
char *apt_file_name(const char *package);

#endif
