/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_APTSRC_H
#define ASSAY_VM_APTSRC_H

#include <stdbool.h>
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
/* The deb822 text for suites on the mirrors, of a type "deb" or "deb-src"; "" when there is no
 * mirror for any. Caller frees. */
char *apt_sources(const struct apt_mirrors *m, const char *type, const char *const *suites,
		  size_t n, const char *keyring);

/* Debian's releases that mirrors may carry: where a package is looked for when it is not in the
 * suites that its entry names. */
extern const char *const apt_suites[];
extern const size_t nr_apt_suites;
/* Makes the folder of an apt state of our own, with <dir>/apt.conf, which takes its sources from
 * <dir>/assay.sources. 0 or -errno. */
int apt_state__make(const char *dir);
/* "TMPDIR=…" for apt's environment: what it leaves there when it is killed goes away with the next
 * apt_state__make. Caller frees; NULL: no memory. */
char *apt_state__tmpdir(const char *dir);

/* The keys of Debian's archive; NULL where they are not installed: apt's own then. */
const char *apt_keyring(void);

struct apt_want {
	const char *title;	   /* of the progress */
	const char *package;	   /* "name=version" */
	const struct strv *suites; /* of Debian, where it is looked for first */
	bool source;		   /* the files of the source package, not the binary one */
};
/* Fetches a package into dir, which holds what an interrupted download left (that is continued).
 * apt checks it against the signed index. On failure -errno and *reason (caller frees). */
int apt_get(const struct apt_want *w, const struct source_opts *o, const char *dir, char **reason);

/* Fetches k->package as <dir>/<file>; *file (caller frees) is its name. Else as apt_get. */
int apt_fetch(const struct kernel *k, const struct source_opts *o, const char *dir, char **file,
	      char **reason);
/* The name under which apt keeps a package "name=version". */
char *apt_file_name(const char *package);

#endif
