/* SPDX-License-Identifier: MIT */
/* What the database gives, as values; and values as literals of SQL. */
#include "orm/convert_impl.h"
#include "value/json.h"
#include "value/number.h"

#include <math.h>

static int read_decimal(const struct column_type *t, struct value v, struct arena *scratch,
                        struct value *out, struct err *err)
{
    struct decimal d;
    int bad = 0;
    if (v.kind == VALUE_INT)
        decimal_from_int64(&d, v.i);
    else if (v.kind == VALUE_DOUBLE)
        bad = decimal_from_double(&d, v.d, err);
    else if (v.kind == VALUE_TEXT)
        bad = decimal_parse(&d, v.text, err);
    else
        bad = err_set(err, ERR_INVALID, "the database holds bytes where a decimal is");
    if (bad == 0 && v.kind == VALUE_DOUBLE) /* what SQLite's doubles can hold of it */
        bad = decimal_round_digits(&d, &d, 15, DECIMAL_HALF_EVEN, err);
    if (bad == 0 && t->decimal_places >= 0 && t->max_digits)
        bad = decimal_quantize(&d, &d, -t->decimal_places, DECIMAL_HALF_EVEN, DECIMAL_DIGITS_MAX,
                               err);
    if (bad < 0)
        return -1;
    size_t n = decimal_size(&d);
    void *p = arena_alloc(scratch, n);
    memcpy(p, &d, n);
    *out = (struct value){.kind = VALUE_DECIMAL, .text = str_make(p, n)};
    return 0;
}

static struct str hyphens(struct str hex, struct arena *scratch)
{
    char *p = arena_alloc(scratch, 36);
    size_t at = 0;
    for (size_t i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            p[at++] = '-';
        p[at++] = hex.p[i];
    }
    return str_make(p, 36);
}

static bool is_json(struct str text)
{
    struct json_reader r;
    enum json_token token;
    json_reader_init(&r, text, JSON_DEPTH_DEFAULT);
    do
        token = json_next(&r, NULL);
    while (token != JSON_END && token != JSON_ERROR);
    return token == JSON_END;
}

int convert_column(const struct dialect *d, const struct column_type *t, struct value v,
                   struct arena *scratch, struct value *out, struct err *err)
{
    (void)d;
    *out = v;
    if (v.kind == VALUE_NULL)
        return 0;
    switch (t->storage) {
    case STORE_BOOL:
        if (v.kind == VALUE_INT)
            out->kind = v.i ? VALUE_TRUE : VALUE_FALSE;
        return 0;
    case STORE_DECIMAL:
        return read_decimal(t, v, scratch, out, err);
    case STORE_FLOAT:
        if (v.kind == VALUE_INT)
            *out = (struct value){.kind = VALUE_DOUBLE, .d = (double)v.i};
        return 0;
    case STORE_DATE:
    case STORE_DATETIME:
    case STORE_TIME:
        if (v.kind != VALUE_TEXT)
            return 0;
        if (convert_read_time(t->storage, v.text, out, err) < 0)
            return -1;
        if (t->naive && out->kind == VALUE_DATETIME)
            out->kind = VALUE_NAIVE;
        return 0;
    case STORE_DURATION:
        if (v.kind == VALUE_INT)
            out->kind = VALUE_DURATION;
        else if (v.kind == VALUE_DOUBLE && fabs(v.d) < 9.2e18) /* an average */
            *out = (struct value){.kind = VALUE_DURATION, .i = llround(v.d)};
        return 0;
    case STORE_UUID:
        if (v.kind == VALUE_TEXT && v.text.n == 32)
            out->text = hyphens(v.text, scratch);
        return 0;
    case STORE_JSON:
        if (v.kind == VALUE_TEXT && (!t->json_key || is_json(v.text)))
            out->kind = VALUE_JSON;
        return 0;
    default:
        return 0;
    }
}

/* ---- literals ---- */

void convert_literal(const struct value *v, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    switch (v->kind) {
    case VALUE_NULL:
        buf_adds(out, "NULL");
        return;
    case VALUE_INT:
        buf_addint(out, v->i);
        return;
    case VALUE_DOUBLE:
        number_add(out, v->d);
        return;
    case VALUE_BLOB:
        buf_adds(out, "X'");
        for (size_t i = 0; i < v->text.n; i++) {
            buf_addc(out, hex[(unsigned char)v->text.p[i] >> 4]);
            buf_addc(out, hex[(unsigned char)v->text.p[i] & 15]);
        }
        buf_addc(out, '\'');
        return;
    default:
        buf_addc(out, '\'');
        for (size_t i = 0; i < v->text.n; i++) {
            if (v->text.p[i] == '\'')
                buf_addc(out, '\'');
            buf_addc(out, v->text.p[i]);
        }
        buf_addc(out, '\'');
    }
}
