// SPDX-License-Identifier: GPL-2.0-only
#include "model/expect.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/vlog.h"

#define TAG_PREFIX "assay:"

enum expect_kind { EXPECT_ACCEPT, EXPECT_REJECT, EXPECT_ANY };

struct expect {
	enum expect_kind kind;
	struct krange *range;
	int err;       /* EXPECT_REJECT: errno */
	char *pattern; /* EXPECT_REJECT: text of the regular expression */
	regex_t regex;
	bool has_regex;
};

bool expect__is_tag(const char *tag)
{
	return tag && str_starts(tag, TAG_PREFIX);
}

void expect__free(struct expect *e)
{
	if (!e)
		return;
	if (e->has_regex)
		regfree(&e->regex);
	krange__free(e->range);
	free(e->pattern);
	free(e);
}

static void say(char *err, size_t err_len, const char *tag, const char *what)
{
	if (err && err_len)
		snprintf(err, err_len, "expectation \"%s\": %s", tag, what);
}

/* Copies the field up to the next ':' or the end and moves *s past both; *more says whether there
 * was a ':'. NULL on ENOMEM. */
static char *field(const char **s, bool *more)
{
	size_t len = strcspn(*s, ":");
	char *copy = strndup(*s, len);

	*s += len;
	*more = **s == ':';
	if (*more)
		(*s)++;
	return copy;
}

/* "ERRNO:REGEX" of a reject tag. */
static int parse_reject(struct expect *e, const char *tag, const char *s, char *err, size_t err_len)
{
	char text[160], *name;
	bool more;
	int ret;

	name = field(&s, &more);
	if (!name)
		return -ENOMEM;
	ret = errno__parse(name, &e->err);
	if (ret || e->err == 0) {
		snprintf(text, sizeof(text), "\"%.40s\" is no errno; write a name like EACCES",
			 name);
		say(err, err_len, tag, text);
		ret = -EINVAL;
		goto out;
	}
	if (!more || !*s) {
		say(err, err_len, tag,
		    "the pattern of the message is missing after the errno; write \".*\" if any "
		    "message will do");
		ret = -EINVAL;
		goto out;
	}
	e->pattern = strdup(s);
	if (!e->pattern) {
		ret = -ENOMEM;
		goto out;
	}
	/* With REG_NEWLINE a pattern stays within a line, and ^ and $ are a line's ends. */
	ret = regcomp(&e->regex, s, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
	if (ret) {
		char why[80];

		regerror(ret, &e->regex, why, sizeof(why));
		snprintf(text, sizeof(text), "bad regular expression: %s", why);
		say(err, err_len, tag, text);
		ret = ret == REG_ESPACE ? -ENOMEM : -EINVAL;
		goto out;
	}
	e->has_regex = true;
out:
	free(name);
	return ret;
}

static const struct {
	const char *name;
	enum expect_kind kind;
} kinds[] = {
	{ "accept", EXPECT_ACCEPT },
	{ "reject", EXPECT_REJECT },
	{ "any", EXPECT_ANY },
};

static int parse_kind(struct expect *e, const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i].name, name)) {
			e->kind = kinds[i].kind;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_range(struct expect *e, const char *tag, const char *range, char *err,
		       size_t err_len)
{
	char text[256];
	int ret = krange__parse(range, &e->range, text, sizeof(text));

	if (ret)
		say(err, err_len, tag, text);
	return ret;
}

int expect__parse(const char *tag, struct expect **out, char *err, size_t err_len)
{
	char *kind = NULL, *range = NULL;
	bool more = false;
	struct expect *e;
	const char *s;
	int ret;

	*out = NULL;
	if (!expect__is_tag(tag)) {
		say(err, err_len, tag ? tag : "", "does not start with \"" TAG_PREFIX "\"");
		return -EINVAL;
	}
	s = tag + strlen(TAG_PREFIX);
	e = calloc(1, sizeof(*e));
	kind = field(&s, &more);
	if (!e || !kind) {
		ret = -ENOMEM;
		goto out;
	}
	ret = parse_kind(e, kind);
	if (ret) {
		say(err, err_len, tag,
		    "the word after \"" TAG_PREFIX "\" must be accept, reject or any");
		goto out;
	}
	if (!more) {
		ret = -EINVAL;
		say(err, err_len, tag, "the kernel range is missing; \"*\" stands for all");
		goto out;
	}
	range = field(&s, &more);
	if (!range) {
		ret = -ENOMEM;
		goto out;
	}
	ret = parse_range(e, tag, range, err, err_len);
	if (ret)
		goto out;
	if (e->kind == EXPECT_REJECT) {
		ret = parse_reject(e, tag, s, err, err_len);
	} else if (more) {
		ret = -EINVAL;
		say(err, err_len, tag, "nothing may follow the kernel range of accept and any");
	}
out:
	if (ret == -ENOMEM)
		say(err, err_len, tag, "out of memory");
	free(kind);
	free(range);
	if (ret) {
		expect__free(e);
		return ret;
	}
	*out = e;
	return 0;
}

/* A sentence that quotes those of the tags that are expectations. */
static char *quote_tags(const char *before, const char *const *tags, size_t n, const char *after)
{
	struct strbuf sb = STRBUF_INIT;
	bool first = true;

	strbuf__addf(&sb, "%s", before);
	for (size_t i = 0; i < n; i++) {
		if (!expect__is_tag(tags[i]))
			continue;
		strbuf__addf(&sb, "%s\"%s\"", first ? "" : ", ", tags[i]);
		first = false;
	}
	strbuf__addf(&sb, "%s", after);
	if (sb.failed) {
		strbuf__free(&sb);
		return NULL;
	}
	return strbuf__detach(&sb);
}

/* What the verifier said, as `the log says "…"`; caller frees, NULL on ENOMEM. */
static char *log_says(const char *log)
{
	struct vlog v;
	char *text;

	if (!log || !*log)
		return str_fmt("the log is empty");
	if (vlog__parse(log, 1, &v))
		return NULL;
	text = v.message ? str_fmt("the log says \"%s\"", v.message)
			 : str_fmt("the log gives no reason");
	vlog__release(&v);
	return text;
}

/* Compares one rejection with what was expected; *reason stays NULL when it is as expected. */
static int judge_rejection(const struct expect *e, int err, const char *log, char **reason)
{
	int match = e ? regexec(&e->regex, log ? log : "", 0, NULL, 0) : 0;
	char *says;

	if (e && e->err == err && !match)
		return 0;
	if (match == REG_ESPACE)
		return -ENOMEM;
	says = log_says(log);
	if (!says)
		return -ENOMEM;
	if (!e)
		*reason = str_fmt("expected accept, was rejected with %s: %s", errno__name(err),
				  says);
	else if (e->err == err)
		*reason = str_fmt("message changed: expected /%s/, %s", e->pattern, says);
	else if (!match)
		*reason = str_fmt("errno changed: expected %s /%s/, was %s: %s",
				  errno__name(e->err), e->pattern, errno__name(err), says);
	else
		*reason = str_fmt("expected reject %s /%s/, was rejected with %s: %s",
				  errno__name(e->err), e->pattern, errno__name(err), says);
	free(says);
	return *reason ? 0 : -ENOMEM;
}

/* libbpf refused the program before the kernel saw it. */
static int judge_unseen(const char *expected, int err, const char *refusal, char **reason)
{
	*reason = str_fmt("expected %s, but the program never reached the verifier%s%s%s%s%s",
			  expected, err ? ": " : "", err ? errno__name(err) : "",
			  refusal ? ": libbpf says \"" : "", refusal ? refusal : "",
			  refusal ? "\"" : "");
	return *reason ? 0 : -ENOMEM;
}

/* Compares what was seen with the one expectation that applies. */
static int judge_one(const struct expect *e, enum verdict verdict, int err, const char *log,
		     const char *refusal, struct judgement *out)
{
	bool reject = e->kind == EXPECT_REJECT;
	int ret = 0;

	out->status = STATUS_OK;
	if (e->kind == EXPECT_ANY)
		return 0;
	out->expected = reject ? str_fmt("reject %s /%s/", errno__name(e->err), e->pattern)
			       : strdup("accept");
	if (!out->expected)
		return -ENOMEM;
	switch (verdict) {
	case VERDICT_ACCEPT:
		if (!reject)
			return 0;
		out->reason = str_fmt("expected %s, was accepted", out->expected);
		break;
	case VERDICT_REJECT:
		ret = judge_rejection(reject ? e : NULL, err, log, &out->reason);
		if (ret)
			return ret;
		if (!out->reason)
			return 0;
		break;
	default:
		/* A tag may expect libbpf's refusal, such as that of a missing attach target. */
		if (reject && e->err == err && !regexec(&e->regex, log ? log : "", 0, NULL, 0))
			return 0;
		ret = judge_unseen(out->expected, err, refusal, &out->reason);
		if (ret)
			return ret;
		break;
	}
	out->status = STATUS_UNEXPECTED;
	return out->reason ? 0 : -ENOMEM;
}

bool expect__applies(const char *tag, struct kver kernel, const char *const *features,
		     size_t nr_features)
{
	struct expect *e = NULL;
	bool applies;

	if (!expect__is_tag(tag) || expect__parse(tag, &e, NULL, 0))
		return false;
	applies = krange__match(e->range, kernel, features, nr_features);
	expect__free(e);
	return applies;
}

/* The tags that apply to one kernel. */
struct applying {
	struct expect *expect; /* the first one */
	const char **tags;     /* all of them, and */
	size_t n;	       /* their number */
	size_t seen;	       /* expectations among the tags at all */
};

/* Parses all tags. A mistake in any of them, applying or not, is told in *mistake. */
static int find_applying(struct applying *a, const char *const *tags, size_t nr_tags,
			 struct kver kernel, const char *const *features, size_t nr_features,
			 char **mistake)
{
	char text[512];

	for (size_t i = 0; i < nr_tags; i++) {
		struct expect *e;
		int ret;

		if (!expect__is_tag(tags[i]))
			continue;
		a->seen++;
		ret = expect__parse(tags[i], &e, text, sizeof(text));
		if (ret == -ENOMEM)
			return ret;
		if (ret) {
			*mistake = strdup(text);
			return *mistake ? 0 : -ENOMEM;
		}
		if (!krange__match(e->range, kernel, features, nr_features)) {
			expect__free(e);
			continue;
		}
		a->tags[a->n++] = tags[i];
		if (a->expect)
			expect__free(e);
		else
			a->expect = e;
	}
	return 0;
}

int expect__judge(const char *const *tags, size_t nr_tags, struct kver kernel,
		  const char *const *features, size_t nr_features, enum verdict verdict, int err,
		  const char *log, const char *refusal, struct judgement *out)
{
	struct applying a = { 0 };
	char version[24], before[80];
	int ret;

	*out = (struct judgement){ .status = STATUS_HARNESS };
	a.tags = calloc(nr_tags + 1, sizeof(*a.tags));
	if (!a.tags)
		return -ENOMEM;
	ret = find_applying(&a, tags, nr_tags, kernel, features, nr_features, &out->reason);
	if (ret || out->reason)
		goto out;
	kver__str(kernel, version);
	if (!a.seen) {
		out->status = STATUS_OK;
	} else if (a.n == 1) {
		ret = judge_one(a.expect, verdict, err, log, refusal, out);
	} else if (a.n > 1) {
		snprintf(before, sizeof(before), "%zu tags apply to kernel %s: ", a.n, version);
		out->reason = quote_tags(before, a.tags, a.n,
					 "; narrow their ranges until exactly one does");
		ret = out->reason ? 0 : -ENOMEM;
	} else {
		snprintf(before, sizeof(before), "no tag applies to kernel %s: ", version);
		out->reason = quote_tags(before, tags, nr_tags,
					 "; exactly one must (assay:any:RANGE expects nothing)");
		ret = out->reason ? 0 : -ENOMEM;
	}
out:
	if (ret)
		judgement__release(out);
	expect__free(a.expect);
	free(a.tags);
	return ret;
}

void judgement__release(struct judgement *j)
{
	free(j->reason);
	free(j->expected);
	j->reason = NULL;
	j->expected = NULL;
}
