/* SPDX-License-Identifier: MIT */
/* Cuts a template's source into text and tags.  A tag begins and ends on one line; what has
 * no end is text.  Linear: an opening whose end was searched for in vain is remembered. */
#include "template/impl.h"

#include "value/unicode.h"

void lexer_init(struct lexer *l, struct str source)
{
    *l = (struct lexer){.s = source, .line = 1, .column = 1};
}

/* 0 for {{, 1 for {%, 2 for {#; -1 for none. */
static int tag_kind(const char *p)
{
    if (p[0] != '{')
        return -1;
    return p[1] == '{' ? 0 : p[1] == '%' ? 1 : p[1] == '#' ? 2 : -1;
}

/* Where the tag that opens at `at` ends; 0 when it does not. */
static size_t tag_close(struct lexer *l, size_t at, int kind)
{
    static const char closing[] = "}%#";
    const char *p = l->s.p, c = closing[kind];
    size_t i = at + 2, n = l->s.n;
    if (at < l->dead[kind])
        return 0;
    for (; i + 1 < n && p[i] != '\n'; i++)
        if (p[i] == c && p[i + 1] == '}')
            return i + 2;
    l->dead[kind] = i + 1;
    return 0;
}

static bool tag_find(struct lexer *l, size_t from, size_t *start, size_t *end, int *kind)
{
    while (from + 3 < l->s.n) {
        const char *p = memchr(l->s.p + from, '{', l->s.n - from - 3);
        if (!p)
            return false;
        from = (size_t)(p - l->s.p);
        *kind = tag_kind(p);
        if (*kind >= 0 && (*end = tag_close(l, from, *kind)) != 0) {
            *start = from;
            return true;
        }
        from++;
    }
    return false;
}

static struct str tag_contents(const struct lexer *l, size_t start, size_t end)
{
    return unicode_strip(str_make(l->s.p + start + 2, end - start - 4));
}

/* Moves on to `end`, counting lines and characters. */
static void advance(struct lexer *l, size_t end)
{
    for (; l->at < end; l->at++) {
        unsigned char c = (unsigned char)l->s.p[l->at];
        if (c == '\n') {
            l->line++;
            l->column = 1;
        } else if ((c & 0xC0) != 0x80) {
            l->column++;
        }
    }
}

static void take(struct lexer *l, size_t end, struct token *out)
{
    out->line = l->line;
    out->column = l->column;
    out->source = out->contents = str_make(l->s.p + l->at, end - l->at);
    advance(l, end);
}

static void take_tag(struct lexer *l, struct token *out)
{
    static const enum token_type types[] = {TOKEN_VAR, TOKEN_BLOCK, TOKEN_COMMENT};
    int kind = tag_kind(l->s.p + l->tag);
    size_t end = l->tag_end;
    l->tag_end = 0;
    out->type = types[kind];
    take(l, end, out);
    out->contents = tag_contents(l, l->tag, end);
    if (out->type != TOKEN_BLOCK)
        return;
    if (l->verbatim.p)
        l->verbatim = STR_NULL;
    else if (str_eq(out->contents, STR("verbatim")) || str_starts(out->contents, STR("verbatim ")))
        l->verbatim = out->contents;
}

/* Whether a tag is only text, being inside of {% verbatim %}. */
static bool is_verbatim(const struct lexer *l, size_t start, size_t end, int kind)
{
    if (!l->verbatim.p)
        return false;
    struct str contents = tag_contents(l, start, end);
    return kind != 1 || !str_starts(contents, STR("end")) ||
           !str_eq(str_skip(contents, 3), l->verbatim);
}

bool lexer_next(struct lexer *l, struct token *out)
{
    size_t start, end, from = l->at;
    int kind;
    if (l->tag_end) {
        take_tag(l, out);
        return true;
    }
    if (l->at == l->s.n)
        return false;
    while (tag_find(l, from, &start, &end, &kind)) {
        if (is_verbatim(l, start, end, kind)) {
            from = end;
            continue;
        }
        l->tag = start;
        l->tag_end = end;
        if (start == l->at) {
            take_tag(l, out);
            return true;
        }
        out->type = TOKEN_TEXT;
        take(l, start, out);
        return true;
    }
    out->type = TOKEN_TEXT;
    take(l, l->s.n, out);
    return true;
}
