/* SPDX-License-Identifier: MIT */
/* Functions of text, which count characters and not bytes; hashes; regular expressions. */
#include "db/sqlite_functions.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "crypto/encode.h"
#include "value/regex.h"
#include "value/unicode.h"

enum { RESULT_MAX = 64 * 1024 * 1024 };

/* Bytes of the first `count` characters (all of them when there are fewer). */
static size_t bytes_of(struct str s, int64_t count)
{
    size_t at = 0;
    uint32_t cp;
    for (; count > 0 && at < s.n; count--)
        at += unicode_next(str_skip(s, at), &cp);
    return at;
}

static int64_t length_of(struct str s)
{
    int64_t n = 0;
    uint32_t cp;
    for (size_t at = 0; at < s.n; n++)
        at += unicode_next(str_skip(s, at), &cp);
    return n;
}

/* Python's s[:count]: a negative count leaves as many away at the end. */
static struct str head_of(struct str s, int64_t count)
{
    if (count < 0)
        count = length_of(s) + count < 0 ? 0 : length_of(s) + count;
    return str_head(s, bytes_of(s, count));
}

/* `count` characters of the text over and over. */
static void add_filled(struct buf *out, struct str fill, int64_t count)
{
    int64_t length = length_of(fill);
    for (; length > 0 && count >= length; count -= length)
        buf_addstr(out, fill);
    if (length > 0)
        buf_addstr(out, head_of(fill, count));
}

static bool too_big(sqlite3_context *ctx, int64_t count, struct str unit)
{
    if (count <= 0 || !unit.n || count <= (int64_t)(RESULT_MAX / unit.n))
        return false;
    sqlite3_result_error_toobig(ctx);
    return true;
}

static void give(sqlite3_context *ctx, struct buf *text)
{
    function_result(ctx, buf_str(text));
    buf_release(text);
}

static void pad(sqlite3_context *ctx, sqlite3_value **args, bool left)
{
    struct str text = function_text(args[0]), fill = function_text(args[2]);
    int64_t length = sqlite3_value_int64(args[1]), missing;
    struct buf out = BUF_INIT;
    if (function_null(3, args) || too_big(ctx, length, fill))
        return;
    missing = length - length_of(text);
    if (missing <= 0) {
        function_result(ctx, head_of(text, length));
        return;
    }
    if (!left)
        buf_addstr(&out, text);
    add_filled(&out, fill, missing);
    if (left)
        buf_addstr(&out, text);
    give(ctx, &out);
}

static void lpad(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    (void)n;
    pad(ctx, args, true);
}

static void rpad(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    (void)n;
    pad(ctx, args, false);
}

static void repeat(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct str text = function_text(args[0]);
    int64_t count = sqlite3_value_int64(args[1]);
    struct buf out = BUF_INIT;
    if (function_null(n, args) || too_big(ctx, count, text))
        return;
    for (; text.n && count > 0; count--)
        buf_addstr(&out, text);
    give(ctx, &out);
}

static void reverse(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct str text = function_text(args[0]);
    char *out;
    if (function_null(n, args))
        return;
    out = mem_alloc(text.n + 1);
    for (size_t at = 0, size; at < text.n; at += size) {
        uint32_t cp;
        size = unicode_next(str_skip(text, at), &cp);
        memcpy(out + text.n - at - size, text.p + at, size);
    }
    sqlite3_result_text64(ctx, out, text.n, free, SQLITE_UTF8);
}

/* ---- hashes ---- */

static void hash(sqlite3_context *ctx, sqlite3_value **args, enum digest_alg alg)
{
    struct digest d;
    struct err err;
    struct buf hex = BUF_INIT;
    if (function_null(1, args))
        return;
    if (digest_compute(alg, function_text(args[0]), &d, &err) != 0) {
        sqlite3_result_error(ctx, err.msg, -1);
        return;
    }
    hex_encode(&hex, digest_str(&d));
    give(ctx, &hex);
}

#define HASH(name, alg)                                                                            \
    static void name(sqlite3_context *ctx, int n, sqlite3_value **args)                            \
    {                                                                                              \
        (void)n;                                                                                   \
        hash(ctx, args, alg);                                                                      \
    }
HASH(md5, DIGEST_MD5)
HASH(sha1, DIGEST_SHA1)
HASH(sha224, DIGEST_SHA224)
HASH(sha256, DIGEST_SHA256)
HASH(sha384, DIGEST_SHA384)
HASH(sha512, DIGEST_SHA512)
#undef HASH

/* ---- regular expressions ---- */

static void drop_regex(void *regex)
{
    regex_free(regex);
}

/* The pattern compiled; kept while the statement runs when it is constant. */
static struct regex *regex_of(sqlite3_context *ctx, sqlite3_value **args)
{
    struct regex *r = sqlite3_get_auxdata(ctx, 0);
    struct err err;
    if (r)
        return r;
    r = regex_new(function_text(args[0]), 0, &err);
    if (!r) {
        err_prefix(&err, "regexp");
        sqlite3_result_error(ctx, err.msg, -1);
        return NULL;
    }
    sqlite3_set_auxdata(ctx, 0, r, drop_regex);
    return sqlite3_get_auxdata(ctx, 0); /* NULL when memory is out: it was dropped */
}

/* regexp(pattern, text): `text REGEXP pattern` */
static void regexp(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct regex *r;
    struct err err;
    int found;
    if (function_null(n, args) || !(r = regex_of(ctx, args)))
        return;
    found = regex_run(r, function_text(args[1]), 0, REGEX_SEARCH, &err);
    if (found < 0)
        sqlite3_result_error(ctx, err.msg, -1);
    else
        sqlite3_result_int(ctx, found);
}

const struct sqlite_function sqlite_text_functions[] = {
    {.name = "LPAD", .nargs = 3, .call = lpad},
    {.name = "RPAD", .nargs = 3, .call = rpad},
    {.name = "REPEAT", .nargs = 2, .call = repeat},
    {.name = "REVERSE", .nargs = 1, .call = reverse},
    {.name = "MD5", .nargs = 1, .call = md5},
    {.name = "SHA1", .nargs = 1, .call = sha1},
    {.name = "SHA224", .nargs = 1, .call = sha224},
    {.name = "SHA256", .nargs = 1, .call = sha256},
    {.name = "SHA384", .nargs = 1, .call = sha384},
    {.name = "SHA512", .nargs = 1, .call = sha512},
    {.name = "regexp", .nargs = 2, .call = regexp},
    {0},
};
