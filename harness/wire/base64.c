// SPDX-License-Identifier: GPL-2.0-only
#include "wire/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64__encode(const void *data, size_t len)
{
	const unsigned char *in = data;
	char *out, *to;

	if (len > (SIZE_MAX - 1) / 4 * 3 - 3)
		return NULL;
	to = out = malloc((len + 2) / 3 * 4 + 1);
	if (!out)
		return NULL;
	for (; len >= 3; in += 3, len -= 3) {
		*to++ = alphabet[in[0] >> 2];
		*to++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
		*to++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
		*to++ = alphabet[in[2] & 63];
	}
	if (len) {
		unsigned char second = len == 2 ? in[1] : 0;

		*to++ = alphabet[in[0] >> 2];
		*to++ = alphabet[(in[0] & 3) << 4 | second >> 4];
		*to++ = len == 2 ? alphabet[(second & 15) << 2] : '=';
		*to++ = '=';
	}
	*to = '\0';
	return out;
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes a group with `n` characters before its padding to n - 1 bytes. */
static int decode_group(const char *s, size_t n, unsigned char *to)
{
	unsigned int bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int v = i < n ? sextet(s[i]) : 0;

		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | (unsigned int)v;
	}
	/* Bits that no byte takes must be zero, so that each text has one encoding. */
	if (bits & ((1u << (8 * (4 - n))) - 1))
		return -EINVAL;
	for (size_t i = 0; i + 1 < n; i++)
		to[i] = bits >> (16 - 8 * i);
	return 0;
}

int base64__decode(const char *s, void **data, size_t *len)
{
	size_t n = strlen(s), pad = 0, at = 0;
	unsigned char *out;
	int err = 0;

	if (n % 4)
		return -EINVAL;
	while (pad < 2 && pad < n && s[n - 1 - pad] == '=')
		pad++;
	out = malloc(n / 4 * 3 + 1);
	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < n && !err; i += 4) {
		size_t used = i + 4 == n ? 4 - pad : 4;

		err = decode_group(s + i, used, out + at);
		at += used - 1;
	}
	if (err) {
		free(out);
		return err;
	}
	out[at] = '\0';
	*data = out;
	*len = at;
	return 0;
}
