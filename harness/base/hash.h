/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_HASH_H
#define ASSAY_BASE_HASH_H

#include <stddef.h>

#define HASH_HEX 65 /* SHA-256 as lower-case hex, with the NUL */

/* SHA-256 (libcrypto), for cache keys and checksums. */
struct hash;
struct hash *hash__new(void); /* NULL on ENOMEM */
void hash__add(struct hash *h, const void *data, size_t len);
/* Adds the string with its length, so that "ab","c" and "a","bc" differ. NULL counts as "". */
void hash__add_str(struct hash *h, const char *s);
int hash__add_file(struct hash *h, const char *path); /* contents; 0 or -errno */
/* Ends and frees h. hex is "" when libcrypto failed. */
void hash__end(struct hash *h, char hex[HASH_HEX]);
int hash_file(const char *path, char hex[HASH_HEX]);

#endif
