// SPDX-License-Identifier: GPL-2.0-only
#include "base/num.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 16;
}

/* Reads digits from *s on and leaves *s after them; no sign, no blanks. A number that is too
 * large is still read to its end, so that the rest can be checked: "99999999999999999999x" is no
 * number rather than out of range. */
static int magnitude(const char **s, uint64_t *out)
{
	int base = 10, err = 0;
	const char *p = *s;
	uint64_t v = 0;

	if (p[0] == '0' && (p[1] | 0x20) == 'x') {
		base = 16;
		p += 2;
	}
	if (digit(*p) >= base)
		return -EINVAL;
	for (; digit(*p) < base; p++) {
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit(*p), &v))
			err = -ERANGE;
	}
	*s = p;
	*out = v;
	return err;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static int scaled(const char *s, const struct unit *units, uint64_t min, uint64_t max,
		  uint64_t *out)
{
	uint64_t v;
	int err;

	if (!s)
		return -EINVAL;
	err = magnitude(&s, &v);
	if (err == -EINVAL)
		return err;
	while (units->name && strcasecmp(s, units->name))
		units++;
	if (!units->name)
		return -EINVAL;
	if (err)
		return err;
	if (__builtin_mul_overflow(v, units->factor, &v) || v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int num_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	static const struct unit units[] = { { "", 1 }, { NULL, 0 } };

	return scaled(s, units, min, max, out);
}

int num_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = s && *s == '-';
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	uint64_t u;
	int64_t v;
	int err;

	err = num_u64(negative ? s + 1 : s, 0, limit, &u);
	if (err)
		return err;
	v = negative ? (int64_t)(0 - u) : (int64_t)u;
	if (v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

static const char *skip_digits(const char *s)
{
	while (*s >= '0' && *s <= '9')
		s++;
	return s;
}

/* strtod also reads blanks, hex, "inf" and "nan": none of them is a number that a user means. */
static bool is_decimal(const char *s)
{
	const char *whole, *after;

	if (*s == '-' || *s == '+')
		s++;
	whole = s;
	s = skip_digits(s);
	if (*s == '.') {
		after = s + 1;
		s = skip_digits(after);
		if (s == after && after - 1 == whole)
			return false;
	} else if (s == whole) {
		return false;
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		if (*s == '-' || *s == '+')
			s++;
		after = s;
		s = skip_digits(s);
		if (s == after)
			return false;
	}
	return !*s;
}

int num_double(const char *s, double min, double max, double *out)
{
	locale_t c;
	double v;

	if (!s || !is_decimal(s))
		return -EINVAL;
	/* The user's locale may have another decimal point. */
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c)
		return -ENOMEM;
	v = strtod_l(s, NULL, c);
	freelocale(c);
	if (!isfinite(v) || v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int num_size(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	static const struct unit units[] = {
		{ "", 1 },	     { "K", 1ull << 10 }, { "M", 1ull << 20 },
		{ "G", 1ull << 30 }, { "T", 1ull << 40 }, { NULL, 0 },
	};

	return scaled(s, units, min, max, out);
}

int num_duration_ms(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	static const struct unit units[] = {
		{ "", 1000 },
		{ "ms", 1 },
		{ "s", 1000 },
		{ "m", 60 * 1000 },
		{ "h", 60 * 60 * 1000 },
		{ NULL, 0 },
	};

	return scaled(s, units, min, max, out);
}

int num_bool(const char *s, int *out)
{
	static const struct {
		const char *word;
		int value;
	} words[] = {
		{ "yes", 1 }, { "on", 1 },  { "true", 1 },  { "1", 1 },
		{ "no", 0 },  { "off", 0 }, { "false", 0 }, { "0", 0 },
	};

	if (!s)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(s, words[i].word)) {
			*out = words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}
