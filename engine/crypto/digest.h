/* SPDX-License-Identifier: MIT */
/* Digests, HMAC and key derivation over OpenSSL.  Algorithms are looked up once
 * per process, which costs more than hashing a short string. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/err.h"
#include "base/str.h"

/* name shown to Lua and in stored data, OpenSSL's name, bytes */
#define DIGEST_ALGORITHMS(X)                                                                       \
    X(DIGEST_MD5, "md5", "MD5", 16)                                                                \
    X(DIGEST_SHA1, "sha1", "SHA1", 20)                                                             \
    X(DIGEST_SHA224, "sha224", "SHA2-224", 28)                                                     \
    X(DIGEST_SHA256, "sha256", "SHA2-256", 32)                                                     \
    X(DIGEST_SHA384, "sha384", "SHA2-384", 48)                                                     \
    X(DIGEST_SHA512, "sha512", "SHA2-512", 64)

enum digest_alg {
#define DIGEST_ENUM(id, name, openssl, size) id,
    DIGEST_ALGORITHMS(DIGEST_ENUM)
#undef DIGEST_ENUM
};

#define DIGEST_MAX 64 /* bytes of the longest digest */

/* A digest or MAC by value. */
struct digest {
    unsigned char bytes[DIGEST_MAX];
    size_t n;
};

static inline struct str digest_str(const struct digest *d)
{
    return str_make((const char *)d->bytes, d->n);
}

/* 0, or -1 with ERR_NOT_FOUND naming the nearest known algorithm. */
int digest_find(struct str name, enum digest_alg *out, struct err *err);
size_t digest_size(enum digest_alg alg);

/* Each fills *out and gives 0; -1 with ERR_DENIED when OpenSSL refuses the
 * algorithm (a FIPS provider does so with md5). */
int digest_compute(enum digest_alg alg, struct str data, struct digest *out, struct err *err);
/* MD5 of what is no secret, such as the body of a response; cheap, and always there. */
void digest_md5(struct str data, struct digest *out);
int digest_hmac(enum digest_alg alg, struct str key, struct str data, struct digest *out,
                struct err *err);
/* HMAC under the key digest(salt + secret): Django's salted_hmac. */
int digest_salted_hmac(enum digest_alg alg, struct str salt, struct str data, struct str secret,
                       struct digest *out, struct err *err);

/* PBKDF2 (RFC 8018) into out[0..n); n is 1 .. 1024.  Takes iterations times two
 * hashes of CPU, by intent: callers with an event loop run it elsewhere. */
int digest_pbkdf2(enum digest_alg alg, struct str password, struct str salt, uint64_t iterations,
                  void *out, size_t n, struct err *err);

/* Whether a and b are equal, in a time that depends on their lengths only. */
bool digest_equal(struct str a, struct str b);

#endif
