/* SPDX-License-Identifier: MIT */
/* The reader.  State says what may come next; the open containers are a stack of bits.
 *
 *     VALUE        a value                  start; after ':'; after ',' in an array
 *     FIRST_ITEM   a value or ']'           after '['
 *     FIRST_KEY    a key or '}'             after '{'
 *     AFTER        ',' (and what it asks for) or the right bracket; the end when nothing is open
 */
#include "value/json.h"

#include "value/json_impl.h"
#include "value/number.h"

#include "base/utf8.h"

#include <assert.h>

enum state { VALUE, FIRST_ITEM, FIRST_KEY, AFTER };

void json_reader_init(struct json_reader *r, struct str text, unsigned max_depth)
{
    assert(max_depth <= JSON_DEPTH_MAX);
    if (!text.p)
        text = STR("");
    r->integer = 0;
    r->number = 0;
    r->text = STR_NULL;
    r->escaped = false;
    r->state = VALUE;
    r->depth = 0;
    r->max_depth = max_depth;
    r->start = r->p = text.p;
    r->end = text.p + text.n;
}

/* ---- errors ---- */

/* "line 1 column 5: " and the message, for the place `at`. */
static enum json_token __attribute__((format(printf, 5, 6)))
fail(const struct json_reader *r, const char *at, struct err *err, enum err_code code,
     const char *fmt, ...)
{
    size_t line = 1;
    const char *begin = r->start, *eol;
    va_list ap;
    while ((eol = memchr(begin, '\n', (size_t)(at - begin)))) {
        begin = eol + 1;
        line++;
    }
    va_start(ap, fmt);
    err_vset(err, code, fmt, ap);
    va_end(ap);
    err_prefix(err, "line %zu column %zu", line,
               utf8_len(str_make(begin, (size_t)(at - begin))) + 1);
    return JSON_ERROR;
}

/* "…, found 'x'" */
static enum json_token unexpected(const struct json_reader *r, struct err *err, const char *wanted)
{
    struct str rest = str_make(r->p, (size_t)(r->end - r->p));
    uint32_t cp;
    size_t n;
    if (rest.n == 0)
        return fail(r, r->p, err, ERR_SYNTAX, "expected %s, found the end of the text", wanted);
    n = utf8_decode(rest, &cp);
    if (n == 0 || cp < 0x20 || cp == 0x7f)
        return fail(r, r->p, err, ERR_SYNTAX, "expected %s, found the byte 0x%02x", wanted,
                    (unsigned char)*r->p);
    return fail(r, r->p, err, ERR_SYNTAX, "expected %s, found '%.*s'", wanted, (int)n, r->p);
}

static enum json_token not_a_value(const struct json_reader *r, struct err *err)
{
    struct str rest = str_make(r->p, (size_t)(r->end - r->p));
    if (r->p == r->start && str_starts(rest, STR("\xef\xbb\xbf")))
        return fail(r, r->p, err, ERR_SYNTAX,
                    "the text begins with a byte order mark (U+FEFF), which JSON does not allow");
    if (str_starts(rest, STR("NaN")) || str_starts(rest, STR("Infinity")) ||
        str_starts(rest, STR("-Infinity")))
        return fail(r, r->p, err, ERR_SYNTAX, "NaN and Infinity are not JSON");
    if (str_starts(rest, STR("'")))
        return unexpected(r, err, "a value (strings stand in double quotes)");
    return unexpected(r, err, "a value");
}

/* ---- containers ---- */

static bool in_object(const struct json_reader *r)
{
    unsigned i = r->depth - 1;
    return r->objects[i / 64] >> (i % 64) & 1;
}

static enum json_token open_container(struct json_reader *r, bool object, struct err *err)
{
    unsigned i = r->depth;
    if (i >= r->max_depth)
        return fail(r, r->p, err, ERR_TOO_LARGE, "nested deeper than %u levels (json_max_depth)",
                    r->max_depth);
    uint64_t bit = UINT64_C(1) << (i % 64);
    if (i % 64 == 0)
        r->objects[i / 64] = 0;
    r->objects[i / 64] = object ? r->objects[i / 64] | bit : r->objects[i / 64] & ~bit;
    r->depth++;
    r->p++;
    r->state = object ? FIRST_KEY : FIRST_ITEM;
    return object ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_token close_container(struct json_reader *r, enum json_token token)
{
    r->p++;
    r->depth--;
    r->state = AFTER;
    return token;
}

/* ---- strings ---- */

/* The four digits of \uXXXX; -1 when they are not there. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t unit = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = char_hex(p[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool is_high(int32_t unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(int32_t unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

/* Length of the escape at p (the backslash), or 0 with *err set. */
static size_t check_escape(const struct json_reader *r, const char *p, struct err *err)
{
    char c = r->end - p > 1 ? p[1] : '\0';
    if (c && strchr("\"\\/bfnrt", c))
        return 2;
    if (c != 'u') {
        fail(r, p, err, ERR_SYNTAX, "unknown escape in a string; a backslash is written \\\\");
        return 0;
    }
    int32_t unit = hex4(p + 2, r->end);
    if (unit < 0) {
        fail(r, p, err, ERR_SYNTAX, "\\u wants four hexadecimal digits");
        return 0;
    }
    if (!is_high(unit) && !is_low(unit))
        return 6;
    if (is_high(unit) && r->end - p >= 12 && p[6] == '\\' && p[7] == 'u' &&
        is_low(hex4(p + 8, r->end)))
        return 12;
    fail(r, p, err, ERR_SYNTAX, "lone surrogate \\u%.4s in a string", p + 2);
    return 0;
}

/* r->p is behind the opening quote; leaves it behind the closing one. */
static int read_string(struct json_reader *r, struct err *err)
{
    const char *begin = r->p, *p = begin;
    uint32_t cp;
    r->escaped = false;
    for (;;) {
        p += json_plain_run(p, (size_t)(r->end - p));
        if (p == r->end)
            return (int)fail(r, begin - 1, err, ERR_SYNTAX,
                             "the string that begins here has no end");
        if (*p == '"')
            break;
        size_t n;
        if (*p == '\\') {
            r->escaped = true;
            n = check_escape(r, p, err);
            if (n == 0)
                return -1;
        } else if ((unsigned char)*p < 0x20) {
            return (int)fail(r, p, err, ERR_SYNTAX,
                             "control character 0x%02x in a string; write it as \\u%04x",
                             (unsigned)*p, (unsigned)*p);
        } else {
            n = utf8_decode(str_make(p, (size_t)(r->end - p)), &cp);
            if (n == 0)
                return (int)fail(r, p, err, ERR_SYNTAX, "invalid UTF-8 in a string (byte 0x%02x)",
                                 (unsigned char)*p);
        }
        p += n;
    }
    r->text = str_make(begin, (size_t)(p - begin));
    r->p = p + 1;
    return 0;
}

size_t json_unescape(struct str text, char *out)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *p = text.p, *end = p + text.n, *hit;
    char *o = out;
    while (p < end) {
        const char *backslash = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((backslash ? backslash : end) - p);
        memcpy(o, p, run);
        o += run;
        p += run;
        if (p == end)
            break;
        char c = p[1];
        if (c != 'u') {
            hit = strchr(from, c);
            *o++ = hit ? to[hit - from] : c;
            p += 2;
            continue;
        }
        uint32_t cp = (uint32_t)hex4(p + 2, end);
        p += 6;
        if (is_high((int32_t)cp)) {
            cp = 0x10000 + ((cp - 0xd800) << 10) + ((uint32_t)hex4(p + 2, end) - 0xdc00);
            p += 6;
        }
        o += utf8_encode(cp, o);
    }
    return (size_t)(o - out);
}

/* ---- numbers and words ---- */

static enum json_token read_integer(struct json_reader *r, const char *begin, const char *end,
                                    struct err *err)
{
    bool negative = *begin == '-';
    if (end - begin <= 18) {
        int64_t v = 0;
        for (const char *p = begin + negative; p < end; p++)
            v = v * 10 + (*p - '0');
        r->integer = negative ? -v : v;
    } else if (!str_to_int64(str_make(begin, (size_t)(end - begin)), &r->integer))
        return fail(r, begin, err, ERR_TOO_LARGE,
                    "the integer does not fit 64 bits; send it as a string");
    return JSON_INT;
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && char_is_digit(*p))
        p++;
    return p;
}

static enum json_token read_number(struct json_reader *r, struct err *err)
{
    const char *begin = r->p, *p = begin + (*begin == '-'), *whole = p;
    bool integer = true;
    p = digits(p, r->end);
    if (p == whole)
        return not_a_value(r, err);
    if (*whole == '0' && p - whole > 1)
        return fail(r, begin, err, ERR_SYNTAX, "a number must not begin with 0");
    if (p < r->end && *p == '.') {
        integer = false;
        r->p = ++p;
        p = digits(p, r->end);
        if (p == r->p)
            return unexpected(r, err, "a digit after the decimal point");
    }
    if (p < r->end && (*p == 'e' || *p == 'E')) {
        integer = false;
        p++;
        p += p < r->end && (*p == '+' || *p == '-');
        r->p = p;
        p = digits(p, r->end);
        if (p == r->p)
            return unexpected(r, err, "a digit in the exponent");
    }
    r->p = p;
    if (integer)
        return read_integer(r, begin, p, err);
    if (number_parse(str_make(begin, (size_t)(p - begin)), &r->number) != 0)
        return fail(r, begin, err, ERR_TOO_LARGE, "the number is too large for a double");
    return JSON_DOUBLE;
}

static enum json_token read_word(struct json_reader *r, struct str word, enum json_token token,
                                 struct err *err)
{
    if (!str_starts(str_make(r->p, (size_t)(r->end - r->p)), word))
        return not_a_value(r, err);
    r->p += word.n;
    return token;
}

/* ---- tokens ---- */

static void skip_space(struct json_reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

static enum json_token read_value(struct json_reader *r, struct err *err)
{
    r->state = AFTER;
    switch (r->p < r->end ? *r->p : '\0') {
    case '{':
        return open_container(r, true, err);
    case '[':
        return open_container(r, false, err);
    case '"':
        r->p++;
        return read_string(r, err) == 0 ? JSON_STRING : JSON_ERROR;
    case 't':
        return read_word(r, STR("true"), JSON_TRUE, err);
    case 'f':
        return read_word(r, STR("false"), JSON_FALSE, err);
    case 'n':
        return read_word(r, STR("null"), JSON_NULL, err);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(r, err);
    default:
        return not_a_value(r, err);
    }
}

static enum json_token read_key(struct json_reader *r, const char *wanted, struct err *err)
{
    if (r->p == r->end || *r->p != '"')
        return unexpected(r, err, wanted);
    r->p++;
    if (read_string(r, err) != 0)
        return JSON_ERROR;
    skip_space(r);
    if (r->p == r->end || *r->p != ':')
        return unexpected(r, err, "':' after the key");
    r->p++;
    r->state = VALUE;
    return JSON_KEY;
}

/* Behind a value: the end, a bracket, or what follows a comma. */
static enum json_token read_after(struct json_reader *r, struct err *err)
{
    if (r->depth == 0)
        return r->p == r->end ? JSON_END : unexpected(r, err, "the end of the text");
    bool object = in_object(r);
    char c = r->p < r->end ? *r->p : '\0';
    if (c == (object ? '}' : ']'))
        return close_container(r, object ? JSON_OBJECT_END : JSON_ARRAY_END);
    if (c != ',')
        return unexpected(r, err, object ? "',' or '}'" : "',' or ']'");
    r->p++;
    skip_space(r);
    if (object)
        return read_key(r, "a key in double quotes after ','", err);
    if (r->p < r->end && *r->p == ']')
        return unexpected(r, err, "a value after ','");
    return read_value(r, err);
}

enum json_token json_next(struct json_reader *r, struct err *err)
{
    skip_space(r);
    switch ((enum state)r->state) {
    case AFTER:
        return read_after(r, err);
    case FIRST_ITEM:
        if (r->p < r->end && *r->p == ']')
            return close_container(r, JSON_ARRAY_END);
        return read_value(r, err);
    case FIRST_KEY:
        if (r->p < r->end && *r->p == '}')
            return close_container(r, JSON_OBJECT_END);
        return read_key(r, "a key in double quotes or '}'", err);
    case VALUE:

        break;
    }
    return read_value(r, err);
}
