// SPDX-License-Identifier: GPL-2.0-only
#include "study/override_text.h"

#include <math.h>
#include <string.h>

#include "base/term.h"
#include "study/override_rule.h"

#define UNKNOWN "–"

void text__count(struct strbuf *sb, unsigned long long n)
{
	char buf[32];

	strbuf__addf(sb, "%s", fmt_count(n, buf, sizeof(buf)));
}

void text__of(struct strbuf *sb, struct proportion p)
{
	text__count(sb, p.k);
	strbuf__addf(sb, " of ");
	text__count(sb, p.n);
}

/* Rounded away from the middle, so that a bound of 99.996 does not become 100. */
static double outwards(double percent, bool low)
{
	double scale = percent > 99.9 || percent < 0.1 ? 1000 : 10;

	return (low ? floor(percent * scale) : ceil(percent * scale)) / scale;
}

void text__interval(struct strbuf *sb, struct proportion p)
{
	struct interval i = stats__wilson(p.k, p.n, RULE_Z);

	if (!p.n)
		strbuf__addf(sb, UNKNOWN);
	else
		strbuf__addf(sb, "%.6g–%.6g %%", outwards(100 * i.low, true),
			     outwards(100 * i.high, false));
}

void text__proportion(struct strbuf *sb, struct proportion p)
{
	if (!p.n) {
		strbuf__addf(sb, UNKNOWN);
		return;
	}
	text__of(sb, p);
	strbuf__addf(sb, " (");
	text__interval(sb, p);
	strbuf__addf(sb, ")");
}

void text__points(struct strbuf *sb, struct estimate d)
{
	if (isnan(d.value))
		strbuf__addf(sb, UNKNOWN);
	else
		strbuf__addf(sb, "%+.2f [%.2f, %.2f]", 100 * d.value, 100 * d.ci.low,
			     100 * d.ci.high);
}

void text__ratio(struct strbuf *sb, struct estimate r)
{
	if (isnan(r.value))
		strbuf__addf(sb, UNKNOWN);
	else if (isinf(r.ci.high))
		strbuf__addf(sb, "× %.3g [too few]", r.value);
	else
		strbuf__addf(sb, "× %.3g [%.3g, %.3g]", r.value, r.ci.low, r.ci.high);
}

void text__number(struct strbuf *sb, double value)
{
	if (isnan(value))
		strbuf__addf(sb, UNKNOWN);
	else if (value >= 1000 && value < 1e18)
		text__count(sb, (unsigned long long)llround(value));
	else
		strbuf__addf(sb, "%.3g", value);
}

void text__ns(struct strbuf *sb, double ns)
{
	static const char *const units[] = { "ns", "µs", "ms", "s" };
	size_t u = 0;

	if (!isfinite(ns)) {
		strbuf__addf(sb, UNKNOWN);
		return;
	}
	while (fabs(ns) >= 999.5 && u + 1 < sizeof(units) / sizeof(units[0])) {
		ns /= 1000;
		u++;
	}
	strbuf__addf(sb, "%.3g %s", ns, units[u]);
}

void text__ns_list(struct strbuf *sb, const double *ns, size_t n)
{
	text__ns(sb, ns[0]);
	if (n < 3 || !isfinite(ns[0]) || !isfinite(ns[1]) || !isfinite(ns[2]))
		return;
	strbuf__addf(sb, " (");
	text__ns(sb, ns[1]);
	strbuf__addf(sb, "–");
	text__ns(sb, ns[2]);
	strbuf__addf(sb, ")");
}

void text__counted(struct strbuf *sb, unsigned long long n, const char *one, const char *many)
{
	text__count(sb, n);
	strbuf__addf(sb, " %s", n == 1 ? one : many);
}

void text__escaped(struct strbuf *sb, const char *s)
{
	for (; s && *s; s++) {
		if (*s == '<')
			strbuf__addf(sb, "&lt;");
		else if (*s == '&')
			strbuf__addf(sb, "&amp;");
		else if ((unsigned char)*s < ' ')
			strbuf__addf(sb, " ");
		else if (strchr("|*_`\\[]~$", *s))
			strbuf__addf(sb, "\\%c", *s);
		else
			strbuf__add(sb, s, 1);
	}
}

void text__list(struct strbuf *sb, const struct strv *names)
{
	for (size_t i = 0; i < names->n; i++)
		strbuf__addf(sb, "%s%s", !i ? "" : i + 1 < names->n ? ", " : " and ", names->v[i]);
}
