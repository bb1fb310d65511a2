/* SPDX-License-Identifier: MIT */
/* perilune._crypto: digests, random text, base64, zlib.  Private; perilune.signing
 * and perilune.utils.crypto are what apps see. */
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"

#include "base/banned.h"
#include "crypto/digest.h"
#include "crypto/encode.h"
#include "crypto/random.h"
#include "crypto/zip.h"

static enum digest_alg check_algorithm(lua_State *L, int arg)
{
    enum digest_alg alg;
    struct err e;
    struct str name = scratch_opt(L, arg);
    if (digest_find(name.p ? name : STR("sha256"), &alg, &e) < 0)
        exception_raise(L, "ValueError", "%s", e.msg);
    return alg;
}

static int push_digest(lua_State *L, const struct digest *d)
{
    lua_pushlstring(L, (const char *)d->bytes, d->n);
    return 1;
}

/* digest(algorithm, data) -> bytes */
static int crypto_l_digest(lua_State *L)
{
    struct digest d;
    struct err e;
    if (digest_compute(check_algorithm(L, 1), scratch_arg(L, 2), &d, &e) < 0)
        return exception_raise_err(L, &e);
    return push_digest(L, &d);
}

/* hmac(algorithm, key, data) -> bytes */
static int crypto_l_hmac(lua_State *L)
{
    struct digest d;
    struct err e;
    if (digest_hmac(check_algorithm(L, 1), scratch_arg(L, 2), scratch_arg(L, 3), &d, &e) < 0)
        return exception_raise_err(L, &e);
    return push_digest(L, &d);
}

/* salted_hmac(salt, data, secret, algorithm) -> bytes */
static int crypto_l_salted_hmac(lua_State *L)
{
    struct digest d;
    struct err e;
    struct str salt = scratch_arg(L, 1), data = scratch_arg(L, 2), secret = scratch_arg(L, 3);
    if (digest_salted_hmac(check_algorithm(L, 4), salt, data, secret, &d, &e) < 0)
        return exception_raise_err(L, &e);
    return push_digest(L, &d);
}

/* base64_hmac(salt, data, secret, algorithm) -> URL-safe text: one signature */
static int crypto_l_base64_hmac(lua_State *L)
{
    struct digest d;
    struct err e;
    struct str salt = scratch_arg(L, 1), data = scratch_arg(L, 2), secret = scratch_arg(L, 3);
    if (digest_salted_hmac(check_algorithm(L, 4), salt, data, secret, &d, &e) < 0)
        return exception_raise_err(L, &e);
    struct buf *out = scratch(L);
    base64_encode(out, digest_str(&d), BASE64_URL_PLAIN);
    return scratch_push(L, out);
}

/* pbkdf2(algorithm, password, salt, iterations, length) -> bytes; length 0: the digest's */
static int crypto_l_pbkdf2(lua_State *L)
{
    unsigned char key[1024];
    struct err e;
    enum digest_alg alg = check_algorithm(L, 1);
    struct str password = scratch_arg(L, 2), salt = scratch_arg(L, 3);
    lua_Integer iterations = luaL_checkinteger(L, 4), n = luaL_optinteger(L, 5, 0);
    luaL_argcheck(L, iterations > 0, 4, "must be positive");
    luaL_argcheck(L, n >= 0 && n <= (lua_Integer)sizeof key, 5, "must be 0 to 1024");
    size_t length = n ? (size_t)n : digest_size(alg);
    if (digest_pbkdf2(alg, password, salt, (uint64_t)iterations, key, length, &e) < 0)
        return exception_raise_err(L, &e);
    lua_pushlstring(L, (const char *)key, length);
    return 1;
}

/* equal(a, b) -> boolean, in constant time */
static int crypto_l_equal(lua_State *L)
{
    lua_pushboolean(L, digest_equal(scratch_arg(L, 1), scratch_arg(L, 2)));
    return 1;
}

/* random_bytes(n) -> bytes */
static int crypto_l_random_bytes(lua_State *L)
{
    luaL_Buffer b;
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 0 && n <= 1 << 20, 1, "must be 0 to 1048576");
    random_bytes(luaL_buffinitsize(L, &b, (size_t)n), (size_t)n);
    luaL_pushresultsize(&b, (size_t)n);
    return 1;
}

/* random_string(n, alphabet) -> text */
static int crypto_l_random_string(lua_State *L)
{
    luaL_Buffer b;
    struct err e;
    lua_Integer n = luaL_checkinteger(L, 1);
    struct str alphabet = scratch_opt(L, 2);
    luaL_argcheck(L, n >= 0 && n <= 1 << 20, 1, "must be 0 to 1048576");
    char *p = luaL_buffinitsize(L, &b, (size_t)n * 4);
    int64_t made = random_string(p, (size_t)n, alphabet.p ? alphabet : RANDOM_ALPHABET, &e);
    if (made < 0)
        return exception_raise_err(L, &e);
    luaL_pushresultsize(&b, (size_t)made);
    return 1;
}

static const char *const base64_kinds[] = {"standard", "url", "url_plain", NULL};

/* base64_encode(data, kind) -> text */
static int crypto_l_base64_encode(lua_State *L)
{
    struct str data = scratch_arg(L, 1);
    enum base64_kind kind = (enum base64_kind)luaL_checkoption(L, 2, "standard", base64_kinds);
    struct buf *out = scratch(L);
    base64_encode(out, data, kind);
    return scratch_push(L, out);
}

static int push_failure(lua_State *L, const struct err *e)
{
    luaL_pushfail(L);
    lua_pushstring(L, e->msg);
    return 2;
}

/* base64_decode(text, kind) -> bytes; or nil, message */
static int crypto_l_base64_decode(lua_State *L)
{
    struct err e;
    struct str text = scratch_arg(L, 1);
    enum base64_kind kind = (enum base64_kind)luaL_checkoption(L, 2, "standard", base64_kinds);
    struct buf *out = scratch(L);
    return base64_decode(out, text, kind, &e) < 0 ? push_failure(L, &e) : scratch_push(L, out);
}

/* hex(bytes) -> text */
static int crypto_l_hex(lua_State *L)
{
    struct str data = scratch_arg(L, 1);
    struct buf *out = scratch(L);
    hex_encode(out, data);
    return scratch_push(L, out);
}

/* unhex(text) -> bytes; or nil, message */
static int crypto_l_unhex(lua_State *L)
{
    struct err e;
    struct str text = scratch_arg(L, 1);
    struct buf *out = scratch(L);
    return hex_decode(out, text, &e) < 0 ? push_failure(L, &e) : scratch_push(L, out);
}

/* compress(data) -> bytes */
static int crypto_l_compress(lua_State *L)
{
    struct err e;
    struct str data = scratch_arg(L, 1);
    struct buf *out = scratch(L);
    if (zip_compress(out, data, &e) < 0)
        return exception_raise_err(L, &e);
    return scratch_push(L, out);
}

/* decompress(bytes, limit) -> data; or nil, message */
static int crypto_l_decompress(lua_State *L)
{
    struct err e;
    struct str data = scratch_arg(L, 1);
    lua_Integer limit = luaL_checkinteger(L, 2);
    luaL_argcheck(L, limit >= 0, 2, "must not be negative");
    struct buf *out = scratch(L);
    return zip_decompress(out, data, (size_t)limit, &e) < 0 ? push_failure(L, &e)
                                                            : scratch_push(L, out);
}

/* crc32(data) -> integer */
static int crypto_l_crc32(lua_State *L)
{
    lua_pushinteger(L, zip_crc32(scratch_arg(L, 1)));
    return 1;
}

/* now() -> seconds since 1970, with a fraction */
static int crypto_l_now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)host_realtime(host_of(L)) / (lua_Number)CLOCK_SECOND);
    return 1;
}

static const luaL_Reg functions[] = {
    {"digest", crypto_l_digest},
    {"hmac", crypto_l_hmac},
    {"salted_hmac", crypto_l_salted_hmac},
    {"base64_hmac", crypto_l_base64_hmac},
    {"pbkdf2", crypto_l_pbkdf2},
    {"equal", crypto_l_equal},
    {"random_bytes", crypto_l_random_bytes},
    {"random_string", crypto_l_random_string},
    {"base64_encode", crypto_l_base64_encode},
    {"base64_decode", crypto_l_base64_decode},
    {"hex", crypto_l_hex},
    {"unhex", crypto_l_unhex},
    {"compress", crypto_l_compress},
    {"decompress", crypto_l_decompress},
    {"crc32", crypto_l_crc32},
    {"now", crypto_l_now},
    {NULL, NULL},
};

int luaopen_perilune__crypto(lua_State *L)
{
    scratch_newlib(L, functions);
    return 1;
}
