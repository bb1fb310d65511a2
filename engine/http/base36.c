/* SPDX-License-Identifier: MIT */
#include "http/base36.h"

struct str base36_encode(uint64_t n, char out[BASE36_SIZE])
{
    char *p = out + BASE36_SIZE - 1;
    *p = '\0';
    do {
        *--p = "0123456789abcdefghijklmnopqrstuvwxyz"[n % 36];
        n /= 36;
    } while (n);
    return str_make(p, (size_t)(out + BASE36_SIZE - 1 - p));
}

static int digit(char c)
{
    if (char_is_digit(c))
        return c - '0';
    return char_is_alpha(c) ? char_lower(c) - 'a' + 10 : -1;
}

int base36_decode(struct str s, int64_t *out, struct err *err)
{
    int64_t v = 0;
    if (s.n > BASE36_SIZE - 1)
        return err_set(err, ERR_TOO_LARGE, "base36 input too large");
    for (size_t i = 0; i < s.n; i++) {
        int d = digit(s.p[i]);
        if (d < 0)
            break;
        if (__builtin_mul_overflow(v, (int64_t)36, &v) || __builtin_add_overflow(v, d, &v))
            return err_set(err, ERR_TOO_LARGE, "base36 input too large");
        if (i + 1 == s.n) {
            *out = v;
            return 0;
        }
    }
    return err_set(err, ERR_INVALID, "invalid literal for int() with base 36: '%.*s'", STR_ARG(s));
}
