/* SPDX-License-Identifier: MIT */
/* stringformat: Python's "%" + argument, applied to one value. */
#include "template/filters.h"
#include "value/unicode.h"

#include "base/banned.h"

#include <math.h>

enum { FLAG_LEFT = 1, FLAG_SIGN = 2, FLAG_BLANK = 4, FLAG_ALT = 8, FLAG_ZERO = 16 };

/* What Python raises: silent ones make the result empty. */
enum outcome { FORMAT_FAILED = -1, FORMAT_OK, FORMAT_SILENT };

struct spec {
    unsigned flags;
    int64_t width, precision; /* precision -1: none */
    char type;
};

struct formatter {
    struct render *r;
    struct str rest; /* of the format */
    struct tval v;   /* the value, or what %(key)s found in it */
    struct tval whole;
    bool used;    /* v was taken */
    bool mapping; /* the value may be left over, and is what %(key)s looks into */
};

/* ---- reading ---- */

static char next_char(struct formatter *f)
{
    if (f->rest.n == 0)
        return '\0';
    char c = f->rest.p[0];
    f->rest = str_skip(f->rest, 1);
    return c;
}

static char peek_char(const struct formatter *f)
{
    return f->rest.n ? f->rest.p[0] : '\0';
}

/* The only argument there is, once. */
static enum outcome take(struct formatter *f, struct tval *out)
{
    if (f->used)
        return FORMAT_SILENT;
    f->used = true;
    *out = f->v;
    return FORMAT_OK;
}

/* Digits, or "*" for the value itself. */
static enum outcome read_number(struct formatter *f, int64_t *out)
{
    if (peek_char(f) == '*') {
        struct tval v;
        next_char(f);
        if (take(f, &v) || (v.type != TVAL_INT && v.type != TVAL_BOOL))
            return FORMAT_SILENT;
        *out = v.type == TVAL_BOOL ? v.u.b : v.u.i;
        return FORMAT_OK;
    }
    for (*out = 0; char_is_digit(peek_char(f));) {
        *out = *out * 10 + (next_char(f) - '0');
        if (*out > INT32_MAX)
            *out = INT32_MAX;
    }
    return FORMAT_OK;
}

/* "(key)": the value becomes the one under the key. */
static enum outcome read_key(struct formatter *f)
{
    size_t i = 1;
    if (peek_char(f) != '(')
        return FORMAT_OK;
    for (int depth = 1; i < f->rest.n; i++) {
        depth += (f->rest.p[i] == '(') - (f->rest.p[i] == ')');
        if (depth == 0)
            break;
    }
    if (!f->mapping || i >= f->rest.n || f->whole.type != TVAL_OBJECT)
        return FORMAT_SILENT;
    struct str key = str_make(f->rest.p + 1, i - 1);
    struct tval found;
    if (f->r->ops->lookup_str(f->r, f->whole, key, &found))
        return FORMAT_FAILED;
    if (found.type == TVAL_UNDEFINED)
        return (enum outcome)render_fail(f->r, "KeyError", "'%.*s'", STR_ARG(str_head(key, 200)));
    f->rest = str_skip(f->rest, i + 1);
    f->v = found;
    f->used = false;
    return FORMAT_OK;
}

static enum outcome read_spec(struct formatter *f, struct spec *out)
{
    static const char flags[] = "-+ #0";
    *out = (struct spec){.precision = -1};
    if (peek_char(f) == '%') { /* which nothing may stand before */
        out->type = next_char(f);
        return FORMAT_OK;
    }
    enum outcome got = read_key(f);
    if (got)
        return got;
    for (const char *p; peek_char(f) && (p = strchr(flags, peek_char(f))); next_char(f))
        out->flags |= 1U << (p - flags);
    if ((got = read_number(f, &out->width)))
        return got;
    if (out->width < 0) {
        out->flags |= FLAG_LEFT;
        out->width = out->width > -INT64_MAX ? -out->width : INT64_MAX;
    }
    if (peek_char(f) == '.') {
        next_char(f);
        if ((got = read_number(f, &out->precision)))
            return got;
        out->precision = out->precision < 0 ? 0 : out->precision;
    }
    if (peek_char(f) && strchr("hlL", peek_char(f)))
        next_char(f);
    out->type = next_char(f);
    if (out->type == '\0' || out->type == '%')
        return FORMAT_SILENT;
    if (out->width > FILTER_WIDTH_MAX || out->precision > FILTER_WIDTH_MAX)
        return (enum outcome)render_fail(f->r, "OverflowError",
                                         "the width and the precision of stringformat are "
                                         "limited to %d",
                                         FILTER_WIDTH_MAX);
    return FORMAT_OK;
}

/* ---- writing ---- */

static void add_fill(struct buf *out, char c, int64_t n)
{
    if (n <= 0)
        return;
    buf_reserve(out, (size_t)n);
    memset(out->data + out->n, c, (size_t)n);
    out->n += (size_t)n;
    out->data[out->n] = '\0';
}

/* Pads the number that begins at `start`: its sign and its "0x" go before filling zeros. */
static void pad_number(struct buf *out, size_t start, const struct spec *s)
{
    char sign = '\0';
    struct buf body = BUF_INIT;
    buf_add(&body, out->data + start, out->n - start);
    struct str digits = buf_str(&body), prefix = STR("");
    buf_cut(out, start);
    if (digits.n > 0 && (digits.p[0] == '-' || digits.p[0] == '+')) {
        sign = digits.p[0];
        digits = str_skip(digits, 1);
    } else if (s->flags & (FLAG_SIGN | FLAG_BLANK)) {
        sign = s->flags & FLAG_SIGN ? '+' : ' ';
    }
    if (s->flags & FLAG_ALT && strchr("xXo", s->type)) {
        prefix = str_head(digits, 2);
        digits = str_skip(digits, 2);
    }
    int64_t missing = s->width - (int64_t)(digits.n + prefix.n) - (sign != '\0');
    bool left = s->flags & FLAG_LEFT, zero = s->flags & FLAG_ZERO;
    if (!left && !zero)
        add_fill(out, ' ', missing);
    if (sign)
        buf_addc(out, sign);
    buf_addstr(out, prefix);
    if (!left && zero)
        add_fill(out, '0', missing);
    buf_addstr(out, digits);
    if (left)
        add_fill(out, ' ', missing);
    buf_release(&body);
}

/* Text, cut to the precision and padded. */
static void add_text(struct buf *out, struct str text, const struct spec *s)
{
    if (s->precision >= 0)
        text = str_head(text, utf8_offset(text, (size_t)s->precision));
    int64_t missing = s->width > 0 ? s->width - (int64_t)utf8_len(text) : 0;
    if (!(s->flags & FLAG_LEFT))
        add_fill(out, ' ', missing);
    buf_addstr(out, text);
    if (s->flags & FLAG_LEFT)
        add_fill(out, ' ', missing);
}

/* ---- numbers ---- */

static bool is_real(struct tval v)
{
    return v.type == TVAL_INT || v.type == TVAL_BOOL || v.type == TVAL_DOUBLE ||
           v.type == TVAL_DECIMAL;
}

/* Digits with leading zeros up to the precision. */
static void add_digits(struct buf *out, bool negative, const char *prefix, struct str digits,
                       const struct spec *s)
{
    size_t start = out->n;
    if (negative)
        buf_addc(out, '-');
    if (s->flags & FLAG_ALT)
        buf_adds(out, prefix);
    add_fill(out, '0', s->precision - (int64_t)digits.n);
    buf_addstr(out, digits);
    pad_number(out, start, s);
}

static enum outcome add_decimal_int(struct formatter *f, struct tval v, const struct spec *s)
{
    struct tval i;
    struct decimal d;
    char text[DECIMAL_TEXT_MAX];
    if (!is_real(v))
        return FORMAT_SILENT;
    enum convert got = filter_int(f->r, v, &i);
    if (got == CONVERT_OVERFLOW)
        return (enum outcome)filter_raise_int(f->r, v, got);
    if (got != CONVERT_OK)
        return FORMAT_SILENT;
    filter_as_decimal(i, &d);
    bool negative = d.negative && !decimal_is_zero(&d);
    d.negative = false;
    struct str digits = str_make(text, decimal_write_fixed(&d, text));
    add_digits(&f->r->scratch, negative, "", digits, s);
    return FORMAT_OK;
}

static enum outcome add_radix_int(struct formatter *f, struct tval v, const struct spec *s)
{
    char text[32], *p = text + sizeof text;
    const char *set = s->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    if (v.type != TVAL_INT && v.type != TVAL_BOOL)
        return FORMAT_SILENT;
    int64_t n = v.type == TVAL_BOOL ? v.u.b : v.u.i;
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
    unsigned shift = s->type == 'o' ? 3 : 4;
    do
        *--p = set[rest & ((1U << shift) - 1)];
    while (rest >>= shift);
    const char *prefix = s->type == 'o' ? "0o" : s->type == 'x' ? "0x" : "0X";
    struct str digits = str_make(p, (size_t)(text + sizeof text - p));
    add_digits(&f->r->scratch, n < 0, prefix, digits, s);
    return FORMAT_OK;
}

static enum outcome add_float(struct formatter *f, struct tval v, const struct spec *s)
{
    double d;
    struct buf *out = &f->r->scratch;
    size_t start = out->n;
    char format[8] = {'%'}, *p = format + 1;
    if (!is_real(v) || filter_double(v, &d) != CONVERT_OK)
        return FORMAT_SILENT;
    bool upper = strchr("EFG", s->type);
    if (s->flags & FLAG_ALT)
        *p++ = '#';
    *p++ = '.';
    *p++ = '*';
    *p++ = s->type;
    if (isnan(d))
        buf_adds(out, upper ? "NAN" : "nan");
    else if (isinf(d))
        buf_adds(out, upper ? d < 0 ? "-INF" : "INF" : d < 0 ? "-inf" : "inf");
    else {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        buf_addf(out, format, (int)(s->precision < 0 ? 6 : s->precision), d);
#pragma GCC diagnostic pop
    }
    pad_number(out, start, s);
    return FORMAT_OK;
}

/* ---- text ---- */

static enum outcome add_character(struct formatter *f, struct tval v, const struct spec *s)
{
    char text[4];
    struct spec whole = *s;
    whole.precision = -1;
    if (tval_is_str(v)) {
        if (utf8_len(tval_text(v)) != 1)
            return FORMAT_SILENT;
        add_text(&f->r->scratch, tval_text(v), &whole);
        return FORMAT_OK;
    }
    if (v.type != TVAL_INT && v.type != TVAL_BOOL)
        return FORMAT_SILENT;
    int64_t cp = v.type == TVAL_BOOL ? v.u.b : v.u.i;
    if (cp < 0 || cp > 0x10FFFF)
        return (enum outcome)render_fail(f->r, "OverflowError", "%%c arg not in range(0x110000)");
    if (cp >= 0xD800 && cp <= 0xDFFF)
        cp = 0xFFFD; /* no text */
    add_text(&f->r->scratch, str_make(text, utf8_encode((uint32_t)cp, text)), &whole);
    return FORMAT_OK;
}

/* What is beyond ASCII as \x, \u and \U. */
static void add_ascii(struct buf *out, struct str s)
{
    while (s.n > 0) {
        uint32_t cp;
        size_t n = unicode_next(s, &cp);
        if (cp < 0x80)
            buf_addc(out, (char)cp);
        else
            buf_addf(out, cp < 0x100 ? "\\x%02x" : cp < 0x10000 ? "\\u%04x" : "\\U%08x", cp);
        s = str_skip(s, n);
    }
}

static enum outcome add_repr(struct formatter *f, struct tval v, const struct spec *s)
{
    struct buf repr = BUF_INIT, ascii = BUF_INIT;
    enum outcome got = render_add_repr(f->r, v, &repr) ? FORMAT_FAILED : FORMAT_OK;
    if (s->type == 'a')
        add_ascii(&ascii, buf_str(&repr));
    add_text(&f->r->scratch, buf_str(s->type == 'a' ? &ascii : &repr), s);
    buf_release(&repr);
    buf_release(&ascii);
    return got;
}

static enum outcome add_str(struct formatter *f, struct tval v, const struct spec *s)
{
    if (render_str(f->r, v, &v))
        return FORMAT_FAILED;
    add_text(&f->r->scratch, tval_text(v), s);
    return FORMAT_OK;
}

static enum outcome add_value(struct formatter *f, const struct spec *s)
{
    struct tval v;
    if (s->type == '%') {
        buf_addc(&f->r->scratch, '%');
        return FORMAT_OK;
    }
    if (take(f, &v))
        return FORMAT_SILENT;
    switch (s->type) {
    case 's':
        return add_str(f, v, s);
    case 'r':
    case 'a':
        return add_repr(f, v, s);
    case 'd':
    case 'i':
    case 'u':
        return add_decimal_int(f, v, s);
    case 'o':
    case 'x':
    case 'X':
        return add_radix_int(f, v, s);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        return add_float(f, v, s);
    case 'c':
        return add_character(f, v, s);
    default:
        return FORMAT_SILENT;
    }
}

/* The whole format, which stands behind a "%". */
static enum outcome format(struct formatter *f)
{
    struct spec spec;
    for (;;) {
        enum outcome got = read_spec(f, &spec);
        if (!got)
            got = add_value(f, &spec);
        if (got)
            return got;
        size_t end = str_index(f->rest, '%');
        buf_addstr(&f->r->scratch, str_head(f->rest, end));
        if (end == f->rest.n)
            break;
        f->rest = str_skip(f->rest, end + 1);
    }
    return f->used || f->mapping ? FORMAT_OK : FORMAT_SILENT;
}

FILTER(stringformat)
{
    (void)f;
    struct formatter formatter = {.r = r, .v = *v, .whole = *v};
    size_t start = r->scratch.n;
    formatter.mapping = v->type == TVAL_OBJECT || v->type == TVAL_LIST;
    if (filter_arg_text(r, arg, &formatter.rest))
        return -1;
    enum outcome got = format(&formatter);
    if (got == FORMAT_FAILED)
        return -1;
    if (got == FORMAT_SILENT) {
        buf_cut(&r->scratch, start);
        *v = filter_empty();
        return 0;
    }
    *v = render_cut(r, start, false);
    return 0;
}
