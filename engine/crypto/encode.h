/* SPDX-License-Identifier: MIT */
/* Bytes as text: base64 (RFC 4648, both alphabets) and hexadecimal.  Decoding is
 * strict: nothing but the alphabet, right padding, and no unused bits set, so
 * that every text has one reading and every value one text. */
#ifndef CRYPTO_ENCODE_H
#define CRYPTO_ENCODE_H

#include "base/buf.h"
#include "base/err.h"

enum base64_kind {
    BASE64_STANDARD,  /* + and /, padded with = */
    BASE64_URL,       /* - and _, padded */
    BASE64_URL_PLAIN, /* - and _, no padding (decoding allows it) */
};

/* Both add to out; decoding gives -1 with ERR_SYNTAX and leaves out as it was. */
void base64_encode(struct buf *out, struct str data, enum base64_kind kind);
int base64_decode(struct buf *out, struct str text, enum base64_kind kind, struct err *err);

/* Lower case; decoding takes both. */
void hex_encode(struct buf *out, struct str data);
/* The same into 2 * data.n bytes, without a NUL. */
void hex_write(char *out, struct str data);
int hex_decode(struct buf *out, struct str text, struct err *err);

#endif
