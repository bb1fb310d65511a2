/* SPDX-License-Identifier: MIT */
/* zlib streams (RFC 1950) of whole strings, for signed values and stored data. */
#ifndef CRYPTO_ZIP_H
#define CRYPTO_ZIP_H

#include "base/buf.h"
#include "base/err.h"

/* Level 6: the same bytes that Python's zlib.compress gives. */
int zip_compress(struct buf *out, struct str data, struct err *err);
/* -1 with ERR_SYNTAX when data is no whole zlib stream, ERR_TOO_LARGE past
 * `limit` bytes of output; out is as before then. */
int zip_decompress(struct buf *out, struct str data, size_t limit, struct err *err);

uint32_t zip_crc32(struct str data);

#endif
