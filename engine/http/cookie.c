/* SPDX-License-Identifier: MIT */
#include "http/cookie.h"

#include "base/utf8.h"
#include "http/http_date.h"
#include "http/response.h"

#include <inttypes.h>

/* ---- values ---- */

/* What may stand in a name, and in a value without quotes. */
static bool is_legal(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (c && strchr("!#$%&'*+-.^_`|~:", c));
}

static bool all_legal(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_legal(s.p[i]))
            return false;
    return s.n > 0;
}

/* Everything below U+0100 that is neither legal nor harmless in quotes is \ooo;
 * what is above stays UTF-8. */
static void add_quoted(struct buf *out, uint32_t cp, struct str bytes)
{
    if (cp > 0xff ||
        (cp < 0x80 && (is_legal((char)cp) || (cp && strchr(" ()/<=>?@[]{}", (int)cp)))))
        buf_addstr(out, bytes);
    else if (cp == '"' || cp == '\\')
        buf_addf(out, "\\%c", (int)cp);
    else
        buf_addf(out, "\\%03o", cp);
}

void cookie_quote(struct buf *out, struct str value)
{
    if (all_legal(value)) {
        buf_addstr(out, value);
        return;
    }
    buf_addc(out, '"');
    while (value.n) {
        uint32_t cp = 0xfffd;
        size_t n = utf8_decode(value, &cp);
        if (n)
            add_quoted(out, cp, str_head(value, n));
        else
            utf8_add(out, cp);
        value = str_skip(value, n ? n : 1);
    }
    buf_addc(out, '"');
}

static bool is_octal(struct str s)
{
    return s.n >= 3 && s.p[0] >= '0' && s.p[0] <= '3' && s.p[1] >= '0' && s.p[1] <= '7' &&
           s.p[2] >= '0' && s.p[2] <= '7';
}

void cookie_unquote(struct buf *out, struct str s)
{
    if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"') {
        buf_addstr(out, s);
        return;
    }
    s = str_make(s.p + 1, s.n - 2);
    while (s.n) {
        size_t slash = str_index(s, '\\');
        buf_add(out, s.p, slash);
        s = str_skip(s, slash + 1);
        if (slash && s.n == 0)
            break;
        if (is_octal(s)) {
            utf8_add(out, (uint32_t)((s.p[0] - '0') << 6 | (s.p[1] - '0') << 3 | (s.p[2] - '0')));
            s = str_skip(s, 3);
        } else if (s.n) {
            buf_addc(out, s.p[0]);
            s = str_skip(s, 1);
        }
    }
}

/* ---- reading ---- */

static struct str trim(struct str s)
{
    while (s.n && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r')))
        s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || (s.p[s.n - 1] >= '\t' && s.p[s.n - 1] <= '\r')))
        s.n--;
    return s;
}

static void add_text(struct query *out, struct str name, struct str value)
{
    struct buf text = BUF_INIT;
    size_t split;
    utf8_add_replaced(&text, name);
    split = text.n;
    if (value.n >= 2 && value.p[0] == '"') {
        struct buf raw = BUF_INIT;
        cookie_unquote(&raw, value);
        utf8_add_replaced(&text, buf_str(&raw));
        buf_release(&raw);
    } else {
        utf8_add_replaced(&text, value);
    }
    query_set(out, str_make(text.data, split), str_skip(buf_str(&text), split));
    buf_release(&text);
}

int cookies_parse(struct query *out, struct str header, struct err *err)
{
    struct str part;
    if (header.n > COOKIE_HEADER_MAX)
        return err_set(err, ERR_TOO_LARGE, "the Cookie header has %zu bytes, %d are allowed",
                       header.n, COOKIE_HEADER_MAX);
    if (header.n == 0)
        return 0;
    while (str_split(&header, ';', &part)) {
        size_t eq = str_index(part, '=');
        bool named = eq < part.n;
        struct str name = named ? trim(str_head(part, eq)) : STR("");
        struct str value = trim(named ? str_skip(part, eq + 1) : part);
        if (name.n || value.n)
            add_text(out, name, value);
    }
    return 0;
}

/* ---- setting ---- */

static bool is_reserved(struct str name)
{
    static const struct str reserved[] = {
        STR_INIT("comment"), STR_INIT("domain"),      STR_INIT("expires"), STR_INIT("httponly"),
        STR_INIT("max-age"), STR_INIT("partitioned"), STR_INIT("path"),    STR_INIT("samesite"),
        STR_INIT("secure"),  STR_INIT("version"),
    };
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (str_ieq(name, reserved[i]))
            return true;
    return false;
}

static int check_name(struct str name, struct err *err)
{
    if (!all_legal(name))
        return err_set(err, ERR_INVALID,
                       "illegal cookie name '%.*s': letters, digits and !#$%%&'*+-.^_`|~: may be "
                       "used",
                       STR_ARG(str_head(name, 100)));
    if (is_reserved(name))
        return err_set(err, ERR_INVALID, "'%.*s' is an attribute and no name for a cookie",
                       STR_ARG(name));
    return 0;
}

static int check_attribute(const char *attribute, struct str value, struct err *err)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == ';' || (unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
            return err_set(err, ERR_INVALID,
                           "%s of a cookie may not hold ';' or control characters", attribute);
    return 0;
}

static bool has_prefix(struct str name, struct str prefix)
{
    return str_ieq(str_head(name, prefix.n), prefix); /* browsers compare without case */
}

/* What browsers would silently drop. */
static int check_promises(struct str name, const struct cookie_options *o, struct err *err)
{
    bool none = str_ieq(o->samesite, STR("none"));
    if (o->samesite.n && !none && !str_ieq(o->samesite, STR("lax")) &&
        !str_ieq(o->samesite, STR("strict")))
        return err_set(err, ERR_INVALID, "samesite must be \"lax\", \"none\", or \"strict\".");
    if (none && !o->secure)
        return err_set(err, ERR_INVALID, "cookie '%.*s' with samesite none needs secure = true",
                       STR_ARG(name));
    if ((has_prefix(name, STR("__Secure-")) || has_prefix(name, STR("__Host-"))) && !o->secure)
        return err_set(err, ERR_INVALID, "cookie '%.*s' needs secure = true for its prefix",
                       STR_ARG(name));
    if (has_prefix(name, STR("__Host-")) &&
        (o->domain.n || (o->path.p && !str_eq(o->path, STR("/")))))
        return err_set(err, ERR_INVALID,
                       "cookie '%.*s' may have no domain and no path but '/' for its prefix",
                       STR_ARG(name));
    return 0;
}

static int check(struct str name, const struct cookie_options *o, struct err *err)
{
    if (check_name(name, err) || check_attribute("path", o->path, err) ||
        check_attribute("domain", o->domain, err) || check_attribute("expires", o->expires, err))
        return -1;
    return check_promises(name, o, err);
}

struct cookie *cookie_find(const struct response *r, struct str name)
{
    struct cookie *c = r->cookies;
    while (c && !str_eq(c->name, name))
        c = c->next;
    return c;
}

static struct cookie *find_or_add(struct response *r, struct str name)
{
    struct cookie **end = &r->cookies;
    while (*end && !str_eq((*end)->name, name))
        end = &(*end)->next;
    if (!*end) {
        *end = arena_zalloc(&r->arena, sizeof **end);
        (*end)->name = arena_str(&r->arena, name);
    }
    return *end;
}

static struct str copy(struct response *r, struct str s)
{
    return s.n ? arena_str(&r->arena, s) : STR("");
}

int cookie_set(struct response *r, struct str name, struct str value,
               const struct cookie_options *o, int64_t now, struct err *err)
{
    char date[HTTP_DATE_SIZE];
    if (check(name, o, err))
        return -1;
    struct cookie *c = find_or_add(r, name);
    c->value = copy(r, value);
    c->options = *o;
    c->options.path = o->path.p ? copy(r, o->path) : STR("/");
    c->options.domain = copy(r, o->domain);
    c->options.samesite = copy(r, o->samesite);
    c->options.expires = copy(r, o->expires);
    if (o->has_max_age && o->expires.n == 0) {
        int64_t when;
        if (__builtin_add_overflow(now, o->max_age, &when))
            when = o->max_age < 0 ? INT64_MIN : INT64_MAX;
        c->options.expires = copy(r, http_date(when, date));
    }
    return 0;
}

int cookie_delete(struct response *r, struct str name, const struct cookie_options *o,
                  struct err *err)
{
    struct cookie_options gone = {
        .path = o->path,
        .domain = o->domain,
        .samesite = o->samesite,
        .expires = STR("Thu, 01 Jan 1970 00:00:00 GMT"),
        .has_max_age = true,
        /* Browsers ignore these without it. */
        .secure = has_prefix(name, STR("__Secure-")) || has_prefix(name, STR("__Host-")) ||
                  str_ieq(o->samesite, STR("none")),
    };
    return cookie_set(r, name, STR(""), &gone, 0, err);
}

/* ---- writing ---- */

static void add_attribute(struct buf *out, const char *name, struct str value)
{
    if (value.n)
        buf_addf(out, "; %s=%.*s", name, STR_ARG(value));
}

void cookie_render(struct buf *out, const struct cookie *c)
{
    buf_addstr(out, c->name);
    buf_addc(out, '=');
    cookie_quote(out, c->value);
    add_attribute(out, "Domain", c->options.domain);
    add_attribute(out, "expires", c->options.expires);
    if (c->options.httponly)
        buf_adds(out, "; HttpOnly");
    if (c->options.has_max_age)
        buf_addf(out, "; Max-Age=%" PRId64, c->options.max_age);
    add_attribute(out, "Path", c->options.path);
    add_attribute(out, "SameSite", c->options.samesite);
    if (c->options.secure)
        buf_adds(out, "; Secure");
}

void cookies_to_headers(struct response *r)
{
    struct buf line = BUF_INIT;
    for (const struct cookie *c = r->cookies; c; c = c->next) {
        buf_reset(&line);
        cookie_render(&line, c);
        headers_put(&r->headers, STR("Set-Cookie"), arena_str(&r->arena, buf_str(&line)));
    }
    r->cookies = NULL;
    buf_release(&line);
}
