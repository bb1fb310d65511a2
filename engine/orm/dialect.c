/* SPDX-License-Identifier: MIT */
#include "orm/dialect.h"

#include "base/utf8.h"

void dialect_quote(struct buf *out, struct str name)
{
    buf_addc(out, '"');
    while (name.n) { /* up to a quote, if there is one: it is written twice */
        const char *quote = memchr(name.p, '"', name.n);
        size_t n = quote ? (size_t)(quote - name.p) + 1 : name.n;
        buf_add(out, name.p, n);
        if (quote)
            buf_addc(out, '"');
        name = str_skip(name, n);
    }
    buf_addc(out, '"');
}

bool dialect_column_type(const struct dialect *d, const struct field *f, struct buf *out)
{
    const struct field *s = f->storage;
    if (!s || !f->column.n)
        return false;
    const char *text = s->type->columns[d->id];
    /* What points at an automatic key is an ordinary number. */
    if (s != f && s->type->flags & FIELD_AUTO) {
        enum field_type_id id = s->type->id == FIELD_AUTO_BIG     ? FIELD_BIG
                                : s->type->id == FIELD_AUTO_SMALL ? FIELD_SMALL
                                                                  : FIELD_INT;
        text = field_types[id].columns[d->id];
    }
    for (const char *p = text; *p; p++) {
        if (*p != '%')
            buf_addc(out, *p);
        else if (*++p == 'n')
            buf_addint(out, s->max_length);
        else
            buf_addint(out, *p == 'd' ? s->max_digits : s->decimal_places);
    }
    return true;
}

bool dialect_column_check(const struct dialect *d, const struct field *f, struct buf *out)
{
    const struct field *s = f->storage;
    if (!s || !f->column.n)
        return false;
    if (s->type->flags & FIELD_POSITIVE) {
        dialect_quote(out, f->column);
        buf_adds(out, " >= 0");
        return true;
    }
    if (s->type->storage != STORE_JSON || d->id != DIALECT_SQLITE)
        return false;
    buf_adds(out, "(JSON_VALID(");
    dialect_quote(out, f->column);
    buf_adds(out, ") OR ");
    dialect_quote(out, f->column);
    buf_adds(out, " IS NULL)");
    return true;
}

/* Spaces, controls and marks of direction beyond ASCII, which nobody sees. */
static bool has_unseen(struct str s)
{
    uint32_t cp;
    while (s.n) {
        s = str_skip(s, utf8_decode(s, &cp));
        if ((cp >= 0x80 && cp <= 0xa0) || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200f) ||
            (cp >= 0x2028 && cp <= 0x202f) || (cp >= 0x205f && cp <= 0x206f) || cp == 0x3000 ||
            cp == 0xfeff)
            return true;
    }
    return false;
}

int dialect_check_alias(struct str name, struct err *err)
{
    bool bad = name.n == 0 || name.n > 63 || !utf8_valid(name) || has_unseen(name);
    for (size_t i = 0; i < name.n && !bad; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bad = c <= ' ' || c == 0x7f || strchr("\"'`[];,.%#()\\", c) != NULL;
        bad |= i && ((c == '-' && name.p[i - 1] == '-') || (c == '*' && name.p[i - 1] == '/') ||
                     (c == '/' && name.p[i - 1] == '*'));
    }
    if (!bad)
        return 0;
    return err_set(
        err, ERR_INVALID,
        "Column aliases cannot contain whitespace characters, hashes, control characters, "
        "quotation marks, semicolons, percent signs, dots, or SQL comments, and have at "
        "most 63 bytes.");
}
