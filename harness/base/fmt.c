// SPDX-License-Identifier: GPL-2.0-only
#include "base/term.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

const char *fmt_seconds(double s, char *buf, size_t len)
{
	uint64_t t;

	if (!isfinite(s) || s < 0 || s > 1e15) {
		snprintf(buf, len, "?");
		return buf;
	}
	t = (uint64_t)(s + 0.5);
	if (s < 9.95)
		snprintf(buf, len, "%.1f s", s);
	else if (t < 60)
		snprintf(buf, len, "%u s", (unsigned int)t);
	else if (t < 3600)
		snprintf(buf, len, "%u min %u s", (unsigned int)(t / 60), (unsigned int)(t % 60));
	else
		snprintf(buf, len, "%llu h %u min", (unsigned long long)(t / 3600),
			 (unsigned int)(t / 60 % 60));
	return buf;
}

const char *fmt_bytes(double bytes, char *buf, size_t len)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	size_t u = 0;

	if (!isfinite(bytes) || bytes < 0) {
		snprintf(buf, len, "?");
		return buf;
	}
	/* 999.5 would be rounded to "1000". */
	while (bytes >= 999.5 && u + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1000;
		u++;
	}
	snprintf(buf, len, u && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, units[u]);
	return buf;
}

const char *fmt_count(unsigned long long n, char *buf, size_t len)
{
	char digits[24], out[32];
	int nd = snprintf(digits, sizeof(digits), "%llu", n);
	size_t o = 0;

	for (int i = 0; i < nd; i++) {
		if (i && (nd - i) % 3 == 0)
			out[o++] = ',';
		out[o++] = digits[i];
	}
	out[o] = '\0';
	snprintf(buf, len, "%s", out);
	return buf;
}
