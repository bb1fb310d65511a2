/* SPDX-License-Identifier: MIT */
/* Query code out of arbitrary bytes, as words and as texts in the language of orm_world.h.
 * What makes no query is refused; in the SQL of what does, every quote is closed, and outside
 * of quotes stand only characters that the compiler writes. */
#include "../unit/orm_world.h"

#include "base/hash.h"
#include "orm/code_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sql(struct str sql)
{
    for (size_t i = 0; i < sql.n; i++) {
        char c = sql.p[i];
        if (c == '"' || c == '\'') {
            size_t end = i + 1;
            while (end < sql.n && (sql.p[end] != c || (end + 1 < sql.n && sql.p[end + 1] == c)))
                end += sql.p[end] == c ? 2 : 1;
            if (end >= sql.n)
                abort(); /* a quote is left open */
            i = end;
            continue;
        }
        if (c == ';' || c == '`' || (unsigned char)c < ' ' || (unsigned char)c >= 0x7f)
            abort();
        if (c == '-' && i + 1 < sql.n && sql.p[i + 1] == '-')
            abort();
        if (c == '/' && i + 1 < sql.n && sql.p[i + 1] == '*')
            abort();
    }
}

static void compile(struct statements *s, const struct code *c)
{
    struct err err;
    struct buf text = BUF_INIT;
    struct convert_zone utc = {.tz = tz_utc(), .tz_name = STR("UTC")};
    int checked = statements_check(s, c, &err);
    const struct statement *st = statements_get(s, c, &err);
    if (st && checked < 0)
        abort(); /* both must agree */
    if (st) {
        check_sql(st->sql);
        statement_text(st, c, &dialect_sqlite, &utc, &text, &err);
    }
    buf_release(&text);
}

/* A text in the language of orm_world.h, when it starts with '('; else words. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct orm *orm;
    static struct statements *s;
    if (size > 8192)
        return 0;
    if (!orm) {
        orm = world_new();
        s = statements_new(orm, &dialect_sqlite, 64);
    }
    struct str input = str_make((const char *)data, size);
    if (size && data[0] == '(') {
        char *text = malloc(size + 1);
        memcpy(text, data, size);
        text[size] = '\0';
        /* RawSQL is the author's own text. */
        struct code *c =
            strstr(text, "(raw") || strlen(text) != size ? NULL : world_query(orm, text);
        if (c)
            compile(s, c);
        free(c);
        free(text);
        return 0;
    }
    uint32_t words = (uint32_t)(size / 4), cells = 32;
    size_t at = sizeof(struct code) + (words + 1) / 2 * 8;
    struct code *c = calloc(1, at + cells * sizeof(struct code_cell));
    *c = (struct code){.hash = hash_str(input),
                       .n_words = words,
                       .n_cells = cells,
                       .kind = CODE_QUERY,
                       .high = -1};
    if (size && data[0] % 8 == 7)
        c->kind = CODE_INSERT;
    memcpy(c + 1, data, words * 4);
    const uint32_t *w = code_words(c);
    bool raw = false;
    for (uint32_t i = 0; i < words; i++)
        raw |= OP_OF(w[i]) == OP_RAW;
    if (!raw)
        compile(s, c);
    free(c);
    return 0;
}
