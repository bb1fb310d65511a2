/* SPDX-License-Identifier: MIT */
/* Values by the type of their field; texts of errors are Django's. */
#include "base/utf8.h"
#include "orm/convert_impl.h"
#include "value/dateparse.h"
#include "value/decimal.h"
#include "value/ip.h"
#include "value/json.h"
#include "value/number.h"

#include <math.h>
#include <stdio.h>

/* ---- messages ---- */

static void show(struct value v, char *out, size_t size)
{
    char number[NUMBER_MAX];
    switch (v.kind) {
    case VALUE_INT:
        snprintf(out, size, "%lld", (long long)v.i);
        break;
    case VALUE_DOUBLE:
        snprintf(out, size, "%.*s", (int)number_write(v.d, number), number);
        break;
    case VALUE_TEXT:
        snprintf(out, size, "%.*s", STR_ARG(str_head(v.text, 100)));
        break;
    case VALUE_TRUE:
        snprintf(out, size, "True");
        break;
    case VALUE_FALSE:
        snprintf(out, size, "False");
        break;
    case VALUE_JSON:
        snprintf(out, size, "a table");
        break;
    default:
        snprintf(out, size, "a %s", value_kind_name(v.kind));
    }
}

const char *convert_place(const struct param_type *t, char out[CONVERT_PLACE])
{
    if (t->field)
        snprintf(out, CONVERT_PLACE, "%.*s.%.*s", STR_ARG(str_head(t->field->model->name, 80)),
                 STR_ARG(str_head(t->field->name, 80)));
    else
        snprintf(out, CONVERT_PLACE, "value");
    return out;
}

int convert_fail(const struct param_type *t, struct value v, const char *must, struct err *err)
{
    char text[128], place[CONVERT_PLACE];
    show(v, text, sizeof text);
    return err_set(err, ERR_INVALID, "%s: “%s” value %s", convert_place(t, place), text, must);
}

int convert_fail_number(const struct param_type *t, struct value v, struct err *err)
{
    char text[128], place[CONVERT_PLACE];
    const char *quote = v.kind == VALUE_TEXT ? "'" : "";
    struct str name = t->field ? t->field->name : STR("value");
    show(v, text, sizeof text);
    return err_set(err, ERR_INVALID, "%s: Field '%.*s' expected a number but got %s%s%s.",
                   convert_place(t, place), STR_ARG(name), quote, text, quote);
}

/* ---- text ---- */

/* Python's str() of the value. */
static int as_text(const struct param_type *t, struct value v, struct arena *scratch,
                   struct str *out, struct err *err)
{
    char number[NUMBER_MAX];
    switch (v.kind) {
    case VALUE_TEXT:
    case VALUE_BLOB:
        *out = v.text;
        return 0;
    case VALUE_INT:
        *out = str_from(arena_printf(scratch, "%lld", (long long)v.i));
        return 0;
    case VALUE_DOUBLE:
        *out = arena_str(scratch, str_make(number, number_write(v.d, number)));
        return 0;
    case VALUE_TRUE:
        *out = STR("True");
        return 0;
    case VALUE_FALSE:
        *out = STR("False");
        return 0;
    case VALUE_DECIMAL: {
        char text[DECIMAL_TEXT_MAX];
        struct decimal d = convert_decimal_of(v);
        size_t n = decimal_write(&d, text);
        *out = arena_str(scratch, str_make(text, n));
        return 0;
    }
    case VALUE_DATE:
        *out = convert_date_text(v.i, scratch);
        return 0;
    case VALUE_TIME:
        *out = convert_time_text(v.i, scratch);
        return 0;
    case VALUE_DATETIME:
    case VALUE_NAIVE:
        *out = convert_moment_text(v.i, scratch);
        return 0;
    default:
        return convert_fail(t, v, "must be a string.", err);
    }
}

/* LIKE with what has a meaning in it escaped. */
static struct str like(struct str s, enum convert_bind bind, struct arena *scratch)
{
    char *p = arena_alloc(scratch, s.n * 2 + 2), *q = p;
    if (bind == BIND_CONTAINS || bind == BIND_ENDS)
        *q++ = '%';
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' || s.p[i] == '%' || s.p[i] == '_')
            *q++ = '\\';
        *q++ = s.p[i];
    }
    if (bind == BIND_CONTAINS || bind == BIND_STARTS)
        *q++ = '%';
    return str_make(p, (size_t)(q - p));
}

/* 32 hexadecimal digits out of any of the usual forms. */
static bool uuid_digits(struct str s, char out[32])
{
    size_t n = 0;
    if (str_starts(s, STR("urn:uuid:")))
        s = str_skip(s, 9);
    if (s.n > 2 && s.p[0] == '{' && s.p[s.n - 1] == '}')
        s = str_make(s.p + 1, s.n - 2);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '-')
            continue;
        if (n == 32 || char_hex(s.p[i]) < 0)
            return false;
        out[n++] = char_lower(s.p[i]);
    }
    return n == 32;
}

static int bind_uuid(const struct param_type *t, struct value v, struct arena *scratch,
                     struct value *out, struct err *err)
{
    char *hex = arena_alloc(scratch, 32);
    if (t->bind == BIND_CONTAINS || t->bind == BIND_STARTS || t->bind == BIND_ENDS ||
        t->bind == BIND_LIKE) {
        struct str s;
        if (as_text(t, v, scratch, &s, err) < 0)
            return -1;
        char *p = arena_alloc(scratch, s.n + 1);
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++)
            if (s.p[i] != '-')
                p[n++] = s.p[i];
        value_set_text(out, str_make(p, n));
        return 0;
    }
    if (v.kind != VALUE_TEXT || !uuid_digits(v.text, hex)) {
        char text[128], place[CONVERT_PLACE];
        show(v, text, sizeof text);
        return err_set(err, ERR_INVALID, "%s: “%s” is not a valid UUID.", convert_place(t, place),
                       text);
    }
    value_set_text(out, str_make(hex, 32));
    return 0;
}

static int bind_duration(const struct param_type *t, struct value v, struct value *out,
                         struct err *err)
{
    struct duration d;
    int64_t us;
    if (v.kind == VALUE_DURATION) {
        value_set_int(out, v.i);
        return 0;
    }
    if (v.kind == VALUE_TEXT && dateparse_duration(v.text, &d, err) == 1 &&
        duration_to_int64(d, &us, err) == 0) {
        value_set_int(out, us);
        return 0;
    }
    return convert_fail(t, v,
                        "has an invalid format. It must be in [DD] [[HH:]MM:]ss[.uuuuuu] "
                        "format.",
                        err);
}

/* ---- JSON ---- */

static int add_json(struct buf *b, struct value v, struct arena *scratch, struct err *err)
{
    struct param_type any = {.storage = STORE_TEXT};
    struct str s;
    switch (v.kind) {
    case VALUE_NULL:
        buf_adds(b, "null");
        return 0;
    case VALUE_TRUE:
        buf_adds(b, "true");
        return 0;
    case VALUE_FALSE:
        buf_adds(b, "false");
        return 0;
    case VALUE_INT:
        json_add_int(b, v.i);
        return 0;
    case VALUE_DOUBLE:
        return json_add_double(b, v.d, err);
    case VALUE_JSON:
        buf_addstr(b, v.text);
        return 0;
    default:
        if (as_text(&any, v, scratch, &s, err) < 0)
            return -1;
        return json_add_string(b, s, true, err);
    }
}

static int bind_json(const struct param_type *t, struct value v, bool lookup, struct arena *scratch,
                     struct value *out, struct err *err)
{
    if (v.kind == VALUE_NULL && !lookup) {
        *out = v;
        return 0;
    }
    struct buf b = BUF_INIT;
    char place[CONVERT_PLACE];
    int bad = add_json(&b, v, scratch, err);
    if (bad == 0)
        value_set_text(out, arena_str(scratch, buf_str(&b)));
    else if (err->msg[0] == ':')
        err_prefix(err, "%s", convert_place(t, place));
    else
        err_prefix(err, "%s: ", convert_place(t, place));
    buf_release(&b);
    return bad;
}

int convert_json_key(struct str path, struct value key, struct arena *scratch, struct value *out,
                     struct err *err)
{
    struct param_type any = {.storage = STORE_TEXT};
    struct str s;
    if (as_text(&any, key, scratch, &s, err) < 0)
        return -1;
    if (str_has(s, '"')) /* where SQLite ends a key, escaped or not */
        return err_set(err, ERR_UNSUPPORTED,
                       "SQLite cannot look for keys of JSON with a quotation mark in them: %.*s",
                       STR_ARG(str_head(s, 80)));
    struct buf b = BUF_INIT;
    buf_addstr(&b, path);
    buf_addc(&b, '.');
    int bad = json_add_string(&b, s, true, err);
    if (bad == 0)
        value_set_text(out, arena_str(scratch, buf_str(&b)));
    buf_release(&b);
    return bad;
}

int convert_json_list(const struct code *code, uint32_t slot, uint32_t n, struct arena *scratch,
                      struct value *out, struct err *err)
{
    struct buf b = BUF_INIT;
    int bad = 0;
    buf_addc(&b, '[');
    for (uint32_t i = 0; i < n && bad == 0; i++) {
        buf_adds(&b, i ? ", " : "");
        bad = add_json(&b, code_value_at(code, slot + i), scratch, err);
    }
    buf_addc(&b, ']');
    if (bad == 0)
        value_set_text(out, arena_str(scratch, buf_str(&b)));
    buf_release(&b);
    return bad;
}

/* ---- in ---- */

/* A value of which nothing is known: as the driver of Django would bind it. */
static int bind_raw(const struct param_type *t, struct value v, struct arena *scratch,
                    struct value *out, struct err *err)
{
    struct str s;
    switch (v.kind) {
    case VALUE_TRUE:
    case VALUE_FALSE:
        value_set_int(out, v.kind == VALUE_TRUE);
        return 0;
    case VALUE_DURATION:
        value_set_int(out, v.i);
        return 0;
    case VALUE_DOUBLE:
        if (!isfinite(v.d))
            return convert_fail_number(t, v, err);
        *out = v;
        return 0;
    case VALUE_NULL:
    case VALUE_INT:
    case VALUE_TEXT:
    case VALUE_BLOB:
        *out = v;
        return 0;
    case VALUE_JSON:
        value_set_text(out, v.text);
        return 0;
    default:
        if (as_text(t, v, scratch, &s, err) < 0)
            return -1;
        value_set_text(out, s);
        return 0;
    }
}

static int bind_typed(const struct param_type *t, struct value v, const struct convert_zone *zone,
                      struct arena *scratch, struct value *out, struct err *err)
{
    int64_t i;
    struct str s;
    switch (t->storage) {
    case STORE_INT:
        return convert_int(t, v, out, err);
    case STORE_FLOAT:
        return convert_float(t, v, out, err);
    case STORE_DECIMAL:
        return convert_decimal(t, v, scratch, out, err);
    case STORE_BOOL:
        return convert_bool(t, v, out, err);
    case STORE_DATE:
        if (convert_date(t, v, zone, &i, err) < 0)
            return -1;
        value_set_text(out, convert_date_text(i, scratch));
        return 0;
    case STORE_DATETIME:
        if (convert_moment(t, v, zone, &i, err) < 0)
            return -1;
        value_set_text(out, convert_moment_text(i, scratch));
        return 0;
    case STORE_TIME:
        if (convert_daytime(t, v, &i, err) < 0)
            return -1;
        value_set_text(out, convert_time_text(i, scratch));
        return 0;
    case STORE_DURATION:
        return bind_duration(t, v, out, err);
    case STORE_UUID:
        return bind_uuid(t, v, scratch, out, err);
    case STORE_BINARY:
        if (v.kind != VALUE_TEXT && v.kind != VALUE_BLOB)
            return convert_fail(t, v, "must be bytes.", err);
        *out = (struct value){.kind = VALUE_BLOB, .text = v.text};
        return 0;
    case STORE_JSON:
        return bind_json(t, v, false, scratch, out, err);
    case STORE_TEXT:
    case STORE_FILE:
    case STORE_IP:
        if (v.kind == VALUE_JSON && t->bind == BIND_PLAIN)
            return convert_fail(t, v, "must be a string.", err);
        if (as_text(t, v, scratch, &s, err) < 0)
            return -1;
        value_set_text(out, s);
        return 0;
    default:
        return bind_raw(t, v, scratch, out, err);
    }
}

static int bind_ip(const struct param_type *t, struct value *out, struct arena *scratch,
                   struct err *err)
{
    struct buf b = BUF_INIT;
    int bad = 0;
    unsigned char a[16];
    if (!str_has(out->text, ':')) {
        bad = ip_parse_v4(out->text, a) ? 0 : -1;
    } else if (ip_parse_v6(out->text, a)) {
        ip_add_v6(&b, a);
        value_set_text(out, arena_str(scratch, buf_str(&b)));
    } else {
        bad = -1;
    }
    buf_release(&b);
    return bad == 0 ? 0 : convert_fail(t, *out, "is not a valid IP address.", err);
}

/* SQLite would keep more than the column is declared for; PostgreSQL refuses it. */
static int check_length(const struct param_type *t, const struct value *v, struct err *err)
{
    if (!t->max_chars || v->text.n <= t->max_chars)
        return 0;
    size_t n = utf8_len(v->text);
    char place[CONVERT_PLACE];
    if (n <= t->max_chars)
        return 0;
    return err_set(err, ERR_INVALID,
                   "%s: Ensure this value has at most %u character%s (it has %zu).",
                   convert_place(t, place), t->max_chars, t->max_chars == 1 ? "" : "s", n);
}

int convert_bind(const struct dialect *d, const struct param_type *t, struct value v,
                 const struct convert_zone *zone, struct arena *scratch, struct value *out,
                 struct err *err)
{
    (void)d;
    if (v.kind == VALUE_NULL && t->bind != BIND_JSON_LOOKUP) {
        *out = v;
        if (t->storage == STORE_FILE)
            value_set_text(out, STR(""));
        return 0;
    }
    switch (t->bind) {
    case BIND_RAW:
        return bind_raw(t, v, scratch, out, err);
    case BIND_JSON:
    case BIND_JSON_LOOKUP:
        return bind_json(t, v, t->bind == BIND_JSON_LOOKUP, scratch, out, err);
    case BIND_YEAR_FIRST:
    case BIND_YEAR_LAST:
    case BIND_ISO_FIRST:
    case BIND_ISO_LAST: {
        struct value year;
        struct param_type number = {.storage = STORE_INT, .field = t->field};
        if (convert_int(&number, v, &year, err) < 0)
            return -1;
        return convert_year(t, year.i, zone, scratch, out, err);
    }
    case BIND_CONTAINS:
    case BIND_STARTS:
    case BIND_ENDS:
    case BIND_LIKE:
        if (bind_typed(t, v, zone, scratch, out, err) < 0)
            return -1;
        if (str_has(out->text, '\0')) /* where LIKE ends a pattern */
            return err_set(err, ERR_INVALID,
                           "%s: text with a NUL character can only be looked for as a whole",
                           convert_place(t, (char[CONVERT_PLACE]){0}));
        out->text = like(out->text, t->bind, scratch);
        return 0;
    default:
        if (bind_typed(t, v, zone, scratch, out, err) < 0 || check_length(t, out, err) < 0)
            return -1;
        return t->storage == STORE_IP ? bind_ip(t, out, scratch, err) : 0;
    }
}

bool convert_always_fits(const struct param_type *t, enum value_kind kind)
{
    bool number = kind == VALUE_INT || kind == VALUE_TRUE || kind == VALUE_FALSE;
    bool moment = kind == VALUE_DATE || kind == VALUE_DATETIME || kind == VALUE_NAIVE;
    if (kind == VALUE_NULL)
        return true;
    if (t->bind == BIND_YEAR_FIRST || t->bind == BIND_ISO_FIRST)
        return false; /* there are years before and after all dates */
    switch (t->storage) {
    case STORE_INT:
    case STORE_FLOAT:
        return number;
    case STORE_DECIMAL:
        return (kind == VALUE_INT || kind == VALUE_DECIMAL) &&
               (convert_compares(t) || !t->max_digits);
    case STORE_BOOL:
        return kind == VALUE_TRUE || kind == VALUE_FALSE;
    case STORE_TEXT:
    case STORE_FILE:
        if (t->bind != BIND_PLAIN && t->bind != BIND_MATCH)
            return number; /* patterns */
        return number || moment || kind == VALUE_TEXT || kind == VALUE_BLOB ||
               kind == VALUE_DOUBLE || kind == VALUE_DECIMAL || kind == VALUE_TIME;
    case STORE_DATE:
    case STORE_DATETIME:
        return moment;
    case STORE_TIME:
        return kind == VALUE_TIME;
    case STORE_DURATION:
        return kind == VALUE_DURATION;
    case STORE_BINARY:
        return kind == VALUE_TEXT || kind == VALUE_BLOB;
    case STORE_JSON:
        return true;
    case STORE_UNKNOWN:
        return kind != VALUE_DOUBLE && kind != VALUE_JSON;
    default:
        return false;
    }
}

unsigned convert_as_is(const struct param_type *t)
{
    const unsigned null = 1u << VALUE_NULL, bools = 1u << VALUE_FALSE | 1u << VALUE_TRUE;
    const unsigned ints = 1u << VALUE_INT, doubles = 1u << VALUE_DOUBLE;
    const unsigned texts = 1u << VALUE_TEXT | 1u << VALUE_BLOB;
    if (t->bind == BIND_RAW)
        return null | bools | ints | doubles | texts;
    if (t->bind != BIND_PLAIN && !convert_compares(t))
        return 0;
    switch (t->storage) {
    case STORE_INT:
        return null | bools | ints;
    case STORE_FLOAT:
        return null | doubles;
    case STORE_BOOL:
        return null | bools;
    case STORE_TEXT:
        return null | 1u << VALUE_TEXT;
    case STORE_BINARY:
        return null | 1u << VALUE_BLOB;
    case STORE_FILE:
        return 1u << VALUE_TEXT;
    case STORE_UNKNOWN:
        return null | bools | ints | doubles | texts;
    default:
        return null;
    }
}
