/* SPDX-License-Identifier: MIT */
#include "crypto/encode.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64_encode(struct buf *out, struct str data, enum base64_kind kind)
{
    const char *digits = kind == BASE64_STANDARD ? standard : url_safe;
    const unsigned char *p = (const unsigned char *)data.p;
    size_t n = data.n;
    buf_reserve(out, n / 3 * 4 + 4);
    for (; n >= 3; n -= 3, p += 3) {
        char four[4] = {digits[p[0] >> 2], digits[(p[0] & 3) << 4 | p[1] >> 4],
                        digits[(p[1] & 15) << 2 | p[2] >> 6], digits[p[2] & 63]};
        buf_add(out, four, 4);
    }
    if (n) {
        unsigned second = n == 2 ? p[1] : 0;
        char four[4] = {digits[p[0] >> 2], digits[(p[0] & 3U) << 4 | second >> 4],
                        n == 2 ? digits[(second & 15) << 2] : '=', '='};
        buf_add(out, four, kind == BASE64_URL_PLAIN ? n + 1 : 4);
    }
}

static int base64_value(char c, bool url)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    return c == (url ? '_' : '/') ? 63 : -1;
}

/* The text without its padding; false when the padding is not what it should be. */
static bool base64_unpad(struct str *text, enum base64_kind kind)
{
    size_t total = text->n, n = total;
    while (n && total - n < 2 && text->p[n - 1] == '=')
        n--;
    bool padded = n != total;
    text->n = n;
    if (padded || kind != BASE64_URL_PLAIN)
        return total % 4 == 0;
    return n % 4 != 1;
}

int base64_decode(struct buf *out, struct str text, enum base64_kind kind, struct err *err)
{
    size_t start = out->n;
    if (!base64_unpad(&text, kind) || text.n % 4 == 1)
        return err_set(err, ERR_SYNTAX, "base64 text has a wrong length or padding");
    buf_reserve(out, text.n / 4 * 3 + 3);
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < text.n; i++) {
        int v = base64_value(text.p[i], kind != BASE64_STANDARD);
        if (v < 0) {
            buf_cut(out, start);
            return err_set(err, ERR_SYNTAX, "base64 text has a wrong character at byte %zu", i + 1);
        }
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_addc(out, (char)(bits >> have));
        }
        bits &= 0xff;
    }
    if (bits & ((1u << have) - 1)) {
        buf_cut(out, start);
        return err_set(err, ERR_SYNTAX, "base64 text ends in unused bits that are set");
    }
    return 0;
}

void hex_encode(struct buf *out, struct str data)
{
    buf_reserve(out, 2 * data.n);
    hex_write(out->data + out->n, data);
    out->n += 2 * data.n;
    out->data[out->n] = '\0';
}

void hex_write(char *out, struct str data)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < data.n; i++) {
        unsigned char c = (unsigned char)data.p[i];
        out[2 * i] = digits[c >> 4];
        out[2 * i + 1] = digits[c & 15];
    }
}

int hex_decode(struct buf *out, struct str text, struct err *err)
{
    size_t start = out->n;
    if (text.n % 2)
        return err_set(err, ERR_SYNTAX, "hexadecimal text has an odd number of digits");
    for (size_t i = 0; i < text.n; i += 2) {
        int high = char_hex(text.p[i]), low = char_hex(text.p[i + 1]);
        if (high < 0 || low < 0) {
            buf_cut(out, start);
            return err_set(err, ERR_SYNTAX, "hexadecimal text has a wrong character at byte %zu",
                           high < 0 ? i + 1 : i + 2);
        }
        buf_addc(out, (char)(high << 4 | low));
    }
    return 0;
}
