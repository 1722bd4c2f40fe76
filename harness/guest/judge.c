// SPDX-License-Identifier: GPL-2.0-only
#include "guest/judge.h"

#include "base/str.h"
#include "model/expect.h"
#include "model/record.h"

int judge__program(struct record *r, struct kver kernel, const struct strv *features,
		   const char *evidence)
{
	struct judgement j = { 0 };
	int err;

	if (r->kind != RECORD_PROGRAM || r->status == STATUS_HARNESS || r->status == STATUS_SKIPPED)
		return 0;
	err = expect__judge((const char *const *)r->tags.v, r->tags.n, kernel,
			    (const char *const *)features->v, features->n, r->verdict, r->err,
			    evidence, r->verdict == VERDICT_NONE ? r->message : NULL, &j);
	if (err)
		return err;
	err = record__set(&r->expected, j.expected);
	if (!err && j.status != STATUS_OK)
		err = record__fail(r, j.status, "%s", j.reason ? j.reason : "");
	judgement__release(&j);
	return err;
}
