/* SPDX-License-Identifier: MIT */
#include "value/ip.h"

bool ip_parse_v4(struct str s, unsigned char out[4])
{
    struct str part, rest = s;
    if (s.n > 15)
        return false;
    for (int i = 0; i < 4; i++) {
        uint64_t v;
        if (!str_split(&rest, '.', &part) || part.n == 0 || part.n > 3 || !str_to_uint64(part, &v))
            return false;
        if (v > 255 || (part.n > 1 && part.p[0] == '0'))
            return false;
        out[i] = (unsigned char)v;
    }
    return !str_split(&rest, '.', &part);
}

/* One group of hexadecimal digits. */
static bool parse_group(struct str s, unsigned char out[2])
{
    unsigned v = 0;
    if (s.n == 0 || s.n > 4)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int digit = char_hex(s.p[i]);
        if (digit < 0)
            return false;
        v = v << 4 | (unsigned)digit;
    }
    out[0] = (unsigned char)(v >> 8);
    out[1] = (unsigned char)v;
    return true;
}

/* Groups between single colons, an IPv4 address last when allowed: bytes, or -1. */
static int parse_groups(struct str s, bool tail, unsigned char out[16])
{
    struct str rest = s, part;
    int n = 0;
    if (s.n == 0)
        return 0;
    while (str_split(&rest, ':', &part)) {
        bool last = part.p + part.n == s.p + s.n;
        if (tail && last && str_has(part, '.')) {
            if (n > 12 || !ip_parse_v4(part, out + n))
                return -1;
            return n + 4;
        }
        if (n > 14 || !parse_group(part, out + n))
            return -1;
        n += 2;
    }
    return n;
}

bool ip_parse_v6(struct str s, unsigned char out[16])
{
    if (s.n < 2 || s.n > IP_TEXT_MAX)
        return false;
    size_t gap = str_find(s, STR("::"));
    if (gap == s.n)
        return parse_groups(s, true, out) == 16;
    unsigned char head[16], tail[16];
    struct str after = str_skip(s, gap + 2);
    if (after.n > 0 && after.p[0] == ':')
        return false;
    int before = parse_groups(str_head(s, gap), false, head);
    int behind = parse_groups(after, true, tail);
    if (before < 0 || behind < 0 || before + behind > 14)
        return false;
    memset(out, 0, 16);
    memcpy(out, head, (size_t)before);
    memcpy(out + 16 - behind, tail, (size_t)behind);
    return true;
}

void ip_add_v4(struct buf *out, const unsigned char a[4])
{
    buf_addf(out, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
}

bool ip_is_v4_mapped(const unsigned char a[16])
{
    static const unsigned char prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(a, prefix, sizeof prefix) == 0;
}

void ip_add_v6(struct buf *out, const unsigned char a[16])
{
    int best = -1, best_n = 1; /* one group of zeros is not shortened */
    if (ip_is_v4_mapped(a)) {
        buf_adds(out, "::ffff:");
        ip_add_v4(out, a + 12);
        return;
    }
    for (int i = 0; i < 8; i++) {
        int n = 0;
        while (i + n < 8 && a[2 * (i + n)] == 0 && a[2 * (i + n) + 1] == 0)
            n++;
        if (n > best_n) {
            best = i;
            best_n = n;
        }
        i += n;
    }
    bool colon = false;
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            buf_adds(out, "::");
            i += best_n - 1;
            colon = false;
            continue;
        }
        buf_addf(out, colon ? ":%x" : "%x", (unsigned)a[2 * i] << 8 | a[2 * i + 1]);
        colon = true;
    }
}
