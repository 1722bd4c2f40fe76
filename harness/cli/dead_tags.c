// SPDX-License-Identifier: GPL-2.0-only
#include "cli/dead_tags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/expect.h"
#include "model/record.h"
#include "store/store.h"
#include "vm/kernels.h"

struct search {
	const struct kernels *ks;
	struct strv *out;
	struct strv seen; /* "experiment/program", each is looked at once */
};

static bool alive(const struct kernels *ks, const char *tag)
{
	for (size_t i = 0; i < kernels__count(ks); i++) {
		const struct kernel *k = kernels__at(ks, i);

		if (expect__applies(tag, k->version, (const char *const *)k->features.v,
				    k->features.n))
			return true;
	}
	return false;
}

static int on_record(void *ctx, const struct stored_record *sr)
{
	const struct record *r = sr->record;
	struct search *s = ctx;
	char *id = str_fmt("%s/%s", r->experiment, r->name);
	int err = id ? 0 : -ENOMEM;

	if (!err && !strv__has(&s->seen, id)) {
		err = strv__add(&s->seen, id);
		for (size_t i = 0; !err && i < r->tags.n; i++) {
			const char *tag = r->tags.v[i];
			char *text;

			if (!expect__is_tag(tag) || str_starts(tag, "assay:any:") ||
			    alive(s->ks, tag))
				continue;
			text = str_fmt("%s: the expectation \"%s\" is for none of the kernels", id,
				       tag);
			err = text ? strv__add(s->out, text) : -ENOMEM;
			free(text);
		}
	}
	free(id);
	return err;
}

int dead_tags__find(struct store *s, int64_t run, const struct kernels *ks, struct strv *out)
{
	struct search search = { .ks = ks, .out = out };
	int err = store__records(s, run, NULL, NULL, on_record, &search);

	strv__free(&search.seen);
	return err;
}
