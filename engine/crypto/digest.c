/* SPDX-License-Identifier: MIT */
#include "crypto/digest.h"

#include "base/suggest.h"
#include "base/utf8.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

#define DIGEST_COUNT (DIGEST_SHA512 + 1)

/* HMAC pads its key to the block of the hash, at most this. */
#define HMAC_BLOCK_MAX 128

static const struct {
    struct str name;
    const char *openssl;
    size_t size, block;
} algorithms[] = {
#define DIGEST_ROW(id, name, openssl, size) {STR_INIT(name), openssl, size, (size) > 32 ? 128 : 64},
    DIGEST_ALGORITHMS(DIGEST_ROW)
#undef DIGEST_ROW
};

/* Written once under pthread_once and immutable after: a handle to OpenSSL's own
 * process-wide method table, which would otherwise be searched per call. */
static const EVP_MD *fetched[DIGEST_COUNT];
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;

static void fetch_all(void)
{
    for (size_t i = 0; i < DIGEST_COUNT; i++)
        fetched[i] = EVP_MD_fetch(NULL, algorithms[i].openssl, NULL);
}

static const EVP_MD *digest_md(enum digest_alg alg, struct err *err)
{
    pthread_once(&fetch_once, fetch_all);
    if (!fetched[alg])
        err_set(err, ERR_DENIED, "the digest '%s' is not available in this OpenSSL",
                algorithms[alg].name.p);
    return fetched[alg];
}

int digest_find(struct str name, enum digest_alg *out, struct err *err)
{
    struct suggest s;
    suggest_init(&s, name);
    for (size_t i = 0; i < DIGEST_COUNT; i++) {
        if (str_eq(algorithms[i].name, name)) {
            *out = (enum digest_alg)i;
            return 0;
        }
        suggest_add(&s, algorithms[i].name);
    }
    char hint[128];
    return err_set(err, ERR_NOT_FOUND, "unknown digest '%.*s'%s",
                   STR_ARG(str_head(name, utf8_offset(name, 32))),
                   suggest_text(&s, hint, sizeof hint));
}

size_t digest_size(enum digest_alg alg)
{
    return algorithms[alg].size;
}

static int openssl_failed(const char *what, struct err *err)
{
    return err_set(err, ERR_DENIED, "%s failed in OpenSSL", what);
}

/* The digest of the concatenation of two strings. */
static int digest_two(enum digest_alg alg, struct str a, struct str b, struct digest *out,
                      struct err *err)
{
    const EVP_MD *md = digest_md(alg, err);
    if (!md)
        return -1;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned n = 0;
    bool ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) && EVP_DigestUpdate(ctx, a.p, a.n) &&
              EVP_DigestUpdate(ctx, b.p, b.n) && EVP_DigestFinal_ex(ctx, out->bytes, &n);
    EVP_MD_CTX_free(ctx);
    out->n = n;
    return ok ? 0 : openssl_failed("a digest", err);
}

int digest_compute(enum digest_alg alg, struct str data, struct digest *out, struct err *err)
{
    return digest_two(alg, data, STR(""), out, err);
}

/* HMAC (RFC 2104) written with the fetched digest, because EVP_MAC would look the
 * digest up again by name in every call. */
int digest_hmac(enum digest_alg alg, struct str key, struct str data, struct digest *out,
                struct err *err)
{
    size_t block = algorithms[alg].block;
    unsigned char pad[HMAC_BLOCK_MAX] = {0};
    struct digest inner;
    int result = -1;
    if (key.n > block) {
        if (digest_compute(alg, key, &inner, err) < 0)
            return -1;
        memcpy(pad, inner.bytes, inner.n);
    } else if (key.n) {
        memcpy(pad, key.p, key.n);
    }
    struct str padded = str_make((const char *)pad, block);
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36;
    if (digest_two(alg, padded, data, &inner, err) < 0)
        goto out;
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    result = digest_two(alg, padded, digest_str(&inner), out, err);
out:
    OPENSSL_cleanse(pad, sizeof pad);
    OPENSSL_cleanse(&inner, sizeof inner);
    return result;
}

int digest_salted_hmac(enum digest_alg alg, struct str salt, struct str data, struct str secret,
                       struct digest *out, struct err *err)
{
    struct digest key;
    if (digest_two(alg, salt, secret, &key, err) < 0)
        return -1;
    int result = digest_hmac(alg, digest_str(&key), data, out, err);
    OPENSSL_cleanse(&key, sizeof key);
    return result;
}

int digest_pbkdf2(enum digest_alg alg, struct str password, struct str salt, uint64_t iterations,
                  void *out, size_t n, struct err *err)
{
    const EVP_MD *md = digest_md(alg, err);
    if (!md)
        return -1;
    if (iterations == 0 || iterations > INT32_MAX)
        return err_set(err, ERR_INVALID, "pbkdf2 takes 1 to %d iterations", INT32_MAX);
    if (n == 0 || n > 1024)
        return err_set(err, ERR_INVALID, "pbkdf2 gives 1 to 1024 bytes");
    if (password.n > INT32_MAX || salt.n > INT32_MAX)
        return err_set(err, ERR_TOO_LARGE, "the password of pbkdf2 is too long");
    /* OpenSSL reads a NULL password as "none given". */
    const char *pass = password.p ? password.p : "";
    const unsigned char *salt_p = (const unsigned char *)(salt.p ? salt.p : "");
    if (!PKCS5_PBKDF2_HMAC(pass, (int)password.n, salt_p, (int)salt.n, (int)iterations, md, (int)n,
                           out))
        return openssl_failed("pbkdf2", err);
    return 0;
}

bool digest_equal(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
