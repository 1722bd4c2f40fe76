// SPDX-License-Identifier: GPL-2.0-only
#include "study/override_rule.h"

#include <math.h>
#include <stdbool.h>

const char *conclusion__name(enum conclusion c)
{
	static const char *const names[] = { "not decided", "supported", "contradicted" };

	return names[c];
}

enum conclusion conclusion__both(enum conclusion a, enum conclusion b)
{
	if (a == CONTRADICTED || b == CONTRADICTED)
		return CONTRADICTED;
	return a == SUPPORTED && b == SUPPORTED ? SUPPORTED : NOT_DECIDED;
}

enum conclusion conclusion__any(enum conclusion a, enum conclusion b)
{
	if (a == CONTRADICTED || b == CONTRADICTED)
		return CONTRADICTED;
	return a == SUPPORTED || b == SUPPORTED ? SUPPORTED : NOT_DECIDED;
}

static enum conclusion decide(bool supported, bool contradicted)
{
	return supported ? SUPPORTED : contradicted ? CONTRADICTED : NOT_DECIDED;
}

enum conclusion rule__holds(struct proportion p)
{
	struct interval i = stats__wilson(p.k, p.n, RULE_Z);

	return decide(p.n && i.low >= RULE_HOLDS, p.n && i.high < RULE_HOLDS);
}

enum conclusion rule__lost(struct proportion p)
{
	struct interval i = stats__wilson(p.k, p.n, RULE_Z);

	return decide(p.n && i.high <= RULE_LOST, p.n && i.low > RULE_LOST);
}

enum conclusion rule__equal(struct estimate d)
{
	if (isnan(d.value))
		return NOT_DECIDED;
	return decide(d.ci.low >= -RULE_MARGIN && d.ci.high <= RULE_MARGIN,
		      d.ci.low > RULE_MARGIN || d.ci.high < -RULE_MARGIN);
}

enum conclusion rule__rounds(struct proportion p)
{
	struct interval i = stats__wilson(p.k, p.n, RULE_Z);

	if (!p.n)
		return NOT_DECIDED;
	return decide(i.low > 0.5 && (double)p.k >= RULE_ROUNDS * (double)p.n,
		      i.high < RULE_ROUNDS);
}

enum conclusion rule__differs(struct estimate ratio)
{
	return !isnan(ratio.value) && (ratio.ci.low > 1 || ratio.ci.high < 1) ? SUPPORTED
									      : NOT_DECIDED;
}

static unsigned long long needed(enum conclusion (*rule)(struct proportion p))
{
	struct proportion p = { 1, 1 };

	while (rule(p) != SUPPORTED)
		p.k = ++p.n;
	return p.n;
}

unsigned long long rule__reads_needed(void)
{
	return needed(rule__holds);
}

unsigned long long rule__rounds_needed(void)
{
	return needed(rule__rounds);
}
