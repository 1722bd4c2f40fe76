// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "vm/kernels_list.h"
#include "vm/prebuilt.h"

static bool is_taken(const struct kernels *ks, const char *name)
{
	for (size_t i = 0; i < ks->n; i++)
		if (!strcmp(ks->v[i].name, name))
			return true;
	for (size_t i = 0; i < ks->given->n; i++)
		if (!strcmp(ks->given->v[i]->name, name))
			return true;
	return false;
}

/* Two kernels of one release, or one that is named as an entry is: its words' hash tells it apart.
 */
static int make_unique(const struct kernels *ks, struct kernel *k)
{
	char hex[HASH_HEX], *name;
	struct hash *h;

	if (!is_taken(ks, k->name))
		return 0;
	h = hash__new();
	if (!h)
		return -ENOMEM;
	hash__add_str(h, k->prebuilt->spec);
	hash__end(h, hex);
	name = str_fmt("%s@%.8s", k->name, hex);
	if (!name)
		return -ENOMEM;
	free(k->name);
	k->name = name;
	return 0;
}

static int add(struct kernels_given *given, struct kernel *k)
{
	struct kernel **v = reallocarray(given->v, given->n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	given->v = v;
	v[given->n++] = k;
	return 0;
}

int kernels__given(const struct kernels *ks, const char *spec, const struct kernel **out)
{
	struct kernel *k;
	char *why = NULL;
	int err;

	for (size_t i = 0; i < ks->given->n; i++) {
		*out = ks->given->v[i];
		if (!strcmp((*out)->prebuilt->spec, spec))
			return 0;
	}
	k = calloc(1, sizeof(*k));
	err = k ? prebuilt__parse(spec, &k->prebuilt, &why) : -ENOMEM;
	if (why)
		log_err("-k %s", why);
	if (!err)
		err = prebuilt__identify(k->prebuilt, &k->name, &k->version);
	if (!err)
		err = make_unique(ks, k);
	if (!err)
		err = add(ks->given, k);
	if (err && k) {
		kernel__release(k);
		free(k);
	}
	if (!err)
		*out = k;
	free(why);
	return err;
}
