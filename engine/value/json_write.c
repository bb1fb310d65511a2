/* SPDX-License-Identifier: MIT */
#include "value/json.h"

#include "value/json_impl.h"
#include "value/number.h"

#include "base/utf8.h"

#include <math.h>

static void add_unit(struct buf *b, uint32_t unit)
{
    static const char hex[] = "0123456789abcdef";
    char t[6] = {'\\',          'u', hex[unit >> 12], hex[unit >> 8 & 15], hex[unit >> 4 & 15],
                 hex[unit & 15]};
    buf_add(b, t, sizeof t);
}

static void add_control(struct buf *b, unsigned char c)
{
    static const char letters[] = "btn\0fr"; /* 0x08 to 0x0d */
    if (c >= 0x08 && c <= 0x0d && letters[c - 0x08]) {
        char t[2] = {'\\', letters[c - 0x08]};
        buf_add(b, t, sizeof t);
    } else {
        add_unit(b, c);
    }
}

/* Adds the character at the start of s, which is not plain; gives its length, 0 when it is
 * not valid. */
static size_t add_special(struct buf *b, struct str s, bool ascii)
{
    unsigned char c = (unsigned char)*s.p;
    uint32_t cp;
    if (c == '"' || c == '\\') {
        char t[2] = {'\\', (char)c};
        buf_add(b, t, sizeof t);
        return 1;
    }
    if (c < 0x20) {
        add_control(b, c);
        return 1;
    }
    size_t n = utf8_decode(s, &cp);
    if (n == 0)
        return 0;
    if (!ascii) {
        buf_add(b, s.p, n);
    } else if (cp < 0x10000) {
        add_unit(b, cp);
    } else {
        add_unit(b, 0xd800 + ((cp - 0x10000) >> 10));
        add_unit(b, 0xdc00 + ((cp - 0x10000) & 0x3ff));
    }
    return n;
}

int json_add_string(struct buf *b, struct str s, bool ascii, struct err *err)
{
    size_t start = b->n;
    struct str rest = s;
    buf_reserve(b, s.n + 2);
    buf_addc(b, '"');
    for (;;) {
        size_t n = json_plain_run(rest.p, rest.n);
        buf_add(b, rest.p, n);
        rest = str_skip(rest, n);
        if (rest.n == 0)
            break;
        n = add_special(b, rest, ascii);
        if (n == 0) {
            buf_cut(b, start);
            return err_set(err, ERR_INVALID, "a string that is not valid UTF-8 (byte %zu: 0x%02x)",
                           s.n - rest.n + 1, (unsigned char)*rest.p);
        }
        rest = str_skip(rest, n);
    }
    buf_addc(b, '"');
    return 0;
}

int json_add_double(struct buf *b, double d, struct err *err)
{
    if (!isfinite(d))
        return err_set(err, ERR_INVALID, "the number %s, which JSON does not have",
                       isnan(d) ? "NaN"
                       : d < 0  ? "-Infinity"
                                : "Infinity");
    number_add(b, d);
    return 0;
}
