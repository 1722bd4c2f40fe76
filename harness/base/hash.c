// SPDX-License-Identifier: GPL-2.0-only
/* The only file of base that needs libcrypto: the static guest never pulls it in. */
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct hash {
	EVP_MD_CTX *ctx;
	bool failed;
};

static void destroy(struct hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

struct hash *hash__new(void)
{
	struct hash *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
		destroy(h);
		return NULL;
	}
	return h;
}

void hash__add(struct hash *h, const void *data, size_t len)
{
	if (len && EVP_DigestUpdate(h->ctx, data, len) != 1)
		h->failed = true;
}

void hash__add_str(struct hash *h, const char *s)
{
	size_t len = s ? strlen(s) : 0;
	unsigned char prefix[8];

	for (int i = 0; i < 8; i++)
		prefix[i] = (uint64_t)len >> (8 * i);
	hash__add(h, prefix, sizeof(prefix));
	hash__add(h, s, len);
}

int hash__add_file(struct hash *h, const char *path)
{
	unsigned char buf[32768];
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		hash__add(h, buf, n);
	}
	close(fd);
	return err;
}

void hash__end(struct hash *h, char hex[HASH_HEX])
{
	unsigned char md[EVP_MAX_MD_SIZE] = { 0 };
	unsigned int n = 0;

	if (EVP_DigestFinal_ex(h->ctx, md, &n) != 1 || h->failed || n != 32)
		n = 0;
	for (unsigned int i = 0; i < n; i++) {
		hex[2 * i] = "0123456789abcdef"[md[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[md[i] & 15];
	}
	hex[2 * n] = '\0';
	destroy(h);
}

int hash_file(const char *path, char hex[HASH_HEX])
{
	struct hash *h = hash__new();
	int err;

	if (!h)
		return -ENOMEM;
	err = hash__add_file(h, path);
	hash__end(h, hex);
	if (!err && !hex[0])
		err = -EIO;
	return err;
}
