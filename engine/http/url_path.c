/* SPDX-License-Identifier: MIT */
/* Built-in converters are runs of a class of bytes, so a route is matched by taking
 * runs and comparing what stands between them.  As in a regular expression a run is
 * as long as it can be and shortened until the rest fits; mostly the byte behind it
 * is of no use to the class ("<int:a>/"), and then there is nothing to shorten. */
#include "http/url_path.h"

#include "base/mem.h"
#include "base/vec.h"

enum {
    SHORTEN_LIMIT = 1 << 20, /* attempts of one match: past it the route does not match */
    UUID_LENGTH = 36
};

static const struct {
    struct str name, regex;
} builtin[] = {
    [URL_STR] = {STR_INIT("str"), STR_INIT("[^/]+")},
    [URL_INT] = {STR_INIT("int"), STR_INIT("[0-9]+")},
    [URL_SLUG] = {STR_INIT("slug"), STR_INIT("[-a-zA-Z0-9_]+")},
    [URL_UUID] = {STR_INIT("uuid"),
                  STR_INIT("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")},
    [URL_PATH] = {STR_INIT("path"), STR_INIT(".+")},
};

int url_kind_parse(struct str name)
{
    for (int i = 0; i <= URL_PATH; i++)
        if (str_eq(builtin[i].name, name))
            return i;
    return -1;
}

struct str url_kind_name(enum url_kind kind)
{
    return builtin[kind].name;
}

/* ---- parsing ---- */

static struct url_piece *add_piece(struct url_pieces *p)
{
    struct url_piece *piece = vec_add(p);
    *piece = (struct url_piece){0};
    return piece;
}

static void add_literal(struct url_pieces *p, struct str literal)
{
    if (literal.n > 0)
        add_piece(p)->literal = literal;
}

static bool has_space(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (memchr(" \t\n\r\v\f", s.p[i], 6))
            return true;
    return false;
}

static int check_parameter(const struct url_pieces *p, struct str route, struct str name,
                           struct err *err)
{
    if (!url_identifier(name))
        return err_set(err, ERR_CONFIG,
                       "URL route '%.*s' uses parameter name '%.*s' which isn't a valid "
                       "identifier: letters, digits and '_', not starting with a digit",
                       STR_ARG(route), STR_ARG(name));
    size_t captures = 0;
    for (size_t i = 0; i < p->n; i++) {
        captures += !p->items[i].literal.p;
        if (!p->items[i].literal.p && str_eq(p->items[i].name, name))
            return err_set(err, ERR_CONFIG,
                           "URL route '%.*s' uses parameter name '%.*s' more than once",
                           STR_ARG(route), STR_ARG(name));
    }
    if (captures == URL_MAX_GROUPS)
        return err_set(err, ERR_CONFIG, "URL route '%.*s' has more than %d parameters",
                       STR_ARG(route), URL_MAX_GROUPS);
    return 0;
}

/* `inside` is what stands between < and >. */
static int add_parameter(struct url_pieces *p, struct str route, struct str inside,
                         const struct url_converters *c, struct err *err)
{
    char hint[128];
    struct str type = STR("str"), name = inside;
    size_t colon = str_index(inside, ':');
    if (has_space(inside))
        return err_set(err, ERR_CONFIG,
                       "URL route '%.*s' cannot contain whitespace in angle brackets <...>: "
                       "write '<%.*s>' without it",
                       STR_ARG(route), STR_ARG(inside));
    if (colon > 0 && colon + 1 < inside.n) {
        type = str_head(inside, colon);
        name = str_skip(inside, colon + 1);
    }
    if (check_parameter(p, route, name, err) != 0)
        return -1;
    int kind = url_kind_parse(type);
    const struct url_converter *custom = kind < 0 ? url_converters_get(c, type) : NULL;
    if (kind < 0 && !custom) {
        const char *cure = url_converters_suggest(c, type, hint, sizeof hint);
        return err_set(err, ERR_CONFIG, "URL route '%.*s' uses invalid converter '%.*s'%s",
                       STR_ARG(route), STR_ARG(type),
                       cure[0] ? cure
                               : "; there are int, path, slug, str, uuid and those that "
                                 "urls.register_converter() adds");
    }
    struct url_piece *piece = add_piece(p);
    piece->name = name;
    piece->kind = custom ? URL_CUSTOM : (enum url_kind)kind;
    piece->converter = custom;
    p->scannable &= !custom;
    return 0;
}

/* Bytes that runs are made of: bit 1 << kind. */
enum { INT_BYTE = 1 << URL_INT, SLUG_BYTE = 1 << URL_SLUG };
static const uint8_t byte_class[256] = {
    ['0' ... '9'] = INT_BYTE | SLUG_BYTE,
    ['A' ... 'Z'] = SLUG_BYTE,
    ['a' ... 'z'] = SLUG_BYTE,
    ['-'] = SLUG_BYTE,
    ['_'] = SLUG_BYTE,
};

/* Is the byte one that a run of this kind goes on with? */
static inline bool in_class(enum url_kind kind, char c)
{
    if (kind == URL_STR)
        return c != '/';
    if (kind == URL_INT || kind == URL_SLUG)
        return byte_class[(unsigned char)c] & (1U << kind);
    return c != '\n'; /* the dot of Python's ".+" */
}

static void settle(struct url_pieces *p)
{
    for (size_t i = 0; i < p->n; i++) {
        struct url_piece *piece = &p->items[i];
        const struct url_piece *next = i + 1 < p->n ? piece + 1 : NULL;
        if (!piece->literal.p)
            piece->settled = !next || piece->kind == URL_UUID ||
                             (next->literal.p && !in_class(piece->kind, next->literal.p[0]));
    }
}

int url_pieces_parse(struct url_pieces *p, struct str route, const struct url_converters *c,
                     struct err *err)
{
    *p = (struct url_pieces){.scannable = true};
    size_t literal = 0;
    for (size_t at = 0; at < route.n;) {
        struct str rest = str_skip(route, at);
        size_t close = str_index(rest, '>');
        if (rest.p[0] != '<' || close == rest.n || close == 1) {
            at++;
            continue;
        }
        add_literal(p, str_make(route.p + literal, at - literal));
        if (add_parameter(p, route, str_make(rest.p + 1, close - 1), c, err) != 0) {
            vec_release(p);
            return -1;
        }
        at += close + 1;
        literal = at;
    }
    add_literal(p, str_skip(route, literal));
    settle(p);
    return 0;
}

void url_pieces_append(struct url_pieces *p, const struct url_pieces *more)
{
    for (size_t i = 0; i < more->n; i++)
        vec_push(p, more->items[i]);
    p->scannable &= more->scannable;
    settle(p);
}

/* ---- as a regular expression ---- */

void url_regex_escape(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] && strchr("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", s.p[i]))
            buf_addc(out, '\\');
        buf_addc(out, s.p[i]);
    }
}

void url_pieces_regex(const struct url_pieces *p, struct buf *out)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct url_piece *piece = &p->items[i];
        if (piece->literal.p) {
            url_regex_escape(out, piece->literal);
            continue;
        }
        struct str regex = piece->converter ? piece->converter->regex : builtin[piece->kind].regex;
        buf_addf(out, "(?P<%.*s>%.*s)", STR_ARG(piece->name), STR_ARG(regex));
    }
}

/* ---- matching ---- */

struct scan {
    const struct url_piece *pieces;
    size_t n;
    struct str subject;
    struct url_span *spans;
    bool whole;
    unsigned budget;
};

static size_t uuid_length(struct str s)
{
    if (s.n < UUID_LENGTH)
        return 0;
    for (size_t i = 0; i < UUID_LENGTH; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = s.p[i];
        if (dash ? c != '-' : !(char_is_digit(c) || (c >= 'a' && c <= 'f')))
            return 0;
    }
    return UUID_LENGTH;
}

/* Bytes that a capture takes at most. */
static size_t longest(enum url_kind kind, struct str s)
{
    size_t n = 0;
    switch (kind) {
    case URL_STR:
        return str_index(s, '/');
    case URL_PATH:
        return str_index(s, '\n');
    case URL_UUID:
        return uuid_length(s);
    default:
        while (n < s.n && byte_class[(unsigned char)s.p[n]] & (1U << kind))
            n++;
        return n;
    }
}

static bool scan(struct scan *s, size_t i, size_t at, unsigned group);

static bool try_shorter(struct scan *s, size_t i, size_t at, size_t max, unsigned group)
{
    struct str next = i + 1 < s->n ? s->pieces[i + 1].literal : STR_NULL;
    for (size_t end = at + max; end > at; end--) {
        if (s->budget == 0)
            return false;
        s->budget--;
        char c = end < s->subject.n ? s->subject.p[end] : '\0';
        if (next.p ? c != next.p[0] : ((unsigned char)c & 0xC0) == 0x80)
            continue; /* cannot go on here, or is inside of a character */
        s->spans[group] = (struct url_span){(uint32_t)at, (uint32_t)end};
        if (scan(s, i + 1, end, group + 1))
            return true;
    }
    return false;
}

static bool scan(struct scan *s, size_t i, size_t at, unsigned group)
{
    for (; i < s->n; i++) {
        const struct url_piece *piece = &s->pieces[i];
        struct str rest = str_skip(s->subject, at);
        if (piece->literal.p) {
            if (!str_starts(rest, piece->literal))
                return false;
            at += piece->literal.n;
            continue;
        }
        size_t n = longest(piece->kind, rest);
        if (n == 0)
            return false;
        if (!piece->settled)
            return try_shorter(s, i, at, n, group);
        s->spans[group++] = (struct url_span){(uint32_t)at, (uint32_t)(at + n)};
        at += n;
    }
    s->spans[0].to = (uint32_t)at;
    return !s->whole || at == s->subject.n;
}

bool url_pieces_match(const struct url_pieces *p, size_t skip, size_t at, bool whole,
                      struct str subject, struct url_span *spans)
{
    struct scan s = {p->items, p->n, subject, spans, whole, SHORTEN_LIMIT};
    spans[0].from = 0;
    return scan(&s, skip, at, 1);
}
