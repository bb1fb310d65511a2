/* SPDX-License-Identifier: MIT */
#include "http/conditional.h"

#include "crypto/digest.h"
#include "crypto/encode.h"
#include "http/http_date.h"
#include "http/response.h"

static bool is_weak(struct str tag)
{
    return tag.n > 2 && tag.p[0] == 'W' && tag.p[1] == '/';
}

static struct str without_weak(struct str tag)
{
    return is_weak(tag) ? str_skip(tag, 2) : tag;
}

bool etag_valid(struct str s)
{
    s = without_weak(s);
    return s.n >= 2 && s.p[0] == '"' && str_index(str_skip(s, 1), '"') == s.n - 2;
}

void etag_quote(struct buf *out, struct str s)
{
    bool valid = etag_valid(s);
    if (!valid)
        buf_addc(out, '"');
    buf_addstr(out, s);
    if (!valid)
        buf_addc(out, '"');
}

bool etag_any(struct str value)
{
    return str_eq(str_trim(value), STR("*"));
}

bool etag_next(struct str *rest, struct str *tag)
{
    while (str_split(rest, ',', tag)) {
        *tag = str_trim(*tag);
        if (etag_valid(*tag))
            return true;
    }
    return false;
}

void etag_weaken(struct buf *out, struct str tag)
{
    if (!is_weak(tag))
        buf_adds(out, "W/");
    buf_addstr(out, tag);
}

/* ---- preconditions ---- */

enum tags { TAGS_NONE, TAGS_MATCH, TAGS_DIFFER };

/* Looks for the resource's tag among those of a header. */
static enum tags compare_tags(struct str header, struct str etag, bool weak_too)
{
    enum tags result = TAGS_NONE;
    struct str tag;
    if (etag_any(header))
        return etag.n ? TAGS_MATCH : TAGS_DIFFER;
    while (etag_next(&header, &tag)) {
        result = TAGS_DIFFER;
        if (etag.n == 0)
            continue;
        if (weak_too ? str_eq(without_weak(tag), without_weak(etag))
                     : !is_weak(etag) && str_eq(tag, etag))
            return TAGS_MATCH;
    }
    return result;
}

static bool date_of(const struct headers *request, struct str name, int64_t now, int64_t *date)
{
    struct str value = headers_get(request, name);
    return value.n && http_date_parse(value, now, date);
}

bool conditional_asked(const struct headers *request)
{
    for (unsigned i = 0; i < request->n; i++) {
        struct str name = request->items[i].name;
        if (name.n >= 8 && char_lower(name.p[0]) == 'i' && char_lower(name.p[1]) == 'f' &&
            name.p[2] == '-')
            return true;
    }
    return false;
}

enum conditional conditional_check(const struct headers *request, bool safe, struct str etag,
                                   int64_t last_modified, int64_t now)
{
    enum tags match = compare_tags(headers_get(request, STR("If-Match")), etag, false);
    enum tags none_match = compare_tags(headers_get(request, STR("If-None-Match")), etag, true);
    bool dated = last_modified != LAST_MODIFIED_NONE;
    int64_t date;

    /* The order of RFC 9110, section 13.2.2. */
    if (match == TAGS_DIFFER)
        return CONDITIONAL_FAILED;
    if (match == TAGS_NONE && date_of(request, STR("If-Unmodified-Since"), now, &date) &&
        !(dated && last_modified <= date))
        return CONDITIONAL_FAILED;
    if (none_match == TAGS_MATCH)
        return safe ? CONDITIONAL_NOT_MODIFIED : CONDITIONAL_FAILED;
    if (none_match == TAGS_NONE && safe && date_of(request, STR("If-Modified-Since"), now, &date) &&
        dated && last_modified <= date)
        return CONDITIONAL_NOT_MODIFIED;
    return CONDITIONAL_PASS;
}

struct str conditional_add_etag(struct response *response)
{
    struct digest d;
    digest_md5(response->bytes, &d);
    size_t n = 2 * d.n + 2;
    char *etag = arena_alloc(&response->arena, n + 1);
    etag[0] = etag[n - 1] = '"';
    hex_write(etag + 1, digest_str(&d));
    etag[n] = '\0';
    headers_put(&response->headers, STR("ETag"), str_make(etag, n));
    return str_make(etag, n);
}

void conditional_not_modified(struct response *r)
{
    static const struct str kept[] = {
        STR_INIT("Cache-Control"), STR_INIT("Content-Location"),
        STR_INIT("Date"),          STR_INIT("ETag"),
        STR_INIT("Expires"),       STR_INIT("Last-Modified"),
        STR_INIT("Set-Cookie"),    STR_INIT("Vary"),
    };
    struct headers old = r->headers;

    headers_init(&r->headers, &r->arena);
    for (unsigned i = 0; i < old.n; i++)
        for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
            if (str_ieq(old.items[i].name, kept[k]))
                headers_put(&r->headers, old.items[i].name, old.items[i].value);
    r->status = 304;
    r->reason = STR_NULL;
    response_clear_body(r);
}
